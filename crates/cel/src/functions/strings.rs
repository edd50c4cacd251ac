//! Texts: CEL's own functions, the strings extension, `format`, and regular expressions.

use regex_lite::Regex;

use super::Answer;
use crate::{
    error::EvalError,
    value::{List, Value},
};

fn bad(message: impl Into<String>) -> EvalError {
    EvalError::Argument(message.into())
}

/// A place in a text, in characters.
fn place(n: i64, chars: &[char]) -> Result<usize, EvalError> {
    usize::try_from(n).ok().filter(|n| *n <= chars.len()).ok_or_else(|| bad(format!("index out of range: {n}")))
}

fn regex(pattern: &str) -> Result<Regex, EvalError> {
    Regex::new(pattern).map_err(|e| bad(format!("error parsing regexp: {e}")))
}

fn find_from(text: &[char], part: &[char], from: usize) -> Option<usize> {
    (from..=text.len().checked_sub(part.len())?).find(|i| text[*i..].starts_with(part))
}

fn found<'a>(at: Option<usize>) -> Value<'a> {
    at.map_or(Value::Int(-1), Value::count)
}

fn search<'a>(name: &str, text: &str, part: &str, from: Option<i64>) -> Result<Value<'a>, EvalError> {
    let (text, part): (Vec<char>, Vec<char>) = (text.chars().collect(), part.chars().collect());
    if name == "indexOf" {
        let from = from.map_or(Ok(0), |n| place(n, &text))?;
        return Ok(found(find_from(&text, &part, from)));
    }
    let last = from.map_or(Ok(text.len()), |n| place(n, &text))?;
    let Some(most) = text.len().checked_sub(part.len()) else { return Ok(Value::Int(-1)) };
    Ok(found((0..=most.min(last)).rev().find(|i| text[*i..].starts_with(&part[..]))))
}

fn split<'a>(text: &str, by: &str, limit: i64) -> Value<'a> {
    let parts: Vec<String> = match usize::try_from(limit) {
        Ok(0) => Vec::new(),
        limit if by.is_empty() => {
            let chars: Vec<char> = text.chars().collect();
            let most = limit.unwrap_or(chars.len()).min(chars.len());
            let (single, rest) = chars.split_at(most.saturating_sub(usize::from(most < chars.len())));
            let rest: String = rest.iter().collect();
            let singles = single.iter().map(char::to_string);
            if most < chars.len() {
                singles.chain([rest]).collect()
            } else {
                chars.iter().map(char::to_string).collect()
            }
        }
        Ok(limit) => text.splitn(limit, by).map(str::to_owned).collect(),
        Err(_) => text.split(by).map(str::to_owned).collect(),
    };
    Value::list(parts.into_iter().map(Value::text).collect())
}

fn substring<'a>(text: &str, from: i64, to: Option<i64>) -> Result<Value<'a>, EvalError> {
    let chars: Vec<char> = text.chars().collect();
    let from = place(from, &chars)?;
    let to = to.map_or(Ok(chars.len()), |n| place(n, &chars))?;
    if from > to {
        return Err(bad(format!("invalid substring range. start: {from}, end: {to}")));
    }
    Ok(Value::text(chars[from..to].iter().collect::<String>()))
}

fn join<'a>(list: &List<'a>, by: &str) -> Result<Value<'a>, EvalError> {
    let texts = list.iter().map(|item| match item {
        Value::String(s) => Ok((*s).to_owned()),
        _ => Err(EvalError::NoSuchOverload),
    });
    Ok(Value::text(texts.collect::<Result<Vec<_>, _>>()?.join(by)))
}

fn find_all<'a>(text: &str, pattern: &str, limit: i64) -> Result<Value<'a>, EvalError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let regex = regex(pattern)?;
    Ok(Value::list(regex.find_iter(text).take(limit).map(|m| Value::text(m.as_str())).collect()))
}

fn replace(text: &str, old: &str, new: &str, limit: i64) -> String {
    usize::try_from(limit).map_or_else(|_| text.replace(old, new), |limit| text.replacen(old, new, limit))
}

/// One value for `%s`.
fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".into(),
        Value::List(list) => format!("[{}]", list.iter().map(|v| shown(&v)).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let mut entries: Vec<String> =
                map.entries().iter().map(|(k, v)| format!("{}: {}", shown(k), shown(v))).collect();
            entries.sort();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_text().unwrap_or_default(),
    }
}

fn clause(verb: char, precision: Option<usize>, value: &Value<'_>) -> Option<String> {
    Some(match (verb, value) {
        ('s', value) => shown(value),
        ('d', Value::Int(n)) => n.to_string(),
        ('d', Value::Uint(n)) => n.to_string(),
        ('f', Value::Double(n)) => format!("{n:.*}", precision.unwrap_or(6)),
        ('e', Value::Double(n)) => {
            let text = format!("{n:.*e}", precision.unwrap_or(6));
            let (mantissa, exponent) = text.split_once('e')?;
            let exponent: i32 = exponent.parse().ok()?;
            format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
        }
        ('b', Value::Bool(b)) => u8::from(*b).to_string(),
        ('b', Value::Int(n)) if *n < 0 => format!("-{:b}", n.unsigned_abs()),
        ('b', Value::Int(n)) => format!("{n:b}"),
        ('b', Value::Uint(n)) => format!("{n:b}"),
        ('o', Value::Int(n)) => format!("{n:o}"),
        ('o', Value::Uint(n)) => format!("{n:o}"),
        ('x', Value::Int(n)) => format!("{n:x}"),
        ('x', Value::Uint(n)) => format!("{n:x}"),
        ('X', Value::Int(n)) => format!("{n:X}"),
        ('X', Value::Uint(n)) => format!("{n:X}"),
        ('x' | 'X', Value::String(_) | Value::Bytes(_)) => {
            let bytes = match value {
                Value::Bytes(b) => b.to_vec(),
                other => other.to_text()?.into_bytes(),
            };
            let digit = |b: u8| if verb == 'x' { format!("{b:02x}") } else { format!("{b:02X}") };
            bytes.into_iter().map(digit).collect()
        }
        _ => return None,
    })
}

fn format<'a>(text: &str, args: &List<'a>) -> Result<Value<'a>, EvalError> {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    let mut used = 0;
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut precision = None;
        if chars.peek() == Some(&'.') {
            chars.next();
            let mut digits = String::new();
            while let Some(d) = chars.peek().copied().filter(char::is_ascii_digit) {
                digits.push(d);
                chars.next();
            }
            precision = digits.parse::<usize>().ok().filter(|n| *n <= 1000);
        }
        match chars.next() {
            Some('%') => out.push('%'),
            Some(verb) => {
                let value = args.get(used).ok_or_else(|| bad(format!("index {used} out of range")))?;
                used += 1;
                let wrong = || bad(format!("could not format: %{verb} clause cannot be used on {}", value.type_name()));
                out.push_str(&clause(verb, precision, &value).ok_or_else(wrong)?);
            }
            None => return Err(bad("could not parse formatting clause: unexpected end of string")),
        }
    }
    Ok(Value::text(out))
}

fn method<'a>(name: &str, args: &[Value<'a>]) -> Answer<'a> {
    let (Value::String(text), rest) = args.split_first()? else { return None };
    Some(Ok(match (name, rest) {
        ("contains", [Value::String(part)]) => Value::Bool(text.contains(&**part)),
        ("startsWith", [Value::String(part)]) => Value::Bool(text.starts_with(&**part)),
        ("endsWith", [Value::String(part)]) => Value::Bool(text.ends_with(&**part)),
        ("charAt", [Value::Int(n)]) => {
            let at = usize::try_from(*n).ok().filter(|n| *n <= text.chars().count());
            match at {
                Some(at) => Value::text(text.chars().nth(at).map(String::from).unwrap_or_default()),
                None => return Some(Err(bad(format!("index out of range: {n}")))),
            }
        }
        ("indexOf" | "lastIndexOf", [Value::String(part)]) => return Some(search(name, text, part, None)),
        ("indexOf" | "lastIndexOf", [Value::String(part), Value::Int(n)]) => {
            return Some(search(name, text, part, Some(*n)));
        }
        ("lowerAscii", []) => Value::text(text.to_ascii_lowercase()),
        ("upperAscii", []) => Value::text(text.to_ascii_uppercase()),
        ("trim", []) => Value::text(text.trim()),
        ("reverse", []) => Value::text(text.chars().rev().collect::<String>()),
        ("replace", [Value::String(old), Value::String(new)]) => Value::text(replace(text, old, new, -1)),
        ("replace", [Value::String(old), Value::String(new), Value::Int(n)]) => {
            Value::text(replace(text, old, new, *n))
        }
        ("split", [Value::String(by)]) => split(text, by, -1),
        ("split", [Value::String(by), Value::Int(n)]) => split(text, by, *n),
        ("substring", [Value::Int(from)]) => return Some(substring(text, *from, None)),
        ("substring", [Value::Int(from), Value::Int(to)]) => return Some(substring(text, *from, Some(*to))),
        ("format", [Value::List(args)]) => return Some(format(text, args)),
        ("find", [Value::String(pattern)]) => match regex(pattern) {
            Ok(regex) => Value::text(regex.find(text).map(|m| m.as_str()).unwrap_or_default()),
            Err(e) => return Some(Err(e)),
        },
        ("findAll", [Value::String(pattern)]) => return Some(find_all(text, pattern, -1)),
        ("findAll", [Value::String(pattern), Value::Int(n)]) => return Some(find_all(text, pattern, *n)),
        _ => return None,
    }))
}

pub fn call<'a>(name: &str, is_method: bool, args: &[Value<'a>]) -> Answer<'a> {
    match (name, args) {
        ("size", [Value::String(s)]) => Some(Ok(Value::count(s.chars().count()))),
        ("size", [Value::Bytes(b)]) => Some(Ok(Value::count(b.len()))),
        ("matches", [Value::String(text), Value::String(pattern)]) => {
            Some(regex(pattern).map(|regex| Value::Bool(regex.is_match(text))))
        }
        ("join", [Value::List(list)]) => Some(join(list, "")),
        ("join", [Value::List(list), Value::String(by)]) => Some(join(list, by)),
        _ if is_method => method(name, args),
        _ => None,
    }
}
