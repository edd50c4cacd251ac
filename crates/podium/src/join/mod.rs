//! How a machine becomes a node of a cluster elsewhere: tokens, trust, certificates, and what all nodes are told.

mod cluster;
mod credentials;
mod discover;
mod objects;
mod request;
mod shown;
mod token;
mod way;

use anyhow::Context;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

pub use cluster::{ClusterFacts, MAP, MAP_NAMESPACE};
pub use credentials::{Credentials, Kind, renewal};
pub use discover::{discover, explain, parts, resolve};
pub use objects::{BOOTSTRAP_GROUP, objects};
pub use request::{Wanted, obtain};
pub use shown::Shown;
pub use token::{JoinToken, Pin};
pub use way::{Server, Way};

/// Linux' own port for VXLAN, as flannel uses it too.
pub const OVERLAY_PORT: u16 = 8472;

/// The certificates of a PEM text.
pub fn ca(pem: &str) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().context("the authority's certificate")
}

/// The hash of a certificate's public key, as kubeadm pins authorities.
pub fn key_hash(certificate: &[u8]) -> anyhow::Result<Pin> {
    let (_, parsed) = X509Certificate::from_der(certificate).context("the authority's certificate")?;
    Ok(Sha256::digest(parsed.public_key().raw).into())
}

/// The number of a cluster's overlay network: from its authority, so that clusters on the same hosts differ.
pub fn overlay_id(ca_pem: &str) -> anyhow::Result<u32> {
    let hash = key_hash(ca(ca_pem)?.first().context("no authority")?)?;
    Ok(u32::from_be_bytes([0, hash[0], hash[1], hash[2]]).max(1))
}
