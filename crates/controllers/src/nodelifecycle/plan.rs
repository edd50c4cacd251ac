//! What follows from a node's conditions and its last sign of life.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    api::core::v1::{Node, NodeCondition, Taint},
    apimachinery::pkg::apis::meta::v1::Time,
};

/// Not ready.
pub const NOT_READY: &str = "node.kubernetes.io/not-ready";
/// No sign of life.
pub const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

const CONDITIONS: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// A condition by type.
#[must_use]
pub fn condition<'a>(node: &'a Node, kind: &str) -> Option<&'a NodeCondition> {
    node.status.as_ref()?.conditions.as_ref()?.iter().find(|c| c.type_ == kind)
}

/// Status of the `Ready` condition; `Unknown` when it is not there.
#[must_use]
pub fn readiness(node: &Node) -> &str {
    condition(node, "Ready").map_or("Unknown", |c| c.status.as_str())
}

/// What a lease says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewed {
    /// Version of the lease: what is newer is told by it, because the clocks of nodes may be set back.
    pub version: u64,
    /// The time in it, by the node's clock.
    pub at: Timestamp,
}

/// The last sign of life that was noticed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Health {
    /// When something was noticed, by our clock: clocks of nodes may differ.
    pub noticed: Option<Timestamp>,
    /// The newest lease that was seen.
    pub renewed: Option<Renewed>,
    /// Time in the `Ready` condition.
    pub heartbeat: Option<Timestamp>,
}

impl Health {
    /// Takes over what is known now; a node without conditions counts from its creation.
    #[must_use]
    pub fn next(&self, node: &Node, renewed: Option<Renewed>, now: Timestamp) -> Self {
        let newer = renewed.filter(|r| self.renewed.is_none_or(|known| r.version > known.version));
        let is_alive = newer.is_some_and(|r| self.renewed.is_none_or(|known| r.at != known.at));
        let heartbeat = condition(node, "Ready").and_then(|c| c.last_heartbeat_time.as_ref()).map(|t| t.0);
        let created = node.metadata.creation_timestamp.as_ref().map_or(now, |t| t.0);
        let noticed = match self.noticed {
            None if condition(node, "Ready").is_none() => created,
            Some(before) if !is_alive && self.heartbeat == heartbeat => before,
            None | Some(_) => now,
        };
        Self { noticed: Some(noticed), renewed: newer.or(self.renewed), heartbeat }
    }

    /// How long until the node counts as gone; zero or less: it does.
    #[must_use]
    pub fn left(&self, grace: SignedDuration, now: Timestamp) -> SignedDuration {
        grace - now.duration_since(self.noticed.unwrap_or(now))
    }
}

/// The conditions of a node that gives no sign of life; `None`: they are so already.
#[must_use]
pub fn unknown(node: &Node, now: Timestamp) -> Option<Vec<NodeCondition>> {
    let old = node.status.as_ref().and_then(|s| s.conditions.clone()).unwrap_or_default();
    let mut new = old.clone();
    for kind in CONDITIONS {
        match new.iter_mut().find(|c| c.type_ == kind) {
            None => new.push(NodeCondition {
                type_: kind.to_owned(),
                status: "Unknown".to_owned(),
                reason: Some("NodeStatusNeverUpdated".to_owned()),
                message: Some("Kubelet never posted node status.".to_owned()),
                last_heartbeat_time: node.metadata.creation_timestamp.clone(),
                last_transition_time: Some(Time(now)),
            }),
            Some(condition) if condition.status != "Unknown" => {
                condition.status = "Unknown".to_owned();
                condition.reason = Some("NodeStatusUnknown".to_owned());
                condition.message = Some("Kubelet stopped posting node status.".to_owned());
                condition.last_transition_time = Some(Time(now));
            }
            Some(_) => {}
        }
    }
    (new != old).then_some(new)
}

/// Whether pods may be driven off nodes: not when it is more likely that we are the ones who are cut off.
#[must_use]
pub fn may_evict<'a>(readiness: impl Iterator<Item = &'a str>) -> bool {
    let (mut ready, mut lost) = (0usize, 0usize);
    for status in readiness {
        if status == "True" {
            ready += 1;
        } else {
            lost += 1;
        }
    }
    let partial = lost > 2 && lost * 100 >= (ready + lost) * 55;
    let all = ready == 0 && lost > 0;
    !(all || partial)
}

fn wanted(node: &Node, may_evict: bool) -> Vec<(&'static str, &'static str)> {
    let status = |kind: &str| condition(node, kind).map(|c| c.status.as_str());
    let mut taints = Vec::new();
    match readiness(node) {
        "True" => {}
        "False" => taints.push((NOT_READY, "NoSchedule")),
        _ if condition(node, "Ready").is_none() => taints.push((NOT_READY, "NoSchedule")),
        _ => taints.push((UNREACHABLE, "NoSchedule")),
    }
    for (kind, key) in [
        ("MemoryPressure", "node.kubernetes.io/memory-pressure"),
        ("DiskPressure", "node.kubernetes.io/disk-pressure"),
        ("NetworkUnavailable", "node.kubernetes.io/network-unavailable"),
        ("PIDPressure", "node.kubernetes.io/pid-pressure"),
    ] {
        if status(kind) == Some("True") {
            taints.push((key, "NoSchedule"));
        }
    }
    if node.spec.as_ref().and_then(|s| s.unschedulable) == Some(true) {
        taints.push(("node.kubernetes.io/unschedulable", "NoSchedule"));
    }
    match status("Ready") {
        Some("False") if may_evict => taints.push((NOT_READY, "NoExecute")),
        Some("Unknown") if may_evict => taints.push((UNREACHABLE, "NoExecute")),
        _ => {}
    }
    taints
}

/// Taints that this controller looks after.
const OURS: [&str; 7] = [
    NOT_READY,
    UNREACHABLE,
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/network-unavailable",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/unschedulable",
];

/// The taints of a node as they shall be; `None`: they are so already.
#[must_use]
pub fn taints(node: &Node, may_evict: bool, now: Timestamp) -> Option<Vec<Taint>> {
    let old = node.spec.as_ref().and_then(|s| s.taints.clone()).unwrap_or_default();
    let wanted = wanted(node, may_evict);
    let is = |taint: &Taint, (key, effect): &(&str, &str)| taint.key == *key && taint.effect == *effect;
    let mut new: Vec<Taint> =
        old.iter().filter(|t| !OURS.contains(&t.key.as_str()) || wanted.iter().any(|w| is(t, w))).cloned().collect();
    for want in &wanted {
        if !new.iter().any(|t| is(t, want)) {
            new.push(Taint {
                key: want.0.to_owned(),
                effect: want.1.to_owned(),
                value: None,
                time_added: Some(Time(now)),
            });
        }
    }
    (new != old).then_some(new)
}
