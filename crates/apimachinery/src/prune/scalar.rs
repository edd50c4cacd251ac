//! Scalars: their types, their canonical forms, and what Go says about bad ones.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use super::{At, TypeError, go_type, mismatch};
use crate::{
    duration,
    quantity::{Quantity, QuantityError},
    schema::{Node, Schema},
    text::quote,
    time,
};

/// Go's decoder does not mind stray bits behind the last byte.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

pub(super) fn read(node: &Node, value: &mut Value, at: Option<&At<'_>>, schema: Schema<'_>) -> Result<(), TypeError> {
    let wrong = |value: &Value| Err(mismatch(value, &go_type(schema), at));
    match (node, &mut *value) {
        (Node::String, Value::String(_)) | (Node::Boolean, Value::Bool(_)) | (Node::Number, Value::Number(_)) => Ok(()),
        (Node::IntOrString, Value::String(_)) => Ok(()),
        (Node::Integer { bits }, Value::Number(n)) => {
            let fits = n.as_i64().is_some_and(|n| *bits == 64 || i32::try_from(n).is_ok());
            if fits { Ok(()) } else { wrong(value) }
        }
        (Node::IntOrString, Value::Number(n)) => {
            let fits = n.as_i64().is_some_and(|n| i32::try_from(n).is_ok());
            if fits { Ok(()) } else { wrong(value) }
        }
        (Node::Quantity, _) => quantity(value),
        (Node::Time, Value::String(text)) => {
            replace(text, time::seconds(time::parse(text).ok_or_else(|| TypeError(time_error(text)))?));
            Ok(())
        }
        (Node::MicroTime, Value::String(text)) => {
            replace(text, time::micros(time::parse(text).ok_or_else(|| TypeError(time_error(text)))?));
            Ok(())
        }
        (Node::Duration, Value::String(text)) => {
            replace(text, duration::format(duration::parse(text).map_err(|e| TypeError(e.to_string()))?));
            Ok(())
        }
        (Node::Bytes, Value::String(text)) => bytes(text),
        _ => wrong(value),
    }
}

/// Most texts are canonical already.
fn replace(text: &mut String, canonical: String) {
    if *text != canonical {
        *text = canonical;
    }
}

fn quantity(value: &mut Value) -> Result<(), TypeError> {
    let text = match &*value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return Err(TypeError(QuantityError::Format.to_string())),
    };
    let canonical = Quantity::parse(&text).map_err(|e| TypeError(e.to_string()))?.to_string();
    if value.as_str() != Some(canonical.as_str()) {
        *value = Value::String(canonical);
    }
    Ok(())
}

fn bytes(text: &mut String) -> Result<(), TypeError> {
    let clean: String;
    let source = if text.contains(['\r', '\n']) {
        clean = text.replace(['\r', '\n'], "");
        &clean
    } else {
        &*text
    };
    let decoded = BASE64.decode(source).map_err(|e| {
        let at = match e {
            base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => at,
            base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => text.len() / 4 * 4,
        };
        TypeError(format!("illegal base64 data at input byte {at}"))
    })?;
    replace(text, BASE64.encode(decoded));
    Ok(())
}

/// What Go's `time.Parse` says about a text that is no RFC 3339 time.
pub(super) fn time_error(text: &str) -> String {
    const LAYOUT: &str = "2006-01-02T15:04:05Z07:00";
    let whole = quote(text);
    let mut rest = text;
    for (element, digits, range) in [
        ("2006", 4, None),
        ("-", 0, None),
        ("01", 2, Some((1, 12, "month"))),
        ("-", 0, None),
        ("02", 2, None),
        ("T", 0, None),
        ("15", 2, Some((0, 23, "hour"))),
        (":", 0, None),
        ("04", 2, Some((0, 59, "minute"))),
        (":", 0, None),
        ("05", 2, Some((0, 59, "second"))),
    ] {
        let tail = if digits == 0 {
            rest.strip_prefix(element)
        } else {
            rest.get(..digits).filter(|d| d.bytes().all(|b| b.is_ascii_digit())).map(|_| &rest[digits..])
        };
        let Some(tail) = tail else {
            return format!("parsing time {whole} as \"{LAYOUT}\": cannot parse {} as \"{element}\"", quote(rest));
        };
        if let (Some((low, high, name)), Ok(number)) = (range, rest[..digits].parse::<u32>())
            && !(low..=high).contains(&number)
        {
            return format!("parsing time {whole}: {name} out of range");
        }
        rest = tail;
    }
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
        if end > 0 {
            rest = &fraction[end..];
        }
    }
    let zone = rest.len() >= 6 && rest.starts_with(['+', '-']) && rest.is_char_boundary(6);
    let behind = rest.strip_prefix('Z').or_else(|| zone.then(|| &rest[6..]));
    match behind {
        Some("") => format!("parsing time {whole}: day out of range"),
        Some(extra) => format!("parsing time {whole}: extra text: {}", quote(extra)),
        None => format!("parsing time {whole} as \"{LAYOUT}\": cannot parse {} as \"Z07:00\"", quote(rest)),
    }
}
