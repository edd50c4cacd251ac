//! Bearer tokens: those of service accounts, checked against what they are bound to, and those of machines that want to join.

use std::sync::Arc;

use apimachinery::status::Status;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::{
    AUTHENTICATED, BootstrapTokens,
    token::{Claims, Reference, TokenError, TokenSigner},
};
use crate::{
    config::Config,
    contract::{Authenticator, Caller, Job, Reader, User},
};

/// Why a token is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The token itself is not good.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The account is not there any more.
    #[error("serviceaccounts {0:?} not found")]
    Account(String),
    /// Another account of the same name.
    #[error("service account UID ({found}) does not match claim ({claimed})")]
    AccountUid {
        /// As it is.
        found: String,
        /// As the token says.
        claimed: String,
    },
    /// What it was bound to is gone.
    #[error("service account token has been invalidated")]
    Bound,
}

#[derive(Deserialize)]
struct Head {
    metadata: Meta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    uid: String,
    deletion_timestamp: Option<String>,
}

/// Seconds that a token outlives the deletion of what it is bound to.
const LEEWAY: i64 = 60;

/// Checks tokens of service accounts.
pub struct ServiceAccounts {
    signer: Arc<TokenSigner>,
    reader: Arc<dyn Reader>,
}

impl ServiceAccounts {
    /// Tokens are by `signer`; accounts, pods, secrets and nodes are looked up in `reader`.
    #[must_use]
    pub fn new(signer: Arc<TokenSigner>, reader: Arc<dyn Reader>) -> Self {
        Self { signer, reader }
    }

    fn deleted(meta: &Meta, now: jiff::Timestamp) -> bool {
        meta.deletion_timestamp
            .as_deref()
            .and_then(apimachinery::time::parse)
            .is_some_and(|t| t.as_second() < now.as_second() - LEEWAY)
    }

    fn head(&self, resource: &str, namespace: &str, name: &str) -> Option<Meta> {
        serde_json::from_slice::<Head>(&self.reader.get("", resource, namespace, name)?).ok().map(|h| h.metadata)
    }

    fn alive(
        &self,
        resource: &str,
        namespace: &str,
        reference: Option<&Reference>,
        now: jiff::Timestamp,
    ) -> Result<(), Refusal> {
        let Some(reference) = reference else { return Ok(()) };
        let meta = self.head(resource, namespace, &reference.name).ok_or(Refusal::Bound)?;
        if meta.uid != reference.uid || Self::deleted(&meta, now) { Err(Refusal::Bound) } else { Ok(()) }
    }

    /// Who a token is for. `audiences` empty: it must be for the API server.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn identify(
        &self,
        token: &str,
        audiences: &[String],
        now: jiff::Timestamp,
    ) -> Result<(User, Vec<String>), Refusal> {
        let claims = self.signer.verify(token, audiences, now)?;
        let kubernetes = &claims.kubernetes;
        let namespace = kubernetes.namespace.as_str();
        let account = &kubernetes.serviceaccount;
        let meta = self
            .head("serviceaccounts", namespace, &account.name)
            .ok_or_else(|| Refusal::Account(account.name.clone()))?;
        if meta.uid != account.uid {
            return Err(Refusal::AccountUid { found: meta.uid, claimed: account.uid.clone() });
        }
        if Self::deleted(&meta, now) {
            return Err(Refusal::Bound);
        }
        self.alive("secrets", namespace, kubernetes.secret.as_ref(), now)?;
        self.alive("pods", namespace, kubernetes.pod.as_ref(), now)?;
        if kubernetes.pod.is_none() {
            self.alive("nodes", "", kubernetes.node.as_ref(), now)?;
        }
        let wanted = if audiences.is_empty() { self.signer.audiences() } else { audiences };
        let matched = wanted.iter().filter(|a| claims.aud.contains(a)).cloned().collect();
        Ok((user(&claims), matched))
    }
}

fn user(claims: &Claims) -> User {
    let kubernetes = &claims.kubernetes;
    let (namespace, account) = (&kubernetes.namespace, &kubernetes.serviceaccount);
    let mut user = service_account(namespace, &account.name, &account.uid);
    let mut extra = |key: &str, value: &str| {
        user.extra.insert(format!("authentication.kubernetes.io/{key}"), vec![value.to_owned()]);
    };
    if !claims.jti.is_empty() {
        extra("credential-id", &format!("JTI={}", claims.jti));
    }
    if let Some(pod) = &kubernetes.pod {
        extra("pod-name", &pod.name);
        extra("pod-uid", &pod.uid);
    }
    if let Some(node) = &kubernetes.node {
        extra("node-name", &node.name);
        if !node.uid.is_empty() {
            extra("node-uid", &node.uid);
        }
    }
    user.groups.push(AUTHENTICATED.to_owned());
    user
}

/// The user that a service account is, without `system:authenticated`.
#[must_use]
pub fn service_account(namespace: &str, name: &str, uid: &str) -> User {
    User {
        name: format!("system:serviceaccount:{namespace}:{name}"),
        uid: uid.to_owned(),
        groups: vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")],
        extra: Default::default(),
    }
}

/// Namespace and name of a service account's user name.
#[must_use]
pub fn split_service_account(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    let plain = |s: &str| {
        !s.is_empty() && s.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.')
    };
    (plain(namespace) && plain(name)).then_some((namespace, name))
}

/// A WebSocket protocol that is none, but a token: browsers can send no other header.
const TOKEN_PROTOCOL: &str = "base64url.bearer.authorization.k8s.io.";

/// The WebSocket protocols of a header without the token; empty: none is left.
#[must_use]
pub fn protocols_without_token(header: &str) -> String {
    let protocols = header.split(',').map(str::trim).filter(|protocol| !protocol.starts_with(TOKEN_PROTOCOL));
    protocols.collect::<Vec<_>>().join(", ")
}

/// The token of a request: `Authorization: Bearer …`, or the WebSocket protocol of browsers.
#[must_use]
pub fn token_of(headers: &http::HeaderMap) -> Option<String> {
    if let Some(value) = headers.get(http::header::AUTHORIZATION).and_then(|v| v.to_str().ok())
        && let Some((scheme, token)) = value.trim().split_once(' ')
        && scheme.eq_ignore_ascii_case("bearer")
    {
        return Some(token.trim().to_owned()).filter(|t| !t.is_empty());
    }
    let protocols = headers.get_all(http::header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|v| v.to_str().ok());
    let encoded = protocols.flat_map(|v| v.split(',')).find_map(|p| p.trim().strip_prefix(TOKEN_PROTOCOL))?;
    String::from_utf8(URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?).ok()
}

/// Authenticates by bearer token.
pub struct Bearer {
    config: Arc<Config>,
    accounts: Option<ServiceAccounts>,
    joining: BootstrapTokens,
}

impl Bearer {
    /// Takes the time from the configuration. Without `accounts` every token of one is refused.
    #[must_use]
    pub fn new(config: Arc<Config>, accounts: Option<ServiceAccounts>, joining: BootstrapTokens) -> Self {
        Self { config, accounts, joining }
    }

    fn identify(&self, token: &str) -> Option<User> {
        let now = self.config.clock.now();
        if api::bootstrap_token::parse(token).is_some() {
            return self.joining.identify(token, now);
        }
        self.accounts.as_ref()?.identify(token, &[], now).ok().map(|(user, _)| user)
    }
}

impl Authenticator for Bearer {
    fn authenticate<'a>(
        &'a self,
        caller: &'a Caller,
        headers: &'a http::HeaderMap,
    ) -> Job<'a, Result<Option<User>, Status>> {
        let answer = match (caller, token_of(headers)) {
            (Caller::Component(_), _) | (_, None) => Ok(None),
            (Caller::Connection { .. }, Some(token)) => {
                self.identify(&token).map(Some).ok_or_else(Status::unauthorized)
            }
        };
        Box::pin(async { answer })
    }
}
