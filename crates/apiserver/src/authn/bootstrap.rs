//! Bootstrap tokens: who shows one may ask for a node's certificate, and little else.

use std::{collections::BTreeMap, sync::Arc};

use api::bootstrap_token::{self, BootstrapToken};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::AUTHENTICATED;
use crate::contract::{Reader, User};

/// Checks bootstrap tokens against their Secrets.
pub struct BootstrapTokens {
    reader: Arc<dyn Reader>,
}

#[derive(Deserialize)]
struct Secret {
    metadata: Meta,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    data: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    deletion_timestamp: Option<String>,
}

impl BootstrapTokens {
    /// Secrets are looked up in `reader`.
    #[must_use]
    pub fn new(reader: Arc<dyn Reader>) -> Self {
        Self { reader }
    }

    /// Who shows this token; `None` where it is unknown, over, or not made for this.
    #[must_use]
    pub fn identify(&self, token: &str, now: jiff::Timestamp) -> Option<User> {
        let (id, secret) = bootstrap_token::parse(token)?;
        let name = format!("{}{id}", bootstrap_token::PREFIX);
        let found = self.reader.get("", "secrets", bootstrap_token::NAMESPACE, &name)?;
        let found: Secret = serde_json::from_slice(&found).ok()?;
        if found.kind != bootstrap_token::TYPE || found.metadata.deletion_timestamp.is_some() {
            return None;
        }
        let known =
            BootstrapToken::from_data(|key| String::from_utf8(STANDARD.decode(found.data.get(key)?).ok()?).ok());
        // Hashes differ everywhere where the secrets differ anywhere: how long the comparison takes tells nothing.
        let same = Sha256::digest(known.secret.as_bytes()) == Sha256::digest(secret.as_bytes());
        if !same || known.id != id || known.expiry.is_over(now) || !known.authentication {
            return None;
        }
        let mut groups = known.groups()?;
        groups.push(AUTHENTICATED.to_owned());
        Some(User { name: format!("{}{id}", bootstrap_token::USER_PREFIX), groups, ..User::default() })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::{Value, json};

    use super::*;

    struct One(Value);

    impl Reader for One {
        fn get(&self, _group: &str, resource: &str, namespace: &str, name: &str) -> Option<Bytes> {
            (resource == "secrets" && namespace == "kube-system" && name == "bootstrap-token-abcdef")
                .then(|| Bytes::from(self.0.to_string()))
        }
        fn list(&self, _group: &str, _resource: &str, _namespace: &str) -> Vec<Bytes> {
            Vec::new()
        }
        fn generation(&self, _group: &str, _resource: &str) -> u64 {
            0
        }
        fn changed<'a>(&'a self, _: &'a str, _: &'a str, _: u64) -> crate::contract::Job<'a, ()> {
            Box::pin(std::future::pending())
        }
    }

    #[test]
    fn only_the_whole_living_token_counts() {
        let now = jiff::Timestamp::from_second(1_800_000_000).expect("a time");
        let good = json!({"token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true", "auth-extra-groups": "system:bootstrappers:x"});
        let ask = |change: Value, kind: &str, deleted: Value, token: &str| {
            let mut data = good.clone();
            for (key, value) in change.as_object().expect("a map") {
                data[key] = value.clone();
            }
            for value in data.as_object_mut().expect("a map").values_mut() {
                *value = STANDARD.encode(value.as_str().expect("text")).into();
            }
            let secret = json!({"metadata": {"name": "bootstrap-token-abcdef", "deletionTimestamp": deleted}, "type": kind, "data": data});
            BootstrapTokens::new(Arc::new(One(secret))).identify(token, now)
        };
        let (token, kind, none) = ("abcdef.0123456789abcdef", bootstrap_token::TYPE, Value::Null);
        let user = ask(json!({}), kind, none.clone(), token).expect("a user");
        assert_eq!(user.name, "system:bootstrap:abcdef");
        assert_eq!(user.groups, ["system:bootstrappers", "system:bootstrappers:x", AUTHENTICATED]);
        for (change, kind, deleted, token) in [
            (json!({}), kind, none.clone(), "abcdef.0123456789abcdeg"),
            (json!({}), kind, none.clone(), "abcdeg.0123456789abcdef"),
            (json!({}), "Opaque", none.clone(), token),
            (json!({}), kind, json!("2027-01-01T00:00:00Z"), token),
            (json!({"expiration": "2020-01-01T00:00:00Z"}), kind, none.clone(), token),
            (json!({"usage-bootstrap-authentication": "false"}), kind, none.clone(), token),
            (json!({"token-id": "abcdee"}), kind, none.clone(), token),
            (json!({"auth-extra-groups": "system:masters"}), kind, none, token),
        ] {
            assert_eq!(ask(change.clone(), kind, deleted, token), None, "{change} {kind} {token}");
        }
    }
}
