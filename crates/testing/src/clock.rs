//! The clock of a machine, which may jump.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use client::Clock;
use jiff::{SignedDuration, Timestamp};

/// Another clock, and how far this one is off. A clone is the same clock.
#[derive(Clone)]
pub struct JumpingClock {
    base: Arc<dyn Clock>,
    off_ms: Arc<AtomicI64>,
}

impl JumpingClock {
    /// A clock that agrees with another one, for now.
    #[must_use]
    pub fn new(base: Arc<dyn Clock>) -> Self {
        Self { base, off_ms: Arc::default() }
    }

    /// It is off by this from now on, in milliseconds; 0: it is right.
    pub fn jump_to(&self, off_ms: i64) {
        self.off_ms.store(off_ms, Ordering::Relaxed);
    }
}

impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        let now = self.base.now();
        now.checked_add(SignedDuration::from_millis(self.off_ms.load(Ordering::Relaxed))).unwrap_or(now)
    }
}
