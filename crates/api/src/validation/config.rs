//! ConfigMaps, Secrets, namespaces, leases.

use super::cursor::{At, NEGATIVE, Report};
use crate::access::text;
use apimachinery::field::{FieldError, Path};
use apimachinery::names;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

const MAX_DATA: usize = 1024 * 1024;

fn frozen(new: &Value, old: Option<&Value>, fields: &[&str], report: &mut Report) {
    let Some(old) = old.filter(|old| old["immutable"] == true) else { return };
    if new["immutable"] != true {
        report.push(FieldError::forbidden(&Path::new("immutable"), "field is immutable when `immutable` is set"));
    }
    for field in fields {
        if new[*field] != old[*field] {
            report.push(FieldError::forbidden(&Path::new(field), "field is immutable when `immutable` is set"));
        }
    }
}

/// How many bytes a base64 text stands for.
fn decoded_size(text: &str) -> usize {
    let body = text.trim_end_matches('=').len();
    body * 3 / 4
}

pub(super) fn config_map(new: &Value, old: Option<&Value>, report: &mut Report) {
    frozen(new, old, &["data", "binaryData"], report);
    let (data, binary) = (At::root(new, "data"), At::root(new, "binaryData"));
    let mut size = 0;
    for (key, value) in data.entries() {
        keys(key, &value, report);
        if binary.has(key) {
            report.invalid_value(&value, key.as_str(), "duplicate of key present in binaryData");
        }
        size += value.text().len();
    }
    for (key, value) in binary.entries() {
        keys(key, &value, report);
        size += decoded_size(value.text());
    }
    if size > MAX_DATA {
        report.push(FieldError::too_long(&Path::root().key(""), MAX_DATA));
    }
}

fn keys(key: &str, at: &At<'_>, report: &mut Report) {
    for message in names::config_map_key(key) {
        report.invalid_value(at, key, message);
    }
}

pub(super) fn secret(new: &Value, old: Option<&Value>, report: &mut Report) {
    if let Some(old) = old {
        report.immutable(&At::root(new, "type"), &old["type"]);
    }
    frozen(new, old, &["data"], report);
    let data = At::root(new, "data");
    let mut size = 0;
    for (key, value) in data.entries() {
        keys(key, &value, report);
        size += decoded_size(value.text());
    }
    if size > MAX_DATA {
        report.too_long(&data, MAX_DATA);
    }
    let need = |key: &str, report: &mut Report| {
        if data.field(key).is_null() {
            report.push(FieldError::required(&data.path.key(key), ""));
        }
    };
    match text(&new["type"]) {
        "kubernetes.io/service-account-token" => {
            let name = "kubernetes.io/service-account.name";
            if text(&new["metadata"]["annotations"][name]).is_empty() {
                report.push(FieldError::required(&Path::new("metadata").child("annotations").key(name), ""));
            }
        }
        "kubernetes.io/dockercfg" => json_key(&data, ".dockercfg", report),
        "kubernetes.io/dockerconfigjson" => json_key(&data, ".dockerconfigjson", report),
        "kubernetes.io/basic-auth" if data.field("username").is_null() && data.field("password").is_null() => {
            need("username", report);
            need("password", report);
        }
        "kubernetes.io/ssh-auth" if data.get("ssh-privatekey").is_empty() => {
            report.push(FieldError::required(&data.path.key("ssh-privatekey"), ""));
        }
        "kubernetes.io/tls" => {
            need("tls.crt", report);
            need("tls.key", report);
        }
        _ => {}
    }
}

fn json_key(data: &At<'_>, key: &str, report: &mut Report) {
    let path = data.path.key(key);
    match data.field(key).as_str().map(|text| STANDARD.decode(text).unwrap_or_default()) {
        None => report.push(FieldError::required(&path, "")),
        Some(bytes) => {
            if let Err(error) = serde_json::from_slice::<serde_json::Map<String, Value>>(&bytes) {
                report.push(FieldError::invalid(&path, "<secret contents redacted>", error.to_string()));
            }
        }
    }
}

pub(super) fn namespace(new: &Value, _: Option<&Value>, report: &mut Report) {
    let list = At::root(new, "spec").child("finalizers");
    list.items().for_each(|f| finalizer(&At::new(f.value, list.path.clone()), report));
}

fn finalizer(at: &At<'_>, report: &mut Report) {
    report.qualified(at);
    super::meta::standard_finalizer(at, report);
}

pub(super) fn namespace_finalizers(new: &Value, report: &mut Report) {
    At::root(new, "spec").child("finalizers").items().for_each(|f| finalizer(&f, report));
}

pub(super) fn namespace_status(new: &Value, _: &Value, report: &mut Report) {
    let phase = At::new(&new["status"]["phase"], Path::new("status").child("Phase"));
    let deleted = new["metadata"]["deletionTimestamp"].is_string();
    match (deleted, phase.text()) {
        (false, "Active") | (true, "Terminating") => {}
        (false, _) => report.invalid(&phase, "may only be 'Active' if `deletionTimestamp` is empty"),
        (true, _) => report.invalid(&phase, "may only be 'Terminating' if `deletionTimestamp` is not empty"),
    }
}

pub(super) fn lease(new: &Value, _: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    let (duration, transitions, strategy) =
        (spec.child("leaseDurationSeconds"), spec.child("leaseTransitions"), spec.child("strategy"));
    if !duration.is_absent() && duration.whole() <= 0 {
        report.invalid(&duration, "must be greater than 0");
    }
    if !transitions.is_absent() && transitions.whole() < 0 {
        report.invalid(&transitions, NEGATIVE);
    }
    if !strategy.is_absent() && !strategy.text().contains('/') && strategy.text() != "OldestEmulationVersion" {
        let at = At::new(strategy.value, strategy.path.child("strategy"));
        report.not_supported(&at, &["OldestEmulationVersion"]);
    }
    if !spec.get("preferredHolder").is_empty() && strategy.text().is_empty() {
        report.forbidden(&spec.child("preferredHolder"), "may only be specified if `strategy` is defined");
    }
}
