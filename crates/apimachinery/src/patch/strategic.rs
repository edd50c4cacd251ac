//! Strategic merge patch: a merge patch in which lists merge by the keys that the schema names, with directives.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{PatchError, merge::without_nulls, order, type_name};
use crate::{
    schema::{Field, Node, Schema},
    text::plain,
};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
const ELEMENT_ORDER: &str = "$setElementOrder";

/// Applies the patch to a copy of the target.
pub fn apply(target: &Value, patch: &Value, schema: Schema<'_>) -> Result<Value, PatchError> {
    let (Value::Object(_), Value::Object(patch)) = (target, patch) else {
        return Err(PatchError::BadDocument);
    };
    let mut out = target.clone();
    if let Value::Object(map) = &mut out {
        merge_map(map, patch, Some(schema))?;
    }
    Ok(out)
}

/// What the schema says about one key of an object.
#[derive(Clone, Copy, Default)]
struct Place<'s> {
    field: Option<&'s Field>,
    schema: Option<Schema<'s>>,
}

impl<'s> Place<'s> {
    fn of(schema: Option<Schema<'s>>, key: &str) -> Self {
        let Some(schema) = schema else {
            return Place::default();
        };
        match schema.node() {
            Node::Struct(_) => {
                let field = schema.field(key);
                Place { field, schema: field.map(|f| schema.to(f.ty)) }
            }
            Node::Map(m) => Place { field: None, schema: Some(schema.to(m.value)) },
            _ => Place::default(),
        }
    }

    fn merges(self) -> bool {
        self.field.is_some_and(|f| f.patch_merge)
    }

    fn merge_key(self) -> &'s str {
        self.field.map_or("", |f| f.patch_merge_key.as_ref())
    }

    fn item(self) -> Option<Schema<'s>> {
        self.schema.and_then(Schema::item)
    }

    fn item_name(self) -> &'s str {
        match self.item().map(Schema::node) {
            // Messages name the Go type, which is the last part of the definition's name.
            Some(Node::Struct(s)) => s.name.rsplit('.').next().unwrap_or(""),
            _ => "",
        }
    }
}

fn merge_map(
    target: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    schema: Option<Schema<'_>>,
) -> Result<(), PatchError> {
    if let Some(directive) = patch.get(DIRECTIVE) {
        match directive.as_str() {
            Some("replace") => {
                *target = patch.clone();
                target.remove(DIRECTIVE);
            }
            Some("delete") => target.clear(),
            _ => return Err(bad_directive(directive, patch)),
        }
        return Ok(());
    }
    retain_keys(target, patch)?;
    for (key, order) in patch {
        if let Some(name) = suffix(key, ELEMENT_ORDER, PatchError::BadElementOrder)? {
            merge_ordered(target, patch, name, order, Place::of(schema, name))?;
        }
    }
    let any_ordered = patch.keys().any(|key| key.starts_with(ELEMENT_ORDER));
    for (key, value) in patch {
        let ordered = any_ordered && patch.contains_key(&format!("{ELEMENT_ORDER}/{key}"));
        if key == RETAIN_KEYS || key.starts_with(ELEMENT_ORDER) || ordered {
            continue;
        }
        if let Some(name) = suffix(key, DELETE_FROM_LIST, PatchError::BadPrimitiveList)? {
            delete_from_list(target, name, value)?;
            continue;
        }
        merge_key(target, key, value, Place::of(schema, key))?;
    }
    Ok(())
}

fn merge_key(target: &mut Map<String, Value>, key: &str, value: &Value, place: Place<'_>) -> Result<(), PatchError> {
    if value.is_null() {
        target.remove(key);
        return Ok(());
    }
    match (target.get_mut(key), value) {
        (Some(Value::Object(old)), Value::Object(new)) => merge_map(old, new, place.schema),
        (Some(Value::Array(old)), Value::Array(new)) => {
            let taken = std::mem::take(old);
            *old = merge_list(taken, new, place)?;
            Ok(())
        }
        _ => {
            match without_directives(&without_nulls(value)) {
                Some(value) => target.insert(key.to_owned(), value),
                None => target.remove(key),
            };
            Ok(())
        }
    }
}

fn bad_directive(directive: &Value, map: &Map<String, Value>) -> PatchError {
    PatchError::BadDirective { directive: plain(directive), map: plain(&Value::Object(map.clone())) }
}

/// The name behind `prefix/`.
fn suffix<'k>(key: &'k str, prefix: &str, error: PatchError) -> Result<Option<&'k str>, PatchError> {
    match key.strip_prefix(prefix) {
        None => Ok(None),
        Some(rest) => rest.strip_prefix('/').map(Some).ok_or(error),
    }
}

fn retain_keys(target: &mut Map<String, Value>, patch: &Map<String, Value>) -> Result<(), PatchError> {
    let Some(keys) = patch.get(RETAIN_KEYS) else {
        return Ok(());
    };
    let keys = keys.as_array().ok_or(PatchError::BadRetainKeys)?;
    let keys: BTreeSet<&str> = keys.iter().filter_map(Value::as_str).collect();
    let listed = |key: &str| keys.contains(key);
    for (key, value) in patch {
        let directive = key == RETAIN_KEYS || key.starts_with(DELETE_FROM_LIST) || key.starts_with(ELEMENT_ORDER);
        if !directive && !value.is_null() && !listed(key) {
            return Err(PatchError::BadRetainKeys);
        }
    }
    target.retain(|key, _| listed(key));
    Ok(())
}

fn delete_from_list(target: &mut Map<String, Value>, name: &str, value: &Value) -> Result<(), PatchError> {
    match (target.get_mut(name), value) {
        (_, Value::Null) => {
            target.remove(name);
        }
        (Some(Value::Array(list)), Value::Array(gone)) => {
            item_type(list.iter().chain(gone))?;
            let finder = order::Finder::new(gone, "");
            list.retain(|item| finder.find(gone, item).is_none());
        }
        _ => {}
    }
    Ok(())
}

/// A list whose order the patch gives.
fn merge_ordered(
    target: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    name: &str,
    wanted: &Value,
    place: Place<'_>,
) -> Result<(), PatchError> {
    let as_list = |v: Option<&Value>| match v {
        Some(Value::Array(list)) => Ok(Some(list.clone())),
        Some(_) => Err(PatchError::BadElementOrder),
        None => Ok(None),
    };
    let wanted = wanted.as_array().ok_or(PatchError::BadElementOrder)?;
    let server = as_list(target.get(name))?;
    let new = as_list(patch.get(name))?;
    let key = place.merge_key();
    order::check(new.as_deref().unwrap_or_default(), wanted, key)?;
    let merged = match (&server, new) {
        (None, None) => return Ok(()),
        (Some(server), None) => server.clone(),
        (None, Some(new)) => new.iter().filter_map(|v| without_directives(&without_nulls(v))).collect(),
        (Some(server), Some(new)) => merge_list(server.clone(), &new, place)?,
    };
    let arranged = order::arrange(merged, wanted, server.as_deref().unwrap_or_default(), key)?;
    target.insert(name.to_owned(), Value::Array(arranged));
    Ok(())
}

/// The type that all items share; `None` for no items.
fn item_type<'v>(items: impl Iterator<Item = &'v Value> + Clone) -> Result<Option<&'static str>, PatchError> {
    let mut shared = None;
    for item in items.clone() {
        let name = type_name(item);
        if name == "array" {
            return Err(PatchError::ListOfLists);
        }
        if *shared.get_or_insert(name) != name {
            let all: Vec<Value> = items.cloned().collect();
            return Err(PatchError::MixedList(plain(&Value::Array(all))));
        }
    }
    Ok(shared)
}

fn merge_list(old: Vec<Value>, new: &[Value], place: Place<'_>) -> Result<Vec<Value>, PatchError> {
    if !place.merges() {
        return Ok(new.to_vec());
    }
    match item_type(old.iter().chain(new))? {
        None => Ok(old),
        Some("object") => merge_objects(old, new, place),
        Some(_) => {
            let mut merged: Vec<Value> = Vec::with_capacity(old.len() + new.len());
            let mut finder = order::Finder::new(&merged, "");
            for item in old.iter().chain(new) {
                if finder.find(&merged, item).is_none() {
                    merged.push(item.clone());
                    finder.extend(&merged);
                }
            }
            order::arrange(merged, new, &old, "")
        }
    }
}

fn merge_objects(mut old: Vec<Value>, new: &[Value], place: Place<'_>) -> Result<Vec<Value>, PatchError> {
    let key = place.merge_key();
    if key.is_empty() {
        return Err(PatchError::NoDeclaredMergeKey(place.item_name().to_owned()));
    }
    let mut plain_items = Vec::with_capacity(new.len());
    let mut gone = Vec::new();
    let mut replace = false;
    for item in new {
        let Some(directive) = item.get(DIRECTIVE) else {
            plain_items.push(item.clone());
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                order::identity(item, key)?;
                gone.push(item.clone());
            }
            Some("replace") => replace = true,
            Some("merge") => return Err(PatchError::MergeDirectiveInList),
            _ => return Err(bad_directive(directive, item.as_object().unwrap_or(&Map::new()))),
        }
    }
    if replace {
        return order::arrange(plain_items.clone(), &[], &plain_items, key);
    }
    if !gone.is_empty() {
        let finder = order::Finder::new(&gone, key);
        old.retain(|o| o.get(key).is_none_or(|id| finder.find(&gone, id).is_none()));
    }
    let server: Vec<Value> = old.clone();
    let mut finder = order::Finder::new(&old, key);
    for item in &plain_items {
        let id = order::identity(item, key)?;
        match (finder.find(&old, id), item) {
            (Some(at), Value::Object(item)) => {
                if let Value::Object(target) = &mut old[at] {
                    merge_map(target, item, place.item())?;
                }
            }
            _ => {
                old.extend(without_directives(&without_nulls(item)));
                finder.extend(&old);
            }
        }
    }
    order::arrange(old, &plain_items, &server, key)
}

/// A copy without directives; `None` when the value itself is one.
fn without_directives(value: &Value) -> Option<Value> {
    match value {
        Value::Object(map) if map.contains_key(DIRECTIVE) => None,
        Value::Object(map) => {
            let mut out = Map::new();
            for (key, value) in map {
                if let Some(value) = without_directives(value) {
                    out.insert(key.clone(), value);
                }
            }
            Some(Value::Object(out))
        }
        Value::Array(items) => Some(Value::Array(items.iter().filter_map(without_directives).collect())),
        other => Some(other.clone()),
    }
}

#[cfg(test)]
#[path = "strategic_tests.rs"]
mod tests;
