//! From one type to another.

use std::sync::Arc;

use base64::Engine as _;
use jiff::Timestamp;

use super::Answer;
use crate::{error::EvalError, value::Value};

fn bad(message: String) -> EvalError {
    EvalError::Argument(message)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "the range is checked before")]
fn int<'a>(value: &Value<'a>) -> Answer<'a> {
    let overflow = || EvalError::Overflow("integer");
    Some(match value {
        Value::Int(n) => Ok(Value::Int(*n)),
        Value::Uint(n) => i64::try_from(*n).map(Value::Int).map_err(|_| overflow()),
        Value::Double(n) if n.is_finite() && *n > i64::MIN as f64 && *n < i64::MAX as f64 => Ok(Value::Int(*n as i64)),
        Value::Double(_) => Err(overflow()),
        Value::String(s) => {
            s.parse().map(Value::Int).map_err(|_| bad(format!("strconv.ParseInt: parsing {:?}: invalid syntax", &**s)))
        }
        Value::Timestamp(at) => Ok(Value::Int(at.as_second())),
        _ => return None,
    })
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the range is checked before"
)]
fn uint<'a>(value: &Value<'a>) -> Answer<'a> {
    let overflow = || EvalError::Overflow("unsigned integer");
    Some(match value {
        Value::Uint(n) => Ok(Value::Uint(*n)),
        Value::Int(n) => u64::try_from(*n).map(Value::Uint).map_err(|_| overflow()),
        Value::Double(n) if *n >= 0.0 && *n < u64::MAX as f64 => Ok(Value::Uint(*n as u64)),
        Value::Double(_) => Err(overflow()),
        Value::String(s) => s
            .parse()
            .map(Value::Uint)
            .map_err(|_| bad(format!("strconv.ParseUint: parsing {:?}: invalid syntax", &**s))),
        _ => return None,
    })
}

#[allow(clippy::cast_precision_loss, reason = "as CEL does it")]
fn double<'a>(value: &Value<'a>) -> Answer<'a> {
    Some(match value {
        Value::Double(n) => Ok(Value::Double(*n)),
        Value::Int(n) => Ok(Value::Double(*n as f64)),
        Value::Uint(n) => Ok(Value::Double(*n as f64)),
        Value::String(s) => s
            .parse()
            .map(Value::Double)
            .map_err(|_| bad(format!("strconv.ParseFloat: parsing {:?}: invalid syntax", &**s))),
        _ => return None,
    })
}

fn boolean<'a>(text: &str) -> Result<Value<'a>, EvalError> {
    match text {
        "true" | "True" | "TRUE" | "t" | "T" | "1" => Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" | "f" | "F" | "0" => Ok(Value::Bool(false)),
        _ => Err(bad(format!("strconv.ParseBool: parsing {text:?}: invalid syntax"))),
    }
}

fn timestamp<'a>(text: &str) -> Result<Value<'a>, EvalError> {
    text.parse::<Timestamp>().map(Value::Timestamp).map_err(|_| bad(format!("parsing time {text:?}: cannot parse")))
}

pub fn call<'a>(name: &str, args: &[Value<'a>]) -> Answer<'a> {
    match (name, args) {
        ("int", [value]) => int(value),
        ("uint", [value]) => uint(value),
        ("double", [value]) => double(value),
        ("bool", [Value::Bool(b)]) => Some(Ok(Value::Bool(*b))),
        ("bool", [Value::String(s)]) => Some(boolean(s)),
        ("string", [value @ Value::String(_)]) => Some(Ok(value.clone())),
        ("string", [value]) => value.to_text().map(|text| Ok(Value::text(text))),
        ("bytes", [Value::String(s)]) => Some(Ok(Value::Bytes(Arc::from(s.as_bytes())))),
        ("bytes", [value @ Value::Bytes(_)]) => Some(Ok(value.clone())),
        ("type", [value]) => Some(Ok(Value::Type(Arc::from(value.type_name())))),
        ("timestamp", [Value::String(s)]) => Some(timestamp(s)),
        ("timestamp", [Value::Int(n)]) => {
            Some(Timestamp::from_second(*n).map(Value::Timestamp).map_err(|_| EvalError::Overflow("timestamp")))
        }
        ("timestamp", [value @ Value::Timestamp(_)]) | ("duration", [value @ Value::Duration(_)]) => {
            Some(Ok(value.clone()))
        }
        ("duration", [Value::String(s)]) => {
            Some(apimachinery::duration::parse(s).map(Value::Duration).map_err(|e| bad(e.to_string())))
        }
        ("base64.encode", [Value::Bytes(b)]) => {
            Some(Ok(Value::text(base64::engine::general_purpose::STANDARD.encode(b))))
        }
        ("base64.decode", [Value::String(s)]) => {
            let padded = base64::engine::general_purpose::STANDARD.decode(&**s);
            let decoded = padded.or_else(|_| base64::engine::general_purpose::STANDARD_NO_PAD.decode(&**s));
            Some(decoded.map(|b| Value::Bytes(Arc::from(b))).map_err(|e| bad(e.to_string())))
        }
        _ => None,
    }
}
