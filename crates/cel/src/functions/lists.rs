//! Lists, maps and sets.

use std::cmp::Ordering;

use jiff::SignedDuration;

use super::{Answer, numbers};
use crate::{
    error::EvalError,
    value::{List, Value, compare, equal},
};

fn contains(list: &List<'_>, value: &Value<'_>) -> bool {
    list.iter().any(|item| equal(&item, value))
}

fn extreme<'a>(list: &List<'a>, name: &str) -> Result<Value<'a>, EvalError> {
    let wanted = if name == "min" { Ordering::Less } else { Ordering::Greater };
    let mut best: Option<Value<'a>> = None;
    for item in list.iter() {
        let better = match &best {
            None => true,
            Some(best) => compare(&item, best).ok_or(EvalError::NoSuchOverload)? == wanted,
        };
        if better {
            best = Some(item);
        }
    }
    best.ok_or_else(|| EvalError::Argument(format!("{name} called on empty list")))
}

fn sum<'a>(list: &List<'a>) -> Result<Value<'a>, EvalError> {
    let start = match list.get(0) {
        Some(Value::Uint(_)) => Value::Uint(0),
        Some(Value::Double(_)) => Value::Double(0.0),
        Some(Value::Duration(_)) => Value::Duration(SignedDuration::ZERO),
        _ => Value::Int(0),
    };
    list.iter()
        .try_fold(start, |total, item| numbers::call("_+_", &[total, item]).unwrap_or(Err(EvalError::NoSuchOverload)))
}

fn sorted(list: &List<'_>) -> Result<bool, EvalError> {
    for i in 1..list.len() {
        if let (Some(a), Some(b)) = (list.get(i - 1), list.get(i))
            && compare(&a, &b).ok_or(EvalError::NoSuchOverload)? == Ordering::Greater
        {
            return Ok(false);
        }
    }
    Ok(true)
}

fn place<'a>(at: Option<usize>) -> Value<'a> {
    at.map_or(Value::Int(-1), Value::count)
}

pub fn call<'a>(name: &str, method: bool, args: &[Value<'a>]) -> Answer<'a> {
    let within = |a: &List<'a>, b: &List<'a>| b.iter().all(|item| contains(a, &item));
    Some(match (name, args) {
        ("size", [Value::List(list)]) => Ok(Value::count(list.len())),
        ("size", [Value::Map(map)]) => Ok(Value::count(map.len())),
        ("@in", [value, Value::List(list)]) => Ok(Value::Bool(contains(list, value))),
        ("@in", [key, Value::Map(map)]) => Ok(Value::Bool(map.get(key).is_some())),
        ("sets.contains", [Value::List(a), Value::List(b)]) => Ok(Value::Bool(within(a, b))),
        ("sets.equivalent", [Value::List(a), Value::List(b)]) => Ok(Value::Bool(within(a, b) && within(b, a))),
        ("sets.intersects", [Value::List(a), Value::List(b)]) => {
            Ok(Value::Bool(b.iter().any(|item| contains(a, &item))))
        }
        ("isSorted", [Value::List(list)]) if method => sorted(list).map(Value::Bool),
        ("sum", [Value::List(list)]) if method => sum(list),
        ("min" | "max", [Value::List(list)]) if method => extreme(list, name),
        ("indexOf", [Value::List(list), value]) if method => {
            Ok(place(list.iter().position(|item| equal(&item, value))))
        }
        ("lastIndexOf", [Value::List(list), value]) if method => {
            let all: Vec<Value<'a>> = list.iter().collect();
            Ok(place(all.iter().rposition(|item| equal(item, value))))
        }
        _ => return None,
    })
}
