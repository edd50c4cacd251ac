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
    let d = jiff::tz::Offset::UTC.to_datetime(at);
    let mut text = String::with_capacity("2006-01-02T15:04:05.000000Z".len());
    let year = d.year().unsigned_abs();
    if d.year() < 0 {
        text.push('-');
    }
    two(&mut text, (year / 100) as u8);
    two(&mut text, (year % 100) as u8);
    for (before, number) in [('-', d.month()), ('-', d.day()), ('T', d.hour()), (':', d.minute()), (':', d.second())] {
        text.push(before);
        two(&mut text, number.unsigned_abs());
    }
    text.push('Z');
    text
}

fn two(text: &mut String, number: u8) {
    text.extend([char::from(b'0' + number / 10), char::from(b'0' + number % 10)]);
}

/// Whether a text is a time as [`seconds`] writes it; false also for a few that are (the last days of months).
#[must_use]
pub fn is_seconds(text: &str) -> bool {
    let b = text.as_bytes();
    let number = |at: usize| match b[at..at + 2] {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => (tens - b'0') * 10 + (ones - b'0'),
        _ => u8::MAX,
    };
    b.len() == 20
        && [4, 7, 10, 13, 16, 19].map(|at| b[at]) == *b"--T::Z"
        && [0, 2, 11, 14, 17].iter().zip([99, 99, 23, 59, 59]).all(|(at, most)| number(*at) <= most)
        && (1..=12).contains(&number(5))
        && (1..=28).contains(&number(8))
}

/// `2006-01-02T15:04:05.000000Z`: `meta/v1.MicroTime`.
#[must_use]
pub fn micros(at: Timestamp) -> String {
    let mut text = seconds(at);
    text.pop();
    // Before 1970 the fraction counts down: the calendar form counts up.
    let nanos = jiff::tz::Offset::UTC.to_datetime(at).subsec_nanosecond();
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
        assert_eq!(seconds("-000050-03-01T00:00:00Z".parse().unwrap()), "-0050-03-01T00:00:00Z");
    }

    #[test]
    fn knows_its_own_form() {
        for text in ["2026-11-21T16:28:46Z", "0000-01-01T00:00:00Z", "9999-12-28T23:59:59Z"] {
            assert!(is_seconds(text), "{text}");
            assert_eq!(seconds(parse(text).unwrap()), text);
        }
        for text in [
            "",
            "2026-11-21T16:28:46",
            "2026-11-21T16:28:46.5Z",
            "2026-11-21T16:28:60Z",
            "2026-11-21T24:00:00Z",
            "2026-00-21T16:28:46Z",
            "2026-02-30T16:28:46Z",
            "2026-11-21t16:28:46Z",
            "2026-1121-T16:28:46Z",
            "2026-11-21T16:28:4éZ",
        ] {
            assert!(!is_seconds(text), "{text}");
        }
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
