//! Tolerations.

use crate::validation::cursor::{At, Report};
use apimachinery::names;

/// A list of tolerations.
pub(in crate::validation) fn tolerations(at: &At<'_>, report: &mut Report) {
    for toleration in at.items() {
        let (key, operator, effect) =
            (toleration.child("key"), toleration.child("operator"), toleration.child("effect"));
        if !key.text().is_empty() {
            report.qualified(&key);
        }
        if key.text().is_empty() && operator.text() != "Exists" {
            report.invalid_value(
                &operator,
                operator.text(),
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"",
            );
        }
        if toleration.has("tolerationSeconds") && effect.text() != "NoExecute" {
            report.invalid_value(&effect, effect.text(), "effect must be 'NoExecute' when `tolerationSeconds` is set");
        }
        let value = toleration.get("value");
        match operator.text() {
            "Equal" | "" => {
                let messages = names::label_value(value);
                if !messages.is_empty() {
                    report.invalid_value(&operator, value, messages.join(";"));
                }
            }
            "Exists" if !value.is_empty() => {
                report.invalid_value(&operator, value, "value must be empty when `operator` is 'Exists'")
            }
            "Exists" => {}
            "Lt" | "Gt" => report.not_supported(&operator, &["Equal", "Exists", "Lt", "Gt"]),
            _ => report.not_supported(&operator, &["Equal", "Exists"]),
        }
        if !effect.text().is_empty() {
            taint_effect(&effect, report);
        }
    }
}

/// The effect of a taint.
pub(in crate::validation) fn taint_effect(at: &At<'_>, report: &mut Report) {
    report.one_of(at, &["NoSchedule", "PreferNoSchedule", "NoExecute"]);
}
