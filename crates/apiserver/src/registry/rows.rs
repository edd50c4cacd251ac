//! The rows that are served: the built-in table, and room for those that custom resources add at run time.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Deref,
    sync::Arc,
};

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

/// The rows of one custom resource.
#[derive(Debug, Clone)]
pub struct Custom {
    /// One for each served version.
    pub served: Vec<Arc<api::Resource>>,
    /// The row in whose form its objects are stored; its version need not be served.
    pub stored: Arc<api::Resource>,
}

/// What custom resources add, as one picture that is replaced as a whole.
#[derive(Debug, Default)]
struct Added {
    /// By `group/version/resource`.
    by_path: HashMap<String, Arc<api::Resource>>,
    /// By `group/resource`.
    stored: BTreeMap<String, Arc<api::Resource>>,
    /// In the order of their names.
    rows: Vec<Arc<api::Resource>>,
    /// Grows with each picture.
    generation: u64,
}

/// All rows, by group, version and resource. The built-in ones are found without looking at the others.
#[derive(Debug)]
pub struct Rows {
    built_in: HashMap<(&'static str, &'static str, &'static str), &'static api::Resource>,
    added: RwLock<Arc<Added>>,
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
        let added = self.added();
        if added.rows.is_empty() {
            return None;
        }
        added.by_path.get(&format!("{group}/{version}/{resource}")).cloned().map(Row::Shared)
    }

    fn added(&self) -> Arc<Added> {
        self.added.read().clone()
    }

    /// Replaces all custom rows at once. What is built in cannot be hidden by them.
    pub fn replace(&self, all: impl IntoIterator<Item = Custom>) {
        let mut next = Added { generation: self.generation() + 1, ..Added::default() };
        for custom in all {
            let row = &custom.stored;
            if self.built_in.values().any(|b| b.group == row.group && b.plural == row.plural) {
                continue;
            }
            next.stored.insert(format!("{}/{}", row.group, row.plural), row.clone());
            for row in custom.served {
                next.by_path.insert(format!("{}/{}/{}", row.group, row.version, row.plural), row.clone());
                next.rows.push(row);
            }
        }
        *self.added.write() = Arc::new(next);
    }

    /// Grows whenever custom rows change.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.added.read().generation
    }

    /// The row in whose form objects of a group and resource are stored.
    #[must_use]
    pub fn stored(&self, group: &str, resource: &str) -> Option<Row> {
        if let Some(row) = api::table().iter().find(|r| r.group == group && r.plural == resource) {
            return self.storage_of(&Row::Static(row));
        }
        self.added().stored.get(&format!("{group}/{resource}")).cloned().map(Row::Shared)
    }

    /// The row in whose form another row's objects are stored.
    #[must_use]
    pub fn storage_of(&self, row: &Row) -> Option<Row> {
        if api::custom::of(row).is_some() {
            return self.added().stored.get(&format!("{}/{}", row.group, row.plural)).cloned().map(Row::Shared);
        }
        if row.storage.group == row.group && row.storage.version == row.version {
            return Some(row.clone());
        }
        self.find(&row.storage.group, &row.storage.version, &row.plural)
    }

    /// The rows in whose form anything is stored.
    #[must_use]
    pub fn all_stored(&self) -> Vec<Row> {
        let built_in = api::table().iter().filter(|r| r.storage.stored).map(Row::Static);
        let mut rows: Vec<Row> = built_in.filter_map(|row| self.storage_of(&row)).collect();
        rows.extend(self.added().stored.values().cloned().map(Row::Shared));
        rows
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
        rows.extend(self.added().rows.iter().filter(|r| same(r)).cloned().map(Row::Shared));
        rows
    }

    /// The row of a kind.
    #[must_use]
    pub fn by_kind(&self, group: &str, version: &str, kind: &str) -> Option<Row> {
        if let Some(row) = api::by_kind(group, version, kind) {
            return Some(Row::Static(row));
        }
        let fits = |r: &&Arc<api::Resource>| r.group == group && r.version == version && r.kind == kind;
        self.added().rows.iter().find(fits).cloned().map(Row::Shared)
    }

    /// All that are served.
    #[must_use]
    pub fn all(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = api::table().iter().map(Row::Static).collect();
        rows.extend(self.added().rows.iter().cloned().map(Row::Shared));
        rows
    }
}
