//! Daemon sets: a pod on every node that fits.

pub mod plan;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc, time::Duration};

use client::{Change, Client, Env, Error, HasSynced, Informer, Key, Matcher, Next, Object, WorkQueue};
use jiff::Timestamp;
use k8s_openapi::{
    api::{
        apps::v1::{ControllerRevision, DaemonSet},
        core::v1::{Node, Pod},
    },
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use parking_lot::Mutex;

use crate::{
    Context, claim,
    flight::Written,
    history::{self, REVISION_LABEL, Synced},
    loops::Loops,
    podcontrol::PodControl,
    replicaset::{BY_CONTROLLER, controller_or_orphan},
};
use plan::{Input, Plan};

const NAME: &str = "daemon-set-controller";
const EVENTS: &str = "daemonset-controller";
const WORKERS: usize = 2;
const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(900);

struct Failures {
    last: Timestamp,
    delay: Duration,
}

struct Controller {
    client: Client,
    env: Env,
    control: PodControl,
    sets: Arc<Informer<DaemonSet>>,
    pods: Arc<Informer<Pod>>,
    nodes: Arc<Informer<Node>>,
    revisions: Arc<Informer<ControllerRevision>>,
    written: Written,
    failures: Mutex<HashMap<(String, String), Failures>>,
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let client = context.client(NAME);
    let controller = Arc::new(Controller {
        control: PodControl::new(client.clone(), context.recorder(&client, EVENTS)),
        env: context.env.clone(),
        sets: context.informers.get(),
        pods: context.informers.get(),
        nodes: context.informers.get(),
        revisions: context.informers.get(),
        written: Written::default(),
        failures: Mutex::default(),
        client,
    });
    controller.pods.index(BY_CONTROLLER, controller_or_orphan);
    let queue = WorkQueue::new();
    watch(&controller, &queue);
    let lists: &[&dyn HasSynced] = &[&*controller.sets, &*controller.pods, &*controller.nodes, &*controller.revisions];
    let loops = Loops { name: NAME, workers: WORKERS, queue, env: context.env.clone() };
    loops.work(lists, &controller, |controller, key| Box::pin(controller.reconcile(key))).await;
}

fn watch(controller: &Arc<Controller>, queue: &WorkQueue<Key>) {
    let (keys, weak) = (queue.clone(), Arc::downgrade(controller));
    controller.sets.on(move |change: &Change<'_, DaemonSet>| {
        if let Some(set) = change.object() {
            keys.add(set.key());
            if let Some(controller) = weak.upgrade().filter(|_| change.is_deleted()) {
                controller.control.flight.forget(set.uid());
                controller.written.forget(set.uid());
                controller.failures.lock().retain(|(uid, _), _| uid != set.uid());
            }
        }
    });
    let (keys, weak) = (queue.clone(), Arc::downgrade(controller));
    controller.pods.on(move |change: &Change<'_, Pod>| {
        for pod in change.states() {
            match pod.controller() {
                Some(owner) if owner.kind == "DaemonSet" => keys.add(Key::new(pod.namespace(), &owner.name)),
                Some(_) => {}
                None => weak.upgrade().into_iter().for_each(|c| c.wake_owners_of_orphan(pod, &keys)),
            }
        }
    });
    let (keys, sets) = (queue.clone(), controller.sets.clone());
    controller.nodes.on(move |change: &Change<'_, Node>| {
        let facts =
            |n: &Node| (n.metadata.labels.clone(), n.spec.as_ref().map(|s| (s.taints.clone(), s.unschedulable)));
        if let (Some(old), Some(new)) = (change.old, change.new)
            && facts(old) == facts(new)
        {
            return;
        }
        sets.store().keys().into_iter().for_each(|key| keys.add(key));
    });
}

impl Controller {
    fn wake_owners_of_orphan(&self, pod: &Pod, keys: &WorkQueue<Key>) {
        for set in self.sets.store().in_namespace(pod.namespace()) {
            let matcher = Matcher::new(&set.spec.selector);
            if matcher.is_ok_and(|m| !m.is_empty() && m.matches(pod.metadata.labels.as_ref())) {
                keys.add(set.key());
            }
        }
    }

    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        let later = Ok(Next::After(Duration::from_secs(1)));
        let Some(set) = self.sets.store().by_key(key).filter(|s| !s.is_deleting()) else {
            return Ok(Next::Done);
        };
        if self.written.is_stale(&*set) {
            return later;
        }
        if set.spec.selector == LabelSelector::default() {
            let message = "This daemon set is selecting all pods. A non-empty selector is required.";
            self.control.recorder.warning(&*set, "SelectingAll", message);
            return Ok(Next::Done);
        }
        let Ok(matcher) = Matcher::new(&set.spec.selector) else {
            return Ok(Next::Done);
        };
        let revisions = self.revisions.store().in_namespace(&key.namespace);
        let revisions = claim::apply(&self.client, &*set, claim::plan(&*set, &matcher, revisions)).await?;
        let collisions = set.status.as_ref().and_then(|s| s.collision_count);
        let synced = history::sync(&self.client, &*set, &revisions, &set.spec.template, collisions).await?;
        let Synced::Ready(current, hash) = synced else {
            return self.count_collision(&set).await;
        };

        let seen = self.pods.seen();
        let mut candidates = self.pods.store().by_index(BY_CONTROLLER, set.uid());
        let view = self.control.flight.view(set.uid(), seen, &candidates, |p| p.is_deleting());
        candidates.extend(self.pods.store().by_index(BY_CONTROLLER, &format!("orphan:{}", key.namespace)));
        let pods = claim::apply(&self.client, &*set, claim::plan(&*set, &matcher, candidates)).await?;
        let pods: Vec<Arc<Pod>> = pods.into_iter().filter(|p| !view.deleted.contains(p.uid())).collect();
        let nodes = self.nodes.store().all();
        let back_off = self.back_off(&set);
        let input =
            Input { set: &set, nodes: &nodes, pods: &pods, hash: &hash, now: self.env.now(), back_off: &back_off };
        let status = plan::status(&input);
        // What is on its way, or still shown though deleted, must arrive before the nodes are counted again.
        let settled = view.missing == 0 && view.deleted.is_empty();
        let plan = if settled { plan::plan(&input) } else { Plan::default() };
        let next = plan.next;
        let done = self.act(&set, plan, &hash).await;
        if set.status.as_ref() != Some(&status) {
            let changed = DaemonSet { status: Some(status), ..DaemonSet::clone(&set) };
            self.written.wrote(&self.client.update_status(&changed).await?);
        }
        done?;
        if !settled {
            return later;
        }
        let limit = set.spec.revision_history_limit.unwrap_or(10);
        let used = |r: &ControllerRevision| {
            r.uid() == current.uid() || pods.iter().any(|p| p.label(REVISION_LABEL) == r.label(REVISION_LABEL))
        };
        history::clean_up(&self.client, revisions, limit, used).await?;
        Ok(next.map_or(Next::Done, Next::After))
    }

    async fn count_collision(&self, set: &DaemonSet) -> Result<Next, Error> {
        let mut status = set.status.clone().unwrap_or_default();
        status.collision_count = Some(status.collision_count.unwrap_or_default() + 1);
        let changed = DaemonSet { status: Some(status), ..set.clone() };
        self.written.wrote(&self.client.update_status(&changed).await?);
        Ok(Next::Retry)
    }

    /// Nodes whose last failed pod was removed too recently, with the time that is left.
    fn back_off(&self, set: &DaemonSet) -> HashMap<String, Duration> {
        let now = self.env.now();
        let failures = self.failures.lock();
        let of_set = failures.iter().filter(|((uid, _), _)| uid == set.uid());
        of_set
            .filter_map(|((_, node), f)| {
                let passed = Duration::try_from(now.duration_since(f.last)).unwrap_or_default();
                let left = f.delay.checked_sub(passed).filter(|l| !l.is_zero())?;
                Some((node.clone(), left))
            })
            .collect()
    }

    async fn act(&self, set: &DaemonSet, plan: Plan, hash: &str) -> Result<(), Error> {
        for (node, pod) in &plan.failed {
            let message = format!("Found failed daemon pod {} on node {node}, will try to kill it", pod.key());
            self.control.recorder.warning(set, "FailedDaemonPod", &message);
            let mut failures = self.failures.lock();
            let now = self.env.now();
            let entry = failures
                .entry((set.uid().to_owned(), node.clone()))
                .or_insert(Failures { last: now, delay: FIRST_BACK_OFF / 2 });
            entry.delay = (entry.delay * 2).min(LONGEST_BACK_OFF);
            entry.last = now;
        }
        let pods = plan.create.iter().map(|node| plan::pod_for(set, node, hash)).collect();
        self.control.create(set, pods).await?;
        self.control.delete(set, &plan.delete).await
    }
}
