//! Removes pods that nobody else will: of nodes that are gone, unscheduled and deleted, terminated and too many.

pub mod plan;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc, time::Duration};

use client::{Change, Client, DeleteOptions, Env, Error, HasSynced, Informer, Key, Next, Object, WorkQueue};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Pod};
use parking_lot::Mutex;
use serde_json::json;

use crate::{
    Context,
    loops::Loops,
    nodelifecycle::{BY_NODE, node_of},
    pods,
    tainteviction::evict,
};
use plan::{Action, QUARANTINE};

const NAME: &str = "pod-garbage-collector";
const WORKERS: usize = 4;

struct Controller {
    client: Client,
    env: Env,
    nodes: Arc<Informer<Node>>,
    pods: Arc<Informer<Pod>>,
    /// Since when a node is missed.
    missed: Mutex<HashMap<String, Timestamp>>,
    threshold: usize,
}

/// The key that stands for the number of terminated pods: no pod has an empty name.
fn all_ended() -> Key {
    Key::default()
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let controller = Arc::new(Controller {
        client: context.client(NAME),
        env: context.env.clone(),
        nodes: context.informers.get(),
        pods: context.informers.get(),
        missed: Mutex::default(),
        threshold: context.config.terminated_pods,
    });
    controller.pods.index(BY_NODE, node_of);
    let queue = WorkQueue::new();
    let (keys, weak) = (queue.clone(), Arc::downgrade(&controller));
    controller.nodes.on(move |change: &Change<'_, Node>| {
        let (Some(node), Some(controller)) = (change.object(), weak.upgrade()) else {
            return;
        };
        let tainted = |n: &Node| n.spec.as_ref().is_some_and(|s| s.taints.as_ref().is_some_and(|t| !t.is_empty()));
        if change.is_deleted() || tainted(node) {
            controller.pods.store().by_index(BY_NODE, node.name()).iter().for_each(|p| keys.add(p.key()));
        }
    });
    let keys = queue.clone();
    controller.pods.on(move |change: &Change<'_, Pod>| {
        let Some(pod) = change.new else {
            return;
        };
        let facts = |p: &Pod| (pods::node(p).to_owned(), p.is_deleting());
        // A pod that waits for a node stays: nothing is to be done for it.
        let may_go = pod.is_deleting() || !pods::node(pod).is_empty();
        if may_go && change.old.is_none_or(|old| facts(old) != facts(pod)) {
            keys.add(pod.key());
        }
        if pods::is_terminal(pod) && change.old.is_none_or(|old| !pods::is_terminal(old)) {
            keys.add(all_ended());
        }
    });
    let lists: &[&dyn HasSynced] = &[&*controller.nodes, &*controller.pods];
    let loops = Loops { name: NAME, workers: WORKERS, queue, env: context.env.clone() };
    loops.work(lists, &controller, |controller, key| Box::pin(controller.reconcile(key))).await;
}

impl Controller {
    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        if *key == all_ended() {
            for pod in plan::surplus(&self.pods.store().all(), self.threshold) {
                self.remove(&pod).await?;
            }
            return Ok(Next::Done);
        }
        let Some(pod) = self.pods.store().by_key(key) else {
            return Ok(Next::Done);
        };
        let node = self.nodes.store().get("", pods::node(&pod));
        match plan::plan(&pod, node.as_deref()) {
            Action::Keep => Ok(Next::Done),
            Action::Remove => self.remove(&pod).await.map(|()| Next::Done),
            Action::Orphaned => self.orphaned(&pod).await,
        }
    }

    async fn orphaned(&self, pod: &Pod) -> Result<Next, Error> {
        let name = pods::node(pod);
        let now = self.env.now();
        let since = {
            let mut missed = self.missed.lock();
            missed.retain(|node, _| self.nodes.store().get("", node).is_none());
            *missed.entry(name.to_owned()).or_insert(now)
        };
        let waited = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        if let Some(left) = QUARANTINE.checked_sub(waited).filter(|l| !l.is_zero()) {
            return Ok(Next::After(left));
        }
        if self.client.find::<Node>("", name).await?.is_some() {
            return Ok(Next::Done);
        }
        if !pods::is_terminal(pod) {
            let patch = json!({ "metadata": { "uid": pod.uid() }, "status": { "phase": "Failed" } });
            let kind = client::PatchKind::Strategic;
            match self.client.patch_status::<Pod>(pod.namespace(), pod.name(), kind, &patch).await {
                Err(error) if error.is_not_found() || error.is_conflict() => return Ok(Next::Done),
                other => other.map(drop)?,
            }
        }
        let why = ("DeletionByPodGC", "PodGC: node no longer exists");
        evict(&self.client, pod, why, &self.env, Some(0)).await?;
        Ok(Next::Done)
    }

    async fn remove(&self, pod: &Pod) -> Result<(), Error> {
        let options = DeleteOptions::uid(pod.uid()).grace(0);
        match self.client.delete::<Pod>(pod.namespace(), pod.name(), &options).await {
            Err(error) if !error.is_not_found() && !error.is_conflict() => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
