//! A watcher: a cursor in a kind's ring, a selection, and a form for the objects. It costs memory only for itself, never for others.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::{
    Cache,
    kind::{Cursor, Event, Kind},
    object::Obj,
    select::Selection,
};
use crate::body::{Encoding, EventKind, WatchEvent, WatchStream};

/// Gives objects the form that the client asked for. `None`: as they are stored.
pub type Form = Option<Box<dyn FnMut(EventKind, &Obj, u64) -> Bytes + Send>>;

/// What a watch is to do.
pub struct Plan {
    /// Which objects.
    pub selection: Selection,
    /// Where it begins.
    pub begin: Begin,
    /// Send bookmarks.
    pub bookmarks: bool,
    /// When it ends by itself.
    pub deadline: Instant,
    /// How events are written.
    pub encoding: Encoding,
    /// The form of the objects.
    pub form: Form,
    /// The JSON of a bookmark at a revision; the flag says that the initial events have been sent.
    pub bookmark: Box<dyn FnMut(u64, bool) -> Bytes + Send>,
    /// Spreads the bookmarks of many watchers: 0 to 1.
    pub jitter: f64,
}

/// Where a watch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// With the current objects as ADDED; then `end_bookmark` says whether their end is marked.
    Now {
        /// Send `k8s.io/initial-events-end`.
        end_bookmark: bool,
    },
    /// Behind a revision.
    After(u64),
}

/// Events that are taken from the ring at once.
const BATCH: usize = 128;
/// About how often a quiet watcher gets a bookmark.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);

struct Watcher {
    cache: Arc<Cache>,
    kind: Arc<Kind>,
    pulse: u64,
    cursor: Cursor,
    plan: Plan,
    initial: VecDeque<Arc<Obj>>,
    initial_end: Option<u64>,
    ready: VecDeque<WatchEvent>,
    taken: Vec<Arc<Event>>,
    next_bookmark: Instant,
    told: u64,
    /// Everything up to here has been looked at.
    seen: u64,
    ended: bool,
}

/// Starts a watch. A revision that has left the ring gives a stream with one ERROR event, as upstream does.
#[must_use]
pub fn start(cache: &Arc<Cache>, kind: Arc<Kind>, plan: Plan) -> WatchStream {
    let pulse = kind.pulse();
    // Read before the list: everything up to it is in the list or in the ring.
    let reached = cache.revision();
    let (initial, initial_end, cursor) = match plan.begin {
        Begin::Now { end_bookmark } => {
            let (objects, revision, cursor) = kind.list_and_follow(&plan.selection.prefix);
            (objects.into(), end_bookmark.then_some(revision.max(reached)), cursor)
        }
        Begin::After(revision) => match kind.follow(revision) {
            Ok(cursor) => (VecDeque::new(), None, cursor),
            Err(too_old) => return refused(plan.encoding, revision, too_old.forgotten),
        },
    };
    let next_bookmark = Instant::now() + BOOKMARK_EVERY.mul_f64(0.75 + plan.jitter / 2.0);
    let watcher = Watcher {
        cache: cache.clone(),
        kind,
        pulse,
        cursor,
        plan,
        initial,
        initial_end,
        ready: VecDeque::new(),
        taken: Vec::new(),
        next_bookmark,
        told: 0,
        seen: 0,
        ended: false,
    };
    Box::pin(
        stream::unfold(watcher, |mut watcher| async move { watcher.next().await.map(|event| (event, watcher)) }).fuse(),
    )
}

fn refused(encoding: Encoding, asked: u64, oldest: u64) -> WatchStream {
    let status = apimachinery::status::Status::expired(format!("too old resource version: {asked} ({oldest})"));
    Box::pin(stream::iter([WatchEvent::new(encoding, EventKind::Error, status.to_json().into())]))
}

impl Watcher {
    async fn next(&mut self) -> Option<WatchEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            if self.cache.is_closed() || self.kind.is_closed() {
                self.ended = true;
            } else if !self.fill() {
                self.quiet().await;
            }
        }
    }

    /// Makes some events ready; false: there is nothing to do now.
    fn fill(&mut self) -> bool {
        if !self.initial.is_empty() {
            let count = self.initial.len().min(BATCH);
            for object in self.initial.drain(..count).collect::<Vec<_>>() {
                if self.plan.selection.matches(&object) {
                    let event = self.shaped(EventKind::Added, &object, object.revision);
                    self.ready.push_back(event);
                }
            }
            return true;
        }
        if let Some(revision) = self.initial_end.take() {
            self.bookmark(revision, true);
            return true;
        }
        self.pulse = self.kind.pulse();
        let reached = self.cache.revision();
        let mut taken = std::mem::take(&mut self.taken);
        match self.kind.next(self.cursor, BATCH, &mut taken) {
            Ok(cursor) => self.cursor = cursor,
            // Too slow for the ring: the client lists again. Others do not notice.
            Err(_) => self.ended = true,
        }
        let any = !taken.is_empty();
        if !any {
            self.seen = reached;
        }
        for event in taken.drain(..) {
            self.event(&event);
        }
        self.taken = taken;
        if !any && !self.ended && self.plan.bookmarks && Instant::now() >= self.next_bookmark {
            self.bookmark(reached, false);
        }
        any || self.ended || !self.ready.is_empty()
    }

    fn event(&mut self, event: &Event) {
        let now = !event.deleted && self.plan.selection.matches(&event.object);
        let before = match (&event.previous, event.deleted) {
            (_, true) => self.plan.selection.matches(&event.object),
            (Some(previous), false) => self.plan.selection.matches(previous),
            (None, false) => false,
        };
        let (kind, object) = match (before, now) {
            (false, false) => return,
            (false, true) => (EventKind::Added, &event.object),
            (true, true) => (EventKind::Modified, &event.object),
            (true, false) => {
                (EventKind::Deleted, event.previous.as_ref().filter(|_| !event.deleted).unwrap_or(&event.object))
            }
        };
        let made = if self.plan.form.is_none() && kind == event.kind() {
            WatchEvent::framed(self.plan.encoding, kind, event.frame(self.plan.encoding))
        } else {
            self.shaped(kind, object, event.revision)
        };
        self.told = event.revision;
        self.ready.push_back(made);
    }

    fn shaped(&mut self, kind: EventKind, object: &Obj, revision: u64) -> WatchEvent {
        let json = match &mut self.plan.form {
            Some(form) => form(kind, object, revision),
            None => object.encoded.json(revision),
        };
        WatchEvent::new(self.plan.encoding, kind, json)
    }

    fn bookmark(&mut self, revision: u64, initial_end: bool) {
        let object = (self.plan.bookmark)(revision, initial_end);
        self.ready.push_back(WatchEvent::new(self.plan.encoding, EventKind::Bookmark, object));
        self.told = revision;
        self.next_bookmark = Instant::now() + BOOKMARK_EVERY.mul_f64(0.75 + self.plan.jitter / 2.0);
    }

    /// Waits for a change, a bookmark's time, or the end.
    async fn quiet(&mut self) {
        let now = Instant::now();
        if now >= self.plan.deadline {
            // A last bookmark lets the client go on from here instead of from its last event.
            if self.plan.bookmarks && self.seen > self.told {
                self.bookmark(self.seen, false);
            }
            self.ended = true;
            return;
        }
        let until = if self.plan.bookmarks { self.plan.deadline.min(self.next_bookmark) } else { self.plan.deadline };
        // Either way the ring is looked at again.
        let _ = tokio::time::timeout_at(until, self.kind.changed(self.pulse)).await;
    }
}
