//! Making an object from a client fit its version.

use super::{defaulting, definition::Version, embedded, prune};
use apimachinery::field::Path;
use serde_json::Value;

/// Drops what the version does not know; the paths of it, in upstream's order: metadata, the rest, embedded metadata.
///
/// # Errors
/// Metadata of a wrong type, in the words of Go's decoder.
pub fn fit(version: &Version, object: &mut Value) -> Result<Vec<String>, String> {
    let mut unknown = Vec::new();
    match object.get_mut("metadata") {
        Some(Value::Null) => {
            if let Some(map) = object.as_object_mut() {
                map.remove("metadata");
            }
        }
        Some(metadata) => {
            unknown.extend(embedded::metadata(metadata)?.into_iter().map(|name| format!("metadata.{name}")));
        }
        None => {}
    }
    unknown.extend(prune::prune(&version.schema, object));
    defaulting::drop_nulls(object, Some(&version.schema));
    let inside = embedded::coerce(object, &version.schema, &Path::root()).map_err(|e| e.to_string())?;
    unknown.extend(inside);
    Ok(unknown)
}
