//! When a request goes. Pure.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::certificates::v1::PodCertificateRequest;

/// All is expected to be over by then.
const LIFE: SignedDuration = SignedDuration::from_mins(15);

/// The time from which on nobody needs it.
#[must_use]
pub fn due(request: &PodCertificateRequest) -> Option<Timestamp> {
    request.metadata.creation_timestamp.as_ref()?.0.checked_add(LIFE).ok()
}
