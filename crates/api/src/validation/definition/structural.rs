//! A schema is structural: what objects are made of is said once, outside of `allOf`, `anyOf`, `oneOf` and `not`.

use super::{At, Report};
use crate::access::{entries, flag, items, text};
use apimachinery::field::FieldError;
use serde_json::{Value, json};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

pub(super) fn check(schema: &At<'_>, report: &mut Report) {
    invariants(schema, Level::Root, report);
    complete(schema, schema, schema, report);
}

/// What `anyOf` of a schema with `x-kubernetes-int-or-string` may say about types.
fn is_int_or_string(any_of: &Value) -> bool {
    *any_of == json!([{"type": "integer"}, {"type": "string"}])
}

fn invariants(s: &At<'_>, level: Level, report: &mut Report) {
    let kind = s.get("type");
    if kind == "array" && !s.has("items") {
        report.required(&s.child("items"), "must be specified");
    }
    if s.field("items").is_object() {
        invariants(&s.child("items"), Level::Item, report);
    }
    for (_, field) in s.child("properties").entries() {
        invariants(&field, Level::Field, report);
    }
    let additional = s.child("additionalProperties");
    if !additional.is_absent() {
        if level == Level::Root {
            report.forbidden(&additional, "must not be used at the root");
        }
        if additional.value.is_object() {
            invariants(&additional, Level::Field, report);
        }
    }
    let on = |name: &str| flag(s.field(name));
    let (embedded, preserve, either) = (
        on("x-kubernetes-embedded-resource"),
        on("x-kubernetes-preserve-unknown-fields"),
        on("x-kubernetes-int-or-string"),
    );
    if either && preserve {
        report.invalid(
            &s.child("x-kubernetes-preserve-unknown-fields"),
            "must be false if x-kubernetes-int-or-string is true",
        );
    }
    if either && embedded {
        report
            .invalid(&s.child("x-kubernetes-embedded-resource"), "must be false if x-kubernetes-int-or-string is true");
    }
    let first_of_all = items(s.field("allOf")).first().is_some_and(|first| is_int_or_string(&first["anyOf"]));
    values(s, is_int_or_string(s.field("anyOf")), first_of_all, report);
    types(s, level, embedded, either || preserve, report);
    metadata(s, level, level == Level::Root || embedded, report);
    if embedded && !preserve && s.child("properties").count() == 0 {
        report.required(
            &s.child("properties"),
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
        );
    }
}

fn types(s: &At<'_>, level: Level, embedded: bool, open: bool, report: &mut Report) {
    let kind = s.child("type");
    if embedded && kind.text() != "object" {
        if kind.text().is_empty() {
            report.required(&kind, "must be object if x-kubernetes-embedded-resource is true");
        } else {
            report.invalid(&kind, "must be object if x-kubernetes-embedded-resource is true");
        }
    } else if kind.text().is_empty() && !open {
        let what = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        report.required(&kind, what);
    }
    if embedded && s.has("additionalProperties") {
        report.forbidden(&s.child("additionalProperties"), "must not be used if x-kubernetes-embedded-resource is set");
    }
    if level == Level::Root && !kind.text().is_empty() && kind.text() != "object" {
        report.invalid(&kind, "must be object at the root");
    }
}

fn metadata(s: &At<'_>, level: Level, meant: bool, report: &mut Report) {
    let properties = s.child("properties");
    let property = |name: &str| At::new(properties.field(name), properties.path.key(name));
    for name in ["kind", "apiVersion"] {
        let at = property(name);
        if meant && !at.is_absent() && at.get("type") != "string" {
            report.invalid_value(&at.child("type"), at.get("type"), "must be string");
        }
    }
    let meta = property("metadata");
    if meta.is_absent() {
        return;
    }
    if meant && meta.get("type") != "object" {
        report.invalid_value(&meta.child("type"), meta.get("type"), "must be object");
    }
    if level != Level::Root {
        return;
    }
    let names_only = entries(meta.field("properties")).all(|(key, _)| matches!(key.as_str(), "name" | "generateName"));
    let bare = entries(meta.value).all(|(key, _)| matches!(key.as_str(), "type" | "default" | "properties"));
    if !names_only || !bare {
        report.forbidden(
            &meta,
            "must not specify anything other than name and generateName, but metadata is implicitly specified",
        );
    }
}

/// The demands on values of a schema.
fn values(s: &At<'_>, skip_any: bool, skip_first_of_all: bool, report: &mut Report) {
    if !skip_any {
        s.child("anyOf").items().for_each(|v| nested(&v, false, report));
    }
    for (index, v) in s.child("allOf").items().enumerate() {
        nested(&v, skip_first_of_all && index == 0, report);
    }
    s.child("oneOf").items().for_each(|v| nested(&v, false, report));
    if s.has("not") {
        nested(&s.child("not"), false, report);
    }
    let pattern = s.child("pattern");
    if !pattern.text().is_empty()
        && let Err(error) = regex_lite::Regex::new(pattern.text())
    {
        report.invalid(&pattern, format!("must be a valid regular expression, but isn't: {error}"));
    }
}

fn nested(v: &At<'_>, skip_any: bool, report: &mut Report) {
    values(v, skip_any, false, report);
    if v.field("items").is_object() {
        nested(&v.child("items"), false, report);
    }
    for (_, field) in v.child("properties").entries() {
        nested(&field, false, report);
    }
    let mut forbid = |name: &str, given: bool, what: &str| {
        if given {
            report.forbidden(&v.child(name), format!("must be {what} to be structural"));
        }
    };
    let has = |name: &str| v.has(name);
    let said = |name: &str| !text(v.field(name)).is_empty();
    forbid("type", said("type"), "empty");
    forbid("additionalProperties", has("additionalProperties"), "undefined");
    forbid("default", has("default"), "undefined");
    forbid("title", said("title"), "empty");
    forbid("description", said("description"), "empty");
    for flag_name in [
        "nullable",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
    ] {
        forbid(flag_name, flag(v.field(flag_name)), "false");
    }
    forbid("x-kubernetes-list-map-keys", v.child("x-kubernetes-list-map-keys").count() > 0, "empty");
    forbid("x-kubernetes-list-type", has("x-kubernetes-list-type"), "undefined");
    forbid("x-kubernetes-map-type", has("x-kubernetes-map-type"), "undefined");
    forbid("x-kubernetes-validations", v.child("x-kubernetes-validations").count() > 0, "empty");
    if v.field("properties").get("metadata").is_some() {
        let path = v.child("properties").path.key("metadata");
        report.push(FieldError::forbidden(&path, "must not be specified in a nested context"));
    }
}

/// What junctors of `v` name must be there in `s` (`at`: where `s` would be).
fn complete(v: &At<'_>, s: &At<'_>, at: &At<'_>, report: &mut Report) {
    if v.has("not") {
        complete_nested(&v.child("not"), s, at, report);
    }
    for junctor in ["allOf", "anyOf", "oneOf"] {
        v.child(junctor).items().for_each(|inner| complete_nested(&inner, s, at, report));
    }
    // Inside of the structure, each part answers for itself.
    if std::ptr::eq(v.value, s.value) {
        if s.field("items").is_object() {
            let item = s.child("items");
            complete(&item, &item, &item, report);
        }
        for (_, field) in s.child("properties").entries() {
            complete(&field, &field, &field, report);
        }
        if s.field("additionalProperties").is_object() {
            let other = s.child("additionalProperties");
            complete(&other, &other, &other, report);
        }
    }
}

fn complete_nested(v: &At<'_>, s: &At<'_>, at: &At<'_>, report: &mut Report) {
    if s.is_absent() {
        report.required(at, &format!("because it is defined in {}", v.path));
        return;
    }
    complete(v, s, at, report);
    if v.field("items").is_object() {
        let item = s.child("items");
        complete_nested(&v.child("items"), &item, &item, report);
    }
    let properties = s.child("properties");
    for (key, field) in v.child("properties").entries() {
        let known = At::new(properties.value.get(key).unwrap_or(&Value::Null), properties.path.key(key));
        complete_nested(&field, &known, &known, report);
    }
}
