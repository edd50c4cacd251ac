//! Roles and bindings.

use super::cursor::{At, Report};
use super::labels;
use apimachinery::names;
use apimachinery::selector::labels::Selector;
use serde_json::Value;

const GROUP: &str = "rbac.authorization.k8s.io";

fn is_namespaced(object: &Value) -> bool {
    !crate::access::text(&object["kind"]).starts_with("Cluster")
}

pub(super) fn role(new: &Value, _: Option<&Value>, report: &mut Report) {
    for rule in At::root(new, "rules").items() {
        if rule.child("verbs").count() == 0 {
            report.required(&rule.child("verbs"), "verbs must contain at least one value");
        }
        let urls = rule.child("nonResourceURLs");
        if urls.count() > 0 {
            if is_namespaced(new) {
                report.invalid(&urls, "namespaced rules cannot apply to non-resource URLs");
            }
            if ["apiGroups", "resources", "resourceNames"].iter().any(|f| rule.child(f).count() > 0) {
                report.invalid(&urls, "rules cannot apply to both regular resources and non-resource URLs");
            }
            continue;
        }
        for (field, detail) in [
            ("apiGroups", "resource rules must supply at least one api group"),
            ("resources", "resource rules must supply at least one resource"),
        ] {
            if rule.child(field).count() == 0 {
                report.required(&rule.child(field), detail);
            }
        }
    }
    let aggregation = At::root(new, "aggregationRule");
    let selectors = aggregation.child("clusterRoleSelectors");
    if !aggregation.is_absent() && selectors.count() == 0 {
        report.required(&selectors, "at least one clusterRoleSelector required if aggregationRule is non-nil");
    }
    for selector in selectors.items() {
        labels::selector(&selector, report);
        if Selector::from_label_selector(selector.value).is_err() {
            report.invalid_value(&selector, Value::Null, "invalid label selector.");
        }
    }
}

pub(super) fn binding(new: &Value, old: Option<&Value>, report: &mut Report) {
    let role = At::root(new, "roleRef");
    let (group, kind, name) = (role.child("apiGroup"), role.child("kind"), role.child("name"));
    if group.text() != GROUP {
        report.not_supported(&group, &[GROUP]);
    }
    let kinds: &[&str] = if is_namespaced(new) { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if !kinds.contains(&kind.text()) {
        report.not_supported(&kind, kinds);
    }
    if name.text().is_empty() {
        report.required(&name, "");
    } else {
        report.messages(&name, names::path_segment(name.text()));
    }
    for one in At::root(new, "subjects").items() {
        subject(&one, is_namespaced(new), report);
    }
    if let Some(old) = old
        && old["roleRef"] != *role.value
    {
        report.invalid(&role, super::cursor::IMMUTABLE);
    }
}

fn subject(at: &At<'_>, namespaced: bool, report: &mut Report) {
    let (name, group) = (at.child("name"), at.child("apiGroup"));
    if name.text().is_empty() {
        report.required(&name, "");
    }
    match at.get("kind") {
        "ServiceAccount" => {
            if !name.text().is_empty() {
                report.subdomain(&name);
            }
            if !group.text().is_empty() {
                report.not_supported(&group, &[""]);
            }
            if !namespaced && at.get("namespace").is_empty() {
                report.required(&at.child("namespace"), "");
            }
        }
        "User" | "Group" => {
            if group.text() != GROUP {
                report.not_supported(&group, &[GROUP]);
            }
        }
        _ => report.not_supported(&at.child("kind"), &["ServiceAccount", "User", "Group"]),
    }
}
