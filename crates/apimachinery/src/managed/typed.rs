//! What apply needs to know of a value, given its schema: its own field set, whether it is of the right types, and what
//! is left of it when fields are taken out.

use serde_json::{Map, Value};

use super::{compare::element, set, set::Set};
use crate::{
    schema::{ListKind, Node, Schema},
    text,
};

/// How a value is treated; unknown fields are objects field by field, anything else as a whole.
pub(super) enum Shape<'s> {
    /// As a whole.
    Leaf,
    /// Field by field.
    Fields,
    /// Item by item; the type of the items.
    Items(&'s ListKind, Schema<'s>),
}

pub(super) fn shape<'s>(schema: Option<Schema<'s>>, value: &Value) -> Shape<'s> {
    let Some(schema) = schema else {
        return if value.is_object() { Shape::Fields } else { Shape::Leaf };
    };
    match schema.node() {
        Node::Struct(s) if !s.atomic => Shape::Fields,
        Node::Map(m) if !m.atomic => Shape::Fields,
        Node::List(l) if l.kind != ListKind::Atomic => Shape::Items(&l.kind, schema.to(l.item)),
        _ => Shape::Leaf,
    }
}

/// A field that the type names, as against a key of a map.
fn is_named(schema: Option<Schema<'_>>, key: &str) -> bool {
    schema.is_some_and(|s| s.field(key).is_some())
}

pub(super) fn child<'s>(schema: Option<Schema<'s>>, key: &str) -> Option<Schema<'s>> {
    schema.and_then(|s| s.child(key))
}

/// The fields that an applied configuration claims.
pub(super) fn field_set(value: &Value, schema: Schema<'_>) -> Set {
    fields(value, Some(schema)).unwrap_or_default()
}

fn fields(value: &Value, schema: Option<Schema<'_>>) -> Option<Set> {
    match (shape(schema, value), value) {
        (Shape::Leaf, _) => Some(Map::new()),
        (Shape::Fields, Value::Object(map)) => {
            let mut out = Map::new();
            for (key, item) in map {
                let below = fields(item, child(schema, key)).unwrap_or_default();
                let empty = item.is_null() || item.as_object().is_some_and(Map::is_empty);
                let leaf =
                    below.is_empty() && !matches!(shape(child(schema, key), item), Shape::Fields | Shape::Items(..));
                if let Some(node) = set::node(below, leaf || empty || !is_named(schema, key)) {
                    out.insert(format!("f:{key}"), Value::Object(node));
                }
            }
            Some(out)
        }
        (Shape::Items(kind, item), Value::Array(list)) => {
            let mut out = Map::new();
            for value in list {
                let Some(element) = element(value, kind, Some(item)) else { continue };
                let node = if out.contains_key(&element) {
                    Map::new()
                } else {
                    let below =
                        if value.is_object() { fields(value, Some(item)).unwrap_or_default() } else { Map::new() };
                    set::node(below, true).unwrap_or_default()
                };
                out.insert(element, Value::Object(node));
            }
            Some(out)
        }
        _ => None,
    }
}

/// The set with all named fields on its paths as members.
pub(super) fn with_named(set: &Set, schema: Option<Schema<'_>>) -> Set {
    let mut out = Map::new();
    for (key, value) in set.iter().filter(|(key, _)| *key != ".") {
        let Value::Object(below) = value else { continue };
        let (named, schema) = match key.strip_prefix("f:") {
            Some(name) => (is_named(schema, name), child(schema, name)),
            None => (false, schema.and_then(Schema::item)),
        };
        let member = named || set::is_member(below);
        if let Some(node) = set::node(with_named(below, schema), member) {
            out.insert(key.clone(), Value::Object(node));
        }
    }
    out
}

/// The value without what is in the set; `null` for what became empty.
pub(super) fn remove(value: &Value, gone: &Set, schema: Option<Schema<'_>>) -> Value {
    let below = |key: &str| gone.get(key).and_then(Value::as_object);
    match (shape(schema, value), value) {
        (Shape::Fields, Value::Object(map)) => {
            let mut out = Map::new();
            for (key, item) in map {
                match below(&format!("f:{key}")) {
                    Some(node) if set::is_member(node) => {}
                    Some(node) => drop(out.insert(key.clone(), remove(item, node, child(schema, key)))),
                    None => drop(out.insert(key.clone(), item.clone())),
                }
            }
            if out.is_empty() { Value::Null } else { Value::Object(out) }
        }
        (Shape::Items(kind, item), Value::Array(list)) => {
            let mut out = Vec::new();
            for value in list {
                match element(value, kind, Some(item)).and_then(|e| below(&e)) {
                    Some(node) if set::is_member(node) => {}
                    Some(node) => out.push(remove(value, node, Some(item))),
                    None => out.push(value.clone()),
                }
            }
            if out.is_empty() { Value::Null } else { Value::Array(out) }
        }
        (Shape::Leaf, Value::Object(_) | Value::Array(_)) => Value::Null,
        (_, other) => other.clone(),
    }
}

/// What is wrong with the types of a configuration, each with its path.
pub(super) fn check(value: &Value, schema: Schema<'_>) -> Vec<String> {
    let mut errors = Vec::new();
    check_value(value, schema, "", &mut errors);
    errors
}

fn check_value(value: &Value, schema: Schema<'_>, path: &str, errors: &mut Vec<String>) {
    let mut wrong = |text: String| errors.push(if path.is_empty() { text } else { format!("{path}: {text}") });
    match (schema.node(), value) {
        (Node::Any, _) | (_, Value::Null) => {}
        (Node::Struct(s), Value::Object(map)) => {
            for (key, item) in map {
                match schema.field(key) {
                    Some(field) => check_value(item, schema.to(field.ty), &format!("{path}.{key}"), errors),
                    None if s.open => {}
                    None => errors.push(format!("{path}.{key}: field not declared in schema")),
                }
            }
        }
        (Node::Map(m), Value::Object(map)) => {
            for (key, item) in map {
                check_value(item, schema.to(m.value), &format!("{path}.{key}"), errors);
            }
        }
        (Node::List(l), Value::Array(list)) => check_items(list, &l.kind, schema.to(l.item), path, errors),
        (Node::Struct(_) | Node::Map(_), other) => wrong(format!("expected map, got &{{{}}}", text::plain(other))),
        (Node::List(_), other) => wrong(format!("expected list, got &{{{}}}", text::plain(other))),
        (Node::Integer { .. } | Node::Number, Value::Number(_)) | (Node::Boolean, Value::Bool(_)) => {}
        (Node::String | Node::Bytes | Node::Duration, Value::String(_)) => {}
        (Node::Integer { .. } | Node::Number, other) => {
            wrong(format!("expected numeric (int or float), got {}", go_kind(other)))
        }
        (Node::Boolean, other) => wrong(format!("expected boolean, got &{{{}}}", text::plain(other))),
        (Node::String | Node::Bytes | Node::Duration, other) => {
            wrong(format!("expected string, got &value.valueUnstructured{{Value:{}}}", go_syntax(other)));
        }
        (Node::IntOrString | Node::Quantity | Node::Time | Node::MicroTime, Value::Object(_) | Value::Array(_)) => {
            wrong(format!("expected any scalar, got &{{{}}}", text::plain(value)));
        }
        (Node::IntOrString | Node::Quantity | Node::Time | Node::MicroTime, _) => {}
    }
}

fn check_items(list: &[Value], kind: &ListKind, item: Schema<'_>, path: &str, errors: &mut Vec<String>) {
    let mut seen = std::collections::BTreeSet::new();
    for (i, value) in list.iter().enumerate() {
        let here = if *kind == ListKind::Atomic {
            format!("{path}[{i}]")
        } else {
            let Some(element) = element(value, kind, Some(item)) else {
                errors.push(format!("{path}: element {i}: {}", not_an_element(value, kind)));
                return;
            };
            let name = print_element(&element);
            if !seen.insert(element) {
                errors.push(format!("{path}: duplicate entries for key {name}"));
            }
            format!("{path}{name}")
        };
        check_value(value, item, &here, errors);
    }
}

fn not_an_element(value: &Value, kind: &ListKind) -> String {
    match (kind, value) {
        (ListKind::Map(_), Value::Null) => "associative list with keys may not have a null element".to_owned(),
        (ListKind::Map(keys), Value::Object(_)) => {
            let quoted: Vec<String> = keys.iter().map(|k| text::quote(k)).collect();
            format!(
                "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
                quoted.join(" ")
            )
        }
        (ListKind::Map(_), _) => "associative list with keys may not have non-map elements".to_owned(),
        (_, Value::Object(_)) => "associative list without keys has an element that's a map type".to_owned(),
        (_, Value::Array(_)) => "not supported: associative list with lists as elements".to_owned(),
        _ => "associative list without keys has an element that's an explicit null".to_owned(),
    }
}

fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(s) => text::quote(s),
        Value::Array(items) => {
            format!("[]interface {{}}{{{}}}", items.iter().map(go_syntax).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let entries: Vec<String> =
                map.iter().map(|(k, v)| format!("{}:{}", text::quote(k), go_syntax(v))).collect();
            format!("map[string]interface {{}}{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// A path as messages show it: `.spec.containers[name="a"].image`.
pub(super) fn print_path(path: &[&str]) -> String {
    path.iter().map(|element| print_element(element)).collect()
}

fn print_element(element: &str) -> String {
    let shown = |value: &Value| match value {
        Value::String(s) => text::quote(s),
        other => other.to_string(),
    };
    match element.split_once(':') {
        Some(("f", name)) => format!(".{name}"),
        Some(("v", json)) => {
            format!("[={}]", serde_json::from_str(json).map_or_else(|_| json.to_owned(), |v| shown(&v)))
        }
        Some(("k", json)) => {
            let keys: Map<String, Value> = serde_json::from_str(json).unwrap_or_default();
            let keys: Vec<String> = keys.iter().map(|(k, v)| format!("{k}={}", shown(v))).collect();
            format!("[{}]", keys.join(","))
        }
        Some((_, rest)) => format!("[{rest}]"),
        None => element.to_owned(),
    }
}
