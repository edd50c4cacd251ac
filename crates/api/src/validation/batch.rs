//! Jobs and cron jobs.

use super::cursor::{At, Report};
use super::{labels, pod};
use crate::access::{condition_is_true, text};
use apimachinery::field::{FieldError, Path};
use apimachinery::names;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn job(new: &Value, old: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    if old.is_none() {
        generated_selector(new, &spec, report);
    }
    job_spec(&spec, report);
    let selector = spec.child("selector");
    if selector.is_absent() {
        report.required(&selector, "");
    } else {
        labels::selector(&selector, report);
    }
    labels::template_matches(selector.value, &spec.child("template"), report);
    if let Some(old) = old {
        job_update(&spec, old, report);
    }
    name_allows_completions(new, &spec, report);
}

/// Without `manualSelector` the server makes selector and labels, and they must be its own.
fn generated_selector(new: &Value, spec: &At<'_>, report: &mut Report) {
    if spec.flag("manualSelector") || !spec.has("selector") {
        return;
    }
    let (uid, name) = (text(&new["metadata"]["uid"]), text(&new["metadata"]["name"]));
    if uid.is_empty() {
        report.push(FieldError::required(&Path::new("metadata").child("uid"), ""));
    }
    let found = spec.down(&["template", "metadata", "labels"]);
    for (key, wanted) in [
        ("controller-uid", uid),
        ("job-name", name),
        ("batch.kubernetes.io/controller-uid", uid),
        ("batch.kubernetes.io/job-name", name),
    ] {
        let path = found.path.key(key);
        match found.field(key).as_str() {
            None => report.push(FieldError::required(&path, format!("must be '{wanted}'"))),
            Some(value) if value != wanted => {
                report.push(FieldError::invalid(&path, found.value.clone(), format!("must be '{wanted}'")))
            }
            Some(_) => {}
        }
    }
}

fn name_allows_completions(new: &Value, spec: &At<'_>, report: &mut Report) {
    let completions = spec.child("completions").whole();
    if spec.get("completionMode") != "Indexed" || completions <= 0 {
        return;
    }
    let name = text(&new["metadata"]["name"]);
    let host = format!("{name}-{}", completions - 1);
    if !names::dns1123_label(&host).is_empty() {
        let path = Path::new("metadata").child("name");
        report.push(FieldError::invalid(
            &path,
            name,
            format!("will not able to create pod with invalid DNS label: {host}"),
        ));
    }
}

fn job_spec(spec: &At<'_>, report: &mut Report) {
    for field in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        report.nonnegative(&spec.child(field));
    }
    if spec.has("maxFailedIndexes") && !spec.has("backoffLimitPerIndex") {
        report.required(&spec.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
    }
    let manager = spec.child("managedBy");
    if !manager.is_absent() {
        domain_path(&manager, report);
        if manager.text().len() > 63 {
            report.too_long(&manager, 63);
        }
    }
    report.maybe_one_of(&spec.child("completionMode"), &["NonIndexed", "Indexed"]);
    if spec.get("completionMode") == "Indexed" {
        indexed(spec, report);
    } else {
        for field in ["backoffLimitPerIndex", "maxFailedIndexes"] {
            if spec.has(field) {
                report.invalid(&spec.child(field), "requires indexed completion mode");
            }
        }
    }
    failure_policy(spec, report);
    success_policy(spec, report);
    let replacement = spec.child("podReplacementPolicy");
    let allowed: &[&str] = if spec.has("podFailurePolicy") { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
    report.maybe_one_of(&replacement, allowed);
    let template = spec.child("template");
    pod::template(&template, report);
    let policy = template.down(&["spec", "restartPolicy"]);
    match policy.text() {
        "Always" | "" => report.required(&policy, "valid values: \"OnFailure\", \"Never\""),
        "OnFailure" if spec.has("podFailurePolicy") => {
            report.invalid(&policy, "only \"Never\" is supported when podFailurePolicy is specified")
        }
        "OnFailure" | "Never" => {}
        _ => report.not_supported(&policy, &["OnFailure", "Never"]),
    }
}

/// `acme.io/foo`.
pub(super) fn domain_path(at: &At<'_>, report: &mut Report) {
    match at.text().split_once('/') {
        _ if at.text().is_empty() => report.required(at, ""),
        Some((domain, path)) if !domain.is_empty() && !path.is_empty() => {
            for message in names::dns1123_subdomain(domain) {
                report.invalid_value(at, domain, message);
            }
        }
        _ => report.invalid(at, "must be a domain-prefixed path (such as \"acme.io/foo\")"),
    }
}

fn indexed(spec: &At<'_>, report: &mut Report) {
    let (completions, parallelism, failed) =
        (spec.child("completions"), spec.child("parallelism"), spec.child("maxFailedIndexes"));
    if completions.is_absent() {
        report.required(&completions, "when completion mode is Indexed");
    }
    if parallelism.whole() > 100_000 {
        report.invalid(&parallelism, "must be less than or equal to 100000 when completion mode is Indexed");
    }
    if !completions.is_absent() && failed.whole() > completions.whole() {
        report.invalid(&failed, "must be less than or equal to completions");
    }
    if failed.whole() > 100_000 {
        report.invalid(&failed, "must be less than or equal to 100000");
    }
    if completions.whole() > 100_000 && spec.has("backoffLimitPerIndex") {
        if failed.is_absent() {
            report.required(&failed, "must be specified when completions is above 100000");
        }
        for at in [&parallelism, &failed].into_iter().filter(|at| at.whole() > 10_000) {
            report.invalid(at, "must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index");
        }
    }
}

fn failure_policy(spec: &At<'_>, report: &mut Report) {
    let rules = spec.down(&["podFailurePolicy", "rules"]);
    if rules.count() > 20 {
        report.push(FieldError::too_many(&rules.path, rules.count(), 20));
    }
    for rule in rules.items() {
        let action = rule.child("action");
        match action.text() {
            "" => report.required(&action, "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]"),
            "FailIndex" if !spec.has("backoffLimitPerIndex") => {
                report.invalid(&action, "requires the backoffLimitPerIndex to be set")
            }
            _ => report.maybe_one_of(&action, &["Count", "FailIndex", "FailJob", "Ignore"]),
        }
        let (codes, conditions) = (rule.child("onExitCodes"), rule.child("onPodConditions"));
        if !codes.is_absent() {
            exit_codes(spec, &codes, report);
        }
        for pattern in conditions.items() {
            report.qualified(&pattern.child("type"));
            let status = pattern.child("status");
            if status.text().is_empty() {
                report.required(&status, "valid values: [\"False\" \"True\" \"Unknown\"]");
            }
            report.maybe_one_of(&status, &["False", "True", "Unknown"]);
        }
        // The value is left out of these messages.
        let mut plain = |detail: &str| {
            let mut error = FieldError::invalid(&rule.path, Value::Null, detail);
            error.value = None;
            report.push(error);
        };
        match (codes.is_absent(), conditions.count()) {
            (false, 1..) => plain("specifying both OnExitCodes and OnPodConditions is not supported"),
            (true, 0) => plain("specifying one of OnExitCodes and OnPodConditions is required"),
            _ => {}
        }
    }
}

fn exit_codes(spec: &At<'_>, at: &At<'_>, report: &mut Report) {
    let (operator, container, values) = (at.child("operator"), at.child("containerName"), at.child("values"));
    if operator.text().is_empty() {
        report.required(&operator, "valid values: [\"In\" \"NotIn\"]");
    } else {
        report.maybe_one_of(&operator, &["In", "NotIn"]);
    }
    let pod = spec.down(&["template", "spec"]);
    let known = ["containers", "initContainers"]
        .iter()
        .any(|l| pod.child(l).items().any(|c| c.get("name") == container.text()));
    if !container.is_absent() && !known {
        report.invalid(&container, "must be one of the container or initContainer names in the pod template");
    }
    if values.count() == 0 {
        report.invalid(&values, "at least one value is required");
    } else if values.count() > 255 {
        report.push(FieldError::too_many(&values.path, values.count(), 255));
    }
    let mut seen = BTreeSet::new();
    let mut last = i64::MIN;
    let mut ordered = true;
    for value in values.items() {
        let code = value.whole();
        if operator.text() == "In" && code == 0 {
            report.invalid(&value, "must not be 0 for the In operator");
        }
        if !seen.insert(code) {
            report.duplicate(&value, code);
        }
        ordered &= last <= code;
        last = code;
    }
    if !ordered {
        report.invalid(&values, "must be ordered");
    }
}

fn success_policy(spec: &At<'_>, report: &mut Report) {
    let policy = spec.child("successPolicy");
    if policy.is_absent() {
        return;
    }
    if spec.get("completionMode") != "Indexed" {
        report.invalid(&policy, "requires indexed completion mode");
        return;
    }
    let (rules, completions) = (policy.child("rules"), spec.child("completions").whole());
    if rules.count() == 0 {
        report.required(&rules, "at least one rules must be specified when the successPolicy is specified");
    }
    if rules.count() > 20 {
        report.push(FieldError::too_many(&rules.path, rules.count(), 20));
    }
    for rule in rules.items() {
        let (count, indexes) = (rule.child("succeededCount"), rule.child("succeededIndexes"));
        if count.is_absent() && indexes.is_absent() {
            report.required(&rule, "at least one of succeededCount or succeededIndexes must be specified");
        }
        report.nonnegative(&count);
        if count.whole() > completions {
            report.invalid(
                &count,
                format!("must be less than or equal to {completions} (the number of specified completions)"),
            );
        }
    }
}

/// Fields of the template that may change while a job is suspended and has not started.
const WHILE_SUSPENDED: [&str; 4] = ["nodeSelector", "tolerations", "schedulingGates", "affinity"];

fn job_update(spec: &At<'_>, old: &Value, report: &mut Report) {
    let was = &old["spec"];
    let completions = spec.child("completions");
    if spec.get("completionMode") != "Indexed" {
        report.immutable(&completions, &was["completions"]);
    } else if *completions.value != was["completions"]
        && !completions.is_absent()
        && completions.value != spec.field("parallelism")
    {
        report.invalid(&completions, "can only be modified in tandem with spec.parallelism");
    }
    report.immutable(&spec.child("selector"), &was["selector"]);
    let (mut now, mut before) = (spec.field("template").clone(), was["template"].clone());
    if was["suspend"] == true && old["status"]["startTime"].is_null() {
        for template in [&mut now, &mut before] {
            if let Some(pod) = template["spec"].as_object_mut() {
                WHILE_SUSPENDED.iter().for_each(|f| {
                    pod.remove(*f);
                });
                for list in ["containers", "initContainers"] {
                    pod.get_mut(list)
                        .and_then(Value::as_array_mut)
                        .into_iter()
                        .flatten()
                        .for_each(|c| c["resources"] = Value::Null);
                }
            }
            template["metadata"] = Value::Null;
        }
    }
    if now != before {
        report.invalid(&spec.child("template"), "field is immutable");
    }
    for field in ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"] {
        report.immutable(&spec.child(field), &was[field]);
    }
}

pub(super) fn status(new: &Value, _: &Value, report: &mut Report) {
    let status = At::root(new, "status");
    for field in ["active", "succeeded", "failed", "ready", "terminating"] {
        report.nonnegative(&status.child(field));
    }
    let is = |kind: &str| condition_is_true(new, kind);
    let mut conflict = |detail: &str| {
        let mut error = FieldError::invalid(&status.path.child("conditions"), Value::Null, detail);
        error.value = None;
        report.push(error);
    };
    if is("Complete") && is("Failed") {
        conflict("cannot set Complete=True and Failed=true conditions");
    }
    if is("Complete") && is("FailureTarget") {
        conflict("cannot set Complete=True and FailureTarget=true conditions");
    }
    let finished = is("Complete") || is("Failed");
    let (end, start) = (status.child("completionTime"), status.child("startTime"));
    if !end.is_absent() && !is("Complete") {
        report.invalid(&end, "cannot set completionTime when there is no Complete=True condition");
    }
    if end.is_absent() && is("Complete") {
        report.required(&end, "completionTime is required for Complete jobs");
    }
    let active = status.child("active");
    if active.whole() > 0 && finished {
        report.invalid(&active, "active>0 is invalid for finished job");
    }
    if start.is_absent() && finished {
        report.required(&start, "startTime is required for finished job");
    }
    let ready = status.child("ready");
    if ready.whole() > active.whole() {
        report.invalid(&ready, "cannot set more ready pods than active");
    }
}

pub(super) fn cron_job(new: &Value, old: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    let schedule = spec.child("schedule");
    if schedule.text().is_empty() {
        report.required(&schedule, "");
    } else {
        if let Err(detail) = crate::cron::check(schedule.text()) {
            report.invalid(&schedule, detail);
        }
        if schedule.text().contains("TZ") {
            let before = old.is_some_and(|o| text(&o["spec"]["schedule"]).contains("TZ"));
            if !before {
                report.invalid(&schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
            } else if spec.has("timeZone") {
                report.invalid(&schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule");
            }
        }
    }
    report.nonnegative(&spec.child("startingDeadlineSeconds"));
    time_zone(&spec.child("timeZone"), report);
    report.one_of(&spec.child("concurrencyPolicy"), &["Allow", "Forbid", "Replace"]);
    let job = spec.down(&["jobTemplate", "spec"]);
    job_spec(&job, report);
    if job.has("selector") {
        report.invalid(&job.child("selector"), "`selector` will be auto-generated");
    }
    if job.flag("manualSelector") {
        report.not_supported(&job.child("manualSelector"), &["nil", "false"]);
    }
    report.nonnegative(&spec.child("successfulJobsHistoryLimit"));
    report.nonnegative(&spec.child("failedJobsHistoryLimit"));
    let name = At::root(new, "metadata").child("name");
    if old.is_none() && name.text().len() > 52 {
        report.invalid(&name, "must be no more than 52 characters");
    }
}

fn time_zone(at: &At<'_>, report: &mut Report) {
    let name = at.text();
    if at.is_absent() {
        return;
    }
    if name.is_empty() {
        report.invalid(at, "timeZone must be nil or non-empty string");
        return;
    }
    let sound = |part: &str| {
        let known = part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+'));
        !part.is_empty() && part.len() <= 14 && !part.starts_with('-') && part != "." && part != ".." && known
    };
    if !name.split('/').all(sound) {
        report.invalid(at, format!("unknown time zone {name}"));
    } else if name.eq_ignore_ascii_case("local") {
        report.invalid(at, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
    }
}
