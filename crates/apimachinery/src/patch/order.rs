//! The order of merged lists: what the patch says first, then the order that the server had, interleaved.

use serde_json::Value;

use super::PatchError;
use crate::text::plain;

/// What identifies an item: the merge key's value, or the item itself when there is no merge key.
pub(super) fn identity<'v>(item: &'v Value, merge_key: &str) -> Result<&'v Value, PatchError> {
    if merge_key.is_empty() {
        return Ok(item);
    }
    item.get(merge_key).ok_or_else(|| PatchError::NoMergeKey { item: plain(item), key: merge_key.to_owned() })
}

/// First item with this identity.
pub(super) fn position(list: &[Value], merge_key: &str, wanted: &Value) -> Option<usize> {
    list.iter().position(|item| if merge_key.is_empty() { item == wanted } else { item.get(merge_key) == Some(wanted) })
}

/// Puts merged items in order. `order` are the items that the patch names, `server` the list as it was.
pub(super) fn arrange(
    merged: Vec<Value>,
    order: &[Value],
    server: &[Value],
    merge_key: &str,
) -> Result<Vec<Value>, PatchError> {
    let mut named: Vec<(usize, Value)> = Vec::new();
    let mut others: Vec<(usize, Value)> = Vec::new();
    for item in merged {
        let id = identity(&item, merge_key)?;
        match position(order, merge_key, id) {
            Some(at) => named.push((at, item)),
            None => others.push((position(server, merge_key, id).unwrap_or(usize::MAX), item)),
        }
    }
    named.sort_by_key(|(at, _)| *at);
    others.sort_by_key(|(at, _)| *at);
    let size = named.len() + others.len();
    let mut out = Vec::with_capacity(size);
    let mut named = named.into_iter().peekable();
    for (server_at, item) in others {
        // An item that only the server has stays in front of the first one of the patch that came behind it before.
        while let Some((_, next)) = named.peek() {
            let next_at = position(server, merge_key, identity(next, merge_key)?);
            if next_at.is_some_and(|at| server_at < at) {
                break;
            }
            out.extend(named.next().map(|(_, item)| item));
        }
        out.push(item);
    }
    out.extend(named.map(|(_, item)| item));
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
