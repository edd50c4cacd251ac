//! Service-account tokens: JSON web tokens signed with ES256.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What is wrong with a key or a token.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TokenError {
    /// The key cannot be used.
    #[error("the key of service-account tokens is not a P-256 key in PKCS#8 form: {0}")]
    Key(String),
    /// Not a token of this form.
    #[error("not a signed token: {0}")]
    Malformed(&'static str),
    /// Made by somebody else.
    #[error("the token's issuer is {0:?}")]
    Issuer(String),
    /// No key fits.
    #[error("the token's signature is not by a known key")]
    Signature,
    /// Over.
    #[error("service account token has expired")]
    Expired,
    /// Not yet.
    #[error("service account token is not valid yet")]
    NotYet,
    /// For somebody else.
    #[error("the token's audiences {0:?} are not those asked for")]
    Audience(Vec<String>),
    /// Signing failed.
    #[error("the token cannot be signed")]
    Sign,
}

/// Name and uid of an object that a token is about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Its name.
    pub name: String,
    /// Its uid.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
}

/// The claims under `kubernetes.io`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Kubernetes {
    /// Namespace of the account.
    #[serde(default)]
    pub namespace: String,
    /// The node that the token is bound to, or that its pod runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Reference>,
    /// The pod that the token is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<Reference>,
    /// The secret that the token is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Reference>,
    /// The account.
    #[serde(default)]
    pub serviceaccount: Reference,
    /// From this time on its use is worth a warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnafter: Option<i64>,
}

/// All claims, in the order in which they are written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// Who may accept it.
    pub aud: Vec<String>,
    /// Seconds since 1970 at which it ends.
    pub exp: i64,
    /// When it was made.
    #[serde(default)]
    pub iat: i64,
    /// By whom.
    #[serde(default)]
    pub iss: String,
    /// Its id.
    #[serde(default)]
    pub jti: String,
    /// Kubernetes' own.
    #[serde(rename = "kubernetes.io", default)]
    pub kubernetes: Kubernetes,
    /// From when on it is good.
    #[serde(default)]
    pub nbf: i64,
    /// `system:serviceaccount:NAMESPACE:NAME`.
    pub sub: String,
}

/// Tokens whose signature has been found good, so that it is computed once: a pod sends the same token for an hour.
const REMEMBERED: usize = 4096;

/// Seconds by which the clocks may differ.
const LEEWAY: i64 = 60;

/// Makes tokens and recognises them.
pub struct TokenSigner {
    pair: EcdsaKeyPair,
    key_id: String,
    /// Public keys as uncompressed points, by key id.
    accepted: Vec<(String, Vec<u8>)>,
    issuer: String,
    audiences: Vec<String>,
    random: SystemRandom,
    good: Mutex<HashMap<[u8; 32], Claims>>,
}

/// DER of a `SubjectPublicKeyInfo` up to the point of a P-256 key.
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The key's id: a hash of its DER form, as Kubernetes makes it.
fn key_id(point: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(SPKI_PREFIX);
    hash.update(point);
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

impl TokenSigner {
    /// A new signing key, PKCS#8 DER.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn generate() -> Result<Vec<u8>, TokenError> {
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map(|d| d.as_ref().to_vec())
            .map_err(|_| TokenError::Sign)
    }

    /// A signer from a key in PKCS#8 DER; tokens by the keys of `accepted_public` (uncompressed points) are good too.
    ///
    /// # Errors
    /// The key is of another kind or damaged.
    pub fn new(
        pkcs8: &[u8],
        accepted_public: &[Vec<u8>],
        issuer: &str,
        audiences: &[String],
    ) -> Result<Self, TokenError> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random)
            .map_err(|e| TokenError::Key(e.to_string()))?;
        let point = pair.public_key().as_ref().to_vec();
        let key_id = key_id(&point);
        let mut accepted = vec![(key_id.clone(), point)];
        accepted.extend(accepted_public.iter().map(|p| (self::key_id(p), p.clone())));
        Ok(Self {
            pair,
            key_id,
            accepted,
            issuer: issuer.to_owned(),
            audiences: audiences.to_vec(),
            random,
            good: Mutex::default(),
        })
    }

    /// The audiences of the API server.
    #[must_use]
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Signs claims; `iss` becomes the issuer of this signer.
    ///
    /// # Errors
    /// Signing failed.
    pub fn sign(&self, mut claims: Claims) -> Result<String, TokenError> {
        claims.iss.clone_from(&self.issuer);
        let head = json!({"alg": "ES256", "kid": self.key_id});
        let body = serde_json::to_vec(&claims).map_err(|_| TokenError::Sign)?;
        let mut token = format!("{}.{}", URL_SAFE_NO_PAD.encode(head.to_string()), URL_SAFE_NO_PAD.encode(body));
        let signature = self.pair.sign(&self.random, token.as_bytes()).map_err(|_| TokenError::Sign)?;
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(signature));
        Ok(token)
    }

    /// Checks signature, issuer, times, and that one of `audiences` (empty: the API server's own) is meant.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify(&self, token: &str, audiences: &[String], now: jiff::Timestamp) -> Result<Claims, TokenError> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let known = self.good.lock().get(&digest).cloned();
        let claims = match known {
            Some(claims) => claims,
            None => {
                let claims = self.decode(token)?;
                let mut good = self.good.lock();
                if good.len() >= REMEMBERED {
                    good.clear();
                }
                good.insert(digest, claims.clone());
                claims
            }
        };
        let now = now.as_second();
        if now - LEEWAY > claims.exp {
            return Err(TokenError::Expired);
        }
        if now + LEEWAY < claims.nbf {
            return Err(TokenError::NotYet);
        }
        let wanted = if audiences.is_empty() { &self.audiences } else { audiences };
        if !claims.aud.iter().any(|a| wanted.contains(a)) {
            return Err(TokenError::Audience(claims.aud));
        }
        Ok(claims)
    }

    fn decode(&self, token: &str) -> Result<Claims, TokenError> {
        #[derive(Deserialize)]
        struct Head {
            alg: String,
            #[serde(default)]
            kid: String,
        }
        let mut parts = token.split('.');
        let (Some(head), Some(body), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::Malformed("not three parts"));
        };
        let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed("not base64url"));
        let parsed: Head =
            serde_json::from_slice(&bytes(head)?).map_err(|_| TokenError::Malformed("the header is not JSON"))?;
        if parsed.alg != "ES256" {
            return Err(TokenError::Malformed("not ES256"));
        }
        let claims: Claims = serde_json::from_slice(&bytes(body)?)
            .map_err(|_| TokenError::Malformed("the claims are not those of a service account"))?;
        if claims.iss != self.issuer {
            return Err(TokenError::Issuer(claims.iss));
        }
        let signature = bytes(signature)?;
        let signed = &token.as_bytes()[..head.len() + 1 + body.len()];
        let fits = |point: &Vec<u8>| {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, &signature).is_ok()
        };
        if self
            .accepted
            .iter()
            .filter(|(id, _)| parsed.kid.is_empty() || *id == parsed.kid)
            .any(|(_, point)| fits(point))
        {
            Ok(claims)
        } else {
            Err(TokenError::Signature)
        }
    }

    /// The public keys as a JSON web key set.
    #[must_use]
    pub fn key_set(&self) -> Value {
        let keys: Vec<Value> = self
            .accepted
            .iter()
            .filter(|(_, point)| point.len() == 65)
            .map(|(id, point)| json!({"use": "sig", "kty": "EC", "kid": id, "crv": "P-256", "alg": "ES256", "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..])}))
            .collect();
        json!({"keys": keys})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> TokenSigner {
        TokenSigner::new(&TokenSigner::generate().expect("a key"), &[], "https://issuer", &["api".into()])
            .expect("a signer")
    }

    fn claims(aud: &str, exp: i64) -> Claims {
        Claims { aud: vec![aud.into()], exp, sub: "system:serviceaccount:n:a".into(), ..Claims::default() }
    }

    fn at(second: i64) -> jiff::Timestamp {
        jiff::Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn what_is_signed_is_good_until_it_ends_and_for_whom_it_is() {
        let signer = signer();
        let token = signer.sign(claims("api", 1000)).expect("signed");
        assert_eq!(signer.verify(&token, &[], at(900)).expect("good").sub, "system:serviceaccount:n:a");
        assert_eq!(signer.verify(&token, &[], at(1061)), Err(TokenError::Expired));
        assert_eq!(signer.verify(&token, &["other".into()], at(900)), Err(TokenError::Audience(vec!["api".into()])));
    }

    #[test]
    fn nothing_else_is_good() {
        let (signer, other) = (signer(), signer());
        let token = signer.sign(claims("api", 1000)).expect("signed");
        assert_eq!(other.verify(&token, &[], at(1)), Err(TokenError::Signature));
        let changed = token.replacen('.', ".e30", 1);
        assert!(signer.verify(&changed, &[], at(1)).is_err());
        for bad in ["", "a", "a.b.c", "nonsense", "a.b.c.d"] {
            assert!(matches!(signer.verify(bad, &[], at(1)), Err(TokenError::Malformed(_))), "{bad}");
        }
        // A key with another id is found by the id.
        let old = TokenSigner::generate().expect("a key");
        let old_signer = TokenSigner::new(&old, &[], "https://issuer", &["api".into()]).expect("a signer");
        let both = TokenSigner::new(
            &TokenSigner::generate().expect("a key"),
            &[old_signer.accepted[0].1.clone()],
            "https://issuer",
            &["api".into()],
        )
        .expect("a signer");
        assert!(both.verify(&old_signer.sign(claims("api", 1000)).expect("signed"), &[], at(1)).is_ok());
    }
}
