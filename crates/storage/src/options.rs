//! What an engine is told when it is made: clock, medium and bounds.

use std::{
    sync::{Arc, LazyLock, atomic::AtomicU64, atomic::Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::medium::{Machine, Medium};

/// Where an engine takes the time from.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970, which may jump either way: deadlines survive restarts, so they are counted by it.
    fn now_ms(&self) -> u64;
    /// Milliseconds since some moment, which never jump: everything that only matters within a run is counted by them.
    fn steady_ms(&self) -> u64 {
        self.now_ms()
    }
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
    }
    fn steady_ms(&self) -> u64 {
        static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
        millis(BEGUN.elapsed())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A clock that moves only when it is told to.
#[derive(Debug, Default)]
pub struct ManualClock {
    wall: AtomicU64,
    steady: AtomicU64,
}

impl ManualClock {
    /// A clock that stands at `ms`.
    pub fn at(ms: u64) -> Self {
        Self { wall: AtomicU64::new(ms), steady: AtomicU64::new(0) }
    }
    /// Moves it forward. An engine with a thread of its own must be woken afterwards.
    pub fn advance(&self, by: Duration) {
        self.wall.fetch_add(millis(by), Ordering::SeqCst);
        self.steady.fetch_add(millis(by), Ordering::SeqCst);
    }
    /// Sets the wall clock without time having passed.
    pub fn jump(&self, to_ms: u64) {
        self.wall.store(to_ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> u64 {
        self.wall.load(Ordering::SeqCst)
    }
    fn steady_ms(&self) -> u64 {
        self.steady.load(Ordering::SeqCst)
    }
}

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
    /// New keys are refused when the file system has less than this left. Changes and deletions then go on in [`Self::headroom_bytes`].
    pub reserve_bytes: u64,
    /// What the file has taken ahead of its need, so that nobody else can. With half of it left changes are refused, with a quarter
    /// deletions and the store's own affairs.
    pub headroom_bytes: u64,
    /// redb's page cache. Reads are served from the index, so this only spares compaction some reading.
    pub cache_bytes: usize,
    /// How long after a write the next checkpoint may wait.
    pub checkpoint: Duration,
    /// Files below this size are repaired in an instant and get a checkpoint only when closed.
    pub checkpoint_over_bytes: u64,
    /// What the file lies on.
    pub medium: Arc<dyn Medium>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("history", &self.history)
            .field("history_events", &self.history_events)
            .field("history_bytes", &self.history_bytes)
            .field("watch_buffer", &self.watch_buffer)
            .field("reserve_bytes", &self.reserve_bytes)
            .field("headroom_bytes", &self.headroom_bytes)
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
            headroom_bytes: 16 << 20,
            cache_bytes: 16 << 20,
            checkpoint: Duration::from_secs(5),
            checkpoint_over_bytes: 32 << 20,
            medium: Arc::new(Machine),
        }
    }
}

impl Options {
    /// The same on another medium.
    pub fn with_medium(mut self, medium: Arc<dyn Medium>) -> Self {
        self.medium = medium;
        self
    }

    /// The same with another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    pub(crate) fn history_ms(&self) -> u64 {
        millis(self.history)
    }

    /// Compaction waits a little longer than the history lasts, so that a trickle of writes does not wake it each time.
    pub(crate) fn slack_ms(&self) -> u64 {
        (self.history_ms() / 5).max(1)
    }
}
