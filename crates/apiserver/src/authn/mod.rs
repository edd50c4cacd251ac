//! Who asks: client certificates, tokens, impersonation.

mod bearer;
mod bootstrap;
mod certificate;
mod impersonate;
mod token;

use std::sync::Arc;

pub use bearer::{
    Bearer, Refusal, ServiceAccounts, protocols_without_token, service_account, split_service_account, token_of,
};
pub use bootstrap::BootstrapTokens;
pub use certificate::{Certificates, identify};
pub use impersonate::impersonate;
pub use token::{Claims, Kubernetes, Reference, TokenError, TokenSigner};

use crate::{
    config::Config,
    contract::{Authenticator, Reader, User},
};

/// The group of everybody who showed a credential.
pub const AUTHENTICATED: &str = "system:authenticated";
/// The group of everybody who did not.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The name of who did not.
pub const ANONYMOUS: &str = "system:anonymous";

/// The caller without a credential.
#[must_use]
pub fn anonymous() -> User {
    User { name: ANONYMOUS.to_owned(), groups: vec![UNAUTHENTICATED.to_owned()], ..User::default() }
}

/// The signer of a configuration.
///
/// # Errors
/// The key cannot be used.
pub fn signer(config: &Config) -> Result<TokenSigner, TokenError> {
    let keys = &config.service_accounts;
    TokenSigner::new(&keys.signing_pkcs8, &keys.accepted_public, &keys.issuer, &keys.audiences)
}

/// All authenticators, in the order in which they are asked. Without a signer no token is accepted.
#[must_use]
pub fn authenticators(
    config: &Arc<Config>,
    reader: Arc<dyn Reader>,
    signer: Option<Arc<TokenSigner>>,
) -> Vec<Arc<dyn Authenticator>> {
    let accounts = signer.map(|signer| ServiceAccounts::new(signer, reader.clone()));
    let bearer = Bearer::new(config.clone(), accounts, BootstrapTokens::new(reader));
    vec![Arc::new(Certificates::new(config.clone())), Arc::new(bearer)]
}
