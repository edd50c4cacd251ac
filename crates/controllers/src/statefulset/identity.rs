//! The pods and claims of a stateful set by their numbers.

use std::collections::BTreeMap;

use client::Object;
use k8s_openapi::{
    api::{
        apps::v1::StatefulSet,
        core::v1::{PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Pod, PodTemplateSpec, Volume},
    },
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};

use crate::{history::REVISION_LABEL, pods};

const NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
const INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";

/// Name of a pod.
#[must_use]
pub fn pod_name(set: &StatefulSet, ordinal: i32) -> String {
    format!("{}-{ordinal}", Object::name(set))
}

/// The number of a pod of this set.
#[must_use]
pub fn ordinal(set: &StatefulSet, pod: &Pod) -> Option<i32> {
    let number = Object::name(pod).strip_prefix(Object::name(set))?.strip_prefix('-')?;
    let canonical = number == "0" || !number.starts_with('0');
    number.parse().ok().filter(|n| *n >= 0 && canonical)
}

/// The first number.
#[must_use]
pub fn start(set: &StatefulSet) -> i32 {
    set.spec.ordinals.as_ref().and_then(|o| o.start).unwrap_or_default()
}

/// Whether claims go with the set, and whether they go when it shrinks.
#[must_use]
pub fn retention(set: &StatefulSet) -> (bool, bool) {
    let policy = set.spec.persistent_volume_claim_retention_policy.as_ref();
    let deletes = |p: Option<&String>| p.is_some_and(|p| p == "Delete");
    (deletes(policy.and_then(|p| p.when_deleted.as_ref())), deletes(policy.and_then(|p| p.when_scaled.as_ref())))
}

fn claim_name(template: &PersistentVolumeClaim, pod: &str) -> String {
    format!("{}-{pod}", Object::name(template))
}

/// The claims of a pod.
#[must_use]
pub fn claims(set: &StatefulSet, ordinal: i32) -> Vec<PersistentVolumeClaim> {
    let pod = pod_name(set, ordinal);
    let templates = set.spec.volume_claim_templates.iter().flatten();
    let claim = |template: &PersistentVolumeClaim| {
        let mut labels: BTreeMap<String, String> = template.metadata.labels.clone().unwrap_or_default();
        labels.extend(set.spec.selector.match_labels.clone().unwrap_or_default());
        let owner = OwnerReference { block_owner_deletion: None, controller: None, ..set.owner_reference() };
        PersistentVolumeClaim {
            metadata: ObjectMeta {
                name: Some(claim_name(template, &pod)),
                namespace: set.metadata.namespace.clone(),
                labels: Some(labels),
                annotations: template.metadata.annotations.clone(),
                owner_references: retention(set).0.then(|| vec![owner]),
                ..ObjectMeta::default()
            },
            spec: template.spec.clone(),
            status: None,
        }
    };
    templates.map(claim).collect()
}

/// A pod of a template and revision.
#[must_use]
pub fn pod(set: &StatefulSet, template: &PodTemplateSpec, revision: &str, ordinal: i32) -> Pod {
    let name = pod_name(set, ordinal);
    let mut pod = pods::from_template(Object::namespace(set), Object::name(set), template, set.owner_reference());
    pod.metadata.generate_name = None;
    pod.metadata.name = Some(name.clone());
    let labels = pod.metadata.labels.get_or_insert_default();
    labels.insert(NAME_LABEL.to_owned(), name.clone());
    labels.insert(INDEX_LABEL.to_owned(), ordinal.to_string());
    labels.insert(REVISION_LABEL.to_owned(), revision.to_owned());
    let spec = pod.spec.get_or_insert_default();
    spec.hostname = Some(name.clone());
    spec.subdomain = set.spec.service_name.clone().filter(|s| !s.is_empty());
    let templates: Vec<&PersistentVolumeClaim> = set.spec.volume_claim_templates.iter().flatten().collect();
    let mut volumes: Vec<Volume> = templates
        .iter()
        .map(|template| Volume {
            name: Object::name(*template).to_owned(),
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: claim_name(template, &name),
                read_only: None,
            }),
            ..Volume::default()
        })
        .collect();
    let is_claimed = |v: &Volume| templates.iter().any(|t| Object::name(*t) == v.name);
    volumes.extend(spec.volumes.take().unwrap_or_default().into_iter().filter(|v| !is_claimed(v)));
    spec.volumes = (!volumes.is_empty()).then_some(volumes);
    pod
}
