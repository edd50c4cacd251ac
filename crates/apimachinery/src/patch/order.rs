//! The order of merged lists: what the patch says first, then the order that the server had, interleaved.

use std::collections::HashMap;

use serde_json::Value;

use super::PatchError;
use crate::text::plain;

/// Shorter lists are searched without an index.
const SHORT: usize = 16;

/// What identifies an item: the merge key's value, or the item itself when there is no merge key.
pub(super) fn identity<'v>(item: &'v Value, merge_key: &str) -> Result<&'v Value, PatchError> {
    if merge_key.is_empty() {
        return Ok(item);
    }
    item.get(merge_key).ok_or_else(|| PatchError::NoMergeKey { item: plain(item), key: merge_key.to_owned() })
}

/// Finds items of a list by identity. Long lists get an index, so that a big patch costs no more than its size.
pub(super) struct Finder<'k> {
    merge_key: &'k str,
    /// First position of each identity, as JSON.
    index: HashMap<String, usize>,
    /// How many items are in the index; 0: there is none.
    indexed: usize,
}

impl<'k> Finder<'k> {
    pub(super) fn new(list: &[Value], merge_key: &'k str) -> Self {
        let mut finder = Finder { merge_key, index: HashMap::new(), indexed: 0 };
        if list.len() > SHORT {
            finder.extend(list);
        }
        finder
    }

    /// Takes items into the index that were appended to the list.
    pub(super) fn extend(&mut self, list: &[Value]) {
        if list.len() <= SHORT {
            return;
        }
        for (at, item) in list.iter().enumerate().skip(self.indexed) {
            if let Ok(id) = identity(item, self.merge_key) {
                self.index.entry(id.to_string()).or_insert(at);
            }
        }
        self.indexed = list.len();
    }

    /// First item of the list with this identity.
    pub(super) fn find(&self, list: &[Value], wanted: &Value) -> Option<usize> {
        if self.indexed == 0 {
            return list.iter().position(|item| identity(item, self.merge_key).is_ok_and(|id| id == wanted));
        }
        self.index.get(&wanted.to_string()).copied()
    }
}

/// Puts merged items in order. `order` are the items that the patch names, `server` the list as it was.
pub(super) fn arrange(
    merged: Vec<Value>,
    order: &[Value],
    server: &[Value],
    merge_key: &str,
) -> Result<Vec<Value>, PatchError> {
    let (in_order, in_server) = (Finder::new(order, merge_key), Finder::new(server, merge_key));
    let mut named: Vec<(usize, Option<usize>, Value)> = Vec::new();
    let mut others: Vec<(usize, Value)> = Vec::new();
    for item in merged {
        let id = identity(&item, merge_key)?;
        let server_at = in_server.find(server, id);
        match in_order.find(order, id) {
            Some(at) => named.push((at, server_at, item)),
            None => others.push((server_at.unwrap_or(usize::MAX), item)),
        }
    }
    named.sort_by_key(|(at, _, _)| *at);
    others.sort_by_key(|(at, _)| *at);
    let mut out = Vec::with_capacity(named.len() + others.len());
    let mut named = named.into_iter().peekable();
    for (server_at, item) in others {
        // An item that only the server has stays in front of the first one of the patch that came behind it before.
        while let Some((_, next_at, _)) = named.peek() {
            if next_at.is_some_and(|at| server_at < at) {
                break;
            }
            out.extend(named.next().map(|(_, _, item)| item));
        }
        out.push(item);
    }
    out.extend(named.map(|(_, _, item)| item));
    Ok(out)
}

/// The patch's items (without those that it deletes) must come in the order of `$setElementOrder`.
pub(super) fn check(patch: &[Value], order: &[Value], merge_key: &str) -> Result<(), PatchError> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut rest = order.iter();
    for item in patch.iter().filter(|item| item.get("$patch").is_none()) {
        let id = identity(item, merge_key)?;
        let mut found = false;
        for next in rest.by_ref() {
            if identity(next, merge_key)? == id {
                found = true;
                break;
            }
        }
        if !found {
            let all = |list: &[Value]| plain(&Value::Array(list.to_vec()));
            return Err(PatchError::OrderMismatch { patch: all(patch), order: all(order) });
        }
    }
    Ok(())
}
