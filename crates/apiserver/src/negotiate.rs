//! Which form an answer has, and which forms a body may have.

use apimachinery::status::Status;
use http::HeaderMap;

use crate::{protobuf, request::Query};

/// Media types that are written. Protobuf is only read yet: a client that takes JSON too gets JSON.
pub const MEDIA: [&str; 2] = ["application/json", "application/yaml"];
/// Media types that are read.
pub const READ: [&str; 3] = ["application/json", "application/yaml", protobuf::MEDIA];

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// Protobuf: bodies of built-in kinds only.
    Protobuf,
}

/// What is shown of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Everything.
    Whole,
    /// Columns, as `kubectl get` shows them.
    Table,
    /// Only the metadata.
    Metadata,
}

/// What a Table's rows carry beside the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowObject {
    /// The metadata.
    Metadata,
    /// The whole object.
    Object,
    /// Nothing.
    None,
}

/// What the client takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// How it is written.
    pub format: Format,
    /// What is shown.
    pub shape: Shape,
    /// `v1` or `v1beta1` of meta.k8s.io, for shapes.
    pub beta: bool,
    /// What a Table's rows carry.
    pub rows: RowObject,
    /// With line breaks.
    pub pretty: bool,
}

impl Accepted {
    /// Plain JSON.
    pub const JSON: Accepted =
        Accepted { format: Format::Json, shape: Shape::Whole, beta: false, rows: RowObject::Metadata, pretty: false };

    /// `meta.k8s.io/v1`, or its old version.
    #[must_use]
    pub fn meta_version(&self) -> &'static str {
        if self.beta { "meta.k8s.io/v1beta1" } else { "meta.k8s.io/v1" }
    }
}

/// The answer's form, from `Accept` and the query. What is answered and not stored (`tables` false) has no columns.
///
/// # Errors
/// 406: nothing that the client takes can be made.
pub fn accept(headers: &HeaderMap, query: &Query, watch: bool, tables: bool) -> Result<Accepted, Status> {
    let mut accepted = Accepted { pretty: pretty(headers, query), ..Accepted::JSON };
    accepted.rows = match query.get("includeObject").unwrap_or_default() {
        "" | "Metadata" => RowObject::Metadata,
        "Object" => RowObject::Object,
        "None" => RowObject::None,
        other => return Err(Status::bad_request(format!("unrecognized includeObject value: \"{other}\""))),
    };
    let mut clauses = Vec::new();
    for value in headers.get_all(http::header::ACCEPT) {
        let Ok(text) = value.to_str() else { continue };
        clauses.extend(text.split(',').map(str::trim).filter(|c| !c.is_empty()).map(Clause::read));
    }
    if clauses.is_empty() {
        return Ok(accepted);
    }
    clauses.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    for clause in &clauses {
        let Some(format) = clause.format(watch) else { continue };
        let Some((shape, beta)) = clause.shape() else { continue };
        if shape == Shape::Table && !tables {
            continue;
        }
        return Ok(Accepted { format, shape, beta, pretty: accepted.pretty || clause.pretty, ..accepted });
    }
    Err(Status::not_acceptable(if watch { &MEDIA[..1] } else { &MEDIA }))
}

/// One clause of an `Accept` header.
struct Clause<'a> {
    media: String,
    quality: f64,
    as_kind: &'a str,
    group: &'a str,
    version: &'a str,
    stream: &'a str,
    pretty: bool,
}

impl<'a> Clause<'a> {
    fn read(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let mut clause = Clause { media, quality: 1.0, as_kind: "", group: "", version: "", stream: "", pretty: false };
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim().trim_matches('"');
            match key.trim() {
                "q" => clause.quality = value.parse().unwrap_or(1.0),
                "as" => clause.as_kind = value,
                "g" => clause.group = value,
                "v" => clause.version = value,
                "stream" => clause.stream = value,
                "pretty" => clause.pretty = value == "1",
                _ => {}
            }
        }
        clause
    }

    fn format(&self, watch: bool) -> Option<Format> {
        if !self.stream.is_empty() && self.stream != "watch" {
            return None;
        }
        match self.media.as_str() {
            "application/json" | "application/*" | "*/*" => Some(Format::Json),
            "application/yaml" if !watch => Some(Format::Yaml),
            _ => None,
        }
    }

    fn shape(&self) -> Option<(Shape, bool)> {
        if self.as_kind.is_empty() && self.group.is_empty() && self.version.is_empty() {
            return Some((Shape::Whole, false));
        }
        let beta = match (self.group, self.version) {
            ("meta.k8s.io", "v1") => false,
            ("meta.k8s.io", "v1beta1") => true,
            _ => return None,
        };
        match self.as_kind {
            "Table" => Some((Shape::Table, beta)),
            "PartialObjectMetadata" | "PartialObjectMetadataList" => Some((Shape::Metadata, beta)),
            _ => None,
        }
    }
}

/// People at a terminal like line breaks.
fn pretty(headers: &HeaderMap, query: &Query) -> bool {
    if query.get("pretty").is_some() {
        return query.flag("pretty");
    }
    let agent = headers.get(http::header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    ["curl", "Wget", "Mozilla/5.0"].iter().any(|a| agent.starts_with(a))
}

/// How a body is written, from its `Content-Type`.
///
/// # Errors
/// 415.
pub fn content(headers: &HeaderMap) -> Result<Format, Status> {
    let given = headers.get(http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    match given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "" | "application/json" => Ok(Format::Json),
        "application/yaml" => Ok(Format::Yaml),
        protobuf::MEDIA => Ok(Format::Protobuf),
        _ => Err(Status::unsupported_media_type(given, &READ)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(accept_header: &str, watch: bool) -> Result<(Format, Shape), u16> {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::ACCEPT, accept_header.parse().expect("header"));
        accept(&headers, &Query::default(), watch, true).map(|a| (a.format, a.shape)).map_err(|s| s.code)
    }

    #[test]
    fn accept_headers() {
        use {Format::*, Shape::*};
        let tables = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        for (given, watch, wanted) in [
            ("*/*", false, Ok((Json, Whole))),
            ("image/png", false, Err(406)),
            ("application/vnd.kubernetes.protobuf", false, Err(406)),
            ("application/vnd.kubernetes.protobuf,application/json", false, Ok((Json, Whole))),
            (
                "application/vnd.kubernetes.protobuf;stream=watch, application/json;stream=watch",
                true,
                Ok((Json, Whole)),
            ),
            (tables, false, Ok((Json, Table))),
            ("application/json;as=Nothing;v=v1;g=meta.k8s.io,application/json", false, Ok((Json, Whole))),
            ("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", false, Ok((Json, Metadata))),
            ("application/json;q=0.5,application/yaml", false, Ok((Yaml, Whole))),
            ("application/yaml", true, Err(406)),
        ] {
            assert_eq!(of(given, watch), wanted, "{given}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(http::header::ACCEPT, "application/json;as=Table;v=v1;g=meta.k8s.io".parse().expect("header"));
        assert_eq!(accept(&headers, &Query::default(), false, false).map_err(|s| s.code).unwrap_err(), 406);
    }
}
