//! What a resize may change: how much CPU and memory there is, of containers and of the pod.

use crate::access::{count, entries, items, text};
use crate::validation::cursor::{At, Report};
use apimachinery::field::{FieldError, Path};
use serde_json::{Map, Value};

const LISTS: [&str; 2] = ["requests", "limits"];
const CONTAINERS: [&str; 2] = ["containers", "initContainers"];

/// An update through `resize`: amounts of CPU and memory change or come, and nothing else does.
pub(in crate::validation) fn resize(new: &Value, old: &Value, report: &mut Report) {
    super::metadata_and_spec(new, report);
    if let Some(reason) = never(old) {
        report.errors = vec![FieldError::forbidden(&Path::root().key(""), reason)];
        return;
    }
    let (spec, was) = (At::root(new, "spec"), &old["spec"]);
    if crate::pod::qos_class(old) != crate::pod::computed_qos_class(new) {
        let class = new["status"]["qosClass"].clone();
        report.invalid_value(&spec, class, "Pod QOS Class may not change as a result of resizing");
    }
    if !node_resizes(old) {
        report.forbidden(&spec, "Pod running on node without support for resize");
    }
    of_pod(&spec.child("resources"), &was["resources"], &spec, report);
    if !same_containers(&spec, was, report) {
        return;
    }
    for list in ["initContainers", "containers"] {
        for (container, was) in spec.child(list).items().zip(items(&was[list])) {
            removed(&container.child("resources"), &was["resources"], "resource", report);
        }
    }
    for (container, was) in spec.child("containers").items().zip(items(&was["containers"])) {
        if fixed(container.value) != fixed(was) {
            report.forbidden(&spec, "only cpu and memory resources are mutable");
        }
    }
    for (container, was) in spec.child("initContainers").items().zip(items(&was["initContainers"])) {
        init_container(&container, was, report);
    }
    if report.errors.is_empty() && fixed_spec(spec.value) != fixed_spec(was) {
        report.forbidden(&spec, "only cpu and memory resources are mutable");
    }
}

/// Pods whose size is not the API's to change.
fn never(old: &Value) -> Option<&'static str> {
    if old["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_string() {
        return Some("static pods cannot be resized");
    }
    (text(&old["spec"]["os"]["name"]) == "windows").then_some("windows pods cannot be resized")
}

/// A node that knows of resizing says what a running container has.
fn node_resizes(pod: &Value) -> bool {
    let running = |status: &&Value| !status["state"]["running"].is_null();
    items(&pod["status"]["containerStatuses"]).iter().find(running).is_none_or(|s| !s["resources"].is_null())
}

fn of_pod(at: &At<'_>, was: &Value, spec: &At<'_>, report: &mut Report) {
    let set = |resources: &Value| LISTS.iter().any(|list| count(&resources[list]) > 0);
    if !set(was) && !set(at.value) {
        return;
    }
    if !was.is_null() && at.is_absent() {
        return report.forbidden(at, "pod-level resources cannot be removed");
    }
    removed(at, was, "pod-level resource", report);
    if fixed_resources(at.value) != fixed_resources(was) {
        report.forbidden(spec, "only cpu and memory resources are mutable at pod-level");
    }
}

fn same_containers(spec: &At<'_>, was: &Value, report: &mut Report) -> bool {
    let before = report.errors.len();
    for list in CONTAINERS {
        let (at, old) = (spec.child(list), items(&was[list]));
        if at.count() != old.len() {
            report.forbidden(&at, format!("{list} may not be added or removed on resize"));
            continue;
        }
        for (container, _) in at.items().zip(old).filter(|(new, old)| new.get("name") != text(&old["name"])) {
            report.forbidden(&container.child("name"), format!("{list} may not be renamed or reordered on resize"));
        }
    }
    report.errors.len() == before
}

fn removed(at: &At<'_>, was: &Value, what: &str, report: &mut Report) {
    for list in LISTS {
        if entries(&was[list]).any(|(name, _)| at.child(list).field(name).is_null()) {
            report.forbidden(&at.child(list), format!("{what} {list} cannot be removed"));
        }
    }
}

fn init_container(at: &At<'_>, was: &Value, report: &mut Report) {
    if fixed(at.value) != fixed(was) {
        report.forbidden(at, "only cpu and memory resources for init or sidecar containers are mutable");
    }
    if at.value != was && !crate::pod::is_sidecar(at.value) {
        let restarts = |policy: &At<'_>| policy.get("restartPolicy") == "RestartContainer";
        for _ in at.child("resizePolicy").items().filter(restarts) {
            let message = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized";
            report.forbidden(at, message);
        }
    }
}

/// A spec without the amounts that a resize may change.
fn fixed_spec(spec: &Value) -> Map<String, Value> {
    let mut fixed_spec = fixed(spec);
    for list in CONTAINERS {
        if let Some(containers) = fixed_spec.get_mut(list).and_then(Value::as_array_mut) {
            containers.iter_mut().for_each(|container| *container = Value::Object(fixed(container)));
        }
    }
    fixed_spec
}

/// Whatever has `resources`, without the amounts that a resize may change.
fn fixed(value: &Value) -> Map<String, Value> {
    let mut fixed = value.as_object().cloned().unwrap_or_default();
    let rest = fixed_resources(&value["resources"]);
    if rest.is_empty() {
        fixed.remove("resources");
    } else {
        fixed.insert("resources".into(), Value::Object(rest));
    }
    fixed
}

/// Resources without CPU and memory. What is empty then reads as absent, as in upstream's comparison.
fn fixed_resources(resources: &Value) -> Map<String, Value> {
    let mut fixed = resources.as_object().cloned().unwrap_or_default();
    for list in LISTS {
        if let Some(amounts) = fixed.get_mut(list).and_then(Value::as_object_mut) {
            amounts.retain(|name, _| !matches!(name.as_str(), "cpu" | "memory"));
        }
    }
    fixed.retain(|_, part| count(part) > 0);
    fixed
}
