//! Merging a configuration into an object without owners: what mutating admission policies do.

use serde_json::Value;

use super::{merge, typed};
use crate::schema::{ListKind, Node, Schema};

/// Why a configuration is not merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigureError {
    /// It is not of the object's type.
    #[error("failed to convert patch object to typed object: {0}")]
    Types(String),
    /// It speaks of what can only be replaced as a whole.
    #[error("invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {0}")]
    Atomic(String),
}

/// The object with the configuration merged into it.
///
/// # Errors
/// The configuration does not fit.
pub fn configure(live: &Value, config: &Value, schema: Schema<'_>) -> Result<Value, ConfigureError> {
    let wrong = typed::check(config, schema);
    if !wrong.is_empty() {
        return Err(ConfigureError::Types(wrong.join(", ")));
    }
    let mut found = Vec::new();
    atomics(config, schema, "", &mut found);
    if !found.is_empty() {
        return Err(ConfigureError::Atomic(found.join(", ")));
    }
    Ok(merge::merge(live, config, schema))
}

fn atomics(value: &Value, schema: Schema<'_>, path: &str, found: &mut Vec<String>) {
    match (schema.node(), value) {
        (Node::Struct(s), Value::Object(fields)) => {
            if s.atomic {
                found.push(path.to_owned());
            }
            for (key, value) in fields {
                if let Some(below) = schema.child(key) {
                    atomics(value, below, &format!("{path}.{key}"), found);
                }
            }
        }
        (Node::Map(m), Value::Object(_)) if m.atomic => found.push(path.to_owned()),
        (Node::List(l), Value::Array(items)) => {
            if l.kind == ListKind::Atomic {
                found.push(path.to_owned());
            }
            for (i, item) in items.iter().enumerate() {
                atomics(item, schema.to(l.item), &format!("{path}[{i}]"), found);
            }
        }
        _ => {}
    }
}
