//! When a pod has to leave a tainted node.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Taint, Toleration};

/// Whether a toleration bears a taint.
#[must_use]
pub fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let text = |t: Option<&String>| t.map_or("", String::as_str).to_owned();
    let effect = text(toleration.effect.as_ref());
    let key = text(toleration.key.as_ref());
    if (!effect.is_empty() && effect != taint.effect) || (!key.is_empty() && key != taint.key) {
        return false;
    }
    match toleration.operator.as_deref() {
        None | Some("" | "Equal") => !key.is_empty() && text(toleration.value.as_ref()) == text(taint.value.as_ref()),
        Some("Exists") => true,
        Some(_) => false,
    }
}

/// When the pod has to go; `None`: it may stay. Every taint must be borne, and the shortest patience counts.
#[must_use]
pub fn leave_at(tolerations: &[Toleration], taints: &[Taint], now: Timestamp) -> Option<Timestamp> {
    let mut first: Option<Timestamp> = None;
    for taint in taints.iter().filter(|t| t.effect == "NoExecute") {
        let mut bearing = tolerations.iter().filter(|t| tolerates(t, taint)).peekable();
        if bearing.peek().is_none() {
            return Some(now);
        }
        let patience = bearing.filter_map(|t| t.toleration_seconds).min();
        if let Some(seconds) = patience {
            let since = taint.time_added.as_ref().map_or(now, |t| t.0);
            let at = since.checked_add(SignedDuration::from_secs(seconds.max(0))).unwrap_or(Timestamp::MAX);
            first = Some(first.map_or(at, |f| f.min(at)));
        }
    }
    first
}
