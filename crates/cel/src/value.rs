//! Values. JSON is looked at where it lies, not copied.

use std::{cmp::Ordering, net::IpAddr, ops::Deref, sync::Arc};

use apimachinery::quantity::Quantity;
use base64::Engine as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map as JsonMap, Value as Json};

use crate::{authorizer::Check, error::EvalError, url::Url};

/// A text.
#[derive(Debug, Clone)]
pub enum Text<'a> {
    /// Of the input.
    Borrowed(&'a str),
    /// Made here, or a literal.
    Shared(Arc<str>),
}

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        match self {
            Text::Borrowed(text) => text,
            Text::Shared(text) => text,
        }
    }
}

/// A list.
#[derive(Debug, Clone)]
pub enum List<'a> {
    /// Of the input.
    Json(&'a [Json]),
    /// Made here.
    Own(Arc<Vec<Value<'a>>>),
}

impl<'a> List<'a> {
    /// How many items.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            List::Json(items) => items.len(),
            List::Own(items) => items.len(),
        }
    }

    /// None?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An item.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        match self {
            List::Json(items) => items.get(index).map(Value::from_json),
            List::Own(items) => items.get(index).cloned(),
        }
    }

    /// All items.
    pub fn iter(&self) -> impl Iterator<Item = Value<'a>> + '_ {
        (0..self.len()).filter_map(|i| self.get(i))
    }
}

/// A map.
#[derive(Debug, Clone)]
pub enum Map<'a> {
    /// Of the input.
    Json(&'a JsonMap<String, Json>),
    /// Made here, in the order in which it was written.
    Own(Arc<Vec<(Value<'a>, Value<'a>)>>),
}

impl<'a> Map<'a> {
    /// How many entries.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Map::Json(entries) => entries.len(),
            Map::Own(entries) => entries.len(),
        }
    }

    /// None?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &Value<'a>) -> Option<Value<'a>> {
        match (self, key) {
            (Map::Json(entries), Value::String(key)) => entries.get(&**key).map(Value::from_json),
            (Map::Json(_), _) => None,
            (Map::Own(entries), key) => entries.iter().find(|(k, _)| equal(k, key)).map(|(_, v)| v.clone()),
        }
    }

    /// The value of a text key.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<Value<'a>> {
        match self {
            Map::Json(entries) => entries.get(key).map(Value::from_json),
            Map::Own(entries) => {
                entries.iter().find(|(k, _)| matches!(k, Value::String(k) if **k == *key)).map(|(_, v)| v.clone())
            }
        }
    }

    /// All entries.
    #[must_use]
    pub fn entries(&self) -> Vec<(Value<'a>, Value<'a>)> {
        match self {
            Map::Json(entries) => {
                entries.iter().map(|(k, v)| (Value::String(Text::Borrowed(k)), Value::from_json(v))).collect()
            }
            Map::Own(entries) => entries.to_vec(),
        }
    }
}

/// A value.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i64),
    /// `uint`.
    Uint(u64),
    /// `double`.
    Double(f64),
    /// `string`.
    String(Text<'a>),
    /// `bytes`.
    Bytes(Arc<[u8]>),
    /// A list.
    List(List<'a>),
    /// A map, or an object of the input.
    Map(Map<'a>),
    /// An object that was made here, with the name of its type.
    Object(Arc<str>, Arc<Vec<(String, Value<'a>)>>),
    /// A point in time.
    Timestamp(Timestamp),
    /// A span of time.
    Duration(SignedDuration),
    /// A type, by its name.
    Type(Arc<str>),
    /// A value that may be absent.
    Optional(Option<Box<Value<'a>>>),
    /// `kubernetes.Quantity`.
    Quantity(Arc<Quantity>),
    /// `kubernetes.URL`.
    Url(Arc<Url>),
    /// `net.IP`.
    Ip(IpAddr),
    /// `net.CIDR`.
    Cidr(IpAddr, u8),
    /// A question to the authorizer, as far as it is asked, or its answer.
    Authorizer(Arc<Check<'a>>),
}

impl<'a> Value<'a> {
    /// A value of the input.
    #[must_use]
    pub fn from_json(json: &'a Json) -> Self {
        match json {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(n) => match (n.as_i64(), n.as_u64()) {
                (Some(n), _) => Value::Int(n),
                (None, Some(n)) => Value::Uint(n),
                (None, None) => Value::Double(n.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(s) => Value::String(Text::Borrowed(s)),
            Json::Array(items) => Value::List(List::Json(items)),
            Json::Object(entries) => Value::Map(Map::Json(entries)),
        }
    }

    /// A text made here.
    #[must_use]
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Value::String(Text::Shared(text.into()))
    }

    /// A list made here.
    #[must_use]
    pub fn list(items: Vec<Value<'a>>) -> Self {
        Value::List(List::Own(Arc::new(items)))
    }

    /// A number of things.
    #[must_use]
    pub fn count(n: usize) -> Self {
        Value::Int(i64::try_from(n).unwrap_or(i64::MAX))
    }

    /// A value that is there.
    #[must_use]
    pub fn some(value: Value<'a>) -> Self {
        Value::Optional(Some(Box::new(value)))
    }

    /// As JSON.
    ///
    /// # Errors
    /// It has no such form.
    pub fn to_json(&self) -> Result<Json, EvalError> {
        let no = |what: &str| Err(EvalError::Argument(format!("type conversion error from '{what}' to JSON")));
        Ok(match self {
            Value::Null | Value::Optional(None) => Json::Null,
            Value::Bool(b) => (*b).into(),
            Value::Int(n) => (*n).into(),
            Value::Uint(n) => (*n).into(),
            Value::Double(n) => (*n).into(),
            Value::String(s) => (**s).into(),
            Value::Bytes(b) => base64::engine::general_purpose::STANDARD.encode(b).into(),
            Value::List(List::Json(items)) => Json::Array(items.to_vec()),
            Value::List(list) => list.iter().map(|v| v.to_json()).collect::<Result<Vec<_>, _>>()?.into(),
            Value::Map(Map::Json(entries)) => Json::Object((*entries).clone()),
            Value::Map(map) => {
                let mut out = JsonMap::new();
                for (key, value) in map.entries() {
                    out.insert(key.to_text().ok_or(EvalError::NoSuchOverload)?, value.to_json()?);
                }
                Json::Object(out)
            }
            Value::Object(_, fields) => {
                let mut out = JsonMap::new();
                for (name, value) in fields.iter() {
                    out.insert(name.clone(), value.to_json()?);
                }
                Json::Object(out)
            }
            Value::Timestamp(at) => at.to_string().into(),
            Value::Duration(d) => duration_text(*d).into(),
            Value::Optional(Some(value)) => value.to_json()?,
            other => return no(other.type_name()),
        })
    }

    /// As `string()` shows it; `None`: it has no text.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        Some(match self {
            Value::Bool(b) => b.to_string(),
            Value::Int(n) => n.to_string(),
            Value::Uint(n) => n.to_string(),
            Value::Double(n) => double_text(*n),
            Value::String(s) => (**s).to_owned(),
            Value::Bytes(b) => String::from_utf8(b.to_vec()).ok()?,
            Value::Timestamp(at) => at.to_string(),
            Value::Duration(d) => duration_text(*d),
            Value::Ip(ip) => ip.to_string(),
            Value::Cidr(ip, bits) => format!("{ip}/{bits}"),
            Value::Quantity(q) => q.to_string(),
            Value::Type(name) => name.to_string(),
            _ => return None,
        })
    }

    /// The name of its type.
    #[must_use]
    pub fn type_name(&self) -> &str {
        match self {
            Value::Null => "null_type",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Uint(_) => "uint",
            Value::Double(_) => "double",
            Value::String(_) => "string",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "list",
            Value::Map(_) => "map",
            Value::Object(name, _) => name,
            Value::Timestamp(_) => "google.protobuf.Timestamp",
            Value::Duration(_) => "google.protobuf.Duration",
            Value::Type(_) => "type",
            Value::Optional(_) => "optional_type",
            Value::Quantity(_) => "kubernetes.Quantity",
            Value::Url(_) => "kubernetes.URL",
            Value::Ip(_) => "net.IP",
            Value::Cidr(..) => "net.CIDR",
            Value::Authorizer(check) => check.type_name(),
        }
    }

    /// Is it the empty value of its type?
    #[must_use]
    pub fn is_zero(&self) -> bool {
        match self {
            Value::Null | Value::Optional(None) => true,
            Value::Bool(b) => !b,
            Value::Int(n) => *n == 0,
            Value::Uint(n) => *n == 0,
            Value::Double(n) => *n == 0.0,
            Value::String(s) => s.is_empty(),
            Value::Bytes(b) => b.is_empty(),
            Value::List(list) => list.is_empty(),
            Value::Map(map) => map.is_empty(),
            Value::Object(_, fields) => fields.is_empty(),
            Value::Duration(d) => d.is_zero(),
            _ => false,
        }
    }

    /// How much work it is to go through it.
    #[must_use]
    pub fn size(&self) -> u64 {
        let n = match self {
            Value::String(s) => s.len(),
            Value::Bytes(b) => b.len(),
            Value::List(list) => list.len(),
            Value::Map(map) => map.len(),
            _ => 1,
        };
        u64::try_from(n).unwrap_or(u64::MAX)
    }
}

fn duration_text(d: SignedDuration) -> String {
    let nanos = d.subsec_nanos().unsigned_abs();
    let sign = if d.is_negative() { "-" } else { "" };
    let seconds = d.as_secs().unsigned_abs();
    if nanos == 0 {
        return format!("{sign}{seconds}s");
    }
    let fraction = format!("{nanos:09}");
    format!("{sign}{seconds}.{}s", fraction.trim_end_matches('0'))
}

fn double_text(n: f64) -> String {
    if n.is_infinite() {
        return if n > 0.0 { "+Inf".into() } else { "-Inf".into() };
    }
    let exponent = if n == 0.0 { 0.0 } else { n.abs().log10().floor() };
    if (-4.0..21.0).contains(&exponent) { n.to_string() } else { format!("{n:e}") }
}

/// Are two values equal? Numbers of different kinds are, when they are the same number.
#[must_use]
pub fn equal(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::String(a), Value::String(b)) => **a == **b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Int(_) | Value::Uint(_) | Value::Double(_), Value::Int(_) | Value::Uint(_) | Value::Double(_)) => {
            compare(a, b) == Some(Ordering::Equal)
        }
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(&a, &b)),
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.entries().iter().all(|(k, v)| b.entries().iter().any(|(l, w)| equal(k, l) && equal(v, w)))
        }
        (Value::Object(n, a), Value::Object(m, b)) => {
            n == m && a.len() == b.len() && a.iter().all(|(k, v)| b.iter().any(|(l, w)| k == l && equal(v, w)))
        }
        (Value::Timestamp(a), Value::Timestamp(b)) => a == b,
        (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::Type(a), Value::Type(b)) => a == b,
        (Value::Optional(a), Value::Optional(b)) => match (a, b) {
            (None, None) => true,
            (Some(a), Some(b)) => equal(a, b),
            _ => false,
        },
        (Value::Quantity(a), Value::Quantity(b)) => a == b,
        (Value::Url(a), Value::Url(b)) => a == b,
        (Value::Ip(a), Value::Ip(b)) => a == b,
        (Value::Cidr(a, n), Value::Cidr(b, m)) => a == b && n == m,
        _ => false,
    }
}

/// The order of two values; `None`: they have none.
#[must_use]
pub fn compare(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    #[allow(clippy::cast_precision_loss, reason = "a whole number beside a double is compared as a double")]
    Some(match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Uint(a), Value::Uint(b)) => a.cmp(b),
        (Value::Int(a), Value::Uint(b)) => i128::from(*a).cmp(&i128::from(*b)),
        (Value::Uint(a), Value::Int(b)) => i128::from(*a).cmp(&i128::from(*b)),
        (Value::Double(a), Value::Double(b)) => return a.partial_cmp(b),
        (Value::Double(a), Value::Int(b)) => return a.partial_cmp(&(*b as f64)),
        (Value::Int(a), Value::Double(b)) => return (*a as f64).partial_cmp(b),
        (Value::Double(a), Value::Uint(b)) => return a.partial_cmp(&(*b as f64)),
        (Value::Uint(a), Value::Double(b)) => return (*a as f64).partial_cmp(b),
        (Value::String(a), Value::String(b)) => (**a).cmp(&**b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        _ => return None,
    })
}
