//! Tables of nodes, signs of life, and taints.

use jiff::SignedDuration;
use k8s_openapi::api::core::v1::Node;
use serde_json::{Value, json};

use super::plan::{Health, Renewed, may_evict, taints, unknown};
use crate::testkit::{at, object};

fn node(ready: Option<&str>, taints: Value, unschedulable: bool) -> std::sync::Arc<Node> {
    let mut conditions = Vec::new();
    if let Some(ready) = ready {
        conditions.push(json!({ "type": "Ready", "status": ready, "lastHeartbeatTime": "1970-01-01T00:00:05Z" }));
    }
    object(json!({
        "metadata": { "name": "n", "creationTimestamp": "1970-01-01T00:00:01Z" },
        "spec": { "taints": taints, "unschedulable": unschedulable },
        "status": { "conditions": conditions },
    }))
}

#[test]
fn taints_follow_the_conditions_and_leave_others_alone() {
    let user = json!({ "key": "mine", "effect": "NoExecute", "value": "x" });
    let lost = json!({ "key": "node.kubernetes.io/unreachable", "effect": "NoExecute" });
    let cases = [
        (node(Some("True"), json!([user]), false), true, None),
        (node(Some("True"), json!([user, lost]), false), true, Some("mine:NoExecute")),
        (
            node(Some("False"), json!([user]), false),
            true,
            Some("mine:NoExecute node.kubernetes.io/not-ready:NoSchedule node.kubernetes.io/not-ready:NoExecute"),
        ),
        (
            node(Some("Unknown"), json!([lost]), false),
            true,
            Some("node.kubernetes.io/unreachable:NoExecute node.kubernetes.io/unreachable:NoSchedule"),
        ),
        (node(Some("Unknown"), json!([lost]), false), false, Some("node.kubernetes.io/unreachable:NoSchedule")),
        (node(None, json!([]), false), true, Some("node.kubernetes.io/not-ready:NoSchedule")),
        (node(Some("True"), json!([]), true), true, Some("node.kubernetes.io/unschedulable:NoSchedule")),
    ];
    for (node, may_evict, expected) in cases {
        let new = taints(&node, may_evict, at(9));
        let shown = new.map(|all| all.iter().map(|t| format!("{}:{}", t.key, t.effect)).collect::<Vec<_>>().join(" "));
        assert_eq!(shown.as_deref(), expected);
    }
}

#[test]
fn a_node_is_lost_when_nothing_was_noticed_for_the_grace_period() {
    let grace = SignedDuration::from_secs(50);
    let node = node(Some("True"), json!([]), false);
    let lease = |version, seconds| Some(Renewed { version, at: at(seconds) });
    let first = Health::default().next(&node, lease(1, 10), at(100));
    assert_eq!(first.left(grace, at(120)).as_secs(), 30);
    let same = first.next(&node, lease(2, 10), at(140));
    assert_eq!(same.left(grace, at(150)).as_secs(), 0, "nothing new was noticed");
    let renewed = same.next(&node, lease(3, 11), at(149));
    assert_eq!(renewed.left(grace, at(150)).as_secs(), 49);
    let set_back = same.next(&node, lease(3, 2), at(149));
    assert_eq!(set_back.left(grace, at(150)).as_secs(), 49, "a node whose clock was set back lives");
    let late = renewed.next(&node, lease(2, 10), at(190));
    assert_eq!(late.left(grace, at(190)).as_secs(), 9, "an old lease that comes late is no sign of life");
    let conditions = unknown(&node, at(150)).expect("a change");
    assert_eq!(conditions.len(), 4);
    assert!(conditions.iter().all(|c| c.status == "Unknown"));
    assert_eq!(conditions[0].reason.as_deref(), Some("NodeStatusUnknown"));
    assert_eq!(conditions[1].reason.as_deref(), Some("NodeStatusNeverUpdated"));
}

#[test]
fn nobody_is_driven_off_when_everything_seems_lost() {
    let cases: [(&[&str], bool); 5] = [
        (&["True", "Unknown"], true),
        (&["Unknown"], false),
        (&["Unknown", "Unknown", "Unknown", "True", "True"], false),
        (&["Unknown", "Unknown", "True"], true),
        (&["True"], true),
    ];
    for (nodes, expected) in cases {
        assert_eq!(may_evict(nodes.iter().copied()), expected, "{nodes:?}");
    }
}
