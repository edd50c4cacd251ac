//! The table of claims and volumes.

use std::sync::Arc;

use client::Object;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use serde_json::{Value, json};

use super::plan::{Action, Class, phase, plan};
use crate::testkit::object;

fn volume(name: &str, size: &str, claim: Value) -> Arc<PersistentVolume> {
    object(json!({
        "metadata": { "name": name },
        "spec": { "capacity": { "storage": size }, "accessModes": ["ReadWriteOnce"], "storageClassName": "manual", "claimRef": claim },
    }))
}

fn claim(spec: Value, bound: bool) -> Arc<PersistentVolumeClaim> {
    let mut value = json!({
        "metadata": { "name": "c", "namespace": "n", "uid": "u" },
        "spec": { "accessModes": ["ReadWriteOnce"], "storageClassName": "manual", "resources": { "requests": { "storage": "2Gi" } } },
    });
    for (key, field) in spec.as_object().expect("a map") {
        value["spec"][key] = field.clone();
    }
    if bound {
        value["metadata"]["annotations"] = json!({ "pv.kubernetes.io/bind-completed": "yes" });
    }
    object(value)
}

#[test]
fn a_claim_gets_the_smallest_volume_that_fits() {
    let theirs = json!({ "namespace": "n", "name": "other", "uid": "x" });
    let ours = json!({ "namespace": "n", "name": "c" });
    let volumes = [
        volume("small", "1Gi", json!(null)),
        volume("big", "9Gi", json!(null)),
        volume("right", "3Gi", json!(null)),
        volume("taken", "2Gi", theirs),
    ];
    let bound = |claim: &PersistentVolumeClaim, volumes: &[Arc<PersistentVolume>]| match plan(claim, volumes, None) {
        Some(Action::Bind(volume)) => volume.name().to_owned(),
        other => format!("{other:?}").chars().take(40).collect(),
    };
    assert_eq!(bound(&claim(json!({}), false), &volumes), "right");
    assert_eq!(bound(&claim(json!({ "volumeName": "big" }), false), &volumes), "big");
    let reserved = [volume("right", "3Gi", json!(null)), volume("kept", "9Gi", ours)];
    assert_eq!(bound(&claim(json!({}), false), &reserved), "kept");
    assert!(matches!(
        plan(&claim(json!({ "accessModes": ["ReadWriteMany"] }), false), &volumes, None),
        Some(Action::Wait { reason: "ProvisioningFailed", .. })
    ));
    assert!(matches!(
        plan(&claim(json!({ "storageClassName": "" }), false), &volumes, None),
        Some(Action::Wait { reason: "FailedBinding", .. })
    ));
    let lazy = Class { provisioner: "x".to_owned(), waits: true };
    assert!(matches!(
        plan(&claim(json!({}), false), &volumes, Some(&lazy)),
        Some(Action::Wait { reason: "WaitForFirstConsumer", .. })
    ));
    assert!(matches!(
        plan(&claim(json!({ "volumeName": "gone" }), true), &volumes, None),
        Some(Action::Lost("ClaimLost", _))
    ));
    assert!(matches!(
        plan(&claim(json!({ "volumeName": "taken" }), true), &volumes, None),
        Some(Action::Lost("ClaimMisbound", _))
    ));
    assert_eq!(plan(&claim(json!({ "volumeName": "taken" }), false), &volumes, None), None);
}

#[test]
fn a_volume_says_whose_it_is() {
    let ours = json!({ "namespace": "n", "name": "c", "uid": "u" });
    let claim = claim(json!({}), true);
    assert_eq!(phase(&volume("v", "1", json!(null)), None), "Available");
    assert_eq!(phase(&volume("v", "1", json!({ "namespace": "n", "name": "c" })), None), "Available");
    assert_eq!(phase(&volume("v", "1", ours.clone()), Some(&claim)), "Bound");
    assert_eq!(phase(&volume("v", "1", ours.clone()), None), "Released");
    assert_eq!(
        phase(&volume("v", "1", json!({ "namespace": "n", "name": "c", "uid": "old" })), Some(&claim)),
        "Released"
    );
}
