//! Signatures come and go with their tokens.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;

use super::plan::{signature, signed, signing_token};

fn secret(name: &str, id: &str, signing: &str, expiration: &str) -> Secret {
    let value = json!({"metadata": {"name": name, "namespace": "kube-system"}});
    let mut secret: Secret = serde_json::from_value(value).expect("a secret");
    let data = [
        ("token-id", id),
        ("token-secret", "tokenSecret"),
        ("usage-bootstrap-signing", signing),
        ("expiration", expiration),
    ];
    secret.data =
        Some(data.iter().map(|(k, v)| ((*k).to_owned(), k8s_openapi::ByteString(v.as_bytes().to_vec()))).collect());
    secret
}

#[test]
fn who_signs() {
    let now = Timestamp::from_second(1_800_000_000).expect("a time");
    for (name, id, signing, expiration, signs) in [
        ("bootstrap-token-abcdef", "abcdef", "true", "", true),
        ("bootstrap-token-abcdef", "abcdeg", "true", "", false),
        ("bootstrap-token-abcdef", "abcdef", "false", "", false),
        ("bootstrap-token-abcdef", "abcdef", "true", "2020-01-01T00:00:00Z", false),
        ("other", "abcdef", "true", "", false),
    ] {
        let token = signing_token(&secret(name, id, signing, expiration), now);
        assert_eq!(token.is_some(), signs, "{name} {id} {signing} {expiration}");
    }
}

#[test]
fn signatures_come_and_go() {
    let token = signing_token(&secret("bootstrap-token-abcdef", "abcdef", "true", ""), Timestamp::UNIX_EPOCH);
    let tokens: Vec<_> = token.into_iter().collect();
    let map = BTreeMap::from([("kubeconfig".to_owned(), "content".to_owned())]);
    let with = signed(Some(&map), &tokens).expect("a change");
    assert_eq!(with["jws-kubeconfig-abcdef"], signature("content", &tokens[0]));
    assert_eq!(signed(Some(&with), &tokens), None);
    assert_eq!(signed(Some(&with), &[]), Some(map));
    assert_eq!(signed(Some(&BTreeMap::new()), &tokens), None);
}
