//! Keys of pods, and the proof that the kubelet has them: an empty PKCS#10 request signed by the key.

use ring::{
    rand::{SecureRandom, SystemRandom},
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
        Ed25519KeyPair, KeyPair,
    },
};

use crate::pem;

/// A key that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// There is no such kind.
    #[error("while generating keypair: unknown key type {0:?}")]
    Unknown(String),
    /// The generator refused.
    #[error("while generating keypair: while generating {kind} key: {reason}")]
    Failed {
        /// What was to be made.
        kind: String,
        /// Why.
        reason: String,
    },
}

/// A new key and what is shown of it.
pub(crate) struct Pair {
    /// PKCS#8 in PEM.
    pub(crate) private: String,
    /// The request, DER.
    pub(crate) request: Vec<u8>,
}

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const ATTRIBUTES: u8 = 0xa0;
const VERSION_0: &[u8] = &[0x02, 0x01, 0x00];
const NO_NAME: &[u8] = &[SEQUENCE, 0x00];

const EC_PUBLIC_KEY: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
const ECDSA_SHA256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const ECDSA_SHA384: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];
/// All of a PKCS#8 version 0 key but its 32 bytes: what is read everywhere, other than version 1.
const ED25519_KEY: &[u8] =
    &[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Makes a key of a kind as `keyType` names it. It takes up to seconds for large RSA keys.
pub(crate) fn generate(kind: &str) -> Result<Pair, Error> {
    match kind {
        "ECDSAP256" => elliptic("ECDSA P256", &ECDSA_P256_SHA256_ASN1_SIGNING, P256, ECDSA_SHA256),
        "ECDSAP384" => elliptic("ECDSA P384", &ECDSA_P384_SHA384_ASN1_SIGNING, P384, ECDSA_SHA384),
        "ED25519" => edwards(),
        _ => Err(Error::Unknown(kind.to_owned())),
    }
}

fn failed(kind: &str, reason: impl std::fmt::Display) -> Error {
    Error::Failed { kind: kind.to_owned(), reason: reason.to_string() }
}

fn elliptic(
    name: &str,
    algorithm: &'static EcdsaSigningAlgorithm,
    curve: &[u8],
    signature: &[u8],
) -> Result<Pair, Error> {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|error| failed(name, error))?;
    let key = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).map_err(|error| failed(name, error))?;
    let public = public(&[EC_PUBLIC_KEY, curve], key.public_key().as_ref());
    let sign = |message: &[u8]| key.sign(&random, message).map(|made| made.as_ref().to_vec());
    let request = request(&public, signature, sign).map_err(|error| failed(name, error))?;
    Ok(Pair { private: pem::encode("PRIVATE KEY", document.as_ref()), request })
}

fn edwards() -> Result<Pair, Error> {
    let name = "Ed25519";
    let mut seed = [0; 32];
    SystemRandom::new().fill(&mut seed).map_err(|error| failed(name, error))?;
    let key = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|error| failed(name, error))?;
    let public = public(&[ED25519], key.public_key().as_ref());
    let sign = |message: &[u8]| Ok::<_, Error>(key.sign(message).as_ref().to_vec());
    let request = request(&public, ED25519, sign)?;
    Ok(Pair { private: pem::encode("PRIVATE KEY", &[ED25519_KEY, &seed].concat()), request })
}

/// A `SubjectPublicKeyInfo`.
fn public(algorithm: &[&[u8]], key: &[u8]) -> Vec<u8> {
    der(SEQUENCE, &[&der(SEQUENCE, algorithm), &bits(key)])
}

/// A `CertificationRequest` without subject and attributes.
fn request<E>(public: &[u8], algorithm: &[u8], sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>) -> Result<Vec<u8>, E> {
    let content = der(SEQUENCE, &[VERSION_0, NO_NAME, public, &der(ATTRIBUTES, &[])]);
    let signature = sign(&content)?;
    Ok(der(SEQUENCE, &[&content, &der(SEQUENCE, &[algorithm]), &bits(&signature)]))
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    der(BIT_STRING, &[&[0], bytes])
}

/// A value of ASN.1 in DER.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let bytes = length.to_be_bytes();
    let short = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    let mut out = vec![tag];
    if length >= 0x80 {
        out.push(0x80 | u8::try_from(short.len()).unwrap_or(0));
        out.extend(short);
    } else {
        out.push(u8::try_from(length).unwrap_or(0));
    }
    for part in parts {
        out.extend(*part);
    }
    out
}

#[cfg(test)]
mod tests {
    use x509_parser::{certification_request::X509CertificationRequest, prelude::FromDer};

    use super::*;

    #[test]
    fn requests_prove_the_key() {
        for (kind, bits) in [("ECDSAP256", 256), ("ECDSAP384", 384), ("ED25519", 0)] {
            let pair = generate(kind).unwrap();
            let (rest, request) = X509CertificationRequest::from_der(&pair.request).unwrap();
            assert!(rest.is_empty(), "{kind}");
            request.verify_signature().unwrap();
            let info = &request.certification_request_info;
            assert_eq!(info.subject.iter().count() + info.attributes().len(), 0, "{kind}");
            if bits > 0 {
                assert_eq!(info.subject_pki.parsed().unwrap().key_size(), bits, "{kind}");
            }
            assert!(pair.private.starts_with("-----BEGIN PRIVATE KEY-----\n"), "{kind}");
            let key = pem::decode(&pair.private).remove(0);
            let public = info.subject_pki.subject_public_key.data.to_vec();
            assert_eq!(owner(kind, &key), public, "{kind}: the private key belongs to the public one");
            assert_ne!(generate(kind).unwrap().private, pair.private, "{kind}");
        }
        assert_eq!(
            generate("DSA").err().map(|error| error.to_string()).as_deref(),
            Some("while generating keypair: unknown key type \"DSA\"")
        );
    }

    fn owner(kind: &str, key: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match kind {
            "ECDSAP256" => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key, &random)
                .unwrap()
                .public_key()
                .as_ref()
                .to_vec(),
            "ECDSAP384" => EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, key, &random)
                .unwrap()
                .public_key()
                .as_ref()
                .to_vec(),
            _ => Ed25519KeyPair::from_pkcs8_maybe_unchecked(key).unwrap().public_key().as_ref().to_vec(),
        }
    }

    #[test]
    fn lengths_as_der_wants_them() {
        for (length, head) in
            [(0, vec![4, 0]), (127, vec![4, 127]), (128, vec![4, 0x81, 128]), (700, vec![4, 0x82, 2, 188])]
        {
            assert_eq!(der(4, &[&vec![7; length]])[..head.len()], head[..], "{length}");
        }
    }
}
