//! `/healthz`, `/livez`, `/readyz`, `/version`, `/metrics`, and the list of paths at `/`.

use std::sync::Arc;

use http::{Method, Response, request::Parts};
use serde_json::json;

use crate::{body::Body, request::Query, respond, server::ApiServer};

/// One check and whether it holds.
type Check = (&'static str, bool);

/// The answer for a path that is none of a resource; `None`: not known here.
#[must_use]
pub fn answer(server: &Arc<ApiServer>, parts: &Parts, query: &Query) -> Option<Response<Body>> {
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return None;
    }
    let path = parts.uri.path();
    match path.trim_end_matches('/') {
        "/version" => Some(respond::json(200, version(server))),
        "/metrics" => Some(metrics(server)),
        "" => Some(respond::json(200, paths(server))),
        trimmed => {
            let (probe, one) = trimmed[1..].split_once('/').map_or((&trimmed[1..], None), |(p, o)| (p, Some(o)));
            matches!(probe, "healthz" | "livez" | "readyz").then(|| health(server, probe, one, query))
        }
    }
}

fn version(server: &ApiServer) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(&crate::discovery::version(&server.config)).unwrap_or_default();
    text.push(b'\n');
    text
}

fn checks(server: &ApiServer, probe: &str) -> Vec<Check> {
    let mut checks = vec![("ping", true), ("log", true), ("etcd", server.store_answers())];
    if probe != "livez" {
        checks.push(("poststarthook/start-kube-apiserver-admission-initializer", true));
        checks.push(("informer-sync", server.caught_up()));
        checks.push(("poststarthook/rbac/bootstrap-roles", server.is_bootstrapped()));
    }
    if probe == "readyz" {
        checks.push(("shutdown", !server.is_stopping()));
    }
    checks
}

fn health(server: &ApiServer, probe: &str, one: Option<&str>, query: &Query) -> Response<Body> {
    let excluded: Vec<&str> = query.all("exclude").collect();
    let checks = checks(server, probe);
    if let Some(name) = one {
        return match checks.iter().find(|(n, _)| *n == name) {
            Some((_, true)) => respond::text(200, "ok"),
            Some((_, false)) => respond::text(500, format!("internal server error: {name} failed\n")),
            None => respond::text(404, "404 page not found\n"),
        };
    }
    let mut lines = String::new();
    let mut good = true;
    for (name, holds) in checks {
        let skip = excluded.contains(&name);
        let line = match (holds, skip) {
            (_, true) => format!("[+]{name} excluded: ok\n"),
            (true, false) => format!("[+]{name} ok\n"),
            (false, false) => format!("[-]{name} failed: reason withheld\n"),
        };
        good &= holds || skip;
        lines.push_str(&line);
    }
    match (good, query.get("verbose").is_some()) {
        (true, false) => respond::text(200, "ok"),
        (true, true) => respond::text(200, format!("{lines}{probe} check passed\n")),
        (false, _) => respond::text(500, format!("{lines}{probe} check failed\n")),
    }
}

fn paths(server: &ApiServer) -> Vec<u8> {
    let mut paths: Vec<String> =
        ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/metrics", "/openapi/v3", "/readyz", "/version"]
            .map(str::to_owned)
            .into();
    for row in server.registry.rows.all() {
        if !row.group.is_empty() {
            paths.push(format!("/apis/{}", row.group));
            paths.push(format!("/apis/{}/{}", row.group, row.version));
        }
    }
    paths.sort();
    paths.dedup();
    serde_json::to_vec_pretty(&json!({"paths": paths})).unwrap_or_default()
}

fn metrics(server: &ApiServer) -> Response<Body> {
    let (reads, writes) = server.limiter.inside();
    let mut gauges = vec![
        (
            "apiserver_current_inflight_requests",
            "Requests in flight.",
            reads as u64,
            "{request_kind=\"readOnly\"}".to_owned(),
        ),
        (
            "apiserver_current_inflight_requests",
            "Requests in flight.",
            writes as u64,
            "{request_kind=\"mutating\"}".to_owned(),
        ),
        ("apiserver_storage_size_bytes", "Size of the datastore.", server.registry.store.size_bytes(), String::new()),
    ];
    let mut kinds: Vec<_> = server.registry.cache.kinds();
    kinds.sort_by(|a, b| (&a.row.group, &a.row.plural).cmp(&(&b.row.group, &b.row.plural)));
    for kind in kinds {
        let labels = format!("{{group=\"{}\",resource=\"{}\"}}", kind.row.group, kind.row.plural);
        gauges.push(("apiserver_resource_objects", "Stored objects.", kind.count() as u64, labels));
    }
    let mut response = respond::text(200, server.metrics.text(&gauges));
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    response
}
