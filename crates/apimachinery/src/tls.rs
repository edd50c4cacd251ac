//! TLS to servers whose certificate nobody can judge.

use std::sync::{Arc, OnceLock};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// Takes any certificate, but only from a server that has its key. Nothing secret may be sent over it.
///
/// Right where no authority is known, and upstream asks for none either:
/// - probes and hooks over HTTPS: a pod's certificate is the pod's own matter, and the answer proves no more than life;
/// - the first question of a joining node: of the answer only an authority is taken whose key has the hash in the token;
/// - the proxy to Services and pods over HTTPS: the caller's credentials are not passed on.
///
/// # Errors
/// The cryptography has no protocol version in common with rustls' defaults: not with the provider that is built in.
pub fn unverified() -> Result<Arc<ClientConfig>, Error> {
    static CONFIG: OnceLock<Result<Arc<ClientConfig>, Error>> = OnceLock::new();
    CONFIG.get_or_init(make).clone()
}

fn make() -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    // Sessions are known by address, and addresses of pods go to others.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// Does not ask who it is, only whether the certificate is its own.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rustls::{
        ClientConnection, ProtocolVersion, ServerConfig, ServerConnection, SupportedProtocolVersion,
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
        version::{TLS12, TLS13},
    };

    use super::*;

    /// Shows a certificate, and signs with whatever key it has.
    #[derive(Debug)]
    struct Shown(Arc<CertifiedKey>);

    impl ResolvesServerCert for Shown {
        fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            Some(self.0.clone())
        }
    }

    /// A handshake in memory.
    fn shake(version: &'static SupportedProtocolVersion, honest: bool) -> Result<ProtocolVersion, Error> {
        let (own, other) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
        let certificate = rcgen::CertificateParams::new(["elsewhere".to_owned()]).unwrap().self_signed(&own).unwrap();
        let key = if honest { own } else { other }.serialize_der();
        let key = ring::sign::any_supported_type(&key.try_into().unwrap()).unwrap();
        let shown = Shown(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], key)));
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shown));
        let name = ServerName::try_from("10.0.0.1").unwrap();
        let mut client = ClientConnection::new(unverified()?, name)?;
        let mut server = ServerConnection::new(Arc::new(config))?;
        while client.is_handshaking() || server.is_handshaking() {
            let mut bytes = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut bytes).unwrap();
            }
            server.read_tls(&mut bytes.as_slice()).unwrap();
            server.process_new_packets()?;
            bytes.clear();
            while server.wants_write() {
                server.write_tls(&mut bytes).unwrap();
            }
            client.read_tls(&mut bytes.as_slice()).unwrap();
            client.process_new_packets()?;
        }
        Ok(client.protocol_version().unwrap())
    }

    #[test]
    fn any_certificate_but_only_from_who_has_its_key() {
        for version in [&TLS12, &TLS13] {
            assert_eq!(shake(version, true), Ok(version.version));
            let stolen = shake(version, false);
            assert!(matches!(stolen, Err(Error::InvalidCertificate(_))), "{:?}: {stolen:?}", version.version);
        }
    }
}
