//! What a node says of itself: cordoned, its name, its ports.

use super::{Rejection, taints};
use crate::{cache::NodeInfo, cycle::State, pod::PodInfo};

/// `spec.unschedulable`, unless the pod tolerates it as a taint.
pub fn unschedulable(_: &State, pod: &PodInfo, node: &NodeInfo) -> Option<Rejection> {
    let cordoned = node.node.spec.as_ref().is_some_and(|s| s.unschedulable == Some(true));
    let tolerated = || taints::tolerates(pod, "node.kubernetes.io/unschedulable", "", "NoSchedule");
    (cordoned && !tolerated()).then(|| Rejection::fixed("node(s) were unschedulable"))
}

/// `spec.nodeName` of the pod.
pub fn name(_: &State, pod: &PodInfo, node: &NodeInfo) -> Option<Rejection> {
    let wanted = pod.spec()?.node_name.as_deref().unwrap_or_default();
    (!wanted.is_empty() && wanted != node.name())
        .then(|| Rejection::fixed("node(s) didn't match the requested node name"))
}

/// Host ports.
pub fn ports(_: &State, pod: &PodInfo, node: &NodeInfo) -> Option<Rejection> {
    let taken = pod.ports.iter().any(|wanted| node.ports().any(|held| wanted.collides(held)));
    taken.then(|| Rejection::resolvable("node(s) didn't have free ports for the requested pod ports"))
}
