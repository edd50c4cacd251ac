//! Signatures of `cluster-info`: JWS with HMAC-SHA256, without the content. Pure.

use std::collections::BTreeMap;

use api::bootstrap_token::{BootstrapToken, id_of};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use client::Object;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use ring::hmac;

/// Keys of signatures begin so; the token's id follows.
const SIGNATURE: &str = "jws-kubeconfig-";
const CONTENT: &str = "kubeconfig";

/// The token in a Secret.
#[must_use]
pub fn token(secret: &Secret) -> BootstrapToken {
    let data = secret.data.as_ref();
    BootstrapToken::from_data(|key| String::from_utf8(data?.get(key)?.0.clone()).ok())
}

/// The token in a Secret, if it signs now.
#[must_use]
pub fn signing_token(secret: &Secret, now: Timestamp) -> Option<BootstrapToken> {
    let token = token(secret);
    let good = id_of(secret.name()) == Some(&token.id) && !token.secret.is_empty() && token.signing;
    (good && !token.expiry.is_over(now)).then_some(token)
}

/// A signature that stands for itself.
#[must_use]
pub fn signature(content: &str, token: &BootstrapToken) -> String {
    let head = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"HS256","kid":"{}"}}"#, token.id));
    let key = hmac::Key::new(hmac::HMAC_SHA256, token.secret.as_bytes());
    let tag = hmac::sign(&key, format!("{head}.{}", URL_SAFE_NO_PAD.encode(content)).as_bytes());
    format!("{head}..{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
}

/// The config map's data with exactly these tokens' signatures; `None`: it is so already, or there is nothing to sign.
#[must_use]
pub fn signed(data: Option<&BTreeMap<String, String>>, tokens: &[BootstrapToken]) -> Option<BTreeMap<String, String>> {
    let data = data?;
    let content = data.get(CONTENT)?;
    let mut next: BTreeMap<String, String> =
        data.iter().filter(|(key, _)| !key.starts_with(SIGNATURE)).map(|(k, v)| (k.clone(), v.clone())).collect();
    for token in tokens {
        next.insert(format!("{SIGNATURE}{}", token.id), signature(content, token));
    }
    (next != *data).then_some(next)
}
