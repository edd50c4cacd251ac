//! When a request goes. Pure.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use x509_parser::{pem::parse_x509_pem, prelude::FromDer, prelude::X509Certificate};

use crate::certificate::{conditions, is_issued};

/// After an answer.
const ANSWERED: SignedDuration = SignedDuration::from_hours(1);
/// Without one.
const WAITING: SignedDuration = SignedDuration::from_hours(24);

/// The end of the certificate that a request got.
fn end(request: &CertificateSigningRequest) -> Option<Timestamp> {
    let certificate = request.status.as_ref()?.certificate.as_ref()?;
    let (_, pem) = parse_x509_pem(&certificate.0).ok()?;
    let (_, parsed) = X509Certificate::from_der(&pem.contents).ok()?;
    Timestamp::from_second(parsed.validity().not_after.timestamp()).ok()
}

/// The time from which on nobody needs it.
#[must_use]
pub fn due(request: &CertificateSigningRequest) -> Option<Timestamp> {
    let all = conditions(request);
    let later = |at: Timestamp, by: SignedDuration| at.checked_add(by).ok();
    if all.is_empty() {
        let made = request.metadata.creation_timestamp.as_ref()?;
        return later(made.0, WAITING);
    }
    let issued = is_issued(request);
    let by_condition = all.iter().filter_map(|c| {
        let at = c.last_update_time.as_ref()?.0;
        match c.type_.as_str() {
            "Denied" | "Failed" => later(at, ANSWERED),
            "Approved" => later(at, if issued { ANSWERED } else { WAITING }),
            _ => None,
        }
    });
    let expired = if issued && all.iter().any(|c| c.type_ == "Approved") { end(request) } else { None };
    by_condition.chain(expired).min()
}
