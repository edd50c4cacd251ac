//! Removing what a schema does not know.

use super::structural::Structural;
use serde_json::Value;
use std::fmt::Write as _;

/// Removes unknown fields of an object; their paths, sorted.
pub(super) fn prune(schema: &Structural, object: &mut Value) -> Vec<String> {
    let mut walk = Walk { path: String::new(), unknown: Vec::new() };
    walk.prune(object, Some(schema), true);
    walk.unknown.sort();
    walk.unknown
}

/// The same for a value inside of an object.
pub(super) fn prune_value(schema: &Structural, value: &mut Value) {
    let mut walk = Walk { path: String::new(), unknown: Vec::new() };
    walk.prune(value, Some(schema), schema.embedded);
}

/// What every object has without its schema saying so.
pub(super) fn is_meta(key: &str) -> bool {
    matches!(key, "apiVersion" | "kind" | "metadata")
}

struct Walk {
    path: String,
    unknown: Vec<String>,
}

impl Walk {
    fn record(&mut self, key: &str) {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.unknown.push(format!("{}{dot}{key}", self.path));
    }

    /// Goes down to a field.
    fn at_key(&mut self, key: &str, inside: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        inside(self);
        self.path.truncate(length);
    }

    fn at_index(&mut self, index: usize, inside: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        // Writing to a String cannot fail.
        let _ = write!(self.path, "[{index}]");
        inside(self);
        self.path.truncate(length);
    }

    /// `resource`: the value is an object with `apiVersion`, `kind` and `metadata`.
    fn prune(&mut self, value: &mut Value, schema: Option<&Structural>, resource: bool) {
        if let Some(schema) = schema.filter(|s| s.preserve) {
            self.preserve(value, schema, resource);
            return;
        }
        match (value, schema) {
            (Value::Object(map), None) => {
                map.keys().for_each(|key| self.record(key));
                map.clear();
            }
            (Value::Object(map), Some(schema)) => map.retain(|key, value| {
                if resource && is_meta(key) {
                    return true;
                }
                if let Some(known) = schema.properties.get(key) {
                    self.at_key(key, |walk| walk.prune(value, Some(known), known.embedded));
                    return true;
                }
                if schema.additional.is_some() {
                    let other = schema.other();
                    self.at_key(key, |walk| walk.prune(value, other, other.is_some_and(|o| o.embedded)));
                    return true;
                }
                if !is_meta(key) || !self.path.is_empty() {
                    self.record(key);
                }
                false
            }),
            (Value::Array(list), schema) => {
                let item = schema.and_then(|s| s.items.as_deref());
                for (index, value) in list.iter_mut().enumerate() {
                    self.at_index(index, |walk| walk.prune(value, item, item.is_some_and(|i| i.embedded)));
                }
            }
            _ => {}
        }
    }

    /// Unknown fields stay, but what is known is pruned inside.
    fn preserve(&mut self, value: &mut Value, schema: &Structural, resource: bool) {
        match value {
            Value::Object(map) => {
                for (key, value) in map.iter_mut() {
                    if resource && is_meta(key) {
                        continue;
                    }
                    let known = schema.properties.get(key);
                    if known.is_some() || schema.additional.is_some() {
                        let below = known.or_else(|| schema.other());
                        self.at_key(key, |walk| walk.prune(value, below, below.is_some_and(|b| b.embedded)));
                    }
                }
            }
            Value::Array(list) => {
                let Some(item) = schema.items.as_deref() else { return };
                for (index, value) in list.iter_mut().enumerate() {
                    self.at_index(index, |walk| walk.preserve(value, item, item.embedded));
                }
            }
            _ => {}
        }
    }
}
