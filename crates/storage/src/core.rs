//! The state of a store: index, history, deadlines and watchers. Pure: time is an argument, and nothing here waits or does IO.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use crate::{
    hub::{Hub, below},
    index::{Index, RecordId, Version},
    options::Options,
    port::{Batch, Error, Event, Revision, Watch},
};

/// Keys looked at under one lock: a long list lets writers in between.
pub(crate) const STEPS: usize = 2048;

/// What an event costs beside the values it keeps alive: its two entries and its place in the ring.
const EVENT_COST: usize = 192;

/// A commit on its way into the log and the state.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub revision: u64,
    pub events: Arc<[Event]>,
    /// Deadline of each event's key; 0: none.
    pub expires: Box<[u64]>,
}

#[derive(Debug)]
struct Past {
    /// In steady milliseconds.
    at_ms: u64,
    bytes: usize,
    batch: Batch,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Core {
    pub index: Index,
    pub hub: Hub,
    /// The newest revision.
    pub revision: u64,
    /// The oldest revision that can be read.
    pub oldest: u64,
    pub closed: bool,
    ring: VecDeque<Past>,
    events: usize,
    bytes: usize,
    deadlines: BTreeSet<(u64, Arc<str>)>,
    /// Revisions that somebody is reading from: they are not compacted meanwhile.
    pins: BTreeMap<u64, usize>,
}

impl Core {
    /// Takes in a commit that is durable, and tells the watchers.
    pub fn apply(&mut self, commit: &Commit, steady_ms: u64) {
        debug_assert!(commit.revision > self.revision, "revisions grow");
        let mut bytes = 0;
        for (place, event) in commit.events.iter().enumerate() {
            let key = &event.entry.key;
            let before = self.index.expires(key);
            if before != 0 {
                self.deadlines.remove(&(before, key.clone()));
            }
            let expires = commit.expires.get(place).copied().unwrap_or(0);
            if expires != 0 {
                self.deadlines.insert((expires, key.clone()));
            }
            bytes += event.previous.as_ref().map_or(0, |p| p.value.len());
            let version = Version {
                modified: commit.revision,
                created: event.entry.created.0,
                value: (!event.deleted).then(|| event.entry.value.clone()),
                expires,
                index: u32::try_from(place).unwrap_or(u32::MAX),
            };
            self.index.push(key, version);
        }
        let batch = Batch { revision: Revision(commit.revision), events: commit.events.clone() };
        self.revision = commit.revision;
        self.events += commit.events.len();
        self.bytes += bytes;
        self.hub.publish(&batch, Revision(self.oldest));
        self.ring.push_back(Past { at_ms: steady_ms, bytes, batch });
    }

    /// Takes in a state from before the history while the log is read back.
    pub fn restore(&mut self, key: &str, version: Version, garbage: &mut Vec<RecordId>) {
        let before = self.index.expires(key);
        let (expires, alive) = (version.expires, version.value.is_some());
        self.revision = self.revision.max(version.modified);
        let key: Arc<str> = self.index.live(key).map_or_else(|| key.into(), |e| e.key);
        self.index.push(&key, version);
        self.index.trim(&key, self.oldest, garbage);
        self.deadlines.remove(&(before, key.clone()));
        if alive && expires != 0 {
            self.deadlines.insert((expires, key));
        }
    }

    /// Whether `at` can be read; 0 stands for now.
    pub fn readable(&self, at: Revision) -> Result<u64, Error> {
        if self.closed {
            return Err(Error::Closed);
        }
        if at.0 == 0 {
            return Ok(self.revision);
        }
        self.in_history(at)
    }

    fn in_history(&self, at: Revision) -> Result<u64, Error> {
        if at.0 > self.revision {
            return Err(Error::Future { asked: at, current: Revision(self.revision) });
        }
        if at.0 < self.oldest {
            return Err(Error::Compacted { asked: at, oldest: Revision(self.oldest) });
        }
        Ok(at.0)
    }

    /// The commits after `after` as far as they touch `prefix`.
    pub fn replay(&self, prefix: &str, after: Revision) -> Result<Vec<Batch>, Error> {
        if self.closed {
            return Err(Error::Closed);
        }
        self.in_history(after)?;
        let start = self.ring.partition_point(|p| p.batch.revision <= after);
        Ok(self.ring.range(start..).filter_map(|p| below(&p.batch, prefix)).collect())
    }

    /// Starts a watch after `seen`, with what was already found before that.
    pub fn watch(
        &mut self,
        prefix: &str,
        seen: Revision,
        mut replay: Vec<Batch>,
        buffer: usize,
    ) -> Result<Watch, Error> {
        replay.extend(self.replay(prefix, seen)?);
        Ok(self.hub.add(prefix, replay, buffer))
    }

    /// Keys whose time has come, the longest overdue first.
    pub fn due(&self, now_ms: u64) -> impl Iterator<Item = &Arc<str>> {
        self.deadlines.iter().take_while(move |(at, _)| *at <= now_ms).map(|(_, key)| key)
    }

    /// When the next key expires, in milliseconds since 1970.
    pub fn next_expiry(&self) -> Option<u64> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// When history is to be forgotten, in steady milliseconds.
    pub fn next_forgetting(&self, options: &Options) -> Option<u64> {
        // What somebody reads from stays until they are done, and then goes with the next write.
        let free = self.ring.front().filter(|p| self.unpinned(p.batch.revision.0) > self.oldest);
        free.map(|p| p.at_ms.saturating_add(options.history_ms() + options.slack_ms()))
    }

    /// Up to where the history is too old or too large; `None` when all may stay.
    pub fn due_compaction(&self, steady_ms: u64, options: &Options) -> Option<u64> {
        let mut target = None;
        let front = self.ring.front()?;
        if front.at_ms.saturating_add(options.history_ms() + options.slack_ms()) <= steady_ms {
            let fresh = steady_ms.saturating_sub(options.history_ms());
            let cut = self.ring.partition_point(|p| p.at_ms <= fresh);
            target = cut.checked_sub(1).map(|i| self.ring[i].batch.revision.0);
        }
        if self.events > options.history_events || self.bytes > options.history_bytes {
            let (mut events, mut bytes) = (self.events, self.bytes);
            for past in &self.ring {
                if events <= options.history_events / 4 * 3 && bytes <= options.history_bytes / 4 * 3 {
                    break;
                }
                events -= past.batch.events.len();
                bytes -= past.bytes;
                target = target.max(Some(past.batch.revision.0));
            }
        }
        target.map(|t| self.unpinned(t)).filter(|t| *t > self.oldest)
    }

    fn unpinned(&self, revision: u64) -> u64 {
        self.pins.keys().next().map_or(revision, |pinned| revision.min(*pinned))
    }

    /// Makes `revision` the oldest that can be read. What that frees is taken away by [`Self::trim`]. Says where it stands now.
    pub fn compact(&mut self, revision: u64) -> u64 {
        self.oldest = self.oldest.max(self.unpinned(revision));
        self.oldest
    }

    /// Forgets at most `batches` commits of the history that was compacted; false when there is none left.
    pub fn trim(&mut self, batches: usize, garbage: &mut Vec<RecordId>) -> bool {
        for _ in 0..batches {
            if self.ring.front().is_none_or(|p| p.batch.revision.0 > self.oldest) {
                return false;
            }
            let Some(past) = self.ring.pop_front() else { return false };
            self.events -= past.batch.events.len();
            self.bytes -= past.bytes;
            for event in past.batch.events.iter() {
                self.index.trim(&event.entry.key, self.oldest, garbage);
            }
        }
        if self.ring.capacity() > 1024 && self.ring.len() < self.ring.capacity() / 4 {
            self.ring.shrink_to(self.ring.len() * 2);
        }
        self.ring.front().is_some_and(|p| p.batch.revision.0 <= self.oldest)
    }

    pub fn pin(&mut self, revision: u64) {
        *self.pins.entry(revision).or_default() += 1;
    }

    pub fn unpin(&mut self, revision: u64) {
        if let Some(n) = self.pins.get_mut(&revision) {
            *n -= 1;
            if *n == 0 {
                self.pins.remove(&revision);
            }
        }
    }

    /// Memory that the state takes, roughly.
    pub fn bytes(&self) -> u64 {
        self.index.live_bytes() + (self.bytes + self.events * EVENT_COST) as u64
    }

    pub fn close(&mut self) {
        self.closed = true;
        self.hub.close(&Error::Closed);
    }
}
