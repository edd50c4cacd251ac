//! Holding an object against its schema: fields that nobody knows go (and are named), values of the wrong type are
//! errors in the words of Go's decoder, and quantities, times and durations get their canonical form.

mod scalar;

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::schema::{Node, Schema};

/// No more unknown fields are listed.
const MAX_UNKNOWN: usize = 100;

/// A value of the wrong type, or one that its type cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TypeError(pub String);

/// Reads a built-in object: removes unknown fields and nulls, checks types, brings scalars to canonical form. Gives
/// `unknown field "spec.x"` for each field that went.
pub fn decode(object: &mut Value, schema: Schema<'_>) -> Result<Vec<String>, TypeError> {
    let mut walk = Walk { unknown: Vec::new(), typed: true };
    walk.value(object, schema, None)?;
    Ok(walk.unknown)
}

/// Removes unknown fields of a custom object and lists them. Types are not looked at: validation does that with other
/// words.
pub fn prune(object: &mut Value, schema: Schema<'_>) -> Vec<String> {
    let mut walk = Walk { unknown: Vec::new(), typed: false };
    // Without types nothing can fail.
    let _ = walk.value(object, schema, None);
    walk.unknown
}

/// `Deployment in version "v1" cannot be handled as a Deployment: …`
#[must_use]
pub fn cannot_be_handled(kind: &str, version: &str, error: &str) -> String {
    format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {error}")
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Field { name: &'a str, owner: &'a str },
    Key(&'a str),
    Index(usize),
}

/// Where the walk is: a list linked upwards on the stack, so that it costs nothing until something is wrong.
struct At<'a> {
    up: Option<&'a At<'a>>,
    step: Step<'a>,
}

impl At<'_> {
    /// `spec.ports[0].name`
    fn path(&self) -> String {
        let mut out = self.up.map(At::path).unwrap_or_default();
        match self.step {
            Step::Field { name, .. } | Step::Key(name) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(name);
            }
            Step::Index(i) => {
                let _ = write!(out, "[{i}]");
            }
        }
        out
    }

    /// Go names the fields on the way, but neither indices nor keys of maps.
    fn fields(&self) -> String {
        let above = self.up.map(At::fields).unwrap_or_default();
        match self.step {
            Step::Field { name, .. } if above.is_empty() => name.to_owned(),
            Step::Field { name, .. } => format!("{above}.{name}"),
            Step::Key(_) | Step::Index(_) => above,
        }
    }

    /// The struct that has the innermost field.
    fn owner(&self) -> &str {
        match self.step {
            Step::Field { owner, .. } => owner,
            Step::Key(_) | Step::Index(_) => self.up.map_or("", At::owner),
        }
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A type as Go prints it.
fn go_type(schema: Schema<'_>) -> String {
    match schema.node() {
        Node::String | Node::Time | Node::MicroTime | Node::Duration => "string".to_owned(),
        Node::Integer { bits } => format!("int{bits}"),
        Node::Number => "float64".to_owned(),
        Node::Boolean => "bool".to_owned(),
        Node::IntOrString => "int32".to_owned(),
        Node::Quantity => "resource.Quantity".to_owned(),
        Node::Bytes => "[]uint8".to_owned(),
        Node::Any => "interface {}".to_owned(),
        Node::Struct(s) => {
            let mut parts = s.name.rsplit('.');
            match (parts.next(), parts.next()) {
                (Some(name), Some(package)) => format!("{package}.{name}"),
                _ => s.name.to_string(),
            }
        }
        Node::List(l) => format!("[]{}", go_type(schema.to(l.item))),
        Node::Map(m) => format!("map[string]{}", go_type(schema.to(m.value))),
    }
}

/// The error for a value of the wrong type.
fn mismatch(value: &Value, go_type: &str, at: Option<&At<'_>>) -> TypeError {
    let numeric = go_type.starts_with("int") && !go_type.starts_with("interface") || go_type == "float64";
    let what = match value {
        Value::Number(n) if numeric => format!("number {n}"),
        other => crate::patch::type_name(other).to_owned(),
    };
    let fields = at.map(At::fields).unwrap_or_default();
    TypeError(match at {
        Some(at) if !fields.is_empty() => {
            format!("json: cannot unmarshal {what} into Go struct field {}.{fields} of type {go_type}", at.owner())
        }
        _ => format!("json: cannot unmarshal {what} into Go value of type {go_type}"),
    })
}

struct Walk {
    unknown: Vec<String>,
    typed: bool,
}

impl Walk {
    fn value(&mut self, value: &mut Value, schema: Schema<'_>, at: Option<&At<'_>>) -> Result<(), TypeError> {
        match (schema.node(), value) {
            (Node::Any, _) | (_, Value::Null) => Ok(()),
            (Node::Struct(s), Value::Object(map)) => self.fields(map, schema, s.open, last_part(&s.name), at),
            (Node::List(list), Value::Array(items)) => {
                let schema = schema.to(list.item);
                for (i, item) in items.iter_mut().enumerate() {
                    self.value(item, schema, Some(&At { up: at, step: Step::Index(i) }))?;
                }
                Ok(())
            }
            (Node::Map(m), Value::Object(map)) => {
                let schema = schema.to(m.value);
                for (key, item) in map.iter_mut() {
                    self.value(item, schema, Some(&At { up: at, step: Step::Key(key) }))?;
                }
                Ok(())
            }
            (_, _) if !self.typed => Ok(()),
            (Node::Struct(_) | Node::List(_) | Node::Map(_), value) => Err(mismatch(value, &go_type(schema), at)),
            (node, value) => scalar::read(node, value, at, schema),
        }
    }

    fn fields(
        &mut self,
        map: &mut Map<String, Value>,
        schema: Schema<'_>,
        open: bool,
        owner: &str,
        at: Option<&At<'_>>,
    ) -> Result<(), TypeError> {
        let mut gone: Vec<String> = Vec::new();
        for (key, item) in map.iter_mut() {
            let here = At { up: at, step: Step::Field { name: key, owner } };
            match schema.field(key) {
                Some(_) if item.is_null() && self.typed => gone.push(key.clone()),
                Some(field) => self.value(item, schema.to(field.ty), Some(&here))?,
                None if open => {}
                None => {
                    if self.unknown.len() < MAX_UNKNOWN {
                        self.unknown.push(format!("unknown field {}", crate::text::quote(&here.path())));
                    }
                    gone.push(key.clone());
                }
            }
        }
        for key in gone {
            map.remove(&key);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
