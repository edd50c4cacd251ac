//! The TLS listener on the kubelet's port.

use std::{io, sync::Arc, time::Duration};

use rustls::server::{ResolvesServerCert, WebPkiClientVerifier};
use rustls_pki_types::CertificateDer;
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::{Server, Trust, auth::Authority, auth::User, serve};

/// Connections at the same time.
const MOST: usize = 1024;
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What the listener shows, and whom it believes.
pub struct Tls {
    /// The node's own certificate with its chain and key, asked for at every connection: it is renewed while the node runs.
    pub identity: Arc<dyn ResolvesServerCert>,
    /// Who signs the certificates of clients.
    pub client_ca: Vec<CertificateDer<'static>>,
}

/// What is wrong with the certificates.
#[derive(Debug, Clone, thiserror::Error)]
#[error("certificates of the kubelet's API: {reason}")]
pub struct TlsError {
    reason: String,
}

/// The listener's TLS settings.
pub(crate) fn acceptor(tls: Tls) -> Result<TlsAcceptor, TlsError> {
    let wrong = |reason: String| TlsError { reason };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    for certificate in tls.client_ca {
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()
        .map_err(|error| wrong(error.to_string()))?;
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(error.to_string()))?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(tls.identity);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Accepts connections until it is aborted.
pub(crate) async fn listen(server: Server, listener: TcpListener, acceptor: TlsAcceptor) {
    let authority = Arc::new(Authority::default());
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, most likely: others have to end first.
                if error.kind() != io::ErrorKind::ConnectionAborted {
                    sleep(Duration::from_millis(100)).await;
                }
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let (server, acceptor, authority) = (server.clone(), acceptor.clone(), authority.clone());
        tokio::spawn(async move {
            if let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await {
                let user =
                    stream.get_ref().1.peer_certificates().and_then(|chain| User::from_certificate(chain.first()?));
                serve(server, Trust::Ask(authority, user), stream).await;
            }
            drop(place);
        });
    }
}
