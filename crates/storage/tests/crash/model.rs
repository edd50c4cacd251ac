//! What must be true of a store, whatever happened below it: a plain account of who asked for what, checked against what is there.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
};

use bytes::Bytes;
use storage::{Batch, Change, Embedded, Error, Event, Guard, Revision, Store};

use crate::world::now;

/// A commit that was handed in.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub guards: Vec<Guard>,
    pub changes: Vec<Change>,
    /// The wall clock when it was decided.
    pub at_ms: u64,
    /// Where it is in the history, once that is sure.
    pub revision: Option<u64>,
}

/// A state of a key.
#[derive(Debug, Clone, PartialEq)]
struct State {
    value: Bytes,
    modified: u64,
    created: u64,
    /// Not gone by itself before this, in milliseconds since 1970.
    not_before: Option<u64>,
}

type Picture = BTreeMap<String, State>;

/// The account.
#[derive(Default)]
pub struct Model {
    pub attempts: Vec<Attempt>,
    /// Events by revision, as far as they are sure: key, and value or none.
    history: BTreeMap<u64, Vec<(String, Option<Bytes>)>>,
    pictures: BTreeMap<u64, Picture>,
    by_value: HashMap<Bytes, usize>,
    /// The newest sure revision.
    pub revision: u64,
    /// Nothing before this need be readable.
    pub compacted: u64,
    /// The latest that the wall clock has ever shown.
    pub wall_max: u64,
}

fn key_of(change: &Change) -> &str {
    match change {
        Change::Put { key, .. } | Change::Delete { key } => key,
    }
}

fn facts(event: &Event) -> (String, Option<Bytes>) {
    (event.entry.key.to_string(), (!event.deleted).then(|| event.entry.value.clone()))
}

impl Model {
    /// Notes a commit before it is handed in; says its number.
    pub fn attempt(&mut self, guards: Vec<Guard>, changes: Vec<Change>, at_ms: u64) -> usize {
        let number = self.attempts.len();
        for change in &changes {
            if let Change::Put { value, .. } = change {
                assert!(self.by_value.insert(value.clone(), number).is_none(), "values are unique");
            }
        }
        self.attempts.push(Attempt { guards, changes, at_ms, revision: None });
        number
    }

    fn picture(&self, at: u64) -> Picture {
        self.pictures.range(..=at).next_back().map(|(_, p)| p.clone()).unwrap_or_default()
    }

    /// The keys that are there.
    pub fn keys(&self) -> Vec<(String, u64)> {
        self.picture(self.revision).into_iter().map(|(k, s)| (k, s.modified)).collect()
    }

    /// Keys that should have gone by themselves before `wall_ms`.
    pub fn overdue(&self, wall_ms: u64) -> Vec<String> {
        let late = |s: &State| s.not_before.is_some_and(|at| at.saturating_add(60_000) < wall_ms);
        self.picture(self.revision).into_iter().filter(|(_, s)| late(s)).map(|(k, _)| k).collect()
    }

    /// Takes in what the store holds beyond what is sure, and checks all of it.
    pub fn audit(&mut self, store: &Embedded) {
        let revision = store.revision().0;
        assert!(revision >= self.revision, "revisions fell from {} to {revision}", self.revision);
        let mut watch = now(store.watch("", Revision(self.revision))).expect("what is new can be watched");
        while let Ok(item) = watch.try_recv() {
            self.extend(&item.expect("in order"));
        }
        assert_eq!(self.revision, revision, "the history has a hole at its end");
        self.check_list(store, 0);
    }

    /// One more commit of the history: somebody asked for it, or a deadline passed.
    fn extend(&mut self, batch: &Batch) {
        let revision = batch.revision.0;
        assert_eq!(revision, self.revision + 1, "each revision once and in order");
        let before = self.picture(self.revision);
        let put = batch.events.iter().find(|e| !e.deleted);
        let owner = match put {
            Some(event) => Some(*self.by_value.get(&event.entry.value).expect("a value from nowhere")),
            None => self.deletion(batch, &before),
        };
        let mut picture = before.clone();
        if let Some(number) = owner {
            let attempt = &mut self.attempts[number];
            assert!(attempt.revision.is_none_or(|r| r == revision), "{attempt:?} happened twice, at {revision}");
            attempt.revision = Some(revision);
            self.check_whole(number, batch, &before);
        }
        for event in batch.events.iter() {
            let key = event.entry.key.to_string();
            let old = before.get(&key);
            let previous = event.previous.as_ref().map(|p| (p.value.clone(), p.modified.0));
            assert_eq!(previous, old.map(|s| (s.value.clone(), s.modified)), "the state before {key} at {revision}");
            if event.deleted {
                let old = picture.remove(&key).expect("what was deleted had been there");
                if owner.is_none() {
                    let due = old.not_before.unwrap_or(u64::MAX);
                    assert!(due <= self.wall_max, "{key} went by itself at {revision}, which nobody had asked for");
                }
            } else {
                let created = old.map_or(revision, |s| s.created);
                assert_eq!((event.entry.modified.0, event.entry.created.0), (revision, created), "{key}");
                let not_before = self.deadline(owner, &key);
                picture
                    .insert(key, State { value: event.entry.value.clone(), modified: revision, created, not_before });
            }
        }
        self.history.insert(revision, batch.events.iter().map(facts).collect());
        self.pictures.insert(revision, picture);
        self.revision = revision;
    }

    fn deadline(&self, owner: Option<usize>, key: &str) -> Option<u64> {
        let attempt = &self.attempts[owner?];
        attempt.changes.iter().find_map(|change| match change {
            Change::Put { key: k, ttl_seconds: Some(ttl), .. } if **k == *key => Some(attempt.at_ms + ttl * 1000),
            _ => None,
        })
    }

    /// Who asked for a commit that only deletes; none: a deadline.
    fn deletion(&self, batch: &Batch, before: &Picture) -> Option<usize> {
        let gone: Vec<&str> = batch.events.iter().map(|e| &*e.entry.key).collect();
        let fits = |a: &Attempt| {
            let asked: Vec<&str> = a.changes.iter().map(key_of).filter(|k| before.contains_key(*k)).collect();
            a.changes.iter().all(|c| matches!(c, Change::Delete { .. })) && asked == gone && holds(&a.guards, before)
        };
        // Among several that were answered with an error any may have got through: the latest is as good as another.
        self.attempts.iter().rposition(|a| a.revision.is_none_or(|r| r == batch.revision.0) && fits(a))
    }

    fn check_whole(&self, number: usize, batch: &Batch, before: &Picture) {
        let attempt = &self.attempts[number];
        assert!(holds(&attempt.guards, before), "{attempt:?} happened at {:?} against its guards", batch.revision);
        let wanted: Vec<(String, Option<Bytes>)> = attempt
            .changes
            .iter()
            .filter(|c| matches!(c, Change::Put { .. }) || before.contains_key(key_of(c)))
            .map(|c| match c {
                Change::Put { key, value, .. } => (key.to_string(), Some(value.clone())),
                Change::Delete { key } => (key.to_string(), None),
            })
            .collect();
        let found: Vec<_> = batch.events.iter().map(facts).collect();
        assert_eq!(found, wanted, "a commit is whole, at {:?}", batch.revision);
    }

    /// An acknowledged commit: it is sure from now on.
    pub fn acknowledged(&mut self, number: usize, revision: u64) {
        let attempt = &mut self.attempts[number];
        assert!(attempt.revision.is_none(), "{attempt:?} was acknowledged twice");
        attempt.revision = Some(revision);
    }

    /// A refused commit must never be seen.
    pub fn refused(&mut self, number: usize) {
        self.attempts[number].revision = Some(u64::MAX);
    }

    /// After the audit: an acknowledged commit is in the history where it was said to be.
    pub fn check_acknowledged(&self, number: usize, revision: u64) {
        let attempt = &self.attempts[number];
        let events = self.history.get(&revision);
        for change in &attempt.changes {
            let found = events.and_then(|e| e.iter().find(|(k, _)| k == key_of(change)));
            match change {
                Change::Put { value, .. } => {
                    assert_eq!(found.and_then(|(_, v)| v.as_ref()), Some(value), "acknowledged at {revision}");
                }
                Change::Delete { key } => {
                    assert!(!self.picture(revision).contains_key(&**key), "{key} was deleted at {revision}");
                }
            }
        }
    }

    /// A refused commit: what was found really was so, at some moment between the two revisions.
    pub fn check_conflict(&self, key: &str, found: Option<&storage::Entry>, from: u64, to: u64) {
        let found = found.map(|e| (e.value.clone(), e.modified.0));
        let state = |at| self.picture(at).get(key).map(|s| (s.value.clone(), s.modified));
        assert!((from..=to).any(|at| state(at) == found), "{key} never was {found:?} from {from} to {to}");
    }

    /// The list at a revision (0: now) is what the account says.
    pub fn check_list(&self, store: &Embedded, at: u64) {
        let page = match now(store.list("", "", 0, Revision(at))) {
            Ok(page) => page,
            Err(Error::Compacted { asked, oldest }) => {
                assert!(asked < oldest && at < self.compacted, "{at} is gone, {oldest:?} is the oldest");
                return;
            }
            Err(e) => panic!("the list at {at}: {e}"),
        };
        let at = if at == 0 { self.revision } else { at };
        let found: Vec<_> =
            page.entries.iter().map(|e| (e.key.to_string(), e.value.clone(), e.modified.0, e.created.0)).collect();
        let wanted: Vec<_> = self.picture(at).into_iter().map(|(k, s)| (k, s.value, s.modified, s.created)).collect();
        assert_eq!(found, wanted, "the list at {at}");
    }

    /// What a watcher below `prefix` must have seen after `after`, up to `until`.
    pub fn expected(&self, prefix: &str, after: u64, until: u64) -> Vec<Seen> {
        let below = |events: &Vec<(String, Option<Bytes>)>| {
            events.iter().filter(|(k, _)| k.starts_with(prefix)).cloned().collect::<Vec<_>>()
        };
        let all = self.history.range((Bound::Excluded(after), Bound::Included(until))).map(|(r, e)| (*r, below(e)));
        all.filter(|(_, e)| !e.is_empty()).collect()
    }
}

/// A revision with its events, as a watcher sees them.
pub type Seen = (u64, Vec<(String, Option<Bytes>)>);

/// A batch as [`Seen`].
pub fn seen(batch: &Batch) -> Seen {
    (batch.revision.0, batch.events.iter().map(facts).collect())
}

fn holds(guards: &[Guard], picture: &Picture) -> bool {
    guards.iter().all(|guard| match guard {
        Guard::Absent(key) => !picture.contains_key(&**key),
        Guard::Unchanged(key, at) => picture.get(&**key).is_some_and(|s| s.modified == at.0),
    })
}
