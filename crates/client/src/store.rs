//! The objects of an informer, for reading by anybody.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use parking_lot::RwLock;

use crate::object::{Key, Stored};

/// Values under which an index finds an object.
pub type IndexFn<K> = Arc<dyn Fn(&K) -> Vec<String> + Send + Sync>;

struct Index<K> {
    of: IndexFn<K>,
    found: HashMap<String, BTreeSet<Key>>,
}

struct Inner<K> {
    objects: BTreeMap<String, BTreeMap<String, Arc<K>>>,
    indexes: HashMap<&'static str, Index<K>>,
}

/// Objects by namespace and name, with secondary indexes; always current as far as the watch is.
pub struct Store<K> {
    inner: RwLock<Inner<K>>,
}

/// Name of the index that every store has: UIDs of owners.
pub const OWNER: &str = "owner";

impl<K: Stored> Default for Store<K> {
    fn default() -> Self {
        let store = Self { inner: RwLock::new(Inner { objects: BTreeMap::new(), indexes: HashMap::new() }) };
        store.index(OWNER, Arc::new(|k: &K| k.stored_owners().into_iter().map(str::to_owned).collect()));
        store
    }
}

impl<K: Stored> Store<K> {
    /// An object.
    #[must_use]
    pub fn get(&self, namespace: &str, name: &str) -> Option<Arc<K>> {
        self.inner.read().objects.get(namespace)?.get(name).cloned()
    }

    /// An object by its key.
    #[must_use]
    pub fn by_key(&self, key: &Key) -> Option<Arc<K>> {
        self.get(&key.namespace, &key.name)
    }

    /// All objects, in order of namespace and name.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<K>> {
        self.inner.read().objects.values().flat_map(|m| m.values().cloned()).collect()
    }

    /// All objects of a namespace, in order of name.
    #[must_use]
    pub fn in_namespace(&self, namespace: &str) -> Vec<Arc<K>> {
        self.inner.read().objects.get(namespace).map(|m| m.values().cloned().collect()).unwrap_or_default()
    }

    /// The objects for which `keep` says yes.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&K) -> bool) -> Vec<Arc<K>> {
        self.inner.read().objects.values().flat_map(|m| m.values()).filter(|k| keep(k)).cloned().collect()
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.read().objects.values().map(BTreeMap::len).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an index, over what is there too; the same name again changes nothing.
    pub fn index(&self, name: &'static str, of: IndexFn<K>) {
        let mut inner = self.inner.write();
        if inner.indexes.contains_key(name) {
            return;
        }
        let mut index = Index { of, found: HashMap::new() };
        for object in inner.objects.values().flat_map(|m| m.values()) {
            index.add(object);
        }
        inner.indexes.insert(name, index);
    }

    /// The objects that an index has under a value; empty for an index that does not exist.
    #[must_use]
    pub fn by_index(&self, name: &str, value: &str) -> Vec<Arc<K>> {
        let inner = self.inner.read();
        let Some(keys) = inner.indexes.get(name).and_then(|i| i.found.get(value)) else {
            return Vec::new();
        };
        keys.iter().filter_map(|key| inner.objects.get(&key.namespace)?.get(&key.name).cloned()).collect()
    }

    /// The objects that name an owner with this UID.
    #[must_use]
    pub fn owned_by(&self, uid: &str) -> Vec<Arc<K>> {
        self.by_index(OWNER, uid)
    }

    /// Puts an object; what was there before.
    pub(crate) fn put(&self, object: Arc<K>) -> Option<Arc<K>> {
        let mut inner = self.inner.write();
        let old = match inner.objects.get_mut(object.stored_namespace()) {
            Some(names) => names.insert(object.stored_name().to_owned(), object.clone()),
            None => inner
                .objects
                .entry(object.stored_namespace().to_owned())
                .or_default()
                .insert(object.stored_name().to_owned(), object.clone()),
        };
        for index in inner.indexes.values_mut() {
            if let Some(old) = &old {
                index.remove(old);
            }
            index.add(&object);
        }
        old
    }

    /// Takes an object away.
    pub(crate) fn remove(&self, namespace: &str, name: &str) -> Option<Arc<K>> {
        let mut inner = self.inner.write();
        let names = inner.objects.get_mut(namespace)?;
        let old = names.remove(name)?;
        if names.is_empty() {
            inner.objects.remove(namespace);
        }
        for index in inner.indexes.values_mut() {
            index.remove(&old);
        }
        Some(old)
    }

    /// Keys of all objects.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        let inner = self.inner.read();
        inner.objects.iter().flat_map(|(ns, names)| names.keys().map(move |name| Key::new(ns, name))).collect()
    }
}

impl<K: Stored> Index<K> {
    fn add(&mut self, object: &K) {
        for value in (self.of)(object) {
            let key = Key::new(object.stored_namespace(), object.stored_name());
            self.found.entry(value).or_default().insert(key);
        }
    }

    fn remove(&mut self, object: &K) {
        for value in (self.of)(object) {
            if let Some(keys) = self.found.get_mut(&value) {
                keys.remove(&Key::new(object.stored_namespace(), object.stored_name()));
                if keys.is_empty() {
                    self.found.remove(&value);
                }
            }
        }
    }
}
