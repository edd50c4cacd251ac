//! Environment variables and where they come from.

use crate::validation::cursor::{At, Report};
use apimachinery::field::FieldError;
use apimachinery::names;

const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Fields that a file of a downward API volume may show.
pub(super) const VOLUME_FIELDS: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

/// All that Kubernetes converts at all; the rest has another message.
const CONVERTIBLE: [&str; 14] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "spec.schedulerName",
    "status.phase",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

pub(super) fn env(at: &At<'_>, report: &mut Report) {
    for variable in at.items() {
        let name = variable.child("name");
        if name.text().is_empty() {
            report.required(&name, "");
        } else {
            report.messages(&name, names::relaxed_env_var_name(name.text()));
        }
        let from = variable.child("valueFrom");
        if !from.is_absent() {
            value_from(&variable, &from, report);
        }
    }
}

fn value_from(variable: &At<'_>, from: &At<'_>, report: &mut Report) {
    let mut sources = 0;
    let mut source = |field: &str| {
        let at = from.child(field);
        sources += usize::from(!at.is_absent());
        (!at.is_absent()).then_some(at)
    };
    if let Some(at) = source("fieldRef") {
        field_selector(&at, &FIELDS, report);
    }
    if let Some(at) = source("resourceFieldRef") {
        resource_selector(&at, false, report);
    }
    for key in ["configMapKeyRef", "secretKeyRef"] {
        if let Some(at) = source(key) {
            key_selector(&at, report);
        }
    }
    if let Some(at) = source("fileKeyRef") {
        file_selector(&at, report);
    }
    let detail = match sources {
        0 => "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        _ if !variable.get("value").is_empty() => "may not be specified when `value` is not empty",
        1 => return,
        _ => "may not have more than one field specified at a time",
    };
    report.invalid_value(from, "", detail);
}

fn key_selector(at: &At<'_>, report: &mut Report) {
    let (name, key) = (at.child("name"), at.child("key"));
    report.subdomain(&name);
    if key.text().is_empty() {
        report.required(&key, "");
    } else {
        report.messages(&key, names::config_map_key(key.text()));
    }
}

fn file_selector(at: &At<'_>, report: &mut Report) {
    let (key, volume, path) = (at.child("key"), at.child("volumeName"), at.child("path"));
    if key.text().is_empty() {
        report.required(&key, "");
    } else {
        report.messages(&key, names::relaxed_env_var_name(key.text()));
    }
    if volume.text().is_empty() {
        report.required(&volume, "");
    } else {
        report.label(&volume);
    }
    if path.text().is_empty() {
        report.required(&path, "");
    } else {
        super::volume::no_backsteps(&path, report);
    }
}

/// `metadata.labels['key']` → (`metadata.labels`, `key`).
fn subscript(path: &str) -> Option<(&str, &str)> {
    let (field, rest) = path.split_once("['")?;
    let key = rest.strip_suffix("']")?;
    (!field.is_empty()).then_some((field, key))
}

pub(super) fn field_selector(at: &At<'_>, allowed: &[&str], report: &mut Report) {
    for field in ["apiVersion", "fieldPath"] {
        if at.get(field).is_empty() {
            report.required(&at.child(field), "");
            return;
        }
    }
    let field = at.child("fieldPath");
    let plain = subscript(field.text()).map_or(field.text(), |(path, _)| path);
    if at.get("apiVersion") != "v1" {
        report
            .invalid(&field, format!("error converting fieldPath: unsupported pod version: {}", at.get("apiVersion")));
        return;
    }
    // `spec.host` is the old name of `spec.nodeName`.
    if !CONVERTIBLE.contains(&plain) && plain != "spec.host" {
        report.invalid(&field, format!("error converting fieldPath: field label not supported: {}", field.text()));
        return;
    }
    match subscript(field.text()) {
        Some(("metadata.annotations", key)) => {
            let key = key.to_lowercase();
            for message in names::qualified_name(&key) {
                report.invalid_value(at, key.as_str(), message);
            }
        }
        Some(("metadata.labels", key)) => {
            for message in names::qualified_name(key) {
                report.invalid_value(at, key, message);
            }
        }
        Some((path, _)) => report.invalid_value(at, path, "does not support subscript"),
        None if !allowed.contains(&field.text()) => {
            report.push(FieldError::not_supported(&field.path, field.text(), allowed))
        }
        None => {}
    }
}

pub(super) fn resource_selector(at: &At<'_>, in_volume: bool, report: &mut Report) {
    let resource = at.child("resource");
    let huge = resource.text().starts_with("requests.hugepages-") || resource.text().starts_with("limits.hugepages-");
    if in_volume && at.get("containerName").is_empty() {
        report.required(&at.child("containerName"), "");
    } else if resource.text().is_empty() {
        report.required(&resource, "");
    } else if !RESOURCES.contains(&resource.text()) && !huge {
        report.not_supported(&resource, &RESOURCES);
    }
    divisor(at, resource.text(), report);
}

fn divisor(at: &At<'_>, resource: &str, report: &mut Report) {
    let value = at.child("divisor");
    let Some(amount) = value.quantity().filter(|q| !q.is_zero()) else { return };
    let shown = amount.to_string();
    let bytes = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    let (allowed, what): (&[&str], &str) = match resource {
        "limits.cpu" | "requests.cpu" => {
            if !["1m", "1"].contains(&shown.as_str()) {
                report.invalid_value(
                    &value,
                    resource,
                    "only divisor's values 1m and 1 are supported with the cpu resource",
                );
            }
            return;
        }
        "limits.memory" | "requests.memory" => (&bytes, "memory"),
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => (&bytes, "local ephemeral storage"),
        _ => (&bytes, "hugepages"),
    };
    if !allowed.contains(&shown.as_str()) {
        report.invalid_value(
            &value,
            resource,
            format!("only divisor's values {} are supported with the {what} resource", bytes.join(", ")),
        );
    }
}

pub(super) fn env_from(at: &At<'_>, report: &mut Report) {
    for source in at.items() {
        let prefix = source.child("prefix");
        if !prefix.text().is_empty() {
            report.messages(&prefix, names::relaxed_env_var_name(prefix.text()));
        }
        let mut sources = 0;
        for field in ["configMapRef", "secretRef"] {
            let from = source.child(field);
            if from.is_absent() {
                continue;
            }
            sources += 1;
            let name = from.child("name");
            if name.text().is_empty() {
                report.required(&name, "");
            } else {
                // As a prefix: a dash at the end is let through.
                report.messages(&name, names::dns1123_subdomain(&names::mask_trailing_dash(name.text())));
            }
        }
        match sources {
            0 => report.invalid_value(at, "", "must specify one of: `configMapRef` or `secretRef`"),
            1 => {}
            _ => report.invalid_value(at, "", "may not have more than one field specified at a time"),
        }
    }
}
