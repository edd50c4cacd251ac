//! Labels and the selectors over them.

use super::cursor::{At, Report};
use apimachinery::field::FieldError;
use apimachinery::names;
use apimachinery::selector::labels::Selector;
use serde_json::Value;

/// A map of labels.
pub(super) fn labels(at: &At<'_>, report: &mut Report) {
    for (key, value) in at.entries() {
        for message in names::qualified_name(key) {
            report.invalid_value(at, key.as_str(), message);
        }
        for message in names::label_value(value.text()) {
            report.invalid_value(at, value.text(), message);
        }
    }
}

/// A `LabelSelector`.
pub(super) fn selector(at: &At<'_>, report: &mut Report) {
    labels(&at.child("matchLabels"), report);
    for e in at.child("matchExpressions").items() {
        requirement(&e, report);
        report.qualified(&e.child("key"));
        for value in e.child("values").items() {
            report.messages(&value, names::label_value(value.text()));
        }
    }
}

fn requirement(e: &At<'_>, report: &mut Report) {
    let values = e.child("values");
    match e.get("operator") {
        "In" | "NotIn" if values.count() == 0 => {
            report.required(&values, "must be specified when `operator` is 'In' or 'NotIn'")
        }
        "Exists" | "DoesNotExist" if values.count() > 0 => {
            report.forbidden(&values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        _ => report.messages(&e.child("operator"), vec!["not a valid selector operator".into()]),
    }
}

/// Selects nothing because it says nothing.
pub(super) fn is_empty(selector: &Value) -> bool {
    crate::access::count(&selector["matchLabels"]) + crate::access::count(&selector["matchExpressions"]) == 0
}

/// The selector of a controller and the labels of its template. A missing or broken selector has an error already.
pub(super) fn template_matches(selector: &Value, template: &At<'_>, report: &mut Report) {
    let labels = template.down(&["metadata", "labels"]);
    let Ok(parsed) = Selector::from_label_selector(selector) else { return };
    let none = serde_json::Map::new();
    if !parsed.is_everything() && !parsed.matches_map(labels.value.as_object().unwrap_or(&none)) {
        report.push(FieldError::invalid(
            &labels.path,
            labels.value.clone(),
            "`selector` does not match template `labels`",
        ));
    }
}

/// A `NodeSelector`.
pub(super) fn node_selector(at: &At<'_>, report: &mut Report) {
    let terms = at.child("nodeSelectorTerms");
    if terms.count() == 0 {
        report.required(&terms, "must have at least one node selector term");
    }
    for term in terms.items() {
        node_term(&term, false, report);
    }
}

/// A `NodeSelectorTerm`.
pub(super) fn node_term(at: &At<'_>, any_value: bool, report: &mut Report) {
    for e in at.child("matchExpressions").items() {
        let values = e.child("values");
        match e.get("operator") {
            "Gt" | "Lt" if values.count() != 1 => {
                report.required(&values, "must be specified single value when `operator` is 'Lt' or 'Gt'")
            }
            "Gt" | "Lt" => {}
            _ => requirement(&e, report),
        }
        report.qualified(&e.child("key"));
        if !any_value {
            for value in values.items() {
                report.messages(&value, names::label_value(value.text()));
            }
        }
    }
    for e in at.child("matchFields").items() {
        let values = e.child("values");
        match e.get("operator") {
            "In" | "NotIn" if values.count() != 1 => report
                .required(&values, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"),
            "In" | "NotIn" => {}
            _ => report.messages(&e.child("operator"), vec!["not a valid selector operator".into()]),
        }
        if e.get("key") == "metadata.name" {
            values.items().for_each(|v| report.subdomain(&v));
        } else {
            report.messages(&e.child("key"), vec!["not a valid field selector key".into()]);
        }
    }
}
