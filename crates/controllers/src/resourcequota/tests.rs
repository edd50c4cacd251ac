//! Quotas and what counts for them.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, ResourceQuota, Service};
use serde_json::{Value, json};

use super::plan::{Content, used};
use crate::testkit::object;

#[test]
fn what_is_used_is_summed_per_limited_resource() {
    let pod = |phase: &str, requests: Value, init: Value| {
        object::<Pod>(json!({
            "metadata": { "name": "p" }, "status": { "phase": phase },
            "spec": {
                "containers": [{ "name": "a", "resources": { "requests": requests, "limits": { "cpu": "1" } } }, { "name": "b" }],
                "initContainers": [{ "name": "i", "resources": { "requests": init } }],
            },
        }))
    };
    let pods = [
        pod("Running", json!({ "cpu": "250m", "memory": "64Mi" }), json!({ "cpu": "100m" })),
        pod("Pending", json!({ "cpu": "250m" }), json!({ "cpu": "2" })),
        pod("Succeeded", json!({ "cpu": "5" }), json!({})),
    ];
    let best: Arc<Pod> = object(json!({ "metadata": {}, "spec": { "containers": [{ "name": "a" }] } }));
    let services: [Arc<Service>; 2] = [
        object(json!({ "metadata": {}, "spec": { "type": "NodePort", "ports": [{ "port": 1 }, { "port": 2 }] } })),
        object(json!({ "metadata": {}, "spec": { "type": "ClusterIP" } })),
    ];
    let claims: [Arc<PersistentVolumeClaim>; 1] = [object(json!({
        "metadata": {}, "spec": { "storageClassName": "fast", "resources": { "requests": { "storage": "1Gi" } } },
    }))];
    let all: Vec<Arc<Pod>> = pods.iter().cloned().chain([best]).collect();
    let count = |kind: &str| (kind == "configmaps").then_some(7);
    let content = Content { pods: &all, services: &services, claims: &claims, count: &count };
    let shown = |quota: Value| {
        let quota: Arc<ResourceQuota> = object(json!({ "metadata": {}, "spec": quota }));
        let used = used(&quota, &content);
        used.iter().map(|(k, v)| format!("{k}={}", v.0)).collect::<Vec<_>>().join(" ")
    };
    let hard = |keys: &[&str]| keys.iter().map(|k| ((*k).to_owned(), json!("9"))).collect::<serde_json::Map<_, _>>();
    let keys = ["pods", "count/pods", "cpu", "requests.cpu", "limits.cpu", "requests.memory"];
    assert_eq!(
        shown(json!({ "hard": hard(&keys) })),
        "count/pods=4 cpu=2250m limits.cpu=2 pods=3 requests.cpu=2250m requests.memory=64Mi"
    );
    let keys = ["services", "services.nodeports", "requests.storage", "configmaps", "count/configmaps", "unknown"];
    assert_eq!(
        shown(json!({ "hard": hard(&keys) })),
        "configmaps=7 count/configmaps=7 requests.storage=1Gi services=2 services.nodeports=2 unknown=0"
    );
    assert_eq!(shown(json!({ "hard": hard(&["pods"]), "scopes": ["BestEffort"] })), "pods=1");
}
