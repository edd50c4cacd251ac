//! Nodes that give no sign of life become unknown, their pods not ready, and taints say so.

pub mod plan;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc, time::Duration};

use client::{
    Change, Client, Env, Error, HasSynced, Informer, Key, Next, Object, PatchKind, Recorder, Scope, WorkQueue,
};
use jiff::SignedDuration;
use k8s_openapi::{
    api::{
        coordination::v1::Lease,
        core::v1::{Node, NodeCondition, Pod},
    },
    apimachinery::pkg::apis::meta::v1::Time,
};
use parking_lot::Mutex;
use serde_json::json;

use crate::{Context, loops::Loops, pods};
use plan::{Health, Renewed};

const NAME: &str = "node-controller";
const WORKERS: usize = 4;
const LEASES: &str = "kube-node-lease";
/// The index of pods by node.
pub const BY_NODE: &str = "node";

/// Under which values [`BY_NODE`] finds a pod.
#[must_use]
pub fn node_of(pod: &Pod) -> Vec<String> {
    Some(pods::node(pod)).filter(|n| !n.is_empty()).map(str::to_owned).into_iter().collect()
}

fn renewed(lease: &Lease) -> Option<Renewed> {
    let at = lease.spec.as_ref()?.renew_time.as_ref()?.0;
    Some(Renewed { version: lease.version().parse().unwrap_or_default(), at })
}

struct Controller {
    client: Client,
    env: Env,
    recorder: Recorder,
    nodes: Arc<Informer<Node>>,
    leases: Arc<Informer<Lease>>,
    pods: Arc<Informer<Pod>>,
    health: Mutex<HashMap<String, Health>>,
    grace: Duration,
    startup_grace: Duration,
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let client = context.client(NAME);
    let leases = Scope { namespace: LEASES.to_owned(), ..Scope::default() };
    let controller = Arc::new(Controller {
        recorder: context.recorder(&client, NAME),
        env: context.env.clone(),
        nodes: context.informers.get(),
        leases: context.informers.scoped(leases, None),
        pods: context.informers.get(),
        health: Mutex::default(),
        grace: context.config.node_grace,
        startup_grace: context.config.node_startup_grace,
        client,
    });
    controller.pods.index(BY_NODE, node_of);
    let queue = WorkQueue::new();
    watch(&controller, &queue);
    let lists: &[&dyn HasSynced] = &[&*controller.nodes, &*controller.leases, &*controller.pods];
    let loops = Loops { name: NAME, workers: WORKERS, queue, env: context.env.clone() };
    loops.work(lists, &controller, |controller, key| Box::pin(controller.reconcile(key))).await;
}

fn watch(controller: &Arc<Controller>, queue: &WorkQueue<Key>) {
    let (keys, weak) = (queue.clone(), Arc::downgrade(controller));
    controller.nodes.on(move |change: &Change<'_, Node>| {
        let Some(node) = change.object() else {
            return;
        };
        keys.add(node.key());
        let Some(controller) = weak.upgrade() else {
            return;
        };
        if change.is_deleted() {
            controller.health.lock().remove(node.name());
        }
        // Whether pods may be driven off one node depends on how all others are.
        let readiness = |n: Option<&Arc<Node>>| n.map(|n| plan::readiness(n).to_owned());
        if readiness(change.old) != readiness(change.new) {
            controller.nodes.store().keys().into_iter().for_each(|key| keys.add(key));
        }
    });
    let weak = Arc::downgrade(controller);
    controller.leases.on(move |change: &Change<'_, Lease>| {
        // A renewed lease is noted, and nothing more: the check that is due finds it.
        if let (Some(lease), Some(controller)) = (change.new, weak.upgrade()) {
            controller.notice(lease.name());
        }
    });
    let keys = queue.clone();
    controller.pods.on(move |change: &Change<'_, Pod>| {
        if let Some(pod) = change.new.filter(|p| change.old.is_none() && pods::is_ready(p)) {
            node_of(pod).iter().for_each(|node| keys.add(Key::new("", node)));
        }
    });
}

impl Controller {
    fn renewed(&self, node: &str) -> Option<Renewed> {
        renewed(&*self.leases.store().get(LEASES, node)?)
    }

    fn notice(&self, name: &str) -> Option<Health> {
        let node = self.nodes.store().get("", name)?;
        let mut all = self.health.lock();
        let entry = all.entry(name.to_owned()).or_default();
        *entry = entry.next(&node, self.renewed(name), self.env.now());
        Some(entry.clone())
    }

    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        let is_new = !self.health.lock().contains_key(&key.name);
        let (Some(health), Some(node)) = (self.notice(&key.name), self.nodes.store().by_key(key)) else {
            return Ok(Next::Done);
        };
        if is_new {
            let name = node.name();
            let message = format!("Node {name} event: Registered Node {name} in Controller");
            self.recorder.normal(&*node, "RegisteredNode", &message);
        }
        let reported = plan::condition(&node, "Ready").is_some();
        let grace = if reported { self.grace } else { self.startup_grace };
        let grace = SignedDuration::try_from(grace).unwrap_or(SignedDuration::MAX);
        let left = health.left(grace, self.env.now());
        if left <= SignedDuration::ZERO
            && !self.is_alive_after_all(&node, &health).await?
            && let Some(conditions) = plan::unknown(&node, self.env.now())
        {
            // The change comes back as an event, and with it taints and pods.
            return self.write_conditions(&node, conditions).await;
        }
        self.taint(&node).await?;
        if plan::readiness(&node) != "True" && reported {
            self.mark_pods(&node).await?;
        }
        let again = if left > SignedDuration::ZERO { left } else { grace };
        Ok(Next::After(Duration::try_from(again).unwrap_or(self.grace) + Duration::from_millis(10)))
    }

    /// Asks the server for the lease: our own watch may be what is late.
    async fn is_alive_after_all(&self, node: &Node, health: &Health) -> Result<bool, Error> {
        let lease = self.client.find::<Lease>(LEASES, node.name()).await?;
        let renewed = lease.as_ref().and_then(renewed);
        let is_newer = |r: &Renewed| health.renewed.is_none_or(|known| r.version > known.version && r.at != known.at);
        if !renewed.as_ref().is_some_and(is_newer) {
            return Ok(false);
        }
        let mut all = self.health.lock();
        let entry = all.entry(node.name().to_owned()).or_default();
        *entry = entry.next(node, renewed, self.env.now());
        Ok(true)
    }

    async fn write_conditions(&self, node: &Node, conditions: Vec<NodeCondition>) -> Result<Next, Error> {
        let was_ready = plan::readiness(node) == "True";
        let patch = json!({
            "metadata": { "resourceVersion": node.version() },
            "status": { "conditions": conditions },
        });
        match self.client.patch_status::<Node>("", node.name(), PatchKind::Merge, &patch).await {
            Err(error) if error.is_not_found() => return Ok(Next::Done),
            other => other.map(drop)?,
        }
        if was_ready {
            let message = format!("Node {} status is now: NodeNotReady", node.name());
            self.recorder.normal(node, "NodeNotReady", &message);
        }
        Ok(Next::After(self.grace))
    }

    async fn taint(&self, node: &Node) -> Result<(), Error> {
        let all = self.nodes.store().all();
        let may_evict = plan::may_evict(all.iter().map(|n| plan::readiness(n)));
        let Some(taints) = plan::taints(node, may_evict, self.env.now()) else {
            return Ok(());
        };
        let taints = if taints.is_empty() { json!(null) } else { json!(taints) };
        let patch = json!({
            "metadata": { "resourceVersion": node.version() },
            "spec": { "taints": taints },
        });
        match self.client.merge::<Node>("", node.name(), &patch).await {
            Err(error) if !error.is_not_found() => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Pods of a node that is not there do not serve: nobody else can say so.
    async fn mark_pods(&self, node: &Node) -> Result<(), Error> {
        for pod in self.pods.store().by_index(BY_NODE, node.name()) {
            let Some(ready) = pods::condition(&pod, "Ready").filter(|c| c.status == "True") else {
                continue;
            };
            let mut ready = ready.clone();
            ready.status = "False".to_owned();
            ready.last_transition_time = Some(Time(self.env.now()));
            let patch = json!({
                "metadata": { "uid": pod.uid() },
                "status": { "conditions": [ready] },
            });
            let done = self.client.patch_status::<Pod>(pod.namespace(), pod.name(), PatchKind::Strategic, &patch).await;
            match done {
                Err(error) if !error.is_not_found() && !error.is_conflict() => return Err(error),
                Ok(_) => self.recorder.warning(&*pod, "NodeNotReady", "Node is not ready"),
                Err(_) => {}
            }
        }
        Ok(())
    }
}
