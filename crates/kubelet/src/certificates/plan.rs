//! What becomes of a pod certificate: pure, from what is known and the request's state to what is known next.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{api::certificates::v1::PodCertificateRequest, apimachinery::pkg::apis::meta::v1::Condition};

use crate::pem;

/// A request that was made so long ago (and up to [`JITTER`] more) and is not to be seen was deleted.
const ABANDONED_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// A renewal that is so late is worth an event.
const OVERDUE_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// Certificates that were issued together are not renewed together.
pub(crate) const JITTER: SignedDuration = SignedDuration::from_mins(5);

/// A certificate in use. Its key is a secret: no `Debug`.
#[derive(Clone, PartialEq)]
pub(crate) struct Issued {
    /// PKCS#8 in PEM.
    pub(crate) key: String,
    /// Leaf first, in PEM.
    pub(crate) chain: String,
    refresh_at: Timestamp,
    not_after: Timestamp,
    told_overdue: bool,
    told_expired: bool,
}

/// A request under way, and its key.
#[derive(Clone, PartialEq)]
pub(crate) struct Pending {
    key: String,
    name: String,
    abandon_at: Timestamp,
}

/// Where it stands.
#[derive(Clone, PartialEq)]
pub(crate) enum State {
    /// Nothing was asked for.
    Initial,
    /// The first request is under way.
    Waiting(Pending),
    /// There is a certificate.
    Fresh(Issued),
    /// There is one, and the next is under way.
    Refreshing(Issued, Pending),
    /// The signer refused, for good.
    Refused {
        /// `denied` or `failed`.
        how: &'static str,
        reason: String,
        message: String,
    },
}

/// Something to tell about the pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// What follows.
pub(crate) struct Next {
    pub(crate) state: State,
    /// A request is to be made.
    pub(crate) create: bool,
    pub(crate) notices: Vec<Notice>,
}

impl State {
    /// Name of the request that decides.
    pub(crate) fn request(&self) -> Option<&str> {
        match self {
            Self::Waiting(pending) | Self::Refreshing(_, pending) => Some(&pending.name),
            Self::Initial | Self::Fresh(_) | Self::Refused { .. } => None,
        }
    }

    /// The certificate in use, or what the volume's failure says.
    pub(crate) fn issued(&self) -> Result<&Issued, String> {
        match self {
            Self::Fresh(issued) | Self::Refreshing(issued, _) => Ok(issued),
            Self::Initial | Self::Waiting(_) => Err("credential bundle is not issued yet".into()),
            Self::Refused { how, reason, message } => {
                Err(format!("PodCertificateRequest was permanently {how}: reason={reason:?} message={message:?}"))
            }
        }
    }

    /// A request was made with this key. `jitter` is below [`JITTER`].
    pub(crate) fn requested(self, name: String, key: String, made: Timestamp, jitter: SignedDuration) -> Self {
        let pending = Pending { key, name, abandon_at: later(made, ABANDONED_AFTER + jitter) };
        match self {
            Self::Fresh(issued) | Self::Refreshing(issued, _) => Self::Refreshing(issued, pending),
            Self::Initial | Self::Waiting(_) | Self::Refused { .. } => Self::Waiting(pending),
        }
    }

    /// When to look again at a certificate in use, whatever happens. Where there is none, the volume is tried again and
    /// again.
    pub(crate) fn wake_at(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Initial | Self::Waiting(_) | Self::Refused { .. } => None,
            Self::Fresh(issued) => Some(issued.refresh_at),
            Self::Refreshing(issued, pending) => {
                let times = [pending.abandon_at, later(issued.refresh_at, OVERDUE_AFTER), issued.not_after];
                // What is over by now was told, or the request is still to be seen: it wakes by itself.
                times.into_iter().filter(|at| *at > now).min()
            }
        }
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Looks at the request that the state waits for (`None`: it is not to be seen). `jitter` is below [`JITTER`].
pub(crate) fn next(
    state: State,
    request: Option<&PodCertificateRequest>,
    now: Timestamp,
    jitter: SignedDuration,
) -> Next {
    let stay = |state, create| Next { state, create, notices: Vec::new() };
    match state {
        State::Initial => stay(State::Initial, true),
        State::Refused { .. } => stay(state, false),
        State::Waiting(pending) => match verdict(request) {
            Verdict::Absent if now >= pending.abandon_at => stay(State::Initial, true),
            Verdict::Absent | Verdict::Open => stay(State::Waiting(pending), false),
            Verdict::Ended(request, condition) => ended(request, condition, pending, jitter),
        },
        State::Fresh(mut issued) => {
            if now < issued.refresh_at {
                return stay(State::Fresh(issued), false);
            }
            let notices = late(&mut issued, now);
            Next { state: State::Fresh(issued), create: true, notices }
        }
        State::Refreshing(mut issued, pending) => match verdict(request) {
            Verdict::Absent if now >= pending.abandon_at => {
                let notices = late(&mut issued, now);
                Next { state: State::Fresh(issued), create: true, notices }
            }
            Verdict::Absent | Verdict::Open => {
                let notices = late(&mut issued, now);
                Next { state: State::Refreshing(issued, pending), create: false, notices }
            }
            Verdict::Ended(request, condition) => ended(request, condition, pending, jitter),
        },
    }
}

/// What a request says.
enum Verdict<'a> {
    Absent,
    Open,
    Ended(&'a PodCertificateRequest, &'a Condition),
}

fn verdict(request: Option<&PodCertificateRequest>) -> Verdict<'_> {
    let Some(request) = request else { return Verdict::Absent };
    let conditions = request.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    match conditions.iter().find(|one| matches!(one.type_.as_str(), "Issued" | "Denied" | "Failed")) {
        Some(condition) => Verdict::Ended(request, condition),
        None => Verdict::Open,
    }
}

fn ended(request: &PodCertificateRequest, condition: &Condition, pending: Pending, jitter: SignedDuration) -> Next {
    let (kind, how, told) = match condition.type_.as_str() {
        "Issued" => {
            let status = request.status.clone().unwrap_or_default();
            let time = |time: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>| {
                time.map_or(Timestamp::UNIX_EPOCH, |time| time.0)
            };
            let chain = pem::decode(status.certificate_chain.as_deref().unwrap_or_default());
            let issued = Issued {
                key: pending.key,
                chain: chain.iter().map(|one| pem::encode("CERTIFICATE", one)).collect(),
                refresh_at: later(time(status.begin_refresh_at), jitter),
                not_after: time(status.not_after),
                told_overdue: false,
                told_expired: false,
            };
            return Next { state: State::Fresh(issued), create: false, notices: Vec::new() };
        }
        "Denied" => ("Denied", "denied", "was denied"),
        _ => ("Failed", "failed", "failed"),
    };
    let namespace = request.metadata.namespace.as_deref().unwrap_or_default();
    let (reason, message) = (condition.reason.clone(), condition.message.clone());
    let text =
        format!("PodCertificateRequest {namespace}/{} {told}, reason={reason:?}, message={message:?}", pending.name);
    Next {
        state: State::Refused { how, reason, message },
        create: false,
        notices: vec![Notice { reason: kind, message: text }],
    }
}

/// What is told once about a certificate whose renewal does not come.
fn late(issued: &mut Issued, now: Timestamp) -> Vec<Notice> {
    let mut notices = Vec::new();
    if now >= later(issued.refresh_at, OVERDUE_AFTER) && !issued.told_overdue {
        issued.told_overdue = true;
        notices
            .push(Notice { reason: "CertificateOverdueForRefresh", message: "PodCertificate refresh overdue".into() });
    }
    if now >= issued.not_after && !issued.told_expired {
        issued.told_expired = true;
        notices.push(Notice { reason: "CertificateExpired", message: "PodCertificate expired".into() });
    }
    notices
}
