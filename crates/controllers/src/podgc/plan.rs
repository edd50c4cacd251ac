//! Which pods nobody else will remove.

use std::{sync::Arc, time::Duration};

use client::Object;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Pod};

use crate::{nodelifecycle::plan::readiness, pods};

/// A node that is not there may come back, or not be shown yet.
pub const QUARANTINE: Duration = Duration::from_secs(40);
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// What to do about a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Keep,
    /// Remove it: nothing runs anywhere.
    Remove,
    /// Its node is not there: look again, ask the server, then remove it.
    Orphaned,
}

/// Decides about one pod.
#[must_use]
pub fn plan(pod: &Pod, node: Option<&Node>) -> Action {
    if pods::node(pod).is_empty() {
        return if pod.is_deleting() { Action::Remove } else { Action::Keep };
    }
    let Some(node) = node else {
        return Action::Orphaned;
    };
    let taints = node.spec.as_ref().and_then(|s| s.taints.as_deref()).unwrap_or_default();
    let lost = readiness(node) != "True" && taints.iter().any(|t| t.key == OUT_OF_SERVICE);
    if pod.is_deleting() && lost { Action::Remove } else { Action::Keep }
}

/// The terminated pods above a number, oldest first; evicted ones before the others.
#[must_use]
pub fn surplus(pods: &[Arc<Pod>], threshold: usize) -> Vec<Arc<Pod>> {
    let mut ended: Vec<Arc<Pod>> = pods.iter().filter(|p| pods::is_terminal(p) && !p.is_deleting()).cloned().collect();
    let count = ended.len().saturating_sub(threshold);
    let evicted = |p: &Pod| p.status.as_ref().and_then(|s| s.reason.as_deref()) == Some("Evicted");
    ended.sort_by_key(|p| (!evicted(p), p.created().unwrap_or(Timestamp::MIN), p.key()));
    ended.truncate(count);
    ended
}
