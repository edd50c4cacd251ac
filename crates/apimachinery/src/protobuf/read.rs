//! Messages into trees.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use super::{
    MAGIC, Messages, Special,
    messages::{Kind, Label, Member},
    wire::{Fields, Wire},
};
use crate::schema::Schema;

/// JSON in JSON, at most: the store's reader stops at 128.
const DEPTH: usize = 100;

/// A body that cannot be read, in the words of Go's generated code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Nothing at all.
    #[error("empty data")]
    Empty,
    /// The four first bytes.
    #[error("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")]
    Magic,
    /// Nothing behind them.
    #[error("empty body")]
    Body,
    /// It ends in the middle of a field.
    #[error("unexpected EOF")]
    End,
    /// A number of more than 64 bits.
    #[error("proto: integer overflow")]
    Overflow,
    /// A length that Go takes for negative.
    #[error("proto: negative length found during unmarshaling")]
    Length,
    /// A wire type that does not exist.
    #[error("proto: illegal wireType {0}")]
    Kind(u8),
    /// The end of a group that has not begun.
    #[error("proto: {0}: wiretype end group for non-group")]
    EndGroup(String),
    /// A field number below one.
    #[error("proto: {message}: illegal tag {number} (wire type {wire})")]
    Tag {
        /// The message.
        message: String,
        /// The number.
        number: i32,
        /// The wire type.
        wire: u8,
    },
    /// The field has another wire type.
    #[error("proto: wrong wireType = {wire} for field {field}")]
    Wire {
        /// The wire type that came.
        wire: u8,
        /// Go's name of the field.
        field: String,
    },
    /// Messages nested too deep.
    #[error("proto: exceeded max recursion depth")]
    Depth,
    /// Raw JSON inside that is none.
    #[error("{0}")]
    Raw(String),
    /// Text that is not UTF-8: it has no JSON form.
    #[error("string field contains invalid UTF-8")]
    Text,
    /// A time that no calendar has.
    #[error("time is out of range")]
    Time,
}

type Result<T> = std::result::Result<T, ReadError>;

/// What the envelope says.
#[derive(Debug, PartialEq)]
pub struct Envelope<'a> {
    /// `v1`, `apps/v1`, or empty.
    pub api_version: &'a str,
    /// Kind, or empty.
    pub kind: &'a str,
    /// The message.
    pub message: &'a [u8],
}

/// Opens the envelope.
///
/// # Errors
/// It is none.
pub fn open(body: &[u8]) -> Result<Envelope<'_>> {
    if body.is_empty() {
        return Err(ReadError::Empty);
    }
    let body = body.strip_prefix(MAGIC).ok_or(ReadError::Magic)?;
    if body.is_empty() {
        return Err(ReadError::Body);
    }
    let mut fields = Fields::new(body, "Unknown");
    let mut envelope = Envelope { api_version: "", kind: "", message: &[] };
    while let Some((number, wire)) = fields.next()? {
        match (number, wire) {
            (1, Wire::Bytes(meta)) => {
                let mut meta = Fields::new(meta, "TypeMeta");
                while let Some((number, wire)) = meta.next()? {
                    match (number, wire) {
                        (1, Wire::Bytes(version)) => envelope.api_version = text(version)?,
                        (2, Wire::Bytes(kind)) => envelope.kind = text(kind)?,
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(raw)) => envelope.message = raw,
            _ => {}
        }
    }
    Ok(envelope)
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| ReadError::Text)
}

impl Messages {
    /// Reads a message of a type of this set into the form that its JSON has. Fields that nobody knows are skipped, as Go does it.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read(&self, schema: Schema<'_>, message: &[u8]) -> Result<Value> {
        let mut out = Map::new();
        self.fields(self.of(schema.at), message, &mut out, 0)?;
        Ok(Value::Object(out))
    }

    fn fields(&self, at: usize, bytes: &[u8], out: &mut Map<String, Value>, depth: usize) -> Result<()> {
        if depth > DEPTH {
            return Err(ReadError::Depth);
        }
        let message = self.message(at);
        let mut fields = Fields::new(bytes, &message.name);
        while let Some((number, wire)) = fields.next()? {
            let Ok(found) = message.members.binary_search_by_key(&number, |m| m.number) else { continue };
            let member = &message.members[found];
            match (&member.kind, wire) {
                (Kind::Embedded(inner), Wire::Bytes(bytes)) => self.fields(*inner, bytes, out, depth)?,
                _ => self.member(member, wire, out, depth + 1)?,
            }
        }
        Ok(())
    }

    fn member(&self, member: &Member, wire: Wire<'_>, out: &mut Map<String, Value>, depth: usize) -> Result<()> {
        match member.label {
            Label::Always | Label::Optional => {
                // A message that comes in pieces is one message.
                if let (Kind::Message(at), Wire::Bytes(bytes)) = (&member.kind, wire)
                    && let Some(Value::Object(known)) = out.get_mut(&*member.name)
                {
                    return self.fields(*at, bytes, known, depth);
                }
                let value = self.one(member, &member.kind, wire, depth)?;
                let unsaid = member.label == Label::Always && member.omit_empty && is_zero(&value);
                if unsaid || (value.is_null() && member.label == Label::Optional) {
                    out.remove(&*member.name);
                } else {
                    out.insert(member.name.to_string(), value);
                }
            }
            Label::Repeated => {
                let list = out.entry(&*member.name).or_insert_with(|| Value::Array(Vec::new()));
                let Value::Array(list) = list else { return Ok(()) };
                match (&member.kind, wire) {
                    // Numbers may come packed.
                    (Kind::Int32 | Kind::Int64 | Kind::Boolean | Kind::Double, Wire::Bytes(packed)) => {
                        let mut packed = Fields::new(packed, "");
                        while !packed.is_empty() {
                            let wire = match member.kind {
                                Kind::Double => Wire::Eight(packed.eight()?),
                                _ => Wire::Varint(packed.varint()?),
                            };
                            list.push(self.one(member, &member.kind, wire, depth)?);
                        }
                    }
                    (kind, wire) => list.push(self.one(member, kind, wire, depth + 1)?),
                }
            }
            Label::Map => {
                let Wire::Bytes(entry) = wire else { return Err(wrong(member, wire)) };
                let (key, value) = self.entry(member, entry, depth + 1)?;
                let map = out.entry(&*member.name).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(map) = map {
                    map.insert(key, value);
                }
            }
        }
        Ok(())
    }

    fn entry(&self, member: &Member, entry: &[u8], depth: usize) -> Result<(String, Value)> {
        let (mut key, mut value) = (String::new(), None);
        let mut entry = Fields::new(entry, "");
        while let Some((number, wire)) = entry.next()? {
            match (number, wire) {
                (1, Wire::Bytes(bytes)) => text(bytes)?.clone_into(&mut key),
                (2, wire) => value = Some(self.one(member, &member.kind, wire, depth)?),
                _ => {}
            }
        }
        let absent = match member.kind {
            Kind::Bytes => Value::Null,
            Kind::Boolean | Kind::Int32 | Kind::Int64 => self.one(member, &member.kind, Wire::Varint(0), depth)?,
            Kind::Double => double(0.0),
            _ => self.one(member, &member.kind, Wire::Bytes(&[]), depth)?,
        };
        Ok((key, value.unwrap_or(absent)))
    }

    fn one(&self, member: &Member, kind: &Kind, wire: Wire<'_>, depth: usize) -> Result<Value> {
        match (kind, wire) {
            (Kind::Boolean, Wire::Varint(number)) => Ok((number != 0).into()),
            // Negative numbers of 32 bits are sent as 64 bits too.
            (Kind::Int32, Wire::Varint(number)) => Ok((number as i32).into()),
            (Kind::Int64, Wire::Varint(number)) => Ok(number.cast_signed().into()),
            (Kind::Double, Wire::Eight(bytes)) => Ok(double(f64::from_le_bytes(bytes))),
            (Kind::Boolean | Kind::Int32 | Kind::Int64 | Kind::Double, _) => Err(wrong(member, wire)),
            (_, Wire::Bytes(bytes)) => self.bytes(member, kind, bytes, depth),
            _ => Err(wrong(member, wire)),
        }
    }

    fn bytes(&self, member: &Member, kind: &Kind, bytes: &[u8], depth: usize) -> Result<Value> {
        Ok(match kind {
            Kind::Text => text(bytes)?.into(),
            Kind::Bytes => STANDARD.encode(bytes).into(),
            Kind::Quantity => {
                part(bytes, 1, "Quantity")?.map_or_else(|| Ok("0".into()), |t| text(t).map(Value::from))?
            }
            Kind::IntOrString => int_or_string(bytes)?,
            Kind::Time => time(bytes, crate::time::seconds)?,
            Kind::MicroTime => time(bytes, crate::time::micros)?,
            Kind::Duration => {
                let [_, nanos, _] = numbers(bytes)?;
                crate::duration::format(jiff::SignedDuration::from_nanos(nanos.cast_signed())).into()
            }
            Kind::Raw => raw(bytes, depth)?,
            Kind::Items(item) => {
                let mut items = Vec::new();
                let mut fields = Fields::new(bytes, "");
                while let Some((number, wire)) = fields.next()? {
                    if number == 1 {
                        items.push(self.one(member, item, wire, depth + 1)?);
                    }
                }
                // Go cannot tell an empty list from none here.
                if items.is_empty() { Value::Null } else { Value::Array(items) }
            }
            Kind::Schema(special, at) => self.schema(*special, *at, bytes, depth + 1)?,
            Kind::Message(at) => {
                let mut inner = Map::new();
                self.fields(*at, bytes, &mut inner, depth)?;
                Value::Object(inner)
            }
            Kind::Boolean | Kind::Int32 | Kind::Int64 | Kind::Double | Kind::Embedded(_) => Value::Null,
        })
    }

    /// A schema, or what may stand in its place.
    fn schema(&self, special: Special, at: usize, bytes: &[u8], depth: usize) -> Result<Value> {
        let (mut allows, mut one, mut many) = (false, None, Vec::new());
        let mut fields = Fields::new(bytes, "JSONSchemaProps");
        let schema_number = if special == Special::SchemaOrBool { 2 } else { 1 };
        while let Some((number, wire)) = fields.next()? {
            match (special, number, wire) {
                (Special::SchemaOrBool, 1, Wire::Varint(value)) => allows = value != 0,
                (_, number, Wire::Bytes(bytes)) if number == schema_number => {
                    let mut inner = Map::new();
                    self.fields(at, bytes, &mut inner, depth)?;
                    one = Some(Value::Object(inner));
                }
                (Special::SchemaOrArray, 2, Wire::Bytes(bytes)) => {
                    let mut inner = Map::new();
                    self.fields(at, bytes, &mut inner, depth + 1)?;
                    many.push(Value::Object(inner));
                }
                (Special::SchemaOrStrings, 2, Wire::Bytes(bytes)) => many.push(text(bytes)?.into()),
                _ => {}
            }
        }
        Ok(match (one, many.is_empty()) {
            (_, false) => Value::Array(many),
            (Some(schema), true) => schema,
            (None, true) if special == Special::SchemaOrBool => allows.into(),
            (None, true) => Value::Null,
        })
    }
}

/// Go writes whole numbers without a fraction.
fn double(value: f64) -> Value {
    let whole = value as i64;
    if value.abs() < 1e15 && whole as f64 == value { whole.into() } else { value.into() }
}

/// Go's name of a field: as in JSON, with a capital.
fn wrong(member: &Member, wire: Wire<'_>) -> ReadError {
    let mut chars = member.name.chars();
    let field = chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect();
    ReadError::Wire { wire: wire.number(), field }
}

/// Go sends the zero values of fields that are no pointers; JSON leaves them out.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(s) => s.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(_) => false,
    }
}

/// The last bytes of one field of a message.
fn part<'a>(bytes: &'a [u8], wanted: u32, name: &'a str) -> Result<Option<&'a [u8]>> {
    let mut fields = Fields::new(bytes, name);
    let mut out = None;
    while let Some((number, wire)) = fields.next()? {
        if let (true, Wire::Bytes(bytes)) = (number == wanted, wire) {
            out = Some(bytes);
        }
    }
    Ok(out)
}

/// Fields 1 and 2, which are numbers, at these indices.
fn numbers(bytes: &[u8]) -> Result<[u64; 3]> {
    let mut out = [0; 3];
    let mut fields = Fields::new(bytes, "");
    while let Some((number, wire)) = fields.next()? {
        if let (1 | 2, Wire::Varint(value)) = (number, wire) {
            out[number as usize] = value;
        }
    }
    Ok(out)
}

fn int_or_string(bytes: &[u8]) -> Result<Value> {
    let [_, kind, value] = numbers(bytes)?;
    if kind == 0 {
        return Ok((value as i32).into());
    }
    Ok(text(part(bytes, 3, "IntOrString")?.unwrap_or_default())?.into())
}

fn time(bytes: &[u8], form: fn(jiff::Timestamp) -> String) -> Result<Value> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let [_, seconds, nanos] = numbers(bytes)?;
    let at = jiff::Timestamp::new(seconds.cast_signed(), nanos as i32).map_err(|_| ReadError::Time)?;
    // The first second of the first year is Go's zero time, and a year has four digits.
    let year = at.to_zoned(jiff::tz::TimeZone::UTC).year();
    let text = form(at);
    match year {
        1 if text.starts_with("0001-01-01T00:00:00") => Ok(Value::Null),
        0..=9999 => Ok(text.into()),
        _ => Err(ReadError::Time),
    }
}

/// `RawExtension`, `FieldsV1`, `JSON`: JSON inside a message.
fn raw(bytes: &[u8], depth: usize) -> Result<Value> {
    let Some(text) = part(bytes, 1, "RawExtension")?.filter(|text| !text.is_empty()) else { return Ok(Value::Null) };
    let value: Value = serde_json::from_slice(text).map_err(|e| ReadError::Raw(e.to_string()))?;
    if depth + deep(&value) > DEPTH { Err(ReadError::Depth) } else { Ok(value) }
}

fn deep(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(deep).max().unwrap_or_default(),
        Value::Object(map) => 1 + map.values().map(deep).max().unwrap_or_default(),
        _ => 0,
    }
}
