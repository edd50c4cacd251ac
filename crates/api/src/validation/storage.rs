//! Volumes, storage classes, drivers.

use super::cursor::{At, NOT_POSITIVE, Report};
use super::{diff, labels};
use apimachinery::field::{FieldError, Path};
use apimachinery::names;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) const ACCESS_MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

const SOURCES: [&str; 22] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];

/// The name of a CSI driver.
pub(super) fn driver_name(at: &At<'_>, report: &mut Report) {
    if at.text().is_empty() {
        report.required(at, "");
        return;
    }
    if at.text().len() > 63 {
        report.too_long(at, 63);
    }
    for message in names::dns1123_subdomain(&at.text().to_lowercase()) {
        report.invalid(at, message);
    }
}

/// `accessModes`.
pub(super) fn access_modes(at: &At<'_>, report: &mut Report) {
    let (mut alone, mut others) = (false, false);
    for mode in at.items() {
        if !ACCESS_MODES.contains(&mode.text()) {
            report.push(FieldError::not_supported(&at.path, mode.text(), &ACCESS_MODES));
        } else if mode.text() == "ReadWriteOncePod" {
            alone = true;
        } else {
            others = true;
        }
    }
    if alone && others {
        report.forbidden(at, "may not use ReadWriteOncePod with other access modes");
    }
}

pub(super) fn volume(new: &Value, old: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    let modes = spec.child("accessModes");
    if modes.count() == 0 {
        report.required(&modes, "");
    }
    access_modes(&modes, report);
    capacity(&spec.child("capacity"), report);
    let reclaim = spec.child("persistentVolumeReclaimPolicy");
    if !reclaim.text().is_empty() {
        report.maybe_one_of(&reclaim, &["Delete", "Recycle", "Retain"]);
    }
    let affinity = spec.child("nodeAffinity");
    if !affinity.is_absent() {
        let required = affinity.child("required");
        if required.is_absent() {
            report.required(&required, "must specify required node constraints");
        } else {
            labels::node_selector(&required, report);
        }
    }
    sources(&spec, affinity.is_absent(), report);
    if spec.child("hostPath").get("path") == "/" && reclaim.text() == "Recycle" {
        report.forbidden(&reclaim, "may not be 'recycle' for a hostPath mount of '/'");
    }
    if !spec.get("storageClassName").is_empty() {
        report.subdomain(&spec.child("storageClassName"));
    }
    report.maybe_one_of(&spec.child("volumeMode"), &["Block", "Filesystem"]);
    let attributes = spec.child("volumeAttributesClassName");
    if !attributes.is_absent() {
        if attributes.text().is_empty() {
            report.required(&attributes, "an empty string is disallowed");
        } else {
            report.subdomain(&attributes);
        }
        if !spec.has("csi") {
            report.required(&spec.child("csi"), "has to be specified when using volumeAttributesClassName");
        }
    }
    if let Some(old) = old {
        volume_update(&spec, &old["spec"], report);
    }
}

fn capacity(at: &At<'_>, report: &mut Report) {
    if at.count() == 0 {
        report.required(at, "");
    }
    if !at.has("storage") || at.count() > 1 {
        report.push(FieldError::not_supported(&at.path, at.value.clone(), &["storage"]));
    }
    for (_, amount) in at.entries() {
        if let Some(quantity) = amount.quantity()
            && (quantity.is_zero() || quantity.is_negative())
        {
            report.invalid_value(&amount, quantity.to_string(), NOT_POSITIVE);
        }
    }
}

fn sources(spec: &At<'_>, no_affinity: bool, report: &mut Report) {
    let mut found = false;
    for kind in SOURCES {
        let at = spec.child(kind);
        if at.is_absent() {
            continue;
        }
        // Upstream lets this one stand beside another.
        if found && kind != "flexVolume" {
            let name = if kind == "cephfs" { "cephFS" } else { kind };
            report.push(FieldError::forbidden(&spec.path.child(name), "may not specify more than 1 volume type"));
            continue;
        }
        found = true;
        let need = |fields: &[&str], report: &mut Report| {
            for field in fields.iter().filter(|f| at.get(f).is_empty()) {
                report.required(&at.child(field), "");
            }
        };
        match kind {
            "hostPath" => need(&["path"], report),
            "nfs" => {
                need(&["server", "path"], report);
                if !at.get("path").starts_with('/') {
                    report.invalid_value(&at.child("path"), at.get("path"), "must be an absolute path");
                }
            }
            "glusterfs" => need(&["endpoints", "path"], report),
            "rbd" => {
                if at.child("monitors").count() == 0 {
                    report.required(&at.child("monitors"), "");
                }
                need(&["image"], report);
            }
            "local" => {
                need(&["path"], report);
                if at.get("path").split('/').any(|p| p == "..") {
                    report.invalid(&at.child("path"), "must not contain '..'");
                }
                if no_affinity {
                    report.required(
                        &At::new(&Value::Null, Path::new("metadata").child("annotations")),
                        "Local volume requires node affinity",
                    );
                }
            }
            "csi" => {
                driver_name(&at.child("driver"), report);
                need(&["volumeHandle"], report);
            }
            _ => {}
        }
    }
    if !found {
        report.required(spec, "must specify a volume type");
    }
}

fn volume_update(spec: &At<'_>, old: &Value, report: &mut Report) {
    let only_sources = |value: &Value| -> Value {
        let known = value.as_object().into_iter().flatten().filter(|(k, _)| SOURCES.contains(&k.as_str()));
        Value::Object(known.map(|(k, v)| (k.clone(), v.clone())).collect())
    };
    let (now, was) = (only_sources(spec.value), only_sources(old));
    if now != was {
        let detail = format!("spec.persistentvolumesource is immutable after creation\n{}", diff::unified(&was, &now));
        report.push(FieldError::forbidden(&spec.path.child("persistentvolumesource"), detail));
    }
    report.immutable(&At::new(spec.field("volumeMode"), Path::new("volumeMode")), &old["volumeMode"]);
    if !old["nodeAffinity"].is_null() {
        report.immutable(&At::new(spec.field("nodeAffinity"), Path::new("nodeAffinity")), &old["nodeAffinity"]);
    }
    if !old["volumeAttributesClassName"].is_null() && !spec.has("volumeAttributesClassName") {
        report.forbidden(&spec.child("volumeAttributesClassName"), "update from non-nil value to nil is forbidden");
    }
}

pub(super) fn class(new: &Value, old: Option<&Value>, report: &mut Report) {
    let provisioner = At::root(new, "provisioner");
    if provisioner.text().is_empty() {
        report.required(&provisioner, "");
    } else {
        let name = provisioner.text().to_lowercase();
        for message in names::qualified_name(&name) {
            report.invalid_value(&provisioner, name.as_str(), message);
        }
    }
    let parameters = At::root(new, "parameters");
    if parameters.count() > 512 {
        report.too_long(&parameters, 512);
    }
    if parameters.entries().map(|(k, v)| k.len() + v.text().len()).sum::<usize>() > 256 * 1024 {
        report.too_long(&parameters, 256 * 1024);
    }
    report.maybe_one_of(&At::root(new, "reclaimPolicy"), &["Delete", "Retain"]);
    report.maybe_one_of(&At::root(new, "volumeBindingMode"), &["Immediate", "WaitForFirstConsumer"]);
    for term in At::root(new, "allowedTopologies").items() {
        let mut keys = BTreeSet::new();
        for e in term.child("matchLabelExpressions").items() {
            let (key, values) = (e.child("key"), e.child("values"));
            if values.count() == 0 {
                report.required(&values, "");
            }
            let mut seen = BTreeSet::new();
            for value in values.items().filter(|v| !seen.insert(v.text())) {
                report.duplicate(&value, value.text());
            }
            report.qualified(&key);
            if !keys.insert(key.text()) {
                report.duplicate(&key, key.text());
            }
        }
    }
    if let Some(old) = old {
        for field in ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] {
            report.immutable(&At::root(new, field), &old[field]);
        }
    }
}

pub(super) fn csi_driver(new: &Value, old: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    report.maybe_one_of(&spec.child("fsGroupPolicy"), &["File", "None", "ReadWriteOnceWithFSType"]);
    for mode in spec.child("volumeLifecycleModes").items() {
        report.maybe_one_of(&mode, &["Ephemeral", "Persistent"]);
    }
    if let Some(old) = old {
        report.immutable(&spec.child("attachRequired"), &old["spec"]["attachRequired"]);
        report.immutable(&spec.child("volumeLifecycleModes"), &old["spec"]["volumeLifecycleModes"]);
    }
}
