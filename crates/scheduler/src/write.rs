//! What the scheduler writes: bindings, conditions, events.

use client::{Client, Error, Key, Object, PatchKind, Recorder};
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

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

/// Says on the pod and in an event why it has no node. The condition is written only when it says something new.
pub async fn unschedulable(
    client: &Client,
    events: &Recorder,
    pod: &Pod,
    message: &str,
    now: jiff::Timestamp,
) -> Result<(), Error> {
    events.warning(pod, "FailedScheduling", message);
    let known = pod
        .status
        .as_ref()
        .and_then(|s| s.conditions.as_ref())
        .into_iter()
        .flatten()
        .find(|c| c.type_ == "PodScheduled");
    if known.is_some_and(|c| {
        c.status == "False" && c.reason.as_deref() == Some("Unschedulable") && c.message.as_deref() == Some(message)
    }) {
        return Ok(());
    }
    let since = match known {
        Some(c) if c.status == "False" => c.last_transition_time.as_ref().map_or(now, |t| t.0),
        Some(_) | None => now,
    };
    let second = jiff::Timestamp::from_second(since.as_second()).unwrap_or(since);
    let patch = json!({"status": {"conditions": [{
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": message,
        "lastProbeTime": null,
        "lastTransitionTime": second.to_string(),
        "observedGeneration": pod.metadata.generation,
    }]}});
    client.patch_status::<Pod>(pod.namespace(), pod.name(), PatchKind::Strategic, &patch).await.map(|_| ())
}

/// The text of the event of a success.
#[must_use]
pub fn assigned(key: &Key, node: &str) -> String {
    format!("Successfully assigned {}/{} to {node}", key.namespace, key.name)
}
