//! Pod templates: when two are the same, and their hash.

use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::Value;

/// The label that tells the pods of one replica set from those of the others.
pub const HASH_LABEL: &str = "pod-template-hash";

fn without_hash(template: &PodTemplateSpec) -> PodTemplateSpec {
    let mut template = template.clone();
    if let Some(labels) = template.metadata.as_mut().and_then(|m| m.labels.as_mut()) {
        labels.remove(HASH_LABEL);
    }
    template
}

/// Drops what means the same as nothing: null, empty maps and lists.
#[must_use]
pub fn compact(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(map) => {
            let map: serde_json::Map<_, _> = map.into_iter().filter_map(|(k, v)| compact(v).map(|v| (k, v))).collect();
            (!map.is_empty()).then_some(Value::Object(map))
        }
        Value::Array(list) => {
            // The length of a list has a meaning, its empty entries stay.
            let list: Vec<_> = list.into_iter().map(|v| compact(v).unwrap_or(Value::Null)).collect();
            (!list.is_empty()).then_some(Value::Array(list))
        }
        other @ (Value::Bool(_) | Value::Number(_) | Value::String(_)) => Some(other),
    }
}

/// Whether two templates make the same pods; the hash label does not count.
#[must_use]
pub fn same_template(a: &PodTemplateSpec, b: &PodTemplateSpec) -> bool {
    let (a, b) = (without_hash(a), without_hash(b));
    a == b
        || match (serde_json::to_value(&a), serde_json::to_value(&b)) {
            (Ok(a), Ok(b)) => compact(a) == compact(b),
            (Err(_), _) | (_, Err(_)) => false,
        }
}

/// The hash of a template in the alphabet of generated names.
#[must_use]
pub fn hash(template: &PodTemplateSpec, collisions: Option<i32>) -> String {
    hash_value(serde_json::to_value(without_hash(template)).unwrap_or(Value::Null), collisions)
}

/// The hash of any value; absent and empty parts do not count.
#[must_use]
pub fn hash_value(value: Value, collisions: Option<i32>) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let canonical = compact(value).unwrap_or(Value::Null);
    let mut hash: u32 = 0x811C_9DC5;
    let mut mix = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    };
    mix(canonical.to_string().as_bytes());
    if let Some(collisions) = collisions {
        mix(&collisions.to_le_bytes());
    }
    hash.to_string().bytes().map(|b| ALPHABET[usize::from(b) % ALPHABET.len()] as char).collect()
}
