//! Who manages which fields: kept on every write.

use apimachinery::managed::{Change, update};
use serde_json::Value;

use super::Call;

/// The managers of a new object.
pub fn created(call: &Call, stored: &api::Resource, object: &mut Value) {
    track(call, stored, None, object);
}

/// The managers after an update or a patch.
pub fn updated(call: &Call, stored: &api::Resource, object: &mut Value, old: &Value) {
    track(call, stored, Some(old), object);
}

/// What a request to this endpoint cannot change, and so cannot come to own.
#[must_use]
pub fn reset(call: &Call, row: &api::Resource) -> &'static [&'static str] {
    match call.info.subresource.as_str() {
        "" if row.has_status() => &["status"],
        "status" if api::custom::of(row).is_some() => &["metadata", "spec"],
        "status" => &["spec"],
        _ => &[],
    }
}

fn track(call: &Call, stored: &api::Resource, old: Option<&Value>, object: &mut Value) {
    // An apply brings complete managed fields with it.
    if call.options.applies {
        return;
    }
    let change = Change {
        manager: &call.options.manager,
        api_version: &call.row.api_version(),
        subresource: &call.info.subresource,
        now: call.now,
        reset: reset(call, stored),
    };
    update(old, object, stored.schema(), &change);
}
