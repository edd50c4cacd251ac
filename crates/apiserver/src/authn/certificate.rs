//! Client certificates: common name and organisations of a leaf that TLS has verified.

use std::sync::Arc;

use apimachinery::status::Status;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::AUTHENTICATED;
use crate::{
    config::Config,
    contract::{Authenticator, Caller, Job, User},
};

/// Where Kubernetes looks for a uid in the subject.
const UID: &str = "1.3.6.1.4.1.57683.2";

/// Authenticates by certificate; callers in the same process have their identity already.
pub struct Certificates {
    config: Arc<Config>,
}

impl Certificates {
    /// Takes the clock from the configuration: certificates end while connections live.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self { config }
    }
}

/// Who a certificate is for at a time; `None` without a common name.
///
/// # Errors
/// It cannot be read, or is not good at this time.
pub fn identify(der: &[u8], now: jiff::Timestamp) -> Result<Option<User>, Status> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| Status::unauthorized())?;
    let validity = certificate.validity();
    let second = now.as_second();
    if second < validity.not_before.timestamp() || second > validity.not_after.timestamp() {
        return Err(Status::unauthorized());
    }
    let subject = certificate.subject();
    let Some(name) = subject.iter_common_name().filter_map(|a| a.as_str().ok()).last().filter(|n| !n.is_empty()) else {
        return Ok(None);
    };
    let mut groups: Vec<String> =
        subject.iter_organization().filter_map(|a| a.as_str().ok()).map(str::to_owned).collect();
    groups.push(AUTHENTICATED.to_owned());
    let uid = subject
        .iter_attributes()
        .find(|a| a.attr_type().to_id_string() == UID)
        .and_then(|a| a.as_str().ok())
        .unwrap_or_default()
        .to_owned();
    let hash = Sha256::digest(der).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let extra = [("authentication.kubernetes.io/credential-id".to_owned(), vec![format!("X509SHA256={hash}")])].into();
    Ok(Some(User { name: name.to_owned(), uid, groups, extra }))
}

impl Authenticator for Certificates {
    fn authenticate<'a>(
        &'a self,
        caller: &'a Caller,
        _headers: &'a http::HeaderMap,
    ) -> Job<'a, Result<Option<User>, Status>> {
        let answer = match caller {
            Caller::Component(user) => Ok(Some(User::clone(user))),
            Caller::Connection { client_certificate: Some(der), .. } => identify(der, self.config.clock.now()),
            Caller::Connection { client_certificate: None, .. } => Ok(None),
        };
        Box::pin(async { answer })
    }
}
