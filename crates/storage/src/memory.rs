//! The engine without a disk: for simulations and tests. Commits happen at once and in the caller's thread, so a seed replays.

use std::{path::Path, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{
    core::Core,
    draft::Draft,
    options::Options,
    port::{Attachment, Change, Entry, Error, Guard, Page, Reply, Revision, Store, Watch},
    shared::Shared,
    snapshot,
};

/// Deadlines handled in one go.
const EXPIRE_AT_ONCE: usize = 1024;

/// See the module.
pub struct Memory {
    shared: Arc<Shared>,
    writer: Mutex<()>,
    earlier: Notify,
}

impl Memory {
    /// An empty store.
    pub fn new(options: Options) -> Self {
        Self { shared: Shared::new(Core::default(), options), writer: Mutex::new(()), earlier: Notify::new() }
    }

    /// Does what is due: deletes what is over its time, forgets old history. Returns when there is something to do again.
    pub fn tick(&self) -> Option<Duration> {
        let _one = self.writer.lock();
        let clock = &self.shared.options.clock;
        let (now, steady) = (clock.now_ms(), clock.steady_ms());
        loop {
            let commits = {
                let core = self.shared.core.read();
                let mut draft = Draft::new(&core, now);
                draft.expire(EXPIRE_AT_ONCE);
                draft.finish()
            };
            if commits.is_empty() {
                break;
            }
            self.shared.apply(&commits, steady);
        }
        let mut core = self.shared.core.write();
        if let Some(target) = core.due_compaction(steady, &self.shared.options) {
            core.compact(target);
        }
        while core.trim(1024, &mut Vec::new()) {}
        let expiry = core.next_expiry().map(|at| at.saturating_sub(now));
        let forgetting = core.next_forgetting(&self.shared.options).map(|at| at.saturating_sub(steady));
        expiry.into_iter().chain(forgetting).min().map(Duration::from_millis)
    }

    /// Calls [`Self::tick`] whenever it is due, by tokio's time. Spawn it where deadlines matter; it ends with the store.
    pub async fn housekeeping(self: Arc<Self>) {
        while !self.shared.core.read().closed {
            let wait = self.tick();
            let earlier = self.earlier.notified();
            match wait {
                // A timer may fire a moment early: never spin.
                Some(wait) => drop(tokio::time::timeout(wait.max(Duration::from_millis(1)), earlier).await),
                None => earlier.await,
            }
        }
    }

    /// Ends all watches; everything answers [`Error::Closed`] from now on.
    pub fn close(&self) {
        self.shared.close();
        self.earlier.notify_one();
    }

    fn commit_now(&self, guards: &[Guard], changes: Vec<Change>) -> Result<Revision, Error> {
        let _one = self.writer.lock();
        let clock = &self.shared.options.clock;
        let (now, steady) = (clock.now_ms(), clock.steady_ms());
        let due = |core: &Core| (core.next_expiry(), core.next_forgetting(&self.shared.options));
        let (revision, commits, before) = {
            let core = self.shared.core.read();
            core.readable(Revision(0))?;
            let mut draft = Draft::new(&core, now);
            let revision = draft.add(guards, changes)?;
            (revision, draft.finish(), due(&core))
        };
        self.shared.apply(&commits, steady);
        let mut core = self.shared.core.write();
        let after = due(&core);
        if let Some(target) = core.due_compaction(steady, &self.shared.options) {
            core.compact(target);
            while core.trim(1024, &mut Vec::new()) {}
        }
        if after != before {
            self.earlier.notify_one();
        }
        Ok(revision)
    }
}

impl Store for Memory {
    fn revision(&self) -> Revision {
        self.shared.revision()
    }
    fn get<'a>(&'a self, key: &'a str) -> Reply<'a, Option<Entry>> {
        Box::pin(std::future::ready(self.shared.get(key)))
    }
    fn list<'a>(&'a self, prefix: &'a str, from: &'a str, limit: usize, at: Revision) -> Reply<'a, Page> {
        Box::pin(self.shared.list(prefix, from, limit, at))
    }
    fn commit(&self, guards: Vec<Guard>, changes: Vec<Change>) -> Reply<'_, Revision> {
        Box::pin(async move { self.commit_now(&guards, changes) })
    }
    fn watch<'a>(&'a self, prefix: &'a str, after: Revision) -> Reply<'a, Watch> {
        Box::pin(async move { self.shared.watch(prefix, after) })
    }
    fn compact(&self, revision: Revision) -> Reply<'_, ()> {
        Box::pin(async move {
            let mut core = self.shared.core.write();
            if revision.0 > core.revision {
                return Err(Error::Future { asked: revision, current: Revision(core.revision) });
            }
            core.compact(revision.0);
            while core.trim(1024, &mut Vec::new()) {}
            Ok(())
        })
    }
    fn snapshot<'a>(&'a self, to: &'a Path, with: Vec<Attachment>) -> Reply<'a, Revision> {
        Box::pin(async move { snapshot::write(&self.shared, to, &with) })
    }
    fn size_bytes(&self) -> u64 {
        self.shared.core.read().bytes()
    }
}
