//! Validation of custom objects, in upstream's order.

use super::{check, definition::Version, embedded, lists, scale};
use apimachinery::field::{FieldError, Path};
use apimachinery::{meta, names};
use serde_json::Value;

/// What is wrong with a new object, beside its metadata.
#[must_use]
pub fn create(version: &Version, new: &Value) -> Vec<FieldError> {
    let mut errors = check::check(&version.schema, new, None, &Path::root());
    scale::check_spec(version, new, &mut errors);
    scale::check_status(version, new, &mut errors);
    embedded::check(new, &version.schema, &Path::root(), &mut errors);
    lists::check(new, &version.schema, &Path::root(), &mut errors);
    errors
}

/// What is wrong with an update of the main resource, beside its metadata.
#[must_use]
pub fn update(version: &Version, new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = check::check(&version.schema, new, Some(old), &Path::root());
    scale::check_spec(version, new, &mut errors);
    scale::check_status(version, new, &mut errors);
    embedded::check(new, &version.schema, &Path::root(), &mut errors);
    new_in_lists(version, new, old, &mut errors);
    errors
}

/// What is wrong with an update of the status.
#[must_use]
pub fn status(version: &Version, new: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let (Some(schema), Some(status)) = (version.schema.properties.get("status"), new.get("status")) {
        errors.extend(check::check(schema, status, old.get("status"), &Path::new("status")));
    }
    scale::check_status(version, new, &mut errors);
    new_in_lists(version, new, old, &mut errors);
    errors
}

/// Lists that were wrong before may stay wrong.
fn new_in_lists(version: &Version, new: &Value, old: &Value, errors: &mut Vec<FieldError>) {
    let mut before = Vec::new();
    lists::check(old, &version.schema, &Path::root(), &mut before);
    if before.is_empty() {
        lists::check(new, &version.schema, &Path::root(), errors);
    }
}

/// What is said about finalizers that are new and not qualified.
#[must_use]
pub fn finalizer_warnings(new: &Value, old: Option<&Value>) -> Vec<String> {
    let known: Vec<&str> = old.into_iter().flat_map(meta::finalizers).collect();
    let mut added: Vec<&str> = meta::finalizers(new).filter(|f| !known.contains(f)).collect();
    added.sort_unstable();
    let mut warnings = Vec::new();
    for name in added {
        let shown = apimachinery::text::quote(name);
        warnings.extend(names::qualified_name(name).iter().map(|m| format!("metadata.finalizers: {shown}: {m}")));
        if name.contains('/') || ["orphan", "foregroundDeletion", "kubernetes"].contains(&name) {
            continue;
        }
        let how = if name.contains('.') { "name including a path (/)" } else { "name" };
        warnings.push(format!(
            "metadata.finalizers: {shown}: prefer a domain-qualified finalizer {how} to avoid accidental conflicts with other finalizer writers"
        ));
    }
    warnings
}
