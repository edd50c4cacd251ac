//! Custom resources: the half of the resource table that comes at run time, from CustomResourceDefinitions.
//!
//! A [`Definition`] is what a CustomResourceDefinition says, read once; each of its [`Version`]s gives a
//! [`crate::Resource`] of the same type as the built-in rows. All walks over objects (pruning, defaults, validation) are
//! here and pure.

mod check;
mod check_rules;
pub mod decode;
mod defaulting;
pub mod definition;
mod embedded;
mod format;
mod lists;
mod prune;
pub mod scale;
pub mod structural;
mod types;
mod validate;

#[cfg(test)]
mod tests;

pub use definition::{Definition, Version};
pub use structural::Structural;
pub use validate::{create, finalizer_warnings, status, update};

use crate::{Resource, Schemas};
use apimachinery::meta;
use serde_json::Value;

/// The custom version behind a row; `None`: it is built in.
#[must_use]
pub fn of(resource: &Resource) -> Option<&Version> {
    match &resource.schemas {
        Schemas::BuiltIn => None,
        Schemas::Own(version) => Some(version),
    }
}

/// Prunes what the schema does not know, drops nulls that may not be, fills in defaults: what upstream does to every
/// object that it reads from a client or from its store.
pub fn settle(version: &Version, object: &mut Value) {
    prune::prune(&version.schema, object);
    defaulting::drop_nulls(object, Some(&version.schema));
    defaulting::fill(object, &version.schema);
    if let (Some(meta), Some(value)) = (types::object_meta(), object.get_mut("metadata")) {
        crate::normalize::apply(meta, value);
    }
}

/// Brings a stored object into the form of the version in which objects are stored today: pruned and defaulted by the
/// version that it was written in, then converted.
pub fn from_store(version: &Version, object: &mut Value) {
    let written = meta::api_version(object).to_owned();
    let schema = version.schema_for(&written);
    prune::prune(schema, object);
    defaulting::drop_nulls(object, Some(schema));
    defaulting::fill(object, schema);
    if meta::generation(object) == 0 {
        meta::set_generation(object, 1);
    }
    convert(version, object);
}

/// Converts an object to a version. The strategy `None` changes nothing but the name of the version, and what the schema
/// of the new version does not know goes. The seam for webhooks: their conversion takes the place of this function's.
pub fn convert(version: &Version, object: &mut Value) {
    if meta::api_version(object) == version.api_version {
        return;
    }
    meta::set_gvk(object, &version.api_version, &version.kind);
    prune::prune(&version.schema, object);
    defaulting::drop_nulls(object, Some(&version.schema));
}

/// Is it a format that values of a type are held against? Others are ignored.
pub(crate) fn is_checked_format(kind: &str, format: &str) -> bool {
    format::is_checked(kind, format)
}

/// Removes from a value what its schema does not know; the value is no object with metadata of its own.
pub(crate) fn prune_value(schema: &Structural, value: &mut Value) {
    prune::prune_value(schema, value);
}

/// What is wrong with a value that is no whole object.
pub(crate) fn check_value(
    schema: &Structural,
    value: &Value,
    path: &apimachinery::field::Path,
) -> Vec<apimachinery::field::FieldError> {
    let mut errors = check::check(schema, value, None, path);
    lists::check(value, schema, path, &mut errors);
    errors
}
