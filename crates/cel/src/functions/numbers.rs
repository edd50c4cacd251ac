//! Operators on numbers, times and what can be put together.

use std::{cmp::Ordering, sync::Arc};

use super::Answer;
use crate::{
    error::EvalError,
    value::{Value, compare},
};

const INT: &str = "integer";
const UINT: &str = "unsigned integer";

fn int<'a>(n: Option<i64>) -> Result<Value<'a>, EvalError> {
    n.map(Value::Int).ok_or(EvalError::Overflow(INT))
}

fn uint<'a>(n: Option<u64>) -> Result<Value<'a>, EvalError> {
    n.map(Value::Uint).ok_or(EvalError::Overflow(UINT))
}

fn add<'a>(a: &Value<'a>, b: &Value<'a>) -> Answer<'a> {
    Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => int(a.checked_add(*b)),
        (Value::Uint(a), Value::Uint(b)) => uint(a.checked_add(*b)),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a + b)),
        (Value::String(a), Value::String(b)) => Ok(Value::text(format!("{}{}", &**a, &**b))),
        (Value::Bytes(a), Value::Bytes(b)) => Ok(Value::Bytes(Arc::from([&**a, &**b].concat()))),
        (Value::List(a), Value::List(b)) => Ok(Value::list(a.iter().chain(b.iter()).collect())),
        (Value::Duration(a), Value::Duration(b)) => {
            a.checked_add(*b).map(Value::Duration).ok_or(EvalError::Overflow("duration"))
        }
        (Value::Timestamp(at), Value::Duration(d)) | (Value::Duration(d), Value::Timestamp(at)) => {
            at.checked_add(*d).map(Value::Timestamp).map_err(|_| EvalError::Overflow("timestamp"))
        }
        _ => return None,
    })
}

fn subtract<'a>(a: &Value<'a>, b: &Value<'a>) -> Answer<'a> {
    Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => int(a.checked_sub(*b)),
        (Value::Uint(a), Value::Uint(b)) => uint(a.checked_sub(*b)),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a - b)),
        (Value::Duration(a), Value::Duration(b)) => {
            a.checked_sub(*b).map(Value::Duration).ok_or(EvalError::Overflow("duration"))
        }
        (Value::Timestamp(at), Value::Duration(d)) => {
            at.checked_sub(*d).map(Value::Timestamp).map_err(|_| EvalError::Overflow("timestamp"))
        }
        (Value::Timestamp(a), Value::Timestamp(b)) => Ok(Value::Duration(a.duration_since(*b))),
        _ => return None,
    })
}

fn divide<'a>(a: &Value<'a>, b: &Value<'a>, remainder: bool) -> Answer<'a> {
    let zero = if remainder { EvalError::ModulusByZero } else { EvalError::DivisionByZero };
    Some(match (a, b) {
        (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0)) => Err(zero),
        (Value::Int(a), Value::Int(b)) if remainder => int(a.checked_rem(*b)),
        (Value::Int(a), Value::Int(b)) => int(a.checked_div(*b)),
        (Value::Uint(a), Value::Uint(b)) if remainder => uint(a.checked_rem(*b)),
        (Value::Uint(a), Value::Uint(b)) => uint(a.checked_div(*b)),
        (Value::Double(a), Value::Double(b)) if !remainder => Ok(Value::Double(a / b)),
        _ => return None,
    })
}

fn multiply<'a>(a: &Value<'a>, b: &Value<'a>) -> Answer<'a> {
    Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => int(a.checked_mul(*b)),
        (Value::Uint(a), Value::Uint(b)) => uint(a.checked_mul(*b)),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a * b)),
        _ => return None,
    })
}

fn ordered<'a>(a: &Value<'a>, b: &Value<'a>, fits: fn(Ordering) -> bool) -> Answer<'a> {
    match (a, b) {
        // Not a number is in no order with any.
        (Value::Double(n), _) | (_, Value::Double(n)) if n.is_nan() => Some(Ok(Value::Bool(false))),
        _ => compare(a, b).map(|order| Ok(Value::Bool(fits(order)))),
    }
}

pub fn call<'a>(name: &str, args: &[Value<'a>]) -> Answer<'a> {
    match (name, args) {
        ("!_", [Value::Bool(b)]) => Some(Ok(Value::Bool(!b))),
        ("-_", [Value::Int(n)]) => Some(int(n.checked_neg())),
        ("-_", [Value::Double(n)]) => Some(Ok(Value::Double(-n))),
        ("-_", [Value::Duration(d)]) => Some(Ok(Value::Duration(-*d))),
        ("_+_", [a, b]) => add(a, b),
        ("_-_", [a, b]) => subtract(a, b),
        ("_*_", [a, b]) => multiply(a, b),
        ("_/_", [a, b]) => divide(a, b, false),
        ("_%_", [a, b]) => divide(a, b, true),
        ("_<_", [a, b]) => ordered(a, b, Ordering::is_lt),
        ("_<=_", [a, b]) => ordered(a, b, Ordering::is_le),
        ("_>_", [a, b]) => ordered(a, b, Ordering::is_gt),
        ("_>=_", [a, b]) => ordered(a, b, Ordering::is_ge),
        _ => None,
    }
}
