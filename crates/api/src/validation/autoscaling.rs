//! Horizontal pod autoscalers, versions 1 and 2.

use super::cursor::{At, NOT_POSITIVE, Report};
use super::pod::resources;
use apimachinery::names;
use serde_json::Value;

pub(super) fn autoscaler(new: &Value, old: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    let (least, most) = (spec.child("minReplicas"), spec.child("maxReplicas"));
    report.nonnegative(&least);
    if most.whole() == 0 {
        report.required(&most, "must be set and greater than 0");
    } else if most.whole() < 0 {
        report.invalid(&most, "must be greater than or equal to 1");
    }
    if !least.is_absent() && most.whole() < least.whole() {
        report.invalid_value(&most, most.whole(), "must be greater than or equal to `minReplicas`");
    }
    let target = spec.child("scaleTargetRef");
    let before = old.map(|o| &o["spec"]["scaleTargetRef"]);
    let same =
        before.is_some_and(|b| b["apiVersion"] == *target.field("apiVersion") && b["kind"] == *target.field("kind"));
    reference(&target, report);
    if !same {
        api_version(&target, target.get("kind") == "ReplicationController", report);
    }
    let metrics = spec.child("metrics");
    for metric in metrics.items() {
        metric_spec(&metric, report);
    }
    // Version 1 has one metric and says it shortly; upstream says the path of version 2.
    let percent = spec.child("targetCPUUtilizationPercentage");
    if !percent.is_absent() && percent.whole() < 1 {
        let path = metrics.path.index(0).child("resource").child("target").child("averageUtilization");
        report.invalid(&At::new(percent.value, path), "must be greater than 0");
    }
    let scales_to_zero = metrics.items().any(|m| matches!(m.get("type"), "Object" | "External"));
    if !least.is_absent() && least.whole() == 0 && !scales_to_zero {
        report.forbidden(
            &metrics,
            "must specify at least one Object or External metric to support scaling to zero replicas",
        );
    }
    for direction in ["scaleUp", "scaleDown"] {
        let rules = spec.child("behavior").child(direction);
        if !rules.is_absent() {
            scaling_rules(&rules, report);
        }
    }
}

fn reference(at: &At<'_>, report: &mut Report) {
    for field in ["kind", "name"] {
        let at = at.child(field);
        if at.text().is_empty() {
            report.required(&at, "");
        } else {
            report.messages(&at, names::path_segment(at.text()));
        }
    }
}

fn api_version(at: &At<'_>, core: bool, report: &mut Report) {
    let version = at.child("apiVersion");
    if version.text().split('/').count() > 2 {
        report.invalid(&version, format!("unexpected GroupVersion string: {}", version.text()));
    } else if !core && version.text().split_once('/').is_none_or(|(group, _)| group.is_empty()) {
        report.invalid_value(&version, version.text(), "apiVersion must specify API group");
    }
}

const KINDS: [(&str, &str); 5] = [
    ("Object", "object"),
    ("External", "external"),
    ("Pods", "pods"),
    ("Resource", "resource"),
    ("ContainerResource", "containerResource"),
];
const KIND_NAMES: [&str; 5] = ["ContainerResource", "External", "Object", "Pods", "Resource"];

fn metric_spec(at: &At<'_>, report: &mut Report) {
    let kind = at.child("type");
    if kind.text().is_empty() {
        report.required(&kind, "must specify a metric source type");
    }
    let wanted = KINDS.iter().find(|(name, _)| *name == kind.text()).map(|(_, field)| *field);
    if wanted.is_none() {
        report.not_supported(&kind, &KIND_NAMES);
    }
    let present: Vec<&str> = KINDS.iter().map(|(_, f)| *f).filter(|f| at.has(f)).collect();
    if let Some(first) = present.first() {
        source(&at.child(first), first, report);
    }
    match wanted {
        Some(field) if !at.has(field) => {
            report.required(&at.child(field), "must populate information for the given metric source")
        }
        Some(_) => {}
        None => report.not_supported(&kind, &KIND_NAMES),
    }
    if present.len() != 1 {
        for field in present.iter().filter(|f| Some(**f) != wanted) {
            report.forbidden(&at.child(field), "must populate the given metric source only");
        }
    }
}

fn source(at: &At<'_>, kind: &str, report: &mut Report) {
    let target = at.child("target");
    let (value, average, utilization) =
        (target.child("value"), target.child("averageValue"), target.child("averageUtilization"));
    match kind {
        "object" => {
            reference(&at.child("describedObject"), report);
            api_version(&at.child("describedObject"), true, report);
            identifier(at, report);
        }
        "external" | "pods" => identifier(at, report),
        _ => {
            let name = at.child("name");
            if name.text().is_empty() {
                report.required(&name, "must specify a resource name");
            } else if kind == "containerResource" {
                resources::container_name(name.text(), &name, report);
            }
            let container = at.child("container");
            if kind == "containerResource" && container.text().is_empty() {
                report.required(&container, "must specify a container");
            } else if kind == "containerResource" {
                report.label(&container);
            }
        }
    }
    metric_target(&target, report);
    match kind {
        "object" if value.is_absent() && average.is_absent() => {
            report.required(&average, "must set either a target value or averageValue")
        }
        "external" if value.is_absent() && average.is_absent() => {
            report.required(&average, "must set either a target value for metric or a per-pod target")
        }
        "external" if !value.is_absent() && !average.is_absent() => {
            report.forbidden(&value, "may not set both a target value for metric and a per-pod target")
        }
        "pods" if average.is_absent() => report.required(&average, "must specify a positive target averageValue"),
        "resource" | "containerResource" => match (utilization.is_absent(), average.is_absent()) {
            (true, true) => report.required(&utilization, "must set either a target raw value or a target utilization"),
            (false, false) => {
                report.forbidden(&average, "may not set both a target raw value and a target utilization")
            }
            _ => {}
        },
        _ => {}
    }
}

fn identifier(at: &At<'_>, report: &mut Report) {
    let name = at.child("metric").child("name");
    if name.text().is_empty() {
        report.required(&name, "must specify a metric name");
    } else {
        report.messages(&name, names::path_segment(name.text()));
    }
}

fn metric_target(at: &At<'_>, report: &mut Report) {
    let kind = at.child("type");
    if kind.text().is_empty() {
        report.required(&kind, "must specify a metric target type");
    }
    if !["Utilization", "Value", "AverageValue"].contains(&kind.text()) {
        report.invalid_value(&kind, kind.text(), "must be either Utilization, Value, or AverageValue");
    }
    for field in ["value", "averageValue"] {
        let at = at.child(field);
        if at.quantity().is_some_and(|q| q.is_zero() || q.is_negative()) {
            report.invalid(&at, "must be positive");
        }
    }
    let percent = at.child("averageUtilization");
    if !percent.is_absent() && percent.whole() < 1 {
        report.invalid(&percent, "must be greater than 0");
    }
}

fn scaling_rules(at: &At<'_>, report: &mut Report) {
    let window = at.child("stabilizationWindowSeconds");
    if window.whole() < 0 {
        report.invalid(&window, "must be greater than or equal to zero");
    }
    if window.whole() > 3600 {
        report.invalid(&window, "must be less than or equal to 3600");
    }
    report.maybe_one_of(&at.child("selectPolicy"), &["Disabled", "Max", "Min"]);
    let policies = at.child("policies");
    if policies.count() == 0 {
        report.required(&policies, "must specify at least one Policy");
    }
    for policy in policies.items() {
        let kind = policy.child("type");
        if !["Pods", "Percent"].contains(&kind.text()) {
            report.not_supported(&kind, &["Percent", "Pods"]);
        }
        for field in ["value", "periodSeconds"] {
            let at = policy.child(field);
            if at.whole() <= 0 {
                report.invalid_value(&at, at.whole(), NOT_POSITIVE);
            }
        }
        let period = policy.child("periodSeconds");
        if period.whole() > 1800 {
            report.invalid(&period, "must be less than or equal to 1800");
        }
    }
}
