//! Volumes, their classes and drivers; devices.

use super::{Of, Printer, or};
use crate::access::{count, flag, items, text};
use serde_json::Value;

pub(super) fn find(kind: &str) -> Option<Printer> {
    let printer: Printer = match kind {
        "PersistentVolume" => volume,
        "PersistentVolumeClaim" => claim,
        "StorageClass" => class,
        "VolumeAttributesClass" => |of| vec![of.name(), of.object["driverName"].clone(), of.age()],
        "VolumeAttachment" => attachment,
        "CSIDriver" => csi_driver,
        "CSINode" => |of| vec![of.name(), count(&of.spec()["drivers"]).into(), of.age()],
        "DeviceClass" | "ResourceClaimTemplate" => |of| vec![of.name(), of.age()],
        "ResourceClaim" => resource_claim,
        "ResourceSlice" => resource_slice,
        "DeviceTaintRule" => device_taint,
        "StorageVersionMigration" => migration,
        _ => return None,
    };
    Some(printer)
}

fn access_modes(modes: &Value) -> String {
    let short =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let known = short.iter().filter(|(long, _)| items(modes).iter().any(|m| m == long)).map(|(_, short)| *short);
    known.collect::<Vec<_>>().join(",")
}

/// The class, by annotation in old objects.
fn storage_class(of: Of<'_>) -> Value {
    let annotation = &of.object["metadata"]["annotations"]["volume.beta.kubernetes.io/storage-class"];
    annotation.as_str().unwrap_or_else(|| text(&of.spec()["storageClassName"])).into()
}

fn phase(of: Of<'_>) -> Value {
    if of.is_being_deleted() { "Terminating".into() } else { text(&of.status()["phase"]).into() }
}

fn volume(of: Of<'_>) -> Vec<Value> {
    let spec = of.spec();
    let claim = &spec["claimRef"];
    let claim =
        if claim.is_null() { String::new() } else { format!("{}/{}", text(&claim["namespace"]), text(&claim["name"])) };
    vec![
        of.name(),
        or(&spec["capacity"]["storage"], "0").into(),
        access_modes(&spec["accessModes"]).into(),
        text(&spec["persistentVolumeReclaimPolicy"]).into(),
        phase(of),
        claim.into(),
        storage_class(of),
        or(&spec["volumeAttributesClassName"], "<unset>").into(),
        text(&of.status()["reason"]).into(),
        of.age(),
        or(&spec["volumeMode"], "<unset>").into(),
    ]
}

fn claim(of: Of<'_>) -> Vec<Value> {
    let (spec, status) = (of.spec(), of.status());
    let bound = !text(&spec["volumeName"]).is_empty();
    vec![
        of.name(),
        phase(of),
        text(&spec["volumeName"]).into(),
        if bound { or(&status["capacity"]["storage"], "0").into() } else { "".into() },
        if bound { access_modes(&status["accessModes"]).into() } else { "".into() },
        storage_class(of),
        or(&spec["volumeAttributesClassName"], "<unset>").into(),
        of.age(),
        or(&spec["volumeMode"], "<unset>").into(),
    ]
}

/// Upstream marks only the newest default class in a list; an object alone cannot tell, so the name stays plain.
fn class(of: Of<'_>) -> Vec<Value> {
    let o = of.object;
    vec![
        of.name(),
        o["provisioner"].clone(),
        or(&o["reclaimPolicy"], "Delete").into(),
        or(&o["volumeBindingMode"], "Immediate").into(),
        flag(&o["allowVolumeExpansion"]).into(),
        of.age(),
    ]
}

fn attachment(of: Of<'_>) -> Vec<Value> {
    let spec = of.spec();
    vec![
        of.name(),
        spec["attacher"].clone(),
        text(&spec["source"]["persistentVolumeName"]).into(),
        spec["nodeName"].clone(),
        flag(&of.status()["attached"]).into(),
        of.age(),
    ]
}

fn csi_driver(of: Of<'_>) -> Vec<Value> {
    let spec = of.spec();
    let join = |list: &Value, field: Option<&str>| {
        items(list).iter().map(|v| text(field.map_or(v, |f| &v[f]))).collect::<Vec<_>>().join(",")
    };
    let modes = join(&spec["volumeLifecycleModes"], None);
    let tokens =
        if spec["tokenRequests"].is_null() { "<unset>".into() } else { join(&spec["tokenRequests"], Some("audience")) };
    vec![
        of.name(),
        spec["attachRequired"].as_bool().unwrap_or(true).into(),
        flag(&spec["podInfoOnMount"]).into(),
        flag(&spec["storageCapacity"]).into(),
        tokens.into(),
        flag(&spec["requiresRepublish"]).into(),
        if modes.is_empty() { "<none>".into() } else { modes.into() },
        of.age(),
    ]
}

fn resource_claim(of: Of<'_>) -> Vec<Value> {
    let (status, deleted) = (of.status(), of.is_being_deleted());
    let allocated = !status["allocation"].is_null();
    let states = [
        (deleted, "deleted"),
        (!allocated && !deleted, "pending"),
        (allocated, "allocated"),
        (allocated && count(&status["reservedFor"]) > 0, "reserved"),
    ];
    let states = states.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect::<Vec<_>>().join(",");
    vec![of.name(), states.into(), of.age()]
}

fn resource_slice(of: Of<'_>) -> Vec<Value> {
    let spec = of.spec();
    vec![
        of.name(),
        text(&spec["nodeName"]).into(),
        text(&spec["driver"]).into(),
        text(&spec["pool"]["name"]).into(),
        of.age(),
    ]
}

fn device_taint(of: Of<'_>) -> Vec<Value> {
    let taint = &of.spec()["taint"];
    let added = if taint["timeAdded"].is_null() { String::new() } else { of.since(&taint["timeAdded"]) };
    vec![
        of.name(),
        text(&taint["key"]).into(),
        text(&taint["value"]).into(),
        text(&taint["effect"]).into(),
        added.into(),
        of.age(),
    ]
}

fn migration(of: Of<'_>) -> Vec<Value> {
    let resource = &of.spec()["resource"];
    let name = [text(&resource["resource"]), text(&resource["group"])]
        .into_iter()
        .filter(|p| !p.is_empty())
        .collect::<Vec<_>>()
        .join(".");
    let state = items(&of.status()["conditions"])
        .iter()
        .rev()
        .find(|c| c["status"] == "True" && matches!(text(&c["type"]), "Running" | "Failed" | "Succeeded"));
    vec![of.name(), name.into(), state.map_or("Unknown", |c| text(&c["type"])).into()]
}
