//! Nodes.

use super::cursor::{At, Report};
use super::pod::{resources, tolerations};
use crate::access::{items, text};
use apimachinery::field::{FieldError, Path};
use apimachinery::names;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn node(new: &Value, old: Option<&Value>, report: &mut Report) {
    let (spec, status) = (At::root(new, "spec"), At::root(new, "status"));
    // Upstream's path.
    let taints = At::new(spec.field("taints"), Path::new("metadata").child("taints"));
    check_taints(&taints, report);
    for list in ["capacity", "allocatable"] {
        for (name, amount) in status.child(list).entries() {
            resources::amount(name, &At::new(amount.value, status.path.child(list).child(name)), report);
        }
    }
    cidrs(&spec.child("podCIDRs"), report);
    if let Some(old) = old {
        update(&spec, &status, old, report);
    }
}

fn check_taints(at: &At<'_>, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for taint in at.items() {
        let (key, value, effect) = (taint.child("key"), taint.child("value"), taint.child("effect"));
        report.qualified(&key);
        let messages = names::label_value(value.text());
        if !messages.is_empty() {
            report.invalid_value(&value, value.text(), messages.join(";"));
        }
        tolerations::taint_effect(&effect, report);
        if !seen.insert((effect.text(), key.text())) {
            let mut error = FieldError::duplicate(&taint.path, taint.value.clone());
            error.detail = "taints must be unique by key and effect pair".into();
            report.push(error);
        }
    }
}

fn cidrs(at: &At<'_>, report: &mut Report) {
    at.items().for_each(|c| report.cidr(&c, c.text()));
    let six = items(at.value).iter().filter(|c| text(c).contains(':')).count();
    if at.count() > 2 || at.count() == 2 && six != 1 {
        report.invalid(at, "may specify no more than one CIDR for each IP family");
    }
}

fn update(spec: &At<'_>, status: &At<'_>, old: &Value, report: &mut Report) {
    let mut seen: Vec<&Value> = Vec::new();
    for address in status.child("addresses").items() {
        if seen.contains(&address.value) {
            report.duplicate(&address, address.value.clone());
        }
        seen.push(address.value);
    }
    let was = &old["spec"];
    let cidrs = spec.child("podCIDRs");
    if !items(&was["podCIDRs"]).is_empty() && was["podCIDRs"] != *cidrs.value {
        report.forbidden(&cidrs, "node updates may not change podCIDR except from \"\" to valid");
    }
    let provider = spec.child("providerID");
    let before = text(&was["providerID"]);
    if !before.is_empty() && before != provider.text() {
        let what = if provider.text().is_empty() { "cleared" } else { "modified" };
        report.invalid_value(&provider, Value::Null, format!("field cannot be {what} once set"));
    }
}
