//! Parts of times and spans.

use jiff::{Timestamp, tz::TimeZone};

use super::Answer;
use crate::{error::EvalError, value::Value};

/// A zone by name (those of the system) or as an offset, `-02:00`.
fn zone(name: &str) -> Result<TimeZone, EvalError> {
    let bad = || EvalError::Argument(format!("unknown time zone {name}"));
    if matches!(name, "" | "UTC") {
        return Ok(TimeZone::UTC);
    }
    let (sign, rest) = match name.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, name.strip_prefix('+').unwrap_or(name)),
    };
    if let Some((hours, minutes)) = rest.split_once(':') {
        let (hours, minutes): (i32, i32) = (hours.parse().map_err(|_| bad())?, minutes.parse().map_err(|_| bad())?);
        let offset = jiff::tz::Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).map_err(|_| bad())?;
        return Ok(offset.to_time_zone());
    }
    Err(bad())
}

fn part(name: &str, at: Timestamp, zone: TimeZone) -> Option<i64> {
    let at = at.to_zoned(zone);
    Some(i64::from(match name {
        "getFullYear" => at.year(),
        "getMonth" => i16::from(at.month()) - 1,
        "getDate" => i16::from(at.day()),
        "getDayOfMonth" => i16::from(at.day()) - 1,
        "getDayOfWeek" => i16::from(at.weekday().to_sunday_zero_offset()),
        "getDayOfYear" => at.day_of_year() - 1,
        "getHours" => i16::from(at.hour()),
        "getMinutes" => i16::from(at.minute()),
        "getSeconds" => i16::from(at.second()),
        "getMilliseconds" => at.millisecond(),
        _ => return None,
    }))
}

pub fn call<'a>(name: &str, args: &[Value<'a>]) -> Answer<'a> {
    match args {
        [Value::Timestamp(at)] => part(name, *at, TimeZone::UTC).map(|n| Ok(Value::Int(n))),
        [Value::Timestamp(at), Value::String(named)] => match zone(named) {
            Ok(zone) => part(name, *at, zone).map(|n| Ok(Value::Int(n))),
            Err(e) => Some(Err(e)),
        },
        [Value::Duration(d)] => Some(Ok(Value::Int(match name {
            "getHours" => d.as_hours(),
            "getMinutes" => d.as_mins(),
            "getSeconds" => d.as_secs(),
            "getMilliseconds" => i64::from(d.subsec_millis()),
            _ => return None,
        }))),
        _ => None,
    }
}
