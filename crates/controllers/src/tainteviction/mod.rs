//! Pods leave nodes with taints that they do not bear, or not for longer.

pub mod plan;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use client::{
    Change, Client, DeleteOptions, Env, Error, HasSynced, Informer, Key, Next, Object, PatchKind, Recorder, WorkQueue,
};
use k8s_openapi::{
    api::core::v1::{Node, Pod, Taint},
    apimachinery::pkg::apis::meta::v1::Time,
};
use serde_json::json;

use crate::{
    Context,
    loops::Loops,
    nodelifecycle::{BY_NODE, node_of},
    pods,
};

/// Its identity: upstream's taint manager is part of the node controller.
const IDENTITY: &str = "node-controller";
const NAME: &str = "taint-eviction-controller";
const WORKERS: usize = 4;

struct Controller {
    client: Client,
    env: Env,
    recorder: Recorder,
    nodes: Arc<Informer<Node>>,
    pods: Arc<Informer<Pod>>,
}

fn taints(node: &Node) -> &[Taint] {
    node.spec.as_ref().and_then(|s| s.taints.as_deref()).unwrap_or_default()
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let client = context.client(IDENTITY);
    let controller = Arc::new(Controller {
        recorder: context.recorder(&client, NAME),
        env: context.env.clone(),
        nodes: context.informers.get(),
        pods: context.informers.get(),
        client,
    });
    controller.pods.index(BY_NODE, node_of);
    let queue = WorkQueue::new();
    let (keys, pods) = (queue.clone(), controller.pods.clone());
    controller.nodes.on(move |change: &Change<'_, Node>| {
        let (Some(new), old) = (change.new, change.old) else {
            return;
        };
        if old.is_none_or(|old| taints(old) != taints(new)) {
            pods.store().by_index(BY_NODE, new.name()).iter().for_each(|p| keys.add(p.key()));
        }
    });
    let keys = queue.clone();
    controller.pods.on(move |change: &Change<'_, Pod>| {
        let Some(new) = change.new.filter(|p| !pods::node(p).is_empty()) else {
            return;
        };
        let tolerations = |p: &Pod| p.spec.as_ref().and_then(|s| s.tolerations.clone());
        if change.old.is_none_or(|old| pods::node(old) != pods::node(new) || tolerations(old) != tolerations(new)) {
            keys.add(new.key());
        }
    });
    let lists: &[&dyn HasSynced] = &[&*controller.nodes, &*controller.pods];
    let loops = Loops { name: NAME, workers: WORKERS, queue, env: context.env.clone() };
    loops.work(lists, &controller, |controller, key| Box::pin(controller.reconcile(key))).await;
}

impl Controller {
    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        let Some(pod) = self.pods.store().by_key(key).filter(|p| !p.is_deleting()) else {
            return Ok(Next::Done);
        };
        let Some(node) = self.nodes.store().get("", pods::node(&pod)) else {
            return Ok(Next::Done);
        };
        let tolerations = pod.spec.as_ref().and_then(|s| s.tolerations.as_deref()).unwrap_or_default();
        let now = self.env.now();
        let Some(at) = plan::leave_at(tolerations, taints(&node), now) else {
            return Ok(Next::Done);
        };
        let left = at.duration_since(now);
        if left > jiff::SignedDuration::ZERO {
            return Ok(Next::After(Duration::try_from(left).unwrap_or(Duration::from_secs(1))));
        }
        self.recorder.normal(&*pod, "TaintManagerEviction", &format!("Marking for deletion Pod {key}"));
        evict(
            &self.client,
            &pod,
            ("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint"),
            &self.env,
            None,
        )
        .await?;
        Ok(Next::Done)
    }
}

/// Says on the pod why it goes, and deletes it; with a grace period of its own when given.
pub async fn evict(
    client: &Client,
    pod: &Pod,
    (reason, message): (&str, &str),
    env: &Env,
    grace: Option<i64>,
) -> Result<(), Error> {
    if pods::condition(pod, "DisruptionTarget").is_none_or(|c| c.status != "True") {
        let patch = json!({
            "metadata": { "uid": pod.uid() },
            "status": { "conditions": [{
                "type": "DisruptionTarget", "status": "True", "reason": reason, "message": message,
                "lastTransitionTime": Time(env.now()),
            }] },
        });
        let done = client.patch_status::<Pod>(pod.namespace(), pod.name(), PatchKind::Strategic, &patch).await;
        match done {
            Err(error) if error.is_not_found() || error.is_conflict() => return Ok(()),
            other => other.map(drop)?,
        }
    }
    let mut options = DeleteOptions::uid(pod.uid());
    options.grace_period_seconds = grace;
    match client.delete::<Pod>(pod.namespace(), pod.name(), &options).await {
        Err(error) if !error.is_not_found() && !error.is_conflict() => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
