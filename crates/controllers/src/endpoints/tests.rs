//! Tables of services, pods and the endpoints that follow.

use std::sync::Arc;

use client::Object;
use k8s_openapi::api::core::v1::{Pod, Service};
use serde_json::{Value, json};

use super::plan::{plan, subsets};
use crate::testkit::object;

fn pod(number: u8, ready: bool, port: i32) -> Arc<Pod> {
    object(json!({
        "metadata": { "name": format!("p{number}"), "namespace": "default", "uid": format!("u{number}") },
        "spec": { "nodeName": "n", "containers": [{ "name": "c", "ports": [{ "name": "web", "containerPort": port }] }] },
        "status": { "phase": "Running", "podIPs": [{ "ip": format!("10.244.0.{number}") }],
                    "conditions": [{ "type": "Ready", "status": if ready { "True" } else { "False" } }] },
    }))
}

fn service(spec: Value) -> Arc<Service> {
    object(json!({ "metadata": { "name": "web", "namespace": "default", "uid": "s" }, "spec": spec }))
}

#[test]
fn addresses_are_grouped_by_ports_and_readiness() {
    let ports =
        json!([{ "name": "http", "port": 80, "targetPort": "web" }, { "name": "fix", "port": 81, "targetPort": 9 }]);
    let service = service(json!({ "clusterIP": "10.96.0.9", "selector": { "a": "b" }, "ports": ports }));
    let pods = [pod(12, true, 80), pod(2, true, 80), pod(3, false, 80), pod(4, true, 81)];
    let subsets = subsets(&service, service.spec.as_ref().expect("spec"), &pods);
    let shown: Vec<_> = subsets
        .iter()
        .map(|s| {
            let ips = |a: &Option<Vec<k8s_openapi::api::core::v1::EndpointAddress>>| {
                a.iter().flatten().map(|a| a.ip.clone()).collect::<Vec<_>>().join(" ")
            };
            let ports: Vec<_> = s.ports.iter().flatten().map(|p| p.port.to_string()).collect();
            format!("{} | {} | {}", ips(&s.addresses), ips(&s.not_ready_addresses), ports.join(" "))
        })
        .collect();
    assert_eq!(shown, ["10.244.0.2 10.244.0.12 | 10.244.0.3 | 80 9", "10.244.0.4 |  | 81 9"]);
}

#[test]
fn what_is_right_is_not_written_again() {
    let service = service(json!({ "clusterIP": "None", "selector": { "a": "b" } }));
    let spec = service.spec.as_ref().expect("spec");
    let pods = [pod(1, true, 80)];
    let first = plan(&service, spec, &pods, None, None).expect("new");
    assert_eq!(first.label("service.kubernetes.io/headless"), Some(""));
    assert_eq!(first.label("endpoints.kubernetes.io/managed-by"), Some("endpoint-controller"));
    assert!(plan(&service, spec, &pods, Some(&first), None).is_none());
    let empty = plan(&service, spec, &[], Some(&first), None).expect("changed");
    assert!(empty.subsets.is_none());
}

#[test]
fn too_many_addresses_are_cut_and_marked() {
    let service = service(json!({ "clusterIP": "None", "selector": { "a": "b" } }));
    let spec = service.spec.as_ref().expect("spec");
    let pods: Vec<_> = (0..1200u16)
        .map(|n| {
            let mut pod = Pod::clone(&pod(1, n % 2 == 0, 80));
            pod.metadata.uid = Some(n.to_string());
            pod.status.as_mut().expect("status").pod_ips.as_mut().expect("ips")[0].ip =
                format!("10.1.{}.{}", n / 200, n % 200);
            Arc::new(pod)
        })
        .collect();
    let endpoints = plan(&service, spec, &pods, None, None).expect("new");
    let subset = &endpoints.subsets.as_ref().expect("subsets")[0];
    assert_eq!(subset.addresses.as_ref().map(Vec::len), Some(600), "ready ones first");
    assert_eq!(subset.not_ready_addresses.as_ref().map(Vec::len), Some(400));
    assert_eq!(endpoints.annotation("endpoints.kubernetes.io/over-capacity"), Some("truncated"));
}
