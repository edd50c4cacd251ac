//! The transport over HTTPS: HTTP/2 on one shared connection, or HTTP/1.1 where the server speaks nothing else.

use std::{io, sync::Arc, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{
    net::TcpStream,
    sync::{Mutex, mpsc},
};
use tokio_rustls::TlsConnector;

use crate::{
    kubeconfig::Credentials,
    transport::{Call, EventKind, RawEvent, Request, Response, Transport, TransportError, WatchStream},
};

const CONNECT: Duration = Duration::from_secs(10);
/// Longest answer and longest event.
const LARGEST: usize = 512 << 20;
/// Events of a watch that wait for their reader; then the server has to wait.
const EVENTS: usize = 256;

/// Why a transport cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpsError {
    /// Certificates or key that cannot be used.
    #[error("cannot use {what}: {reason}")]
    Tls {
        /// Which of them.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// An address that is no `https://host:port`.
    #[error("{0:?} is not an https:// address")]
    Server(String),
}

/// What an [`Https`] transport needs.
#[derive(Debug, Clone)]
pub struct Config {
    /// `https://host:port`.
    pub server: String,
    /// PEM of the authority that signed the server's certificate.
    pub ca: Vec<u8>,
    /// Name in the server's certificate when it is not the host of `server`.
    pub server_name: Option<String>,
    /// Who is asking.
    pub credentials: Credentials,
    /// `User-Agent`.
    pub agent: String,
}

/// HTTPS to one server.
pub struct Https {
    host: String,
    port: u16,
    prefix: String,
    name: ServerName<'static>,
    tls: TlsConnector,
    token: Option<String>,
    agent: String,
    shared: Mutex<Option<conn::http2::SendRequest<Full<Bytes>>>>,
}

enum Sender {
    Two(conn::http2::SendRequest<Full<Bytes>>),
    One(conn::http1::SendRequest<Full<Bytes>>),
}

fn tls_error(what: &'static str) -> impl Fn(String) -> HttpsError {
    move |reason| HttpsError::Tls { what, reason }
}

fn tls_config(config: &Config) -> Result<ClientConfig, HttpsError> {
    let bad_ca = tls_error("the authority's certificate");
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&config.ca) {
        let certificate = certificate.map_err(|e| bad_ca(e.to_string()))?;
        roots.add(certificate).map_err(|e| bad_ca(e.to_string()))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| tls_error("TLS")(e.to_string()))?
        .with_root_certificates(roots);
    let mut tls = match &config.credentials {
        Credentials::Certificate { certificate, key } => {
            let bad = tls_error("the client certificate");
            let chain = CertificateDer::pem_slice_iter(certificate)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|e| bad(e.to_string()))?;
            let key = PrivateKeyDer::from_pem_slice(key).map_err(|e| tls_error("the client key")(e.to_string()))?;
            builder.with_client_auth_cert(chain, key).map_err(|e| bad(e.to_string()))?
        }
        Credentials::Token(_) | Credentials::None => builder.with_no_client_auth(),
    };
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}

impl Https {
    /// A transport; connects on first use and again when the connection breaks.
    pub fn new(config: &Config) -> Result<Self, HttpsError> {
        let bad = || HttpsError::Server(config.server.clone());
        let uri: http::Uri = config.server.parse().map_err(|_| bad())?;
        if uri.scheme_str() != Some("https") {
            return Err(bad());
        }
        let host = uri.host().ok_or_else(bad)?.trim_matches(['[', ']']).to_owned();
        let name = config.server_name.clone().unwrap_or_else(|| host.clone());
        let token = match &config.credentials {
            Credentials::Token(token) => Some(format!("Bearer {token}")),
            Credentials::Certificate { .. } | Credentials::None => None,
        };
        Ok(Self {
            port: uri.port_u16().unwrap_or(443),
            prefix: uri.path().trim_end_matches('/').to_owned(),
            name: ServerName::try_from(name).map_err(|_| bad())?,
            host,
            tls: TlsConnector::from(Arc::new(tls_config(config)?)),
            token,
            agent: config.agent.clone(),
            shared: Mutex::new(None),
        })
    }

    async fn connect(&self) -> io::Result<Sender> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await?;
        tcp.set_nodelay(true)?;
        let stream = self.tls.connect(self.name.clone(), tcp).await?;
        let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let stream = TokioIo::new(stream);
        if two {
            let (sender, connection) = conn::http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(Duration::from_secs(30))
                .keep_alive_timeout(Duration::from_secs(20))
                .initial_stream_window_size(4 << 20)
                .initial_connection_window_size(16 << 20)
                .handshake(stream)
                .await
                .map_err(io::Error::other)?;
            tokio::spawn(connection);
            return Ok(Sender::Two(sender));
        }
        let (sender, connection) = conn::http1::handshake(stream).await.map_err(io::Error::other)?;
        tokio::spawn(connection);
        Ok(Sender::One(sender))
    }

    async fn sender(&self) -> io::Result<Sender> {
        let mut shared = self.shared.lock().await;
        if let Some(sender) = shared.as_ref()
            && !sender.is_closed()
        {
            return Ok(Sender::Two(sender.clone()));
        }
        let timeout = || io::Error::new(io::ErrorKind::TimedOut, "no connection in time");
        let sender = tokio::time::timeout(CONNECT, self.connect()).await.map_err(|_| timeout())??;
        if let Sender::Two(two) = &sender {
            *shared = Some(two.clone());
        }
        Ok(sender)
    }

    async fn exchange(&self, request: &Request) -> io::Result<http::Response<Incoming>> {
        let mut sender = self.sender().await?;
        let path = format!("{}{}", self.prefix, request.uri);
        let uri = match &sender {
            Sender::Two(_) => format!("https://{}:{}{path}", bracketed(&self.host), self.port),
            Sender::One(_) => path,
        };
        let mut builder = http::Request::builder()
            .method(request.method)
            .uri(uri)
            .header("accept", "application/json")
            .header("user-agent", &self.agent);
        if let Sender::One(_) = &sender {
            builder = builder.header("host", format!("{}:{}", bracketed(&self.host), self.port));
        }
        if !request.content_type.is_empty() {
            builder = builder.header("content-type", request.content_type);
        }
        if let Some(token) = &self.token {
            builder = builder.header("authorization", token);
        }
        let message = builder.body(Full::new(request.body.clone())).map_err(io::Error::other)?;
        match &mut sender {
            Sender::Two(sender) => sender.send_request(message).await.map_err(io::Error::other),
            Sender::One(sender) => sender.send_request(message).await.map_err(io::Error::other),
        }
    }

    async fn answer(&self, request: &Request) -> io::Result<Response> {
        let response = self.exchange(request).await?;
        let code = response.status().as_u16();
        let body = http_body_util::Limited::new(response.into_body(), LARGEST);
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        Ok(Response { code, body })
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

fn failed(request: &Request, error: &io::Error) -> TransportError {
    TransportError { method: request.method, uri: request.uri.clone(), reason: error.to_string() }
}

impl Transport for Https {
    fn send(&self, request: Request) -> Call<'_, Result<Response, TransportError>> {
        Box::pin(async move { self.answer(&request).await.map_err(|e| failed(&request, &e)) })
    }

    fn watch(&self, uri: String) -> Call<'_, Result<Result<WatchStream, Response>, TransportError>> {
        Box::pin(async move {
            let request = Request { method: "GET", uri, ..Request::default() };
            let response = self.exchange(&request).await.map_err(|e| failed(&request, &e))?;
            let code = response.status().as_u16();
            if code != 200 {
                let body = http_body_util::Limited::new(response.into_body(), LARGEST).collect().await;
                let body = body.map_err(|e| failed(&request, &io::Error::other(e)))?.to_bytes();
                return Ok(Err(Response { code, body }));
            }
            let (sender, receiver) = mpsc::channel(EVENTS);
            tokio::spawn(read_events(response.into_body(), sender));
            Ok(Ok(receiver))
        })
    }
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

fn event(line: &[u8]) -> Option<RawEvent> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let kind = match line.kind {
        "ADDED" => EventKind::Added,
        "MODIFIED" => EventKind::Modified,
        "DELETED" => EventKind::Deleted,
        "BOOKMARK" => EventKind::Bookmark,
        "ERROR" => EventKind::Error,
        _ => return None,
    };
    Some(RawEvent { kind, object: Bytes::copy_from_slice(line.object.get().as_bytes()) })
}

/// Reads lines until the server, or the reader of the events, has enough. A line that is no event ends the watch: the
/// reader starts again from what it knows.
async fn read_events(mut body: Incoming, sender: mpsc::Sender<RawEvent>) {
    let mut buffer = BytesMut::new();
    loop {
        let frame = tokio::select! {
            frame = body.frame() => frame,
            () = sender.closed() => return,
        };
        let Some(Ok(frame)) = frame else {
            return;
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let mut from = buffer.len();
        buffer.extend_from_slice(&data);
        while let Some(end) = buffer[from..].iter().position(|b| *b == b'\n') {
            let line = buffer.split_to(from + end);
            buffer.advance(1);
            from = 0;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let Some(event) = event(&line) else {
                return;
            };
            if sender.send(event).await.is_err() {
                return;
            }
        }
        if buffer.len() > LARGEST {
            return;
        }
    }
}
