//! A datastore whose commits fail and whose watches are cut off.

use std::sync::Arc;

use storage::{Attachment, Change, Entry, Error, Guard, Page, Reply, Revision, Store, Watch};
use tokio::sync::{Notify, mpsc};

use crate::faults::Faults;

/// Batches that wait in the layer; the engine has a bound of its own behind it.
const WAITING: usize = 1024;

/// The memory engine with faults.
pub struct FaultyStore {
    inner: Arc<storage::Memory>,
    faults: Faults,
    cut: Arc<Notify>,
}

impl FaultyStore {
    /// A layer over an engine.
    #[must_use]
    pub fn new(inner: Arc<storage::Memory>, faults: Faults) -> Self {
        Self { inner, faults, cut: Arc::default() }
    }

    /// All watches end, as if their readers had been too slow.
    pub fn cut_watches(&self) {
        self.cut.notify_waiters();
    }
}

impl Store for FaultyStore {
    fn revision(&self) -> Revision {
        self.inner.revision()
    }

    fn get<'a>(&'a self, key: &'a str) -> Reply<'a, Option<Entry>> {
        self.inner.get(key)
    }

    fn list<'a>(&'a self, prefix: &'a str, from: &'a str, limit: usize, at: Revision) -> Reply<'a, Page> {
        self.inner.list(prefix, from, limit, at)
    }

    fn commit(&self, guards: Vec<Guard>, changes: Vec<Change>) -> Reply<'_, Revision> {
        if self.faults.commit_fails() {
            let error = Error::Io { tried: "write", path: "simulated".into(), reason: "input/output error".into() };
            return Box::pin(std::future::ready(Err(error)));
        }
        self.inner.commit(guards, changes)
    }

    fn watch<'a>(&'a self, prefix: &'a str, after: Revision) -> Reply<'a, Watch> {
        Box::pin(async move {
            let mut from = self.inner.watch(prefix, after).await?;
            let (sender, receiver) = mpsc::channel(WAITING);
            let cut = self.cut.clone();
            tokio::spawn(async move {
                loop {
                    let cut = cut.notified();
                    let item = tokio::select! {
                        biased;
                        () = cut => Some(Err(Error::Compacted { asked: after, oldest: after })),
                        () = sender.closed() => return,
                        item = from.recv() => item,
                    };
                    let Some(item) = item else { return };
                    let last = item.is_err();
                    if sender.send(item).await.is_err() || last {
                        return;
                    }
                }
            });
            Ok(receiver)
        })
    }

    fn compact(&self, revision: Revision) -> Reply<'_, ()> {
        self.inner.compact(revision)
    }

    fn snapshot<'a>(&'a self, to: &'a std::path::Path, with: Vec<Attachment>) -> Reply<'a, Revision> {
        self.inner.snapshot(to, with)
    }

    fn size_bytes(&self) -> u64 {
        self.inner.size_bytes()
    }
}
