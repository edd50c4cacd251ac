//! What a secret for a service account's token lacks.

use client::Object;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};

/// The type of these secrets.
pub const TYPE: &str = "kubernetes.io/service-account-token";
/// The annotation that names the service account.
pub const ACCOUNT: &str = "kubernetes.io/service-account.name";
/// The annotation with its UID.
pub const ACCOUNT_UID: &str = "kubernetes.io/service-account.uid";

/// What to do about a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is whole, or none of ours.
    Keep,
    /// Its service account is gone, or is another of its name.
    Delete,
    /// Something is missing; whether that is the token too.
    Fill {
        /// Whether a token has to be made.
        token: bool,
    },
}

/// Whether the secret's service account may have it.
#[must_use]
pub fn belongs(secret: &Secret, account: &ServiceAccount) -> bool {
    secret.annotation(ACCOUNT_UID).is_none_or(|uid| uid.is_empty() || uid == account.uid())
}

/// Decides.
#[must_use]
pub fn plan(secret: &Secret, account: Option<&ServiceAccount>, root_ca: &str) -> Action {
    if secret.type_.as_deref() != Some(TYPE) || secret.annotation(ACCOUNT).is_none() || secret.is_deleting() {
        return Action::Keep;
    }
    let Some(account) = account.filter(|a| belongs(secret, a)) else {
        return Action::Delete;
    };
    let data = |key: &str| secret.data.as_ref().and_then(|d| d.get(key)).map(|v| v.0.as_slice()).unwrap_or_default();
    let token = data("token").is_empty();
    let whole = !token
        && data("ca.crt") == root_ca.as_bytes()
        && data("namespace") == secret.namespace().as_bytes()
        && secret.annotation(ACCOUNT_UID) == Some(account.uid());
    if whole { Action::Keep } else { Action::Fill { token } }
}
