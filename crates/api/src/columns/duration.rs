//! Durations for humans, with two or three figures, as upstream rounds them.

use jiff::Timestamp;

/// How long ago `at` was.
#[must_use]
pub fn human(at: Timestamp, now: Timestamp) -> String {
    // Towards zero, as Go converts.
    seconds((now.as_nanosecond() - at.as_nanosecond()) / 1_000_000_000)
}

/// A number of seconds.
pub(super) fn seconds(seconds: i128) -> String {
    // A second of difference between clocks is as good as now.
    if seconds < -1 {
        return "<invalid>".into();
    }
    let seconds = seconds.max(0);
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    match (seconds, minutes, hours) {
        (s, _, _) if s < 120 => format!("{s}s"),
        (s, m, _) if m < 10 => two(m, "m", s % 60, "s"),
        (_, m, _) if m < 180 => format!("{m}m"),
        (_, m, h) if h < 8 => two(h, "h", m % 60, "m"),
        (_, _, h) if h < 48 => format!("{h}h"),
        (_, _, h) if h < 192 => two(days, "d", h % 24, "h"),
        (_, _, h) if h < 24 * 365 * 2 => format!("{days}d"),
        (_, _, h) if h < 24 * 365 * 8 => two(years, "y", days % 365, "d"),
        _ => format!("{years}y"),
    }
}

fn two(large: i128, large_unit: &str, small: i128, small_unit: &str) -> String {
    if small == 0 { format!("{large}{large_unit}") } else { format!("{large}{large_unit}{small}{small_unit}") }
}
