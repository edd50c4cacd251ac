//! Reading documents into values, with a list of the fields that were given twice. JSON deeper than 128 levels and
//! YAML that unfolds beyond all bounds are refused.

mod order;

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

pub use self::order::as_read;

/// No more duplicates are listed.
const MAX_DUPLICATES: usize = 100;

/// A document that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Bad JSON, in the words of Go's decoder as far as they can be known.
    #[error("{0}")]
    Json(String),
    /// Bad YAML.
    #[error("error converting YAML to JSON: yaml: {0}")]
    Yaml(String),
}

/// A value and what was given twice in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// The value; of duplicates the last one.
    pub value: Value,
    /// `duplicate field "spec.x"`, one for each.
    pub duplicates: Vec<String>,
}

/// Reads JSON; of duplicate fields the last one is taken in silence.
pub fn json(bytes: &[u8]) -> Result<Value, DecodeError> {
    serde_json::from_slice(bytes).map_err(|e| json_error(bytes, &e))
}

/// Reads JSON and lists duplicate fields.
pub fn json_strict(bytes: &[u8]) -> Result<Document, DecodeError> {
    serde_json::from_slice::<Tracked>(bytes).map(Tracked::document).map_err(|e| json_error(bytes, &e))
}

/// Reads one YAML document and lists duplicate fields.
pub fn yaml(bytes: &[u8]) -> Result<Document, DecodeError> {
    let read = serde_saphyr::from_slice_with_options::<Tracked>(bytes, options());
    read.map(Tracked::document).map_err(|e| DecodeError::Yaml(e.to_string()))
}

/// What Go's strict reader of YAML says about the first key that is there twice in its map.
#[must_use]
pub fn yaml_repeated(bytes: &[u8]) -> Option<String> {
    let mut strict = options();
    strict.duplicate_keys = serde_saphyr::options::DuplicateKeyPolicy::Error;
    let error = serde_saphyr::from_slice_with_options::<Tracked>(bytes, strict).err()?;
    let line = usize::try_from(error.location()?.line()).ok()?;
    let text = String::from_utf8_lossy(bytes.split(|b| *b == b'\n').nth(line.checked_sub(1)?)?).into_owned();
    let key = text.trim_start_matches([' ', '-']).split(':').next()?.trim_matches([' ', '"', '\'']).to_owned();
    Some(format!(
        "error converting YAML to JSON: yaml: unmarshal errors:\n  line {line}: key {} already set in map",
        crate::text::quote(&key)
    ))
}

/// Reads all documents of a YAML stream; empty ones are left out.
pub fn yaml_stream(bytes: &[u8]) -> Result<Vec<Document>, DecodeError> {
    let read = serde_saphyr::from_slice_multiple_with_options::<Tracked>(bytes, options());
    let documents = read.map_err(|e| DecodeError::Yaml(e.to_string()))?;
    Ok(documents.into_iter().map(Tracked::document).filter(|d| !d.value.is_null()).collect())
}

/// Kubernetes reads YAML 1.1: `0644` is octal.
fn options() -> serde_saphyr::Options {
    let mut options = serde_saphyr::Options::default();
    options.duplicate_keys = serde_saphyr::options::DuplicateKeyPolicy::PassThrough;
    options.legacy_octal_numbers = true;
    let mut budget = serde_saphyr::budget::Budget::default();
    budget.max_depth = 128;
    options.budget = Some(budget);
    options
}

/// The message for things that are wrong only when one is strict.
#[must_use]
pub fn message(errors: &[String]) -> String {
    format!("strict decoding error: {}", errors.join(", "))
}

/// Go's words for what serde found.
fn json_error(bytes: &[u8], error: &serde_json::Error) -> DecodeError {
    if error.is_eof() {
        return DecodeError::Json("unexpected end of JSON input".to_owned());
    }
    let text = error.to_string();
    let context = match text.as_str() {
        t if t.starts_with("recursion limit") => return DecodeError::Json("exceeded max depth".to_owned()),
        t if t.starts_with("trailing characters") => "after top-level value",
        t if t.starts_with("expected `:`") => "after object key",
        t if t.starts_with("expected `,` or `}`") => "after object key:value pair",
        t if t.starts_with("expected `,` or `]`") => "after array element",
        t if t.starts_with("key must be a string") => "looking for beginning of object key string",
        t if t.starts_with("trailing comma") => "looking for beginning of value",
        t if t.starts_with("expected value") || t.starts_with("expected ident") => "looking for beginning of value",
        _ => return DecodeError::Json(text),
    };
    let line = bytes.split(|b| *b == b'\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let at = error.column().saturating_sub(1);
    match line.get(at..).and_then(|rest| String::from_utf8_lossy(rest).chars().next()) {
        Some('\'') => DecodeError::Json(format!("invalid character '\\'' {context}")),
        Some(c) => DecodeError::Json(format!("invalid character '{c}' {context}")),
        None => DecodeError::Json(text),
    }
}

/// A value with the paths of duplicates in it, relative to it.
struct Tracked {
    value: Value,
    duplicates: Vec<String>,
}

impl Tracked {
    fn document(self) -> Document {
        let mut seen: Vec<String> = Vec::new();
        for path in self.duplicates {
            let text = format!("duplicate field {}", crate::text::quote(&path));
            if !seen.contains(&text) && seen.len() < MAX_DUPLICATES {
                seen.push(text);
            }
        }
        Document { value: self.value, duplicates: seen }
    }

    fn plain(value: Value) -> Self {
        Tracked { value, duplicates: Vec::new() }
    }
}

impl<'de> Deserialize<'de> for Tracked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TrackedVisitor)
    }
}

fn join(parent: &str, child: &str) -> String {
    if child.starts_with('[') { format!("{parent}{child}") } else { format!("{parent}.{child}") }
}

struct TrackedVisitor;

impl<'de> Visitor<'de> for TrackedVisitor {
    type Value = Tracked;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Tracked, E> {
        Ok(Tracked::plain(Value::Bool(v)))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Tracked, E> {
        Ok(Tracked::plain(v.into()))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Tracked, E> {
        Ok(Tracked::plain(v.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, v: f64) -> Result<Tracked, E> {
        let number = Number::from_f64(v).ok_or_else(|| E::custom("a number that JSON cannot hold"))?;
        Ok(Tracked::plain(Value::Number(number)))
    }

    fn visit_str<E>(self, v: &str) -> Result<Tracked, E> {
        Ok(Tracked::plain(Value::String(v.to_owned())))
    }

    fn visit_string<E>(self, v: String) -> Result<Tracked, E> {
        Ok(Tracked::plain(Value::String(v)))
    }

    fn visit_unit<E>(self) -> Result<Tracked, E> {
        Ok(Tracked::plain(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Tracked, E> {
        Ok(Tracked::plain(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tracked, D::Error> {
        Tracked::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tracked, A::Error> {
        let mut items = Vec::new();
        let mut duplicates = Vec::new();
        while let Some(item) = access.next_element::<Tracked>()? {
            let index = items.len();
            duplicates.extend(item.duplicates.iter().map(|d| join(&format!("[{index}]"), d)));
            items.push(item.value);
        }
        Ok(Tracked { value: Value::Array(items), duplicates })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tracked, A::Error> {
        let mut map = Map::new();
        let mut duplicates = Vec::new();
        while let Some(key) = access.next_key::<String>()? {
            let item = access.next_value::<Tracked>()?;
            if duplicates.len() < MAX_DUPLICATES {
                duplicates.extend(item.duplicates.iter().map(|d| join(&key, d)));
            }
            match map.entry(key) {
                serde_json::map::Entry::Vacant(entry) => {
                    entry.insert(item.value);
                }
                serde_json::map::Entry::Occupied(mut entry) => {
                    duplicates.push(entry.key().clone());
                    entry.insert(item.value);
                }
            }
        }
        Ok(Tracked { value: Value::Object(map), duplicates })
    }

    fn visit_bytes<E: serde::de::Error>(self, _: &[u8]) -> Result<Tracked, E> {
        Err(E::custom("binary data has no place here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn duplicates_are_named() {
        let text = br#"{"a":1,"spec":{"x":1,"x":2,"l":[{"k":1,"k":2},{"z":0}],"m":{"n":1,"n":1}},"a":2}"#;
        let document = json_strict(text).unwrap();
        assert_eq!(
            document.duplicates,
            [
                "duplicate field \"spec.x\"",
                "duplicate field \"spec.l[0].k\"",
                "duplicate field \"spec.m.n\"",
                "duplicate field \"a\""
            ]
        );
        assert_eq!(document.value, json(text).unwrap());
        assert_eq!(
            message(&document.duplicates[..2]),
            "strict decoding error: duplicate field \"spec.x\", duplicate field \"spec.l[0].k\""
        );
    }

    #[test]
    fn bad_documents() {
        for (text, want) in [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            ("x", "invalid character 'x' looking for beginning of value"),
            ("{x", "invalid character 'x' looking for beginning of object key string"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair"),
            ("[1 2]", "invalid character '2' after array element"),
            ("{}\n }", "invalid character '}' after top-level value"),
        ] {
            assert_eq!(json(text.as_bytes()).unwrap_err().to_string(), want, "{text:?}");
            assert_eq!(json_strict(text.as_bytes()).unwrap_err().to_string(), want, "{text:?}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(json(deep.as_bytes()).unwrap_err().to_string(), "exceeded max depth");
        assert_eq!(json_strict(deep.as_bytes()).unwrap_err().to_string(), "exceeded max depth");
        assert!(yaml(deep.as_bytes()).is_err());
    }

    #[test]
    fn a_key_that_is_there_twice_has_a_line() {
        let text = b"\na: 1\nb:\n  foo: 1\n  foo: 2\n";
        let wanted = "error converting YAML to JSON: yaml: unmarshal errors:\n  line 5: key \"foo\" already set in map";
        assert_eq!(yaml_repeated(text).as_deref(), Some(wanted));
        assert_eq!(yaml_repeated(b"a: 1\nb: 2\n"), None);
    }

    #[test]
    fn yaml_as_kubernetes_reads_it() {
        let text =
            b"kind: Pod\nmode: 0644\nflag: true\nn: ~\nlist:\n- a\n- 1.5\nlabels:\n  x: \"1\"\n  1: b\nkind: Job\n";
        let document = yaml(text).unwrap();
        assert_eq!(
            document.value,
            json!({"kind": "Job", "mode": 420, "flag": true, "n": null, "list": ["a", 1.5], "labels": {"x": "1", "1": "b"}})
        );
        assert_eq!(document.duplicates, ["duplicate field \"kind\""]);
        let stream = yaml_stream(b"---\na: 1\n---\n# nothing\n---\nb: 2\n").unwrap();
        assert_eq!(stream.iter().map(|d| d.value.clone()).collect::<Vec<_>>(), [json!({"a": 1}), json!({"b": 2})]);
        assert!(yaml(b"a: [").is_err());
    }
}
