//! The store's port: ordered keys to bytes, with revisions. What every engine promises; `contract` tests it.

use std::{future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use tokio::sync::mpsc;

/// A boxed future of the port.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A cluster-wide revision. Grows by one with each commit, never repeats; 0 is "before everything".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// A key with its value and history facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Arc<str>,
    /// The value.
    pub value: Bytes,
    /// Revision of the last change.
    pub modified: Revision,
    /// Revision of the creation of this life of the key.
    pub created: Revision,
}

/// What must hold for a commit to happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Guard {
    /// The key is not there.
    Absent(Arc<str>),
    /// The key is there and was last modified at this revision.
    Unchanged(Arc<str>, Revision),
}

/// One change of a commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Writes a value. `ttl_seconds` lets the store delete the key later (events, leases of masters); a put without one clears it.
    Put {
        /// The key.
        key: Arc<str>,
        /// The value. The store may be asked to write the new revision into it: see [`Store::commit`].
        value: Bytes,
        /// Seconds to live from now.
        ttl_seconds: Option<u64>,
    },
    /// Deletes a key; without effect where it is not there.
    Delete {
        /// The key.
        key: Arc<str>,
    },
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// In key order.
    pub entries: Vec<Entry>,
    /// There is more behind the last entry.
    pub more: bool,
    /// How many entries lie behind the last one, where the engine knows.
    pub remaining: Option<u64>,
    /// The revision that the page is a picture of.
    pub revision: Revision,
}

/// One change as a watcher sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The new state; for a deletion the key with an empty value and the revision of the deletion.
    pub entry: Entry,
    /// The state before, where there was one.
    pub previous: Option<Entry>,
    /// It was deleted.
    pub deleted: bool,
}

/// All the changes of one commit, or a sign that the store has come this far.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The revision of the commit.
    pub revision: Revision,
    /// In the order of the commit; shared between watchers.
    pub events: Arc<[Event]>,
}

/// A file that travels in a snapshot. The store does not look into it.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Attachment {
    // It may hold keys: never its content.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attachment").field("name", &self.name).field("length", &self.bytes.len()).finish()
    }
}

/// What went wrong.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A guard did not hold; nothing was written. Carries the state found.
    #[error("key {key:?} is not as the guard demands")]
    Conflict {
        /// The key.
        key: Arc<str>,
        /// What is there.
        found: Option<Entry>,
    },
    /// The revision asked for has been compacted away.
    #[error("revision {asked:?} is compacted; the oldest is {oldest:?}")]
    Compacted {
        /// As asked.
        asked: Revision,
        /// The oldest revision that can still be read.
        oldest: Revision,
    },
    /// The revision asked for does not exist yet.
    #[error("revision {asked:?} is in the future; the store is at {current:?}")]
    Future {
        /// As asked.
        asked: Revision,
        /// Where the store is.
        current: Revision,
    },
    /// The disk is full, or nearly: writes are refused until there is room, reads go on.
    #[error(
        "the datastore's disk is full: {free_bytes} bytes are left at {path}; free some space, writes resume by themselves"
    )]
    NoSpace {
        /// Left.
        free_bytes: u64,
        /// The file.
        path: String,
    },
    /// The file, of a store or a snapshot, was written by a version whose format this one does not know.
    #[error("{path} has format version {found}, this podium reads version {known}: use the podium that wrote it")]
    OtherVersion {
        /// The file.
        path: String,
        /// Its version.
        found: u32,
        /// The newest version that can be read.
        known: u32,
    },
    /// The file, of a store or a snapshot, is damaged.
    #[error("{path} cannot be used: {reason}")]
    Damaged {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// An error of the file system while `tried`.
    #[error("{tried} on {path}: {reason}")]
    Io {
        /// What.
        tried: &'static str,
        /// Where.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// The store is closed.
    #[error("the datastore is closed")]
    Closed,
}

/// A watch: batches in revision order without gaps. Ends with `Err` when the watcher fell too far behind
/// ([`Error::Compacted`]: list again) or the store closed.
pub type Watch = mpsc::Receiver<Result<Batch, Error>>;

/// The datastore. Values are opaque: an engine never parses them.
pub trait Store: Send + Sync + 'static {
    /// The newest revision.
    fn revision(&self) -> Revision;
    /// One key now.
    fn get<'a>(&'a self, key: &'a str) -> Reply<'a, Option<Entry>>;
    /// Keys below `prefix`, from `from` on (inclusive, empty: from the start), at most `limit` (0: all), as they were at revision `at` (0: now).
    fn list<'a>(&'a self, prefix: &'a str, from: &'a str, limit: usize, at: Revision) -> Reply<'a, Page>;
    /// Checks all guards and makes all changes in one durable step, or none. Returns only when the data would survive a crash.
    fn commit(&self, guards: Vec<Guard>, changes: Vec<Change>) -> Reply<'_, Revision>;
    /// Changes below `prefix` after revision `after` (exclusive).
    fn watch<'a>(&'a self, prefix: &'a str, after: Revision) -> Reply<'a, Watch>;
    /// Forgets the history before `revision`.
    fn compact(&self, revision: Revision) -> Reply<'_, ()>;
    /// Writes a consistent copy to a new file while running, and what comes `with` it. [`crate::Snapshot`] reads it.
    fn snapshot<'a>(&'a self, to: &'a std::path::Path, with: Vec<Attachment>) -> Reply<'a, Revision>;
    /// Bytes on disk, for metrics and `status`.
    fn size_bytes(&self) -> u64;
}
