//! Who asks: client certificates, tokens, impersonation.

mod bearer;
mod certificate;
mod impersonate;
mod token;

use std::sync::Arc;

pub use bearer::{Bearer, Refusal, ServiceAccounts, service_account, split_service_account, token_of};
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

/// All authenticators, in the order in which they are asked. Without a usable signing key no token is accepted; the configuration's log says so.
#[must_use]
pub fn authenticators(config: &Arc<Config>, reader: Arc<dyn Reader>) -> Vec<Arc<dyn Authenticator>> {
    let accounts = match signer(config) {
        Ok(signer) => Some(ServiceAccounts::new(Arc::new(signer), reader)),
        Err(error) => {
            (config.log)(&format!("service-account tokens are not accepted: {error}"));
            None
        }
    };
    vec![Arc::new(Certificates::new(config.clone())), Arc::new(Bearer::new(config.clone(), accounts))]
}
