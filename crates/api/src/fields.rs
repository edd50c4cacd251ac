//! Values of the fields that a field selector may name.

use std::borrow::Cow;

use crate::Resource;
use serde_json::Value;

/// The value of a selectable field of an object, as text; empty where it is absent. Which paths a kind allows is
/// its row's `selectable_fields`.
#[must_use]
pub fn value(resource: &Resource, object: &Value, path: &str) -> String {
    let sources = sources(resource, path);
    let one = || sources.first().and_then(|source| find(object, source));
    match (&*resource.group, &*resource.kind, path) {
        ("", "Pod", "spec.hostNetwork") | ("", "Node", "spec.unschedulable") => flag(one()),
        ("batch", "Job", "status.successful") => number(one()),
        (_, "ReplicaSet" | "ReplicationController", "status.replicas") => number(one()),
        _ => {
            let mut found = sources.iter().filter_map(|source| find(object, source)).map(text);
            found.find(|t| !t.is_empty()).unwrap_or_default()
        }
    }
}

/// Where the value of a selectable field is, as dotted paths: the first that holds something counts.
#[must_use]
pub fn sources<'p>(resource: &Resource, path: &'p str) -> Vec<Cow<'p, str>> {
    let fixed = |paths: &[&'static str]| paths.iter().map(|p| Cow::Borrowed(*p)).collect();
    match (&*resource.group, &*resource.kind, path) {
        // The first of several ways to say it.
        ("", "Event", "source") => fixed(&["source.component", "reportingComponent"]),
        ("", "Event", "reportingComponent") | ("events.k8s.io", "Event", "reportingController") => {
            fixed(&["reportingComponent", "reportingController"])
        }
        ("events.k8s.io", "Event", _) => match path.strip_prefix("regarding.") {
            Some(rest) => vec![path.into(), format!("involvedObject.{rest}").into()],
            None => vec![path.into()],
        },
        ("", "Pod", "status.podIP") => fixed(&["status.podIPs.0.ip", "status.podIP"]),
        // Accepted in a selector, but upstream never fills it in.
        ("", "Pod", "status.podIPs") => Vec::new(),
        ("", "Namespace", "name") => fixed(&["metadata.name"]),
        ("batch", "Job", "status.successful") => fixed(&["status.succeeded"]),
        _ => vec![path.into()],
    }
}

/// What lies at a dotted path.
fn find<'v>(object: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(object, |value, step| match value {
        Value::Object(map) => map.get(step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        _ => String::new(),
    }
}

fn flag(value: Option<&Value>) -> String {
    value.and_then(Value::as_bool).unwrap_or(false).to_string()
}

fn number(value: Option<&Value>) -> String {
    value.and_then(Value::as_i64).unwrap_or(0).to_string()
}
