//! Columns of custom resources: simple JSON paths.

use super::Of;
use apimachinery::time;
use jiff::Timestamp;
use serde_json::Value;

/// Cells of a custom resource: its name, then one per (type, JSON path).
#[must_use]
pub(super) fn custom_row(columns: &[(String, String)], object: &Value, now: Timestamp) -> Vec<Value> {
    let of = Of { object, now };
    let mut cells = vec![of.name()];
    cells.extend(columns.iter().map(|(kind, path)| cell(kind, find(object, path).unwrap_or(&Value::Null), now)));
    cells
}

fn cell(kind: &str, value: &Value, now: Timestamp) -> Value {
    match (kind, value) {
        (_, Value::Null) => Value::Null,
        ("integer", Value::Number(n)) => {
            n.as_i64().map_or_else(|| n.as_f64().map_or(Value::Null, truncated), Value::from)
        }
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) | ("string", Value::String(_)) => value.clone(),
        ("string", other) => other.to_string().into(),
        ("date", Value::String(at)) => {
            time::parse(at).map_or_else(|| "<invalid>".into(), |at| super::human(at, now).into())
        }
        _ => Value::Null,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "an integer column of a fractional number shows its whole part")]
fn truncated(number: f64) -> Value {
    (number as i64).into()
}

/// `.spec.a`, `.spec['a']`, `.status.list[0]`, `.status.conditions[?(@.type=="Ready")].status`.
fn find<'v>(object: &'v Value, path: &str) -> Option<&'v Value> {
    let (mut at, mut rest) = (object, path.strip_prefix('$').unwrap_or(path));
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('[') {
            let (inside, tail) = tail.split_once(']')?;
            at = step(at, inside)?;
            rest = tail;
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let end = end_of_name(rest);
            let name = rest[..end].replace("\\.", ".");
            at = at.get(&name)?;
            rest = &rest[end..];
        }
    }
    Some(at)
}

fn end_of_name(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            '.' | '[' if !escaped => return at,
            _ => escaped = false,
        }
    }
    text.len()
}

fn step<'v>(at: &'v Value, inside: &str) -> Option<&'v Value> {
    if let Some(filter) = inside.strip_prefix("?(@.").and_then(|f| f.strip_suffix(')')) {
        let (field, wanted) = filter.split_once("==")?;
        let wanted = wanted.trim().trim_matches(['"', '\'']);
        return at.as_array()?.iter().find(|item| item[field.trim()] == wanted);
    }
    match inside.trim().parse::<i64>() {
        Ok(n) if n < 0 => at.as_array().and_then(|a| a.get(a.len().checked_sub(usize::try_from(-n).ok()?)?)),
        Ok(n) => at.get(usize::try_from(n).ok()?),
        Err(_) if inside == "*" => at.get(0),
        Err(_) => at.get(inside.trim_matches(['"', '\''])),
    }
}
