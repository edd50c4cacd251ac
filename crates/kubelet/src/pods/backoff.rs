//! Back-off of restarts and pulls: doubling from a first delay to a longest one, forgotten after twice the longest.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

/// No delay is longer.
const LONGEST: SignedDuration = SignedDuration::from_secs(300);

/// Whether what waits until `at` still waits. What would wait longer than any delay was decided under a clock that has been
/// set back since: its time has come.
pub(crate) fn waits(at: Timestamp, now: Timestamp) -> bool {
    now < at && at.duration_since(now) <= LONGEST
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Entry {
    delay: SignedDuration,
    updated: Timestamp,
}

/// Delays by key.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: SignedDuration,
    longest: SignedDuration,
    entries: HashMap<String, Entry>,
}

impl Backoff {
    /// 10 s doubling to 5 min, as for crashing containers and for pulls.
    pub(crate) fn standard() -> Self {
        Self::new(SignedDuration::from_secs(10), LONGEST)
    }

    pub(crate) fn new(first: SignedDuration, longest: SignedDuration) -> Self {
        Self { first, longest, entries: HashMap::new() }
    }

    fn is_stale(&self, entry: &Entry, event: Timestamp) -> bool {
        event.duration_since(entry.updated) > self.longest * 2
    }

    /// The current delay of a key.
    pub(crate) fn delay(&self, key: &str) -> SignedDuration {
        self.entries.get(key).map_or(SignedDuration::ZERO, |entry| entry.delay)
    }

    /// Until when the key waits, if the event from which the delay counts was at `since`.
    pub(crate) fn waits_until(&self, key: &str, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let entry = self.entries.get(key)?;
        if self.is_stale(entry, since) {
            return None;
        }
        let until = since + entry.delay;
        waits(until, now).then_some(until)
    }

    /// Until when the key waits, counted from the last [`Backoff::next`].
    pub(crate) fn waits_since_update(&self, key: &str, now: Timestamp) -> Option<Timestamp> {
        let entry = self.entries.get(key)?;
        if self.is_stale(entry, now) {
            return None;
        }
        let until = entry.updated + entry.delay;
        waits(until, now).then_some(until)
    }

    /// The event happened again: the delay starts or doubles.
    pub(crate) fn next(&mut self, key: &str, event: Timestamp, now: Timestamp) {
        let delay = match self.entries.get(key) {
            Some(entry) if !self.is_stale(entry, event) => (entry.delay * 2).min(self.longest),
            _ => self.first,
        };
        self.entries.insert(key.to_owned(), Entry { delay, updated: now });
    }

    /// Starts at a known delay: how a restarted agent continues where it was.
    pub(crate) fn seed(&mut self, key: &str, restarts: u32, updated: Timestamp) {
        if restarts == 0 {
            return;
        }
        let delay = (self.first * (1 << (restarts - 1).min(10))).min(self.longest);
        self.entries.insert(key.to_owned(), Entry { delay, updated });
    }

    pub(crate) fn forget(&mut self, key: &str) {
        self.entries.remove(key);
    }
}

/// A duration as Go prints it: `10s`, `1m20s`, `5m0s`, `1.234s`, `12ms`.
pub(crate) fn go_duration(duration: SignedDuration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0s".into();
    }
    if nanos.abs() < 1_000_000_000 {
        let (unit, per) = match nanos.abs() {
            n if n < 1_000 => ("ns", 1),
            n if n < 1_000_000 => ("µs", 1_000),
            _ => ("ms", 1_000_000),
        };
        return format!("{}{unit}", fraction(nanos, per));
    }
    let (minutes, rest) = (nanos / 60_000_000_000, nanos % 60_000_000_000);
    let seconds = fraction(rest, 1_000_000_000);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

fn fraction(value: i128, per: i128) -> String {
    let (whole, rest) = (value / per, value % per);
    if rest == 0 {
        return whole.to_string();
    }
    let width = per.to_string().len() - 1;
    format!("{whole}.{}", format!("{rest:0width$}").trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_and_resets() {
        let mut backoff = Backoff::standard();
        let start = Timestamp::UNIX_EPOCH;
        let at = |seconds: i64| start + SignedDuration::from_secs(seconds);
        assert_eq!(backoff.waits_until("c", at(0), at(0)), None, "the first restart is immediate");
        backoff.next("c", at(0), at(0));
        assert_eq!(backoff.waits_until("c", at(1), at(2)), Some(at(11)));
        assert_eq!(backoff.waits_until("c", at(1), at(11)), None);
        for expected in [20, 40, 80, 160, 300, 300] {
            backoff.next("c", at(11), at(11));
            assert_eq!(backoff.delay("c"), SignedDuration::from_secs(expected));
        }
        assert_eq!(backoff.waits_until("c", at(11 + 601), at(11 + 602)), None, "ten quiet minutes reset it");
        backoff.next("c", at(11 + 601), at(11 + 601));
        assert_eq!(backoff.delay("c"), SignedDuration::from_secs(10));
    }

    #[test]
    fn a_clock_that_is_set_back_delays_nothing_for_long() {
        let (start, hour) = (Timestamp::UNIX_EPOCH, SignedDuration::from_hours(1));
        let at = |seconds: i64| start + hour + SignedDuration::from_secs(seconds);
        assert!(waits(at(300), at(0)) && !waits(at(0), at(0)) && !waits(at(10), start));
        let mut backoff = Backoff::standard();
        backoff.next("c", at(0), at(0));
        assert_eq!(backoff.waits_until("c", at(0), at(1)), Some(at(10)));
        assert_eq!(backoff.waits_until("c", at(0), start), None);
        assert_eq!(backoff.waits_since_update("c", start), None);
    }

    #[test]
    fn durations_as_go_prints_them() {
        for (millis, text) in [
            (10_000, "10s"),
            (80_000, "1m20s"),
            (300_000, "5m0s"),
            (1_234, "1.234s"),
            (12, "12ms"),
            (0, "0s"),
            (3_600_000, "1h0m0s"),
            (1_500, "1.5s"),
        ] {
            assert_eq!(go_duration(SignedDuration::from_millis(millis)), text);
        }
    }
}
