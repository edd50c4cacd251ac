//! Nodes, pods, and what a daemon set does about them.

use std::{collections::HashMap, sync::Arc};

use client::Object;
use k8s_openapi::api::{
    apps::v1::DaemonSet,
    core::v1::{Node, Pod},
};
use serde_json::{Value, json};

use super::plan::{Input, Plan, node_of, plan, pod_for, status};
use crate::testkit::{at, object};

fn set(strategy: Value) -> Arc<DaemonSet> {
    object(json!({
        "metadata": { "name": "d", "namespace": "n", "uid": "d", "generation": 3 },
        "spec": {
            "selector": { "matchLabels": { "a": "b" } }, "updateStrategy": strategy,
            "template": { "metadata": { "labels": { "a": "b" } },
                          "spec": { "containers": [], "nodeSelector": { "kubernetes.io/os": "linux" } } },
        },
    }))
}

fn node(name: &str, taint: Option<(&str, &str)>) -> Arc<Node> {
    let taints: Vec<Value> = taint.iter().map(|(key, effect)| json!({ "key": key, "effect": effect })).collect();
    object(json!({
        "metadata": { "name": name, "labels": { "kubernetes.io/os": "linux" } }, "spec": { "taints": taints },
    }))
}

fn pod(set: &DaemonSet, node: &str, hash: &str, ready: bool) -> Arc<Pod> {
    let mut pod = pod_for(set, node, hash);
    pod.metadata.name = Some(format!("{node}-{hash}"));
    pod.metadata.uid = pod.metadata.name.clone();
    let status = json!({ "phase": "Running", "conditions": [{ "type": "Ready", "status": if ready { "True" } else { "False" } }] });
    pod.status = serde_json::from_value(status).expect("a status");
    Arc::new(pod)
}

fn run(set: &DaemonSet, nodes: &[Arc<Node>], pods: &[Arc<Pod>]) -> Plan {
    let back_off = HashMap::new();
    plan(&Input { set, nodes, pods, hash: "new", now: at(100), back_off: &back_off })
}

#[test]
fn every_node_that_fits_gets_a_pod() {
    let set = set(json!({}));
    let nodes = [
        node("plain", None),
        node("cordoned", Some(("node.kubernetes.io/unschedulable", "NoSchedule"))),
        node("lost", Some(("node.kubernetes.io/unreachable", "NoExecute"))),
        node("closed", Some(("mine", "NoSchedule"))),
        node("hostile", Some(("mine", "NoExecute"))),
    ];
    let first = run(&set, &nodes, &[]);
    assert_eq!(first.create, ["plain", "cordoned", "lost"]);
    let pods: Vec<_> = nodes.iter().map(|n| pod(&set, n.name(), "new", true)).collect();
    assert_eq!(node_of(&pods[0]), "plain");
    let then = run(&set, &nodes, &pods);
    let gone: Vec<_> = then.delete.iter().map(|p| node_of(p).to_owned()).collect();
    assert_eq!((gone, then.create.len()), (vec!["hostile".to_owned()], 0), "a pod on a closed node may stay");
    let back_off = HashMap::new();
    let shown =
        status(&Input { set: &set, nodes: &nodes, pods: &pods, hash: "new", now: at(100), back_off: &back_off });
    assert_eq!((shown.desired_number_scheduled, shown.number_misscheduled, shown.number_ready), (3, 2, 3));
}

#[test]
fn an_update_replaces_few_pods_at_a_time() {
    let nodes = [node("a", None), node("b", None), node("c", None)];
    let one = set(json!({ "rollingUpdate": { "maxUnavailable": 1 } }));
    let old: Vec<_> = nodes.iter().map(|n| pod(&one, n.name(), "old", true)).collect();
    assert_eq!(run(&one, &nodes, &old).delete.len(), 1);
    let mut middle = old.clone();
    middle[0] = pod(&one, "a", "new", false);
    assert_eq!(run(&one, &nodes, &middle).delete, [], "the new one does not serve yet");
    middle[1] = pod(&one, "b", "old", false);
    assert_eq!(run(&one, &nodes, &middle).delete, [middle[1].clone()], "what does not serve may go");
    let manual = set(json!({ "type": "OnDelete" }));
    assert_eq!(run(&manual, &nodes, &old), Plan::default());
    let surge = set(json!({ "rollingUpdate": { "maxSurge": 1, "maxUnavailable": 0 } }));
    let next = run(&surge, &nodes, &old);
    assert_eq!((next.create, next.delete.len()), (vec!["a".to_owned()], 0));
    let mut both = old.clone();
    both.push(pod(&surge, "a", "new", true));
    let next = run(&surge, &nodes, &both);
    assert_eq!(next.delete, [old[0].clone()], "the new one serves, the old one goes");
}

#[test]
fn failed_pods_go_with_back_off() {
    let set = set(json!({}));
    let nodes = [node("a", None)];
    let mut failed = Pod::clone(&pod(&set, "a", "new", false));
    failed.status.as_mut().expect("status").phase = Some("Failed".to_owned());
    let pods = [Arc::new(failed)];
    assert_eq!(run(&set, &nodes, &pods).failed.len(), 1);
    let back_off = HashMap::from([("a".to_owned(), std::time::Duration::from_secs(4))]);
    let input = Input { set: &set, nodes: &nodes, pods: &pods, hash: "new", now: at(100), back_off: &back_off };
    let waiting = plan(&input);
    assert_eq!((waiting.delete.len(), waiting.next.map(|d| d.as_secs())), (0, Some(4)));
}
