//! A small HTTP client for registries: one request per connection, TLS by rustls, names by hickory (static glibc has no resolver).

use std::{net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Empty, Full, combinators::BoxBody};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use crate::registries::Tls;

/// To connect and to get the head of an answer.
const DEADLINE: Duration = Duration::from_secs(30);
/// A name server must answer within this time.
const NAME_SERVER: Duration = Duration::from_secs(2);
/// All of them together, over UDP and TCP, within this: a pod that waits for an image must soon say why.
const NAMES: Duration = Duration::from_secs(4);
/// Redirects that are followed.
const REDIRECTS: usize = 5;
const AGENT: &str = concat!("podium/", env!("CARGO_PKG_VERSION"));

/// What went wrong on the wire, in words for the pull's message.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HttpError {
    /// The name has no address.
    #[error("lookup {host}: {reason}")]
    Name {
        /// The host.
        host: String,
        /// Why.
        reason: String,
    },
    /// No connection.
    #[error("dial tcp {address}: {reason}")]
    Connect {
        /// Where to.
        address: String,
        /// Why.
        reason: String,
    },
    /// The TLS configuration cannot be used.
    #[error("{file}: {reason}")]
    Tls {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// A request failed half-way, or is malformed.
    #[error("{url}: {reason}")]
    Request {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
}

/// Bytes in and out.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A target of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Url {
    /// HTTPS.
    pub tls: bool,
    /// Host, with port where given.
    pub host: String,
    /// Path and query.
    pub path: String,
}

impl Url {
    /// Parses an absolute URL.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let tls = match scheme {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(at);
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        (!host.is_empty()).then(|| Self { tls, host: host.to_owned(), path })
    }

    fn name_and_port(&self) -> (String, u16) {
        let default = if self.tls { 443 } else { 80 };
        match self.host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name.to_owned(), port.parse().unwrap_or(default)),
            _ => (self.host.clone(), default),
        }
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}{}", if self.tls { "https" } else { "http" }, self.host, self.path)
    }
}

/// Makes requests; cheap to clone.
#[derive(Clone)]
pub struct Http {
    roots: Arc<rustls::RootCertStore>,
}

impl Http {
    /// A client that trusts the system's authorities.
    #[must_use]
    pub fn new() -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self { roots: Arc::new(roots) }
    }

    /// GET with headers; follows redirects, and then sends no credentials to another host.
    pub async fn get(
        &self,
        url: &Url,
        headers: &[(&'static str, String)],
        tls: Option<&Tls>,
    ) -> Result<Response<Incoming>, HttpError> {
        let (mut url, mut headers) = (url.clone(), headers.to_vec());
        for _ in 0..REDIRECTS {
            let answer = self.once("GET", &url, &headers, None, tls).await?;
            let target = answer.headers().get(header::LOCATION).and_then(|l| l.to_str().ok());
            let Some(target) = target.filter(|_| answer.status().is_redirection()) else { return Ok(answer) };
            let next = Url::parse(target).unwrap_or_else(|| Url { path: target.to_owned(), ..url.clone() });
            if next.host != url.host {
                headers.retain(|(name, _)| *name != "authorization");
            }
            url = next;
        }
        Err(HttpError::Request { url: url.to_string(), reason: format!("stopped after {REDIRECTS} redirects") })
    }

    /// POST of a form; returns status and body.
    pub async fn post_form(&self, url: &Url, form: String, tls: Option<&Tls>) -> Result<(u16, Bytes), HttpError> {
        let headers = [("content-type", "application/x-www-form-urlencoded".to_owned())];
        let answer = self.once("POST", url, &headers, Some(Bytes::from(form)), tls).await?;
        let code = answer.status().as_u16();
        Ok((code, body(answer, 1 << 20, url).await?))
    }

    async fn once(
        &self,
        method: &str,
        url: &Url,
        headers: &[(&'static str, String)],
        form: Option<Bytes>,
        tls: Option<&Tls>,
    ) -> Result<Response<Incoming>, HttpError> {
        let failed = |reason: String| HttpError::Request { url: url.to_string(), reason };
        let mut request = Request::builder().method(method).uri(&url.path);
        for (name, value) in [("host", url.host.as_str()), ("user-agent", AGENT)] {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::try_from(value.as_str()).map_err(|e| failed(e.to_string()))?);
        }
        let body: BoxBody<Bytes, std::convert::Infallible> =
            form.map_or_else(|| Empty::new().boxed(), |f| Full::new(f).boxed());
        let request = request.body(body).map_err(|e| failed(e.to_string()))?;
        let stream = self.connect(url, tls).await?;
        let work = async {
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
            // Ends with the answer's body: the sender is dropped here, the connection when both sides are done.
            tokio::spawn(connection);
            sender.send_request(request).await
        };
        match tokio::time::timeout(DEADLINE, work).await {
            Ok(answer) => answer.map_err(|e| failed(e.to_string())),
            Err(_) => Err(failed(format!("no answer within {} s", DEADLINE.as_secs()))),
        }
    }

    async fn connect(&self, url: &Url, tls: Option<&Tls>) -> Result<Box<dyn Stream>, HttpError> {
        let (name, port) = url.name_and_port();
        let addresses = resolve(name.trim_matches(['[', ']'])).await?;
        let mut last = HttpError::Name { host: name.clone(), reason: "no address".to_owned() };
        for address in addresses {
            let failed = |reason: String| HttpError::Connect { address: format!("{address}:{port}"), reason };
            let tcp = match tokio::time::timeout(DEADLINE, TcpStream::connect((address, port))).await {
                Ok(Ok(tcp)) => tcp,
                Ok(Err(e)) => {
                    last = failed(format!(
                        "connect: {}",
                        e.to_string().split(" (os").next().unwrap_or_default().to_lowercase()
                    ));
                    continue;
                }
                Err(_) => {
                    last = failed("i/o timeout".to_owned());
                    continue;
                }
            };
            if !url.tls {
                return Ok(Box::new(tcp));
            }
            let server = ServerName::try_from(name.clone()).map_err(|e| failed(e.to_string()))?;
            let config = Arc::new(self.tls_config(tls)?);
            match tokio::time::timeout(DEADLINE, tokio_rustls::TlsConnector::from(config).connect(server, tcp)).await {
                Ok(Ok(stream)) => return Ok(Box::new(stream)),
                Ok(Err(e)) => last = failed(format!("tls: {e}")),
                Err(_) => last = failed("tls: handshake timeout".to_owned()),
            }
        }
        Err(last)
    }

    fn tls_config(&self, tls: Option<&Tls>) -> Result<ClientConfig, HttpError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let failed =
            |file: &std::path::Path, reason: String| HttpError::Tls { file: file.display().to_string(), reason };
        let mut roots = self.roots.clone();
        if let Some(file) = tls.and_then(|t| t.ca_file.as_ref()) {
            let mut more = (*roots).clone();
            let certs = CertificateDer::pem_file_iter(file).map_err(|e| failed(file, e.to_string()))?;
            more.add_parsable_certificates(certs.filter_map(Result::ok));
            roots = Arc::new(more);
        }
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|e| HttpError::Tls { file: "tls".into(), reason: e.to_string() })?;
        let builder = if tls.is_some_and(|t| t.insecure_skip_verify) {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Unverified(provider)))
        } else {
            builder.with_root_certificates(roots)
        };
        match tls.and_then(|t| t.cert_file.as_ref().zip(t.key_file.as_ref())) {
            None => Ok(builder.with_no_client_auth()),
            Some((cert, key)) => {
                let chain = CertificateDer::pem_file_iter(cert)
                    .map_err(|e| failed(cert, e.to_string()))?
                    .filter_map(Result::ok)
                    .collect();
                let key = PrivateKeyDer::from_pem_file(key).map_err(|e| failed(key, e.to_string()))?;
                builder.with_client_auth_cert(chain, key).map_err(|e| failed(cert, e.to_string()))
            }
        }
    }
}

/// Reads a body whole, at most `limit` bytes.
pub async fn body(answer: Response<Incoming>, limit: usize, url: &Url) -> Result<Bytes, HttpError> {
    let failed = |reason: String| HttpError::Request { url: url.to_string(), reason };
    let limited = http_body_util::Limited::new(answer.into_body(), limit);
    let read = tokio::time::timeout(DEADLINE, limited.collect()).await;
    Ok(read
        .map_err(|_| failed("the body did not arrive in time".to_owned()))?
        .map_err(|e| failed(e.to_string()))?
        .to_bytes())
}

async fn resolve(name: &str) -> Result<Vec<IpAddr>, HttpError> {
    if let Ok(address) = name.parse() {
        return Ok(vec![address]);
    }
    if name == "localhost" {
        return Ok(vec![IpAddr::from([127, 0, 0, 1])]);
    }
    let failed = |reason: String| HttpError::Name { host: name.to_owned(), reason };
    let mut builder = hickory_resolver::TokioResolver::builder_tokio().map_err(|e| failed(e.to_string()))?;
    builder.options_mut().timeout = NAME_SERVER;
    builder.options_mut().attempts = 1;
    let resolver = builder.build().map_err(|e| failed(e.to_string()))?;
    match tokio::time::timeout(NAMES, resolver.lookup_ip(name)).await {
        Ok(Ok(found)) => Ok(found.iter().collect()),
        Ok(Err(e)) => Err(failed(e.to_string())),
        Err(_) => Err(failed("i/o timeout".to_owned())),
    }
}

/// `insecure_skip_verify`.
#[derive(Debug)]
struct Unverified(Arc<rustls::crypto::CryptoProvider>);

impl rustls::client::danger::ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls_pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (text, host, path) in
            [("https://a.b/c?d", "a.b", "/c?d"), ("http://a:1", "a:1", "/"), ("https://a?x=1", "a", "/?x=1")]
        {
            let url = Url::parse(text).unwrap();
            assert_eq!((url.host.as_str(), url.path.as_str(), url.tls), (host, path, text.starts_with("https")));
        }
        assert_eq!(Url::parse("ftp://a"), None);
    }
}
