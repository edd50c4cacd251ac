//! Defaults: what upstream fills in when it decodes an object.

use crate::{Resource, normalize};
use serde_json::Value;

/// Brings an object into the form that upstream's types give it and fills in the defaults of its kind.
pub fn apply(resource: &Resource, object: &mut Value) {
    normalize::apply(resource.schema(), object);
}
