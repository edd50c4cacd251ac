//! The table of budgets and pods.

use std::sync::Arc;

use k8s_openapi::api::{core::v1::Pod, policy::v1::PodDisruptionBudget};
use serde_json::{Value, json};

use super::plan::plan;
use crate::testkit::{at, object};

fn pod(name: &str, ready: bool, owner: Option<&str>) -> Arc<Pod> {
    let owners: Vec<Value> = owner
        .iter()
        .map(|o| json!({ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": o, "uid": o, "controller": true }))
        .collect();
    object(json!({
        "metadata": { "name": name, "namespace": "n", "ownerReferences": owners },
        "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": if ready { "True" } else { "False" } }] },
    }))
}

#[test]
fn a_budget_counts_healthy_pods_against_what_must_stay() {
    let pods = [pod("a", true, Some("w")), pod("b", true, Some("w")), pod("c", false, Some("w"))];
    let cases = [
        (json!({ "minAvailable": 1 }), 3, 1, 1),
        (json!({ "minAvailable": "50%" }), 5, 3, 0),
        (json!({ "maxUnavailable": 4 }), 5, 1, 1),
        (json!({ "maxUnavailable": "100%" }), 5, 0, 2),
        (json!({ "maxUnavailable": 0 }), 5, 5, 0),
    ];
    for (spec, expected, desired, allowed) in cases {
        let budget: Arc<PodDisruptionBudget> = object(json!({ "metadata": { "name": "b" }, "spec": spec }));
        let plan = plan(&budget, &pods, &|_, _| Some(5), at(9)).expect("a plan");
        let s = plan.status;
        assert_eq!(
            (s.expected_pods, s.desired_healthy, s.disruptions_allowed, s.current_healthy),
            (Some(expected), Some(desired), Some(allowed), Some(2)),
            "{spec}"
        );
        let reason = if allowed > 0 { "SufficientPods" } else { "InsufficientPods" };
        assert_eq!(s.conditions.expect("conditions")[0].reason, reason);
    }
}

#[test]
fn evicted_pods_do_not_count_and_are_not_waited_for_ever() {
    let budget: Arc<PodDisruptionBudget> = object(json!({
        "metadata": { "name": "b" }, "spec": { "minAvailable": 1 },
        "status": { "disruptedPods": { "a": at(100).to_string(), "gone": at(100).to_string() },
                    "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0, "disruptionsAllowed": 0 },
    }));
    let pods = [pod("a", true, None), pod("b", true, None)];
    let soon = plan(&budget, &pods, &|_, _| None, at(110)).expect("a plan");
    assert_eq!((soon.status.current_healthy, soon.next.map(|n| n.as_secs())), (Some(1), Some(110)));
    let late = plan(&budget, &pods, &|_, _| None, at(300)).expect("a plan");
    assert_eq!((late.status.current_healthy, late.not_deleted), (Some(2), vec!["a".to_owned()]));
    let unknown: Arc<PodDisruptionBudget> = object(json!({ "metadata": {}, "spec": { "maxUnavailable": 1 } }));
    assert!(plan(&unknown, &[pod("a", true, Some("w"))], &|_, _| None, at(1)).is_err());
}
