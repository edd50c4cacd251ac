//! The entries of `metadata.managedFields`.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::set::{self, Set};

/// More entries of operation Update than this are merged.
pub const MAX_UPDATES: usize = 10;
/// Who gets the fields of entries that were merged.
const ANCIENT: &str = "ancient-changes";

/// What a manager did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Server-side apply.
    Apply,
    /// Everything else.
    Update,
}

impl Operation {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        }
    }
}

/// Who owns which fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Name of the manager.
    pub manager: String,
    /// How it came to own them.
    pub operation: Operation,
    /// In which version.
    pub api_version: String,
    /// Through which subresource; empty for none.
    pub subresource: String,
    /// When the set last grew.
    pub time: Option<String>,
    /// The fields.
    pub fields: Set,
}

impl Entry {
    /// The same manager, as far as entries are concerned. An applier has one entry whatever the version.
    #[must_use]
    pub fn is_of(&self, manager: &str, operation: Operation, api_version: &str, subresource: &str) -> bool {
        self.manager == manager
            && self.operation == operation
            && self.subresource == subresource
            && (operation == Operation::Apply || self.api_version == api_version)
    }

    fn same_manager(&self, other: &Entry) -> bool {
        self.is_of(&other.manager, other.operation, &other.api_version, &other.subresource)
    }

    fn read(value: Value, trusted: bool) -> Option<Entry> {
        let Value::Object(mut map) = value else { return None };
        let mut text = |key: &str| match map.remove(key) {
            Some(Value::String(text)) => Some(text),
            Some(Value::Null) | None => Some(String::new()),
            Some(_) => None,
        };
        let operation = match text("operation")?.as_str() {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        if text("fieldsType")? != "FieldsV1" {
            return None;
        }
        let (manager, api_version, subresource) = (text("manager")?, text("apiVersion")?, text("subresource")?);
        if api_version.is_empty() {
            return None;
        }
        let time = Some(text("time")?).filter(|t| !t.is_empty());
        let fields = match map.remove("fieldsV1") {
            Some(Value::Object(fields)) if trusted => fields,
            Some(fields) => set::canonical(&fields)?,
            None => Set::new(),
        };
        Some(Entry { manager, operation, api_version, subresource, time, fields })
    }

    fn write(self) -> Value {
        let mut map = Map::new();
        map.insert("apiVersion".to_owned(), self.api_version.into());
        map.insert("fieldsType".to_owned(), "FieldsV1".into());
        map.insert("fieldsV1".to_owned(), Value::Object(self.fields));
        if !self.manager.is_empty() {
            map.insert("manager".to_owned(), self.manager.into());
        }
        map.insert("operation".to_owned(), self.operation.as_str().into());
        if !self.subresource.is_empty() {
            map.insert("subresource".to_owned(), self.subresource.into());
        }
        if let Some(time) = self.time {
            map.insert("time".to_owned(), time.into());
        }
        Value::Object(map)
    }
}

/// Reads `managedFields`; `None` when any entry is broken. Trusted ones are in canonical form already.
pub(super) fn decode(list: Value, trusted: bool) -> Option<Vec<Entry>> {
    let Value::Array(list) = list else {
        return list.is_null().then(Vec::new);
    };
    let mut entries: Vec<Entry> = Vec::with_capacity(list.len() + 1);
    for value in list {
        let entry = Entry::read(value, trusted)?;
        match entries.iter_mut().find(|e| !trusted && e.same_manager(&entry)) {
            Some(same) => *same = entry,
            None => entries.push(entry),
        }
    }
    Some(entries)
}

/// Writes `managedFields`, in Kubernetes' order; `None` for no entries.
pub(super) fn encode(mut entries: Vec<Entry>) -> Option<Value> {
    if entries.is_empty() {
        return None;
    }
    entries.sort_by(|a, b| {
        (a.operation, &a.time, &a.manager, &a.api_version, &a.subresource).cmp(&(
            b.operation,
            &b.time,
            &b.manager,
            &b.api_version,
            &b.subresource,
        ))
    });
    Some(Value::Array(entries.into_iter().map(Entry::write).collect()))
}

/// Merges the oldest entries of updates until few enough are left. Only entries of the same version merge.
pub(super) fn cap(entries: &mut Vec<Entry>) {
    let count = |entries: &[Entry]| entries.iter().filter(|e| e.operation == Operation::Update).count();
    let mut left = count(entries);
    if left <= MAX_UPDATES {
        return;
    }
    let mut oldest: Vec<Entry> = Vec::with_capacity(left);
    let mut others: Vec<Entry> = Vec::new();
    for entry in entries.drain(..) {
        if entry.operation == Operation::Update { oldest.push(entry) } else { others.push(entry) }
    }
    oldest.sort_by(|a, b| (&a.time, &a.manager).cmp(&(&b.time, &b.manager)));
    // For each version the first entry waits until a second one comes; then both go into the common one.
    let mut kept: Vec<Entry> = Vec::with_capacity(left);
    for entry in oldest {
        let first = kept.iter_mut().find(|e| e.api_version == entry.api_version);
        match first {
            Some(first) if left > MAX_UPDATES => {
                ANCIENT.clone_into(&mut first.manager);
                first.subresource.clear();
                set::unite(&mut first.fields, entry.fields);
                first.time = entry.time;
                left -= 1;
            }
            _ => kept.push(entry),
        }
    }
    others.extend(kept);
    *entries = others;
}

/// The time of an entry.
pub(super) fn stamp(now: Timestamp) -> String {
    crate::time::seconds(now)
}
