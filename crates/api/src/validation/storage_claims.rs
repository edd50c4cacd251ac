//! Claims for volumes.

use super::cursor::{At, NOT_POSITIVE, Report};
use super::pod::resources;
use super::storage::access_modes;
use super::{diff, labels};
use apimachinery::field::{FieldError, Path};
use serde_json::Value;

pub(super) fn claim(new: &Value, old: Option<&Value>, report: &mut Report) {
    spec(&At::root(new, "spec"), report);
    if let Some(old) = old {
        update(new, old, report);
    }
}

/// A `PersistentVolumeClaimSpec`.
pub(super) fn spec(at: &At<'_>, report: &mut Report) {
    let modes = at.child("accessModes");
    if modes.count() == 0 {
        report.required(&modes, "at least 1 access mode is required");
    }
    labels::selector(&at.child("selector"), report);
    access_modes(&modes, report);
    let size = At::new(&at.value["resources"]["requests"]["storage"], at.path.child("resources").key("storage"));
    match size.quantity() {
        None => report.required(&size, ""),
        Some(q) if q.is_zero() || q.is_negative() => report.invalid_value(&size, q.to_string(), NOT_POSITIVE),
        Some(_) => resources::amount("storage", &size, report),
    }
    for field in ["storageClassName", "volumeAttributesClassName"] {
        if !at.get(field).is_empty() {
            report.subdomain(&at.child(field));
        }
    }
    report.maybe_one_of(&at.child("volumeMode"), &["Block", "Filesystem"]);
    data_source(&at.child("dataSource"), report);
    data_source(&at.child("dataSourceRef"), report);
    let (source, reference) = (at.child("dataSource"), at.child("dataSourceRef"));
    if source.is_absent() || reference.is_absent() {
        return;
    }
    let shown = source.path.to_string();
    if !reference.get("namespace").is_empty() {
        report.invalid_value(at, shown, "may not be specified when dataSourceRef.namespace is specified");
    } else if ["apiGroup", "kind", "name"].iter().any(|f| source.get(f) != reference.get(f)) {
        report.invalid_value(at, shown, "must match dataSourceRef");
    }
}

fn data_source(at: &At<'_>, report: &mut Report) {
    if at.is_absent() {
        return;
    }
    for field in ["name", "kind"] {
        if at.get(field).is_empty() {
            report.required(&at.child(field), "");
        }
    }
    let group = at.child("apiGroup");
    if group.text().is_empty() {
        if at.get("kind") != "PersistentVolumeClaim" {
            report.invalid_value(
                at,
                at.get("kind"),
                "must be 'PersistentVolumeClaim' when referencing the default apiGroup",
            );
        }
    } else {
        report.subdomain(&group);
    }
    if !at.get("namespace").is_empty() {
        report.label(&at.child("namespace"));
    }
}

fn update(new: &Value, old: &Value, report: &mut Report) {
    let path = Path::new("spec");
    let (mut now, mut was) = (new["spec"].clone(), old["spec"].clone());
    if was["volumeName"].is_null() {
        copy(&now, &mut was, "volumeName");
    }
    if was["storageClassName"].is_null() {
        copy(&was.clone(), &mut now, "storageClassName");
    }
    if new["status"]["phase"] == "Bound" {
        if now["resources"]["requests"].is_object() {
            now["resources"]["requests"]["storage"] = was["resources"]["requests"]["storage"].clone();
        }
        copy(&was, &mut now, "volumeAttributesClassName");
    }
    if now != was {
        let detail = format!(
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n{}",
            diff::unified(&was, &now)
        );
        report.push(FieldError::forbidden(&path, detail));
    }
    let size = |o: &Value| super::cursor::quantity(&o["spec"]["resources"]["requests"]["storage"]).unwrap_or_default();
    let held = super::cursor::quantity(&new["status"]["capacity"]["storage"]).unwrap_or_default();
    if size(new) < size(old) && size(new) <= held {
        let path = path.child("resources").child("requests").child("storage");
        report.push(FieldError::forbidden(&path, "field can not be less than status.capacity"));
    }
    report.immutable(&At::new(&new["spec"]["volumeMode"], Path::new("volumeMode")), &old["spec"]["volumeMode"]);
}

fn copy(from: &Value, to: &mut Value, field: &str) {
    match from.get(field) {
        Some(value) => to[field] = value.clone(),
        None => {
            if let Some(map) = to.as_object_mut() {
                map.remove(field);
            }
        }
    }
}
