//! Topology spread constraints.

use std::collections::BTreeMap;

use client::{Matcher, Object};
use k8s_openapi::api::core::v1::TopologySpreadConstraint;

use super::{Rejection, node_affinity, taints};
use crate::{
    cache::{Cache, NodeInfo},
    cycle::State,
    pod::PodInfo,
};

/// A constraint with the pods counted per topology value.
#[derive(Debug)]
pub struct Constraint {
    key: String,
    max_skew: i64,
    hard: bool,
    matches_itself: bool,
    counts: BTreeMap<String, i64>,
    least: i64,
}

/// Counts once per pod to schedule.
#[must_use]
pub fn count(pod: &PodInfo, cache: &Cache) -> Vec<Constraint> {
    let constraints = pod.spec().and_then(|s| s.topology_spread_constraints.as_ref());
    let keys: Vec<&str> = constraints.into_iter().flatten().map(|c| c.topology_key.as_str()).collect();
    constraints.into_iter().flatten().map(|c| one(c, &keys, pod, cache)).collect()
}

fn one(c: &TopologySpreadConstraint, keys: &[&str], pod: &PodInfo, cache: &Cache) -> Constraint {
    let matcher = selector(c, pod);
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for node in cache.nodes() {
        let Some(value) = node.label(&c.topology_key) else { continue };
        if keys.iter().any(|k| node.label(k).is_none()) || !eligible(c, pod, node) {
            continue;
        }
        let here = node
            .pods
            .iter()
            .filter(|p| {
                p.pod.namespace() == pod.pod.namespace()
                    && p.pod.meta().deletion_timestamp.is_none()
                    && matcher.matches(p.pod.meta().labels.as_ref())
            })
            .count();
        *counts.entry(value.to_owned()).or_default() += i64::try_from(here).unwrap_or(i64::MAX);
    }
    let enough = counts.len() >= usize::try_from(c.min_domains.unwrap_or(1)).unwrap_or(1);
    Constraint {
        key: c.topology_key.clone(),
        max_skew: i64::from(c.max_skew),
        hard: c.when_unsatisfiable == "DoNotSchedule",
        matches_itself: matcher.matches(pod.pod.meta().labels.as_ref()),
        least: if enough { counts.values().copied().min().unwrap_or(0) } else { 0 },
        counts,
    }
}

/// The constraint's selector, with the pod's own values of `matchLabelKeys`.
fn selector(c: &TopologySpreadConstraint, pod: &PodInfo) -> Matcher {
    let Some(mut selector) = c.label_selector.clone() else { return Matcher::nothing() };
    for key in c.match_label_keys.iter().flatten() {
        if let Some(value) = pod.pod.meta().labels.as_ref().and_then(|l| l.get(key)) {
            selector.match_labels.get_or_insert_default().insert(key.clone(), value.clone());
        }
    }
    Matcher::new(&selector).unwrap_or_else(|_| Matcher::nothing())
}

/// Whether a node counts: by default its affinity must fit, its taints do not matter.
fn eligible(c: &TopologySpreadConstraint, pod: &PodInfo, node: &NodeInfo) -> bool {
    let affinity = c.node_affinity_policy.as_deref() == Some("Ignore") || node_affinity::accepts(pod, node);
    let tolerated =
        c.node_taints_policy.as_deref() != Some("Honor") || taints::filter(&State::default(), pod, node).is_none();
    affinity && tolerated
}

/// Hard constraints.
pub fn filter(state: &State, _: &PodInfo, node: &NodeInfo) -> Option<Rejection> {
    for c in state.spread.iter().filter(|c| c.hard) {
        let Some(value) = node.label(&c.key) else {
            return Some(Rejection::fixed(
                "node(s) didn't match pod topology spread constraints (missing required label)",
            ));
        };
        let here = c.counts.get(value).copied().unwrap_or(0);
        if here + i64::from(c.matches_itself) - c.least > c.max_skew {
            return Some(Rejection::resolvable("node(s) didn't match pod topology spread constraints"));
        }
    }
    None
}

/// Soft constraints: how many matching pods are where the node is; fewer is better.
pub fn score(state: &State, _: &PodInfo, node: &NodeInfo) -> i64 {
    state
        .spread
        .iter()
        .filter(|c| !c.hard)
        .map(|c| {
            let here = node.label(&c.key).and_then(|v| c.counts.get(v)).copied().unwrap_or(0);
            // Topologies with many values weigh more, as upstream does it.
            (here as f64 * ((c.counts.len() + 2) as f64).ln()) as i64 + c.max_skew - 1
        })
        .sum()
}
