//! From HTTP to a stream: WebSocket or SPDY, as the client asks.

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;

use super::respond::{Body, text};
use crate::streaming::websocket::accept_key;

const STREAM_PROTOCOL: &str = "x-stream-protocol-version";
const ACCEPTED: &str = "x-accepted-stream-protocol-versions";

/// What the client wants to speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// WebSocket with this subprotocol (may be empty).
    WebSocket { key: String, protocol: String },
    /// SPDY/3.1 with this protocol of its streams.
    Spdy { protocol: String },
}

/// The bytes after the upgrade.
pub(crate) type Io = TokioIo<hyper::upgrade::Upgraded>;

fn words<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .collect()
}

/// Decides on the protocol; refusals are the answer. The first of ours that the client offers is taken.
pub(crate) fn negotiate(
    request: &Request<Incoming>,
    websocket: &[&str],
    spdy: &[&str],
) -> Result<Wanted, Box<Response<Body>>> {
    choose(request.headers(), websocket, spdy)
}

fn choose(headers: &HeaderMap, websocket: &[&str], spdy: &[&str]) -> Result<Wanted, Box<Response<Body>>> {
    let upgrade =
        headers.get(header::UPGRADE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    if upgrade == "websocket" {
        let key = headers.get(header::SEC_WEBSOCKET_KEY).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if key.is_empty() || !words(headers, "sec-websocket-version").contains(&"13") {
            return Err(Box::new(text(StatusCode::BAD_REQUEST, "not a WebSocket handshake of version 13\n")));
        }
        let offered = words(headers, "sec-websocket-protocol");
        // The client's order counts.
        let protocol = offered.iter().find(|word| websocket.contains(word)).copied();
        return match protocol {
            None if offered.is_empty() && websocket.contains(&"") => {
                Ok(Wanted::WebSocket { key: key.to_owned(), protocol: String::new() })
            }
            Some(protocol) => Ok(Wanted::WebSocket { key: key.to_owned(), protocol: protocol.to_owned() }),
            None => Err(Box::new(text(
                StatusCode::FORBIDDEN,
                format!("requested protocol(s) are not supported: {offered:?}; supports {websocket:?}\n"),
            ))),
        };
    }
    if !upgrade.starts_with("spdy/3.1") {
        return Err(Box::new(text(
            StatusCode::BAD_REQUEST,
            format!(
                "unable to upgrade: missing upgrade headers in request: {:?}\n",
                headers.keys().map(header::HeaderName::as_str).collect::<Vec<_>>()
            ),
        )));
    }
    let offered = words(headers, STREAM_PROTOCOL);
    if offered.is_empty() {
        return Ok(Wanted::Spdy { protocol: String::new() });
    }
    match offered.iter().find(|word| spdy.contains(word)) {
        Some(protocol) => Ok(Wanted::Spdy { protocol: (*protocol).to_owned() }),
        None => {
            let mut response = text(
                StatusCode::FORBIDDEN,
                format!(
                    "unable to upgrade: unable to negotiate protocol: client supports {offered:?}, server accepts {spdy:?}\n"
                ),
            );
            for protocol in spdy {
                if let Ok(value) = HeaderValue::from_str(protocol) {
                    response.headers_mut().append(ACCEPTED, value);
                }
            }
            Err(Box::new(response))
        }
    }
}

/// The switching answer, and the stream that follows it.
pub(crate) fn switch(request: &mut Request<Incoming>, wanted: &Wanted) -> (Response<Body>, OnUpgrade) {
    let upgraded = hyper::upgrade::on(request);
    let mut response = text(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    match wanted {
        Wanted::WebSocket { key, protocol } => {
            set("upgrade", "websocket");
            set("sec-websocket-accept", &accept_key(key));
            if !protocol.is_empty() {
                set("sec-websocket-protocol", protocol);
            }
        }
        Wanted::Spdy { protocol } => {
            set("upgrade", "SPDY/3.1");
            if !protocol.is_empty() {
                set(STREAM_PROTOCOL, protocol);
            }
        }
    }
    (response, upgraded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negotiation() {
        let headers = |pairs: &[(&str, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in pairs {
                map.append(header::HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
            }
            map
        };
        let websocket = |protocol: &'static str| {
            vec![
                ("upgrade", "websocket"),
                ("sec-websocket-key", "k"),
                ("sec-websocket-version", "13"),
                ("sec-websocket-protocol", protocol),
            ]
        };
        let ours = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
        assert_eq!(
            choose(&headers(&websocket("v4.channel.k8s.io, v5.channel.k8s.io")), &ours, &[]).unwrap(),
            Wanted::WebSocket { key: "k".into(), protocol: "v4.channel.k8s.io".into() }
        );
        assert_eq!(choose(&headers(&websocket("other")), &ours, &[]).unwrap_err().status(), StatusCode::FORBIDDEN);
        let spdy = headers(&[("upgrade", "SPDY/3.1"), (STREAM_PROTOCOL, "v9"), (STREAM_PROTOCOL, "v4.channel.k8s.io")]);
        assert_eq!(choose(&spdy, &[], &ours).unwrap(), Wanted::Spdy { protocol: "v4.channel.k8s.io".into() });
        assert_eq!(choose(&headers(&[]), &ours, &ours).unwrap_err().status(), StatusCode::BAD_REQUEST);
    }
}
