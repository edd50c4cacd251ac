//! Validation with upstream's field paths, order and messages.

use crate::Resource;
use apimachinery::field::FieldError;
use serde_json::Value;

/// What is wrong with a new object. Empty: nothing.
#[must_use]
pub fn create(resource: &Resource, new: &Value) -> Vec<FieldError> {
    let _ = (resource, new);
    Vec::new()
}

/// What is wrong with an update of the main resource.
#[must_use]
pub fn update(resource: &Resource, new: &Value, old: &Value) -> Vec<FieldError> {
    let _ = (resource, new, old);
    Vec::new()
}

/// What is wrong with an update of the status.
#[must_use]
pub fn status(resource: &Resource, new: &Value, old: &Value) -> Vec<FieldError> {
    let _ = (resource, new, old);
    Vec::new()
}
