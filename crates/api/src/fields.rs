//! Values of the fields that a field selector may name.

use crate::Resource;
use apimachinery::meta;
use serde_json::Value;

/// The value of a selectable field of an object, as text; empty where it is absent. Which paths a kind allows is
/// its row's `selectable_fields`.
#[must_use]
pub fn value(resource: &Resource, object: &Value, path: &str) -> String {
    let special = match (&*resource.group, &*resource.kind, path) {
        // The first of several ways to say it.
        ("", "Event", "source") => Some(first(object, &["/source/component", "/reportingComponent"])),
        ("", "Event", "reportingComponent") | ("events.k8s.io", "Event", "reportingController") => {
            Some(first(object, &["/reportingComponent", "/reportingController"]))
        }
        ("events.k8s.io", "Event", _) => path.strip_prefix("regarding.").map(|rest| {
            let (old, new) = (format!("/involvedObject/{rest}"), format!("/regarding/{rest}"));
            first(object, &[&new, &old])
        }),
        ("", "Pod", "status.podIP") => Some(first(object, &["/status/podIPs/0/ip", "/status/podIP"])),
        ("", "Pod", "spec.hostNetwork") => Some(flag(meta::at(object, "/spec/hostNetwork"))),
        // Accepted in a selector, but upstream never fills it in.
        ("", "Pod", "status.podIPs") => Some(String::new()),
        ("", "Namespace", "name") => Some(first(object, &["/metadata/name"])),
        ("", "Node", "spec.unschedulable") => Some(flag(meta::at(object, "/spec/unschedulable"))),
        ("batch", "Job", "status.successful") => Some(number(meta::at(object, "/status/succeeded"))),
        (_, "ReplicaSet" | "ReplicationController", "status.replicas") => {
            Some(number(meta::at(object, "/status/replicas")))
        }
        _ => None,
    };
    special.unwrap_or_else(|| plain(object, path))
}

fn plain(object: &Value, path: &str) -> String {
    let mut at = object;
    for part in path.split('.') {
        match at.get(part) {
            Some(next) => at = next,
            None => return String::new(),
        }
    }
    text(at)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        _ => String::new(),
    }
}

fn first(object: &Value, pointers: &[&str]) -> String {
    let mut found = pointers.iter().filter_map(|p| meta::at(object, p)).map(text);
    found.find(|t| !t.is_empty()).unwrap_or_default()
}

fn flag(value: Option<&Value>) -> String {
    value.and_then(Value::as_bool).unwrap_or(false).to_string()
}

fn number(value: Option<&Value>) -> String {
    value.and_then(Value::as_i64).unwrap_or(0).to_string()
}
