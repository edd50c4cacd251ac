//! What a component must not take from the machine itself: time, randomness, a place to say things.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

pub use apimachinery::time::Clock;
use jiff::Timestamp;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that follows tokio's, so that paused time moves it too.
#[derive(Debug, Clone, Copy)]
pub struct TokioClock {
    base: Timestamp,
    start: tokio::time::Instant,
}

impl TokioClock {
    /// A clock that says `base` now.
    #[must_use]
    pub fn new(base: Timestamp) -> Self {
        Self { base, start: tokio::time::Instant::now() }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let passed = jiff::SignedDuration::try_from(self.start.elapsed()).unwrap_or(jiff::SignedDuration::ZERO);
        self.base.checked_add(passed).unwrap_or(self.base)
    }
}

/// A seeded generator, shared by clones; good enough for jitter and name suffixes, not for secrets.
#[derive(Debug, Clone)]
pub struct Rng(Arc<AtomicU64>);

impl Rng {
    /// A generator that yields the same numbers for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed)))
    }

    /// The next number (splitmix64).
    #[must_use]
    pub fn next(&self) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `0..bound` (0 for a bound of 0).
    #[must_use]
    pub fn below(&self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// `base` plus up to `factor` of it.
    #[must_use]
    pub fn jitter(&self, base: Duration, factor: f64) -> Duration {
        let part = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        base.mul_f64(1.0 + part * factor.max(0.0))
    }

    /// A suffix of Kubernetes' alphabet for generated names (no vowels, no digits that look like letters).
    #[must_use]
    pub fn suffix(&self, length: usize) -> String {
        const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        (0..length).map(|_| ALPHABET[self.below(ALPHABET.len() as u64) as usize] as char).collect()
    }
}

/// Where a component says what happened.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// Where work is done that blocks its thread (files).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Blocking {
    /// On tokio's threads for such work.
    #[default]
    Pool,
    /// At once, in the caller's task: a simulation must not depend on which thread is quicker.
    Inline,
}

/// The surroundings of a component.
#[derive(Clone)]
pub struct Env {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Jitter and suffixes.
    pub rng: Rng,
    /// Messages for the operator.
    pub log: Log,
    /// Where blocking work is done.
    pub blocking: Blocking,
}

impl Env {
    /// The machine's clock and a silent log.
    #[must_use]
    pub fn system(seed: u64) -> Self {
        Self { clock: Arc::new(SystemClock), rng: Rng::new(seed), log: Arc::new(|_| {}), blocking: Blocking::Pool }
    }

    /// With another log.
    #[must_use]
    pub fn with_log(mut self, log: Log) -> Self {
        self.log = log;
        self
    }

    /// With another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Does work that blocks its thread; `None` when it panicked or the runtime ends.
    pub async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        match self.blocking {
            Blocking::Pool => tokio::task::spawn_blocking(work).await.ok(),
            Blocking::Inline => Some(work()),
        }
    }

    /// Says something.
    pub fn say(&self, message: &str) {
        (self.log)(message);
    }
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env").finish_non_exhaustive()
    }
}
