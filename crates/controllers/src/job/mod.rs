//! Jobs: pods that run until enough of them succeeded.

pub mod failures;
pub mod indexes;
pub mod plan;
#[cfg(test)]
mod tests;
pub mod tracking;

use std::{collections::HashMap, sync::Arc, time::Duration};

use client::{Change, Client, Env, Error, Informer, Key, Next, Object, WorkQueue, events::Kind, run_controller};
use k8s_openapi::api::{batch::v1::Job, core::v1::Pod};
use parking_lot::Mutex;
use serde_json::json;

use crate::{
    Context, claim,
    flight::Written,
    podcontrol::PodControl,
    replicaset::{BY_CONTROLLER, controller_or_orphan},
};
use plan::{Ends, Plan, plan};
use tracking::FINALIZER;

const NAME: &str = "job-controller";
const WORKERS: usize = 5;

struct Controller {
    client: Client,
    env: Env,
    control: PodControl,
    jobs: Arc<Informer<Job>>,
    pods: Arc<Informer<Pod>>,
    written: Written,
    ends: Mutex<HashMap<String, Ends>>,
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let client = context.client(NAME);
    let controller = Arc::new(Controller {
        control: PodControl::new(client.clone(), context.recorder(&client, NAME)),
        env: context.env.clone(),
        jobs: context.informers.get(),
        pods: context.informers.get(),
        written: Written::default(),
        ends: Mutex::default(),
        client,
    });
    controller.pods.index(BY_CONTROLLER, controller_or_orphan);
    let queue = WorkQueue::new();
    let orphans = WorkQueue::new();
    watch(&controller, &queue, &orphans);
    controller.jobs.has_synced().await;
    controller.pods.has_synced().await;
    let strays = controller.clone();
    let jobs = run_controller(NAME, WORKERS, queue, context.env.clone(), move |key| {
        let controller = controller.clone();
        async move { controller.reconcile(&key).await }
    });
    let orphans = run_controller(NAME, 1, orphans, context.env.clone(), move |key| {
        let controller = strays.clone();
        async move { controller.release_orphan(&key).await }
    });
    futures_util::future::join(jobs, orphans).await;
}

fn watch(controller: &Arc<Controller>, queue: &WorkQueue<Key>, orphans: &WorkQueue<Key>) {
    let (keys, strays, weak) = (queue.clone(), orphans.clone(), Arc::downgrade(controller));
    controller.jobs.on(move |change: &Change<'_, Job>| {
        let Some(job) = change.object() else {
            return;
        };
        keys.add(job.key());
        if let Some(controller) = weak.upgrade().filter(|_| change.is_deleted()) {
            controller.control.flight.forget(job.uid());
            controller.written.forget(job.uid());
            controller.ends.lock().remove(job.uid());
            let pods = controller.pods.store().by_index(BY_CONTROLLER, job.uid());
            pods.iter().for_each(|p| strays.add(p.key()));
        }
    });
    let (keys, strays) = (queue.clone(), orphans.clone());
    controller.pods.on(move |change: &Change<'_, Pod>| {
        for pod in change.states() {
            if let Some(owner) = pod.controller().filter(|o| o.kind == "Job") {
                keys.add(Key::new(pod.namespace(), &owner.name));
            }
        }
        if let Some(pod) = change.new.filter(|p| p.has_finalizer(FINALIZER)) {
            strays.add(pod.key());
        }
    });
}

impl Controller {
    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        let Some(job) = self.jobs.store().by_key(key) else {
            return Ok(Next::Done);
        };
        let managed_by = job.spec.as_ref().and_then(|s| s.managed_by.as_deref());
        if managed_by.is_some_and(|m| m != "kubernetes.io/job-controller") {
            return Ok(Next::Done);
        }
        if self.written.is_stale(&*job) {
            return Ok(Next::After(Duration::from_secs(1)));
        }
        let Ok(matcher) = client::Matcher::optional(job.spec.as_ref().and_then(|s| s.selector.as_ref())) else {
            return Ok(Next::Done);
        };
        let seen = self.pods.seen();
        let mut candidates = self.pods.store().by_index(BY_CONTROLLER, job.uid());
        let view = self.control.flight.view(job.uid(), seen, &candidates, |p| p.is_deleting());
        if !view.deleted.is_empty() {
            return Ok(Next::After(Duration::from_secs(1)));
        }
        candidates.extend(self.pods.store().by_index(BY_CONTROLLER, &format!("orphan:{}", key.namespace)));
        let pods = claim::apply(&self.client, &*job, claim::plan(&*job, &matcher, candidates)).await?;
        let ends = {
            let mut all = self.ends.lock();
            let ends = all.entry(job.uid().to_owned()).or_default();
            plan::remember(ends, &job, &pods);
            ends.clone()
        };
        let plan = plan(&job, &pods, view.missing, &ends, self.env.now());
        self.apply(&job, plan, view.missing > 0).await
    }

    async fn apply(&self, job: &Job, plan: Plan, unsettled: bool) -> Result<Next, Error> {
        let pod = |index: &Option<i32>| {
            let before = index.and_then(|i| plan.before.get(&i));
            plan::pod(job, *index, before, &self.env.rng.suffix(5))
        };
        let pods = plan.create.iter().map(pod).collect();
        let made = self.control.create(job, pods).await;
        let deleted = self.control.delete(job, &plan.delete).await;
        if job.status.as_ref() != Some(&plan.status) {
            let changed = Job { status: Some(plan.status), ..job.clone() };
            match self.client.update_status(&changed).await {
                Err(error) if error.is_not_found() => return Ok(Next::Done),
                other => self.written.wrote(&other?),
            }
        }
        for said in plan.say {
            let kind = if said.warning { Kind::Warning } else { Kind::Normal };
            self.control.recorder.event(job, kind, &said.reason, &said.message);
        }
        // Only now that the status knows them.
        for pod in plan.release {
            self.release(&pod).await?;
        }
        made.and(deleted)?;
        if unsettled {
            return Ok(Next::After(Duration::from_secs(1)));
        }
        Ok(plan.next.map_or(Next::Done, Next::After))
    }

    async fn release(&self, pod: &Pod) -> Result<(), Error> {
        let left: Vec<&String> = pod.metadata.finalizers.iter().flatten().filter(|f| *f != FINALIZER).collect();
        let finalizers = if left.is_empty() { json!(null) } else { json!(left) };
        let patch = json!({ "metadata": {
            "uid": pod.uid(), "resourceVersion": pod.version(), "finalizers": finalizers,
        }});
        match self.client.merge::<Pod>(pod.namespace(), pod.name(), &patch).await {
            // Gone, or changed meanwhile: the change brings the job here again.
            Err(error) if error.is_not_found() || error.is_conflict() => Ok(()),
            other => other.map(drop),
        }
    }

    /// A pod whose job is gone waits for nobody.
    async fn release_orphan(&self, key: &Key) -> Result<Next, Error> {
        let Some(pod) = self.pods.store().by_key(key).filter(|p| p.has_finalizer(FINALIZER)) else {
            return Ok(Next::Done);
        };
        if let Some(owner) = pod.controller().filter(|o| o.kind == "Job") {
            let shown = self.jobs.store().get(&key.namespace, &owner.name);
            if shown.is_some_and(|j| j.uid() == owner.uid) {
                return Ok(Next::Done);
            }
            let live = self.client.find::<Job>(&key.namespace, &owner.name).await?;
            if live.is_some_and(|j| j.uid() == owner.uid) {
                return Ok(Next::Done);
            }
        }
        self.release(&pod).await.map(|()| Next::Done)
    }
}
