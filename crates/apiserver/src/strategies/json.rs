//! Short questions to JSON objects.

use apimachinery::meta::at;
use serde_json::{Map, Value};

/// The text at a pointer; empty where there is none.
pub fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    at(value, pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The items of a list at a pointer; none where there is none.
pub fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    at(value, pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The number at a pointer; 0 where there is none.
pub fn number(value: &Value, pointer: &str) -> i64 {
    at(value, pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// There is nothing, or an empty text, list or object.
pub fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(s)) => s.is_empty(),
        Some(Value::Array(a)) => a.is_empty(),
        Some(Value::Object(o)) => o.is_empty(),
        Some(_) => false,
    }
}

/// The map below a key, made where it is missing.
pub fn map<'v>(value: &'v mut Value, key: &str) -> &'v mut Map<String, Value> {
    let inner = apimachinery::meta::ensure_map(value).entry(key).or_insert_with(|| Value::Object(Map::new()));
    apimachinery::meta::ensure_map(inner)
}

/// Sets or removes a key.
pub fn put(map: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    match value {
        Some(value) => map.insert(key.to_owned(), value),
        None => map.remove(key),
    };
}
