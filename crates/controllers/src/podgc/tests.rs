//! The table of pods and nodes.

use std::sync::Arc;

use client::Object;
use k8s_openapi::api::core::v1::{Node, Pod};
use serde_json::json;

use super::plan::{Action, plan, surplus};
use crate::testkit::object;

fn pod(name: &str, node: &str, phase: &str, deleting: bool) -> Arc<Pod> {
    let mut value = json!({
        "metadata": { "name": name, "namespace": "d" }, "spec": { "nodeName": node, "containers": [] },
        "status": { "phase": phase },
    });
    if deleting {
        value["metadata"]["deletionTimestamp"] = json!("1970-01-01T00:00:09Z");
    }
    object(value)
}

#[test]
fn what_nobody_else_removes() {
    let node = |ready: &str, taint: &str| {
        object::<Node>(json!({
            "metadata": { "name": "n" }, "spec": { "taints": [{ "key": taint, "effect": "NoExecute" }] },
            "status": { "conditions": [{ "type": "Ready", "status": ready }] },
        }))
    };
    let out = "node.kubernetes.io/out-of-service";
    let cases = [
        (pod("a", "", "Pending", true), None, Action::Remove),
        (pod("a", "", "Pending", false), None, Action::Keep),
        (pod("a", "n", "Running", false), None, Action::Orphaned),
        (pod("a", "n", "Running", true), Some(node("False", out)), Action::Remove),
        (pod("a", "n", "Running", true), Some(node("True", out)), Action::Keep),
        (pod("a", "n", "Running", true), Some(node("False", "other")), Action::Keep),
    ];
    for (number, (pod, node, expected)) in cases.into_iter().enumerate() {
        assert_eq!(plan(&pod, node.as_deref()), expected, "case {number}");
    }
}

#[test]
fn terminated_pods_are_removed_above_a_number() {
    let pods = [pod("c", "n", "Failed", false), pod("a", "n", "Succeeded", false), pod("b", "n", "Running", false)];
    let names = |threshold| surplus(&pods, threshold).iter().map(|p| p.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(1), ["a"]);
    assert_eq!(names(2), Vec::<String>::new());
}
