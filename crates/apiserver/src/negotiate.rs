//! Which form an answer has, and which forms a body may have.

use apimachinery::status::Status;
use http::HeaderMap;

use crate::{protobuf, request::Query};

/// Media types of objects, in the order in which a wildcard takes them.
pub const MEDIA: [&str; 3] = ["application/json", "application/yaml", protobuf::MEDIA];
/// Media types of watches.
const STREAMS: [&str; 2] = ["application/json;stream=watch", protobuf::WATCH_MEDIA];

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// Protobuf: built-in kinds, and the metadata of all.
    Protobuf,
}

impl Format {
    const ALL: [Format; 3] = [Format::Json, Format::Yaml, Format::Protobuf];

    fn media(self) -> &'static str {
        match self {
            Format::Json => MEDIA[0],
            Format::Yaml => MEDIA[1],
            Format::Protobuf => MEDIA[2],
        }
    }
}

/// What an endpoint can show, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Endpoint {
    /// It is a watch.
    pub watch: bool,
    /// It has columns: what is answered and not stored has none.
    pub tables: bool,
    /// Its objects have messages: custom resources have none.
    pub messages: bool,
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

/// The answer's form, from `Accept` and the query.
///
/// # Errors
/// 406: nothing that the client takes can be made.
pub fn accept(headers: &HeaderMap, query: &Query, endpoint: Endpoint) -> Result<Accepted, Status> {
    let mut accepted = Accepted { pretty: pretty(headers, query), ..Accepted::JSON };
    accepted.rows = match query.get("includeObject").unwrap_or_default() {
        "" | "Metadata" => RowObject::Metadata,
        "Object" => RowObject::Object,
        "None" => RowObject::None,
        other => return Err(Status::bad_request(format!("unrecognized includeObject value: \"{other}\""))),
    };
    let clauses = clauses(headers);
    if clauses.is_empty() {
        return Ok(accepted);
    }
    for clause in &clauses {
        let Some((shape, beta)) = clause.shape() else { continue };
        let shown = |format: &Format| match (shape, format) {
            (Shape::Table, Format::Protobuf) => false,
            (Shape::Table, _) => endpoint.tables,
            (Shape::Whole, Format::Protobuf) => endpoint.messages,
            _ => true,
        };
        let Some(format) = clause.formats().find(shown) else { continue };
        if endpoint.watch && format == Format::Yaml {
            return Err(Status::not_acceptable(&STREAMS));
        }
        return Ok(Accepted { format, shape, beta, pretty: accepted.pretty || clause.pretty, ..accepted });
    }
    Err(Status::not_acceptable(&MEDIA))
}

/// The form of an error or of a discovery document; `None`: the client takes none of them, and an error goes out as JSON.
#[must_use]
pub fn plain(headers: &HeaderMap) -> Option<Format> {
    let clauses = clauses(headers);
    if clauses.is_empty() {
        return Some(Format::Json);
    }
    clauses
        .iter()
        .filter(|c| c.shape().is_some_and(|(shape, _)| shape == Shape::Whole))
        .find_map(|c| c.formats().next())
}

/// What the client takes, best first.
fn clauses(headers: &HeaderMap) -> Vec<Clause<'_>> {
    let texts = headers.get_all(http::header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut clauses: Vec<Clause<'_>> =
        texts.flat_map(|text| text.split(',').map(str::trim).filter(|c| !c.is_empty()).map(Clause::read)).collect();
    clauses.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    clauses
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

    /// The formats that it means.
    fn formats(&self) -> impl Iterator<Item = Format> + '_ {
        let any = matches!(self.media.as_str(), "application/*" | "*/*");
        Format::ALL.into_iter().filter(move |format| {
            // YAML cannot be streamed.
            let streams = self.stream.is_empty() || (self.stream == "watch" && *format != Format::Yaml);
            streams && (any || self.media == format.media())
        })
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
        _ => Err(Status::unsupported_media_type(given, &MEDIA)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(accept_header: &str, watch: bool) -> Result<(Format, Shape), u16> {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::ACCEPT, accept_header.parse().expect("header"));
        let endpoint = Endpoint { watch, tables: true, messages: true };
        accept(&headers, &Query::default(), endpoint).map(|a| (a.format, a.shape)).map_err(|s| s.code)
    }

    #[test]
    fn accept_headers() {
        use {Format::*, Shape::*};
        let tables = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        for (given, watch, wanted) in [
            ("*/*", false, Ok((Json, Whole))),
            ("image/png", false, Err(406)),
            ("application/vnd.kubernetes.protobuf", false, Ok((Protobuf, Whole))),
            ("application/vnd.kubernetes.protobuf,application/json", false, Ok((Protobuf, Whole))),
            ("application/vnd.kubernetes.protobuf;stream=watch, application/json", true, Ok((Protobuf, Whole))),
            (
                "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1;g=meta.k8s.io",
                false,
                Ok((Json, Table)),
            ),
            (
                "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
                false,
                Ok((Protobuf, Metadata)),
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
        let endpoint = Endpoint::default();
        assert_eq!(accept(&headers, &Query::default(), endpoint).map_err(|s| s.code).unwrap_err(), 406);
        assert_eq!(plain(&headers), None);
        headers.insert(http::header::ACCEPT, super::protobuf::MEDIA.parse().expect("header"));
        assert_eq!(
            accept(&headers, &Query::default(), endpoint).map_err(|s| s.message).unwrap_err(),
            "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf"
        );
        assert_eq!(plain(&headers), Some(Format::Protobuf));
    }
}
