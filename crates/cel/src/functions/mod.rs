//! The functions. Each file answers for some values, and gives the call back (`None`) where it is not about them.

mod convert;
mod kubernetes;
mod lists;
mod numbers;
mod strings;
mod time;

use crate::{
    error::EvalError,
    value::{Value, equal},
};

/// An answer, or `None`: not one of mine.
type Answer<'a> = Option<Result<Value<'a>, EvalError>>;

/// Functions with a dot in their names, which are no methods.
const SPACED: [&str; 10] = [
    "optional.of",
    "optional.ofNonZeroValue",
    "optional.none",
    "sets.contains",
    "sets.equivalent",
    "sets.intersects",
    "ip.isCanonical",
    "jsonpatch.escapeKey",
    "base64.encode",
    "base64.decode",
];

/// The name of a function in a name space.
pub fn spaced(space: &str, function: &str) -> Option<&'static str> {
    SPACED.into_iter().find(|name| name.split_once('.') == Some((space, function)))
}

/// What a call costs beside its arguments.
pub fn cost(name: &str, args: &[Value<'_>]) -> u64 {
    let size = |i: usize| args.get(i).map_or(0, Value::size);
    let tenth = |n: u64| n.div_ceil(10);
    match name {
        "matches" | "find" | "findAll" => (tenth(size(0))).saturating_mul(size(1).div_ceil(4)).max(1),
        "_==_" | "_!=_" | "_+_" => tenth(size(0).min(size(1))).max(1),
        "@in" => size(1),
        "sets.contains" | "sets.equivalent" | "sets.intersects" => size(0).saturating_mul(size(1)),
        _ => tenth(size(0)).max(1),
    }
}

fn optional<'a>(name: &str, method: bool, args: &[Value<'a>]) -> Answer<'a> {
    Some(Ok(match (name, method, args) {
        ("optional.of", false, [value]) => Value::some(value.clone()),
        ("optional.ofNonZeroValue", false, [value]) if value.is_zero() => Value::Optional(None),
        ("optional.ofNonZeroValue", false, [value]) => Value::some(value.clone()),
        ("optional.none", false, []) => Value::Optional(None),
        ("hasValue", true, [Value::Optional(of)]) => Value::Bool(of.is_some()),
        ("value", true, [Value::Optional(Some(of))]) => (**of).clone(),
        ("value", true, [Value::Optional(None)]) => return Some(Err(EvalError::NoneDereference)),
        ("or", true, [Value::Optional(None), other]) => other.clone(),
        ("or", true, [some @ Value::Optional(_), _]) => some.clone(),
        ("orValue", true, [Value::Optional(of), other]) => {
            of.as_ref().map_or_else(|| other.clone(), |value| (**value).clone())
        }
        _ => return None,
    }))
}

/// Calls a function; of a method, the first argument is what it is called on.
pub fn call<'a>(name: &str, method: bool, args: &[Value<'a>]) -> Result<Value<'a>, EvalError> {
    match (name, args) {
        ("_==_", [a, b]) => return Ok(Value::Bool(equal(a, b))),
        ("_!=_", [a, b]) => return Ok(Value::Bool(!equal(a, b))),
        ("dyn", [value]) => return Ok(value.clone()),
        (method_name, [Value::Authorizer(check), rest @ ..]) if method => return check.call(method_name, rest),
        _ => {}
    }
    numbers::call(name, args)
        .or_else(|| convert::call(name, args))
        .or_else(|| strings::call(name, method, args))
        .or_else(|| lists::call(name, method, args))
        .or_else(|| optional(name, method, args))
        .or_else(|| time::call(name, args))
        .or_else(|| kubernetes::call(name, method, args))
        .unwrap_or(Err(EvalError::NoSuchOverload))
}
