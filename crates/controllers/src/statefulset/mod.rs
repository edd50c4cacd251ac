//! Stateful sets: pods with names and volumes of their own, in order.

pub mod identity;
pub mod plan;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use client::{
    Change, Client, DeleteOptions, Env, Error, HasSynced, Informer, Key, Matcher, Next, Object, Recorder, WorkQueue,
};
use k8s_openapi::api::{
    apps::v1::{ControllerRevision, StatefulSet, StatefulSetStatus},
    core::v1::{PersistentVolumeClaim, Pod, PodTemplateSpec},
};

use crate::{
    Context, claim,
    flight::{Flight, Written},
    history::{self, REVISION_LABEL, Synced},
    loops::Loops,
    pods,
    replicaset::{BY_CONTROLLER, controller_or_orphan},
};
use plan::{Action, Input, Why};

const NAME: &str = "statefulset-controller";
const WORKERS: usize = 5;

struct Controller {
    client: Client,
    env: Env,
    recorder: Recorder,
    sets: Arc<Informer<StatefulSet>>,
    pods: Arc<Informer<Pod>>,
    claims: Arc<Informer<PersistentVolumeClaim>>,
    revisions: Arc<Informer<ControllerRevision>>,
    flight: Flight,
    written: Written,
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let client = context.client(NAME);
    let controller = Arc::new(Controller {
        recorder: context.recorder(&client, NAME),
        env: context.env.clone(),
        sets: context.informers.get(),
        pods: context.informers.get(),
        claims: context.informers.get(),
        revisions: context.informers.get(),
        flight: Flight::default(),
        written: Written::default(),
        client,
    });
    controller.pods.index(BY_CONTROLLER, controller_or_orphan);
    let queue = WorkQueue::new();
    watch(&controller, &queue);
    let lists: &[&dyn HasSynced] = &[&*controller.sets, &*controller.pods, &*controller.claims, &*controller.revisions];
    let loops = Loops { name: NAME, workers: WORKERS, queue, env: context.env.clone() };
    loops.work(lists, &controller, |controller, key| Box::pin(controller.reconcile(key))).await;
}

fn watch(controller: &Arc<Controller>, queue: &WorkQueue<Key>) {
    let (keys, weak) = (queue.clone(), Arc::downgrade(controller));
    controller.sets.on(move |change: &Change<'_, StatefulSet>| {
        if let Some(set) = change.object() {
            keys.add(set.key());
            if let Some(controller) = weak.upgrade().filter(|_| change.is_deleted()) {
                controller.flight.forget(set.uid());
                controller.written.forget(set.uid());
            }
        }
    });
    let (keys, sets) = (queue.clone(), controller.sets.clone());
    controller.pods.on(move |change: &Change<'_, Pod>| {
        for pod in change.states() {
            match pod.controller() {
                Some(owner) if owner.kind == "StatefulSet" => keys.add(Key::new(pod.namespace(), &owner.name)),
                Some(_) => {}
                None => {
                    let may_own = |s: &Arc<StatefulSet>| identity::ordinal(s, pod).is_some();
                    let all = sets.store().in_namespace(pod.namespace());
                    all.iter().filter(|s| may_own(s)).for_each(|s| keys.add(s.key()));
                }
            }
        }
    });
}

impl Controller {
    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        let later = Ok(Next::After(Duration::from_secs(1)));
        let Some(set) = self.sets.store().by_key(key).filter(|s| !s.is_deleting()) else {
            return Ok(Next::Done);
        };
        if self.written.is_stale(&*set) {
            return later;
        }
        let Ok(matcher) = Matcher::new(&set.spec.selector) else {
            return Ok(Next::Done);
        };
        let revisions = self.revisions.store().in_namespace(&key.namespace);
        let revisions = claim::apply(&self.client, &*set, claim::plan(&*set, &matcher, revisions)).await?;
        let old = set.status.clone().unwrap_or_default();
        let template = &set.spec.template;
        let synced = history::sync(&self.client, &*set, &revisions, template, old.collision_count).await?;
        let Synced::Ready(update, _) = synced else {
            let status =
                StatefulSetStatus { collision_count: Some(old.collision_count.unwrap_or_default() + 1), ..old };
            self.write_status(&set, status).await?;
            return Ok(Next::Retry);
        };
        let current = old.current_revision.as_ref().and_then(|name| revisions.iter().find(|r| r.name() == name));
        let current = current.cloned().unwrap_or_else(|| update.clone());

        let seen = self.pods.seen();
        let mut candidates = self.pods.store().by_index(BY_CONTROLLER, set.uid());
        let view = self.flight.view(set.uid(), seen, &candidates, |p| p.is_deleting());
        candidates.extend(self.pods.store().by_index(BY_CONTROLLER, &format!("orphan:{}", key.namespace)));
        candidates.retain(|p| identity::ordinal(&set, p).is_some());
        let pods = claim::apply(&self.client, &*set, claim::plan(&*set, &matcher, candidates)).await?;
        let input =
            Input { set: &set, pods: &pods, current: current.name(), update: update.name(), now: self.env.now() };
        let status = plan::status(&input);
        if view.missing > 0 || !view.deleted.is_empty() {
            self.write_status(&set, status).await?;
            return later;
        }
        let actions = plan::plan(&input);
        let done = self.act(&set, &current, actions).await;
        self.write_status(&set, status).await?;
        done?;
        let limit = set.spec.revision_history_limit.unwrap_or(10);
        let used = |r: &ControllerRevision| {
            [current.uid(), update.uid()].contains(&r.uid())
                || pods.iter().any(|p| p.label(REVISION_LABEL) == Some(r.name()))
        };
        history::clean_up(&self.client, revisions, limit, used).await?;
        let min_ready = set.spec.min_ready_seconds.unwrap_or_default();
        let check = pods.iter().filter_map(|p| pods::until_available(p, min_ready, self.env.now())).min();
        Ok(check.map_or(Next::Done, Next::After))
    }

    async fn act(&self, set: &StatefulSet, current: &ControllerRevision, actions: Vec<Action>) -> Result<(), Error> {
        for action in actions {
            match action {
                Action::Create { ordinal, updated } => self.create(set, current, ordinal, updated).await?,
                Action::Delete { pod, why } => self.delete(set, &pod, why).await?,
            }
        }
        Ok(())
    }

    async fn create(
        &self,
        set: &StatefulSet,
        current: &ControllerRevision,
        ordinal: i32,
        updated: bool,
    ) -> Result<(), Error> {
        let name = identity::pod_name(set, ordinal);
        for claim in identity::claims(set, ordinal) {
            if self.claims.store().get(claim.namespace(), claim.name()).is_none() {
                self.create_claim(set, &claim, &name).await?;
            }
        }
        let kept: Option<PodTemplateSpec> = if updated { None } else { history::template(current) };
        let update_name = self.update_name(set, current, kept.is_none());
        let pod = identity::pod(set, kept.as_ref().unwrap_or(&set.spec.template), &update_name, ordinal);
        match self.client.create(&pod).await {
            Ok(created) => {
                self.flight.created(set.uid(), &created);
                let message = format!("create Pod {name} in StatefulSet {} successful", set.name());
                self.recorder.normal(set, "SuccessfulCreate", &message);
                Ok(())
            }
            Err(error) if error.is_namespace_terminating() => Ok(()),
            Err(error) => {
                if !error.is_already_exists() {
                    let why = error.message();
                    let message = format!("create Pod {name} in StatefulSet {} failed error: {why}", set.name());
                    self.recorder.warning(set, "FailedCreate", &message);
                }
                Err(error)
            }
        }
    }

    /// Name of the revision that a new pod carries.
    fn update_name(&self, set: &StatefulSet, current: &ControllerRevision, updated: bool) -> String {
        if !updated {
            return current.name().to_owned();
        }
        let data = history::data(&set.spec.template);
        let revisions = self.revisions.store().owned_by(set.uid());
        match history::find(&revisions, &data) {
            history::Current::Known(revision, _) => revision.name().to_owned(),
            // Made a moment ago and not shown yet: its name follows from the template.
            history::Current::New(_) => {
                let collisions = set.status.as_ref().and_then(|s| s.collision_count);
                format!("{}-{}", set.name(), crate::template::hash_value(data, collisions))
            }
        }
    }

    async fn create_claim(&self, set: &StatefulSet, claim: &PersistentVolumeClaim, pod: &str) -> Result<(), Error> {
        let told = |how: &str| format!("create Claim {} Pod {pod} in StatefulSet {} {how}", claim.name(), set.name());
        match self.client.create(claim).await {
            Ok(_) => self.recorder.normal(set, "SuccessfulCreate", &told("success")),
            Err(error) if error.is_already_exists() || error.is_namespace_terminating() => {}
            Err(error) => {
                self.recorder.warning(set, "FailedCreate", &told(&format!("failed error: {}", error.message())));
                return Err(error);
            }
        }
        Ok(())
    }

    async fn delete(&self, set: &StatefulSet, pod: &Pod, why: Why) -> Result<(), Error> {
        if why == Why::Ended {
            let (key, name) = (set.key(), pod.name());
            let message = format!("StatefulSet {key} is recreating failed Pod {name}");
            self.recorder.warning(set, "RecreatingFailedPod", &message);
        }
        if why == Why::Surplus && identity::retention(set).1 {
            self.give_claims(set, pod).await?;
        }
        match self.client.delete::<Pod>(pod.namespace(), pod.name(), &DeleteOptions::uid(pod.uid())).await {
            Ok(()) => {
                self.flight.deleted(set.uid(), pod.uid());
                let message = format!("delete Pod {} in StatefulSet {} successful", pod.name(), set.name());
                self.recorder.normal(set, "SuccessfulDelete", &message);
                Ok(())
            }
            Err(error) if error.is_not_found() || error.is_conflict() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Lets the claims of a pod that goes for good go with it.
    async fn give_claims(&self, set: &StatefulSet, pod: &Pod) -> Result<(), Error> {
        let Some(ordinal) = identity::ordinal(set, pod) else {
            return Ok(());
        };
        let mut owner = pod.owner_reference();
        owner.controller = None;
        owner.block_owner_deletion = None;
        for claim in identity::claims(set, ordinal) {
            let live = self.client.find::<PersistentVolumeClaim>(claim.namespace(), claim.name()).await?;
            let Some(mut live) = live.filter(|c| !c.owners().iter().any(|o| o.uid == owner.uid)) else {
                continue;
            };
            live.metadata.owner_references = Some(vec![owner.clone()]);
            self.client.update(&live).await?;
        }
        Ok(())
    }

    async fn write_status(&self, set: &StatefulSet, status: StatefulSetStatus) -> Result<(), Error> {
        if set.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let changed = StatefulSet { status: Some(status), ..set.clone() };
        match self.client.update_status(&changed).await {
            Err(error) if error.is_not_found() => Ok(()),
            other => other.map(|written| self.written.wrote(&written)),
        }
    }
}
