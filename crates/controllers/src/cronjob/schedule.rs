//! Cron schedules: five fields or a descriptor, in a time zone.

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A parsed schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// At these times of the calendar; each field is a set of bits.
    Calendar {
        /// 0 to 59.
        minutes: u64,
        /// 0 to 23.
        hours: u64,
        /// 1 to 31.
        days: u64,
        /// 1 to 12.
        months: u64,
        /// 0 (Sunday) to 6.
        weekdays: u64,
        /// Whether days of the month are restricted.
        by_day: bool,
        /// Whether days of the week are restricted.
        by_weekday: bool,
    },
    /// Every so often.
    Every(SignedDuration),
}

fn number(text: &str, names: &[&str], low: u32) -> Option<u32> {
    let named = names.iter().position(|n| text.eq_ignore_ascii_case(n)).and_then(|at| u32::try_from(at).ok());
    named.map(|at| at + low).or_else(|| text.parse().ok())
}

fn field(text: &str, low: u32, high: u32, names: &[&str]) -> Option<u64> {
    let mut bits = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u32>().ok().filter(|s| *s > 0)?)),
            None => (part, None),
        };
        let (first, last) = if matches!(range, "*" | "?") {
            (low, high)
        } else if let Some((first, last)) = range.split_once('-') {
            (number(first, names, low)?, number(last, names, low)?)
        } else {
            let only = number(range, names, low)?;
            (only, if step.is_some() { high } else { only })
        };
        if first < low || last > high || first > last {
            return None;
        }
        for value in (first..=last).step_by(step.unwrap_or(1) as usize) {
            bits |= 1 << value;
        }
    }
    Some(bits)
}

fn every(text: &str) -> Option<Schedule> {
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let value: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        total += value
            * match &rest[..end] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                _ => return None,
            };
        rest = &rest[end..];
    }
    // Whole seconds, at least one, as the original does.
    Some(Schedule::Every(SignedDuration::from_secs((total as i64).max(1))))
}

impl Schedule {
    /// Reads a schedule without its time zone; `None` when it is none (the API server has checked it).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other => other,
        };
        if let Some(duration) = text.strip_prefix("@every ") {
            return every(duration.trim());
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return None;
        };
        let restricted = |f: &str| !f.starts_with(['*', '?']);
        Some(Self::Calendar {
            minutes: field(minutes, 0, 59, &[])?,
            hours: field(hours, 0, 23, &[])?,
            days: field(days, 1, 31, &[])?,
            months: field(months, 1, 12, &MONTHS)?,
            weekdays: field(weekdays, 0, 6, &DAYS)?,
            by_day: restricted(days),
            by_weekday: restricted(weekdays),
        })
    }

    fn has_day(&self, at: DateTime) -> bool {
        let Self::Calendar { days, months, weekdays, by_day, by_weekday, .. } = self else {
            return true;
        };
        let bit = |bits: u64, value: i8| bits & (1 << value) != 0;
        let day = bit(*days, at.day());
        let weekday = bit(*weekdays, at.weekday().to_sunday_zero_offset());
        // Both restricted: either is enough.
        let either = if *by_day && *by_weekday { day || weekday } else { day && weekday };
        bit(*months, at.month()) && either
    }

    /// The first time after `after`; `None`: never again (within five years).
    #[must_use]
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let (minutes, hours) = match self {
            Self::Every(step) => {
                let whole = Timestamp::from_second(after.as_second()).ok()?;
                return whole.checked_add(*step).ok();
            }
            Self::Calendar { minutes, hours, .. } => (*minutes, *hours),
        };
        let start = after.to_zoned(zone.clone()).datetime();
        let mut at = start.with().second(0).subsec_nanosecond(0).build().ok()?;
        at = at.checked_add(SignedDuration::from_mins(1)).ok()?;
        let last = start.checked_add(SignedDuration::from_hours(24 * 366 * 5)).ok()?;
        while at < last {
            if !self.has_day(at) {
                at = at.with().hour(0).minute(0).build().ok()?.checked_add(SignedDuration::from_hours(24)).ok()?;
            } else if hours & (1 << at.hour()) == 0 {
                at = at.with().minute(0).build().ok()?.checked_add(SignedDuration::from_hours(1)).ok()?;
            } else if minutes & (1 << at.minute()) == 0 {
                at = at.checked_add(SignedDuration::from_mins(1)).ok()?;
            } else {
                let found = at.to_zoned(zone.clone()).ok()?.timestamp();
                if found > after {
                    return Some(found);
                }
                // The hour that the clocks repeat: its first pass is over.
                at = at.checked_add(SignedDuration::from_mins(1)).ok()?;
            }
        }
        None
    }
}
