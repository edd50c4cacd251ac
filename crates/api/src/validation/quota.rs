//! Quotas and limit ranges.

use super::cursor::{At, IMMUTABLE, Report};
use super::pod::resources;
use crate::access::{items, text};
use apimachinery::names;
use apimachinery::quantity::Quantity;
use serde_json::Value;
use std::collections::BTreeSet;

const SCOPES: [&str; 7] = [
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
];

pub(super) fn resource_quota(new: &Value, old: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    amounts(&spec.child("hard"), report);
    let scopes = spec.child("scopes");
    let known: BTreeSet<&str> = items(scopes.value).iter().map(text).collect();
    for scope in &known {
        if !SCOPES.contains(scope) {
            report.invalid(&scopes, "unsupported scope");
        }
        for (name, _) in spec.child("hard").entries() {
            if !fits(scope, name) {
                report.invalid(&scopes, "unsupported scope applied to resource");
            }
        }
    }
    conflicting(&known, &scopes, &scopes, report);
    scope_selector(&spec, report);
    if old.is_none() {
        status(new, new, report);
    }
    if let Some(old) = old {
        let before: BTreeSet<&str> = items(&old["spec"]["scopes"]).iter().map(text).collect();
        if before != known {
            report.invalid(&scopes, IMMUTABLE);
        }
    }
}

fn conflicting(known: &BTreeSet<&str>, at: &At<'_>, shown: &At<'_>, report: &mut Report) {
    for [a, b] in [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]] {
        if known.contains(a) && known.contains(b) {
            report.invalid_value(at, shown.value.clone(), "conflicting scopes");
        }
    }
}

/// May a scope narrow this resource?
fn fits(scope: &str, resource: &str) -> bool {
    if !resources::is_quota_resource(resource) {
        return true;
    }
    let pods = [
        "pods",
        "cpu",
        "memory",
        "requests.cpu",
        "requests.memory",
        "limits.cpu",
        "limits.memory",
        "ephemeral-storage",
        "requests.ephemeral-storage",
        "limits.ephemeral-storage",
    ];
    match scope {
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => matches!(resource, "persistentvolumeclaims" | "requests.storage"),
        "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" | "CrossNamespacePodAffinity" => {
            pods.contains(&resource)
        }
        _ => true,
    }
}

fn scope_selector(spec: &At<'_>, report: &mut Report) {
    let selector = spec.child("scopeSelector");
    let path = selector.child("matchExpressions");
    let mut known = BTreeSet::new();
    for e in path.items() {
        // Upstream leaves the index out.
        let moved = |field: &str| At::new(e.field(field), path.path.child(field));
        let (scope, operator, values) = (moved("scopeName"), moved("operator"), moved("values"));
        if !SCOPES.contains(&scope.text()) {
            report.invalid(&scope, "unsupported scope");
        }
        for (name, _) in spec.child("hard").entries() {
            if !fits(scope.text(), name) {
                report.invalid_value(&path, selector.value.clone(), "unsupported scope applied to resource");
            }
        }
        let exists_only =
            !matches!(scope.text(), "PriorityClass" | "VolumeAttributesClass") && SCOPES.contains(&scope.text());
        if exists_only && operator.text() != "Exists" {
            report.invalid(&operator, "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity");
        }
        match operator.text() {
            "In" | "NotIn" if values.count() == 0 => report
                .required(&values, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"),
            "Exists" | "DoesNotExist" if values.count() > 0 => report
                .invalid(&values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            _ => report.invalid(&operator, "not a valid selector operator"),
        }
        known.insert(scope.text());
    }
    conflicting(&known, &path, &spec.child("scopes"), report);
}

fn amounts(at: &At<'_>, report: &mut Report) {
    for (name, value) in at.entries() {
        resources::name(name, &value, report);
        if !name.contains('/') && !resources::is_quota_resource(name) {
            report.invalid_value(&value, name.as_str(), "must be a standard resource for quota");
        }
        resources::amount(name, &value, report);
    }
}

pub(super) fn status(new: &Value, _: &Value, report: &mut Report) {
    let status = At::root(new, "status");
    amounts(&status.child("hard"), report);
    amounts(&status.child("used"), report);
}

pub(super) fn limit_range(new: &Value, _: Option<&Value>, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for limit in At::root(new, "spec").child("limits").items() {
        let kind = limit.child("type");
        let messages = names::qualified_name(kind.text());
        if messages.is_empty()
            && !kind.text().contains('/')
            && !["Pod", "Container", "PersistentVolumeClaim"].contains(&kind.text())
        {
            report.invalid(&kind, "must be a standard limit type or fully qualified");
        }
        report.messages(&kind, messages);
        if !seen.insert(kind.text()) {
            report.duplicate(&kind, kind.text());
        }
        limit_item(&limit, report);
    }
}

fn limit_item(at: &At<'_>, report: &mut Report) {
    let kind = at.get("type");
    let mut all = BTreeSet::new();
    for list in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
        let list_at = at.child(list);
        if kind == "Pod" && list.starts_with("default") && list_at.count() > 0 {
            report.forbidden(&list_at, "may not be specified when `type` is 'Pod'");
            continue;
        }
        for (name, value) in list_at.entries() {
            match kind {
                "Pod" | "Container" => resources::container_name(name, &value, report),
                _ => {
                    resources::name(name, &value, report);
                }
            }
            all.insert(name.as_str());
        }
    }
    if kind == "PersistentVolumeClaim"
        && at.down(&["min", "storage"]).is_absent()
        && at.down(&["max", "storage"]).is_absent()
    {
        report.required(
            &At::new(at.value, at.path.child("limits")),
            "either minimum or maximum storage value is required, but neither was provided",
        );
    }
    for name in all {
        compare(at, name, report);
    }
}

/// In order: least ≤ default request ≤ default ≤ most.
fn compare(at: &At<'_>, name: &str, report: &mut Report) {
    let amount = |list: &str| at.child(list).child(name).quantity();
    let value = |list: &str| At::new(at.child(list).field(name), at.path.child(list).key(name)).value.clone();
    let mut check =
        |less: (&str, &str, Option<Quantity>), more: (&str, &str, Option<Quantity>), path: &str, shown: &str| {
            if let (Some(a), Some(b)) = (&less.2, &more.2)
                && a > b
            {
                let at = At::new(&Value::Null, at.path.child(path).key(name));
                report.invalid_value(&at, value(shown), format!("{} {a} is greater than {} {b}", less.1, more.1));
            }
        };
    let (min, max) = (amount("min"), amount("max"));
    let (default, request) = (amount("default"), amount("defaultRequest"));
    check(("min", "min value", min.clone()), ("max", "max value", max.clone()), "min", "min");
    check(
        ("min", "min value", min.clone()),
        ("defaultRequest", "default request value", request.clone()),
        "defaultRequest",
        "defaultRequest",
    );
    check(
        ("defaultRequest", "default request value", request.clone()),
        ("max", "max value", max.clone()),
        "defaultRequest",
        "defaultRequest",
    );
    check(
        ("defaultRequest", "default request value", request),
        ("default", "default limit value", default.clone()),
        "defaultRequest",
        "defaultRequest",
    );
    check(("min", "min value", min), ("default", "default value", default.clone()), "default", "min");
    check(("default", "default value", default), ("max", "max value", max), "default", "max");
    if let Some(ratio) = amount("maxLimitRequestRatio").filter(|r| *r < Quantity::new(1)) {
        let at = At::new(&Value::Null, at.path.child("maxLimitRequestRatio").key(name));
        report.invalid_value(&at, ratio.to_string(), format!("ratio {ratio} is less than 1"));
    }
}
