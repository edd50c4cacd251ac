//! Topology spread constraints.

use crate::access::{entries, items};
use crate::validation::cursor::{At, Report};
use crate::validation::labels;
use apimachinery::field::FieldError;
use std::collections::BTreeSet;

pub(super) fn constraints(at: &At<'_>, report: &mut Report) {
    let all: Vec<At<'_>> = at.items().collect();
    for (i, constraint) in all.iter().enumerate() {
        report.positive(&constraint.child("maxSkew"));
        let (key, action) = (constraint.child("topologyKey"), constraint.child("whenUnsatisfiable"));
        if key.text().is_empty() {
            report.required(&key, "can not be empty");
        }
        if !["DoNotSchedule", "ScheduleAnyway"].contains(&action.text()) {
            report.not_supported(&action, &["DoNotSchedule", "ScheduleAnyway"]);
        }
        let repeated = all[i + 1..]
            .iter()
            .any(|c| c.get("topologyKey") == key.text() && c.get("whenUnsatisfiable") == action.text());
        if repeated {
            let path = constraint.path.child("{topologyKey, whenUnsatisfiable}");
            report.push(FieldError::duplicate(&path, format!("{{{}, {}}}", key.text(), action.text())));
        }
        let least = constraint.child("minDomains");
        if !least.is_absent() {
            report.positive(&least);
            if action.text() != "DoNotSchedule" {
                report.invalid(
                    &least,
                    format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}", action.text()),
                );
            }
        }
        for field in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            report.maybe_one_of(&constraint.child(field), &["Honor", "Ignore"]);
        }
        label_keys(constraint, report);
        labels::selector(&constraint.child("labelSelector"), report);
    }
}

/// `matchLabelKeys` and `mismatchLabelKeys`.
pub(super) fn label_keys(at: &At<'_>, report: &mut Report) {
    let selector = at.child("labelSelector");
    for field in ["matchLabelKeys", "mismatchLabelKeys"] {
        let keys = at.child(field);
        if keys.count() > 0 && selector.is_absent() {
            report.forbidden(&keys, "must not be specified when labelSelector is not set");
        } else {
            keys.items().for_each(|k| report.qualified(&k));
        }
    }
    let matched: Vec<At<'_>> = at.child("matchLabelKeys").items().collect();
    let mut known: BTreeSet<&str> = entries(&selector.value["matchLabels"]).map(|(k, _)| k.as_str()).collect();
    for e in selector.child("matchExpressions").items() {
        let key = e.get("key");
        if let Some(i) = matched.iter().position(|m| m.text() == key).filter(|_| known.contains(key)) {
            report.push(FieldError::invalid(&at.path.index(i), key, "exists in both matchLabelKeys and labelSelector"));
        }
        known.insert(key);
    }
    for key in &matched {
        if items(at.field("mismatchLabelKeys")).contains(key.value) {
            report.invalid(key, "exists in both matchLabelKeys and mismatchLabelKeys");
        }
    }
}
