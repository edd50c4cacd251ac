//! Nodes, namespaces, configuration, events, leases and other small kinds.

use super::{Of, Printer, or};
use crate::access::{count, entries, flag, items, text, whole};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn core(kind: &str) -> Option<Printer> {
    let printer: Printer = match kind {
        "Pod" => super::pod::pod,
        "Node" => node,
        "Namespace" => |of| vec![of.name(), text(&of.status()["phase"]).into(), of.age()],
        "ConfigMap" => {
            |of| vec![of.name(), (count(&of.object["data"]) + count(&of.object["binaryData"])).into(), of.age()]
        }
        "Secret" => |of| vec![of.name(), text(&of.object["type"]).into(), count(&of.object["data"]).into(), of.age()],
        "ServiceAccount" => |of| vec![of.name(), of.age()],
        "ComponentStatus" => component,
        "Event" => event,
        "ResourceQuota" => quota,
        "Lease" => |of| vec![of.name(), text(&of.spec()["holderIdentity"]).into(), of.age()],
        "RuntimeClass" => |of| vec![of.name(), text(&of.object["handler"]).into(), of.age()],
        "PriorityClass" => priority_class,
        _ => return None,
    };
    Some(printer)
}

fn node(of: Of<'_>) -> Vec<Value> {
    let (spec, status) = (of.spec(), of.status());
    let ready = items(&status["conditions"]).iter().rev().find(|c| c["type"] == "Ready");
    let mut state = match ready {
        Some(c) if c["status"] == "True" => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if flag(&spec["unschedulable"]) {
        state.push_str(",SchedulingDisabled");
    }
    let mut roles = BTreeSet::new();
    for (key, value) in entries(&of.object["metadata"]["labels"]) {
        let role = key.strip_prefix("node-role.kubernetes.io/").unwrap_or(if key == "kubernetes.io/role" {
            text(value)
        } else {
            ""
        });
        if !role.is_empty() {
            roles.insert(role);
        }
    }
    let roles = roles.into_iter().collect::<Vec<_>>().join(",");
    let address = |kind: &str| {
        let found = items(&status["addresses"]).iter().find(|a| a["type"] == kind);
        found.map_or("<none>", |a| text(&a["address"]))
    };
    let info = &status["nodeInfo"];
    let kernel = match text(&info["architecture"]) {
        "" => or(&info["kernelVersion"], "<unknown>").to_owned(),
        arch => format!("{} ({arch})", or(&info["kernelVersion"], "<unknown>")),
    };
    vec![
        of.name(),
        state.into(),
        if roles.is_empty() { "<none>".into() } else { roles.into() },
        of.age(),
        text(&info["kubeletVersion"]).into(),
        address("InternalIP").into(),
        address("ExternalIP").into(),
        or(&info["osImage"], "<unknown>").into(),
        kernel.into(),
        or(&info["containerRuntimeVersion"], "<unknown>").into(),
    ]
}

fn component(of: Of<'_>) -> Vec<Value> {
    let healthy = items(&of.object["conditions"]).iter().find(|c| c["type"] == "Healthy").unwrap_or(&Value::Null);
    let state = match healthy["status"].as_str() {
        Some("True") => "Healthy",
        Some(_) => "Unhealthy",
        None => "Unknown",
    };
    vec![of.name(), state.into(), text(&healthy["message"]).into(), text(&healthy["error"]).into()]
}

/// The first of two fields that says something: core events and `events.k8s.io` name them differently.
fn either<'a>(of: Of<'a>, one: &'a str, other: &'a str) -> &'a Value {
    let first = &of.object[one];
    if first.is_null() || *first == "" { &of.object[other] } else { first }
}

fn event(of: Of<'_>) -> Vec<Value> {
    let o = of.object;
    let time = &o["eventTime"];
    let first = match either(of, "firstTimestamp", "deprecatedFirstTimestamp") {
        Value::Null => of.since(time),
        at => of.since(at),
    };
    let mut last = match either(of, "lastTimestamp", "deprecatedLastTimestamp") {
        Value::Null => first.clone(),
        at => of.since(at),
    };
    let mut count = whole(either(of, "count", "deprecatedCount"));
    if o["series"].is_object() {
        last = of.since(&o["series"]["lastObservedTime"]);
        count = whole(&o["series"]["count"]);
    } else if count == 0 {
        count = 1;
    }
    let about = either(of, "involvedObject", "regarding");
    let kind = text(&about["kind"]).to_lowercase();
    let target = match text(&about["name"]) {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let source = either(of, "source", "deprecatedSource");
    let component = or(&source["component"], text(either(of, "reportingComponent", "reportingController")));
    let source = match or(&source["host"], text(&o["reportingInstance"])) {
        "" => component.to_owned(),
        host => format!("{component}, {host}"),
    };
    vec![
        last.into(),
        text(&o["type"]).into(),
        text(&o["reason"]).into(),
        target.into(),
        text(&about["fieldPath"]).into(),
        source.into(),
        text(either(of, "message", "note")).trim().into(),
        first.into(),
        count.into(),
        of.name(),
    ]
}

fn quota(of: Of<'_>) -> Vec<Value> {
    let status = of.status();
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    for (name, hard) in entries(&status["hard"]) {
        let text = format!("{name}: {}/{}", or(&status["used"][name], "0"), text(hard));
        if name.starts_with("limits.") { limits.push(text) } else { requests.push(text) }
    }
    vec![of.name(), requests.join(", ").into(), limits.join(", ").into(), of.age()]
}

fn priority_class(of: Of<'_>) -> Vec<Value> {
    let o = of.object;
    vec![
        of.name(),
        whole(&o["value"]).into(),
        flag(&o["globalDefault"]).into(),
        of.age(),
        text(&o["preemptionPolicy"]).into(),
    ]
}
