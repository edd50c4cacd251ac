//! JSON patch (RFC 6902), with the habits of the library that Kubernetes uses: `replace` of a missing key of an object
//! adds it, negative indices count from the end, and copies are bounded.

use serde_json::{Map, Value};

use super::{PatchError, type_name};

/// More operations are refused.
pub const MAX_OPERATIONS: usize = 10_000;
/// All `copy` operations of a patch together may add this many bytes.
pub const MAX_COPIED: usize = 3 * 1024 * 1024;

/// Applies all operations, or none.
pub fn apply(target: &Value, patch: &Value) -> Result<Value, PatchError> {
    let operations = operations(patch)?;
    let mut document = target.clone();
    let mut copied = 0;
    for operation in operations {
        let operation = Operation::read(operation);
        operation.apply(&mut document, &mut copied)?;
    }
    Ok(document)
}

fn operations(patch: &Value) -> Result<Vec<&Map<String, Value>>, PatchError> {
    let malformed = |value: &Value, what: &str| {
        let name = type_name(value);
        PatchError::Malformed(format!("json: cannot unmarshal {name} into Go value of type jsonpatch.{what}"))
    };
    let list = match patch {
        Value::Array(list) => list.as_slice(),
        Value::Null => &[],
        other => return Err(malformed(other, "Patch")),
    };
    if list.len() > MAX_OPERATIONS {
        return Err(PatchError::TooManyOperations { got: list.len(), max: MAX_OPERATIONS });
    }
    list.iter().map(|o| o.as_object().ok_or_else(|| malformed(o, "Operation"))).collect()
}

/// Unknown fields of the operations, for `fieldValidation`. Kubernetes puts `json patch ` before each.
#[must_use]
pub fn unknown_fields(patch: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (i, operation) in patch.as_array().into_iter().flatten().enumerate() {
        for key in operation.as_object().into_iter().flat_map(|o| o.keys()) {
            if !matches!(key.as_str(), "op" | "path" | "from" | "value") {
                found.push(format!("unknown field \"[{i}].{key}\""));
            }
        }
    }
    found
}

struct Operation<'p> {
    kind: &'p str,
    path: Option<&'p str>,
    from: Option<&'p str>,
    value: Option<&'p Value>,
}

const MISSING: &str = "missing value";

fn fail<T>(text: String) -> Result<T, PatchError> {
    Err(PatchError::Operation(text))
}

impl<'p> Operation<'p> {
    fn read(operation: &'p Map<String, Value>) -> Self {
        let text = |key: &str| operation.get(key).and_then(Value::as_str);
        Operation {
            kind: text("op").unwrap_or("unknown"),
            path: text("path"),
            from: text("from"),
            value: operation.get("value"),
        }
    }

    fn apply(&self, document: &mut Value, copied: &mut usize) -> Result<(), PatchError> {
        match self.kind {
            "add" => {
                let path = self.path("add")?;
                let value = self.value.cloned().unwrap_or(Value::Null);
                let (container, key) = find(document, path).map_or_else(|| missing("add", path), Ok)?;
                add(container, &key, value).or_else(|e| fail(format!("error in add for path: '{path}': {e}")))
            }
            "remove" => {
                let path = self.path("remove")?;
                let (container, key) = find(document, path).map_or_else(|| missing("remove", path), Ok)?;
                remove(container, &key).map(drop).or_else(|e| fail(format!("error in remove for path: '{path}': {e}")))
            }
            "replace" => self.replace(document),
            "move" => {
                let from = self.from("move")?;
                let (container, key) = find(document, from).map_or_else(|| missing("move", from), Ok)?;
                let value =
                    remove(container, &key).or_else(|e| fail(format!("error in move for path: '{key}': {e}")))?;
                self.insert("move", document, value)
            }
            "copy" => {
                let from = self.from("copy")?;
                let (container, key) = find(document, from).map_or_else(|| missing("copy", from), Ok)?;
                let value = get(container, &key).or_else(|e| fail(format!("error in copy for from: '{from}': {e}")))?;
                let value = value.cloned().unwrap_or(Value::Null);
                *copied += value.to_string().len();
                if *copied > MAX_COPIED {
                    return fail(format!(
                        "Unable to complete the copy, the accumulated size increase of copy is {copied}, exceeding the limit {MAX_COPIED}"
                    ));
                }
                self.insert("copy", document, value)
            }
            "test" => self.test(document),
            other => fail(format!("Unexpected kind: {other}")),
        }
    }

    fn path(&self, kind: &str) -> Result<&'p str, PatchError> {
        self.path.map_or_else(|| fail(format!("{kind} operation failed to decode path: {MISSING}")), Ok)
    }

    fn from(&self, kind: &str) -> Result<&'p str, PatchError> {
        self.from.map_or_else(|| fail(format!("{kind} operation failed to decode from: {MISSING}")), Ok)
    }

    fn insert(&self, kind: &str, document: &mut Value, value: Value) -> Result<(), PatchError> {
        let path = self.path(kind)?;
        let (container, key) = find(document, path).map_or_else(|| missing(kind, path), Ok)?;
        add(container, &key, value).or_else(|e| fail(format!("error in {kind} for path: '{path}': {e}")))
    }

    fn replace(&self, document: &mut Value) -> Result<(), PatchError> {
        let path = self.path("replace")?;
        let value = self.value.cloned().unwrap_or(Value::Null);
        if path.is_empty() {
            if !value.is_object() && !value.is_array() {
                return fail("replace operation value must be object or array".to_owned());
            }
            *document = value;
            return Ok(());
        }
        let (container, key) = find(document, path).map_or_else(|| missing("replace", path), Ok)?;
        match container {
            Value::Object(map) => {
                map.insert(key, value);
                Ok(())
            }
            Value::Array(list) => match index(&key, list.len()) {
                Ok(i) => {
                    list[i] = value;
                    Ok(())
                }
                Err(_) => fail(format!("replace operation does not apply: doc is missing key: {path}: {MISSING}")),
            },
            _ => missing("replace", path),
        }
    }

    fn test(&self, document: &mut Value) -> Result<(), PatchError> {
        let path = self.path("test")?;
        let wanted = self.value.unwrap_or(&Value::Null);
        let found = if path.is_empty() {
            Some(&*document)
        } else {
            let (container, key) = find(document, path).map_or_else(|| missing("test", path), Ok)?;
            get(container, &key).or_else(|e| fail(format!("error in test for path: '{path}': {e}")))?
        };
        if found.unwrap_or(&Value::Null) == wanted {
            Ok(())
        } else {
            fail(format!("testing value {path} failed: test failed"))
        }
    }
}

fn missing<T>(kind: &str, path: &str) -> Result<T, PatchError> {
    fail(format!("{kind} operation does not apply: doc is missing path: \"{path}\": {MISSING}"))
}

fn unescape(part: &str) -> String {
    if part.contains('~') { part.replace("~1", "/").replace("~0", "~") } else { part.to_owned() }
}

/// The container that the last part of the path is a key of.
fn find<'d>(document: &'d mut Value, path: &str) -> Option<(&'d mut Value, String)> {
    let (parents, key) = path.rsplit_once('/')?;
    let mut container = document;
    for part in parents.split('/').skip(1) {
        let part = unescape(part);
        container = match container {
            Value::Object(map) => map.get_mut(&part)?,
            Value::Array(list) => {
                let i = index(&part, list.len()).ok()?;
                &mut list[i]
            }
            _ => return None,
        };
    }
    (container.is_object() || container.is_array()).then(|| (container, unescape(key)))
}

/// Position of an existing item.
fn index(key: &str, len: usize) -> Result<usize, String> {
    position(key, len, len)
}

/// A number from `-len` up to but without `end`.
fn position(key: &str, len: usize, end: usize) -> Result<usize, String> {
    let i: i64 = key.parse().map_err(|_| format!("value was not a proper array index: '{key}'"))?;
    let at = if i < 0 { i + len as i64 } else { i };
    match usize::try_from(at) {
        Ok(at) if at < end => Ok(at),
        _ => Err(format!("Unable to access invalid index: {i}: invalid index referenced")),
    }
}

fn get<'v>(container: &'v Value, key: &str) -> Result<Option<&'v Value>, String> {
    match container {
        Value::Array(list) => index(key, list.len()).map(|i| Some(&list[i])),
        other => Ok(other.get(key)),
    }
}

fn add(container: &mut Value, key: &str, value: Value) -> Result<(), String> {
    match container {
        Value::Object(map) => {
            map.insert(key.to_owned(), value);
        }
        Value::Array(list) if key == "-" => list.push(value),
        Value::Array(list) => {
            let size = list.len() + 1;
            list.insert(position(key, size, size)?, value);
        }
        _ => return Err("unknown object type".to_owned()),
    }
    Ok(())
}

fn remove(container: &mut Value, key: &str) -> Result<Value, String> {
    match container {
        Value::Object(map) => {
            map.remove(key).ok_or_else(|| format!("Unable to remove nonexistent key: {key}: {MISSING}"))
        }
        Value::Array(list) => {
            let i = index(key, list.len())?;
            Ok(list.remove(i))
        }
        _ => Err("unknown object type".to_owned()),
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
