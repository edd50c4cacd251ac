//! Deployments: replica sets per template, rolled out step by step.

pub mod conditions;
pub mod plan;
pub mod rolling;
pub mod sets;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use client::{
    Change, Client, DeleteOptions, Env, Error, HasSynced, Informer, Key, Matcher, Next, Object, Recorder, WorkQueue,
    events::Kind,
};
use k8s_openapi::api::{
    apps::v1::{Deployment, DeploymentStatus, ReplicaSet},
    core::v1::Pod,
};
use serde_json::json;

use crate::{
    Context, claim,
    flight::{Flight, Written},
    loops::Loops,
    pods,
    replicaset::{BY_CONTROLLER, controller_or_orphan},
};
use plan::{Action, Plan, plan};

const NAME: &str = "deployment-controller";
const WORKERS: usize = 5;

struct Controller {
    client: Client,
    env: Env,
    recorder: Recorder,
    deployments: Arc<Informer<Deployment>>,
    sets: Arc<Informer<ReplicaSet>>,
    pods: Arc<Informer<Pod>>,
    flight: Flight,
    written: Written,
    written_sets: Written,
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let client = context.client(NAME);
    let controller = Arc::new(Controller {
        recorder: context.recorder(&client, NAME),
        env: context.env.clone(),
        deployments: context.informers.get(),
        sets: context.informers.get(),
        pods: context.informers.get(),
        flight: Flight::default(),
        written: Written::default(),
        written_sets: Written::default(),
        client,
    });
    controller.pods.index(BY_CONTROLLER, controller_or_orphan);
    let queue = WorkQueue::new();
    watch(&controller, &queue);
    let lists: &[&dyn HasSynced] = &[&*controller.deployments, &*controller.sets, &*controller.pods];
    let loops = Loops { name: NAME, workers: WORKERS, queue, env: context.env.clone() };
    loops.work(lists, &controller, |controller, key| Box::pin(controller.reconcile(key))).await;
}

fn watch(controller: &Arc<Controller>, queue: &WorkQueue<Key>) {
    let (keys, weak) = (queue.clone(), Arc::downgrade(controller));
    controller.deployments.on(move |change: &Change<'_, Deployment>| {
        if let Some(deployment) = change.object() {
            keys.add(deployment.key());
            if let Some(controller) = weak.upgrade().filter(|_| change.is_deleted()) {
                controller.flight.forget(deployment.uid());
                controller.written.forget(deployment.uid());
            }
        }
    });
    let (keys, weak) = (queue.clone(), Arc::downgrade(controller));
    controller.sets.on(move |change: &Change<'_, ReplicaSet>| {
        let Some(controller) = weak.upgrade() else {
            return;
        };
        for set in change.states() {
            match set.controller() {
                Some(owner) if owner.kind == "Deployment" => keys.add(Key::new(set.namespace(), &owner.name)),
                Some(_) => {}
                None => controller.wake_owners_of_orphan(set, &keys),
            }
        }
        if change.is_deleted() {
            change.states().for_each(|set| controller.written_sets.forget(set.uid()));
        }
    });
    let (keys, weak) = (queue.clone(), Arc::downgrade(controller));
    controller.pods.on(move |change: &Change<'_, Pod>| {
        // Only Recreate waits for pods, and only for their end; everything else shows in the replica sets.
        let Some(pod) = change.object() else {
            return;
        };
        if change.is_deleted() || pods::is_terminal(pod) {
            weak.upgrade().into_iter().for_each(|c| c.wake_recreating(pod, &keys));
        }
    });
}

impl Controller {
    fn wake_owners_of_orphan(&self, set: &ReplicaSet, keys: &WorkQueue<Key>) {
        for deployment in self.deployments.store().in_namespace(set.namespace()) {
            let matcher = Matcher::new(&deployment.spec.selector);
            if matcher.is_ok_and(|m| !m.is_empty() && m.matches(set.metadata.labels.as_ref())) {
                keys.add(deployment.key());
            }
        }
    }

    fn wake_recreating(&self, pod: &Pod, keys: &WorkQueue<Key>) {
        let set = pod.controller().filter(|o| o.kind == "ReplicaSet");
        let set = set.and_then(|o| self.sets.store().get(pod.namespace(), &o.name));
        let owner = set.as_ref().and_then(|s| s.controller()).filter(|o| o.kind == "Deployment");
        let deployment = owner.and_then(|o| self.deployments.store().get(pod.namespace(), &o.name));
        if let Some(deployment) = deployment.filter(|d| !sets::is_rolling(d)) {
            keys.add(deployment.key());
        }
    }

    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        let later = Ok(Next::After(Duration::from_secs(1)));
        let Some(deployment) = self.deployments.store().by_key(key) else {
            return Ok(Next::Done);
        };
        if self.written.is_stale(&*deployment) {
            return later;
        }
        let Ok(matcher) = Matcher::new(&deployment.spec.selector) else {
            return Ok(Next::Done);
        };
        let seen = self.sets.seen();
        let candidates = self.sets.store().in_namespace(&key.namespace);
        if self.flight.view(deployment.uid(), seen, &candidates, |s| s.is_deleting()).missing > 0 {
            return later;
        }
        let own = claim::apply(&self.client, &*deployment, claim::plan(&*deployment, &matcher, candidates)).await?;
        if own.iter().any(|s| self.written_sets.is_stale(&**s)) {
            return later;
        }
        let old_pods_run = |newest: Option<&str>| {
            let old = own.iter().filter(|s| newest != Some(s.uid()));
            old.flat_map(|s| self.pods.store().by_index(BY_CONTROLLER, s.uid())).any(|p| !pods::is_terminal(&p))
        };
        let plan = plan(&deployment, &own, &old_pods_run, self.env.now());
        self.apply(&deployment, plan).await
    }

    async fn apply(&self, deployment: &Deployment, plan: Plan) -> Result<Next, Error> {
        for action in plan.actions {
            match action {
                Action::Create { set, event } => {
                    if !self.create(deployment, &set, event).await? {
                        return Ok(Next::Retry);
                    }
                }
                Action::Update { was, now, event } => self.update(deployment, &was, &now, event).await?,
                Action::Delete(set) => {
                    let options = DeleteOptions::uid(set.uid());
                    match self.client.delete::<ReplicaSet>(set.namespace(), set.name(), &options).await {
                        Err(error) if !error.is_not_found() => return Err(error),
                        Ok(()) | Err(_) => {}
                    }
                }
                Action::Rollback(changed) => {
                    let written = self.client.update(&*changed).await?;
                    self.written.wrote(&written);
                }
                Action::Event { warning, reason, message } => {
                    let kind = if warning { Kind::Warning } else { Kind::Normal };
                    self.recorder.event(deployment, kind, reason, &message);
                }
            }
        }
        if plan.status.is_some() || plan.revision.is_some() {
            self.write_status(deployment, plan.status, plan.revision).await?;
        }
        Ok(plan.next.map_or(Next::Done, Next::After))
    }

    /// Makes a replica set; `false` when its name is taken by another and the next attempt will use a new one.
    async fn create(&self, deployment: &Deployment, set: &ReplicaSet, event: Option<String>) -> Result<bool, Error> {
        let error = match self.client.create(set).await {
            Ok(created) => {
                self.flight.created(deployment.uid(), &created);
                if let Some(event) = event {
                    self.recorder.normal(deployment, "ScalingReplicaSet", &event);
                }
                return Ok(true);
            }
            Err(error) => error,
        };
        if error.is_already_exists() {
            return self.on_taken_name(deployment, set).await;
        }
        if !error.is_namespace_terminating() {
            let message = format!("Failed to create new replica set \"{}\": {}", set.name(), error.message());
            let mut status = deployment.status.clone().unwrap_or_default();
            if conditions::deadline(deployment).is_some() {
                let now = self.env.now();
                let condition =
                    conditions::new(conditions::PROGRESSING, "False", "ReplicaSetCreateError", message.clone(), now);
                conditions::set(&mut status, condition);
                // The first error is the one to report; the status comes again with the next attempt.
                let _ = self.write_status(deployment, Some(status), None).await;
            }
            self.recorder.warning(deployment, "ReplicaSetCreateError", &message);
        }
        Err(error)
    }

    async fn on_taken_name(&self, deployment: &Deployment, set: &ReplicaSet) -> Result<bool, Error> {
        let live = self.client.find::<ReplicaSet>(set.namespace(), set.name()).await?;
        let ours = live.as_ref().is_some_and(|s| {
            s.is_controlled_by(deployment.uid())
                && s.spec.template.as_ref().is_some_and(|t| sets::same_template(t, &deployment.spec.template))
        });
        if ours {
            return Ok(true);
        }
        if live.is_some() {
            let mut status = deployment.status.clone().unwrap_or_default();
            status.collision_count = Some(status.collision_count.unwrap_or_default() + 1);
            self.write_status(deployment, Some(status), None).await?;
        }
        Ok(false)
    }

    async fn update(
        &self,
        deployment: &Deployment,
        was: &ReplicaSet,
        now: &ReplicaSet,
        event: Option<String>,
    ) -> Result<(), Error> {
        let patch = json!({
            "metadata": { "resourceVersion": was.version(), "annotations": now.metadata.annotations },
            "spec": { "replicas": sets::replicas(now), "minReadySeconds": now.spec.min_ready_seconds.unwrap_or_default() },
        });
        let written = self.client.merge::<ReplicaSet>(was.namespace(), was.name(), &patch).await?;
        self.written_sets.wrote(&written);
        if let Some(event) = event {
            self.recorder.normal(deployment, "ScalingReplicaSet", &event);
        }
        Ok(())
    }

    /// Writes status and revision in one go where the server takes both.
    async fn write_status(
        &self,
        deployment: &Deployment,
        status: Option<DeploymentStatus>,
        revision: Option<String>,
    ) -> Result<(), Error> {
        let mut changed = deployment.clone();
        changed.status = status.or(changed.status);
        if let Some(revision) = &revision {
            let annotations = changed.metadata.annotations.get_or_insert_default();
            annotations.insert(sets::REVISION.to_owned(), revision.clone());
        }
        let mut written = match self.client.update_status(&changed).await {
            Err(error) if error.is_not_found() => return Ok(()),
            other => other?,
        };
        if let Some(revision) = revision
            && written.annotation(sets::REVISION) != Some(&revision)
        {
            let mut shown = written.clone();
            shown.metadata.annotations.get_or_insert_default().insert(sets::REVISION.to_owned(), revision);
            written = self.client.update(&shown).await?;
        }
        self.written.wrote(&written);
        Ok(())
    }
}
