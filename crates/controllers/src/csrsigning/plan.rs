//! Whether and for how long an approved request is signed. Pure.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    api::certificates::v1::{CertificateSigningRequest, CertificateSigningRequestCondition},
    apimachinery::pkg::apis::meta::v1::Time,
};

use crate::certificate::{self, CLIENT, KUBELET_CLIENT, KUBELET_SERVING, Request};

/// What a certificate lives unless less is asked for.
const LONGEST: SignedDuration = SignedDuration::from_hours(365 * 24);
/// No certificate lives shorter.
const SHORTEST: SignedDuration = SignedDuration::from_mins(10);
/// A signer of old times that asks for nothing.
const LEGACY: &str = "kubernetes.io/legacy-unknown";

/// Approved, not failed, without a certificate.
#[must_use]
pub fn is_due(request: &CertificateSigningRequest) -> bool {
    let approved = certificate::has(request, "Approved") && !certificate::has(request, "Denied");
    let failed = certificate::conditions(request).iter().any(|c| c.type_ == "Failed" && c.status == "True");
    approved && !failed && !certificate::is_issued(request)
}

/// What to do with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// It is for another signer.
    Leave,
    /// It does not fit its signer: this says why.
    Fail(Box<CertificateSigningRequestCondition>),
    /// Make the certificate.
    Sign {
        /// How long it lives.
        life: SignedDuration,
    },
}

/// The answer to a request that is due.
#[must_use]
pub fn plan(request: &CertificateSigningRequest, asked: &Request, now: Timestamp) -> Action {
    let usages = request.spec.usages.as_deref().unwrap_or_default();
    let fits = match request.spec.signer_name.as_str() {
        KUBELET_SERVING => certificate::kubelet_serving(asked, usages),
        KUBELET_CLIENT => certificate::kubelet_client(asked, usages),
        CLIENT => certificate::client(usages),
        LEGACY => Ok(()),
        _ => return Action::Leave,
    };
    match fits {
        Ok(()) => {
            let wished = request.spec.expiration_seconds.map(|s| SignedDuration::from_secs(i64::from(s)));
            Action::Sign { life: wished.unwrap_or(LONGEST).clamp(SHORTEST, LONGEST) }
        }
        Err(message) => Action::Fail(Box::new(CertificateSigningRequestCondition {
            type_: "Failed".to_owned(),
            status: "True".to_owned(),
            reason: Some("SignerValidationFailure".to_owned()),
            message: Some(message),
            last_update_time: Some(Time(now)),
            ..CertificateSigningRequestCondition::default()
        })),
    }
}
