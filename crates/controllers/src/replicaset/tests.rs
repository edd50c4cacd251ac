//! Tables for the number of pods, the order of deletion, and the status.

use std::sync::Arc;

use client::Object;
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use serde_json::json;

use super::{
    kinds::{Counts, Wanted},
    plan::{Action, Trouble, counts, next_check, plan},
};
use crate::testkit::{at, object};

fn pod(name: &str, node: &str, phase: &str, ready: Option<i64>) -> Arc<Pod> {
    let mut value = json!({
        "metadata": { "name": name, "uid": name, "labels": { "app": "a" }, "creationTimestamp": "1970-01-01T00:00:01Z" },
        "spec": { "containers": [], "nodeName": node },
        "status": { "phase": phase },
    });
    if let Some(since) = ready {
        value["status"]["conditions"] =
            json!([{ "type": "Ready", "status": "True", "lastTransitionTime": at(since).to_string() }]);
    }
    object(value)
}

#[test]
fn the_number_is_kept() {
    let pods: Vec<_> = ["a", "b", "c"].iter().map(|n| pod(n, "n", "Running", Some(1))).collect();
    assert_eq!(plan(3, &pods, 0, &[], at(9)), Action::Keep);
    assert_eq!(plan(5, &pods, 0, &[], at(9)), Action::Create(2));
    assert_eq!(plan(5, &pods, 2, &[], at(9)), Action::Keep, "what is on its way counts");
    assert_eq!(plan(900, &pods, 0, &[], at(9)), Action::Create(500));
    assert_eq!(plan(0, &[], 2, &[], at(9)), Action::Keep, "what does not show cannot be deleted yet");
}

#[test]
fn the_least_useful_pods_go_first() {
    let mut cheap = Pod::clone(&pod("cheap", "n1", "Running", Some(1)));
    cheap.metadata.annotations = Some(crate::testkit::labels(&[("controller.kubernetes.io/pod-deletion-cost", "-5")]));
    let order = [
        pod("unscheduled", "", "Pending", None),
        pod("pending", "n1", "Pending", None),
        pod("not-ready", "n1", "Running", None),
        Arc::new(cheap),
        pod("crowded", "n2", "Running", Some(1)),
        pod("young", "n1", "Running", Some(9_000)),
        pod("old", "n1", "Running", Some(1)),
    ];
    let mut related = order.to_vec();
    related.extend((0..9).map(|i| pod(&format!("other-{i}"), "n2", "Running", Some(1))));
    for keep in 0..order.len() {
        let mut shuffled = order.to_vec();
        shuffled.reverse();
        let Action::Delete(gone) = plan(i32::try_from(keep).expect("small"), &shuffled, 0, &related, at(10_000)) else {
            panic!("nothing deleted");
        };
        let gone: Vec<_> = gone.iter().map(|p| p.name().to_owned()).collect();
        let expected: Vec<_> = order.iter().take(order.len() - keep).map(|p| p.name().to_owned()).collect();
        assert_eq!(gone, expected);
    }
}

#[test]
fn the_status_counts_ready_and_available_pods() {
    let template: PodTemplateSpec =
        serde_json::from_value(json!({ "metadata": { "labels": { "app": "a" } } })).expect("a template");
    let wanted = Wanted { replicas: 3, min_ready_seconds: 10, template: Some(&template) };
    let pods = [pod("a", "n", "Running", Some(1)), pod("b", "n", "Running", Some(95)), pod("c", "n", "Running", None)];
    let status = counts(wanted, &Counts::default(), 4, (&pods, 1), None, at(100));
    assert_eq!(
        (status.replicas, status.fully_labeled, status.ready, status.available, status.terminating, status.generation),
        (3, 3, 2, 1, 1, 4)
    );
    assert_eq!(next_check(&pods, 10, at(100)).map(|d| d.as_secs()), Some(5));
    let trouble = Trouble { reason: "FailedCreate", message: "no".to_owned() };
    let failed = counts(wanted, &status, 4, (&pods, 1), Some(&trouble), at(101));
    let again = counts(wanted, &failed, 4, (&pods, 1), Some(&trouble), at(150));
    assert_eq!(failed.failure, again.failure, "the first failure stays as it is");
    assert_eq!(counts(wanted, &again, 4, (&pods, 1), None, at(151)).failure, None);
}
