//! CustomResourceDefinitions.

mod conversion;
mod defaults;
mod schema;
mod structural;
mod version;

use super::cursor::{At, Report};
use crate::access::{condition_is_true, flag, items, text};
use apimachinery::field::FieldError;
use apimachinery::names;
use serde_json::Value;

const APPROVED: &str = "api-approved.kubernetes.io";

/// The main resource.
pub(super) fn definition(new: &Value, old: Option<&Value>, report: &mut Report) {
    if old.is_none() {
        name(new, report);
    }
    spec(&At::root(new, "spec"), report);
    if let Some(old) = old {
        immutable(new, old, report);
    }
    accepted_names(new, report);
    stored_versions(new, report);
    approval(new, old, report);
    let kept = At::root(new, "spec").child("preserveUnknownFields");
    let was = old.is_some_and(|o| flag(&o["spec"]["preserveUnknownFields"]));
    if flag(kept.value) && !was {
        report.invalid(
            &kept,
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
        );
    }
}

/// The status.
pub(super) fn status(new: &Value, _old: &Value, report: &mut Report) {
    accepted_names(new, report);
}

fn name(new: &Value, report: &mut Report) {
    let name = At::root(new, "metadata").child("name");
    let wanted = format!("{}.{}", text(&new["spec"]["names"]["plural"]), text(&new["spec"]["group"]));
    if !name.text().is_empty() && name.text() != wanted {
        report.invalid(&name, "must be spec.names.plural+\".\"+spec.group");
    }
}

fn immutable(new: &Value, old: &Value, report: &mut Report) {
    let (spec, was) = (At::root(new, "spec"), &old["spec"]);
    if condition_is_true(old, "Established") {
        report.immutable(&spec.child("scope"), &was["scope"]);
        report.immutable(&spec.down(&["names", "kind"]), &was["names"]["kind"]);
    }
    report.immutable(&spec.child("group"), &was["group"]);
    report.immutable(&spec.down(&["names", "plural"]), &was["names"]["plural"]);
}

fn spec(spec: &At<'_>, report: &mut Report) {
    let group = spec.child("group");
    let wrong = names::dns1123_subdomain(group.text());
    if group.text().is_empty() {
        report.required(&group, "");
    } else if !wrong.is_empty() {
        report.invalid(&group, wrong.join(","));
    } else if !group.text().contains('.') {
        report.invalid(&group, "should be a domain with at least one dot");
    }
    let scope = spec.child("scope");
    if scope.text().is_empty() {
        report.required(&scope, "");
    } else if !["Cluster", "Namespaced"].contains(&scope.text()) {
        report.not_supported(&scope, &["Cluster", "Namespaced"]);
    }
    let versions = spec.child("versions");
    for version in versions.items() {
        let schema = version.down(&["schema", "openAPIV3Schema"]);
        if schema.is_absent() {
            report.required(&schema, "");
        }
    }
    for version in versions.items() {
        let name = version.child("name");
        let wrong = names::dns1035_label(name.text());
        if !wrong.is_empty() {
            report.invalid_value(&name, name.text(), wrong.join(","));
        }
        version::version(&version, report);
    }
    let list = items(versions.value);
    let twice = list.iter().enumerate().any(|(i, v)| list[..i].iter().any(|w| w["name"] == v["name"]));
    if twice {
        report.invalid(&versions, "must contain unique version names");
    }
    if list.iter().filter(|v| flag(&v["storage"])).count() != 1 {
        report.invalid(&versions, "must have exactly one version marked as storage version");
    }
    let wished = spec.child("names");
    for field in ["plural", "singular", "kind", "listKind"] {
        let name = wished.child(field);
        if name.text().is_empty() {
            report.required(&name, "");
        }
    }
    names_rules(&wished, report);
    conversion::conversion(&spec.child("conversion"), report);
}

fn names_rules(names_at: &At<'_>, report: &mut Report) {
    for (field, mixed) in [("plural", false), ("singular", false), ("kind", true), ("listKind", true)] {
        let name = names_at.child(field);
        let wrong =
            if mixed { names::dns1035_label(&name.text().to_lowercase()) } else { names::dns1035_label(name.text()) };
        if name.text().is_empty() || wrong.is_empty() {
            continue;
        }
        let front = if mixed { "may have mixed case, but should otherwise match: " } else { "" };
        report.invalid(&name, format!("{front}{}", wrong.join(",")));
    }
    let labels = |field: &str, report: &mut Report| {
        for item in names_at.child(field).items() {
            let wrong = names::dns1035_label(item.text());
            if !wrong.is_empty() {
                report.invalid(&item, wrong.join(","));
            }
        }
    };
    labels("shortNames", report);
    let (kind, list) = (names_at.child("kind"), names_at.child("listKind"));
    if !kind.text().is_empty() && kind.text() == list.text() {
        report.invalid(&list, "kind and listKind may not be the same");
    }
    labels("categories", report);
}

fn accepted_names(new: &Value, report: &mut Report) {
    names_rules(&At::root(new, "status").child("acceptedNames"), report);
}

fn stored_versions(new: &Value, report: &mut Report) {
    let stored = At::root(new, "status").child("storedVersions");
    if stored.count() == 0 {
        report.invalid_value(&stored, Value::Array(Vec::new()), "must have at least one stored version");
        return;
    }
    let versions = items(&new["spec"]["versions"]);
    for version in versions.iter().filter(|v| flag(&v["storage"])) {
        if !items(stored.value).contains(&version["name"]) {
            report.invalid(&stored, format!("must have the storage version {}", text(&version["name"])));
        }
    }
    for item in stored.items() {
        if versions.iter().any(|v| v["name"] == *item.value) {
            continue;
        }
        let v = item.text();
        report.invalid(
            &item,
            format!(
                "missing from spec.versions; {v} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {v} and removes {v} from status.storedVersions"
            ),
        );
    }
}

/// Groups of Kubernetes' own need the word of its community.
fn approval(new: &Value, old: Option<&Value>, report: &mut Report) {
    let group = text(&new["spec"]["group"]);
    let guarded = ["k8s.io", "kubernetes.io"].iter().any(|own| group == *own || group.ends_with(&format!(".{own}")));
    if !guarded {
        return;
    }
    let word = |object: &Value| object["metadata"]["annotations"][APPROVED].as_str().map(str::to_owned);
    let given = word(new);
    if old.is_some_and(|old| word(old) == given) {
        return;
    }
    let path = At::root(new, "metadata").child("annotations").path.key(APPROVED);
    match given.as_deref() {
        None | Some("") => report.push(FieldError::required(
            &path,
            "protected groups must have approval annotation \"api-approved.kubernetes.io\", see https://github.com/kubernetes/enhancements/pull/1111",
        )),
        Some(word) if word.starts_with("unapproved") => {}
        Some(word) if word.contains("://") => {}
        Some(word) => report.push(FieldError::invalid(
            &path,
            word,
            format!("protected groups must have approval annotation \"api-approved.kubernetes.io\" with either a URL or a reason starting with \"unapproved\", see https://github.com/kubernetes/enhancements/pull/1111, got {}", apimachinery::text::quote(word)),
        )),
    }
}

/// What is said about a definition: formats that nobody checks, sets of things that cannot be told apart.
#[must_use]
pub(super) fn warnings(object: &Value) -> Vec<String> {
    let mut out = Vec::new();
    for version in items(&object["spec"]["versions"]) {
        schema::warnings(&version["schema"]["openAPIV3Schema"], &mut out);
    }
    out.dedup();
    out
}
