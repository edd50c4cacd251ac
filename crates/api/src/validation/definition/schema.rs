//! What `openAPIV3Schema` may say.

use super::{At, Report};
use crate::access::{entries, flag, items, text};
use serde_json::Value;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
const REASONS: [&str; 4] = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/// What holds in a part of a schema.
#[derive(Clone, Copy)]
struct Inside<'a> {
    root: bool,
    /// Metadata of the object or of one inside of it.
    meta: bool,
    /// Why there may be no defaults.
    no_defaults: Option<&'a str>,
}

pub(super) fn check(schema: &At<'_>, report: &mut Report) {
    visit(schema, Inside { root: true, meta: false, no_defaults: None }, report);
}

fn visit(s: &At<'_>, inside: Inside<'_>, report: &mut Report) {
    if !s.value.is_object() {
        return;
    }
    allowed(s, inside, report);
    if flag(s.field("uniqueItems")) {
        report.forbidden(
            &s.child("uniqueItems"),
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
        );
    }
    let below = Inside { root: false, ..inside };
    let additional = s.child("additionalProperties");
    if !additional.is_absent() {
        if s.child("properties").count() > 0 && *additional.value != Value::Bool(true) {
            report.forbidden(&additional, "additionalProperties and properties are mutual exclusive");
        }
        let why = "inside additionalProperties applying to object metadata";
        visit(
            &additional,
            Inside { no_defaults: if inside.meta { Some(why) } else { below.no_defaults }, ..below },
            report,
        );
    }
    let resource = inside.root || flag(s.field("x-kubernetes-embedded-resource"));
    for (key, field) in s.child("properties").entries() {
        let meta = resource && matches!(key.as_str(), "metadata" | "kind" | "apiVersion");
        let why = format!("in top-level {key}");
        let no_defaults = if meta && inside.root { Some(why.as_str()) } else { below.no_defaults };
        visit(&field, Inside { root: false, meta: inside.meta || meta, no_defaults }, report);
    }
    visit(&s.child("not"), below, report);
    for junctor in ["allOf", "oneOf", "anyOf"] {
        s.child(junctor).items().for_each(|inner| visit(&inner, below, report));
    }
    visit(&s.child("items"), below, report);
    map_type(s, report);
    list_type(s, report);
    validations(s, report);
}

fn allowed(s: &At<'_>, inside: Inside<'_>, report: &mut Report) {
    let kind = s.child("type");
    if !kind.text().is_empty() && !TYPES.contains(&kind.text()) {
        report.not_supported(&kind, &TYPES);
    }
    if let Some(why) = inside.no_defaults.filter(|_| s.has("default")) {
        report.forbidden(&s.child("default"), format!("must not be set {why}"));
    }
    if !s.get("id").is_empty() {
        report.forbidden(&s.child("id"), "id is not supported");
    }
    for name in ["additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] {
        if s.has(name) {
            report.forbidden(&s.child(name), format!("{name} is not supported"));
        }
    }
    if kind.text() == "null" {
        report.forbidden(&kind, "type cannot be set to null, use nullable as an alternative");
    }
    if s.field("items").is_array() {
        report.forbidden(&s.child("items"), "items must be a schema object and not an array");
    }
    if inside.meta && flag(s.field("x-kubernetes-embedded-resource")) {
        report.forbidden(&s.child("x-kubernetes-embedded-resource"), "must not be used inside of resource meta");
    }
    let preserve = s.child("x-kubernetes-preserve-unknown-fields");
    if *preserve.value == Value::Bool(false) {
        report.invalid(&preserve, "must be true or undefined");
    }
}

/// `type` must be this because of an extension.
fn must_be(s: &At<'_>, wanted: &str, extension: &str, report: &mut Report) -> bool {
    let kind = s.child("type");
    let message = format!("must be {wanted} if {extension} is specified");
    match kind.text() {
        t if t == wanted => return true,
        "" => report.required(&kind, &message),
        _ => report.invalid(&kind, message),
    }
    false
}

fn map_type(s: &At<'_>, report: &mut Report) {
    let given = s.child("x-kubernetes-map-type");
    if given.is_absent() {
        return;
    }
    must_be(s, "object", "x-kubernetes-map-type", report);
    report.maybe_one_of(&given, &["atomic", "granular"]);
}

fn list_type(s: &At<'_>, report: &mut Report) {
    let given = s.child("x-kubernetes-list-type");
    let keys = s.child("x-kubernetes-list-map-keys");
    let item = s.child("items");
    if !given.is_absent() {
        if must_be(s, "array", "x-kubernetes-list-type", report) && given.text() == "set" {
            atomic_items(&item, report);
        }
        report.maybe_one_of(&given, &["atomic", "set", "map"]);
    }
    if keys.count() > 0 && given.is_absent() {
        report.required(&given, "must be map if x-kubernetes-list-map-keys is non-empty");
    } else if keys.count() > 0 && given.text() != "map" {
        report.invalid(&given, "must be map if x-kubernetes-list-map-keys is non-empty");
    }
    if given.text() == "map" {
        if keys.count() == 0 {
            report.required(&keys, "must not be empty if x-kubernetes-list-type is map");
        }
        if item.is_absent() {
            report.required(&item, "must have a schema if x-kubernetes-list-type is map");
        } else if item.get("type") != "object" {
            let message = "must be object if parent array's x-kubernetes-list-type is map";
            report.invalid_value(&item.child("type"), item.get("type"), message);
        } else {
            map_keys(&item, &keys, report);
        }
    }
    if matches!(given.text(), "set" | "map") && item.value.is_object() {
        keys_are_there(given.text(), &item, &keys, report);
    }
}

fn atomic_items(item: &At<'_>, report: &mut Report) {
    let message = "must be atomic as item of a list with x-kubernetes-list-type=set";
    match item.get("type") {
        "array" if !matches!(item.get("x-kubernetes-list-type"), "" | "atomic") => {
            report.invalid(&item.child("x-kubernetes-list-type"), message);
        }
        "object" if item.get("x-kubernetes-map-type") != "atomic" => {
            report.invalid(&item.child("x-kubernetes-map-type"), message);
        }
        _ => {}
    }
}

fn map_keys(item: &At<'_>, keys: &At<'_>, report: &mut Report) {
    let all = items(keys.value);
    let properties = item.child("properties");
    for (index, key) in all.iter().map(text).enumerate() {
        match properties.value.get(key) {
            Some(known) if matches!(text(&known["type"]), "array" | "object") => {
                let at = At::new(&known["type"], properties.path.key(key).child("type"));
                let message = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                report.invalid_value(&at, item.get("type"), message);
            }
            Some(_) => {}
            None => report.invalid(keys, "entries must all be names of item properties"),
        }
        if all[..index].iter().any(|k| text(k) == key) {
            report.invalid(keys, "must not contain duplicate entries");
        }
    }
}

fn keys_are_there(kind: &str, item: &At<'_>, keys: &At<'_>, report: &mut Report) {
    if flag(item.field("nullable")) {
        let message = format!("cannot be nullable when x-kubernetes-list-type is {kind}");
        report.forbidden(&item.child("nullable"), message);
    }
    if kind != "map" {
        return;
    }
    let properties = item.child("properties");
    for key in items(keys.value).iter().map(text) {
        let Some(known) = properties.value.get(key) else { continue };
        let at = At::new(known, properties.path.key(key));
        let required = items(item.field("required")).iter().any(|r| text(r) == key);
        if !required && !at.has("default") {
            report.required(
                &at.child("default"),
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
            );
        }
        if flag(at.field("nullable")) {
            report.forbidden(
                &at.child("nullable"),
                "this property is in x-kubernetes-list-map-keys, so it cannot be nullable",
            );
        }
    }
}

fn validations(s: &At<'_>, report: &mut Report) {
    for rule in s.child("x-kubernetes-validations").items() {
        let (text_at, message) = (rule.child("rule"), rule.child("message"));
        let lines = |text: &str| text.trim().contains(['\n', '\r']);
        if text_at.text().trim().is_empty() {
            report.required(&text_at, "rule is not specified");
        } else if !message.text().is_empty() && message.text().trim().is_empty() {
            report.invalid(&message, "must be non-empty if specified");
        } else if lines(message.text()) {
            report.invalid(&message, "must not contain line breaks");
        } else if lines(text_at.text()) && message.text().trim().is_empty() {
            report.required(&message, "message must be specified if rule contains line breaks");
        }
        report.maybe_one_of(&rule.child("reason"), &REASONS);
    }
}

/// What is said about a schema.
pub(super) fn warnings(schema: &Value, out: &mut Vec<String>) {
    if !schema.is_object() {
        return;
    }
    let format = text(&schema["format"]);
    if !format.is_empty() && !crate::custom::is_checked_format(text(&schema["type"]), format) {
        out.push(format!("unrecognized format {}", apimachinery::text::quote(format)));
    }
    let item = text(&schema["items"]["type"]);
    if text(&schema["x-kubernetes-list-type"]) == "set" && matches!(item, "object" | "array") {
        out.push(format!("x-kubernetes-list-type: set for items of type \"{item}\" is not supported by server-side apply or CEL validation rules"));
    }
    for key in ["items", "additionalProperties", "not"] {
        warnings(&schema[key], out);
    }
    for junctor in ["allOf", "anyOf", "oneOf"] {
        items(&schema[junctor]).iter().for_each(|inner| warnings(inner, out));
    }
    entries(&schema["properties"]).for_each(|(_, field)| warnings(field, out));
}
