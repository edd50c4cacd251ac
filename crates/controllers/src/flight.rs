//! What a controller wrote that its informers do not show yet, so that it never acts twice on an old picture.

use std::collections::{HashMap, HashSet};

use client::{Object, Stored};
use parking_lot::Mutex;

fn number(version: &str) -> u64 {
    version.parse().unwrap_or_default()
}

/// Newest written versions of own objects, by UID.
#[derive(Default)]
pub struct Written {
    versions: Mutex<HashMap<String, u64>>,
}

impl Written {
    /// Notes what the server answered to a write.
    pub fn wrote<K: Object>(&self, object: &K) {
        self.versions.lock().insert(object.uid().to_owned(), number(object.version()));
    }

    /// Whether the informer's object is older than the last write: its event is still on the way.
    #[must_use]
    pub fn is_stale<K: Object>(&self, object: &K) -> bool {
        self.versions.lock().get(object.uid()).is_some_and(|written| number(object.version()) < *written)
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, uid: &str) {
        self.versions.lock().remove(uid);
    }
}

#[derive(Default)]
struct Entry {
    created: HashMap<String, u64>,
    deleted: HashSet<String>,
}

/// Dependents that were created or deleted for an owner but not seen so yet.
#[derive(Default)]
pub struct Flight {
    owners: Mutex<HashMap<String, Entry>>,
}

/// What is under way for an owner.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Dependents that were created and do not show yet.
    pub missing: usize,
    /// UIDs of dependents that show but were deleted.
    pub deleted: HashSet<String>,
}

impl Flight {
    /// Notes a created dependent.
    pub fn created<K: Object>(&self, owner: &str, dependent: &K) {
        let mut owners = self.owners.lock();
        let entry = owners.entry(owner.to_owned()).or_default();
        entry.created.insert(dependent.uid().to_owned(), number(dependent.version()));
    }

    /// Notes a deleted dependent.
    pub fn deleted(&self, owner: &str, uid: &str) {
        self.owners.lock().entry(owner.to_owned()).or_default().deleted.insert(uid.to_owned());
    }

    /// What is under way, given the dependents in the store and [`client::Informer::seen`] read *before* the store.
    pub fn view<K: Stored>(
        &self,
        owner: &str,
        seen: u64,
        dependents: &[std::sync::Arc<K>],
        is_gone: impl Fn(&K) -> bool,
    ) -> View {
        let mut owners = self.owners.lock();
        let Some(entry) = owners.get_mut(owner) else {
            return View::default();
        };
        let shown: HashMap<&str, &K> = dependents.iter().map(|k| (k.stored_uid(), &**k)).collect();
        entry.created.retain(|uid, version| *version > seen && !shown.contains_key(uid.as_str()));
        entry.deleted.retain(|uid| shown.get(uid.as_str()).is_some_and(|k| !is_gone(k)));
        let view = View { missing: entry.created.len(), deleted: entry.deleted.clone() };
        if entry.created.is_empty() && entry.deleted.is_empty() {
            owners.remove(owner);
        }
        view
    }

    /// Forgets an owner that is gone.
    pub fn forget(&self, owner: &str) {
        self.owners.lock().remove(owner);
    }
}
