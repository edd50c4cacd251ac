//! OpenAPI: version 3 by group and version, version 2 in one piece. Documents are built when they are first asked for and kept compressed.

mod custom;
mod gnostic;
mod paths;
mod schema;

use std::{
    collections::{BTreeMap, HashMap},
    io::{Read, Write},
    sync::{LazyLock, OnceLock},
};

use api::Resource;
use bytes::Bytes;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts};
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest, Sha512};

use crate::{
    body::Body,
    config::Config,
    discovery::{Groups, empty, hex, not_acceptable, typed},
};
use paths::Paths;
use schema::{Flavor, Writer, kinds};

/// Compressed documents of the built-in kinds by their path below `/openapi/`. They depend on nothing but the table and the version.
static BUILT: LazyLock<Mutex<HashMap<String, Bytes>>> = LazyLock::new(Mutex::default);

/// The answer to a request below `/openapi`; `None`: not its path.
pub fn respond<'r>(rows: impl Iterator<Item = &'r Resource>, config: &Config, parts: &Parts) -> Option<Response<Body>> {
    let path = parts.uri.path().strip_prefix("/openapi/")?.trim_end_matches('/');
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return None;
    }
    let rows: Vec<&Resource> = rows.collect();
    let version = config.version.git_version.as_str();
    if path == "v3" {
        return Some(tagged(compress(&text(&index(&rows, version))), "index", parts, "application/json"));
    }
    if path == "v2" {
        if asks_for(&parts.headers, &PROTOBUF_V2) {
            let mark = mark_of(version, "v2.pb", &rows);
            let bytes = kept("v2.pb", &mark, &rows, || gnostic::document(&v2(&rows, version)));
            return Some(tagged(bytes, &mark, parts, PROTOBUF_V2[1]));
        }
        if !takes_json(&parts.headers) {
            return Some(not_acceptable());
        }
        let mark = mark_of(version, "v2", &rows);
        let bytes = kept("v2", &mark, &rows, || text(&v2(&rows, version)));
        return Some(tagged(bytes, &mark, parts, "application/json"));
    }
    let rest = path.strip_prefix("v3/")?;
    let (group, wanted) = match rest.split('/').collect::<Vec<_>>().as_slice() {
        ["api", version] => ("", (*version).to_owned()),
        ["apis", group, version] => (*group, (*version).to_owned()),
        _ => return None,
    };
    let own: Vec<&Resource> = rows.iter().copied().filter(|r| r.group == group && r.version == wanted).collect();
    if own.is_empty() {
        return None;
    }
    if !takes_json(&parts.headers) {
        return Some(not_acceptable());
    }
    let bytes =
        if is_built_in(&own) { built(rest, || text(&v3(&own, version))) } else { compress(&text(&v3(&own, version))) };
    Some(tagged(bytes, &mark_of(version, rest, &own), parts, "application/json"))
}

/// Clients that want nothing but the protobuf form are told that there is none.
fn takes_json(headers: &HeaderMap) -> bool {
    let mut clauses = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .map(|c| c.split(';').next().unwrap_or_default().trim())
        .peekable();
    clauses.peek().is_none() || clauses.any(|m| matches!(m, "application/json" | "application/*" | "*/*"))
}

/// Names of the protobuf form of version 2: as clients ask, and as answers say it.
const PROTOBUF_V2: [&str; 2] = [
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
];

fn asks_for(headers: &HeaderMap, media: &[&str]) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|v| v.split(',')).any(|c| media.contains(&c.split(';').next().unwrap_or_default().trim()))
}

fn text(document: &Value) -> Vec<u8> {
    document.to_string().into_bytes()
}

fn built(path: &str, make: impl FnOnce() -> Vec<u8>) -> Bytes {
    if let Some(bytes) = BUILT.lock().get(path) {
        return bytes.clone();
    }
    let bytes = compress(&make());
    BUILT.lock().insert(path.to_owned(), bytes.clone());
    bytes
}

fn compress(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 8), Compression::fast());
    // Writing to memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default().into()
}

/// A mark of the facts that documents are made from, so that the index need not build them all.
fn facts() -> &'static str {
    static FACTS: OnceLock<String> = OnceLock::new();
    FACTS.get_or_init(|| {
        struct Sink(Sha512);
        impl std::fmt::Write for Sink {
            fn write_str(&mut self, s: &str) -> std::fmt::Result {
                self.0.update(s.as_bytes());
                Ok(())
            }
        }
        let mut sink = Sink(Sha512::new());
        let _ = std::fmt::Write::write_fmt(&mut sink, format_args!("{:?}{:?}", api::schemas(), api::table()));
        hex(&sink.0.finalize())
    })
}

fn mark(version: &str, path: &str) -> String {
    hex(&Sha512::digest(format!("{} {version} {path}", facts())))
}

fn is_built_in(rows: &[&Resource]) -> bool {
    rows.iter().all(|row| api::custom::of(row).is_none())
}

/// The mark of a document that may show custom resources.
fn mark_of(version: &str, path: &str, rows: &[&Resource]) -> String {
    if is_built_in(rows) {
        return mark(version, path);
    }
    let mut hash = Sha512::new();
    hash.update(mark(version, path));
    for row in rows {
        let Some(custom) = api::custom::of(row) else { continue };
        let names = [&row.group, &row.version, &row.kind, &row.list_kind, &row.plural];
        names.iter().for_each(|name| hash.update(name.as_bytes()));
        row.subresources.iter().for_each(|sub| hash.update(sub.name.as_bytes()));
        hash.update(custom.source.to_string());
    }
    hex(&hash.finalize())
}

/// The newest documents of version 2 that show custom resources: form, mark, bytes.
static CUSTOM: LazyLock<Mutex<HashMap<&'static str, (String, Bytes)>>> = LazyLock::new(Mutex::default);

/// A document of version 2, made again only when what it shows has changed.
fn kept(form: &'static str, mark: &str, rows: &[&Resource], make: impl FnOnce() -> Vec<u8>) -> Bytes {
    if is_built_in(rows) {
        return built(form, make);
    }
    if let Some((_, bytes)) = CUSTOM.lock().get(form).filter(|(known, _)| known == mark) {
        return bytes.clone();
    }
    let bytes = compress(&make());
    CUSTOM.lock().insert(form, (mark.to_owned(), bytes.clone()));
    bytes
}

fn index(rows: &[&Resource], version: &str) -> Value {
    let groups = Groups::of(rows.iter().copied());
    let paths = groups.versions().map(|(group, name)| {
        let path = if group.is_empty() { format!("api/{name}") } else { format!("apis/{group}/{name}") };
        let own: Vec<&Resource> = rows.iter().copied().filter(|r| r.group == group && r.version == name).collect();
        let url = format!("/openapi/v3/{path}?hash={}", mark_of(version, &path, &own));
        (path, json!({"serverRelativeURL": url}))
    });
    json!({"paths": paths.collect::<serde_json::Map<String, Value>>()})
}

fn v3(rows: &[&Resource], version: &str) -> Value {
    let kinds = kinds();
    let mut writer = Writer::new(Flavor::V3, api::schemas(), &kinds);
    let mut paths = Paths::new(Flavor::V3, &mut writer);
    rows.iter().for_each(|row| paths.resource(row));
    let paths = paths.paths;
    let schemas = definitions(Flavor::V3, rows, writer);
    json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": version}, "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"BearerToken": {"type": "apiKey", "name": "authorization", "in": "header", "description": "Bearer Token authentication"}}},
    })
}

fn v2(rows: &[&Resource], version: &str) -> Value {
    let kinds = kinds();
    let mut writer = Writer::new(Flavor::V2, api::schemas(), &kinds);
    let mut paths = Paths::new(Flavor::V2, &mut writer);
    rows.iter().for_each(|row| paths.resource(row));
    let paths = paths.paths;
    let definitions = definitions(Flavor::V2, rows, writer);
    json!({"swagger": "2.0", "info": {"title": "Kubernetes", "version": version}, "paths": paths, "definitions": definitions,
        "securityDefinitions": {"BearerToken": {"type": "apiKey", "name": "authorization", "in": "header", "description": "Bearer Token authentication"}}, "security": [{"BearerToken": []}]})
}

/// All types that a document refers to, and those of its custom resources.
fn definitions(flavor: Flavor, rows: &[&Resource], mut writer: Writer<'_>) -> BTreeMap<String, Value> {
    let mut own = BTreeMap::new();
    for row in rows {
        if let Some(version) = api::custom::of(row) {
            own.extend(custom::schemas(row, version, flavor, &mut writer));
        }
    }
    let mut all = writer.definitions();
    all.append(&mut own);
    all
}

/// With its tag, compressed where the client takes that.
fn tagged(bytes: Bytes, mark: &str, parts: &Parts, media: &'static str) -> Response<Body> {
    let tag = if mark == "index" { hex(&Sha512::digest(&bytes)) } else { mark.to_owned() };
    let quoted = format!("\"{tag}\"");
    let asked = parts.uri.query().unwrap_or_default().split('&').find_map(|p| p.strip_prefix("hash="));
    if asked.is_some_and(|hash| hash != tag) {
        // An old address: the client goes on to the one that names what is served now, and may keep that for ever.
        let mut response = empty(StatusCode::MOVED_PERMANENTLY);
        if let Ok(location) = HeaderValue::from_str(&format!("{}?hash={tag}", parts.uri.path())) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        return response;
    }
    let mut response = if parts.headers.get(header::IF_NONE_MATCH).is_some_and(|v| v.as_bytes() == quoted.as_bytes()) {
        empty(StatusCode::NOT_MODIFIED)
    } else if parts
        .headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .any(|v| v.to_str().is_ok_and(|v| v.split(',').any(|e| e.trim().split(';').next() == Some("gzip"))))
    {
        let mut response = typed(StatusCode::OK, bytes, media);
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    } else {
        let mut plain = Vec::new();
        match GzDecoder::new(&bytes[..]).read_to_end(&mut plain) {
            Ok(_) => typed(StatusCode::OK, plain.into(), media),
            Err(_) => empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if let Ok(tag) = HeaderValue::from_str(&quoted) {
        headers.insert(header::ETAG, tag);
    }
    if asked.is_some() {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, immutable"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn documents_say_what_kubectl_looks_for() {
        let row = |g: &str, v: &str, p: &str| api::find(g, v, p).expect("a row");
        let document = v3(&[row("apps", "v1", "deployments")], "v1.37.0");
        let patch = &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
        assert_eq!(
            patch["x-kubernetes-group-version-kind"],
            json!({"group": "apps", "version": "v1", "kind": "Deployment"})
        );
        assert!(
            patch["parameters"]
                .as_array()
                .expect("parameters")
                .iter()
                .any(|p| p["name"] == "fieldValidation" && p["in"] == "query")
        );
        let schemas = &document["components"]["schemas"];
        assert_eq!(
            schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]["x-kubernetes-patch-merge-key"],
            "name"
        );
        assert_eq!(
            schemas["io.k8s.api.apps.v1.Deployment"]["x-kubernetes-group-version-kind"],
            json!([{"group": "apps", "kind": "Deployment", "version": "v1"}])
        );
        let text = document.to_string();
        for target in text.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(schemas.get(target).is_some(), "{target} is referred to and not there");
        }
        let two = v2(&[row("", "v1", "pods")], "v1.37.0");
        assert_eq!(two["definitions"]["io.k8s.api.core.v1.Pod"]["type"], "object");
    }
}
