//! Node and pod affinity.

use super::spread;
use crate::validation::cursor::{At, Report};
use crate::validation::labels;
use apimachinery::field::FieldError;
use apimachinery::names;

pub(super) fn affinity(at: &At<'_>, report: &mut Report) {
    let node = at.child("nodeAffinity");
    let required = node.child("requiredDuringSchedulingIgnoredDuringExecution");
    if !required.is_absent() {
        labels::node_selector(&required, report);
    }
    for term in node.child("preferredDuringSchedulingIgnoredDuringExecution").items() {
        weight(&term, report);
        labels::node_term(&term.child("preference"), true, report);
    }
    for field in ["podAffinity", "podAntiAffinity"] {
        let pods = at.child(field);
        for term in pods.child("requiredDuringSchedulingIgnoredDuringExecution").items() {
            pod_term(&term, report);
        }
        for term in pods.child("preferredDuringSchedulingIgnoredDuringExecution").items() {
            weight(&term, report);
            pod_term(&term.child("podAffinityTerm"), report);
        }
    }
}

fn weight(term: &At<'_>, report: &mut Report) {
    let weight = term.child("weight");
    if !(1..=100).contains(&weight.whole()) {
        report.invalid_value(&weight, weight.whole(), "must be in the range 1-100");
    }
}

fn pod_term(at: &At<'_>, report: &mut Report) {
    labels::selector(&at.child("labelSelector"), report);
    labels::selector(&at.child("namespaceSelector"), report);
    for name in at.child("namespaces").items() {
        for message in names::dns1123_label(name.text()) {
            report.push(FieldError::invalid(&at.path.child("namespace"), name.text(), message));
        }
    }
    spread::label_keys(at, report);
    let key = at.child("topologyKey");
    if key.text().is_empty() {
        report.required(&key, "can not be empty");
    }
    report.qualified(&key);
}
