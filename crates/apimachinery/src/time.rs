//! Times as Kubernetes writes them, and the clock that is handed in everywhere.

use jiff::Timestamp;

/// Tells the time. Nobody reads the system's clock but an implementation of this.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// `2006-01-02T15:04:05Z`: `meta/v1.Time`.
#[must_use]
pub fn seconds(at: Timestamp) -> String {
    let d = at.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", d.year(), d.month(), d.day(), d.hour(), d.minute(), d.second())
}

/// `2006-01-02T15:04:05.000000Z`: `meta/v1.MicroTime`.
#[must_use]
pub fn micros(at: Timestamp) -> String {
    let mut text = seconds(at);
    text.pop();
    // Before 1970 the fraction counts down: the calendar form counts up.
    let nanos = at.to_zoned(jiff::tz::TimeZone::UTC).datetime().subsec_nanosecond();
    text.push_str(&format!(".{:06}Z", nanos / 1000));
    text
}

/// Reads an RFC 3339 time in any zone. Stricter than what `jiff` takes: a `T`, seconds and a zone must be there.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    let b = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| b.get(range).is_some_and(|d| d.iter().all(u8::is_ascii_digit));
    let shape = b.len() >= 20
        && digits(0..4)
        && b[4] == b'-'
        && digits(5..7)
        && b[7] == b'-'
        && digits(8..10)
        && b[10] == b'T'
        && digits(11..13)
        && b[13] == b':'
        && digits(14..16)
        && b[16] == b':'
        && digits(17..19);
    if !shape || !zone_is_sound(&b[19..]) {
        return None;
    }
    text.parse().ok()
}

/// `Z`, `+01:00`, or either behind a fraction.
fn zone_is_sound(rest: &[u8]) -> bool {
    let rest = match rest.split_first() {
        Some((b'.' | b',', tail)) => {
            let end = tail.iter().position(|b| !b.is_ascii_digit()).unwrap_or(tail.len());
            if end == 0 {
                return false;
            }
            &tail[end..]
        }
        _ => rest,
    };
    match rest {
        [b'Z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => [h1, h2, m1, m2].into_iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let at: Timestamp = "2026-11-21T16:28:46.123456789Z".parse().unwrap();
        assert_eq!(seconds(at), "2026-11-21T16:28:46Z");
        assert_eq!(micros(at), "2026-11-21T16:28:46.123456Z");
        let old: Timestamp = "1969-12-31T23:59:59.25Z".parse().unwrap();
        assert_eq!(seconds(old), "1969-12-31T23:59:59Z");
        assert_eq!(micros(old), "1969-12-31T23:59:59.250000Z");
    }

    #[test]
    fn reads_zones_and_refuses_the_rest() {
        assert_eq!(seconds(parse("2026-11-21T17:28:46+01:00").unwrap()), "2026-11-21T16:28:46Z");
        assert_eq!(micros(parse("2026-11-21T16:28:46.5Z").unwrap()), "2026-11-21T16:28:46.500000Z");
        for bad in [
            "",
            "2026-11-21",
            "2026-11-21 16:28:46Z",
            "2026-11-21T16:28Z",
            "2026-11-21T16:28:46",
            "x",
            "2026-13-21T16:28:46Z",
            "2026-11-21T16:28:46.Z",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
