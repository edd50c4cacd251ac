//! The `scale` subresource of custom resources: where replicas are.

use super::definition::Version;
use crate::access::text;
use apimachinery::field::{FieldError, Path};
use serde_json::Value;

/// Paths of a scale, as they were written (`.spec.replicas`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Replicas that are wanted.
    pub spec: String,
    /// Replicas that there are.
    pub status: String,
    /// The selector of pods as text; may be empty.
    pub selector: String,
}

impl Paths {
    pub(super) fn read(scale: &Value) -> Option<Self> {
        scale.as_object()?;
        Some(Paths {
            spec: text(&scale["specReplicasPath"]).to_owned(),
            status: text(&scale["statusReplicasPath"]).to_owned(),
            selector: text(&scale["labelSelectorPath"]).to_owned(),
        })
    }
}

/// The value at a simple path.
#[must_use]
pub fn at<'v>(object: &'v Value, path: &str) -> Option<&'v Value> {
    path.trim_start_matches('.').split('.').try_fold(object, |value, part| value.get(part))
}

/// Sets the value at a simple path; objects on the way are made.
pub fn set(object: &mut Value, path: &str, new: Value) {
    let mut value = object;
    for part in path.trim_start_matches('.').split('.') {
        value = apimachinery::meta::ensure_map(value).entry(part).or_insert(Value::Null);
    }
    *value = new;
}

/// A number of replicas that is none.
fn count(object: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let Some(value) = at(object, path) else { return };
    let field = Path::new(path);
    let mut wrong = |detail: String| errors.push(FieldError::invalid(&field, value.as_i64().unwrap_or(0), detail));
    match value.as_i64() {
        None => wrong(format!(
            "{path} accessor error: {} is of the type {}, expected int64",
            apimachinery::text::plain(value),
            go_type(value)
        )),
        Some(n) if n < 0 => wrong("should be a non-negative integer".to_owned()),
        Some(n) if n > i64::from(i32::MAX) => wrong(format!("should be less than or equal to {}", i32::MAX)),
        Some(_) => {}
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// What is wrong with the wish.
pub(super) fn check_spec(version: &Version, object: &Value, errors: &mut Vec<FieldError>) {
    if let Some(paths) = &version.scale {
        count(object, &paths.spec, errors);
    }
}

/// What is wrong with the state.
pub(super) fn check_status(version: &Version, object: &Value, errors: &mut Vec<FieldError>) {
    let Some(paths) = &version.scale else { return };
    count(object, &paths.status, errors);
    if paths.selector.is_empty() {
        return;
    }
    if let Some(value) = at(object, &paths.selector).filter(|v| !v.is_string()) {
        let why = format!(
            "{} accessor error: {} is of the type {}, expected string",
            paths.selector,
            apimachinery::text::plain(value),
            go_type(value)
        );
        errors.push(FieldError::invalid(&Path::new(&paths.selector), "", why));
    }
}
