//! From outcomes and errors to HTTP answers.

use apimachinery::status::Status;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use crate::{
    body::{Body, WatchStream},
    negotiate::{Accepted, Format, Shape},
    protobuf,
    registry::{Call, Content, Outcome, verbs::list::Listed},
    render,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const YAML: HeaderValue = HeaderValue::from_static("application/yaml");
const PROTOBUF: HeaderValue = HeaderValue::from_static(protobuf::MEDIA);

/// An answer with a body of JSON.
#[must_use]
pub fn json(code: u16, body: impl Into<Body>) -> Response<Body> {
    with(code, JSON, body.into())
}

/// An answer of plain text.
#[must_use]
pub fn text(code: u16, body: impl Into<String>) -> Response<Body> {
    with(code, HeaderValue::from_static("text/plain; charset=utf-8"), Body::Full(body.into().into()))
}

fn with(code: u16, media: HeaderValue, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// An error in JSON.
#[must_use]
pub fn error(status: &Status) -> Response<Body> {
    refused(status, Format::Json)
}

/// An error. The one function by which every error leaves.
#[must_use]
pub fn refused(status: &Status, format: Format) -> Response<Body> {
    let mut shown = status.clone();
    let code = status.http_code();
    if shown.code == 0 {
        shown.code = code;
    }
    let mut response = match format {
        Format::Json => json(code, shown.to_json()),
        other => tree(code, Accepted { format: other, ..Accepted::JSON }, &render::status(&shown)),
    };
    let retry = shown.details.as_ref().map_or(0, |d| d.retry_after_seconds);
    if retry > 0 {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry));
    }
    response
}

/// A tree in the format that the client takes.
fn tree(code: u16, accepted: Accepted, value: &Value) -> Response<Body> {
    match accepted.format {
        Format::Json if accepted.pretty => {
            let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
            text.push(b'\n');
            json(code, text)
        }
        Format::Json => json(code, serde_json::to_vec(value).unwrap_or_default()),
        Format::Protobuf => message(code, &serde_json::to_vec(value).unwrap_or_default()),
        Format::Yaml => match serde_saphyr::to_string(value) {
            Ok(text) => with(code, YAML, Body::Full(text.into())),
            Err(e) => error(&Status::internal(e)),
        },
    }
}

/// An object of JSON as protobuf.
fn message(code: u16, object: &[u8]) -> Response<Body> {
    match protobuf::object(object) {
        Ok(bytes) => with(code, PROTOBUF, bytes.into()),
        Err(status) => error(&status),
    }
}

/// A watch.
#[must_use]
pub fn watch(accepted: Accepted, events: WatchStream) -> Response<Body> {
    let media = match accepted.format {
        Format::Protobuf => HeaderValue::from_static(protobuf::WATCH_MEDIA),
        Format::Json | Format::Yaml => JSON,
    };
    with(200, media, Body::Watch(events))
}

/// What a verb answered.
#[must_use]
pub fn outcome(call: &Call, accepted: Accepted, outcome: Outcome) -> Response<Body> {
    let code = outcome.code;
    let whole = accepted.shape == Shape::Whole;
    let mut response = match outcome.content {
        Content::Stored { encoded, revision, .. } if whole && accepted.format == Format::Protobuf => {
            message(code, &encoded.json(revision))
        }
        Content::Stored { encoded, revision, .. } if whole && accepted.format == Format::Json && !accepted.pretty => {
            json(code, encoded.json(revision))
        }
        Content::Status(status) => tree(code, accepted, &render::status(&status)),
        content => {
            let value = Outcome { code, content }.into_value();
            tree(code, accepted, &render::object(call, accepted, value))
        }
    };
    warnings(call, response.headers_mut());
    response
}

/// How a write ended. What webhooks had to say goes with a refusal as well.
#[must_use]
pub fn written(call: &Call, accepted: Accepted, result: Result<Outcome, Status>) -> Response<Body> {
    result.map_or_else(
        |status| {
            let mut response = refused(&status, accepted.format);
            warnings(call, response.headers_mut());
            response
        },
        |done| outcome(call, accepted, done),
    )
}

/// A list.
#[must_use]
pub fn list(call: &Call, accepted: Accepted, listed: Listed) -> Response<Body> {
    let listed = match render::list_body(call, accepted, listed) {
        Ok(body) if accepted.format == Format::Protobuf => return with(200, PROTOBUF, body),
        Ok(body) => return json(200, body),
        Err(listed) => listed,
    };
    tree(200, accepted, &render::list_value(call, accepted, &listed))
}

/// The `Warning` headers of a call.
pub fn warnings(call: &Call, headers: &mut HeaderMap) {
    for warning in call.warnings() {
        let mut quoted = String::from("299 - \"");
        for c in warning.chars() {
            match c {
                '"' | '\\' => quoted.extend(['\\', c]),
                // Header values hold no control characters.
                c if c.is_control() => quoted.push(' '),
                c => quoted.push(c),
            }
        }
        quoted.push('"');
        if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(quoted)) {
            headers.append(header::WARNING, value);
        }
    }
}
