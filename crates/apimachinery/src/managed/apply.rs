//! Server-side apply: a manager says what it wants of an object, takes the fields that it names, gives back those that
//! it names no more, and is told when others own what it wants.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    compare,
    entry::{self, Entry, Operation},
    merge, paths,
    set::{self, Set},
    typed,
};
use crate::{
    meta,
    schema::Schema,
    status::{Cause, Status},
    text,
};

/// Where `kubectl apply` without `--server-side` keeps what was applied last.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Who owns the fields of an object that had no managed fields before the first apply.
const BEFORE_FIRST: &str = "before-first-apply";
/// Only this manager takes over from client-side apply.
const KUBECTL: &str = "kubectl";

/// An apply request.
#[derive(Debug, Clone, Copy)]
pub struct Apply<'a> {
    /// The manager: the parameter `fieldManager`, which must be there.
    pub manager: &'a str,
    /// `apiVersion` of the endpoint.
    pub api_version: &'a str,
    /// Kind of the endpoint.
    pub kind: &'a str,
    /// Subresource, or empty.
    pub subresource: &'a str,
    /// The time of the request.
    pub now: Timestamp,
    /// As in [`super::Change`].
    pub reset: &'a [&'a str],
    /// Take fields that others own.
    pub force: bool,
}

/// Somebody else owns a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The owner as messages show it.
    pub manager: String,
    /// The field as messages show it.
    pub field: String,
    path: Vec<String>,
}

/// Why an apply is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The configuration is for another kind.
    #[error("invalid object type: {0}")]
    WrongType(String),
    /// The configuration must not bring managed fields.
    #[error("metadata.managedFields must be nil")]
    ManagedFields,
    /// The configuration does not fit the schema.
    #[error("failed to create typed patch object ({object}): {errors}")]
    Types {
        /// `namespace/name; group/version, Kind=kind`
        object: String,
        /// What is wrong.
        errors: String,
    },
    /// Others own what it wants to change.
    #[error("{}", conflict_message(.0))]
    Conflicts(Vec<Conflict>),
}

impl ApplyError {
    /// The answer to the client.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            ApplyError::WrongType(_) | ApplyError::ManagedFields => Status::bad_request(self.to_string()),
            ApplyError::Types { .. } => Status::failure(500, "", self.to_string()),
            ApplyError::Conflicts(conflicts) => {
                let cause = |c: &Conflict| Cause {
                    reason: "FieldManagerConflict".to_owned(),
                    message: format!("conflict with {}", c.manager),
                    field: c.field.clone(),
                };
                Status::apply_conflict(self.to_string(), conflicts.iter().map(cause).collect())
            }
        }
    }
}

fn conflict_message(conflicts: &[Conflict]) -> String {
    if let [one] = conflicts {
        return format!("Apply failed with 1 conflict: conflict with {}: {}", one.manager, one.field);
    }
    let mut managers: Vec<&str> = conflicts.iter().map(|c| c.manager.as_str()).collect();
    managers.sort_unstable();
    managers.dedup();
    let mut lines = Vec::new();
    for manager in managers {
        lines.push(format!("conflicts with {manager}:"));
        lines.extend(conflicts.iter().filter(|c| c.manager == manager).map(|c| format!("- {}", c.field)));
    }
    format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
}

/// Applies the configuration to the object that is there (`None`: it is created). The result still has to be decoded,
/// defaulted and normalised like any other new object; its managed fields are complete.
pub fn apply(
    live: Option<&Value>,
    config: &Value,
    schema: Schema<'_>,
    request: &Apply<'_>,
) -> Result<Value, ApplyError> {
    check(config, schema, request)?;
    let result = match attempt(live, config, schema, request) {
        Err(ApplyError::Conflicts(conflicts)) if request.manager == KUBECTL => {
            let allowed = live.and_then(|live| last_applied(live, schema, request));
            let Some(allowed) = allowed else { return Err(ApplyError::Conflicts(conflicts)) };
            let left: Vec<Conflict> = conflicts.into_iter().filter(|c| !contains(&allowed, &c.path)).collect();
            if !left.is_empty() {
                return Err(ApplyError::Conflicts(left));
            }
            attempt(live, config, schema, &Apply { force: true, ..*request })
        }
        other => other,
    };
    let mut object = result?;
    if request.manager == KUBECTL && meta::annotation(&object, LAST_APPLIED).is_some_and(|a| !a.is_empty()) {
        meta::set_annotation(&mut object, LAST_APPLIED, as_last_applied(config));
    }
    Ok(object)
}

fn check(config: &Value, schema: Schema<'_>, request: &Apply<'_>) -> Result<(), ApplyError> {
    let (version, kind) = (meta::api_version(config), meta::kind(config));
    let name_kind = |version: &str, kind: &str| {
        let version = if version.contains('/') { version.to_owned() } else { format!("/{version}") };
        format!("{version}, Kind={kind}")
    };
    if version != request.api_version || kind != request.kind {
        return Err(ApplyError::WrongType(name_kind(version, kind)));
    }
    if meta::metadata(config).is_some_and(|m| m.get("managedFields").is_some_and(|v| !v.is_null())) {
        return Err(ApplyError::ManagedFields);
    }
    let errors = typed::check(config, schema);
    let errors = match errors.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        many => format!("errors:\n  {}", many.join("\n  ")),
    };
    let object = format!("{}/{}; {}", meta::namespace(config), meta::name(config), name_kind(version, kind));
    Err(ApplyError::Types { object, errors })
}

/// Metadata that nobody owns, and what names the object.
const UNOWNED: [&str; 12] = [
    "apiVersion",
    "kind",
    "metadata",
    "metadata.name",
    "metadata.namespace",
    "metadata.creationTimestamp",
    "metadata.selfLink",
    "metadata.uid",
    "metadata.clusterName",
    "metadata.generation",
    "metadata.managedFields",
    "metadata.resourceVersion",
];

fn attempt(live: Option<&Value>, config: &Value, schema: Schema<'_>, request: &Apply<'_>) -> Result<Value, ApplyError> {
    let mut bare = live.cloned();
    let list = bare.as_mut().and_then(meta::take_managed_fields);
    let mut entries = list.and_then(|list| entry::decode(list, true)).unwrap_or_default();
    if let (Some(live), true) = (&bare, entries.is_empty()) {
        let change = super::Change {
            manager: BEFORE_FIRST,
            api_version: request.api_version,
            subresource: request.subresource,
            now: request.now,
            reset: request.reset,
        };
        super::record(&mut entries, compare::compare(None, live, schema), &change);
    }
    let merged = bare.as_ref().map_or_else(|| config.clone(), |live| merge::merge(live, config, schema));
    let own = |e: &Entry| e.is_of(request.manager, Operation::Apply, "", request.subresource);
    let mut claimed = typed::field_set(config, schema);
    set::subtract_below(&mut claimed, &paths(request.reset));
    let last = entries.iter().position(own).map(|at| entries.remove(at));
    let (last_set, mut time) = last.map_or_else(|| (Set::new(), None), |e| (e.fields, e.time));
    let mut object = prune(merged, &claimed, &last_set, &entries, schema);
    settle(&mut entries, bare.as_ref(), &object, schema, request)?;
    if bare.as_ref() != Some(&object) {
        time = Some(entry::stamp(request.now));
    }
    set::subtract(&mut claimed, &paths(&UNOWNED));
    if !set::is_empty(&claimed) {
        entries.push(Entry {
            manager: request.manager.to_owned(),
            operation: Operation::Apply,
            api_version: request.api_version.to_owned(),
            subresource: request.subresource.to_owned(),
            time,
            fields: claimed,
        });
    }
    if let Some(list) = entry::encode(entries) {
        meta::metadata_mut(&mut object).insert("managedFields".to_owned(), list);
    }
    Ok(object)
}

/// Takes what the apply changes from the others, or refuses.
fn settle(
    entries: &mut Vec<Entry>,
    live: Option<&Value>,
    object: &Value,
    schema: Schema<'_>,
    request: &Apply<'_>,
) -> Result<(), ApplyError> {
    let mut difference = compare::compare(live, object, schema);
    let ignored = paths(request.reset);
    set::subtract_below(&mut difference.touched, &ignored);
    set::subtract_below(&mut difference.removed, &ignored);
    if !request.force {
        let mut conflicts = Vec::new();
        for entry in entries.iter() {
            set::each(&set::intersect(&entry.fields, &difference.touched), &mut |path| {
                conflicts.push(Conflict {
                    manager: print_manager(entry),
                    field: typed::print_path(path),
                    path: path.iter().map(|p| (*p).to_owned()).collect(),
                });
            });
        }
        if !conflicts.is_empty() {
            return Err(ApplyError::Conflicts(conflicts));
        }
    }
    for entry in entries.iter_mut() {
        set::subtract(&mut entry.fields, &difference.touched);
        set::subtract(&mut entry.fields, &difference.removed);
    }
    entries.retain(|e| !set::is_empty(&e.fields));
    Ok(())
}

fn print_manager(entry: &Entry) -> String {
    let mut out = text::quote(&entry.manager);
    if !entry.subresource.is_empty() {
        out.push_str(&format!(" with subresource {}", text::quote(&entry.subresource)));
    }
    if entry.operation == Operation::Update {
        out.push_str(&format!(" using {}", entry.api_version));
    }
    out
}

/// Takes out what the manager applied last time, does not apply now, and nobody else owns.
fn prune(merged: Value, claimed: &Set, last: &Set, others: &[Entry], schema: Schema<'_>) -> Value {
    if set::is_empty(last) {
        return merged;
    }
    let schema = Some(schema);
    let all_of =
        |value: &Value| schema.map_or_else(Set::new, |s| typed::with_named(&typed::field_set(value, s), schema));
    let last = typed::with_named(last, schema);
    let mut owned = claimed.clone();
    for entry in others {
        set::unite(&mut owned, entry.fields.clone());
    }
    let owned = typed::with_named(&owned, schema);
    let in_merged = all_of(&merged);
    // What others own, or what is claimed now, comes back.
    let pruned = typed::remove(&merged, &last, schema);
    let mut gone = in_merged.clone();
    set::subtract(&mut gone, &all_of(&pruned));
    set::subtract(&mut gone, &owned);
    let pruned = typed::remove(&merged, &gone, schema);
    // What nobody owned before stays as well: only what was applied last time may go.
    let mut gone = in_merged;
    set::subtract(&mut gone, &all_of(&pruned));
    typed::remove(&merged, &set::intersect(&gone, &last), schema)
}

/// The fields that client-side apply set and that are still as it set them.
fn last_applied(live: &Value, schema: Schema<'_>, request: &Apply<'_>) -> Option<Set> {
    let last: Value = serde_json::from_str(meta::annotation(live, LAST_APPLIED)?).ok()?;
    if meta::api_version(&last) != request.api_version || !typed::check(&last, schema).is_empty() {
        return None;
    }
    let mut fields = typed::field_set(&last, schema);
    let difference = compare::compare(Some(&last), live, schema);
    set::subtract(&mut fields, &difference.touched);
    set::subtract(&mut fields, &difference.removed);
    Some(fields)
}

fn contains(set: &Set, path: &[String]) -> bool {
    let mut node = set;
    for element in path {
        match node.get(element) {
            Some(Value::Object(below)) => node = below,
            _ => return false,
        }
    }
    set::is_member(node)
}

fn as_last_applied(config: &Value) -> String {
    let mut config = config.clone();
    if let Some(Value::Object(annotations)) = meta::metadata_mut(&mut config).get_mut("annotations") {
        annotations.remove(LAST_APPLIED);
        if annotations.is_empty() {
            meta::metadata_mut(&mut config).remove("annotations");
        }
    }
    format!("{}\n", text::json(&config))
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
