//! Merging an applied configuration into the object that is there: what the configuration says wins, what it does not
//! mention stays, and the order of lists is that of the configuration as far as it has an opinion.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value};

use super::{
    compare::element,
    typed::{Shape, child, shape},
};
use crate::schema::{ListKind, Schema};

/// The merged object.
pub(super) fn merge(live: &Value, config: &Value, schema: Schema<'_>) -> Value {
    merge_values(Some(live), Some(config), Some(schema)).unwrap_or(Value::Null)
}

fn merge_values(l: Option<&Value>, r: Option<&Value>, schema: Option<Schema<'_>>) -> Option<Value> {
    let (left, right) = match (l, r) {
        (Some(l), Some(r)) => (l, r),
        (one, None) | (None, one) => return one.cloned(),
    };
    // A null of the configuration says nothing about what is in an object or a list.
    let wanted = if right.is_null() { left } else { right };
    match shape(schema, wanted) {
        Shape::Leaf => Some(right.clone()),
        Shape::Fields => {
            let (old, new) = (left.as_object(), right.as_object());
            if old.is_none_or(Map::is_empty) && new.is_none_or(Map::is_empty) {
                return Some(right.clone());
            }
            let mut out = Map::new();
            for (key, value) in old.into_iter().flatten() {
                let new = new.and_then(|n| n.get(key));
                out.extend(merge_values(Some(value), new, child(schema, key)).map(|v| (key.clone(), v)));
            }
            for (key, value) in new.into_iter().flatten().filter(|(key, _)| !out.contains_key(*key)).collect::<Vec<_>>()
            {
                out.insert(key.clone(), value.clone());
            }
            (!out.is_empty()).then_some(Value::Object(out))
        }
        Shape::Items(kind, item) => {
            let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
            let (old, new) = (list(left), list(right));
            if old.is_empty() && new.is_empty() {
                return Some(right.clone());
            }
            let out = Lists::new(&old, &new, kind, item).merge();
            (!out.is_empty()).then_some(Value::Array(out))
        }
    }
}

/// Two lists by their elements.
struct Lists<'v, 's> {
    old: Vec<(String, &'v Value)>,
    new: Vec<(String, &'v Value)>,
    /// `None`: it occurs twice, and is not merged with anything.
    old_by: BTreeMap<String, Option<&'v Value>>,
    new_by: BTreeMap<String, &'v Value>,
    item: Schema<'s>,
}

impl<'v, 's> Lists<'v, 's> {
    fn new(old: &'v [Value], new: &'v [Value], kind: &ListKind, item: Schema<'s>) -> Self {
        let named = |list: &'v [Value]| -> Vec<(String, &'v Value)> {
            list.iter().filter_map(|v| element(v, kind, Some(item)).map(|e| (e, v))).collect()
        };
        let (old, new) = (named(old), named(new));
        let mut old_by: BTreeMap<String, Option<&'v Value>> = BTreeMap::new();
        for (name, value) in &old {
            old_by.entry(name.clone()).and_modify(|v| *v = None).or_insert(Some(*value));
        }
        let new_by = new.iter().cloned().collect();
        Lists { old, new, old_by, new_by, item }
    }

    fn merged(&self, name: &str, value: &Value) -> Option<Value> {
        match self.old_by.get(name) {
            Some(Some(old)) => merge_values(Some(old), Some(value), Some(self.item)),
            // An element that occurred twice is replaced by the one that is wanted.
            _ => Some(value.clone()),
        }
    }

    /// Items of both keep the order of the new list; items that only the old one has stay where they were between
    /// those.
    fn merge(&self) -> Vec<Value> {
        let mut out = Vec::with_capacity(self.old.len().max(self.new.len()));
        let mut shared: VecDeque<&str> =
            self.new.iter().map(|(n, _)| n.as_str()).filter(|n| self.old_by.contains_key(*n)).collect();
        let mut next_shared = shared.pop_front();
        let mut done: BTreeSet<&str> = BTreeSet::new();
        let (mut l, mut r) = (0, 0);
        while l < self.old.len() || r < self.new.len() {
            if let (Some((old, _)), Some((new, value))) = (self.old.get(l), self.new.get(r)) {
                if old == new {
                    done.insert(new);
                    out.extend(self.merged(new, value));
                    l += 1;
                    r += 1;
                    next_shared = shared.pop_front();
                    continue;
                }
                if self.new_by.contains_key(old) && next_shared.is_some_and(|n| n != old) {
                    l += 1;
                    continue;
                }
            }
            if let Some((old, value)) = self.old.get(l) {
                if !self.new_by.contains_key(old) {
                    out.push((*value).clone());
                    l += 1;
                    continue;
                }
                if done.contains(old.as_str()) {
                    l += 1;
                }
            }
            if let Some((new, value)) = self.new.get(r) {
                done.insert(new);
                out.extend(self.merged(new, value));
                r += 1;
                if next_shared == Some(new.as_str()) {
                    next_shared = shared.pop_front();
                }
            }
        }
        out
    }
}
