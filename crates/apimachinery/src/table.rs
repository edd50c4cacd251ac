//! `meta.k8s.io/v1` Table: what `kubectl get` shows.

use serde::Serialize;
use serde_json::Value;

use crate::{list::ListMeta, schema::Str};

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Heading.
    pub name: Str,
    /// `string`, `integer`, `number`, `boolean`, `date`.
    #[serde(rename = "type")]
    pub kind: Str,
    /// `name` for the column that names the object, else mostly empty.
    pub format: Str,
    /// For people.
    pub description: Str,
    /// Greater than 0: only `-o wide` shows it.
    pub priority: i32,
}

/// What comes with each row (`includeObject`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Include {
    /// Nothing.
    None,
    /// Its metadata.
    #[default]
    Metadata,
    /// All of it.
    Object,
}

impl Include {
    /// Reads the parameter; empty is the default.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "Metadata" => Some(Include::Metadata),
            "None" => Some(Include::None),
            "Object" => Some(Include::Object),
            _ => None,
        }
    }
}

/// The columns of kinds that have none of their own.
#[must_use]
pub fn default_columns() -> Vec<Column> {
    let column = |name: &'static str, kind: &'static str, format: &'static str| Column {
        name: name.into(),
        kind: kind.into(),
        format: format.into(),
        ..Column::default()
    };
    vec![column("Name", "string", "name"), column("Created At", "date", "")]
}

/// Writes a Table as JSON, row by row.
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
    first: bool,
}

impl Writer {
    /// Begins. `version` is `v1` or `v1beta1`. Watches send the columns in their first event only: `None` then.
    #[must_use]
    pub fn new(version: &str, meta: &ListMeta, columns: Option<&[Column]>) -> Self {
        let mut out = Vec::with_capacity(4096);
        out.extend_from_slice(br#"{"kind":"Table","apiVersion":"meta.k8s.io/"#);
        out.extend_from_slice(version.as_bytes());
        out.extend_from_slice(br#"","metadata":"#);
        meta.write(&mut out);
        out.extend_from_slice(br#","columnDefinitions":"#);
        json(&mut out, &columns);
        out.extend_from_slice(br#","rows":["#);
        Writer { out, first: true }
    }

    /// Adds a row; `object` is JSON, or empty for none.
    pub fn row(&mut self, cells: &[Value], object: &[u8]) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        self.out.extend_from_slice(br#"{"cells":"#);
        json(&mut self.out, &cells);
        self.out.extend_from_slice(br#","object":"#);
        self.out.extend_from_slice(if object.is_empty() { b"null" } else { object });
        self.out.push(b'}');
    }

    /// Ends.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.out.extend_from_slice(b"]}\n");
        self.out
    }
}

/// Values and strings: writing them into memory cannot fail.
fn json(out: &mut Vec<u8>, value: &impl Serialize) {
    let _ = serde_json::to_writer(out, value);
}

/// `PartialObjectMetadata` of an object, as JSON.
#[must_use]
pub fn partial_metadata(version: &str, object: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(br#"{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/"#);
    out.extend_from_slice(version.as_bytes());
    out.extend_from_slice(br#"","metadata":"#);
    match object.get("metadata") {
        Some(metadata) => json(&mut out, metadata),
        None => out.extend_from_slice(b"{}"),
    }
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whole_table() {
        let meta = ListMeta { resource_version: "7".into(), ..ListMeta::default() };
        let columns =
            [Column { name: "Name".into(), kind: "string".into(), format: "name".into(), ..Column::default() }];
        let object = json!({"kind": "Pod", "metadata": {"name": "a"}, "spec": {}});
        let mut writer = Writer::new("v1", &meta, Some(&columns));
        writer.row(&[json!("a")], &partial_metadata("v1", &object));
        writer.row(&[json!(1)], b"");
        let table: Value = serde_json::from_slice(&writer.finish()).unwrap();
        assert_eq!(
            table,
            json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "7"},
                "columnDefinitions": [{"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0}],
                "rows": [{"cells": ["a"], "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "a"}}},
                    {"cells": [1], "object": null}]})
        );
    }

    #[test]
    fn without_columns() {
        let text = Writer::new("v1", &ListMeta::default(), None).finish();
        let table: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(table["columnDefinitions"], Value::Null);
        assert_eq!(
            (Include::parse("None"), Include::parse(""), Include::parse("x")),
            (Some(Include::None), Some(Include::Metadata), None)
        );
    }
}
