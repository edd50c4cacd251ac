//! Objects inside of objects (`x-kubernetes-embedded-resource`): their metadata has the form of all metadata.

use super::{structural::Structural, types::object_meta};
use apimachinery::{
    field::{FieldError, Path},
    names, prune,
};
use serde_json::Value;

/// Brings metadata into its form; the names of fields that it does not have.
///
/// # Errors
/// A value of a wrong type, in the words of Go's decoder.
pub(super) fn metadata(value: &mut Value) -> Result<Vec<String>, String> {
    let Some(schema) = object_meta() else { return Ok(Vec::new()) };
    let unknown = prune::decode(value, schema).map_err(|e| e.0)?;
    crate::normalize::apply(schema, value);
    let name = |message: &String| message.split('"').nth(1).unwrap_or_default().to_owned();
    Ok(unknown.iter().map(name).collect())
}

/// Does that to all embedded objects; paths of the fields that went.
///
/// # Errors
/// Where something is of a wrong type.
pub(super) fn coerce(value: &mut Value, schema: &Structural, path: &Path) -> Result<Vec<String>, FieldError> {
    let mut unknown = Vec::new();
    match value {
        Value::Object(map) => {
            if schema.embedded {
                for key in ["apiVersion", "kind"] {
                    if let Some(value) = map.get(key).filter(|v| !v.is_string()) {
                        return Err(FieldError::invalid(&path.child(key), value.clone(), "must be a string"));
                    }
                }
                if let Some(meta) = map.get_mut("metadata") {
                    let at = path.child("metadata");
                    let gone = metadata(meta).map_err(|e| FieldError::invalid(&at, meta.clone(), e))?;
                    unknown.extend(gone.iter().map(|name| format!("{at}.{name}")));
                }
            }
            for (key, value) in map.iter_mut() {
                if let Some(known) = schema.properties.get(key) {
                    unknown.extend(coerce(value, known, &path.child(key))?);
                } else if let Some(other) = schema.other() {
                    unknown.extend(coerce(value, other, &path.key(key))?);
                }
            }
        }
        Value::Array(list) => {
            let Some(item) = schema.items.as_deref() else { return Ok(unknown) };
            for (index, value) in list.iter_mut().enumerate() {
                unknown.extend(coerce(value, item, &path.index(index))?);
            }
        }
        _ => {}
    }
    unknown.sort();
    Ok(unknown)
}

/// What is wrong with embedded objects.
pub(super) fn check(value: &Value, schema: &Structural, path: &Path, errors: &mut Vec<FieldError>) {
    match value {
        Value::Object(map) => {
            if schema.embedded {
                resource(value, path, errors);
            }
            for (key, value) in map {
                if let Some(known) = schema.properties.get(key) {
                    check(value, known, &path.child(key), errors);
                } else if let Some(other) = schema.other() {
                    check(value, other, &path.key(key), errors);
                }
            }
        }
        Value::Array(list) => {
            let Some(item) = schema.items.as_deref() else { return };
            list.iter().enumerate().for_each(|(i, value)| check(value, item, &path.index(i), errors));
        }
        _ => {}
    }
}

fn resource(value: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    for key in ["apiVersion", "kind"] {
        let at = path.child(key);
        match value.get(key) {
            None => errors.push(FieldError::required(&at, "")),
            Some(Value::String(text)) if text.is_empty() => {
                errors.push(FieldError::invalid(&at, "", "must not be empty"));
            }
            Some(Value::String(text)) if key == "kind" => {
                let wrong = names::dns1035_label(&text.to_lowercase());
                if !wrong.is_empty() {
                    let detail = format!("may have mixed case, but should otherwise match: {}", wrong.join(","));
                    errors.push(FieldError::invalid(&at, text.as_str(), detail));
                }
            }
            Some(Value::String(text)) if text.split('/').count() > 2 => {
                let detail = format!("unexpected GroupVersion string: {text}");
                errors.push(FieldError::invalid(&at, text.as_str(), detail));
            }
            Some(Value::String(_)) => {}
            Some(other) => errors.push(FieldError::invalid(&at, other.clone(), "must be a string")),
        }
    }
    if value.get("metadata").is_some() {
        errors.extend(crate::validation::embedded_metadata(value, path));
    }
}
