//! Cuts the part of a server's log that belongs to one test.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// The lines of `log` between `from` and `to`, with a second of grace on both sides. Lines without a time belong to the one before.
pub fn cut(log: &str, from: Timestamp, to: Timestamp) -> String {
    let grace = SignedDuration::from_secs(1);
    let (from, to) = (from.saturating_sub(grace).unwrap_or(from), to.saturating_add(grace).unwrap_or(to));
    let (mut inside, mut out) = (false, String::new());
    for line in log.lines() {
        if let Some(at) = time(line, to) {
            inside = from <= at && at <= to;
        }
        if inside {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// A line's time: RFC 3339 in front as podium writes it, or klog's `I0131 23:59:59.000000`, which leaves the year to `near`.
fn time(line: &str, near: Timestamp) -> Option<Timestamp> {
    let word = line.split(' ').next()?;
    if let Ok(at) = word.parse() {
        return Some(at);
    }
    let day = word.get(1..5).filter(|_| word.len() == 5 && word.starts_with(['I', 'W', 'E', 'F']))?;
    let clock = line.get(6..21)?;
    let year = near.to_zoned(TimeZone::UTC).year();
    format!("{year}-{}-{}T{clock}Z", &day[..2], &day[2..]).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn cuts_both_kinds_of_log() {
        let log = "2026-11-21T10:00:00.000Z before\n2026-11-21T10:00:10.000Z a\n  of a\n2026-11-21T10:00:20.000Z b\n2026-11-21T10:01:00.000Z after\n";
        let (from, to) = ("2026-11-21T10:00:10Z".parse().unwrap(), "2026-11-21T10:00:20Z".parse().unwrap());
        assert_eq!(cut(log, from, to), "2026-11-21T10:00:10.000Z a\n  of a\n2026-11-21T10:00:20.000Z b\n");
        let klog = "I1121 09:59:00.000000 1 x.go:1] before\nE1121 10:00:15.500000 1 x.go:1] inside\nI1121 10:02:00.000000 1 x.go:1] after\n";
        assert_eq!(cut(klog, from, to), "E1121 10:00:15.500000 1 x.go:1] inside\n");
    }
}
