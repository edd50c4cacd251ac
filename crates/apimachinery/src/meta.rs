//! Reading and writing `apiVersion`, `kind` and `metadata` of objects that are plain JSON values.

use serde_json::{Map, Value};

/// The object's map; `None` when the value is something else.
fn map(object: &Value) -> Option<&Map<String, Value>> {
    object.as_object()
}

/// `metadata`, or `None`.
#[must_use]
pub fn metadata(object: &Value) -> Option<&Map<String, Value>> {
    map(object)?.get("metadata")?.as_object()
}

/// `metadata`, made when it is not there. A value that is no object becomes one.
pub fn metadata_mut(object: &mut Value) -> &mut Map<String, Value> {
    let metadata = ensure_map(object).entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    ensure_map(metadata)
}

/// The value as a map; anything else is replaced by an empty one.
pub fn ensure_map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("made an object just above"),
    }
}

/// What lies at a path of plain names and indices (`/spec/containers/0/name`). As `Value::pointer`, but without its escapes, for
/// which that makes two strings per step.
#[must_use]
pub fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('/').skip(1).try_fold(value, |value, step| match value {
        Value::Object(map) => map.get(step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

fn text<'v>(object: &'v Value, key: &str) -> &'v str {
    metadata(object).and_then(|m| m.get(key)).and_then(Value::as_str).unwrap_or("")
}

fn set_text(object: &mut Value, key: &str, value: impl Into<String>) {
    let value = value.into();
    if value.is_empty() {
        metadata_mut(object).remove(key);
    } else {
        metadata_mut(object).insert(key.to_owned(), Value::String(value));
    }
}

/// `apiVersion`, or empty.
#[must_use]
pub fn api_version(object: &Value) -> &str {
    object.get("apiVersion").and_then(Value::as_str).unwrap_or("")
}

/// `kind`, or empty.
#[must_use]
pub fn kind(object: &Value) -> &str {
    object.get("kind").and_then(Value::as_str).unwrap_or("")
}

/// Sets `apiVersion` and `kind`.
pub fn set_gvk(object: &mut Value, api_version: &str, kind: &str) {
    let map = ensure_map(object);
    map.insert("apiVersion".to_owned(), api_version.into());
    map.insert("kind".to_owned(), kind.into());
}

macro_rules! texts {
    ($($(#[$doc:meta])* $get:ident, $(#[$set_doc:meta])* $set:ident, $key:literal;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $get(object: &Value) -> &str {
            text(object, $key)
        }

        $(#[$set_doc])*
        pub fn $set(object: &mut Value, value: impl Into<String>) {
            set_text(object, $key, value);
        }
    )*};
}

texts! {
    /// `metadata.name`, or empty.
    name, /// Sets or (empty) removes `metadata.name`.
    set_name, "name";
    /// `metadata.generateName`, or empty.
    generate_name, /// Sets or (empty) removes `metadata.generateName`.
    set_generate_name, "generateName";
    /// `metadata.namespace`, or empty.
    namespace, /// Sets or (empty) removes `metadata.namespace`.
    set_namespace, "namespace";
    /// `metadata.uid`, or empty.
    uid, /// Sets or (empty) removes `metadata.uid`.
    set_uid, "uid";
    /// `metadata.resourceVersion`, or empty.
    resource_version, /// Sets or (empty) removes `metadata.resourceVersion`.
    set_resource_version, "resourceVersion";
    /// `metadata.creationTimestamp`, or empty.
    creation_timestamp, /// Sets or (empty) removes `metadata.creationTimestamp`.
    set_creation_timestamp, "creationTimestamp";
    /// `metadata.deletionTimestamp`, or empty.
    deletion_timestamp, /// Sets or (empty) removes `metadata.deletionTimestamp`.
    set_deletion_timestamp, "deletionTimestamp";
}

/// `metadata.creationTimestamp` as a time.
#[must_use]
pub fn created(object: &Value) -> Option<jiff::Timestamp> {
    crate::time::parse(creation_timestamp(object))
}

/// It has a deletion timestamp.
#[must_use]
pub fn is_being_deleted(object: &Value) -> bool {
    !deletion_timestamp(object).is_empty()
}

/// `metadata.generation`, or 0.
#[must_use]
pub fn generation(object: &Value) -> i64 {
    metadata(object).and_then(|m| m.get("generation")).and_then(Value::as_i64).unwrap_or(0)
}

/// Sets or (0) removes `metadata.generation`.
pub fn set_generation(object: &mut Value, generation: i64) {
    set_number(object, "generation", (generation != 0).then_some(generation));
}

/// `metadata.deletionGracePeriodSeconds`.
#[must_use]
pub fn deletion_grace_period_seconds(object: &Value) -> Option<i64> {
    metadata(object)?.get("deletionGracePeriodSeconds")?.as_i64()
}

/// Sets or removes `metadata.deletionGracePeriodSeconds`.
pub fn set_deletion_grace_period_seconds(object: &mut Value, seconds: Option<i64>) {
    set_number(object, "deletionGracePeriodSeconds", seconds);
}

fn set_number(object: &mut Value, key: &str, value: Option<i64>) {
    let metadata = metadata_mut(object);
    match value {
        Some(value) => metadata.insert(key.to_owned(), value.into()),
        None => metadata.remove(key),
    };
}

/// `metadata.labels`.
#[must_use]
pub fn labels(object: &Value) -> Option<&Map<String, Value>> {
    metadata(object)?.get("labels")?.as_object()
}

/// One label.
#[must_use]
pub fn label<'v>(object: &'v Value, key: &str) -> Option<&'v str> {
    labels(object)?.get(key)?.as_str()
}

/// Sets a label.
pub fn set_label(object: &mut Value, key: &str, value: impl Into<String>) {
    let labels = metadata_mut(object).entry("labels").or_insert_with(|| Value::Object(Map::new()));
    ensure_map(labels).insert(key.to_owned(), Value::String(value.into()));
}

/// `metadata.annotations`.
#[must_use]
pub fn annotations(object: &Value) -> Option<&Map<String, Value>> {
    metadata(object)?.get("annotations")?.as_object()
}

/// One annotation.
#[must_use]
pub fn annotation<'v>(object: &'v Value, key: &str) -> Option<&'v str> {
    annotations(object)?.get(key)?.as_str()
}

/// Sets an annotation.
pub fn set_annotation(object: &mut Value, key: &str, value: impl Into<String>) {
    let annotations = metadata_mut(object).entry("annotations").or_insert_with(|| Value::Object(Map::new()));
    ensure_map(annotations).insert(key.to_owned(), Value::String(value.into()));
}

/// `metadata.finalizers`.
pub fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    let list = metadata(object).and_then(|m| m.get("finalizers")).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

/// Sets or (empty) removes `metadata.finalizers`.
pub fn set_finalizers(object: &mut Value, finalizers: Vec<String>) {
    let metadata = metadata_mut(object);
    if finalizers.is_empty() {
        metadata.remove("finalizers");
    } else {
        metadata.insert("finalizers".to_owned(), finalizers.into());
    }
}

/// A reference to an owner, borrowed from its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerReference<'v> {
    /// `apiVersion`.
    pub api_version: &'v str,
    /// Kind.
    pub kind: &'v str,
    /// Name.
    pub name: &'v str,
    /// Uid.
    pub uid: &'v str,
    /// It manages the object.
    pub controller: bool,
    /// It may not go before the object, when it is deleted in the foreground.
    pub block_owner_deletion: bool,
}

/// `metadata.ownerReferences`.
pub fn owner_references(object: &Value) -> impl Iterator<Item = OwnerReference<'_>> {
    let list = metadata(object).and_then(|m| m.get("ownerReferences")).and_then(Value::as_array);
    list.into_iter().flatten().map(|reference| {
        let text = |key: &str| reference.get(key).and_then(Value::as_str).unwrap_or("");
        let flag = |key: &str| reference.get(key).and_then(Value::as_bool).unwrap_or(false);
        OwnerReference {
            api_version: text("apiVersion"),
            kind: text("kind"),
            name: text("name"),
            uid: text("uid"),
            controller: flag("controller"),
            block_owner_deletion: flag("blockOwnerDeletion"),
        }
    })
}

/// The owner that manages the object.
#[must_use]
pub fn controller_of(object: &Value) -> Option<OwnerReference<'_>> {
    owner_references(object).find(|r| r.controller)
}

/// `metadata.managedFields`, taken out of the object.
pub fn take_managed_fields(object: &mut Value) -> Option<Value> {
    object.as_object_mut()?.get_mut("metadata")?.as_object_mut()?.remove("managedFields")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads() {
        let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {
            "name": "a", "generation": 3, "labels": {"x": "y"}, "finalizers": ["f"],
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": "u", "controller": true}]}});
        assert_eq!((api_version(&object), kind(&object), name(&object), namespace(&object)), ("v1", "Pod", "a", ""));
        assert_eq!((generation(&object), label(&object, "x"), label(&object, "z")), (3, Some("y"), None));
        assert_eq!(finalizers(&object).collect::<Vec<_>>(), ["f"]);
        assert_eq!(controller_of(&object).unwrap().name, "rs");
        assert!(!is_being_deleted(&object));
    }

    #[test]
    fn writes_and_survives_nonsense() {
        let mut object = json!(7);
        assert_eq!(name(&object), "");
        set_name(&mut object, "a");
        set_label(&mut object, "k", "v");
        set_generation(&mut object, 2);
        set_uid(&mut object, "");
        assert_eq!(object, json!({"metadata": {"name": "a", "labels": {"k": "v"}, "generation": 2}}));
        set_generation(&mut object, 0);
        set_name(&mut object, "");
        assert_eq!(object, json!({"metadata": {"labels": {"k": "v"}}}));
    }
}
