//! How many pods to make, or which to delete, and what the status then says.

use std::{cmp::Ordering, collections::HashMap, sync::Arc, time::Duration};

use client::{Matcher, Object};
use jiff::Timestamp;
use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::Time};

use super::kinds::{Counts, Failure, Wanted};
use crate::pods;

/// At most so many pods are made or deleted in one go.
const BURST: usize = 500;

/// What to do about the number of pods.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// The number is right.
    Keep,
    /// Make so many.
    Create(usize),
    /// Delete these.
    Delete(Vec<Arc<Pod>>),
}

/// Compares the active pods, and those still on their way, with what is wanted. `related` are the pods of the same
/// family (all replica sets of one deployment): a node that has many of them gives one up first.
#[must_use]
pub fn plan(replicas: i32, active: &[Arc<Pod>], missing: usize, related: &[Arc<Pod>], now: Timestamp) -> Action {
    let wanted = usize::try_from(replicas).unwrap_or_default();
    let have = active.len() + missing;
    match have.cmp(&wanted) {
        Ordering::Less => Action::Create((wanted - have).min(BURST)),
        Ordering::Greater => {
            let surplus = (have - wanted).min(BURST).min(active.len());
            if surplus == 0 {
                return Action::Keep;
            }
            Action::Delete(rank(active, related, now).into_iter().take(surplus).collect())
        }
        Ordering::Equal => Action::Keep,
    }
}

/// Pods in the order in which they are given up.
fn rank(active: &[Arc<Pod>], related: &[Arc<Pod>], now: Timestamp) -> Vec<Arc<Pod>> {
    let mut on_node: HashMap<&str, usize> = HashMap::new();
    for pod in related.iter().filter(|p| pods::is_active(p)) {
        *on_node.entry(pods::node(pod)).or_default() += 1;
    }
    let neighbours = |pod: &Pod| on_node.get(pods::node(pod)).copied().unwrap_or_default();
    let mut ranked = active.to_vec();
    ranked.sort_by(|a, b| {
        let unscheduled = |p: &Pod| !pods::node(p).is_empty();
        unscheduled(a)
            .cmp(&unscheduled(b))
            .then_with(|| phase_rank(a).cmp(&phase_rank(b)))
            .then_with(|| pods::is_ready(a).cmp(&pods::is_ready(b)))
            .then_with(|| deletion_cost(a).cmp(&deletion_cost(b)))
            .then_with(|| neighbours(b).cmp(&neighbours(a)))
            .then_with(|| younger(pods::ready_since(a), pods::ready_since(b), now))
            .then_with(|| pods::restarts(b).cmp(&pods::restarts(a)))
            .then_with(|| younger(a.created(), b.created(), now))
            .then_with(|| a.uid().cmp(b.uid()))
    });
    ranked
}

fn phase_rank(pod: &Pod) -> u8 {
    match pods::phase(pod) {
        "Running" => 2,
        "Unknown" => 1,
        _ => 0,
    }
}

fn deletion_cost(pod: &Pod) -> i32 {
    pod.annotation("controller.kubernetes.io/pod-deletion-cost").and_then(|c| c.parse().ok()).unwrap_or_default()
}

/// Younger first, on a logarithmic scale, so that of pods of about the same age any may go.
fn younger(a: Option<Timestamp>, b: Option<Timestamp>, now: Timestamp) -> Ordering {
    let scale = |at: Timestamp| {
        let age = now.duration_since(at).as_nanos();
        if age > 0 { age.ilog2() as i64 } else { -1 }
    };
    match (a, b) {
        (Some(a), Some(b)) => scale(a).cmp(&scale(b)),
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

/// What went wrong while making or deleting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// `FailedCreate` or `FailedDelete`.
    pub reason: &'static str,
    /// The server's words.
    pub message: String,
}

/// What the status shall say. A failure that was there keeps its reason and time.
#[must_use]
pub fn counts(
    wanted: Wanted<'_>,
    old: &Counts,
    generation: i64,
    (active, terminating): (&[Arc<Pod>], usize),
    trouble: Option<&Trouble>,
    now: Timestamp,
) -> Counts {
    let labels = wanted.template.and_then(|t| t.metadata.as_ref()).and_then(|m| m.labels.as_ref());
    let template = Matcher::from_labels(labels);
    let count =
        |keep: &dyn Fn(&Pod) -> bool| i32::try_from(active.iter().filter(|p| keep(p)).count()).unwrap_or(i32::MAX);
    let failure = trouble.map(|trouble| {
        old.failure.clone().unwrap_or_else(|| Failure {
            reason: trouble.reason.to_owned(),
            message: trouble.message.clone(),
            since: Some(Time(now)),
        })
    });
    Counts {
        replicas: count(&|_| true),
        fully_labeled: count(&|p| template.matches(p.metadata.labels.as_ref())),
        ready: count(&pods::is_ready),
        available: count(&|p| pods::is_available(p, wanted.min_ready_seconds, now)),
        terminating: i32::try_from(terminating).unwrap_or(i32::MAX),
        failure,
        generation,
    }
}

/// When the next ready pod becomes available.
#[must_use]
pub fn next_check(active: &[Arc<Pod>], min_ready_seconds: i32, now: Timestamp) -> Option<Duration> {
    active.iter().filter_map(|p| pods::until_available(p, min_ready_seconds, now)).min()
}
