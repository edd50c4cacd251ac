//! What is served: `/api`, `/apis` and below, plain and aggregated; `/version`; the keys of service-account tokens.

mod accept;
mod document;

use api::Resource;
use apimachinery::status::Status;
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header, request::Parts};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};

pub use accept::{Form, choose};
pub use document::{Groups, group_priority, version_priority};

use crate::{authn, body::Body, config::Config, protobuf, respond};

/// The answer to a discovery request; `None`: not its path.
pub fn respond<'r>(rows: impl Iterator<Item = &'r Resource>, config: &Config, parts: &Parts) -> Option<Response<Body>> {
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return None;
    }
    let path: Vec<&str> = parts.uri.path().split('/').filter(|p| !p.is_empty()).collect();
    match path.as_slice() {
        ["version"] => return Some(plain(&version(config))),
        ["openid", "v1", "jwks"] => return Some(keys(config)),
        [".well-known", "openid-configuration"] => return Some(issuer(config)),
        ["api" | "apis", rest @ ..] if rest.len() <= 2 => {}
        _ => return None,
    }
    let groups = Groups::of(rows);
    let root = path.len() == 1;
    let Some((form, messages)) = choose(&parts.headers, root) else { return Some(not_acceptable()) };
    let value = match (form, path.as_slice()) {
        (Form::Aggregated(version), ["api" | "apis"]) => {
            let document = groups.aggregated(path[0] == "api", version);
            return Some(
                document_of(&document, form, messages).map_or_else(|s| respond::error(&s), |d| tagged(d, parts)),
            );
        }
        (_, ["api"]) => {
            json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address(config)}]})
        }
        (_, ["apis"]) => groups.list(),
        (_, ["api", version]) => groups.resources("", version)?,
        (_, ["apis", group]) => groups.one(group)?,
        (_, ["apis", group, version]) => groups.resources(group, version)?,
        _ => return None,
    };
    Some(
        document_of(&value, form, messages)
            .map_or_else(|s| respond::error(&s), |(bytes, media)| typed(StatusCode::OK, bytes, media)),
    )
}

/// A document in the form that the client takes, and its media type.
fn document_of(value: &Value, form: Form, messages: bool) -> Result<(Bytes, &'static str), Status> {
    let json = value.to_string();
    let bytes = if messages { protobuf::object(json.as_bytes())?.into() } else { json.into() };
    Ok((bytes, form.media(messages)))
}

fn address(config: &Config) -> String {
    std::net::SocketAddr::new(config.advertise_address, config.port).to_string()
}

/// The document of `/version`.
#[must_use]
pub fn version(config: &Config) -> Value {
    let v = &config.version;
    json!({
        "major": v.major, "minor": v.minor, "emulationMajor": v.major, "emulationMinor": v.minor, "minCompatibilityMajor": v.major,
        "minCompatibilityMinor": v.minor, "gitVersion": v.git_version, "gitCommit": v.git_commit, "gitTreeState": "clean", "buildDate": v.build_date,
        "goVersion": "", "compiler": "rustc", "platform": format!("linux/{}", if std::env::consts::ARCH == "aarch64" { "arm64" } else { "amd64" }),
    })
}

fn keys(config: &Config) -> Response<Body> {
    match authn::signer(config) {
        Ok(signer) => cacheable(&signer.key_set(), "application/jwk-set+json"),
        Err(_) => empty(StatusCode::NOT_FOUND),
    }
}

fn issuer(config: &Config) -> Response<Body> {
    let document = json!({
        "issuer": config.service_accounts.issuer, "jwks_uri": format!("https://{}/openid/v1/jwks", address(config)),
        "response_types_supported": ["id_token"], "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"],
    });
    cacheable(&document, "application/json")
}

fn cacheable(value: &Value, media: &'static str) -> Response<Body> {
    let mut response = typed(StatusCode::OK, value.to_string().into(), media);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}

fn plain(value: &Value) -> Response<Body> {
    typed(StatusCode::OK, value.to_string().into(), "application/json")
}

/// With an entity tag: a client that has it already gets 304.
fn tagged((bytes, media): (Bytes, &'static str), parts: &Parts) -> Response<Body> {
    let tag = format!("\"{}\"", hex(&Sha512::digest(&bytes)));
    let known = parts.headers.get(header::IF_NONE_MATCH).is_some_and(|v| v.as_bytes() == tag.as_bytes());
    let mut response = if known { empty(StatusCode::NOT_MODIFIED) } else { typed(StatusCode::OK, bytes, media) };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Upper-case hexadecimal, as upstream writes entity tags.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}

/// An answer of a media type.
#[must_use]
pub fn typed(code: StatusCode, bytes: Bytes, media: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::Full(bytes));
    *response.status_mut() = code;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

/// An answer without a body.
#[must_use]
pub fn empty(code: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = code;
    response
}

/// 406 as a Status.
#[must_use]
pub fn not_acceptable() -> Response<Body> {
    let status = apimachinery::status::Status::not_acceptable(&["application/json"]);
    typed(StatusCode::NOT_ACCEPTABLE, status.to_json().into(), "application/json")
}

#[cfg(test)]
mod tests;
