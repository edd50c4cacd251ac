//! The protobuf form of a version 2 document (gnostic's `openapi.v2.Document`), which kubectl up to 1.27 asks for.
//! Field numbers are those of gnostic's OpenAPIv2.proto.

use serde_json::{Map, Value};

/// A message while it is written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.number(u64::from(field << 3 | 2));
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, field: u32, value: Option<&Value>) {
        if let Some(text) = value.and_then(Value::as_str).filter(|t| !t.is_empty()) {
            self.bytes(field, text.as_bytes());
        }
    }

    fn texts(&mut self, field: u32, value: Option<&Value>) {
        for text in value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            self.bytes(field, text.as_bytes());
        }
    }

    fn flag(&mut self, field: u32, value: Option<&Value>) {
        if value == Some(&Value::Bool(true)) {
            self.number(u64::from(field << 3));
            self.number(1);
        }
    }

    fn message(&mut self, field: u32, write: impl FnOnce(&mut Message)) {
        let mut inner = Message::default();
        write(&mut inner);
        self.bytes(field, &inner.0);
    }

    /// `Any`: its text is JSON, which is YAML too.
    fn any(&mut self, field: u32, value: &Value) {
        self.message(field, |any| any.bytes(2, value.to_string().as_bytes()));
    }

    /// A list of `NamedAny` for all keys that begin with `x-`.
    fn extensions(&mut self, field: u32, map: &Map<String, Value>) {
        for (name, value) in map.iter().filter(|(k, _)| k.starts_with("x-")) {
            self.message(field, |named| {
                named.bytes(1, name.as_bytes());
                named.any(2, value);
            });
        }
    }

    /// Named messages, one per key.
    fn named(&mut self, field: u32, map: Option<&Value>, mut write: impl FnMut(&mut Message, &Map<String, Value>)) {
        for (name, value) in map.and_then(Value::as_object).into_iter().flatten() {
            let Some(value) = value.as_object() else { continue };
            self.message(field, |named| {
                named.bytes(1, name.as_bytes());
                named.message(2, |inner| write(inner, value));
            });
        }
    }
}

fn schema(out: &mut Message, map: &Map<String, Value>) {
    out.text(1, map.get("$ref"));
    out.text(2, map.get("format"));
    out.text(4, map.get("description"));
    if let Some(default) = map.get("default") {
        out.any(5, default);
    }
    out.texts(19, map.get("required"));
    for value in map.get("enum").and_then(Value::as_array).into_iter().flatten() {
        out.any(20, value);
    }
    if let Some(more) = map.get("additionalProperties").and_then(Value::as_object) {
        out.message(21, |item| item.message(1, |inner| schema(inner, more)));
    }
    if let Some(kind) = map.get("type").and_then(Value::as_str) {
        out.message(22, |item| item.bytes(1, kind.as_bytes()));
    }
    if let Some(items) = map.get("items").and_then(Value::as_object) {
        out.message(23, |item| item.message(1, |inner| schema(inner, items)));
    }
    if map.contains_key("properties") {
        out.message(25, |all| all.named(1, map.get("properties"), schema));
    }
    out.extensions(31, map);
}

/// `ParametersItem`.
fn parameter(out: &mut Message, map: &Map<String, Value>) {
    let place = map.get("in").and_then(Value::as_str).unwrap_or_default();
    out.message(1, |parameter| {
        if place == "body" {
            parameter.message(1, |body| {
                body.text(2, map.get("name"));
                body.text(3, map.get("in"));
                body.flag(4, map.get("required"));
                if let Some(kind) = map.get("schema").and_then(Value::as_object) {
                    body.message(5, |inner| schema(inner, kind));
                }
            });
            return;
        }
        // Query parameters have one field more than path parameters, which moves the later numbers.
        let (kind, moved) = if place == "query" { (3, 1) } else { (4, 0) };
        parameter.message(2, |plain| {
            plain.message(kind, |inner| {
                inner.flag(1, map.get("required"));
                inner.text(2, map.get("in"));
                inner.text(4, map.get("name"));
                inner.text(5 + moved, map.get("type"));
                inner.flag(19 + moved, map.get("uniqueItems"));
            });
        });
    });
}

fn parameters(out: &mut Message, field: u32, map: &Map<String, Value>) {
    for item in map.get("parameters").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object) {
        out.message(field, |inner| parameter(inner, item));
    }
}

fn operation(out: &mut Message, map: &Map<String, Value>) {
    out.text(5, map.get("operationId"));
    out.texts(6, map.get("produces"));
    out.texts(7, map.get("consumes"));
    parameters(out, 8, map);
    out.message(9, |responses| {
        responses.named(1, map.get("responses"), |value, response| {
            value.message(1, |inner| {
                inner.text(1, response.get("description"));
                if let Some(kind) = response.get("schema").and_then(Value::as_object) {
                    inner.message(2, |item| item.message(1, |s| schema(s, kind)));
                }
            });
        });
    });
    out.extensions(13, map);
}

fn path(out: &mut Message, map: &Map<String, Value>) {
    for (field, method) in [(2, "get"), (3, "put"), (4, "post"), (5, "delete"), (8, "patch")] {
        if let Some(found) = map.get(method).and_then(Value::as_object) {
            out.message(field, |inner| operation(inner, found));
        }
    }
    parameters(out, 9, map);
}

/// The whole document.
#[must_use]
pub fn document(document: &Value) -> Vec<u8> {
    let mut out = Message::default();
    out.text(1, document.get("swagger"));
    out.message(2, |info| {
        info.text(1, document.pointer("/info/title"));
        info.text(2, document.pointer("/info/version"));
    });
    out.message(8, |paths| paths.named(2, document.get("paths"), path));
    out.message(9, |definitions| definitions.named(1, document.get("definitions"), schema));
    out.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bytes_on_the_wire() {
        let bytes = document(
            &json!({"swagger": "2.0", "info": {"title": "K"}, "paths": {}, "definitions": {"a": {"type": "string"}}}),
        );
        let expected = [
            b"\x0a\x032.0".as_slice(),            // swagger
            b"\x12\x03\x0a\x01K",                 // info.title
            b"\x42\x00",                          // paths
            b"\x4a\x12\x0a\x10\x0a\x01a\x12\x0b", // definitions: one, its name, its schema …
            b"\xb2\x01\x08\x0a\x06string",        // … of this type
        ];
        assert_eq!(bytes, expected.concat());
    }
}
