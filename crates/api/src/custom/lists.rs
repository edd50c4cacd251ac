//! Lists that are sets or maps hold nothing twice.

use super::structural::Structural;
use apimachinery::field::{FieldError, Path};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// What is there twice.
pub(super) fn check(value: &Value, schema: &Structural, path: &Path, errors: &mut Vec<FieldError>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if let Some(known) = schema.properties.get(key) {
                    check(value, known, &path.child(key), errors);
                } else if let Some(other) = schema.other() {
                    check(value, other, &path.key(key), errors);
                }
            }
        }
        Value::Array(list) => {
            match schema.list_type.as_str() {
                "set" => twice(list.iter().cloned(), path, errors),
                "map" => keyed(list, &schema.list_keys, path, errors),
                _ => {}
            }
            let Some(item) = schema.items.as_deref() else { return };
            list.iter().enumerate().for_each(|(i, value)| check(value, item, &path.index(i), errors));
        }
        _ => {}
    }
}

/// The second of equals is named, once for each.
fn twice(values: impl Iterator<Item = Value>, path: &Path, errors: &mut Vec<FieldError>) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (index, value) in values.enumerate() {
        let times = seen.entry(value.to_string()).or_default();
        *times += 1;
        if *times == 2 {
            errors.push(FieldError::duplicate(&path.index(index), value));
        }
    }
}

fn keyed(list: &[Value], keys: &[String], path: &Path, errors: &mut Vec<FieldError>) {
    if let Some((index, value)) = list.iter().enumerate().find(|(_, v)| !v.is_object() && !v.is_null()) {
        let detail = "must be an object for an array of list-type map";
        errors.push(FieldError::invalid(&path.index(index), value.clone(), detail));
        return;
    }
    let key = |value: &Value| -> Value {
        let named = keys.iter().filter_map(|k| value.get(k).map(|v| (k.clone(), v.clone())));
        Value::Object(named.collect::<Map<String, Value>>())
    };
    twice(list.iter().map(key), path, errors);
}
