//! Durations: as people read them in tables (`3d4h`), and as Go writes them (`1h0m0s`).

use jiff::{SignedDuration, Timestamp};

const SECOND: i128 = 1_000_000_000;

/// Two or three significant figures: `45s`, `2m3s`, `3h`, `2d4h`, `1y20d`.
#[must_use]
pub fn human(d: SignedDuration) -> String {
    let seconds = d.as_secs();
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let days = hours / 24;
    // A clock that is a little behind is no reason for alarm.
    match seconds {
        i64::MIN..=-2 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => pair(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => pair(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if days < 8 => pair(days, "d", hours % 24, "h"),
        _ if days < 365 * 2 => format!("{days}d"),
        _ if days < 365 * 8 => pair(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

fn pair(big: i64, big_unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 { format!("{big}{big_unit}") } else { format!("{big}{big_unit}{small}{small_unit}") }
}

/// One figure: `45s`, `2m`, `3h`, `2d`, `1y`.
#[must_use]
pub fn short_human(d: SignedDuration) -> String {
    let seconds = d.as_secs();
    match seconds {
        i64::MIN..=-2 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        86_400..31_536_000 => format!("{}d", seconds / 86_400),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

/// The age of something as tables show it; a text that is no time is `<unknown>`.
#[must_use]
pub fn age(since: &str, now: Timestamp) -> String {
    match crate::time::parse(since) {
        Some(since) => human(now.duration_since(since)),
        None => "<unknown>".to_owned(),
    }
}

/// Go's form: `1h2m3.5s`, `150ms`, `0s`.
#[must_use]
pub fn format(d: SignedDuration) -> String {
    let nanos = d.as_nanos();
    let sign = if nanos < 0 { "-" } else { "" };
    let left = nanos.unsigned_abs();
    let text = match left {
        0 => "0s".to_owned(),
        1..1_000 => format!("{left}ns"),
        1_000..1_000_000 => format!("{}µs", fraction(left, 1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", fraction(left, 1_000_000)),
        _ => {
            let whole = left / SECOND as u128;
            let seconds = fraction(left % (60 * SECOND as u128), SECOND as u128);
            let (hours, minutes) = (whole / 3600, whole / 60 % 60);
            match (hours, minutes) {
                (0, 0) => format!("{seconds}s"),
                (0, m) => format!("{m}m{seconds}s"),
                (h, m) => format!("{h}h{m}m{seconds}s"),
            }
        }
    };
    format!("{sign}{text}")
}

fn fraction(value: u128, unit: u128) -> String {
    let (whole, rest) = (value / unit, value % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let digits = format!("{rest:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// Why a text is no duration, in Go's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It does not look like one.
    #[error("time: invalid duration {0}")]
    Invalid(String),
    /// A number stands alone.
    #[error("time: missing unit in duration {0}")]
    MissingUnit(String),
    /// No such unit.
    #[error("time: unknown unit {unit} in duration {text}")]
    UnknownUnit {
        /// Quoted.
        unit: String,
        /// Quoted.
        text: String,
    },
}

/// Reads Go's form: `1h30m`, `-1.5s`, `100ms`, `0`.
pub fn parse(text: &str) -> Result<SignedDuration, DurationError> {
    let invalid = || DurationError::Invalid(crate::text::quote(text));
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let whole_end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (whole, tail) = rest.split_at(whole_end);
        let (part, tail) = match tail.strip_prefix('.') {
            Some(tail) => tail.split_at(tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len())),
            None => ("", tail),
        };
        if whole.is_empty() && part.is_empty() {
            return Err(invalid());
        }
        let unit_end = tail.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let nanos = match unit {
            "" => return Err(DurationError::MissingUnit(crate::text::quote(text))),
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3600 * SECOND,
            other => {
                let (unit, text) = (crate::text::quote(other), crate::text::quote(text));
                return Err(DurationError::UnknownUnit { unit, text });
            }
        };
        total = amount(whole, part, nanos).and_then(|n| total.checked_add(n)).ok_or_else(invalid)?;
        rest = tail;
    }
    let total = i64::try_from(if negative { -total } else { total }).map_err(|_| invalid())?;
    Ok(SignedDuration::from_nanos(total))
}

fn amount(whole: &str, part: &str, unit: i128) -> Option<i128> {
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part = &part[..part.len().min(18)];
    let digits: i128 = if part.is_empty() { 0 } else { part.parse().ok()? };
    let below = digits * unit / 10i128.pow(part.len() as u32);
    whole.checked_mul(unit)?.checked_add(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_people() {
        let (minute, hour, day, year) = (60, 3600, 86_400, 365 * 86_400);
        for (seconds, long, short) in [
            (-2, "<invalid>", "<invalid>"),
            (-1, "0s", "0s"),
            (0, "0s", "0s"),
            (1, "1s", "1s"),
            (70, "70s", "1m"),
            (190, "3m10s", "3m"),
            (3 * minute, "3m", "3m"),
            (70 * minute, "70m", "1h"),
            (47 * hour, "47h", "1d"),
            (49 * hour, "2d1h", "2d"),
            (3 * hour, "3h", "3h"),
            (3 * hour + 61, "3h1m", "3h"),
            (7 * day + 2 * hour, "7d2h", "7d"),
            (8 * day + 2 * hour, "8d", "8d"),
            (367 * day, "367d", "1y"),
            (4 * year, "4y", "4y"),
            (4 * year + 2 * day, "4y2d", "4y"),
            (9 * year + 2 * day, "9y", "9y"),
        ] {
            assert_eq!(human(SignedDuration::from_secs(seconds)), long, "{seconds}");
            assert_eq!(short_human(SignedDuration::from_secs(seconds)), short, "{seconds}");
        }
        assert_eq!(age("2026-01-01T00:00:00Z", "2026-01-01T00:03:10Z".parse().unwrap()), "3m10s");
        assert_eq!(age("", "2026-01-01T00:03:10Z".parse().unwrap()), "<unknown>");
    }

    #[test]
    fn for_go() {
        for (given, want) in [
            ("0", "0s"),
            ("5s", "5s"),
            ("1h", "1h0m0s"),
            ("90m", "1h30m0s"),
            ("1.5s", "1.5s"),
            ("100ms", "100ms"),
            ("1500us", "1.5ms"),
            ("-1m30s", "-1m30s"),
            (".5h", "30m0s"),
            ("3ns", "3ns"),
            ("5m0.25s", "5m0.25s"),
        ] {
            let d = parse(given).unwrap();
            assert_eq!(format(d), want, "{given}");
            assert_eq!(parse(want).unwrap(), d);
        }
        for (bad, want) in [
            ("", "time: invalid duration \"\""),
            ("3", "time: missing unit in duration \"3\""),
            ("3x", "time: unknown unit \"x\" in duration \"3x\""),
            ("s", "time: invalid duration \"s\""),
            (".s", "time: invalid duration \".s\""),
            ("999999999h", "time: invalid duration \"999999999h\""),
        ] {
            assert_eq!(parse(bad).unwrap_err().to_string(), want);
        }
    }
}
