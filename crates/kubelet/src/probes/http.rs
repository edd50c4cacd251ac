//! A small HTTP client for probes and hooks: one request per connection, redirects on the same host, TLS unverified.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::{Container, HTTPGetAction};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;

use super::{Answer, run::port_of};

const MOST_BODY: usize = 10 * 1024;
const MOST_REDIRECTS: usize = 10;

/// A request to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) scheme: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Target {
    /// From an action; `agent` is `probe` or `lifecycle`.
    pub(crate) fn new(
        action: &HTTPGetAction,
        container: &Container,
        pod_ip: &str,
        agent: &str,
    ) -> Result<Self, String> {
        let path = action.path.as_deref().unwrap_or_default();
        let mut headers: Vec<_> =
            action.http_headers.iter().flatten().map(|header| (header.name.clone(), header.value.clone())).collect();
        let has = |name: &str, headers: &[(String, String)]| {
            headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
        };
        if !has("User-Agent", &headers) {
            headers.push(("User-Agent".into(), format!("kube-{agent}/1.37")));
        }
        if !has("Accept", &headers) {
            headers.push(("Accept".into(), "*/*".into()));
        }
        headers.retain(|(name, value)| !(name.eq_ignore_ascii_case("Accept") && value.is_empty()));
        Ok(Self {
            scheme: action.scheme.as_deref().unwrap_or("HTTP").to_lowercase(),
            host: action.host.clone().filter(|host| !host.is_empty()).unwrap_or_else(|| pod_ip.to_owned()),
            port: port_of(&action.port, container)?,
            path: if path.starts_with('/') { path.to_owned() } else { format!("/{path}") },
            headers,
        })
    }

    fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{host}:{}", self.port)
    }

    fn url(&self) -> String {
        format!("{}://{}{}", self.scheme, self.authority(), self.path)
    }
}

/// What a server said.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
}

/// Probes a target.
pub(crate) async fn probe(target: Target, timeout: Duration) -> Answer {
    let url = target.url();
    match tokio::time::timeout(timeout, follow(target)).await {
        Err(_) => Answer::Failure(format!(
            "Get {url:?}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        )),
        Ok(Err(error)) => Answer::Failure(format!("Get {url:?}: {error}")),
        Ok(Ok(reply)) => match reply.status {
            200..=299 => Answer::Success,
            300..=399 => Answer::Warning(format!("Probe terminated redirects, Response body: {}", reply.body)),
            code => Answer::Failure(format!("HTTP probe failed with statuscode: {code}")),
        },
    }
}

/// Follows redirects as long as they stay on the host.
async fn follow(mut target: Target) -> Result<Reply, String> {
    for _ in 0..MOST_REDIRECTS {
        let reply = get(&target).await?;
        let next = match (reply.status, &reply.location) {
            (301 | 302 | 303 | 307 | 308, Some(location)) => redirected(&target, location),
            _ => None,
        };
        match next {
            Some(next) => target = next,
            None => return Ok(reply),
        }
    }
    Err("stopped after 10 redirects".into())
}

/// The target of a redirect; `None` when it leads to another host.
fn redirected(from: &Target, location: &str) -> Option<Target> {
    if location.starts_with('/') && !location.starts_with("//") {
        return Some(Target { path: location.to_owned(), ..from.clone() });
    }
    let uri: Uri = location.parse().ok()?;
    let (host, scheme) = (uri.host()?.trim_matches(['[', ']']), uri.scheme_str()?.to_owned());
    if host != from.host {
        return None;
    }
    let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    Some(Target { scheme, port, path: uri.path_and_query().map_or("/".into(), ToString::to_string), ..from.clone() })
}

/// One request.
pub(crate) async fn get(target: &Target) -> Result<Reply, String> {
    let address = target.authority();
    let stream = TcpStream::connect(&address).await.map_err(|error| dial_error(&address, &error))?;
    let _ = stream.set_nodelay(true);
    if target.scheme == "https" {
        let config = apimachinery::tls::unverified().map_err(|error| error.to_string())?;
        let connector = tokio_rustls::TlsConnector::from(config);
        let name = ServerName::try_from(target.host.clone()).map_err(|error| error.to_string())?;
        let stream = connector.connect(name, stream).await.map_err(|error| error.to_string())?;
        exchange(target, TokioIo::new(stream)).await
    } else {
        exchange(target, TokioIo::new(stream)).await
    }
}

/// As Go words a failed connection.
pub(crate) fn dial_error(address: &str, error: &std::io::Error) -> String {
    let text = match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "connect: connection refused".to_owned(),
        std::io::ErrorKind::HostUnreachable => "connect: no route to host".to_owned(),
        std::io::ErrorKind::NetworkUnreachable => "connect: network is unreachable".to_owned(),
        _ => error.to_string(),
    };
    format!("dial tcp {address}: {text}")
}

async fn exchange<S: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static>(
    target: &Target,
    stream: S,
) -> Result<Reply, String> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(stream).await.map_err(|error| error.to_string())?;
    let task = tokio::spawn(connection);
    let mut request = Request::get(&target.path).body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let headers = request.headers_mut();
    for (name, value) in &target.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
            headers.append(name, value);
        }
    }
    if !headers.contains_key(http::header::HOST)
        && let Ok(value) = HeaderValue::try_from(target.authority())
    {
        headers.insert(http::header::HOST, value);
    }
    headers.insert(http::header::CONNECTION, HeaderValue::from_static("close"));
    let answer = read(&mut sender, request).await;
    task.abort();
    answer
}

async fn read(
    sender: &mut hyper::client::conn::http1::SendRequest<Empty<Bytes>>,
    request: Request<Empty<Bytes>>,
) -> Result<Reply, String> {
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| if error.is_incomplete_message() { "EOF".to_owned() } else { error.to_string() })?;
    let status = response.status().as_u16();
    let location =
        response.headers().get(http::header::LOCATION).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    // A body beyond the limit is cut off, not an error.
    let body = Limited::new(response.into_body(), MOST_BODY)
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    Ok(Reply { status, location, body: String::from_utf8_lossy(&body).into_owned() })
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn serve(answers: Vec<String>) -> u16 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut buffer = [0; 4096];
                let _ = stream.read(&mut buffer).await;
                stream.write_all(answer.replace("PORT", &port.to_string()).as_bytes()).await.unwrap();
            }
        });
        port
    }

    #[tokio::test]
    async fn answers() {
        let target = |port: u16| Target {
            scheme: "http".into(),
            host: "127.0.0.1".into(),
            port,
            path: "/".into(),
            headers: vec![],
        };
        let reply = |line: &str, more: &str| format!("HTTP/1.1 {line}\r\nContent-Length: 2\r\n{more}\r\nhi");
        for (replies, expected) in [
            (vec![reply("200 OK", "")], Answer::Success),
            (
                vec![reply("503 Service Unavailable", "")],
                Answer::Failure("HTTP probe failed with statuscode: 503".into()),
            ),
            (vec![reply("302 Found", "Location: /x\r\n"), reply("204 No", "")], Answer::Success),
            (
                vec![reply("302 Found", "Location: http://elsewhere/x\r\n")],
                Answer::Warning("Probe terminated redirects, Response body: hi".into()),
            ),
        ] {
            let port = serve(replies).await;
            assert_eq!(probe(target(port), Duration::from_secs(5)).await, expected);
        }
        let free = serve(vec![]).await;
        tokio::task::yield_now().await;
        let Answer::Failure(text) = probe(target(free), Duration::from_secs(5)).await else { panic!("nobody listens") };
        assert!(text.starts_with(&format!("Get \"http://127.0.0.1:{free}/\": ")), "{text}");
    }
}
