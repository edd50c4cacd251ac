//! The certificate that a kubelet shows, which may be renewed while it runs.

use std::sync::Arc;

use parking_lot::RwLock;
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

/// The certificate of now.
#[derive(Debug)]
pub struct Shown(RwLock<Arc<CertifiedKey>>);

impl Shown {
    /// From PEM.
    pub fn new(certificate: &str, key: &str) -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self(RwLock::new(certified(certificate, key)?))))
    }

    /// From now on another one; open connections go on with the old one.
    pub fn replace(&self, certificate: &str, key: &str) -> anyhow::Result<()> {
        *self.0.write() = certified(certificate, key)?;
        Ok(())
    }
}

fn certified(certificate: &str, key: &str) -> anyhow::Result<Arc<CertifiedKey>> {
    let chain = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())?;
    Ok(Arc::new(CertifiedKey::from_der(chain, key, &rustls::crypto::ring::default_provider())?))
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().clone())
    }
}
