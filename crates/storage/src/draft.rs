//! Deciding a batch: guards are checked against the state and against what earlier requests of the same batch will change.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use bytes::Bytes;

use crate::{
    core::{Commit, Core},
    port::{Change, Entry, Error, Event, Guard, Revision},
    room::Growth,
};

/// A batch being put together.
pub(crate) struct Draft<'a> {
    core: &'a Core,
    now_ms: u64,
    revision: u64,
    changed: HashMap<Arc<str>, Option<Entry>>,
    commits: Vec<Commit>,
}

/// When a key put now shall be deleted. Long lives end together with others, so that expiry is not a trickle of small commits.
fn deadline(now_ms: u64, ttl_seconds: u64) -> u64 {
    let ttl = ttl_seconds.saturating_mul(1000);
    let grain = (ttl / 20).clamp(1, 60_000);
    now_ms.saturating_add(ttl).checked_next_multiple_of(grain).unwrap_or(u64::MAX).max(1)
}

impl<'a> Draft<'a> {
    pub fn new(core: &'a Core, now_ms: u64) -> Self {
        Self { core, now_ms, revision: core.revision, changed: HashMap::new(), commits: Vec::new() }
    }

    pub fn finish(self) -> Vec<Commit> {
        self.commits
    }

    fn live(&self, key: &str) -> Option<Entry> {
        match self.changed.get(key) {
            Some(state) => state.clone(),
            None => self.core.index.live(key),
        }
    }

    fn check(&self, guard: &Guard) -> Result<(), Error> {
        let (key, found, holds);
        match guard {
            Guard::Absent(k) => {
                (key, found) = (k, self.live(k));
                holds = found.is_none();
            }
            Guard::Unchanged(k, revision) => {
                (key, found) = (k, self.live(k));
                holds = found.as_ref().is_some_and(|e| e.modified == *revision);
            }
        }
        if holds { Ok(()) } else { Err(Error::Conflict { key: key.clone(), found }) }
    }

    /// What these changes do to the amount of data.
    pub fn growth(&self, changes: &[Change]) -> Growth {
        let one = |change: &Change| match change {
            Change::Delete { .. } => Growth::Less,
            Change::Put { key, .. } if self.live(key).is_some() => Growth::Same,
            Change::Put { .. } => Growth::More,
        };
        changes.iter().map(one).max().unwrap_or(Growth::Less)
    }

    /// One request. A commit without effect has no revision of its own and answers with the newest.
    pub fn add(&mut self, guards: &[Guard], changes: Vec<Change>) -> Result<Revision, Error> {
        for guard in guards {
            self.check(guard)?;
        }
        let next = self.revision + 1;
        let (mut events, mut expires) = (Vec::with_capacity(changes.len()), Vec::with_capacity(changes.len()));
        for change in last_of_each(changes) {
            match change {
                Change::Put { key, value, ttl_seconds } => {
                    events.push(self.put(key, value, next));
                    expires.push(ttl_seconds.map_or(0, |ttl| deadline(self.now_ms, ttl)));
                }
                Change::Delete { key } => {
                    if let Some(event) = self.delete(&key, next) {
                        events.push(event);
                        expires.push(0);
                    }
                }
            }
        }
        self.push(events, expires);
        Ok(Revision(self.revision))
    }

    /// Deletes what is overdue, each key with a revision of its own: a watch can then go on after any of them.
    pub fn expire(&mut self, most: usize) {
        let overdue: Vec<Arc<str>> =
            self.core.due(self.now_ms).filter(|k| !self.changed.contains_key(*k)).take(most).cloned().collect();
        for key in overdue {
            if let Some(event) = self.delete(&key, self.revision + 1) {
                self.push(vec![event], vec![0]);
            }
        }
    }

    fn push(&mut self, events: Vec<Event>, expires: Vec<u64>) {
        if events.is_empty() {
            return;
        }
        self.revision += 1;
        for event in &events {
            self.changed.insert(event.entry.key.clone(), (!event.deleted).then(|| event.entry.clone()));
        }
        self.commits.push(Commit { revision: self.revision, events: events.into(), expires: expires.into() });
    }

    fn put(&self, key: Arc<str>, value: Bytes, revision: u64) -> Event {
        let previous = self.live(&key);
        // The key of the state before is used on, so that each key is in memory once.
        let key = previous.as_ref().map_or(key, |p| p.key.clone());
        let created = previous.as_ref().map_or(Revision(revision), |p| p.created);
        Event { entry: Entry { key, value, modified: Revision(revision), created }, previous, deleted: false }
    }

    fn delete(&self, key: &str, revision: u64) -> Option<Event> {
        let previous = self.live(key)?;
        let entry = Entry {
            key: previous.key.clone(),
            value: Bytes::new(),
            modified: Revision(revision),
            created: previous.created,
        };
        Some(Event { entry, previous: Some(previous), deleted: true })
    }
}

/// Of several changes of one key in a commit only the last counts: a key has one state per revision.
fn last_of_each(mut changes: Vec<Change>) -> Vec<Change> {
    if changes.len() > 1 {
        let mut seen = HashSet::with_capacity(changes.len());
        let keep: Vec<bool> = changes
            .iter()
            .rev()
            .map(|c| match c {
                Change::Put { key, .. } | Change::Delete { key } => seen.insert(key.clone()),
            })
            .collect();
        let mut keep = keep.into_iter().rev();
        changes.retain(|_| keep.next().unwrap_or(true));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: &str, value: &'static str) -> Change {
        Change::Put { key: key.into(), value: Bytes::from(value), ttl_seconds: None }
    }

    #[test]
    fn later_requests_of_a_batch_see_earlier_ones() {
        let core = Core::default();
        let mut draft = Draft::new(&core, 0);
        let absent = [Guard::Absent("/k".into())];
        assert_eq!(draft.add(&absent, vec![put("/k", "1")]).unwrap(), Revision(1));
        let Err(Error::Conflict { found: Some(found), .. }) = draft.add(&absent, vec![put("/k", "2")]) else {
            panic!("taken")
        };
        assert_eq!(found.modified, Revision(1));
        assert_eq!(
            draft.add(&[Guard::Unchanged("/k".into(), Revision(1))], vec![put("/k", "3")]).unwrap(),
            Revision(2)
        );
        assert!(draft.add(&[Guard::Unchanged("/k".into(), Revision(1))], vec![]).is_err());
        assert_eq!(draft.add(&[], vec![Change::Delete { key: "/k".into() }]).unwrap(), Revision(3));
        assert_eq!(draft.add(&[], vec![Change::Delete { key: "/k".into() }]).unwrap(), Revision(3), "nothing happened");
        assert_eq!(draft.add(&absent, vec![put("/k", "4")]).unwrap(), Revision(4));
        let commits = draft.finish();
        assert_eq!(commits.len(), 4);
        assert_eq!(commits[1].events[0].entry.created, Revision(1));
        assert_eq!(commits[3].events[0].entry.created, Revision(4));
    }

    #[test]
    fn the_last_change_of_a_key_counts() {
        let core = Core::default();
        let mut draft = Draft::new(&core, 0);
        draft
            .add(&[], vec![put("/a", "1"), put("/b", "1"), put("/a", "2"), Change::Delete { key: "/b".into() }])
            .unwrap();
        let commits = draft.finish();
        assert_eq!(commits[0].events.len(), 1);
        assert_eq!(commits[0].events[0].entry.value, "2");
    }

    #[test]
    fn deadlines_are_never_early() {
        for (ttl, late) in [(1, 50), (10, 500), (60, 3_000), (3600, 60_000), (1 << 40, 60_000)] {
            let at = deadline(1_700_000_000_123, ttl) - 1_700_000_000_123;
            assert!(at >= ttl * 1000 && at <= ttl * 1000 + late, "{ttl}: {at}");
        }
        assert_eq!(deadline(1, u64::MAX), u64::MAX);
    }
}
