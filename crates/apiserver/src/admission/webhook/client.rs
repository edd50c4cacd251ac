//! HTTPS to a webhook: a service of the cluster or a URL; a few idle connections are kept for the next call.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

use apimachinery::status::Status;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::trust;
use crate::{contract::Reader, strategies::json::text};

/// Idle connections that are kept for one webhook.
const IDLE: usize = 16;
/// Largest answer in bytes.
const ANSWER: usize = 8 * 1024 * 1024;
/// Addresses of one name that are tried.
const ADDRESSES: usize = 4;

/// Why a call failed, in the words that clients see.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No connection, no answer, or not in time.
    #[error("Post \"{url}\": {reason}")]
    Exchange {
        /// What was called.
        url: String,
        /// What happened.
        reason: String,
    },
    /// An answer that says no.
    #[error("{0}")]
    Answer(String),
}

/// Where a webhook is.
#[derive(Debug)]
pub struct Target {
    host: String,
    port: u16,
    /// As it stands in the URL.
    authority: String,
    path: String,
    service: Option<(String, String)>,
    ca: Vec<u8>,
    tls: OnceLock<Result<Arc<ClientConfig>, String>>,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

fn with_slash(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

impl Target {
    /// A service of the cluster; its certificate is for `name.namespace.svc`.
    #[must_use]
    pub fn service(namespace: &str, name: &str, port: u16, path: &str, ca: Vec<u8>) -> Self {
        let host = format!("{name}.{namespace}.svc");
        Target {
            authority: format!("{host}:{port}"),
            host,
            port,
            path: with_slash(path),
            service: Some((namespace.to_owned(), name.to_owned())),
            ca,
            tls: OnceLock::new(),
            idle: Mutex::default(),
        }
    }

    /// A URL.
    ///
    /// # Errors
    /// It is none, or not https.
    pub fn url(url: &str, ca: Vec<u8>) -> Result<Self, String> {
        let uri: http::Uri = url.parse().map_err(|e| format!("Unparsable URL: {e}"))?;
        let (Some("https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err("webhook configuration must have either service or URL".into());
        };
        Ok(Target {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(443),
            authority: authority.to_string(),
            path: with_slash(uri.path()),
            service: None,
            ca,
            tls: OnceLock::new(),
            idle: Mutex::default(),
        })
    }

    /// Sends a review and gives the answer.
    ///
    /// # Errors
    /// No usable answer in time.
    pub async fn post(&self, reader: &dyn Reader, body: Bytes, within: Duration) -> Result<Value, CallError> {
        let path = format!("{}?timeout={}s", self.path, within.as_secs());
        let failed = |reason: String| CallError::Exchange { url: format!("https://{}{path}", self.authority), reason };
        let exchange = tokio::time::timeout(within, self.exchange(reader, &path, body)).await;
        let (code, answer) = exchange.map_err(|_| failed("context deadline exceeded".into()))?.map_err(failed)?;
        if !(200..=206).contains(&code) {
            return Err(CallError::Answer(refusal(code, &answer)));
        }
        serde_json::from_slice(&answer)
            .map_err(|e| CallError::Answer(format!("couldn't get version/kind; json parse error: {e}")))
    }

    async fn exchange(&self, reader: &dyn Reader, path: &str, body: Bytes) -> Result<(u16, Bytes), String> {
        let request = || {
            http::Request::post(path)
                .header(http::header::HOST, &self.authority)
                .header(http::header::CONTENT_TYPE, "application/json")
                .header(http::header::ACCEPT, "application/json, */*")
                .header(http::header::USER_AGENT, "kube-apiserver-admission")
                .body(Full::new(body.clone()))
                .map_err(|e| e.to_string())
        };
        while let Some(mut sender) = self.take() {
            if sender.ready().await.is_err() {
                continue;
            }
            match sender.send_request(request()?).await {
                Ok(response) => return self.read(sender, response).await,
                // The other side closed it while it was idle; nothing was answered. The next may be better.
                Err(e) if e.is_canceled() || e.is_closed() || e.is_incomplete_message() => {}
                Err(e) => return Err(e.to_string()),
            }
        }
        let mut sender = self.connect(reader).await?;
        let response = sender.send_request(request()?).await.map_err(|e| e.to_string())?;
        self.read(sender, response).await
    }

    async fn read(
        &self,
        sender: SendRequest<Full<Bytes>>,
        response: http::Response<hyper::body::Incoming>,
    ) -> Result<(u16, Bytes), String> {
        let code = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER).collect().await.map_err(|e| e.to_string())?.to_bytes();
        let mut idle = self.idle.lock();
        if idle.len() < IDLE {
            idle.push(sender);
        }
        Ok((code, body))
    }

    /// An idle connection that is still open.
    fn take(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.idle.lock();
        idle.retain(|sender| !sender.is_closed());
        idle.pop()
    }

    async fn connect(&self, reader: &dyn Reader) -> Result<SendRequest<Full<Bytes>>, String> {
        let config = self.tls.get_or_init(|| trust::config(&self.ca)).clone()?;
        let name = ServerName::try_from(self.host.clone()).map_err(|e| e.to_string())?;
        let (host, port) = match &self.service {
            Some((namespace, name)) => resolve_service(reader, namespace, name, self.port)?,
            None => (self.host.clone(), self.port),
        };
        let stream = dial(&addresses(&host).await?, port).await?;
        // A small request at once, not when more of it comes.
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        let stream = TlsConnector::from(config)
            .connect(name, stream)
            .await
            .map_err(|e| format!("tls: failed to verify certificate: {e}"))?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
        // Its errors show in the answer that it feeds.
        tokio::spawn(connection);
        Ok(sender)
    }
}

async fn dial(addresses: &[IpAddr], port: u16) -> Result<TcpStream, String> {
    let mut last = "no address".to_owned();
    for ip in addresses {
        let address = SocketAddr::new(*ip, port);
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(e) => last = format!("dial tcp {address}: connect: {}", words(&e)),
        }
    }
    Err(last)
}

/// As Go says it.
fn words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "connection refused".into(),
        std::io::ErrorKind::NetworkUnreachable => "network is unreachable".into(),
        std::io::ErrorKind::HostUnreachable => "no route to host".into(),
        std::io::ErrorKind::ConnectionReset => "connection reset by peer".into(),
        std::io::ErrorKind::TimedOut => "connection timed out".into(),
        _ => error.to_string(),
    }
}

/// Names are resolved here: the program is static, and the C library's resolver is not in it.
async fn addresses(host: &str) -> Result<Vec<IpAddr>, String> {
    if let Ok(ip) = host.parse() {
        return Ok(vec![ip]);
    }
    if host == "localhost" {
        return Ok(vec![IpAddr::from([127, 0, 0, 1])]);
    }
    let failed = |e: &dyn std::fmt::Display| format!("dial tcp: lookup {host}: {e}");
    let resolver = hickory_resolver::TokioResolver::builder_tokio().map_err(|e| failed(&e))?;
    let resolver = resolver.build().map_err(|e| failed(&e))?;
    let found = resolver.lookup_ip(host).await.map_err(|e| failed(&e))?;
    Ok(found.iter().take(ADDRESSES).collect())
}

/// The address of a service, from what is in memory.
fn resolve_service(reader: &dyn Reader, namespace: &str, name: &str, port: u16) -> Result<(String, u16), String> {
    let service: Value = reader
        .get("", "services", namespace, name)
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(|| format!("service {name:?} not found"))?;
    let ip = text(&service, "/spec/clusterIP");
    match text(&service, "/spec/type") {
        "ExternalName" => Ok((text(&service, "/spec/externalName").to_owned(), port)),
        "ClusterIP" if ip == "None" => Err("cannot route to service with ClusterIP \"None\"".into()),
        "ClusterIP" | "NodePort" | "LoadBalancer" => {
            let ports = service.pointer("/spec/ports").and_then(Value::as_array);
            let has = ports.into_iter().flatten().any(|p| p["port"] == port);
            if has {
                Ok((ip.to_owned(), port))
            } else {
                Err(format!("no service port {port} found for service {name:?}"))
            }
        }
        other => Err(format!("unsupported service type {other:?}")),
    }
}

/// What an answer that is not a success says.
fn refusal(code: u16, body: &[u8]) -> String {
    if let Ok(status) = serde_json::from_slice::<Status>(body)
        && status.status == "Failure"
        && !status.message.is_empty()
    {
        return status.message;
    }
    let shown = String::from_utf8_lossy(&body[..body.len().min(2048)]).trim().to_owned();
    match code {
        400 => "the server rejected our request for an unknown reason".into(),
        401 => "the server has asked for the client to provide credentials".into(),
        403 => shown,
        404 => "the server could not find the requested resource".into(),
        405 => "the server does not allow this method on the requested resource".into(),
        429 => "the server has received too many requests and has asked us to try again later".into(),
        500 => format!("an error on the server ({shown:?}) has prevented the request from succeeding"),
        503 => "the server is currently unable to handle the request".into(),
        504 => {
            "the server was unable to return a response in the time allotted, but may still be processing the request"
                .into()
        }
        _ => format!("the server responded with the status code {code} but did not return more information"),
    }
}
