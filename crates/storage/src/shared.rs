//! Reading and watching, the same for every engine that keeps its state in memory.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use parking_lot::RwLock;

use crate::{
    core::{Commit, Core, STEPS},
    options::Options,
    port::{Entry, Error, Page, Revision, Watch},
};

/// Commits taken in under one lock: readers get their turn in between.
const APPLY_AT_ONCE: usize = 64;

/// The state with its lock.
pub(crate) struct Shared {
    pub core: RwLock<Core>,
    pub options: Options,
    revision: AtomicU64,
}

/// Keeps a revision readable.
pub(crate) struct Pin {
    shared: Arc<Shared>,
    pub revision: u64,
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.shared.core.write().unpin(self.revision);
    }
}

impl Shared {
    pub fn new(core: Core, options: Options) -> Arc<Self> {
        let revision = AtomicU64::new(core.revision);
        Arc::new(Self { core: RwLock::new(core), options, revision })
    }

    pub fn revision(&self) -> Revision {
        Revision(self.revision.load(Ordering::Acquire))
    }

    pub fn apply(&self, commits: &[Commit], steady_ms: u64) {
        for part in commits.chunks(APPLY_AT_ONCE) {
            let mut core = self.core.write();
            for commit in part {
                core.apply(commit, steady_ms);
            }
            // Who reads this revision finds all its events in the channels of the watchers already.
            self.revision.store(core.revision, Ordering::Release);
        }
    }

    pub fn get(&self, key: &str) -> Result<Option<Entry>, Error> {
        let core = self.core.read();
        core.readable(Revision(0))?;
        Ok(core.index.live(key))
    }

    pub fn pin(self: &Arc<Self>, at: Revision) -> Result<Pin, Error> {
        let mut core = self.core.write();
        let revision = core.readable(at)?;
        core.pin(revision);
        Ok(Pin { shared: self.clone(), revision })
    }

    pub async fn list(self: &Arc<Self>, prefix: &str, from: &str, limit: usize, at: Revision) -> Result<Page, Error> {
        let most = if limit == 0 { usize::MAX } else { limit };
        let (revision, first) = {
            let core = self.core.read();
            let revision = core.readable(at)?;
            (revision, core.index.slice(prefix, from, revision, most, STEPS))
        };
        let mut page = Page { entries: first.entries, more: false, remaining: Some(0), revision: Revision(revision) };
        let Some(mut next) = first.next else { return Ok(page) };
        // It takes more than one look: what it reads must stay until the end.
        let pin = self.pin(Revision(revision))?;
        while page.entries.len() < most {
            tokio::task::yield_now().await;
            let part = self.core.read().index.slice(prefix, &next, pin.revision, most - page.entries.len(), STEPS);
            page.entries.extend(part.entries);
            let Some(further) = part.next else { return Ok(page) };
            next = further;
        }
        let (mut remaining, mut at) = (0, Some(next));
        while let Some(from) = at {
            let (count, further) = self.core.read().index.count(prefix, &from, pin.revision, STEPS);
            remaining += count;
            at = further;
            if at.is_some() {
                tokio::task::yield_now().await;
            }
        }
        page.more = remaining > 0;
        page.remaining = Some(remaining);
        Ok(page)
    }

    pub fn watch(&self, prefix: &str, after: Revision) -> Result<Watch, Error> {
        // The long part of the history is read beside the others; only what came meanwhile holds them up.
        let (replay, seen) = {
            let core = self.core.read();
            (core.replay(prefix, after)?, Revision(core.revision))
        };
        self.core.write().watch(prefix, seen, replay, self.options.watch_buffer)
    }

    pub fn close(&self) {
        self.core.write().close();
    }
}
