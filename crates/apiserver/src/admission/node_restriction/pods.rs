//! Pods: a node mirrors its static pods, tells the status of those that are bound to it, and ends them.

use apimachinery::{meta, status::Status};
use serde_json::Value;

use super::{super::MIRROR, super::parsed, Asked, verb};
use crate::{
    contract::Operation,
    strategies::json::{list, text},
};

pub(super) fn check(asked: &Asked<'_>, subresource: &str) -> Result<(), Status> {
    let node = asked.node;
    match (subresource, asked.attributes.operation) {
        ("", Operation::Create) => create(asked),
        ("", Operation::Delete) => {
            let Some(old) = asked.attributes.old else {
                return Err(Status::not_found("", "pods", &asked.attributes.info.name));
            };
            if text(old, "/spec/nodeName") == node {
                return Ok(());
            }
            asked.no(format!("node {node:?} can only delete pods with spec.nodeName set to itself"))
        }
        ("", operation) => asked.no(format!(
            "unexpected operation {:?}, node {node:?} can only create and delete mirror pods",
            verb(operation)
        )),
        ("status", _) => status(asked),
        ("eviction", Operation::Create) => {
            let (namespace, name) = (&asked.attributes.info.namespace, asked.name());
            match parsed(asked.reader, "", "pods", namespace, name) {
                Some(pod) if text(&pod, "/spec/nodeName") == node => Ok(()),
                Some(_) => asked.no(format!("node {node} can only evict pods with spec.nodeName set to itself")),
                None => Err(Status::not_found("", "pods", name)),
            }
        }
        ("eviction", operation) => asked.no(format!("unexpected operation {}", verb(operation))),
        (other, _) => {
            asked.no(format!("unexpected pod subresource {other:?}, only 'status' and 'eviction' are allowed"))
        }
    }
}

fn create(asked: &Asked<'_>) -> Result<(), Status> {
    let (node, pod) = (asked.node, asked.object);
    let no = |what: &str| asked.no(format!("node {node:?} {what}"));
    if meta::annotation(pod, MIRROR).is_none() {
        return asked.no(format!("pod does not have {MIRROR:?} annotation, node {node:?} can only create mirror pods"));
    }
    if text(pod, "/spec/nodeName") != node {
        return no("can only create pods with spec.nodeName set to itself");
    }
    let owner = match list(pod, "/metadata/ownerReferences") {
        [] => return no("can only create pods with an owner reference set to itself"),
        [owner] => owner,
        _ => return no("can only create pods with a single owner reference set to itself"),
    };
    if owner["kind"] != "Node" || owner["apiVersion"] != "v1" || owner["name"] != node {
        return no("can only create pods with an owner reference set to itself");
    }
    if owner["controller"] != true {
        return no("can only create pods with a controller owner reference set to itself");
    }
    if owner["blockOwnerDeletion"] == true {
        return no("must not set blockOwnerDeletion on an owner reference");
    }
    let Some(known) = parsed(asked.reader, "", "nodes", "", node) else {
        return Err(Status::not_found("", "nodes", node));
    };
    let (claimed, uid) = (text(owner, "/uid"), meta::uid(&known));
    if claimed != uid {
        return asked.no(format!("node {node} UID mismatch: expected {claimed} got {uid}"));
    }
    match reference(&pod["spec"]) {
        Ok(None) => Ok(()),
        Ok(Some(resource)) => no(&format!("can not create pods that reference {resource}")),
        Err(error) => asked.no(format!("error checking mirror pod for API references: {error}")),
    }
}

/// A mirror pod mirrors what runs already: with references it would open to its node what it may not see.
fn reference(spec: &Value) -> Result<Option<&'static str>, String> {
    let named = |value: &Value, field: &str| !text(value, field).is_empty();
    let any = |value: &Value, path: &str, of: &dyn Fn(&Value) -> bool| list(value, path).iter().any(of);
    let in_env = |all: &str, key: &str| {
        ["/containers", "/initContainers", "/ephemeralContainers"].iter().any(|containers| {
            any(spec, containers, &|container| {
                any(container, "/envFrom", &|from| named(from, &format!("/{all}/name")))
                    || any(container, "/env", &|env| named(env, &format!("/valueFrom/{key}/name")))
            })
        })
    };
    let in_volumes = |of: &dyn Fn(&Value) -> bool| any(spec, "/volumes", of);
    let projected = |volume: &Value, name: &str| any(volume, "/projected/sources", &|source| named(source, name));
    if named(spec, "/serviceAccountName") {
        return Ok(Some("serviceaccounts"));
    }
    let secret_in_volume = |volume: &Value| {
        let fixed = ["/secret/secretName", "/azureFile/secretName", "/csi/nodePublishSecretRef/name"];
        let mut sources = volume.as_object().into_iter().flatten();
        fixed.iter().any(|field| named(volume, field))
            || projected(volume, "/secret/name")
            || sources.any(|(_, source)| named(source, "/secretRef/name"))
    };
    let pull_secret = any(spec, "/imagePullSecrets", &|secret| named(secret, "/name"));
    if pull_secret || in_env("secretRef", "secretKeyRef") || in_volumes(&secret_in_volume) {
        return Ok(Some("secrets"));
    }
    let map_in_volume = |volume: &Value| named(volume, "/configMap/name") || projected(volume, "/configMap/name");
    if in_env("configMapRef", "configMapKeyRef") || in_volumes(&map_in_volume) {
        return Ok(Some("configmaps"));
    }
    if !list(spec, "/resourceClaims").is_empty() {
        return Ok(Some("resourceclaims"));
    }
    for volume in list(spec, "/volumes") {
        if let Some(resource) = of_volume(volume)? {
            return Ok(Some(resource));
        }
    }
    Ok(None)
}

/// Volumes that need nothing of the API but what was looked for before.
const PLAIN: [&str; 22] = [
    "awsElasticBlockStore",
    "azureDisk",
    "cephfs",
    "cinder",
    "downwardAPI",
    "emptyDir",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "gitRepo",
    "hostPath",
    "image",
    "iscsi",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
];
/// What the others refer to.
const REFERRING: [(&str, &str); 7] = [
    ("configMap", "configmaps (via configmap volumes)"),
    ("secret", "secrets (via secret volumes)"),
    ("csi", "csidrivers (via CSI volumes)"),
    ("glusterfs", "endpoints (via glusterFS volumes)"),
    ("persistentVolumeClaim", "persistentvolumeclaims"),
    ("ephemeral", "persistentvolumeclaims (via ephemeral volumes)"),
    ("azureFile", "secrets (via azureFile volumes)"),
];
/// What sources of projected volumes refer to.
const PROJECTED: [(&str, &str); 5] = [
    ("configMap", "configmaps (via projected volumes)"),
    ("secret", "secrets (via projected volumes)"),
    ("serviceAccountToken", "serviceaccounts (via projected volumes)"),
    ("clusterTrustBundle", "clustertrustbundles"),
    ("podCertificate", "podcertificates"),
];

fn of_volume(volume: &Value) -> Result<Option<&'static str>, String> {
    let has = |value: &Value, field: &str| !value[field].is_null();
    let first = |table: &[(&str, &'static str)], value: &Value| {
        table.iter().find(|(field, _)| has(value, field)).map(|(_, resource)| *resource)
    };
    if PLAIN.iter().any(|field| has(volume, field)) {
        return Ok(None);
    }
    if let Some(resource) = first(&REFERRING, volume) {
        return Ok(Some(resource));
    }
    let name = text(volume, "/name");
    if !has(volume, "projected") {
        return Err(format!("unknown volume type for volume  {name:?}"));
    }
    for source in list(volume, "/projected/sources") {
        match first(&PROJECTED, source) {
            Some(resource) => return Ok(Some(resource)),
            None if has(source, "downwardAPI") => {}
            None => return Err(format!("unknown source for projected volume {name:?}")),
        }
    }
    Ok(None)
}

fn status(asked: &Asked<'_>) -> Result<(), Status> {
    let (node, pod) = (asked.node, asked.object);
    let Some(old) = asked.attributes.old.filter(|_| asked.attributes.operation == Operation::Update) else {
        return asked.unexpected();
    };
    if text(old, "/spec/nodeName") != node {
        return asked.no(format!("node {node:?} can only update pod status for pods with spec.nodeName set to itself"));
    }
    if meta::labels(old).cloned().unwrap_or_default() != meta::labels(pod).cloned().unwrap_or_default() {
        return asked.no(format!("node {node:?} cannot update labels through pod status"));
    }
    // The scheduler and the claims' controller write these: they say what the node may read.
    for (field, what) in [
        ("resourceClaimStatuses", "resource claim statues"),
        ("extendedResourceClaimStatus", "extended resource claim status"),
        ("nodeAllocatableResourceClaimStatuses", "node allocatable resource claim statuses"),
    ] {
        let of = |pod: &Value| match &pod["status"][field] {
            Value::Array(all) if all.is_empty() => Value::Null,
            value => value.clone(),
        };
        if of(old) != of(pod) {
            return asked.no(format!("node {node:?} cannot update {what}"));
        }
    }
    Ok(())
}
