//! Who manages which fields: kept on every write.

use serde_json::Value;

use super::Call;

/// The managers of a new object.
pub fn created(call: &Call, stored: &api::Resource, object: &mut Value) {
    let _ = (call, stored, object);
}

/// The managers after an update or a patch.
pub fn updated(call: &Call, stored: &api::Resource, object: &mut Value, old: &Value) {
    let _ = (call, stored, object, old);
}
