//! Affinity and anti-affinity between pods.

use std::collections::{HashMap, hash_map::Entry};

use client::selector::Labels;

use super::Rejection;
use crate::{
    cache::{Cache, NodeInfo},
    cycle::State,
    pod::{PodInfo, Term},
};

/// Topology (label key, value) → how many pods or how much weight.
type Places = HashMap<(String, String), i64>;

/// Counted once per pod to schedule.
#[derive(Debug, Default)]
pub struct Counts {
    /// Pods that match all of the pod's required affinity terms.
    affinity: Places,
    /// Pods that match one of its required anti-affinity terms.
    anti_affinity: Places,
    /// Pods whose own anti-affinity speaks of the pod.
    repelled: Places,
    /// Weights of preferences of either side.
    weights: Places,
    /// It matches its own affinity terms: the first of a group may go anywhere.
    matches_itself: bool,
}

/// What comes to nothing is taken out: a place that is there counts.
fn bump(places: &mut Places, node: &NodeInfo, term: &Term, by: i64) {
    let Some(value) = node.label(&term.topology_key) else { return };
    match places.entry((term.topology_key.clone(), value.to_owned())) {
        Entry::Occupied(mut place) => {
            *place.get_mut() += by;
            if *place.get() == 0 {
                place.remove();
            }
        }
        Entry::Vacant(place) => {
            place.insert(by);
        }
    }
}

/// Looks at every pod that matters.
#[must_use]
pub fn count(pod: &PodInfo, cache: &Cache) -> Counts {
    let labels = |namespace: &str| cache.namespace(namespace);
    let mut counts = Counts {
        matches_itself: !pod.affinity.is_empty() && pod.affinity.iter().all(|t| t.matches(pod, &labels)),
        ..Counts::default()
    };
    let own_terms = pod.has_terms();
    for node in cache.nodes().filter(|n| own_terms || n.with_terms > 0) {
        for there in &node.pods {
            see(&mut counts, pod, there, node, &labels, 1);
        }
    }
    counts
}

/// A pod comes to a node (`by` 1) or leaves it (-1), in thought.
pub fn shift(counts: &mut Counts, pod: &PodInfo, moved: &PodInfo, node: &NodeInfo, cache: &Cache, by: i64) {
    see(counts, pod, moved, node, &|namespace| cache.namespace(namespace), by);
}

/// What a pod that is there means for the new one.
fn see(
    counts: &mut Counts,
    pod: &PodInfo,
    there: &PodInfo,
    node: &NodeInfo,
    labels: &dyn Fn(&str) -> Option<Labels>,
    by: i64,
) {
    if pod.has_terms() {
        if !pod.affinity.is_empty() && pod.affinity.iter().all(|t| t.matches(there, labels)) {
            pod.affinity.iter().for_each(|t| bump(&mut counts.affinity, node, t, by));
        }
        for t in pod.anti_affinity.iter().filter(|t| t.matches(there, labels)) {
            bump(&mut counts.anti_affinity, node, t, by);
        }
        for (terms, sign) in [(&pod.preferred, 1), (&pod.preferred_anti, -1)] {
            for t in terms.iter().filter(|t| t.matches(there, labels)) {
                bump(&mut counts.weights, node, t, by * sign * t.weight);
            }
        }
    }
    if there.has_terms() {
        others(counts, pod, there, node, labels, by);
    }
}

/// What the terms of a pod that is there say of the new one.
fn others(
    counts: &mut Counts,
    pod: &PodInfo,
    there: &PodInfo,
    node: &NodeInfo,
    labels: &dyn Fn(&str) -> Option<Labels>,
    by: i64,
) {
    for t in there.anti_affinity.iter().filter(|t| t.matches(pod, labels)) {
        bump(&mut counts.repelled, node, t, by);
    }
    for (terms, sign) in [(&there.preferred, 1), (&there.preferred_anti, -1)] {
        for t in terms.iter().filter(|t| t.matches(pod, labels)) {
            bump(&mut counts.weights, node, t, by * sign * t.weight);
        }
    }
    // Required affinity of others counts a little: upstream's hardPodAffinityWeight.
    for t in there.affinity.iter().filter(|t| t.matches(pod, labels)) {
        bump(&mut counts.weights, node, t, by);
    }
}

fn at(places: &Places, node: &NodeInfo, key: &str) -> i64 {
    node.label(key).and_then(|v| places.get(&(key.to_owned(), v.to_owned()))).copied().unwrap_or(0)
}

/// The filter, in upstream's order: affinity, anti-affinity, anti-affinity of others.
pub fn filter(state: &State, pod: &PodInfo, node: &NodeInfo) -> Option<Rejection> {
    let counts = &state.affinity;
    if !pod.affinity.is_empty() {
        let labelled = pod.affinity.iter().all(|t| node.label(&t.topology_key).is_some());
        let near = labelled && pod.affinity.iter().all(|t| at(&counts.affinity, node, &t.topology_key) > 0);
        let first = labelled && counts.affinity.is_empty() && counts.matches_itself;
        if !near && !first {
            return Some(Rejection::fixed("node(s) didn't match pod affinity rules"));
        }
    }
    if pod.anti_affinity.iter().any(|t| at(&counts.anti_affinity, node, &t.topology_key) > 0) {
        return Some(Rejection::resolvable("node(s) didn't match pod anti-affinity rules"));
    }
    let repelled = counts.repelled.keys().any(|(key, value)| node.label(key) == Some(value));
    repelled.then(|| Rejection::resolvable("node(s) didn't satisfy existing pods anti-affinity rules"))
}

/// Sum of the weights that the node's labels collect.
pub fn score(state: &State, _: &PodInfo, node: &NodeInfo) -> i64 {
    state.affinity.weights.iter().filter(|((key, value), _)| node.label(key) == Some(value)).map(|(_, w)| w).sum()
}
