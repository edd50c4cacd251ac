//! A current picture of all objects of a kind: a list, then a watch, decoded once, shared by all readers.

use std::{
    collections::BTreeSet,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{
    object::{Key, Stored},
    store::{IndexFn, Store},
};

/// What happened to an object: there is an old state, a new one, or both.
#[derive(Debug)]
pub struct Change<'a, K> {
    /// What was known before; `None`: it is new.
    pub old: Option<&'a Arc<K>>,
    /// What is there now; `None`: it is gone.
    pub new: Option<&'a Arc<K>>,
}

impl<'a, K> Change<'a, K> {
    /// The newest state there is; of a deleted object the last known one.
    #[must_use]
    pub fn object(&self) -> Option<&'a Arc<K>> {
        self.new.or(self.old)
    }

    /// Whether it is gone.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.new.is_none()
    }

    /// Both states, old first.
    pub fn states(&self) -> impl Iterator<Item = &'a Arc<K>> {
        self.old.into_iter().chain(self.new)
    }
}

/// An informer of any kind, as far as waiting for its first list goes.
pub trait HasSynced: Send + Sync {
    /// Waits until the first list is complete.
    fn synced(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

impl<K: Stored> HasSynced for Informer<K> {
    fn synced(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.has_synced())
    }
}

type Handler<K> = Box<dyn Fn(&Change<'_, K>) + Send + Sync>;
/// Changes an object before it is kept.
pub type Transform<K> = fn(&mut K);

/// A current picture of all objects of a kind and scope.
pub struct Informer<K> {
    store: Store<K>,
    handlers: Mutex<Vec<Handler<K>>>,
    synced: AtomicBool,
    // Wakes in the order of waiting, so that a simulation replays (tokio's `watch` wakes in a random order).
    synced_now: Notify,
    transform: Option<Transform<K>>,
    seen: AtomicU64,
}

impl<K: Stored> Informer<K> {
    pub(crate) fn new(transform: Option<Transform<K>>) -> Self {
        Self {
            store: Store::default(),
            handlers: Mutex::new(Vec::new()),
            synced: AtomicBool::new(false),
            synced_now: Notify::new(),
            transform,
            seen: AtomicU64::new(0),
        }
    }

    /// The objects.
    #[must_use]
    pub fn store(&self) -> &Store<K> {
        &self.store
    }

    /// Adds an index; the same name again changes nothing.
    pub fn index(&self, name: &'static str, of: impl Fn(&K) -> Vec<String> + Send + Sync + 'static) {
        let of: IndexFn<K> = Arc::new(of);
        self.store.index(name, of);
    }

    /// Calls `handler` for every object that is there and for every change from now on, in order. It runs inside the
    /// informer's own task: it may only do quick things such as adding a key to a queue, and must not add handlers.
    pub fn on(&self, handler: impl Fn(&Change<'_, K>) + Send + Sync + 'static) {
        let mut handlers = self.handlers.lock();
        for object in self.store.all() {
            handler(&Change { old: None, new: Some(&object) });
        }
        handlers.push(Box::new(handler));
    }

    /// The keys of objects that changed, each once until it is taken: bounded by the number of objects.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        let shared = Arc::new(Pending::default());
        let sink = shared.clone();
        self.on(move |change| {
            if let Some(object) = change.object() {
                sink.keys.lock().insert(Key::new(object.stored_namespace(), object.stored_name()));
                sink.wake.notify_one();
            }
        });
        Subscription { shared }
    }

    /// Whether the first list is complete.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        self.synced.load(Ordering::Acquire)
    }

    /// Waits until the first list is complete.
    pub async fn has_synced(&self) {
        // Made before the flag is read: a list that completes in between wakes it.
        let now = self.synced_now.notified();
        if !self.is_synced() {
            now.await;
        }
    }

    /// Waits until the first list is complete, but not for ever; whether it is.
    pub async fn has_synced_within(&self, limit: Duration) -> bool {
        tokio::time::timeout(limit, self.has_synced()).await.is_ok()
    }

    /// The newest resource version that the store shows (as a number, 0 when versions are no numbers). To learn whether
    /// an object that was just written is there, read this first and the store afterwards.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen.load(Ordering::Acquire)
    }

    pub(crate) fn saw(&self, version: &str) {
        if let Ok(version) = version.parse::<u64>() {
            self.seen.fetch_max(version, Ordering::AcqRel);
        }
    }

    pub(crate) fn trim(&self, object: &mut K) {
        object.trim();
        if let Some(transform) = self.transform {
            transform(object);
        }
    }

    pub(crate) fn apply(&self, object: K) {
        let handlers = self.handlers.lock();
        self.put(&handlers, object);
    }

    fn put(&self, handlers: &[Handler<K>], mut object: K) {
        self.trim(&mut object);
        let object = Arc::new(object);
        let known = self.store.get(object.stored_namespace(), object.stored_name());
        match &known {
            Some(old) if old.stored_uid() != object.stored_uid() => {
                self.store.remove(old.stored_namespace(), old.stored_name());
                tell(handlers, &Change { old: Some(old), new: None });
            }
            Some(old) if old.stored_version() == object.stored_version() && !object.stored_version().is_empty() => {
                return;
            }
            Some(_) | None => {}
        }
        let old = self.store.put(object.clone());
        tell(handlers, &Change { old: old.as_ref(), new: Some(&object) });
    }

    pub(crate) fn forget(&self, namespace: &str, name: &str, last: Option<K>) {
        let handlers = self.handlers.lock();
        let Some(old) = self.store.remove(namespace, name) else {
            return;
        };
        // The event carries the last state, which may say more than the store knew.
        let last = last.map(|mut object| {
            self.trim(&mut object);
            Arc::new(object)
        });
        tell(&handlers, &Change { old: last.as_ref().or(Some(&old)), new: None });
    }

    /// Takes over a whole list: what is not in it is gone.
    pub(crate) fn replace(&self, objects: Vec<K>) {
        let handlers = self.handlers.lock();
        let mut gone: BTreeSet<Key> = self.store.keys().into_iter().collect();
        for object in objects {
            gone.remove(&Key::new(object.stored_namespace(), object.stored_name()));
            self.put(&handlers, object);
        }
        for key in gone {
            if let Some(old) = self.store.remove(&key.namespace, &key.name) {
                tell(&handlers, &Change { old: Some(&old), new: None });
            }
        }
        drop(handlers);
        self.synced.store(true, Ordering::Release);
        self.synced_now.notify_waiters();
    }
}

fn tell<K>(handlers: &[Handler<K>], change: &Change<'_, K>) {
    for handler in handlers {
        handler(change);
    }
}

#[derive(Default)]
struct Pending {
    keys: Mutex<BTreeSet<Key>>,
    wake: Notify,
}

/// Keys of changed objects.
pub struct Subscription {
    shared: Arc<Pending>,
}

impl Subscription {
    /// Waits for changes and takes all keys that changed.
    pub async fn changed(&self) -> BTreeSet<Key> {
        loop {
            let woken = self.shared.wake.notified();
            let keys = std::mem::take(&mut *self.shared.keys.lock());
            if !keys.is_empty() {
                return keys;
            }
            woken.await;
        }
    }
}
