//! The cached state of one kind: its objects in key order, and its latest events in a ring that every watcher reads at its own pace.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use storage::{Entry, Event as Change};
use tokio::{sync::Notify, time::Instant};

use super::object::{Header, Obj};
use crate::{
    body::{Encoding, EventKind, frame},
    protobuf,
    registry::rows::Row,
};

/// Events that are kept at most, and how long, for watchers that come from a list or fell behind.
const RING_EVENTS: usize = 65_536;
const RING_BYTES: usize = 64 * 1024 * 1024;
const RING_AGE: Duration = Duration::from_secs(75);
/// Kept also when they are old.
const RING_FLOOR: usize = 100;
/// The frames of so many newest events are kept for the next watcher.
const SHARED_FRAMES: usize = 256;

/// One change of one object.
#[derive(Debug)]
pub struct Event {
    /// The store's revision.
    pub revision: u64,
    /// The new state; of a deletion the last one.
    pub object: Arc<Obj>,
    /// The state before.
    pub previous: Option<Arc<Obj>>,
    /// It was deleted.
    pub deleted: bool,
    at: Instant,
    frames: Mutex<[Option<Bytes>; 2]>,
}

impl Event {
    /// What it is to a watcher without selectors.
    #[must_use]
    pub fn kind(&self) -> EventKind {
        match (self.deleted, &self.previous) {
            (true, _) => EventKind::Deleted,
            (false, None) => EventKind::Added,
            (false, Some(_)) => EventKind::Modified,
        }
    }

    /// Its frame, made once per encoding for all watchers.
    #[must_use]
    pub fn frame(&self, encoding: Encoding) -> Bytes {
        let mut frames = self.frames.lock();
        frames[encoding as usize]
            .get_or_insert_with(|| match encoding {
                Encoding::Json => {
                    let [a, b, c] = self.object.encoded.pieces(self.revision);
                    frame(self.kind(), &[&a, &b, &c])
                }
                Encoding::Protobuf => protobuf::event(self.kind(), &self.object.encoded.json(self.revision)),
            })
            .clone()
    }
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<Arc<str>, Arc<Obj>>,
    ring: VecDeque<Arc<Event>>,
    ring_bytes: usize,
    /// Number of the ring's first event; numbers never repeat.
    first: u64,
    /// The newest revision that is in.
    revision: u64,
    /// Events up to this revision are no longer in the ring.
    forgotten: u64,
}

/// One kind.
#[derive(Debug)]
pub struct Kind {
    /// The row in whose form it is stored.
    pub row: Row,
    header: Header,
    state: RwLock<State>,
    /// Grows with each change and each wake.
    pulse: AtomicU64,
    // Wakes in the order of waiting, so that a simulation replays (tokio's `watch` wakes in a random order).
    changed: Notify,
    generation: AtomicU64,
    /// Another has taken its place, or its resource is served no more: watches end.
    closed: AtomicBool,
}

/// Where a watcher is in the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(u64);

/// The watcher fell out of the ring, or asks for what has left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooOld {
    /// Events up to this revision are gone.
    pub forgotten: u64,
}

impl Kind {
    /// An empty kind.
    #[must_use]
    pub fn new(row: Row) -> Self {
        Kind {
            header: Header::of(&row),
            row,
            state: RwLock::default(),
            pulse: AtomicU64::new(0),
            changed: Notify::new(),
            generation: AtomicU64::new(1),
            closed: AtomicBool::new(false),
        }
    }

    /// The same objects and events in the form of another row, after its definition changed.
    #[must_use]
    pub fn renewed(&self, row: Row) -> Self {
        let state = self.state.read();
        let header = Header::of(&row);
        let again = |object: &Arc<Obj>| object.renewed(&header).map_or_else(|| object.clone(), Arc::new);
        let objects: BTreeMap<Arc<str>, Arc<Obj>> =
            state.objects.iter().map(|(key, object)| (key.clone(), again(object))).collect();
        let events = state.ring.iter().map(|event| {
            Arc::new(Event {
                revision: event.revision,
                object: again(&event.object),
                previous: event.previous.as_ref().map(again),
                deleted: event.deleted,
                at: event.at,
                frames: Mutex::default(),
            })
        });
        let ring: VecDeque<Arc<Event>> = events.collect();
        let ring_bytes = ring.iter().map(|event| event.object.encoded.len()).sum();
        let (first, revision, forgotten) = (state.first, state.revision, state.forgotten);
        drop(state);
        let mut kind = Kind::new(row);
        *kind.state.get_mut() = State { objects, ring, ring_bytes, first, revision, forgotten };
        kind
    }

    /// Ends all watches of it.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.wake();
    }

    /// Watches end now.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Replaces everything with a list at a revision; watchers have to list again.
    pub fn replace(&self, objects: BTreeMap<Arc<str>, Arc<Obj>>, revision: u64) {
        let mut state = self.state.write();
        state.objects = objects;
        state.first += state.ring.len() as u64 + 1;
        state.ring.clear();
        state.ring_bytes = 0;
        state.revision = revision;
        state.forgotten = revision;
        drop(state);
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.wake();
    }

    /// Takes in the changes of one commit.
    pub fn apply<'a>(&self, changes: impl Iterator<Item = &'a Change>, revision: u64) {
        // Headers are read before the lock is taken: watchers and lists do not wait for that.
        let made: Vec<(&Change, Option<Arc<Obj>>)> =
            changes.map(|change| (change, if change.deleted { None } else { self.read(&change.entry) })).collect();
        let now = Instant::now();
        let mut state = self.state.write();
        for (change, object) in made {
            let key = &change.entry.key;
            let event = match object {
                None if change.deleted => state.objects.remove(key).map(|object| (object, None, true)),
                None => None,
                Some(object) => {
                    let previous = state.objects.insert(key.clone(), object.clone());
                    Some((object, previous, false))
                }
            };
            if let Some((object, previous, deleted)) = event {
                state.push(Event { revision, object, previous, deleted, at: now, frames: Mutex::default() });
            }
        }
        state.revision = revision;
        state.trim(now);
        drop(state);
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.wake();
    }

    /// Wakes all watchers, so that they look whether the cache is closed.
    pub fn wake(&self) {
        self.pulse.fetch_add(1, Ordering::AcqRel);
        self.changed.notify_waiters();
    }

    /// Forgets events that are old, also when nothing new comes.
    pub fn tidy(&self) {
        self.state.write().trim(Instant::now());
    }

    /// One object by its key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Arc<Obj>> {
        self.state.read().objects.get(key).cloned()
    }

    /// The object of an entry of the store: the cached one where that is the same state, which saves reading its header again.
    #[must_use]
    pub fn object(&self, entry: &Entry) -> Option<Arc<Obj>> {
        match self.get(&entry.key) {
            Some(known) if known.revision == entry.modified.0 => Some(known),
            _ => self.read(entry),
        }
    }

    /// Reads an entry of the store. `None`: it is no object.
    #[must_use]
    pub fn read(&self, entry: &Entry) -> Option<Arc<Obj>> {
        Obj::new(&self.header, entry).map(Arc::new)
    }

    /// The objects below a prefix, and the newest revision that is in.
    #[must_use]
    pub fn list(&self, prefix: &str) -> (Vec<Arc<Obj>>, u64) {
        let state = self.state.read();
        (below(&state.objects, prefix), state.revision)
    }

    /// As [`Kind::list`], and the place in the ring from which events follow the list without a gap.
    #[must_use]
    pub fn list_and_follow(&self, prefix: &str) -> (Vec<Arc<Obj>>, u64, Cursor) {
        let state = self.state.read();
        (below(&state.objects, prefix), state.revision, Cursor(state.end()))
    }

    /// The place behind a revision.
    ///
    /// # Errors
    /// The ring does not reach back that far.
    pub fn follow(&self, after: u64) -> Result<Cursor, TooOld> {
        let state = self.state.read();
        if after < state.forgotten {
            return Err(TooOld { forgotten: state.forgotten });
        }
        let index = state.ring.partition_point(|e| e.revision <= after);
        Ok(Cursor(state.first + index as u64))
    }

    /// The next events behind a cursor, at most `max`, and the cursor behind them.
    ///
    /// # Errors
    /// The watcher is so slow that the ring has moved on.
    pub fn next(&self, cursor: Cursor, max: usize, out: &mut Vec<Arc<Event>>) -> Result<Cursor, TooOld> {
        let state = self.state.read();
        let Some(skip) = cursor.0.checked_sub(state.first) else {
            return Err(TooOld { forgotten: state.forgotten });
        };
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let before = out.len();
        out.extend(state.ring.iter().skip(skip).take(max).cloned());
        Ok(Cursor(cursor.0 + (out.len() - before) as u64))
    }

    /// Grows with each change and each [`Kind::wake`]: read it before the state, for [`Kind::changed`].
    #[must_use]
    pub fn pulse(&self) -> u64 {
        self.pulse.load(Ordering::Acquire)
    }

    /// Waits until the pulse is another than `since`.
    pub async fn changed(&self, since: u64) {
        // Made before the pulse is read: a change in between wakes it.
        let changed = self.changed.notified();
        if self.pulse() == since {
            changed.await;
        }
    }

    /// Grows with each change.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Waits until the generation is another than `since`.
    pub async fn changed_from(&self, since: u64) {
        loop {
            let changed = self.changed.notified();
            if self.generation() != since {
                return;
            }
            changed.await;
        }
    }

    /// How many objects there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.state.read().objects.len()
    }
}

impl State {
    fn end(&self) -> u64 {
        self.first + self.ring.len() as u64
    }

    fn push(&mut self, event: Event) {
        self.ring_bytes += event.object.encoded.len();
        self.ring.push_back(Arc::new(event));
        if let Some(index) = self.ring.len().checked_sub(SHARED_FRAMES) {
            *self.ring[index].frames.lock() = [None, None];
        }
    }

    fn trim(&mut self, now: Instant) {
        while let Some(oldest) = self.ring.front() {
            let old = self.ring.len() > RING_FLOOR && now.duration_since(oldest.at) > RING_AGE;
            if !old && self.ring.len() <= RING_EVENTS && self.ring_bytes <= RING_BYTES {
                return;
            }
            self.forgotten = oldest.revision;
            self.ring_bytes -= oldest.object.encoded.len();
            self.first += 1;
            self.ring.pop_front();
        }
    }
}

fn below(objects: &BTreeMap<Arc<str>, Arc<Obj>>, prefix: &str) -> Vec<Arc<Obj>> {
    use std::ops::Bound;
    objects
        .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
        .take_while(|(key, _)| key.starts_with(prefix))
        .map(|(_, object)| object.clone())
        .collect()
}
