//! Replica sets and replication controllers: a number of equal pods.

pub mod kinds;
pub mod plan;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use client::{Change, Client, Env, Error, HasSynced, Informer, Key, Next, Object, WorkQueue};
use k8s_openapi::api::{
    apps::v1::ReplicaSet,
    core::v1::{Pod, ReplicationController},
};

use crate::{Context, claim, flight::Written, loops::Loops, podcontrol::PodControl, pods};
use kinds::Replicated;
use plan::{Action, Trouble};

const WORKERS: usize = 5;
/// The index of pods by the UID of their controller; orphans stand under their namespace.
pub const BY_CONTROLLER: &str = "controller";

/// Under which values [`BY_CONTROLLER`] finds a pod.
#[must_use]
pub fn controller_or_orphan(pod: &Pod) -> Vec<String> {
    vec![pod.controller().map_or_else(|| format!("orphan:{}", pod.namespace()), |o| o.uid.clone())]
}

/// Runs the controller of replica sets.
pub async fn run_replica_sets(context: Arc<Context>) {
    run::<ReplicaSet>(context).await;
}

/// Runs the controller of replication controllers.
pub async fn run_replication_controllers(context: Arc<Context>) {
    run::<ReplicationController>(context).await;
}

struct Controller<K> {
    client: Client,
    env: Env,
    control: PodControl,
    sets: Arc<Informer<K>>,
    pods: Arc<Informer<Pod>>,
    written: Written,
}

async fn run<K: Replicated>(context: Arc<Context>) {
    let client = context.client(K::CONTROLLER);
    let controller = Arc::new(Controller {
        control: PodControl::new(client.clone(), context.recorder(&client, K::CONTROLLER)),
        env: context.env.clone(),
        sets: context.informers.get::<K>(),
        pods: context.informers.get::<Pod>(),
        written: Written::default(),
        client,
    });
    controller.pods.index(BY_CONTROLLER, controller_or_orphan);
    let queue = WorkQueue::new();
    watch(&controller, &queue);
    let lists: &[&dyn HasSynced] = &[&*controller.sets, &*controller.pods];
    let loops = Loops { name: K::CONTROLLER, workers: WORKERS, queue, env: context.env.clone() };
    loops.work(lists, &controller, |controller, key| Box::pin(controller.reconcile(key))).await;
}

fn watch<K: Replicated>(controller: &Arc<Controller<K>>, queue: &WorkQueue<Key>) {
    let keys = queue.clone();
    let weak = Arc::downgrade(controller);
    controller.sets.on(move |change: &Change<'_, K>| {
        if let Some(set) = change.object() {
            keys.add(set.key());
            if change.is_deleted()
                && let Some(controller) = weak.upgrade()
            {
                controller.control.flight.forget(set.uid());
                controller.written.forget(set.uid());
            }
        }
    });
    let keys = queue.clone();
    let weak = Arc::downgrade(controller);
    controller.pods.on(move |change: &Change<'_, Pod>| {
        for pod in change.states() {
            match pod.controller() {
                Some(owner) if owner.kind == K::KIND => keys.add(Key::new(pod.namespace(), &owner.name)),
                Some(_) => {}
                None => {
                    if let Some(controller) = weak.upgrade().filter(|_| !pod.is_deleting()) {
                        controller.wake_owners_of_orphan(pod, &keys);
                    }
                }
            }
        }
    });
}

impl<K: Replicated> Controller<K> {
    fn wake_owners_of_orphan(&self, pod: &Pod, keys: &WorkQueue<Key>) {
        for set in self.sets.store().in_namespace(pod.namespace()) {
            if set.matcher().is_ok_and(|m| !m.is_empty() && m.matches(pod.metadata.labels.as_ref())) {
                keys.add(set.key());
            }
        }
    }

    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        let Some(set) = self.sets.store().by_key(key) else {
            return Ok(Next::Done);
        };
        if self.written.is_stale(&*set) {
            return Ok(Next::After(Duration::from_secs(1)));
        }
        let Ok(matcher) = set.matcher() else {
            return Ok(Next::Done);
        };
        // The order matters, see `Informer::seen`.
        let seen = self.pods.seen();
        let store = self.pods.store();
        let mut candidates = store.by_index(BY_CONTROLLER, set.uid());
        let view = self.control.flight.view(set.uid(), seen, &candidates, |p| p.is_deleting());
        let terminating = candidates.iter().filter(|p| pods::is_terminating(p) || view.deleted.contains(p.uid()));
        let terminating = terminating.filter(|p| matcher.matches(p.metadata.labels.as_ref())).count();
        candidates.extend(store.by_index(BY_CONTROLLER, &format!("orphan:{}", set.namespace())));
        candidates.retain(|p| pods::is_active(p) && !view.deleted.contains(p.uid()));
        let active = claim::apply(&self.client, &*set, claim::plan(&*set, &matcher, candidates)).await?;

        let mut failure = None;
        if !set.is_deleting() {
            let related = if active.len() + view.missing > usize::try_from(set.wanted().replicas).unwrap_or_default() {
                self.related(&*set)
            } else {
                Vec::new()
            };
            let action = plan::plan(set.wanted().replicas, &active, view.missing, &related, self.env.now());
            failure = self.act(&set, action).await.err();
        }
        self.write_status(&set, &active, terminating, failure.as_ref()).await?;
        if let Some((_, error)) = failure {
            return Err(error);
        }
        if view.missing > 0 {
            return Ok(Next::After(Duration::from_secs(1)));
        }
        let check = plan::next_check(&active, set.wanted().min_ready_seconds, self.env.now());
        Ok(check.map_or(Next::Done, Next::After))
    }

    /// Pods of all sets that the same controller owns.
    fn related(&self, set: &K) -> Vec<Arc<Pod>> {
        let family = match set.controller() {
            Some(owner) => self.sets.store().owned_by(&owner.uid),
            None => self.sets.store().by_key(&set.key()).into_iter().collect(),
        };
        family.iter().flat_map(|s| self.pods.store().by_index(BY_CONTROLLER, s.uid())).collect()
    }

    async fn act(&self, set: &K, action: Action) -> Result<(), (Trouble, Error)> {
        match action {
            Action::Keep => Ok(()),
            Action::Create(count) => {
                self.create(set, count).await.map_err(|e| (Trouble { reason: "FailedCreate", message: e.message() }, e))
            }
            Action::Delete(surplus) => self
                .control
                .delete(set, &surplus)
                .await
                .map_err(|e| (Trouble { reason: "FailedDelete", message: e.message() }, e)),
        }
    }

    async fn create(&self, set: &K, count: usize) -> Result<(), Error> {
        let Some(template) = set.wanted().template else {
            return Ok(());
        };
        let pod = pods::from_template(set.namespace(), set.name(), template, set.owner_reference());
        self.control.create(set, vec![pod; count]).await
    }

    async fn write_status(
        &self,
        set: &K,
        active: &[Arc<Pod>],
        terminating: usize,
        failure: Option<&(Trouble, Error)>,
    ) -> Result<(), Error> {
        let old = set.counts();
        let trouble = failure.map(|(trouble, _)| trouble);
        let pods = (active, terminating);
        let new = plan::counts(set.wanted(), &old, set.generation(), pods, trouble, self.env.now());
        let updated = set.with_counts(&new);
        if old == updated.counts() {
            return Ok(());
        }
        match self.client.update_status(&updated).await {
            Ok(written) => {
                self.written.wrote(&written);
                Ok(())
            }
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }
}
