//! Cron schedules in the standard form: five fields, or a descriptor.

/// The bounds of the fields and the names they allow.
const FIELDS: [(u32, u32, &[&str]); 5] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    (0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];

/// Is it a schedule? If not, why, in the words that Kubernetes' clients know.
///
/// # Errors
/// The message for the user.
pub fn check(schedule: &str) -> Result<(), String> {
    let mut rest = schedule;
    if rest.is_empty() {
        return Err("empty spec string".into());
    }
    if rest.starts_with("TZ=") || rest.starts_with("CRON_TZ=") {
        rest = rest.split_once(' ').map_or("", |(_, r)| r).trim();
    }
    if let Some(name) = rest.strip_prefix('@') {
        return descriptor(name, rest);
    }
    let fields: Vec<&str> = rest.split_whitespace().collect();
    if fields.len() != 5 {
        return Err(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
    }
    fields.iter().zip(FIELDS).try_for_each(|(text, (low, high, names))| field(text, low, high, names))
}

fn descriptor(name: &str, whole: &str) -> Result<(), String> {
    match name {
        "yearly" | "annually" | "monthly" | "weekly" | "daily" | "midnight" | "hourly" => Ok(()),
        _ => match name.strip_prefix("every ") {
            Some(duration) if apimachinery::duration::parse(duration).is_ok() => Ok(()),
            Some(_) => Err(format!("failed to parse duration {whole}: time: invalid duration")),
            None => Err(format!("unrecognized descriptor: {whole}")),
        },
    }
}

fn field(text: &str, low: u32, high: u32, names: &[&str]) -> Result<(), String> {
    text.split(',').try_for_each(|part| range(part, low, high, names))
}

fn range(text: &str, low: u32, high: u32, names: &[&str]) -> Result<(), String> {
    let parts: Vec<&str> = text.split('/').collect();
    let ends: Vec<&str> = parts[0].split('-').collect();
    let (start, mut end) = if matches!(ends[0], "*" | "?") {
        (low, high)
    } else {
        let start = number(ends[0], names, low)?;
        match ends.len() {
            1 => (start, start),
            2 => (start, number(ends[1], names, low)?),
            _ => return Err(format!("too many hyphens: {text}")),
        }
    };
    match parts.len() {
        1 => {}
        2 => {
            if number(parts[1], &[], 0)? == 0 {
                return Err(format!("step of range should be a positive number: {text}"));
            }
            if ends.len() == 1 {
                end = high;
            }
        }
        _ => return Err(format!("too many slashes: {text}")),
    }
    if start < low {
        return Err(format!("beginning of range ({start}) below minimum ({low}): {text}"));
    }
    if end > high {
        return Err(format!("end of range ({end}) above maximum ({high}): {text}"));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
    }
    Ok(())
}

fn number(text: &str, names: &[&str], first: u32) -> Result<u32, String> {
    if let Some(at) = names.iter().position(|n| n.eq_ignore_ascii_case(text)) {
        return Ok(first + u32::try_from(at).unwrap_or_default());
    }
    match text.parse::<i64>() {
        Ok(n) if n < 0 => Err(format!("negative number ({n}) not allowed: {text}")),
        Ok(n) => u32::try_from(n).map_err(|_| {
            format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: value out of range")
        }),
        Err(_) => Err(format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax")),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn schedules() {
        for good in ["* * * * *", "*/5 0-6 1,15 jan-mar mon", "@hourly", "@every 1h30m", "0 0 ? * 0"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("a b c", "expected exactly 5 fields, found 3: [a b c]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"),
            ("@never", "unrecognized descriptor: @never"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
        ] {
            assert_eq!(check(bad), Err(why.into()), "{bad}");
        }
    }
}
