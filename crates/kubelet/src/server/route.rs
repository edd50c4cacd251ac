//! Paths of the kubelet's API.

use std::collections::HashMap;

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use k8s_openapi::{List, api::core::v1::Pod};

use super::{
    Server, Trust, exec, logs, metrics,
    respond::{Body, json, text, with_type},
    stats,
};

/// The parameters of a query, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        Self(
            text.split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
        )
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// One of the names is `1` or `true`.
    pub(crate) fn is_set(&self, names: &[&str]) -> bool {
        names.iter().filter_map(|name| self.get(name)).any(|value| matches!(value, "1" | "true" | "True"))
    }
}

fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits: Vec<u8> = bytes.by_ref().take(2).collect();
                match std::str::from_utf8(&digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                    Some(byte) => out.push(byte),
                    None => {
                        out.push(b'%');
                        out.extend_from_slice(&digits);
                    }
                }
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A place in the API, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) uid: Option<String>,
    /// Empty for port-forward.
    pub(crate) container: String,
}

impl Place {
    /// From `namespace/pod[/uid]/container`, or `namespace/pod[/uid]` for port-forward.
    fn parse(parts: &[&str], with_container: bool) -> Option<Self> {
        let (parts, container) = match (parts, with_container) {
            ([rest @ .., last], true) => (rest, decode(last)),
            (all, false) => (all, String::new()),
            ([], true) => return None,
        };
        let (namespace, pod, uid) = match parts {
            [namespace, pod] => (namespace, pod, None),
            [namespace, pod, uid] => (namespace, pod, Some(decode(uid))),
            _ => return None,
        };
        Some(Self { namespace: decode(namespace), pod: decode(pod), uid, container })
    }
}

/// Answers a request.
pub(crate) async fn handle(server: &Server, trust: &Trust, mut request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    if let Trust::Ask(authority, user) = trust
        && let Err(refused) = authority.check(&server.context, user.as_ref(), &request).await
    {
        return refused;
    }
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is_get = request.method() == Method::GET || request.method() == Method::HEAD;
    match parts.as_slice() {
        ["healthz", ..] if is_get => text(StatusCode::OK, "ok"),
        ["pods" | "runningpods"] if is_get => pods(server),
        ["containerLogs", rest @ ..] if is_get => match Place::parse(rest, true) {
            Some(place) => logs::serve(server, &place, &query, &mut request),
            None => not_found(),
        },
        ["exec", rest @ ..] => match Place::parse(rest, true) {
            Some(place) => exec::exec(server, &place, &query, &mut request).await,
            None => not_found(),
        },
        ["attach", rest @ ..] => match Place::parse(rest, true) {
            Some(place) => exec::attach(server, &place, &query, &mut request).await,
            None => not_found(),
        },
        ["portForward", rest @ ..] => match Place::parse(rest, false) {
            Some(place) => exec::port_forward(server, &place, &query, &mut request),
            None => not_found(),
        },
        ["run", rest @ ..] => match Place::parse(rest, true) {
            Some(place) => exec::run(server, &place, &query).await,
            None => not_found(),
        },
        ["stats", "summary"] if is_get => json(&stats::summary(server).await),
        ["metrics"] if is_get => with_type(StatusCode::OK, metrics::TYPE, metrics::own(server)),
        ["metrics", "resource"] if is_get => with_type(StatusCode::OK, metrics::TYPE, metrics::resource(server).await),
        ["metrics", "cadvisor"] if is_get => with_type(StatusCode::OK, metrics::TYPE, metrics::cadvisor(server).await),
        ["metrics", "probes"] if is_get => with_type(StatusCode::OK, metrics::TYPE, ""),
        ["configz"] if is_get => json(&configz(server)),
        ["logs", ..] if is_get => text(StatusCode::NOT_FOUND, "404 page not found\n"),
        _ => not_found(),
    }
}

fn not_found() -> Response<Body> {
    text(StatusCode::NOT_FOUND, "404 page not found\n")
}

fn pods(server: &Server) -> Response<Body> {
    let items: Vec<Pod> = server.directory.all().into_iter().map(|entry| entry.pod.as_ref().clone()).collect();
    json(&List { items, ..List::default() })
}

fn configz(server: &Server) -> HashMap<&'static str, serde_json::Value> {
    let config = &server.context.config;
    let value = serde_json::json!({
        "clusterDNS": config.cluster_dns, "clusterDomain": config.cluster_domain, "maxPods": config.max_pods, "port": config.port,
        "containerLogMaxSize": config.log_max_bytes.to_string(), "containerLogMaxFiles": config.log_max_files,
        "authentication": {"anonymous": {"enabled": false}, "webhook": {"enabled": true}}, "authorization": {"mode": "Webhook"},
        "podLogsDir": config.log_dir, "nodeStatusReportFrequency": "5m0s", "nodeLeaseDurationSeconds": 40,
    });
    HashMap::from([("kubeletconfig", value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_and_places() {
        let query = Query::parse("command=sh&command=-c&command=echo+a%26b&input=1&tty=true");
        assert_eq!(query.all("command").collect::<Vec<_>>(), ["sh", "-c", "echo a&b"]);
        assert!(query.is_set(&["stdin", "input"]) && query.is_set(&["tty"]) && !query.is_set(&["output"]));
        let place = Place::parse(&["n", "p", "c"], true).unwrap();
        assert_eq!((place.pod.as_str(), place.container.as_str(), place.uid), ("p", "c", None));
        assert_eq!(Place::parse(&["n", "p", "u", "c"], true).unwrap().uid.as_deref(), Some("u"));
        assert!(Place::parse(&["n"], false).is_none() && Place::parse(&["n", "p"], false).is_some());
    }
}
