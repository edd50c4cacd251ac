//! Controllers of pods.

use super::cursor::{At, Report};
use super::{labels, pod, storage_claims};
use crate::access::{items, text};
use apimachinery::field::FieldError;
use apimachinery::names;
use apimachinery::selector::labels::Selector;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Template, its labels against the selector, and what every such template must say. A selector that cannot be
/// understood is one more error, and the template is left for later.
fn template(spec: &At<'_>, selector: &Value, owner: &str, report: &mut Report) {
    let at = spec.child("template");
    if Selector::from_label_selector(selector).is_err() {
        report.invalid(&spec.child("selector"), "invalid label selector");
        return;
    }
    labels::template_matches(selector, &at, report);
    pod::template(&at, report);
    always(&at, owner, report);
}

fn always(template: &At<'_>, owner: &str, report: &mut Report) {
    let policy = template.down(&["spec", "restartPolicy"]);
    if policy.text() != "Always" {
        report.not_supported(&policy, &["Always"]);
    }
    let deadline = template.down(&["spec", "activeDeadlineSeconds"]);
    if !deadline.is_absent() {
        report.forbidden(&deadline, format!("activeDeadlineSeconds in {owner} is not Supported"));
    }
}

fn selector(at: &At<'_>, kind: &str, report: &mut Report) {
    if at.is_absent() {
        report.required(at, "");
        return;
    }
    labels::selector(at, report);
    if labels::is_empty(at.value) {
        report.invalid(at, format!("empty selector is invalid for {kind}"));
    }
}

fn nonnegative(at: &At<'_>, fields: &[&str], report: &mut Report) {
    fields.iter().for_each(|f| report.nonnegative(&at.child(f)));
}

fn immutable(new: &At<'_>, old: Option<&Value>, fields: &[&str], report: &mut Report) {
    let Some(old) = old else { return };
    for field in fields {
        report.immutable(&new.child(field), &old["spec"][*field]);
    }
}

pub(super) fn deployment(new: &Value, old: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    report.nonnegative(&spec.child("replicas"));
    selector(&spec.child("selector"), "deployment", report);
    template(&spec, spec.field("selector"), "ReplicaSet", report);
    deployment_strategy(&spec.child("strategy"), report);
    nonnegative(&spec, &["minReadySeconds", "revisionHistoryLimit"], report);
    let deadline = spec.child("progressDeadlineSeconds");
    if !deadline.is_absent() {
        report.nonnegative(&deadline);
        if deadline.whole() <= spec.child("minReadySeconds").whole() {
            report.invalid(&deadline, "must be greater than minReadySeconds");
        }
    }
    immutable(&spec, old, &["selector"], report);
}

fn deployment_strategy(at: &At<'_>, report: &mut Report) {
    let rolling = at.child("rollingUpdate");
    match at.get("type") {
        "Recreate" if !rolling.is_absent() => {
            report.forbidden(&rolling, "may not be specified when strategy `type` is 'Recreate'")
        }
        "Recreate" => {}
        "RollingUpdate" if rolling.is_absent() => {
            report.required(&rolling, "this should be defaulted and never be nil")
        }
        "RollingUpdate" => {
            let (unavailable, surge) = (rolling.child("maxUnavailable"), rolling.child("maxSurge"));
            amount(&unavailable, report);
            amount(&surge, report);
            if amount_of(unavailable.value) == 0 && amount_of(surge.value) == 0 {
                report.invalid(&unavailable, "may not be 0 when `maxSurge` is 0");
            }
            at_most_everything(&unavailable, report);
        }
        _ => report.push(FieldError::not_supported(&at.path, at.value.clone(), &["Recreate", "RollingUpdate"])),
    }
}

/// A whole number or a percentage.
pub(super) fn amount(at: &At<'_>, report: &mut Report) {
    match at.value {
        Value::String(text) => report.messages(at, names::percent(text)),
        _ => report.nonnegative(at),
    }
}

fn percent_of(value: &Value) -> Option<i64> {
    let text = value.as_str()?;
    names::percent(text).is_empty().then(|| text.trim_end_matches('%').parse().unwrap_or(i64::MAX))
}

fn amount_of(value: &Value) -> i64 {
    percent_of(value).or_else(|| value.as_i64()).or_else(|| text(value).parse().ok()).unwrap_or_default()
}

/// No more than 100%.
pub(super) fn at_most_everything(at: &At<'_>, report: &mut Report) {
    if percent_of(at.value).is_some_and(|p| p > 100) {
        report.invalid(at, "must not be greater than 100%");
    }
}

pub(super) fn replica_set(new: &Value, old: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    nonnegative(&spec, &["replicas", "minReadySeconds"], report);
    selector(&spec.child("selector"), "deployment", report);
    template(&spec, spec.field("selector"), "ReplicaSet", report);
    immutable(&spec, old, &["selector"], report);
}

pub(super) fn replication_controller(new: &Value, _: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    report.nonnegative(&spec.child("minReadySeconds"));
    let selector = spec.child("selector");
    if selector.count() == 0 {
        report.required(&selector, "");
    }
    report.nonnegative(&spec.child("replicas"));
    if spec.has("template") {
        let at = spec.child("template");
        let labels = at.down(&["metadata", "labels"]);
        if selector.entries().any(|(key, value)| labels.field(key) != value.value) {
            report.invalid(&labels, "`selector` does not match template `labels`");
        }
        pod::template(&at, report);
        always(&at, "ReplicationController", report);
    } else {
        report.required(&spec.child("template"), "");
    }
}

/// Counts in the status of replicas.
pub(super) fn replicas_status(new: &Value, old: &Value, report: &mut Report) {
    let status = At::root(new, "status");
    let stateful = new["spec"]["podManagementPolicy"].is_string();
    let counted: &[&str] = if stateful {
        &["replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"]
    } else {
        &[
            "replicas",
            "updatedReplicas",
            "fullyLabeledReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
            "terminatingReplicas",
        ]
    };
    nonnegative(&status, counted, report);
    nonnegative(&status, &["observedGeneration", "collisionCount"], report);
    let total = status.child("replicas").whole();
    for field in counted.iter().filter(|f| !matches!(**f, "replicas" | "unavailableReplicas" | "terminatingReplicas")) {
        let at = status.child(field);
        if at.whole() > total {
            report.invalid(&at, "cannot be greater than status.replicas");
        }
    }
    let available = status.child("availableReplicas");
    if available.whole() > status.child("readyReplicas").whole() {
        let other = if stateful { "status.readyReplicas" } else { "readyReplicas" };
        report.invalid(&available, format!("cannot be greater than {other}"));
    }
    collisions(&status, old, report);
}

fn collisions(status: &At<'_>, old: &Value, report: &mut Report) {
    let count = status.child("collisionCount");
    if old["status"]["collisionCount"].as_i64().is_some_and(|was| count.whole() < was) {
        report.invalid_value(&count, count.whole(), "cannot be decremented");
    }
}

pub(super) fn daemon_set(new: &Value, old: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    immutable(&spec, old, &["selector"], report);
    let selector = spec.child("selector");
    labels::selector(&selector, report);
    labels::template_matches(selector.value, &spec.child("template"), report);
    if !selector.is_absent() && labels::is_empty(selector.value) {
        report.invalid(&selector, "empty selector is invalid for daemonset");
    }
    pod::template(&spec.child("template"), report);
    always(&spec.child("template"), "DaemonSet", report);
    report.nonnegative(&spec.child("minReadySeconds"));
    daemon_set_strategy(&spec.child("updateStrategy"), report);
    report.nonnegative(&spec.child("revisionHistoryLimit"));
}

fn daemon_set_strategy(at: &At<'_>, report: &mut Report) {
    let rolling = at.child("rollingUpdate");
    match at.get("type") {
        "OnDelete" => {}
        "RollingUpdate" if rolling.is_absent() => report.required(&rolling, ""),
        "RollingUpdate" => {
            let (unavailable, surge) = (rolling.child("maxUnavailable"), rolling.child("maxSurge"));
            for at in [&unavailable, &surge] {
                amount(at, report);
            }
            for at in [&unavailable, &surge] {
                at_most_everything(at, report);
            }
            match (amount_of(unavailable.value) != 0, amount_of(surge.value) != 0) {
                (true, true) => report.invalid(&surge, "may not be set when maxUnavailable is non-zero"),
                (false, false) => report.required(&unavailable, "cannot be 0 when maxSurge is 0"),
                _ => {}
            }
        }
        _ => report.push(FieldError::not_supported(&at.path, at.value.clone(), &["RollingUpdate", "OnDelete"])),
    }
}

pub(super) fn daemon_set_status(new: &Value, old: &Value, report: &mut Report) {
    let status = At::root(new, "status");
    let counted = [
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
        "observedGeneration",
        "updatedNumberScheduled",
        "numberAvailable",
        "numberUnavailable",
        "collisionCount",
    ];
    nonnegative(&status, &counted, report);
    collisions(&status, old, report);
}

pub(super) fn stateful_set(new: &Value, old: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    let policy = spec.child("podManagementPolicy");
    match policy.text() {
        "" => report.required(&policy, ""),
        "OrderedReady" | "Parallel" => {}
        _ => report.invalid(&policy, "must be 'OrderedReady' or 'Parallel'"),
    }
    stateful_set_strategy(&spec.child("updateStrategy"), report);
    let retention = spec.child("persistentVolumeClaimRetentionPolicy");
    for field in ["whenDeleted", "whenScaled"] {
        let at = retention.child(field);
        if !retention.is_absent() && !["Retain", "Delete"].contains(&at.text()) {
            report.not_supported(&at, &["Retain", "Delete"]);
        }
    }
    for claim in spec.child("volumeClaimTemplates").items().filter(|_| old.is_none()) {
        storage_claims::spec(&claim.child("spec"), report);
    }
    nonnegative(&spec, &["replicas", "minReadySeconds"], report);
    let start = At::new(&new["spec"]["ordinals"]["start"], spec.path.child("ordinals.start"));
    report.nonnegative(&start);
    if !spec.get("serviceName").is_empty() {
        report.label(&spec.child("serviceName"));
    }
    selector(&spec.child("selector"), "statefulset", report);
    stateful_set_template(&spec, report);
    immutable(&spec, old, &["selector", "volumeClaimTemplates", "serviceName", "podManagementPolicy"], report);
}

fn stateful_set_strategy(at: &At<'_>, report: &mut Report) {
    let rolling = at.child("rollingUpdate");
    match at.get("type") {
        "" => report.required(at, ""),
        "OnDelete" if !rolling.is_absent() => {
            report.invalid(&rolling, "only allowed for updateStrategy 'RollingUpdate'")
        }
        "OnDelete" => {}
        "RollingUpdate" => {
            report.nonnegative(&rolling.child("partition"));
            let unavailable = rolling.child("maxUnavailable");
            if !unavailable.is_absent() {
                amount(&unavailable, report);
                if amount_of(unavailable.value) == 0 {
                    report.invalid(&unavailable, "cannot be 0");
                }
                at_most_everything(&unavailable, report);
            }
        }
        _ => report.invalid(at, "must be 'RollingUpdate' or 'OnDelete'"),
    }
}

/// Claims become volumes of the pods, and their names replace volumes of the template.
fn stateful_set_template(spec: &At<'_>, report: &mut Report) {
    let at = spec.child("template");
    let mut template = at.value.clone();
    let names: BTreeSet<&str> =
        items(spec.field("volumeClaimTemplates")).iter().map(|c| text(&c["metadata"]["name"])).collect();
    let mut volumes: Vec<Value> =
        names.iter().map(|n| json!({"name": n, "persistentVolumeClaim": {"claimName": n}})).collect();
    volumes.extend(items(&template["spec"]["volumes"]).iter().filter(|v| !names.contains(&text(&v["name"]))).cloned());
    if let Some(pod) = template["spec"].as_object_mut() {
        pod.remove("hostname");
        pod.remove("subdomain");
        if !volumes.is_empty() {
            pod.insert("volumes".into(), volumes.into());
        }
    }
    let at = At::new(&template, at.path);
    if Selector::from_label_selector(spec.field("selector")).is_err() {
        report.invalid(&spec.child("selector"), "");
    } else {
        labels::template_matches(spec.field("selector"), &at, report);
        pod::template(&at, report);
        again(&at, report);
    }
    always(&at, "StatefulSet", report);
}

/// Upstream looks at labels and annotations of these templates twice.
fn again(template: &At<'_>, report: &mut Report) {
    let mut twice = Report::default();
    labels::labels(&At::new(&template.value["metadata"]["labels"], template.path.child("labels")), &mut twice);
    super::meta::annotations(
        &At::new(&template.value["metadata"]["annotations"], template.path.child("annotations")),
        &mut twice,
    );
    report.errors.append(&mut twice.errors);
}

pub(super) fn pod_template(new: &Value, _: Option<&Value>, report: &mut Report) {
    pod::template(&At::root(new, "template"), report);
}

pub(super) fn controller_revision(new: &Value, old: Option<&Value>, report: &mut Report) {
    report.nonnegative(&At::root(new, "revision"));
    let data = At::root(new, "data");
    match (old, data.value) {
        (Some(old), _) => report.immutable(&data, &old["data"]),
        (None, Value::Null) => report.required(&data, "data is mandatory"),
        (None, Value::Object(_)) => {}
        (None, _) => report.required(&data, "data must be a valid JSON object"),
    }
}
