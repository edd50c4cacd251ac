//! Pure questions about pods.

use std::time::Duration;

use client::Object;
use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{Pod, PodCondition, PodTemplateSpec},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};

/// Phase, empty when unset.
#[must_use]
pub fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|s| s.phase.as_deref()).unwrap_or_default()
}

/// A condition by type.
#[must_use]
pub fn condition<'a>(pod: &'a Pod, kind: &str) -> Option<&'a PodCondition> {
    pod.status.as_ref()?.conditions.as_ref()?.iter().find(|c| c.type_ == kind)
}

/// Whether the pod serves.
#[must_use]
pub fn is_ready(pod: &Pod) -> bool {
    condition(pod, "Ready").is_some_and(|c| c.status == "True")
}

/// Since when the pod serves.
#[must_use]
pub fn ready_since(pod: &Pod) -> Option<Timestamp> {
    condition(pod, "Ready").filter(|c| c.status == "True").and_then(|c| c.last_transition_time.as_ref()).map(|t| t.0)
}

/// Whether it serves for at least so many seconds.
#[must_use]
pub fn is_available(pod: &Pod, min_ready_seconds: i32, now: Timestamp) -> bool {
    is_ready(pod)
        && (min_ready_seconds <= 0
            || ready_since(pod)
                .is_some_and(|since| now.duration_since(since).as_secs_f64() >= f64::from(min_ready_seconds)))
}

/// When a ready pod will be available, if that lies ahead.
#[must_use]
pub fn until_available(pod: &Pod, min_ready_seconds: i32, now: Timestamp) -> Option<Duration> {
    if min_ready_seconds <= 0 {
        return None;
    }
    let since = ready_since(pod)?;
    let left = f64::from(min_ready_seconds) - now.duration_since(since).as_secs_f64();
    // A little more, so that the check does not come a hair too early.
    (left > 0.0).then(|| Duration::from_secs_f64(left + 0.001))
}

/// Whether all containers ended for good.
#[must_use]
pub fn is_terminal(pod: &Pod) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

/// Whether it runs, or will.
#[must_use]
pub fn is_active(pod: &Pod) -> bool {
    !is_terminal(pod) && !pod.is_deleting()
}

/// Whether it is being deleted but has not ended.
#[must_use]
pub fn is_terminating(pod: &Pod) -> bool {
    !is_terminal(pod) && pod.is_deleting()
}

/// The node, empty when unscheduled.
#[must_use]
pub fn node(pod: &Pod) -> &str {
    pod.spec.as_ref().and_then(|s| s.node_name.as_deref()).unwrap_or_default()
}

/// The most restarts of a container, and of a sidecar.
#[must_use]
pub fn restarts(pod: &Pod) -> (i32, i32) {
    let status = pod.status.as_ref();
    let regular = status.and_then(|s| s.container_statuses.as_ref()).into_iter().flatten();
    let regular = regular.map(|c| c.restart_count).max().unwrap_or_default();
    let is_sidecar = |name: &str| {
        let all = pod.spec.as_ref().and_then(|s| s.init_containers.as_ref()).into_iter().flatten();
        all.into_iter().any(|c| c.name == name && c.restart_policy.as_deref() == Some("Always"))
    };
    let sidecars = status.and_then(|s| s.init_container_statuses.as_ref()).into_iter().flatten();
    let sidecars = sidecars.filter(|c| is_sidecar(&c.name)).map(|c| c.restart_count).max().unwrap_or_default();
    (regular, sidecars)
}

/// A pod made from a template, with a generated name and an owner.
#[must_use]
pub fn from_template(namespace: &str, owner_name: &str, template: &PodTemplateSpec, owner: OwnerReference) -> Pod {
    let meta = template.metadata.clone().unwrap_or_default();
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(format!("{owner_name}-")),
            namespace: Some(namespace.to_owned()),
            labels: meta.labels,
            annotations: meta.annotations,
            finalizers: meta.finalizers,
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        },
        spec: template.spec.clone(),
        status: None,
    }
}
