//! JSON into messages.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    MAGIC, Messages, Special,
    messages::{Kind, Label, Member},
    tree::{Tree, member as find},
    wire::Back,
};
use crate::schema::Schema;

/// JSON that its type does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("field {field} cannot be written as protobuf")]
pub struct WriteError {
    /// The field's name in JSON.
    pub field: String,
}

type Result<T> = std::result::Result<T, WriteError>;
type Object<'t, 'a> = &'t [(Cow<'a, str>, Tree<'a>)];

impl Messages {
    /// Writes an object of a type of this set as a message, without envelope.
    ///
    /// # Errors
    /// A value has another type than its field.
    pub fn write(&self, schema: Schema<'_>, object: &Tree<'_>) -> Result<Vec<u8>> {
        let members: Object<'_, '_> = if let Tree::Object(members) = object { members } else { &[] };
        let mut out = Back::with_capacity(512);
        self.message_body(self.of(schema.at), members, &mut out)?;
        Ok(out.finish())
    }

    fn message_body(&self, at: usize, object: Object<'_, '_>, out: &mut Back) -> Result<()> {
        for member in self.message(at).members.iter().rev() {
            if let Kind::Embedded(inner) = member.kind {
                let before = out.len();
                self.message_body(inner, object, out)?;
                out.close(member.number, before);
            } else {
                self.put_member(member, find(object, &member.name), out)?;
            }
        }
        Ok(())
    }

    fn put_member(&self, member: &Member, value: Option<&Tree<'_>>, out: &mut Back) -> Result<()> {
        let wrong = || WriteError { field: member.name.to_string() };
        match (member.label, value) {
            (Label::Always, value) => self.put(member, &member.kind, member.number, value, out),
            (_, None) => Ok(()),
            (Label::Optional, value) => self.put(member, &member.kind, member.number, value, out),
            (Label::Repeated, Some(Tree::List(items))) => items.iter().rev().try_for_each(|item| {
                let item = Some(item).filter(|item| **item != Tree::Null);
                self.put(member, &member.kind, member.number, item, out)
            }),
            (Label::Map, Some(Tree::Object(entries))) => {
                let mut sorted: Vec<_> = entries.iter().collect();
                sorted.sort_by(|a, b| b.0.cmp(&a.0));
                for (key, value) in sorted {
                    let before = out.len();
                    let value = Some(value).filter(|value| **value != Tree::Null);
                    if value.is_some() || member.kind != Kind::Bytes {
                        self.put(member, &member.kind, 2, value, out)?;
                    }
                    out.field(1, key.as_bytes());
                    out.close(member.number, before);
                }
                Ok(())
            }
            _ => Err(wrong()),
        }
    }

    /// One value with its tag; `None` is the zero value.
    fn put(&self, member: &Member, kind: &Kind, number: u32, value: Option<&Tree<'_>>, out: &mut Back) -> Result<()> {
        let wrong = || WriteError { field: member.name.to_string() };
        match (kind, value) {
            (Kind::Boolean, value) => match value {
                None => out.number(number, 0),
                Some(Tree::Bool(value)) => out.number(number, i64::from(*value)),
                _ => return Err(wrong()),
            },
            (Kind::Int32 | Kind::Int64, value) => match value {
                None => out.number(number, 0),
                Some(Tree::Int(value)) => out.number(number, *value),
                _ => return Err(wrong()),
            },
            (Kind::Double, value) => match value {
                None => out.double(number, 0.0),
                Some(Tree::Int(value)) => out.double(number, *value as f64),
                Some(Tree::Float(value)) => out.double(number, *value),
                _ => return Err(wrong()),
            },
            (Kind::Text, value) => match value {
                None => out.field(number, &[]),
                Some(Tree::Text(text)) => out.field(number, text.as_bytes()),
                _ => return Err(wrong()),
            },
            (Kind::Bytes, value) => match value {
                None => out.field(number, &[]),
                Some(Tree::Text(text)) => out.field(number, &STANDARD.decode(&**text).map_err(|_| wrong())?),
                _ => return Err(wrong()),
            },
            (kind, value) => {
                let before = out.len();
                self.body(member, kind, value, out)?;
                out.close(number, before);
            }
        }
        Ok(())
    }

    /// What is inside a message of its own.
    fn body(&self, member: &Member, kind: &Kind, value: Option<&Tree<'_>>, out: &mut Back) -> Result<()> {
        let wrong = || WriteError { field: member.name.to_string() };
        match (kind, value) {
            (Kind::Message(at), None) => self.message_body(*at, &[], out)?,
            (Kind::Message(at), Some(Tree::Object(members))) => self.message_body(*at, members, out)?,
            (Kind::Items(_), None) | (Kind::Time | Kind::MicroTime | Kind::Raw, None) => {}
            (Kind::Items(item), Some(Tree::List(items))) => {
                for one in items.iter().rev() {
                    self.put(member, item, 1, Some(one).filter(|one| **one != Tree::Null), out)?;
                }
            }
            (Kind::Time, Some(Tree::Text(text))) => time(text, false, out).ok_or_else(wrong)?,
            (Kind::MicroTime, Some(Tree::Text(text))) => time(text, true, out).ok_or_else(wrong)?,
            (Kind::Quantity, None) => out.field(1, b"0"),
            (Kind::Quantity, Some(Tree::Text(text))) => out.field(1, text.as_bytes()),
            (Kind::Quantity, Some(Tree::Int(number))) => out.field(1, number.to_string().as_bytes()),
            (Kind::Duration, None) => out.number(1, 0),
            (Kind::Duration, Some(Tree::Text(text))) => {
                let nanos = crate::duration::parse(text).map_err(|_| wrong())?.as_nanos();
                out.number(1, i64::try_from(nanos).map_err(|_| wrong())?);
            }
            (Kind::IntOrString, value) => {
                let (kind, number, text) = match value {
                    None => (0, 0, ""),
                    Some(Tree::Int(number)) => (0, *number, ""),
                    Some(Tree::Text(text)) => (1, 0, &**text),
                    _ => return Err(wrong()),
                };
                out.field(3, text.as_bytes());
                out.number(2, number);
                out.number(1, kind);
            }
            (Kind::Raw, Some(json)) => out.field(1, &serde_json::to_vec(json).map_err(|_| wrong())?),
            (Kind::Schema(special, at), value) => self.schema_body(member, *special, *at, value, out)?,
            _ => return Err(wrong()),
        }
        Ok(())
    }

    fn nested(&self, at: usize, number: u32, object: Object<'_, '_>, out: &mut Back) -> Result<()> {
        let before = out.len();
        self.message_body(at, object, out)?;
        out.close(number, before);
        Ok(())
    }

    fn schema_body(
        &self,
        member: &Member,
        special: Special,
        at: usize,
        value: Option<&Tree<'_>>,
        out: &mut Back,
    ) -> Result<()> {
        match (special, value) {
            (Special::SchemaOrBool, None) => out.number(1, 0),
            (Special::SchemaOrBool, Some(Tree::Bool(allows))) => out.number(1, i64::from(*allows)),
            (Special::SchemaOrBool, Some(Tree::Object(members))) => {
                self.nested(at, 2, members, out)?;
                out.number(1, 1);
            }
            (_, None) => {}
            (_, Some(Tree::Object(members))) => self.nested(at, 1, members, out)?,
            (_, Some(Tree::List(items))) => {
                for item in items.iter().rev() {
                    match item {
                        Tree::Object(members) => self.nested(at, 2, members, out)?,
                        Tree::Text(text) => out.field(2, text.as_bytes()),
                        _ => return Err(WriteError { field: member.name.to_string() }),
                    }
                }
            }
            _ => return Err(WriteError { field: member.name.to_string() }),
        }
        Ok(())
    }
}

/// Seconds and nanoseconds; Go's zero time is an empty message.
fn time(text: &str, micros: bool, out: &mut Back) -> Option<()> {
    let at = crate::time::parse(text)?;
    if crate::time::seconds(at) == "0001-01-01T00:00:00Z" && at.subsec_nanosecond() == 0 {
        return Some(());
    }
    // Whole seconds count down before 1970, and the fraction counts up from them.
    let nanos = at.as_nanosecond();
    let fraction = if micros { nanos.rem_euclid(1_000_000_000) / 1000 * 1000 } else { 0 };
    out.number(2, i64::try_from(fraction).ok()?);
    out.number(1, i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?);
    Some(())
}

/// Puts a message into the envelope of an object.
#[must_use]
pub fn seal(api_version: &str, kind: &str, message: &[u8]) -> Vec<u8> {
    let mut out = Back::with_capacity(message.len() + api_version.len() + kind.len() + 32);
    tail(&mut out);
    out.field(2, message);
    head(&mut out, api_version, kind);
    out.finish()
}

/// `contentEncoding` and `contentType`: empty.
fn tail(out: &mut Back) {
    out.field(4, &[]);
    out.field(3, &[]);
}

fn head(out: &mut Back, api_version: &str, kind: &str) {
    let before = out.len();
    out.field(2, kind.as_bytes());
    out.field(1, api_version.as_bytes());
    out.close(1, before);
    out.put(MAGIC);
}

/// One item of a list: its tag and length stand before the message.
#[must_use]
pub fn item(message: &[u8]) -> Vec<u8> {
    let mut out = Back::with_capacity(message.len() + 8);
    out.field(2, message);
    out.finish()
}

/// The envelope of a list up to its first item; `metadata` is a message, `items` how many bytes the items have with their tags.
#[must_use]
pub fn list_head(api_version: &str, kind: &str, metadata: &[u8], items: usize) -> Vec<u8> {
    let mut first = Back::with_capacity(metadata.len() + 8);
    first.field(1, metadata);
    let first = first.finish();
    let mut out = Back::with_capacity(first.len() + api_version.len() + kind.len() + 32);
    out.put(&first);
    out.open(2, first.len() + items);
    head(&mut out, api_version, kind);
    out.finish()
}

/// What follows the last item of a list.
#[must_use]
pub fn list_end() -> Vec<u8> {
    let mut out = Back::with_capacity(8);
    tail(&mut out);
    out.finish()
}

/// A watch event, with its length in four bytes before it; `object` is in its envelope.
#[must_use]
pub fn frame(event: &str, object: &[u8]) -> Vec<u8> {
    let mut out = Back::with_capacity(object.len() + event.len() + 32);
    out.field(1, object);
    out.close(2, 0);
    out.field(1, event.as_bytes());
    let length = u32::try_from(out.len()).unwrap_or(u32::MAX);
    out.put(&length.to_be_bytes());
    out.finish()
}
