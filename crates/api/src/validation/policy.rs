//! Disruption budgets, priority classes, runtime classes.

use super::cursor::{At, Report};
use super::pod::{resources, tolerations};
use super::{labels, workloads};
use apimachinery::field::FieldError;
use apimachinery::names;
use serde_json::Value;

pub(super) fn disruption_budget(new: &Value, _: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    if spec.has("minAvailable") && spec.has("maxUnavailable") {
        report.invalid(&spec, "minAvailable and maxUnavailable cannot be both set");
    }
    for field in ["minAvailable", "maxUnavailable"] {
        let amount = spec.child(field);
        if !amount.is_absent() {
            workloads::amount(&amount, report);
            workloads::at_most_everything(&amount, report);
        }
    }
    labels::selector(&spec.child("selector"), report);
    report.maybe_one_of(&spec.child("unhealthyPodEvictionPolicy"), &["AlwaysAllow", "IfHealthyBudget"]);
}

const HIGHEST: i64 = 1_000_000_000;

pub(super) fn priority_class(new: &Value, old: Option<&Value>, report: &mut Report) {
    let (value, policy) = (At::root(new, "value"), At::root(new, "preemptionPolicy"));
    if let Some(old) = old {
        if *value.value != old["value"] {
            report.forbidden(&value, "may not be changed in an update.");
        }
        report.immutable(&policy, &old["preemptionPolicy"]);
        return;
    }
    let name = At::root(new, "metadata").child("name");
    if name.text().starts_with("system-") {
        if let Some(error) = not_known(name.text(), value.whole(), new["globalDefault"] == true) {
            report.forbidden(
                &name,
                format!("priority class names with 'system-' prefix are reserved for system use only. error: {error}"),
            );
        }
    } else if value.whole() > HIGHEST {
        report.forbidden(&value, format!("maximum allowed value of a user defined priority is {HIGHEST}"));
    }
    if !policy.is_absent() {
        report.one_of(&policy, &["PreemptLowerPriority", "Never"]);
    }
}

fn not_known(name: &str, value: i64, default: bool) -> Option<String> {
    let known = match name {
        "system-node-critical" => 2_000_001_000,
        "system-cluster-critical" => 2_000_000_000,
        _ => return Some(format!("{name} is not a known system priority class")),
    };
    if value != known {
        return Some(format!("value of {name} PriorityClass must be {known}"));
    }
    default.then(|| format!("globalDefault of {name} PriorityClass must be false"))
}

pub(super) fn runtime_class(new: &Value, old: Option<&Value>, report: &mut Report) {
    let handler = At::root(new, "handler");
    if let Some(old) = old {
        report.immutable(&handler, &old["handler"]);
    }
    if handler.text().is_empty() {
        report.required(&handler, "");
    } else {
        report.messages(&handler, names::dns1123_label(handler.text()));
    }
    let overhead = At::root(new, "overhead");
    for (name, amount) in overhead.child("podFixed").entries() {
        let at = At::new(amount.value, overhead.path.child("limits").key(name));
        resources::container_name(name, &at, report);
        resources::amount(name, &at, report);
    }
    let scheduling = At::root(new, "scheduling");
    labels::labels(&scheduling.child("nodeSelector"), report);
    let list = scheduling.child("tolerations");
    tolerations::tolerations(&list, report);
    let key = |t: &At<'_>| ["key", "operator", "value", "effect"].map(|f| t.get(f).to_owned());
    let mut seen = Vec::new();
    for toleration in list.items() {
        if seen.contains(&key(&toleration)) {
            report.push(FieldError::duplicate(&toleration.path, toleration.value.clone()));
        }
        seen.push(key(&toleration));
    }
}
