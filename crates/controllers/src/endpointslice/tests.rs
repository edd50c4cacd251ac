//! Tables of services, pods and slices.

use std::sync::Arc;

use client::Object;
use k8s_openapi::api::{
    core::v1::{Pod, Service},
    discovery::v1::EndpointSlice,
};
use serde_json::json;

use super::plan::{Action, FULL, Input, MANAGED_BY, plan};
use crate::testkit::object;

fn service(spec: serde_json::Value) -> Arc<Service> {
    let mut value = json!({
        "metadata": { "name": "web", "namespace": "default", "uid": "s", "labels": { "team": "a" } },
        "spec": { "selector": { "app": "web" }, "clusterIP": "10.96.0.9", "ipFamilies": ["IPv4"],
                  "ports": [{ "name": "http", "port": 80, "targetPort": "web", "protocol": "TCP" }] },
    });
    for (key, field) in spec.as_object().expect("a map") {
        value["spec"][key] = field.clone();
    }
    object(value)
}

fn pod(number: usize, ready: bool, deleting: bool) -> Arc<Pod> {
    let mut value = json!({
        "metadata": { "name": format!("p{number}"), "namespace": "default", "uid": format!("u{number}") },
        "spec": { "nodeName": "n1", "containers": [{ "name": "c", "ports": [{ "name": "web", "containerPort": 8080 }] }] },
        "status": { "phase": "Running", "podIPs": [{ "ip": format!("10.244.{}.{}", number / 200, number % 200 + 1) }],
                    "conditions": [{ "type": "Ready", "status": if ready { "True" } else { "False" } }] },
    });
    if deleting {
        value["metadata"]["deletionTimestamp"] = json!("1970-01-01T00:00:09Z");
    }
    object(value)
}

fn run(service: &Service, pods: &[Arc<Pod>], slices: &[Arc<EndpointSlice>]) -> Vec<Action> {
    let spec = service.spec.as_ref().expect("a spec");
    plan(&Input { service, spec, pods, slices, zone: &|_| Some("z".to_owned()), trigger: None })
}

/// Applies actions to slices in memory.
fn apply(slices: &mut Vec<Arc<EndpointSlice>>, actions: Vec<Action>) {
    for action in actions {
        match action {
            Action::Create(mut slice) => {
                slice.metadata.name = Some(format!("web-{}", slices.len()));
                slice.metadata.uid = slice.metadata.name.clone();
                slices.push(Arc::from(slice));
            }
            Action::Update(changed) => {
                slices.iter_mut().filter(|s| s.uid() == changed.uid()).for_each(|s| *s = Arc::new((*changed).clone()));
            }
            Action::Delete(gone) => slices.retain(|s| s.uid() != gone.uid()),
        }
    }
}

#[test]
fn conditions_tell_ready_serving_and_terminating() {
    let cases = [
        (json!({}), true, false, (true, true, false)),
        (json!({}), false, false, (false, false, false)),
        (json!({}), true, true, (false, true, true)),
        (json!({ "publishNotReadyAddresses": true }), false, true, (true, false, true)),
    ];
    for (spec, ready, deleting, expected) in cases {
        let actions = run(&service(spec), &[pod(1, ready, deleting)], &[]);
        let [Action::Create(slice)] = actions.as_slice() else {
            panic!("{actions:?}");
        };
        let endpoint = &slice.endpoints.as_ref().expect("endpoints")[0];
        let c = endpoint.conditions.clone().expect("conditions");
        assert_eq!((c.ready, c.serving, c.terminating), (Some(expected.0), Some(expected.1), Some(expected.2)));
        assert_eq!(slice.ports.as_ref().and_then(|p| p[0].port), Some(8080));
        assert_eq!(endpoint.zone.as_deref(), Some("z"));
        assert_eq!(slice.label(MANAGED_BY), Some("endpointslice-controller.k8s.io"));
        assert_eq!(slice.label("team"), Some("a"));
    }
}

#[test]
fn slices_are_filled_kept_and_emptied_with_few_writes() {
    let service = service(json!({}));
    let mut slices = Vec::new();
    apply(&mut slices, run(&service, &[], &[]));
    assert_eq!(slices.len(), 1, "an empty slice says that there are no endpoints");
    let pods: Vec<_> = (0..FULL * 2 + 5).map(|n| pod(n, true, false)).collect();
    let actions = run(&service, &pods, &slices);
    apply(&mut slices, actions);
    let sizes: Vec<_> = slices.iter().map(|s| s.endpoints.as_ref().map_or(0, Vec::len)).collect();
    assert_eq!(sizes, [FULL, FULL, 5]);
    assert_eq!(run(&service, &pods, &slices), [], "nothing changes, nothing is written");
    let mut fewer = pods.clone();
    fewer.remove(3);
    let actions = run(&service, &fewer, &slices);
    assert!(matches!(actions.as_slice(), [Action::Update(_)]), "{actions:?}");
    let actions = run(&service, &[], &slices);
    apply(&mut slices, actions);
    assert_eq!(slices.len(), 1);
    assert_eq!(run(&service, &[], &slices), []);
}

#[test]
fn slices_of_an_earlier_service_and_unknown_ports_are_replaced() {
    let first = service(json!({}));
    let mut slices = Vec::new();
    apply(&mut slices, run(&first, &[pod(1, true, false)], &[]));
    let mut again = Service::clone(&first);
    again.metadata.uid = Some("other".to_owned());
    let actions = run(&again, &[pod(1, true, false)], &slices);
    assert!(matches!(actions.as_slice(), [Action::Create(_), Action::Delete(_)]), "{actions:?}");
    let moved = service(json!({ "ports": [{ "name": "http", "port": 80, "targetPort": 9999 }] }));
    let actions = run(&moved, &[pod(1, true, false)], &slices);
    apply(&mut slices, actions);
    assert_eq!(slices.len(), 1);
    assert_eq!(slices[0].ports.as_ref().and_then(|p| p[0].port), Some(9999));
}

#[test]
fn a_headless_service_is_marked() {
    let headless = service(json!({ "clusterIP": "None", "ports": null }));
    let actions = run(&headless, &[pod(1, true, false)], &[]);
    let [Action::Create(slice)] = actions.as_slice() else {
        panic!("{actions:?}");
    };
    assert_eq!((slice.label("service.kubernetes.io/headless"), slice.ports.is_none()), (Some(""), true));
}
