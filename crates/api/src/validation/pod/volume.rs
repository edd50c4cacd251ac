//! Volumes, their mounts and devices.

use super::{Pod, Volumes, env, projected};
use crate::access::{items, text};
use crate::validation::cursor::{At, Report};
use crate::validation::{storage, storage_claims};
use apimachinery::field::FieldError;
use apimachinery::names;
use serde_json::Value;
use std::collections::BTreeSet;

const MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";

/// Checks volumes and gives back the sound ones.
pub(super) fn volumes<'v>(at: &At<'v>, meta: Option<&Value>, report: &mut Report) -> Volumes<'v> {
    let mut sound = Volumes::new();
    let owner = meta.map(|m| text(&m["name"])).unwrap_or_default();
    let made: BTreeSet<String> = items(at.value)
        .iter()
        .filter(|v| !owner.is_empty() && !v["ephemeral"].is_null())
        .map(|v| format!("{owner}-{}", text(&v["name"])))
        .collect();
    for volume in at.items() {
        let before = report.errors.len();
        source(&volume, owner, report);
        let name = volume.child("name");
        if name.text().is_empty() {
            report.required(&name, "");
        } else {
            report.label(&name);
        }
        if sound.contains_key(name.text()) {
            report.duplicate(&name, name.text());
        }
        if report.errors.len() == before {
            sound.insert(name.text(), volume.value);
        }
        let claim = volume.down(&["persistentVolumeClaim", "claimName"]);
        if made.contains(claim.text()) {
            report.invalid(&claim, "must not reference a PVC that gets created for an ephemeral volume");
        }
    }
    sound
}

/// In the order in which upstream looks.
const SOURCES: [&str; 30] = [
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
];

fn source(volume: &At<'_>, owner: &str, report: &mut Report) {
    let mut found = false;
    for kind in SOURCES {
        if !volume.has(kind) {
            continue;
        }
        let at = volume.child(kind);
        if found {
            // Upstream's spelling of these paths.
            let name = match kind {
                "cephfs" => "cephFS",
                "downwardAPI" => "downwarAPI",
                other => other,
            };
            report.push(FieldError::forbidden(&volume.path.child(name), "may not specify more than 1 volume type"));
            continue;
        }
        found = true;
        one_source(kind, &at, report);
        if kind == "ephemeral" && !owner.is_empty() && !volume.get("name").is_empty() {
            let claim = format!("{owner}-{}", volume.get("name"));
            for message in names::dns1123_subdomain(&claim) {
                report.invalid(&volume.child("name"), format!("PVC name {claim:?}: {message}"));
            }
        }
    }
    if !found {
        report.required(volume, "must specify a volume type");
    }
}

fn one_source(kind: &str, at: &At<'_>, report: &mut Report) {
    match kind {
        "emptyDir" => {
            let limit = at.child("sizeLimit");
            if limit.quantity().is_some_and(|q| q.is_negative()) {
                report.forbidden(&limit, "SizeLimit field must be a valid resource quantity");
            }
        }
        "hostPath" => host_path(at, report),
        "secret" | "configMap" => {
            needed(at, &[if kind == "secret" { "secretName" } else { "name" }], report);
            mode(&at.child("defaultMode"), report);
            at.child("items").items().for_each(|item| key_to_path(&item, report));
        }
        "persistentVolumeClaim" => needed(at, &["claimName"], report),
        "nfs" => nfs(at, report),
        "downwardAPI" => {
            mode(&at.child("defaultMode"), report);
            // Upstream says the path of the volume here, not of the item.
            at.child("items").items().for_each(|item| downward_file(&At::new(item.value, at.path.clone()), report));
        }
        "projected" => projected::projected(at, report),
        "csi" => {
            storage::driver_name(&at.child("driver"), report);
            let secret = at.child("nodePublishSecretRef");
            if !secret.is_absent() {
                report.required_subdomain(&secret.child("name"));
            }
        }
        "ephemeral" => {
            let template = at.child("volumeClaimTemplate");
            if template.is_absent() {
                report.required(&template, "");
            } else {
                storage_claims::spec(&template.child("spec"), report);
            }
        }
        "image" => {
            needed(at, &["reference"], report);
            report.one_of(&at.child("pullPolicy"), &["Always", "IfNotPresent", "Never"]);
        }
        "gitRepo" => {
            needed(at, &["repository"], report);
            no_backsteps(&at.child("directory"), report);
        }
        "gcePersistentDisk" => needed(at, &["pdName"], report),
        "awsElasticBlockStore" | "cinder" => needed(at, &["volumeID"], report),
        "iscsi" => needed(at, &["targetPortal", "iqn"], report),
        "glusterfs" => needed(at, &["endpoints", "path"], report),
        "rbd" => needed(at, &["monitors", "image"], report),
        "cephfs" => needed(at, &["monitors"], report),
        "quobyte" => needed(at, &["registry", "volume"], report),
        "flexVolume" => needed(at, &["driver"], report),
        "azureFile" => needed(at, &["secretName", "shareName"], report),
        "azureDisk" => needed(at, &["diskName", "diskURI"], report),
        "vsphereVolume" => needed(at, &["volumePath"], report),
        "photonPersistentDisk" => needed(at, &["pdID"], report),
        "portworxVolume" => needed(at, &["volumeID"], report),
        "scaleIO" => needed(at, &["gateway", "system", "volumeName"], report),
        _ => {}
    }
}

/// Fields that must not be empty.
pub(super) fn needed(at: &At<'_>, fields: &[&str], report: &mut Report) {
    for field in fields {
        let at = at.child(field);
        if at.text().is_empty() && at.count() == 0 {
            report.required(&at, "");
        }
    }
}

fn host_path(at: &At<'_>, report: &mut Report) {
    let path = at.child("path");
    if path.text().is_empty() {
        report.required(&path, "");
        return;
    }
    no_backsteps(&path, report);
    let kinds = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    report.maybe_one_of(&at.child("type"), &kinds);
}

fn nfs(at: &At<'_>, report: &mut Report) {
    needed(at, &["server", "path"], report);
    let path = at.child("path");
    if !path.text().starts_with('/') {
        report.invalid_value(&path, path.text(), "must be an absolute path");
    }
}

pub(super) fn mode(at: &At<'_>, report: &mut Report) {
    if !at.is_absent() && !(0..=0o777).contains(&at.whole()) {
        report.invalid(at, MODE);
    }
}

pub(super) fn key_to_path(at: &At<'_>, report: &mut Report) {
    needed(at, &["key", "path"], report);
    local_not_reserved(&at.child("path"), report);
    mode(&at.child("mode"), report);
    report.id(&at.child("user"));
}

pub(super) fn downward_file(at: &At<'_>, report: &mut Report) {
    needed(at, &["path"], report);
    local_not_reserved(&at.child("path"), report);
    let (field, resource) = (at.child("fieldRef"), at.child("resourceFieldRef"));
    if !field.is_absent() {
        env::field_selector(&field, &env::VOLUME_FIELDS, report);
        if !resource.is_absent() {
            report.invalid_value(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
        }
    } else if !resource.is_absent() {
        env::resource_selector(&resource, true, report);
    } else {
        report.required(at, "one of fieldRef and resourceFieldRef is required");
    }
    mode(&at.child("mode"), report);
}

pub(super) fn no_backsteps(at: &At<'_>, report: &mut Report) {
    if at.text().split('/').any(|part| part == "..") {
        report.invalid(at, "must not contain '..'");
    }
}

/// A relative path that stays below.
pub(super) fn local_descending(at: &At<'_>, report: &mut Report) {
    if at.text().starts_with('/') {
        report.invalid(at, "must be a relative path");
    }
    no_backsteps(at, report);
}

/// Names that begin with two dots belong to the atomic writer.
pub(super) fn local_not_reserved(at: &At<'_>, report: &mut Report) {
    local_descending(at, report);
    if at.text().starts_with("..") && !at.text().starts_with("../") {
        report.invalid(at, "must not start with '..'");
    }
}

pub(super) fn mounts(pod: &Pod<'_>, container: &At<'_>, report: &mut Report) {
    let list = container.child("volumeMounts");
    let devices = items(container.field("volumeDevices"));
    let mut points = BTreeSet::new();
    for mount in list.items() {
        let (name, path) = (mount.child("name"), mount.child("mountPath"));
        if name.text().is_empty() {
            report.required(&name, "");
        }
        if !pod.volumes.contains_key(name.text()) {
            report.not_found(&name, name.text());
        }
        if path.text().is_empty() {
            report.required(&path, "");
        }
        if !points.insert(path.text()) {
            report.invalid_value(&path, path.text(), "must be unique");
        }
        if devices.iter().any(|d| text(&d["name"]) == name.text()) {
            report.invalid_value(&name, name.text(), "must not already exist in volumeDevices");
        }
        if devices.iter().any(|d| text(&d["devicePath"]) == path.text()) {
            report.invalid_value(&path, path.text(), "must not already exist as a path in volumeDevices");
        }
        sub_paths(&mount, &list, report);
        propagation(container, &mount, &list, report);
    }
}

/// Upstream says the path of the list here, not of the item.
fn sub_paths(mount: &At<'_>, list: &At<'_>, report: &mut Report) {
    let moved = |field: &str| At::new(mount.field(field), list.path.child(field));
    let (path, expression) = (moved("subPath"), moved("subPathExpr"));
    if !path.text().is_empty() {
        local_descending(&path, report);
    }
    if !expression.text().is_empty() {
        if !path.text().is_empty() {
            report.invalid(&mount.child("subPathExpr"), "subPathExpr and subPath are mutually exclusive");
        }
        local_descending(&expression, report);
    }
}

fn propagation(container: &At<'_>, mount: &At<'_>, list: &At<'_>, report: &mut Report) {
    let moved = |field: &str| At::new(mount.field(field), list.path.child(field));
    let propagation = moved("mountPropagation");
    report.maybe_one_of(&propagation, &["Bidirectional", "HostToContainer", "None"]);
    if propagation.text() == "Bidirectional" && !container.child("securityContext").flag("privileged") {
        report.forbidden(&propagation, "Bidirectional mount propagation is available only to privileged containers");
    }
    let recursive = moved("recursiveReadOnly");
    match recursive.text() {
        "Enabled" | "IfPossible" => {
            if !mount.flag("readOnly") {
                report.forbidden(&recursive, "may only be specified when readOnly is true");
            }
            if !propagation.is_absent() && propagation.text() != "None" {
                report.forbidden(&recursive, "may only be specified when mountPropagation is None or not specified");
            }
        }
        _ => report.maybe_one_of(&recursive, &["Disabled", "Enabled", "IfPossible"]),
    }
}

pub(super) fn devices(pod: &Pod<'_>, container: &At<'_>, report: &mut Report) {
    let mounts = items(container.field("volumeMounts"));
    let (mut paths, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for device in container.child("volumeDevices").items() {
        let (name, path) = (device.child("name"), device.child("devicePath"));
        if name.text().is_empty() {
            report.required(&name, "");
        }
        if seen.contains(name.text()) {
            report.invalid(&name, "must be unique");
        }
        match pod.volumes.get(name.text()) {
            None => report.not_found(&name, name.text()),
            Some(volume) if volume["persistentVolumeClaim"].is_null() && volume["ephemeral"].is_null() => {
                report.invalid(
                    &name,
                    "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
                );
            }
            Some(_) => {}
        }
        if path.text().is_empty() {
            report.required(&path, "");
        }
        if paths.contains(path.text()) {
            report.invalid(&path, "must be unique");
        }
        if path.text().split('/').any(|p| p == "..") {
            report.invalid(&path, "can not contain backsteps ('..')");
        } else {
            paths.insert(path.text());
        }
        if mounts.iter().any(|m| text(&m["name"]) == name.text()) {
            report.invalid(&name, "must not already exist in volumeMounts");
        }
        if mounts.iter().any(|m| text(&m["mountPath"]) == path.text()) {
            report.push(FieldError::invalid(
                &path.path,
                path.text(),
                "must not already exist as a path in volumeMounts",
            ));
        }
        if !name.text().is_empty() {
            seen.insert(name.text());
        }
    }
}
