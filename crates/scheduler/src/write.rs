//! What the scheduler writes: bindings, conditions, nominations, events.

use client::{Client, Error, Key, Object, PatchKind};
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Map, Value, json};

/// Binds a pod to a node.
pub async fn bind(client: &Client, pod: &Pod, node: &str) -> Result<(), Error> {
    let binding = json!({
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": pod.name(), "namespace": pod.namespace(), "uid": pod.uid()},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    });
    client.create_part::<Pod, Value, Value>(pod.namespace(), pod.name(), "binding", &binding).await.map(|_| ())
}

/// Says on the pod why it has no node, and which it is promised (`Some("")`: none any more; `None`: as before). Written
/// only where it says something new.
pub async fn unschedulable(
    client: &Client,
    pod: &Pod,
    message: &str,
    nominated: Option<&str>,
    now: jiff::Timestamp,
) -> Result<(), Error> {
    let mut status = Map::new();
    if let Some(condition) = condition(pod, ("PodScheduled", "False", "Unschedulable", message), now) {
        status.insert("conditions".to_owned(), json!([condition]));
    }
    if let Some(node) = nominated.filter(|node| *node != nominated_node(pod)) {
        status.insert("nominatedNodeName".to_owned(), named(node));
    }
    patch(client, pod, status).await
}

/// Promises a pod a node, or none (empty).
pub async fn nominate(client: &Client, pod: &Pod, node: &str) -> Result<(), Error> {
    let mut status = Map::new();
    if nominated_node(pod) != node {
        status.insert("nominatedNodeName".to_owned(), named(node));
    }
    patch(client, pod, status).await
}

/// `status.nominatedNodeName`, empty when there is none.
#[must_use]
pub fn nominated_node(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|s| s.nominated_node_name.as_deref()).unwrap_or_default()
}

/// A condition (type, status, reason, message) as it is to be written, unless the pod says just that already.
#[must_use]
pub fn condition(pod: &Pod, what: (&str, &str, &str, &str), now: jiff::Timestamp) -> Option<Value> {
    let (kind, status, reason, message) = what;
    let conditions = pod.status.as_ref().and_then(|s| s.conditions.as_ref());
    let known = conditions.into_iter().flatten().find(|c| c.type_ == kind);
    if known.is_some_and(|c| {
        c.status == status && c.reason.as_deref() == Some(reason) && c.message.as_deref() == Some(message)
    }) {
        return None;
    }
    let since = known.filter(|c| c.status == status).and_then(|c| c.last_transition_time.as_ref()).map_or(now, |t| t.0);
    let second = jiff::Timestamp::from_second(since.as_second()).unwrap_or(since);
    Some(json!({
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastProbeTime": null,
        "lastTransitionTime": second.to_string(),
        "observedGeneration": pod.metadata.generation,
    }))
}

fn named(node: &str) -> Value {
    if node.is_empty() { Value::Null } else { node.into() }
}

async fn patch(client: &Client, pod: &Pod, status: Map<String, Value>) -> Result<(), Error> {
    if status.is_empty() {
        return Ok(());
    }
    let patch = json!({ "status": status });
    client.patch_status::<Pod>(pod.namespace(), pod.name(), PatchKind::Strategic, &patch).await.map(|_| ())
}

/// The text of the event of a success.
#[must_use]
pub fn assigned(key: &Key, node: &str) -> String {
    format!("Successfully assigned {}/{} to {node}", key.namespace, key.name)
}
