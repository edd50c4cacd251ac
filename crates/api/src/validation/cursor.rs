//! A value together with where it is, and the list of what is wrong: the two things that every check passes on.

use apimachinery::field::{FieldError, Path};
use apimachinery::names;
use apimachinery::quantity::Quantity;
use serde_json::Value;

pub(super) const NEGATIVE: &str = "must be greater than or equal to 0";
pub(super) const NOT_POSITIVE: &str = "must be greater than zero";
pub(super) const IMMUTABLE: &str = "field is immutable";

static NULL: Value = Value::Null;

/// A value and its path.
#[derive(Clone)]
pub(super) struct At<'v> {
    pub(super) value: &'v Value,
    pub(super) path: Path,
}

impl<'v> At<'v> {
    /// A field of the object itself.
    pub(super) fn root(object: &'v Value, field: &str) -> Self {
        At { value: object.get(field).unwrap_or(&NULL), path: Path::new(field) }
    }

    pub(super) fn new(value: &'v Value, path: Path) -> Self {
        At { value, path }
    }

    pub(super) fn child(&self, field: &str) -> Self {
        At { value: self.value.get(field).unwrap_or(&NULL), path: self.path.child(field) }
    }

    /// Several steps down.
    pub(super) fn down(&self, fields: &[&str]) -> Self {
        fields.iter().fold(self.clone(), |at, field| at.child(field))
    }

    pub(super) fn items(&self) -> impl Iterator<Item = At<'v>> + use<'v> {
        let path = self.path.clone();
        crate::access::items(self.value).iter().enumerate().map(move |(i, value)| At { value, path: path.index(i) })
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&'v String, At<'v>)> + use<'v> {
        let path = self.path.clone();
        self.value.as_object().into_iter().flatten().map(move |(key, value)| (key, At { value, path: path.key(key) }))
    }

    pub(super) fn text(&self) -> &'v str {
        self.value.as_str().unwrap_or_default()
    }

    /// The text of a field.
    pub(super) fn get(&self, field: &str) -> &'v str {
        self.value.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// A field.
    pub(super) fn field(&self, field: &str) -> &'v Value {
        self.value.get(field).unwrap_or(&NULL)
    }

    pub(super) fn flag(&self, field: &str) -> bool {
        self.field(field).as_bool().unwrap_or_default()
    }

    pub(super) fn whole(&self) -> i64 {
        self.value.as_i64().unwrap_or_default()
    }

    pub(super) fn count(&self) -> usize {
        crate::access::count(self.value)
    }

    pub(super) fn is_absent(&self) -> bool {
        self.value.is_null()
    }

    pub(super) fn has(&self, field: &str) -> bool {
        !self.field(field).is_null()
    }

    pub(super) fn quantity(&self) -> Option<Quantity> {
        quantity(self.value)
    }
}

/// A quantity; a number is one too.
pub(super) fn quantity(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(s) => Quantity::parse(s).ok(),
        Value::Number(n) => Quantity::parse(&n.to_string()).ok(),
        _ => None,
    }
}

/// What is wrong.
#[derive(Default)]
pub(super) struct Report {
    pub(super) errors: Vec<FieldError>,
}

impl Report {
    pub(super) fn push(&mut self, error: FieldError) {
        self.errors.push(error);
    }

    pub(super) fn required(&mut self, at: &At<'_>, detail: &str) {
        self.push(FieldError::required(&at.path, detail));
    }

    pub(super) fn invalid(&mut self, at: &At<'_>, detail: impl Into<String>) {
        self.push(FieldError::invalid(&at.path, at.value.clone(), detail));
    }

    pub(super) fn invalid_value(&mut self, at: &At<'_>, value: impl Into<Value>, detail: impl Into<String>) {
        self.push(FieldError::invalid(&at.path, value, detail));
    }

    pub(super) fn forbidden(&mut self, at: &At<'_>, detail: impl Into<String>) {
        self.push(FieldError::forbidden(&at.path, detail));
    }

    pub(super) fn duplicate(&mut self, at: &At<'_>, value: impl Into<Value>) {
        self.push(FieldError::duplicate(&at.path, value));
    }

    pub(super) fn not_supported(&mut self, at: &At<'_>, allowed: &[&str]) {
        // An absent string is an empty one in upstream's types.
        let value = if at.is_absent() { Value::from("") } else { at.value.clone() };
        self.push(FieldError::not_supported(&at.path, value, allowed));
    }

    pub(super) fn not_found(&mut self, at: &At<'_>, value: impl Into<Value>) {
        self.push(FieldError::not_found(&at.path, value));
    }

    pub(super) fn too_long(&mut self, at: &At<'_>, max: usize) {
        self.push(FieldError::too_long(&at.path, max));
    }

    /// One `invalid` per message.
    pub(super) fn messages(&mut self, at: &At<'_>, messages: Vec<String>) {
        for message in messages {
            self.push(FieldError::invalid(
                &at.path,
                if at.is_absent() { Value::from("") } else { at.value.clone() },
                message,
            ));
        }
    }

    pub(super) fn nonnegative(&mut self, at: &At<'_>) {
        if at.whole() < 0 {
            self.invalid(at, NEGATIVE);
        }
    }

    pub(super) fn positive(&mut self, at: &At<'_>) {
        if at.whole() <= 0 {
            self.invalid_value(at, at.whole(), NOT_POSITIVE);
        }
    }

    /// Not empty and one of these; `empty` says what is wrong with nothing.
    pub(super) fn one_of(&mut self, at: &At<'_>, allowed: &[&str]) {
        if at.text().is_empty() {
            self.required(at, "");
        } else if !allowed.contains(&at.text()) {
            self.not_supported(at, allowed);
        }
    }

    /// Absent or one of these.
    pub(super) fn maybe_one_of(&mut self, at: &At<'_>, allowed: &[&str]) {
        if !at.is_absent() && !allowed.contains(&at.text()) {
            self.not_supported(at, allowed);
        }
    }

    pub(super) fn immutable(&mut self, new: &At<'_>, old: &Value) {
        if new.value != old {
            self.invalid(new, IMMUTABLE);
        }
    }

    pub(super) fn label(&mut self, at: &At<'_>) {
        self.messages(at, names::dns1123_label(at.text()));
    }

    pub(super) fn subdomain(&mut self, at: &At<'_>) {
        self.messages(at, names::dns1123_subdomain(at.text()));
    }

    pub(super) fn qualified(&mut self, at: &At<'_>) {
        self.messages(at, names::qualified_name(at.text()));
    }

    /// A name that must be there and be a subdomain.
    pub(super) fn required_subdomain(&mut self, at: &At<'_>) {
        if at.text().is_empty() {
            self.required(at, "");
        } else {
            self.subdomain(at);
        }
    }

    pub(super) fn port_number(&mut self, at: &At<'_>) {
        for message in names::port_number(at.whole()) {
            self.invalid_value(at, at.whole(), message);
        }
    }

    pub(super) fn port_number_or_name(&mut self, at: &At<'_>) {
        match at.value {
            Value::String(name) => self.messages(at, names::port_name(name)),
            _ => self.port_number(at),
        }
    }

    pub(super) fn ip(&mut self, at: &At<'_>) {
        if !strict_ip(at.text()) {
            self.invalid_value(at, at.text(), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        }
    }

    pub(super) fn cidr(&mut self, at: &At<'_>, text: &str) {
        if !strict_cidr(text) {
            self.invalid_value(at, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
        }
    }

    /// A user or group id.
    pub(super) fn id(&mut self, at: &At<'_>) {
        if !at.is_absent() {
            self.messages(at, names::in_range(at.whole(), 0, i64::from(i32::MAX)));
        }
    }
}

pub(super) fn strict_ip(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

/// Address and prefix length; the bits behind the prefix must be zero.
pub(super) fn strict_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    if length.is_empty()
        || length.len() > 3
        || !length.bytes().all(|b| b.is_ascii_digit())
        || (length.len() > 1 && length.starts_with('0'))
    {
        return false;
    }
    let Ok(length) = length.parse::<u32>() else { return false };
    match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(a)) => length <= 32 && u32::from(a).checked_shl(length).unwrap_or(0) == 0,
        Ok(std::net::IpAddr::V6(a)) => length <= 128 && u128::from(a).checked_shl(length).unwrap_or(0) == 0,
        Err(_) => false,
    }
}
