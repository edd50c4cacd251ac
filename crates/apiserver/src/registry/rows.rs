//! The rows that are served: the built-in table, and room for those that custom resources add at run time.

use std::{collections::HashMap, ops::Deref, sync::Arc};

use parking_lot::RwLock;

/// A handle to a row; cheap to clone.
#[derive(Debug, Clone)]
pub enum Row {
    /// Built in.
    Static(&'static api::Resource),
    /// Added at run time.
    Shared(Arc<api::Resource>),
}

impl Deref for Row {
    type Target = api::Resource;
    fn deref(&self) -> &api::Resource {
        match self {
            Row::Static(row) => row,
            Row::Shared(row) => row,
        }
    }
}

/// All rows, by group, version and resource.
#[derive(Debug)]
pub struct Rows {
    built_in: HashMap<(&'static str, &'static str, &'static str), &'static api::Resource>,
    added: RwLock<HashMap<(String, String, String), Arc<api::Resource>>>,
}

impl Default for Rows {
    fn default() -> Self {
        let built_in =
            api::table().iter().map(|r| ((r.group.as_ref(), r.version.as_ref(), r.plural.as_ref()), r)).collect();
        Rows { built_in, added: RwLock::default() }
    }
}

impl Rows {
    /// The row of a path.
    #[must_use]
    pub fn find(&self, group: &str, version: &str, resource: &str) -> Option<Row> {
        if let Some(row) = self.built_in.get(&(group, version, resource)) {
            return Some(Row::Static(row));
        }
        let added = self.added.read();
        if added.is_empty() {
            return None;
        }
        added.get(&(group.to_owned(), version.to_owned(), resource.to_owned())).cloned().map(Row::Shared)
    }

    /// The row in whose form objects of a group and resource are stored.
    #[must_use]
    pub fn stored(&self, group: &str, resource: &str) -> Option<Row> {
        let row = self.all().into_iter().find(|r| r.group == group && r.plural == resource)?;
        self.storage_of(&row)
    }

    /// The row in whose form another row's objects are stored.
    #[must_use]
    pub fn storage_of(&self, row: &Row) -> Option<Row> {
        if row.storage.group == row.group && row.storage.version == row.version {
            return Some(row.clone());
        }
        self.find(&row.storage.group, &row.storage.version, &row.plural)
    }

    /// The other rows that show the same objects: other versions, or the same kind in another group.
    #[must_use]
    pub fn equivalents(&self, of: &api::Resource) -> Vec<Row> {
        let same = |r: &api::Resource| {
            r.plural == of.plural
                && r.storage.group == of.storage.group
                && r.storage.stored == of.storage.stored
                && (r.group != of.group || r.version != of.version)
        };
        let mut rows: Vec<Row> = api::table().iter().filter(|r| same(r)).map(Row::Static).collect();
        rows.extend(self.added.read().values().filter(|r| same(r)).cloned().map(Row::Shared));
        rows
    }

    /// The row of a kind.
    #[must_use]
    pub fn by_kind(&self, group: &str, version: &str, kind: &str) -> Option<Row> {
        if let Some(row) = api::by_kind(group, version, kind) {
            return Some(Row::Static(row));
        }
        let fits = |r: &&Arc<api::Resource>| r.group == group && r.version == version && r.kind == kind;
        self.added.read().values().find(fits).cloned().map(Row::Shared)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = api::table().iter().map(Row::Static).collect();
        rows.extend(self.added.read().values().cloned().map(Row::Shared));
        rows
    }
}
