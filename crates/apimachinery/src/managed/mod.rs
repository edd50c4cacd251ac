//! `metadata.managedFields`: who owns which field. Kept on every write from the first day; server-side apply builds on
//! it.
//!
//! Call [`update`] with the object as it was and the object as it will be, both after decoding, defaulting and
//! normalisation and before admission, as Kubernetes does.

pub mod apply;
pub mod compare;
mod configure;
pub mod entry;
mod merge;
pub mod set;
mod typed;

pub use configure::{ConfigureError, configure};
use jiff::Timestamp;
use serde_json::Value;

use crate::{meta, schema::Schema};
use entry::{Entry, Operation};
use set::Set;

/// Longer names of managers are refused, or cut when they come from a User-Agent.
pub const MANAGER_MAX: usize = 128;

/// A write that is no apply.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// Name of the manager; see [`manager_name`].
    pub manager: &'a str,
    /// `apiVersion` of the endpoint that the request came to.
    pub api_version: &'a str,
    /// Subresource, or empty.
    pub subresource: &'a str,
    /// The time of the request.
    pub now: Timestamp,
    /// Fields that this endpoint ignores in requests, as dotted paths: `status` for the main resource, `spec` for
    /// `/status`. Nobody comes to own them here.
    pub reset: &'a [&'a str],
}

/// The manager's name: the parameter `fieldManager`, or what comes before the first slash of the User-Agent.
#[must_use]
pub fn manager_name(field_manager: &str, user_agent: &str) -> String {
    if !field_manager.is_empty() {
        return field_manager.to_owned();
    }
    let mut name = String::new();
    for c in user_agent.split('/').next().unwrap_or("").chars().filter(|c| !c.is_control()) {
        if name.len() + c.len_utf8() > MANAGER_MAX {
            break;
        }
        name.push(c);
    }
    name
}

/// Brings `new.metadata.managedFields` up to date. `live` is `None` for a creation.
pub fn update(live: Option<&Value>, new: &mut Value, schema: Schema<'_>, change: &Change<'_>) {
    let mut entries = entries_for(live, meta::take_managed_fields(new), !change.subresource.is_empty());
    let tracked = !entries.is_empty() || live.is_none_or(|live| meta::uid(live).is_empty());
    if tracked {
        let mut difference = compare::compare(live, new, schema);
        let ignored = paths(change.reset);
        set::subtract_below(&mut difference.touched, &ignored);
        set::subtract_below(&mut difference.removed, &ignored);
        record(&mut entries, difference, change);
        entry::cap(&mut entries);
    }
    if let Some(list) = entry::encode(entries) {
        meta::metadata_mut(new).insert("managedFields".to_owned(), list);
    }
}

/// Takes what changed from all entries and gives it to the manager's.
fn record(entries: &mut Vec<Entry>, difference: compare::Difference, change: &Change<'_>) {
    for entry in entries.iter_mut() {
        set::subtract(&mut entry.fields, &difference.touched);
        set::subtract(&mut entry.fields, &difference.removed);
    }
    entries.retain(|entry| !set::is_empty(&entry.fields));
    if set::is_empty(&difference.touched) {
        return;
    }
    let manager = if change.manager.is_empty() { "unknown" } else { change.manager };
    let time = Some(entry::stamp(change.now));
    let own = |e: &&mut Entry| e.is_of(manager, Operation::Update, change.api_version, change.subresource);
    if let Some(own) = entries.iter_mut().find(own) {
        set::unite(&mut own.fields, difference.touched);
        own.time = time;
        return;
    }
    entries.push(Entry {
        manager: manager.to_owned(),
        operation: Operation::Update,
        api_version: change.api_version.to_owned(),
        subresource: change.subresource.to_owned(),
        time,
        fields: difference.touched,
    });
}

/// The entries to start from. A client may set them (only on the main resource), but one that does not know them does
/// not lose them, and one that sends nonsense is not believed.
fn entries_for(live: Option<&Value>, sent: Option<Value>, subresource: bool) -> Vec<Entry> {
    let of_live = || live.and_then(|l| meta::metadata(l)?.get("managedFields"));
    let from_live = || of_live().and_then(|list| entry::decode(list.clone(), true)).unwrap_or_default();
    match sent {
        Some(sent) if of_live() == Some(&sent) => entry::decode(sent, true).unwrap_or_default(),
        Some(_) if subresource => from_live(),
        Some(sent) if is_reset(&sent) => Vec::new(),
        Some(sent) => match entry::decode(sent, false) {
            Some(entries) if !entries.is_empty() => entries,
            _ => from_live(),
        },
        None => from_live(),
    }
}

/// `[]` or `[{}]`: the client wants to be rid of them.
fn is_reset(sent: &Value) -> bool {
    match sent.as_array().map(Vec::as_slice) {
        Some([]) => true,
        Some([one]) => one.as_object().is_some_and(serde_json::Map::is_empty),
        _ => false,
    }
}

/// Dotted paths as a set.
fn paths(dotted: &[&str]) -> Set {
    let mut out = Set::new();
    for path in dotted {
        let elements: Vec<String> = path.split('.').map(|p| format!("f:{p}")).collect();
        let elements: Vec<&str> = elements.iter().map(String::as_str).collect();
        set::insert(&mut out, &elements);
    }
    out
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
