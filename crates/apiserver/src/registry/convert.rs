//! Between the versions of a kind that share their storage.

use serde_json::Value;

/// Do two rows differ in form?
#[must_use]
pub fn needed(a: &api::Resource, b: &api::Resource) -> bool {
    a.version != b.version || a.group != b.group
}

/// Changes the form of an object from one row to another.
pub fn convert(from: &api::Resource, to: &api::Resource, object: &mut Value) {
    if !needed(from, to) {
        return;
    }
    apimachinery::meta::set_gvk(object, &to.api_version(), &to.kind);
}
