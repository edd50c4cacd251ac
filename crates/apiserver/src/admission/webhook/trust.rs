//! Which certificates of webhooks are believed.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, ring::default_provider, verify_tls12_signature, verify_tls13_signature},
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};

/// Trusts what a bundle's authorities signed, and a server's certificate that lies in the bundle itself: Go does, and many webhooks sign their
/// own.
#[derive(Debug)]
struct Bundle {
    inner: Arc<WebPkiServerVerifier>,
    members: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Bundle {
    /// A certificate of the bundle: its name and its time are still to be right.
    fn own(&self, leaf: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> Result<(), Error> {
        let bad = Error::InvalidCertificate;
        if !self.members.iter().any(|member| member.as_ref() == leaf.as_ref()) {
            return Err(bad(CertificateError::UnknownIssuer));
        }
        verify_server_name(&ParsedCertificate::try_from(leaf)?, name)?;
        let (_, parsed) = x509_parser::parse_x509_certificate(leaf).map_err(|_| bad(CertificateError::BadEncoding))?;
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let validity = parsed.validity();
        if now < validity.not_before.timestamp() {
            return Err(bad(CertificateError::NotValidYet));
        }
        if now > validity.not_after.timestamp() {
            return Err(bad(CertificateError::Expired));
        }
        Ok(())
    }
}

impl ServerCertVerifier for Bundle {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now).or_else(|error| {
            self.own(end_entity, server_name, now).map_err(|_| error).map(|()| ServerCertVerified::assertion())
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Trusts the bundle (PEM), or where there is none the system's authorities.
///
/// # Errors
/// The bundle holds nothing that can be used.
pub fn config(ca: &[u8]) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    let mut members = Vec::new();
    if ca.is_empty() {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    for certificate in CertificateDer::pem_slice_iter(ca) {
        let certificate = certificate.map_err(|e| e.to_string())?;
        roots.add(certificate.clone()).map_err(|e| e.to_string())?;
        members.push(certificate);
    }
    let provider = Arc::new(default_provider());
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|e| e.to_string())?;
    let verifier = Arc::new(Bundle { inner, members, provider: provider.clone() });
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = builder
        .map_err(|e| e.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    // One request at a time per connection spreads them over the endpoints of a service.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_of_the_bundle_is_its_own_authority() {
        let key = rcgen::KeyPair::generate().expect("key");
        let made = |is_ca| {
            let mut params = rcgen::CertificateParams::new(vec!["s.n.svc".into()]).expect("params");
            params.is_ca = is_ca;
            params.self_signed(&key).expect("certificate")
        };
        let authority = made(rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained));
        let other = made(rcgen::IsCa::NoCa);
        let config = config(authority.pem().as_bytes()).expect("config");
        drop(config);
        let bundle = |member: &rcgen::Certificate| {
            let mut roots = RootCertStore::empty();
            roots.add(member.der().clone()).expect("root");
            let provider = Arc::new(default_provider());
            let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
            Bundle { inner: inner.build().expect("verifier"), members: vec![member.der().clone()], provider }
        };
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_800_000_000));
        let check = |trusted: &rcgen::Certificate, leaf: &rcgen::Certificate, name: &'static str, now| {
            let name = ServerName::try_from(name).expect("name");
            bundle(trusted).verify_server_cert(leaf.der(), &[], &name, &[], now).is_ok()
        };
        assert!(check(&authority, &authority, "s.n.svc", now));
        assert!(!check(&authority, &authority, "t.n.svc", now));
        assert!(!check(&other, &authority, "s.n.svc", now));
        let late = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1 << 40));
        assert!(!check(&authority, &authority, "s.n.svc", late));
    }
}
