//! The TLS listener: HTTP/1.1 and HTTP/2 on one port, client certificates verified where they are offered.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{server::conn, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    server::{ResolvesServerCert, WebPkiClientVerifier},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{body::Body, contract::Caller, server::ApiServer};

/// Bytes that a stream of HTTP/2 may send ahead, and all streams of a connection together.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;
/// Requests at the same time on one HTTP/2 connection: watches included.
const STREAMS: u32 = 4096;
/// Headers of a request.
const HEADER_BYTES: usize = 64 * 1024;
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// An HTTP/1.1 connection may rest this long between requests.
const IDLE: Duration = Duration::from_secs(180);
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_WITHIN: Duration = Duration::from_secs(15);
/// Connections that finish their requests after a stop.
const DRAIN_WITHIN: Duration = Duration::from_secs(10);

/// The server's certificate, with what it takes to make a TLS configuration of it.
#[derive(Debug)]
pub struct Identity {
    /// Leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its key.
    pub key: PrivateKeyDer<'static>,
}

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate and key do not fit each other, or cannot be read.
    #[error("the serving certificate cannot be used: {0}")]
    Certificate(#[from] rustls::Error),
    /// The CA for client certificates cannot be used.
    #[error("the client CA cannot be used: {0}")]
    ClientCa(String),
}

/// One certificate for every name.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// The TLS configuration: TLS 1.2 and 1.3, client certificates optional.
///
/// # Errors
/// See [`TlsError`].
pub fn tls(identity: Identity, client_ca: &[CertificateDer<'static>]) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let key = CertifiedKey::from_der(identity.chain, identity.key, &provider)?;
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let builder = if client_ca.is_empty() {
        builder.with_no_client_auth()
    } else {
        let mut roots = RootCertStore::empty();
        for certificate in client_ca {
            roots.add(certificate.clone())?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .allow_unauthenticated()
            .build()
            .map_err(|e| TlsError::ClientCa(e.to_string()))?;
        builder.with_client_cert_verifier(verifier)
    };
    let mut config = builder.with_cert_resolver(Arc::new(Always(Arc::new(key))));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Serves until `stop` becomes true; then lets requests finish for a while.
pub async fn serve(
    server: Arc<ApiServer>,
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    mut stop: watch::Receiver<bool>,
) {
    let acceptor = TlsAcceptor::from(tls);
    let places = Arc::new(Semaphore::new(server.config.limits.connections));
    let (ended, mut all_ended) = tokio::sync::mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: wait for some to come back.
                (server.config.log)(&format!("accepting a connection: {error}"));
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else { continue };
        let (server, acceptor, stop, ended) = (server.clone(), acceptor.clone(), stop.clone(), ended.clone());
        tokio::spawn(async move {
            connection(server, acceptor, stream, peer, stop).await;
            drop((place, ended));
        });
    }
    server.stop();
    drop(ended);
    // Nothing is ever sent: it ends when the last connection drops its sender.
    let _ = tokio::time::timeout(DRAIN_WITHIN, all_ended.recv()).await;
}

async fn connection(
    server: Arc<ApiServer>,
    acceptor: TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
    stop: watch::Receiver<bool>,
) {
    // Small answers must not wait for each other.
    let _ = stream.set_nodelay(true);
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)).await else { return };
    let (_, session) = stream.get_ref();
    let client_certificate =
        session.peer_certificates().and_then(|chain| chain.first()).map(|leaf| Arc::from(leaf.as_ref()));
    let http2 = session.alpn_protocol() == Some(b"h2");
    let caller = Caller::Connection { client_certificate, peer };
    if http2 { over_http2(server, stream, caller, stop).await } else { over_http1(server, stream, caller, stop).await }
}

/// Waits for the stop; a sender that is gone has stopped too.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn over_http1(
    server: Arc<ApiServer>,
    stream: TlsStream<TcpStream>,
    caller: Caller,
    mut stop: watch::Receiver<bool>,
) {
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let (server, caller) = (server.clone(), caller.clone());
        async move { Ok::<_, Infallible>(server.handle(request.map(Body::Incoming), caller).await) }
    });
    let mut builder = conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_buf_size(HEADER_BYTES.max(8192) * 2)
        .half_close(false);
    let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    // An error here is a client that went away in the middle: nothing to do about it.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn over_http2(
    server: Arc<ApiServer>,
    stream: TlsStream<TcpStream>,
    caller: Caller,
    mut stop: watch::Receiver<bool>,
) {
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let (server, caller) = (server.clone(), caller.clone());
        async move { Ok::<_, Infallible>(server.handle(request.map(Body::Incoming), caller).await) }
    });
    let mut builder = conn::http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS)
        // Clients that end thousands of watches at once are no attack.
        .max_pending_accept_reset_streams(Some(STREAMS as usize))
        .max_local_error_reset_streams(Some(STREAMS as usize))
        .max_header_list_size(u32::try_from(HEADER_BYTES).unwrap_or(u32::MAX))
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_WITHIN);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
