//! A load generator: many connections with a client certificate, each with one request on its way. HTTP/1.1, one thread: it shares
//! the cores with the server that it measures and must cost little.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bytes::{Buf, BytesMut};
use client::kubeconfig::{Credentials, Target};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::figure::quantile;

/// As many as the goals name.
pub const CONNECTIONS: usize = 64;
/// A server that takes longer for one answer has failed.
const ANSWER: Duration = Duration::from_secs(30);

/// Writes the request with this number: method, path, body.
pub type Make = Arc<dyn Fn(usize) -> (&'static str, String, String) + Send + Sync>;

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// Answers per second.
    pub per_second: f64,
    /// 99 of 100 answers came within so many milliseconds.
    pub p99_ms: f64,
}

/// Where a load goes.
#[derive(Clone)]
pub struct Aim {
    address: String,
    name: ServerName<'static>,
    tls: TlsConnector,
}

impl Aim {
    /// At the server of a kubeconfig, with its client certificate.
    pub fn new(target: &Target) -> anyhow::Result<Self> {
        let Credentials::Certificate { certificate, key } = &target.credentials else {
            bail!("the kubeconfig has no client certificate");
        };
        let mut roots = RootCertStore::empty();
        for authority in CertificateDer::pem_slice_iter(&target.ca) {
            roots.add(authority?)?;
        }
        let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>()?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key)?)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let address = target.server.strip_prefix("https://").context("no https:// address")?.trim_end_matches('/');
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        Ok(Self {
            address: address.to_owned(),
            name: ServerName::try_from(host.trim_matches(['[', ']']).to_owned())?,
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    async fn connect(&self) -> anyhow::Result<TlsStream<TcpStream>> {
        let tcp = TcpStream::connect(&self.address).await?;
        tcp.set_nodelay(true)?;
        Ok(self.tls.connect(self.name.clone(), tcp).await?)
    }

    /// Sends `count` requests over all connections; every answer must be a 2xx.
    pub async fn fire(&self, count: usize, make: Make) -> anyhow::Result<Outcome> {
        let next = Arc::new(AtomicUsize::new(0));
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(self.connect().await.context("cannot connect")?);
        }
        let begun = Instant::now();
        let tasks: Vec<_> = connections
            .into_iter()
            .map(|c| tokio::spawn(one(c, self.address.clone(), next.clone(), count, make.clone())))
            .collect();
        let mut times = Vec::with_capacity(count);
        for task in tasks {
            times.extend(task.await??);
        }
        let seconds = begun.elapsed().as_secs_f64();
        Ok(Outcome { per_second: times.len() as f64 / seconds, p99_ms: quantile(&mut times, 0.99) })
    }
}

/// One connection; how long each of its requests took, in milliseconds.
async fn one(
    mut stream: TlsStream<TcpStream>,
    host: String,
    next: Arc<AtomicUsize>,
    count: usize,
    make: Make,
) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::new();
    let mut buffer = BytesMut::with_capacity(16 * 1024);
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return Ok(times);
        }
        let (method, path, body) = make(number);
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let begun = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        tokio::time::timeout(ANSWER, answer(&mut stream, &mut buffer))
            .await
            .with_context(|| format!("no answer to {method} {path} within {ANSWER:?}"))?
            .with_context(|| format!("{method} {path}"))?;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
}

/// How the end of a body is known.
#[derive(Debug, PartialEq)]
enum Framing {
    Length(usize),
    Chunked,
}

async fn answer(stream: &mut TlsStream<TcpStream>, buffer: &mut BytesMut) -> anyhow::Result<()> {
    let head = loop {
        if let Some(end) = find(buffer, b"\r\n\r\n") {
            break end + 4;
        }
        fill(stream, buffer).await?;
    };
    let (status, framing) = parse(&buffer[..head])?;
    buffer.advance(head);
    if !(200..300).contains(&status) {
        bail!("status {status}");
    }
    match framing {
        Framing::Length(length) => take(stream, buffer, length).await,
        Framing::Chunked => loop {
            let end = loop {
                if let Some(end) = find(buffer, b"\r\n") {
                    break end;
                }
                fill(stream, buffer).await?;
            };
            let size = usize::from_str_radix(std::str::from_utf8(&buffer[..end])?.trim(), 16)?;
            buffer.advance(end + 2);
            take(stream, buffer, size + 2).await?;
            if size == 0 {
                return Ok(());
            }
        },
    }
}

async fn take(stream: &mut TlsStream<TcpStream>, buffer: &mut BytesMut, length: usize) -> anyhow::Result<()> {
    while buffer.len() < length {
        fill(stream, buffer).await?;
    }
    buffer.advance(length);
    Ok(())
}

async fn fill(stream: &mut TlsStream<TcpStream>, buffer: &mut BytesMut) -> anyhow::Result<()> {
    buffer.reserve(8 * 1024);
    anyhow::ensure!(stream.read_buf(buffer).await? > 0, "the server closed the connection");
    Ok(())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

/// Status and framing from the head of an answer.
fn parse(head: &[u8]) -> anyhow::Result<(u16, Framing)> {
    let text = std::str::from_utf8(head)?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|l| l.split(' ').nth(1)?.parse().ok()).context("no status")?;
    let mut framing = Framing::Length(0);
    for (name, value) in lines.filter_map(|l| l.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            framing = Framing::Length(value.trim().parse()?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") && value.trim().eq_ignore_ascii_case("chunked") {
            return Ok((status, Framing::Chunked));
        }
    }
    Ok((status, framing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_answers() {
        let head = b"HTTP/1.1 201 Created\r\ncontent-length: 12\r\nX: y\r\n\r\n";
        assert_eq!(parse(head).unwrap(), (201, Framing::Length(12)));
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(parse(head).unwrap(), (200, Framing::Chunked));
        assert!(parse(b"nonsense").is_err());
    }
}
