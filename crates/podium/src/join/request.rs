//! Asking the API for a certificate: a key that never leaves this machine, a request, and the wait for the answer.

use std::time::Duration;

use anyhow::{Context, bail};
use client::{Client, Object, transport::EventKind};
use k8s_openapi::{
    ByteString,
    api::certificates::v1::{CertificateSigningRequest, CertificateSigningRequestSpec},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, SanType};
use std::net::IpAddr;

use super::{Credentials, Kind};

/// A certificate that a node wants.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which.
    pub kind: Kind,
    /// Name of the node.
    pub node: String,
    /// Addresses to serve under; the node's name is added.
    pub addresses: Vec<IpAddr>,
    /// How long it is to live; `None`: as long as the cluster gives.
    pub seconds: Option<i32>,
}

/// A key and a request for it (PEM).
fn make(wanted: &Wanted) -> anyhow::Result<(KeyPair, String)> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "system:nodes");
    name.push(DnType::CommonName, format!("system:node:{}", wanted.node));
    params.distinguished_name = name;
    if wanted.kind == Kind::Serving {
        params.subject_alt_names.push(SanType::DnsName(wanted.node.as_str().try_into()?));
        params.subject_alt_names.extend(wanted.addresses.iter().map(|ip| SanType::IpAddress(*ip)));
    }
    let pem = params.serialize_request(&key)?.pem()?;
    Ok((key, pem))
}

fn object(wanted: &Wanted, pem: String) -> CertificateSigningRequest {
    let (signer, purpose) = match wanted.kind {
        Kind::Client => ("kubernetes.io/kube-apiserver-client-kubelet", "client auth"),
        Kind::Serving => ("kubernetes.io/kubelet-serving", "server auth"),
    };
    CertificateSigningRequest {
        metadata: ObjectMeta { generate_name: Some("csr-".to_owned()), ..ObjectMeta::default() },
        spec: CertificateSigningRequestSpec {
            request: ByteString(pem.into_bytes()),
            signer_name: signer.to_owned(),
            // Without key encipherment, as kubelets do with keys that are not RSA.
            usages: Some(vec!["digital signature".to_owned(), purpose.to_owned()]),
            expiration_seconds: wanted.seconds,
            ..CertificateSigningRequestSpec::default()
        },
        status: None,
    }
}

/// Asks, and waits at most this long for somebody to approve and sign.
pub async fn obtain(client: &Client, wanted: &Wanted, patience: Duration) -> anyhow::Result<Credentials> {
    let (key, pem) = make(wanted)?;
    let made = client.create(&object(wanted, pem)).await?;
    let certificate = tokio::time::timeout(patience, answer(client, &made)).await.with_context(|| {
        format!(
            "nobody answered the request for a certificate within {patience:?} (`kubectl get csr {}` on the server shows it)",
            made.name()
        )
    })??;
    Ok(Credentials { certificate, key: key.serialize_pem() })
}

/// Follows a request until it is answered.
async fn answer(client: &Client, made: &CertificateSigningRequest) -> anyhow::Result<String> {
    let name = made.name();
    loop {
        let known: CertificateSigningRequest = client.get("", name).await?;
        if let Some(certificate) = judge(&known)? {
            return Ok(certificate);
        }
        let version = known.metadata.resource_version.clone().unwrap_or_default();
        let mut uri = client::client::path::<CertificateSigningRequest>("", "", "");
        for (key, value) in
            [("watch", "1"), ("resourceVersion", &version), ("fieldSelector", &format!("metadata.name={name}"))]
        {
            client::client::parameter(&mut uri, key, value);
        }
        let mut events = client.raw_watch(uri).await?;
        // The server closes it after a while: then from the beginning.
        while let Some(event) = events.recv().await {
            match event.kind {
                EventKind::Added | EventKind::Modified => {
                    if let Some(certificate) = judge(&serde_json::from_slice(&event.object)?)? {
                        return Ok(certificate);
                    }
                }
                EventKind::Deleted => bail!("the request {name} for a certificate was deleted unanswered"),
                EventKind::Bookmark => {}
                EventKind::Error => break,
            }
        }
    }
}

/// The certificate, if it is there; an error where there will be none.
fn judge(request: &CertificateSigningRequest) -> anyhow::Result<Option<String>> {
    let status = request.status.clone().unwrap_or_default();
    for condition in status.conditions.iter().flatten() {
        if matches!(condition.type_.as_str(), "Denied" | "Failed") {
            let why = condition.message.as_deref().or(condition.reason.as_deref()).unwrap_or("no reason given");
            bail!("the cluster refuses the request {} for a certificate ({}): {why}", request.name(), condition.type_);
        }
    }
    match status.certificate.filter(|c| !c.0.is_empty()) {
        Some(certificate) => Ok(Some(String::from_utf8(certificate.0).context("the certificate")?)),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use controllers::{
        authority::Authority,
        certificate::{kubelet_client, kubelet_serving, parse},
    };
    use jiff::{SignedDuration, Timestamp};
    use rustls::{client::WebPkiServerVerifier, client::danger::ServerCertVerifier, server::WebPkiClientVerifier};
    use rustls_pki_types::{PrivateKeyDer, ServerName, UnixTime, pem::PemObject};
    use std::sync::Arc;

    use super::*;

    /// From the key to what TLS says of the certificate: the parts fit each other.
    #[test]
    fn what_is_asked_for_and_signed_is_good_for_tls() {
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let pki = crate::certs::ensure(dir.path(), "server", &[], &[], now).unwrap();
        let ca = crate::join::ca(&pki.ca.cert).unwrap();
        let PrivateKeyDer::Pkcs8(key) = PrivateKeyDer::from_pem_slice(pki.ca.key.as_bytes()).unwrap() else { panic!() };
        let authority = Authority::new(&ca[0], key.secret_pkcs8_der()).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(ca[0].clone()).unwrap();
        let (roots, provider) = (Arc::new(roots), Arc::new(rustls::crypto::ring::default_provider()));
        let at = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_100));
        let later = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_700));
        let sign = |kind: Kind| {
            let wanted =
                Wanted { kind, node: "edge-1".into(), addresses: vec!["10.0.0.2".parse().unwrap()], seconds: None };
            let (_, pem) = make(&wanted).unwrap();
            let asked = parse(pem.as_bytes()).unwrap();
            let usages = object(&wanted, pem).spec.usages.unwrap();
            let fits =
                if kind == Kind::Client { kubelet_client(&asked, &usages) } else { kubelet_serving(&asked, &usages) };
            assert_eq!(fits, Ok(()));
            authority.sign(&asked, &usages, SignedDuration::from_secs(600), now).unwrap()
        };
        let client = sign(Kind::Client).into();
        let clients = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone()).build().unwrap();
        clients.verify_client_cert(&client, &[], at).unwrap();
        assert!(clients.verify_client_cert(&client, &[], later).is_err(), "it ends");
        let user = apiserver::authn::identify(&client, now).unwrap().unwrap();
        assert_eq!((&*user.name, &*user.groups[0]), ("system:node:edge-1", "system:nodes"));
        let serving = sign(Kind::Serving).into();
        let servers = WebPkiServerVerifier::builder_with_provider(roots, provider).build().unwrap();
        let verify = |name: &str| {
            servers.verify_server_cert(&serving, &[], &ServerName::try_from(name.to_owned()).unwrap(), &[], at)
        };
        assert!(verify("10.0.0.2").is_ok() && verify("edge-1").is_ok());
        assert!(verify("10.0.0.3").is_err() && verify("edge-2").is_err());
        assert!(clients.verify_client_cert(&serving, &[], at).is_err(), "it is for servers only");
    }

    #[test]
    fn a_request_that_was_tampered_with_is_none() {
        let wanted = Wanted { kind: Kind::Client, node: "a".into(), addresses: vec![], seconds: None };
        let (_, pem) = make(&wanted).unwrap();
        let der = rustls_pki_types::CertificateSigningRequestDer::from_pem_slice(pem.as_bytes()).unwrap();
        let mut bytes = der.to_vec();
        let at = bytes.windows(13).position(|w| w == b"system:node:a").unwrap();
        bytes[at + 12] = b'b';
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(&bytes);
        let pem = format!("-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n");
        assert!(parse(pem.as_bytes()).unwrap_err().to_string().contains("signature"));
    }
}
