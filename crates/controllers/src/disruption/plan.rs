//! How many pods of a budget may be taken away.

use std::{collections::BTreeMap, sync::Arc};

use client::Object;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    api::{
        core::v1::Pod,
        policy::v1::{PodDisruptionBudget, PodDisruptionBudgetStatus},
    },
    apimachinery::pkg::{
        apis::meta::v1::{Condition, OwnerReference, Time},
        util::intstr::IntOrString,
    },
};

use crate::{pods, scaled};

/// An eviction that has not happened after this time will not.
const EVICTION_SECONDS: i64 = 120;

/// Why a budget cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BudgetError {
    /// The owner of a pod cannot be scaled.
    #[error("found no controllers for pod \"{0}\"")]
    NoController(String),
}

/// The outcome of [`plan`].
#[derive(Debug, PartialEq)]
pub struct Plan {
    /// The status.
    pub status: PodDisruptionBudgetStatus,
    /// Pods without an owner: their number cannot be known.
    pub unmanaged: bool,
    /// Pods that were to be evicted but still are there.
    pub not_deleted: Vec<String>,
    /// When to look again.
    pub next: Option<SignedDuration>,
}

/// The number of pods that the owners want.
fn expected(
    pods: &[Arc<Pod>],
    scale: &dyn Fn(&OwnerReference, &str) -> Option<i32>,
) -> Result<(i32, bool), BudgetError> {
    let mut scales: BTreeMap<&str, i32> = BTreeMap::new();
    let mut unmanaged = false;
    for pod in pods {
        let Some(owner) = pod.controller() else {
            unmanaged = true;
            continue;
        };
        if !scales.contains_key(owner.uid.as_str()) {
            let size = scale(owner, pod.namespace());
            let size = size.ok_or_else(|| BudgetError::NoController(pod.name().to_owned()))?;
            scales.insert(&owner.uid, size);
        }
    }
    Ok((scales.values().sum(), unmanaged))
}

/// Decides.
pub fn plan(
    budget: &PodDisruptionBudget,
    pods: &[Arc<Pod>],
    scale: &dyn Fn(&OwnerReference, &str) -> Option<i32>,
    now: Timestamp,
) -> Result<Plan, BudgetError> {
    let spec = budget.spec.clone().unwrap_or_default();
    let count = i32::try_from(pods.len()).unwrap_or(i32::MAX);
    let (expected, desired, unmanaged) = match (&spec.max_unavailable, &spec.min_available) {
        (Some(most), _) => {
            let (expected, unmanaged) = expected(pods, scale)?;
            let missing = scaled::value(Some(most), expected, true).unwrap_or_default();
            (expected, (expected - missing).max(0), unmanaged)
        }
        (None, Some(IntOrString::Int(least))) => (count, *least, false),
        (None, Some(least)) => {
            let (expected, unmanaged) = expected(pods, scale)?;
            (expected, scaled::value(Some(least), expected, true).unwrap_or_default(), unmanaged)
        }
        (None, None) => (0, 0, false),
    };
    let old = budget.status.clone().unwrap_or_default();
    let (mut disrupted, mut not_deleted, mut next) = (BTreeMap::new(), Vec::new(), None);
    for (name, Time(at)) in old.disrupted_pods.iter().flatten() {
        if !pods.iter().any(|p| p.name() == name && !p.is_deleting()) {
            continue;
        }
        let left = SignedDuration::from_secs(EVICTION_SECONDS) - now.duration_since(*at);
        if left < SignedDuration::ZERO {
            not_deleted.push(name.clone());
        } else {
            disrupted.insert(name.clone(), Time(*at));
            next = Some(next.map_or(left, |n: SignedDuration| n.min(left)));
        }
    }
    let healthy =
        pods.iter().filter(|p| !p.is_deleting() && pods::is_ready(p) && !disrupted.contains_key(p.name())).count();
    let healthy = i32::try_from(healthy).unwrap_or(i32::MAX);
    let allowed = if expected <= 0 { 0 } else { (healthy - desired).max(0) };
    let mut status = PodDisruptionBudgetStatus {
        current_healthy: Some(healthy),
        desired_healthy: Some(desired),
        expected_pods: Some(expected),
        disruptions_allowed: Some(allowed),
        disrupted_pods: (!disrupted.is_empty()).then_some(disrupted),
        observed_generation: budget.metadata.generation,
        conditions: old.conditions,
    };
    let (value, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    set_condition(&mut status, value, reason, "", now);
    Ok(Plan { status, unmanaged, not_deleted, next })
}

/// Sets the condition `DisruptionAllowed`.
pub fn set_condition(status: &mut PodDisruptionBudgetStatus, value: &str, reason: &str, message: &str, now: Timestamp) {
    let observed = status.observed_generation;
    let conditions = status.conditions.get_or_insert_default();
    let old = conditions.iter().position(|c| c.type_ == "DisruptionAllowed").map(|at| conditions.remove(at));
    let since = old.filter(|c| c.status == value).map_or(Time(now), |c| c.last_transition_time);
    conditions.push(Condition {
        type_: "DisruptionAllowed".to_owned(),
        status: value.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        last_transition_time: since,
        observed_generation: observed,
    });
}
