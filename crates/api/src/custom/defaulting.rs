//! Defaults of a schema, and nulls that a schema does not allow.

use super::structural::Structural;
use serde_json::Value;

fn is_bad_null(value: &Value, schema: Option<&Structural>) -> bool {
    value.is_null() && schema.is_some_and(|s| !s.nullable)
}

/// Removes nulls of fields that cannot be null and have no default.
pub(super) fn drop_nulls(value: &mut Value, schema: Option<&Structural>) {
    match value {
        Value::Object(map) => map.retain(|key, value| {
            let below = schema.and_then(|s| s.field(key));
            if is_bad_null(value, below) && below.is_some_and(|s| s.default.is_none()) {
                return false;
            }
            drop_nulls(value, below);
            true
        }),
        Value::Array(list) => {
            let item = schema.and_then(|s| s.items.as_deref());
            list.iter_mut().for_each(|value| drop_nulls(value, item));
        }
        _ => {}
    }
}

/// Fills in defaults, top down: a default may get defaults inside.
pub(super) fn fill(value: &mut Value, schema: &Structural) {
    match value {
        Value::Object(map) => {
            for (name, field) in &schema.properties {
                let Some(default) = &field.default else { continue };
                if map.get(name).is_none_or(|v| is_bad_null(v, Some(field))) {
                    map.insert(name.clone(), default.clone());
                }
            }
            for (key, value) in map.iter_mut() {
                if let Some(below) = schema.properties.get(key) {
                    fill(value, below);
                } else if let Some(other) = schema.other() {
                    replace_null(value, other);
                    fill(value, other);
                }
            }
        }
        Value::Array(list) => {
            let Some(item) = schema.items.as_deref() else { return };
            for value in list {
                replace_null(value, item);
                fill(value, item);
            }
        }
        _ => {}
    }
}

fn replace_null(value: &mut Value, schema: &Structural) {
    if is_bad_null(value, Some(schema)) {
        *value = schema.default.clone().unwrap_or(Value::Null);
    }
}
