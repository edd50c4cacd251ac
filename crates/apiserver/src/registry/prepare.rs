//! What the registry does to every object before the strategies: system metadata, owner references, status, generation.

use std::collections::BTreeSet;

use apimachinery::{meta, status::Status};
use serde_json::{Map, Value};

use super::call::Call;
use crate::config::Random;

const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
const HEX: &[u8; 16] = b"0123456789abcdef";
/// Letters that are added to `generateName`.
const SUFFIX: usize = 5;
/// A generated name is at most this long.
const GENERATED: usize = 63;

/// A random UUID of version 4.
#[must_use]
pub fn uid(random: &Random) -> String {
    let mut b = [0u8; 16];
    random(&mut b);
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    let digit = |n: u8| char::from(HEX[usize::from(n)]);
    let mut out = String::with_capacity(36);
    for (at, byte) in b.into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        out.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    out
}

/// A name from `generateName`.
#[must_use]
pub fn generated_name(random: &Random, base: &str) -> String {
    let mut b = [0u8; SUFFIX];
    random(&mut b);
    let mut end = base.len().min(GENERATED - SUFFIX);
    while !base.is_char_boundary(end) {
        end -= 1;
    }
    let suffix = b.iter().map(|n| char::from(ALPHABET[usize::from(*n) % ALPHABET.len()]));
    base[..end].chars().chain(suffix).collect()
}

/// The object must be a map, and its namespace must be the request's.
///
/// # Errors
/// It is not.
pub fn place(call: &Call, object: &mut Value) -> Result<(), Status> {
    if !object.is_object() {
        return Err(Status::bad_request("the object provided is not an object"));
    }
    let expected = if call.row.namespaced { call.info.namespace.as_str() } else { "" };
    let given = meta::namespace(object);
    if given == expected {
        return Ok(());
    }
    if !given.is_empty() {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    meta::set_namespace(object, expected);
    Ok(())
}

/// System metadata of a new object.
pub fn new_metadata(call: &Call, random: &Random, object: &mut Value) {
    let metadata = meta::metadata_mut(object);
    for key in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"] {
        metadata.remove(key);
    }
    metadata.insert("uid".into(), uid(random).into());
    metadata.insert("creationTimestamp".into(), apimachinery::time::seconds(call.now).into());
}

/// Metadata that an update cannot change.
pub fn kept_metadata(object: &mut Value, old: &Value) {
    let old = meta::metadata(old);
    let kept = |key: &str| old.and_then(|m| m.get(key)).filter(|v| !v.is_null()).cloned();
    let metadata = meta::metadata_mut(object);
    metadata.remove("selfLink");
    if metadata.get("uid").and_then(Value::as_str).is_none_or(str::is_empty)
        && let Some(uid) = kept("uid")
    {
        metadata.insert("uid".into(), uid);
    }
    for key in ["creationTimestamp", "deletionTimestamp"] {
        match kept(key) {
            Some(value) => metadata.insert(key.into(), value),
            None if key == "deletionTimestamp" => metadata.remove(key),
            None => None,
        };
    }
    if metadata.get("deletionGracePeriodSeconds").is_none_or(Value::is_null)
        && let Some(seconds) = kept("deletionGracePeriodSeconds")
    {
        metadata.insert("deletionGracePeriodSeconds".into(), seconds);
    }
    // A write without a version is meant for whatever is there.
    if let Some(version) = kept("resourceVersion") {
        metadata.insert("resourceVersion".into(), version);
    }
    // A generation is never the client's to choose.
    match kept("generation") {
        Some(value) => metadata.insert("generation".into(), value),
        None => metadata.remove("generation"),
    };
}

/// The same owner twice is kept once, with a warning.
pub fn owner_references(call: &Call, object: &mut Value, after_admission: bool) {
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
    let Some(Value::Array(references)) = metadata.and_then(|m| m.get_mut("ownerReferences")) else { return };
    if references.len() < 2 {
        return;
    }
    let (mut seen, mut duplicates) = (Vec::<Value>::new(), Vec::new());
    references.retain(|reference| {
        if seen.contains(reference) {
            duplicates.push(reference.get("uid").and_then(Value::as_str).unwrap_or_default().to_owned());
            return false;
        }
        seen.push(reference.clone());
        true
    });
    if duplicates.is_empty() {
        return;
    }
    let list = duplicates.join(", ");
    call.warn(if after_admission {
        format!(".metadata.ownerReferences contains duplicate entries after mutating admission happens; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) that were observed: {list}")
    } else {
        format!(".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) that were observed: {list}")
    });
}

/// A new object has no status of the client's where `status` is a subresource.
pub fn new_status(stored: &api::Resource, object: &mut Value, keeps: bool) {
    if stored.has_status()
        && !keeps
        && let Some(map) = object.as_object_mut()
    {
        map.remove("status");
    }
    if stored.storage.generation {
        meta::set_generation(object, 1);
    }
}

/// Which part of the object an update may change.
pub fn update_scope(call: &Call, stored: &api::Resource, object: &mut Value, old: &Value) {
    let (Some(new), Some(old)) = (object.as_object_mut(), old.as_object()) else { return };
    match call.info.subresource.as_str() {
        "" if stored.has_status() => put(new, "status", old.get("status")),
        "status" => {
            let keys: BTreeSet<String> = new.keys().chain(old.keys()).cloned().collect();
            for key in keys.iter().filter(|k| !matches!(k.as_str(), "kind" | "apiVersion" | "metadata" | "status")) {
                put(new, key, old.get(key));
            }
            if api::custom::of(stored).is_some() {
                whole_metadata(new, old);
            }
        }
        _ => {}
    }
}

/// Of a custom object, the status changes nothing but the status and who manages it.
fn whole_metadata(new: &mut Map<String, Value>, old: &Map<String, Value>) {
    let managed = new.get("metadata").and_then(|m| m.get("managedFields")).cloned();
    put(new, "metadata", old.get("metadata"));
    if let Some(Value::Object(metadata)) = new.get_mut("metadata") {
        put(metadata, "managedFields", managed.as_ref());
    }
}

fn put(map: &mut Map<String, Value>, key: &str, value: Option<&Value>) {
    match value {
        Some(value) => map.insert(key.to_owned(), value.clone()),
        None => map.remove(key),
    };
}

/// Everything but metadata and status counts as desired state: a change of it is a new generation.
pub fn bump_generation(stored: &api::Resource, object: &mut Value, old: &Value) {
    // Without a status of its own, a custom object's `status` is a field like any other.
    let plain_status = api::custom::of(stored).is_some() && !stored.has_status();
    let changed = desired_changed(object, old) || plain_status && object.get("status") != old.get("status");
    if !stored.storage.generation || !changed {
        return;
    }
    let next = meta::generation(old) + 1;
    meta::set_generation(object, next);
}

fn desired_changed(new: &Value, old: &Value) -> bool {
    let (Some(new), Some(old)) = (new.as_object(), old.as_object()) else { return false };
    let desired = |key: &str| !matches!(key, "kind" | "apiVersion" | "metadata" | "status");
    new.iter().filter(|(k, _)| desired(k)).any(|(k, v)| old.get(k) != Some(v))
        || old.keys().filter(|k| desired(k)).any(|k| !new.contains_key(k))
}

/// Is a write needed? Times of managed fields alone are no change.
#[must_use]
pub fn same(new: &Value, old: &Value) -> bool {
    let (Some(new), Some(old)) = (new.as_object(), old.as_object()) else { return false };
    new.len() == old.len()
        && new.iter().all(|(key, value)| match (key.as_str(), old.get(key)) {
            ("metadata", Some(other)) => same_metadata(value, other),
            (_, Some(other)) => value == other,
            (_, None) => false,
        })
}

fn same_metadata(new: &Value, old: &Value) -> bool {
    let (Some(new), Some(old)) = (new.as_object(), old.as_object()) else { return false };
    let counts = |key: &str| key != "resourceVersion" && key != "managedFields";
    let equal = new.iter().filter(|(k, _)| counts(k)).all(|(k, v)| old.get(k) == Some(v))
        && old.keys().filter(|k| counts(k)).all(|k| new.contains_key(k));
    equal && same_managers(new.get("managedFields"), old.get("managedFields"))
}

fn same_managers(new: Option<&Value>, old: Option<&Value>) -> bool {
    let list = |v: Option<&Value>| v.and_then(Value::as_array).cloned().unwrap_or_default();
    let (new, old) = (list(new), list(old));
    new.len() == old.len() && new.iter().all(|entry| old.iter().any(|other| same_manager(entry, other)))
}

fn same_manager(a: &Value, b: &Value) -> bool {
    ["manager", "operation", "apiVersion", "subresource", "fieldsV1"].iter().all(|key| a.get(key) == b.get(key))
}

/// Is the update the last step of a deletion?
#[must_use]
pub fn finished(object: &Value, old: &Value) -> bool {
    meta::finalizers(object).next().is_none()
        && meta::is_being_deleted(old)
        && meta::deletion_grace_period_seconds(old).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn names_and_uids() {
        let random: Random = Arc::new(|b: &mut [u8]| b.fill(0xab));
        assert_eq!(uid(&random), "abababab-abab-4bab-abab-abababababab");
        let name = generated_name(&random, &"x".repeat(80));
        assert_eq!((name.len(), &name[..3]), (63, "xxx"));
        assert_eq!(generated_name(&random, "g-").len(), 7);
    }

    #[test]
    fn only_real_changes_count() {
        let old = json!({"metadata": {"name": "a", "resourceVersion": "1", "managedFields": [{"manager": "m", "time": "1", "fieldsV1": {}}]}, "spec": {"a": 1}});
        let mut new = old.clone();
        new["metadata"]["managedFields"][0]["time"] = json!("2");
        assert!(same(&new, &old));
        assert!(!desired_changed(&new, &old));
        new["spec"]["a"] = json!(2);
        assert!(!same(&new, &old));
        assert!(desired_changed(&new, &old));
    }
}
