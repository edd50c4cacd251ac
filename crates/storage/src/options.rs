//! What an engine is told when it is made: clock, bounds, and hooks for tests.

use std::{
    sync::{Arc, atomic::AtomicU64, atomic::Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Where an engine takes the time from: deadlines survive restarts, so it is the wall clock.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> u64;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
    }
}

/// A clock that moves only when it is told to.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that stands at `ms`.
    pub fn at(ms: u64) -> Self {
        Self(AtomicU64::new(ms))
    }
    /// Moves it forward. An engine with a thread of its own must be woken afterwards.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Puts a layer between redb and the file: tests inject faults here.
pub type Wrap = Arc<dyn Fn(Box<dyn redb::StorageBackend>) -> Box<dyn redb::StorageBackend> + Send + Sync>;

/// How an engine behaves. `Options::default()` is right for a cluster.
#[derive(Clone)]
pub struct Options {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long superseded values and events stay readable.
    pub history: Duration,
    /// The most events kept, whatever their age.
    pub history_events: usize,
    /// The most bytes of superseded values kept, whatever their age.
    pub history_bytes: usize,
    /// How many batches a watcher may lag behind before it is told to list again.
    pub watch_buffer: usize,
    /// Writes are refused when the file system has less than this left; deletions when it has less than a quarter of it.
    pub reserve_bytes: u64,
    /// redb's page cache. Reads are served from the index, so this only spares compaction some reading.
    pub cache_bytes: usize,
    /// How long after a write the next checkpoint may wait.
    pub checkpoint: Duration,
    /// Files below this size are repaired in an instant and get a checkpoint only when closed.
    pub checkpoint_over_bytes: u64,
    /// A layer below redb, for fault injection.
    pub wrap: Option<Wrap>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("history", &self.history)
            .field("history_events", &self.history_events)
            .field("history_bytes", &self.history_bytes)
            .field("watch_buffer", &self.watch_buffer)
            .field("reserve_bytes", &self.reserve_bytes)
            .finish_non_exhaustive()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            history: Duration::from_secs(300),
            history_events: 200_000,
            history_bytes: 128 << 20,
            watch_buffer: 16_384,
            reserve_bytes: 64 << 20,
            cache_bytes: 16 << 20,
            checkpoint: Duration::from_secs(5),
            checkpoint_over_bytes: 32 << 20,
            wrap: None,
        }
    }
}

impl Options {
    /// The same with another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    pub(crate) fn history_ms(&self) -> u64 {
        u64::try_from(self.history.as_millis()).unwrap_or(u64::MAX)
    }

    /// Compaction waits a little longer than the history lasts, so that a trickle of writes does not wake it each time.
    pub(crate) fn slack_ms(&self) -> u64 {
        (self.history_ms() / 5).max(1)
    }
}
