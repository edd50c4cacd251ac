//! Defaults of a schema fit the schema that they are in.

use super::{At, Report};
use crate::custom::{self, Structural};
use apimachinery::field::FieldError;

pub(super) fn check(schema: &At<'_>, report: &mut Report) {
    walk(schema, true, report);
}

fn walk(s: &At<'_>, root: bool, report: &mut Report) {
    let default = s.child("default");
    if !root && s.has("default") {
        let parsed = Structural::parse(s.value);
        let mut pruned = default.value.clone();
        custom::prune_value(&parsed, &mut pruned);
        if pruned == *default.value {
            let errors = custom::check_value(&parsed, default.value, &default.path);
            report.errors.extend(errors);
        } else {
            report.push(FieldError::invalid(&default.path, default.value.clone(), "must not have unknown fields"));
        }
    }
    if s.field("items").is_object() {
        walk(&s.child("items"), false, report);
    }
    for (key, field) in s.child("properties").entries() {
        // What is in the metadata of the root is the server's business.
        if !(root && matches!(key.as_str(), "metadata" | "apiVersion" | "kind")) {
            walk(&field, false, report);
        }
    }
    if s.field("additionalProperties").is_object() {
        walk(&s.child("additionalProperties"), false, report);
    }
}
