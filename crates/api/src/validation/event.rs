//! Events of both groups.

use super::cursor::{At, Report};
use crate::access::{text, whole};
use serde_json::Value;

/// Names differ between the groups: (core, `events.k8s.io`).
fn either<'v>(object: &'v Value, core: &str, new: &str) -> &'v Value {
    if object[core].is_null() { &object[new] } else { &object[core] }
}

fn is_core(object: &Value) -> bool {
    object["apiVersion"] == "v1" || object["apiVersion"].is_null()
}

pub(super) fn event(new: &Value, old: Option<&Value>, report: &mut Report) {
    legacy(new, report);
    if is_core(new) {
        return;
    }
    match old {
        None => strict(new, report),
        Some(old) => {
            if new["series"] != old["series"] {
                series(new, report);
            }
            for (field, name) in [
                ("regarding", "involvedObject"),
                ("reason", "reason"),
                ("note", "message"),
                ("deprecatedSource", "source"),
                ("deprecatedFirstTimestamp", "firstTimestamp"),
                ("deprecatedLastTimestamp", "lastTimestamp"),
                ("deprecatedCount", "count"),
                ("type", "type"),
                ("eventTime", "eventTime"),
                ("action", "action"),
                ("related", "related"),
                ("reportingController", "reportingController"),
                ("reportingInstance", "reportingInstance"),
            ] {
                let at = At::new(&new[field], apimachinery::field::Path::new(name));
                report.immutable(&at, &old[field]);
            }
        }
    }
}

fn legacy(event: &Value, report: &mut Report) {
    let about = either(event, "involvedObject", "regarding");
    let namespace = text(&event["metadata"]["namespace"]);
    let at = At::new(about, apimachinery::field::Path::new("involvedObject")).child("namespace");
    if event["eventTime"].is_null() {
        let agrees = if at.text().is_empty() { matches!(namespace, "" | "default") } else { namespace == at.text() };
        if !agrees {
            report.invalid_value(&at, at.text(), "does not match event.namespace");
        }
        return;
    }
    if at.text().is_empty() && !matches!(namespace, "default" | "kube-system") {
        report.invalid_value(&at, "", "does not match event.namespace");
    }
    let controller =
        if is_core(event) { At::root(event, "reportingComponent") } else { At::root(event, "reportingController") };
    if controller.text().is_empty() {
        report.required(&controller, "");
    }
    report.qualified(&controller);
    for field in ["reportingInstance", "action", "reason"] {
        let at = At::root(event, field);
        if at.text().is_empty() {
            report.required(&at, "");
        }
        if at.text().len() > 128 {
            report.invalid_value(&at, "", "can have at most 128 characters");
        }
    }
    if text(either(event, "message", "note")).len() > 1024 {
        report.invalid_value(&At::root(event, "message"), "", "can have at most 1024 characters");
    }
}

fn series(event: &Value, report: &mut Report) {
    let at = At::root(event, "series");
    if at.is_absent() {
        return;
    }
    if at.child("count").whole() < 2 {
        report.invalid_value(&at.child("count"), "", "should be at least 2");
    }
    if at.get("lastObservedTime").is_empty() {
        report.required(&at.child("lastObservedTime"), "");
    }
}

fn strict(event: &Value, report: &mut Report) {
    series(event, report);
    if event["eventTime"].is_null() {
        report.required(&At::root(event, "eventTime"), "");
    }
    let kind = text(&event["type"]);
    if kind != "Normal" && kind != "Warning" {
        report.invalid_value(&At::root(event, "type"), "", format!("has invalid value: {kind}"));
    }
    for (field, name) in [("deprecatedFirstTimestamp", "firstTimestamp"), ("deprecatedLastTimestamp", "lastTimestamp")]
    {
        if event[field].is_string() {
            report.invalid_value(&At::root(event, name), "", "needs to be unset");
        }
    }
    if whole(&event["deprecatedCount"]) != 0 {
        report.invalid_value(&At::root(event, "count"), "", "needs to be unset");
    }
    let source = &event["deprecatedSource"];
    if !text(&source["component"]).is_empty() || !text(&source["host"]).is_empty() {
        report.invalid_value(&At::root(event, "source"), "", "needs to be unset");
    }
}
