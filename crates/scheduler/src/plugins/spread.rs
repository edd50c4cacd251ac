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
    rule: TopologySpreadConstraint,
    matcher: Matcher,
    /// Topology keys of this and all other constraints of its kind: nodes without one of them do not count.
    keys: Vec<String>,
    hard: bool,
    matches_itself: bool,
    counts: BTreeMap<String, i64>,
    /// How many topology values have each count: the first is the least.
    levels: BTreeMap<i64, usize>,
}

impl Constraint {
    fn new(rule: &TopologySpreadConstraint, all: &[TopologySpreadConstraint], pod: &PodInfo) -> Self {
        let matcher = selector(rule, pod);
        let kind = all.iter().filter(|other| other.when_unsatisfiable == rule.when_unsatisfiable);
        Self {
            keys: kind.map(|c| c.topology_key.clone()).collect(),
            hard: rule.when_unsatisfiable == "DoNotSchedule",
            matches_itself: matcher.matches(pod.pod.meta().labels.as_ref()),
            counts: BTreeMap::new(),
            levels: BTreeMap::new(),
            rule: rule.clone(),
            matcher,
        }
    }

    /// Where a node is, if it counts for the pod: by default its affinity must fit, its taints do not matter.
    fn value<'n>(&self, pod: &PodInfo, node: &'n NodeInfo) -> Option<&'n str> {
        let value = node.label(&self.rule.topology_key)?;
        let labelled = self.keys.iter().all(|key| node.label(key).is_some());
        let affinity =
            || self.rule.node_affinity_policy.as_deref() == Some("Ignore") || node_affinity::accepts(pod, node);
        let tolerated = || {
            self.rule.node_taints_policy.as_deref() != Some("Honor")
                || taints::filter(&State::default(), pod, node).is_none()
        };
        (labelled && affinity() && tolerated()).then_some(value)
    }

    /// Whether a pod is one of those that are spread; those that end are none.
    fn concerns(&self, pod: &PodInfo, there: &PodInfo) -> bool {
        there.pod.namespace() == pod.pod.namespace()
            && there.pod.meta().deletion_timestamp.is_none()
            && self.matcher.matches(there.pod.meta().labels.as_ref())
    }

    fn add(&mut self, value: &str, by: i64) {
        let count = match self.counts.get_mut(value) {
            Some(count) => {
                if let Some(level) = self.levels.get_mut(count) {
                    *level -= 1;
                    if *level == 0 {
                        self.levels.remove(count);
                    }
                }
                *count += by;
                *count
            }
            None => {
                self.counts.insert(value.to_owned(), by);
                by
            }
        };
        *self.levels.entry(count).or_default() += 1;
    }

    /// The least number of pods that any topology value has; none while there are fewer values than asked for.
    fn least(&self) -> i64 {
        let enough = self.counts.len() >= usize::try_from(self.rule.min_domains.unwrap_or(1)).unwrap_or(1);
        self.levels.keys().next().copied().filter(|_| enough).unwrap_or(0)
    }
}

/// Counts once per pod to schedule.
#[must_use]
pub fn count(pod: &PodInfo, cache: &Cache) -> Vec<Constraint> {
    let rules = pod.spec().and_then(|s| s.topology_spread_constraints.as_deref()).unwrap_or_default();
    let mut constraints: Vec<Constraint> = rules.iter().map(|rule| Constraint::new(rule, rules, pod)).collect();
    for constraint in &mut constraints {
        for node in cache.nodes() {
            let Some(value) = constraint.value(pod, node) else { continue };
            let here = node.pods.iter().filter(|there| constraint.concerns(pod, there)).count();
            constraint.add(value, i64::try_from(here).unwrap_or(i64::MAX));
        }
    }
    constraints
}

/// A pod comes to a node (`by` 1) or leaves it (-1), in thought.
pub fn shift(constraints: &mut [Constraint], pod: &PodInfo, moved: &PodInfo, node: &NodeInfo, by: i64) {
    for constraint in constraints.iter_mut().filter(|c| c.concerns(pod, moved)) {
        if let Some(value) = constraint.value(pod, node) {
            constraint.add(value, by);
        }
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

/// Hard constraints.
pub fn filter(state: &State, _: &PodInfo, node: &NodeInfo) -> Option<Rejection> {
    for c in state.spread.iter().filter(|c| c.hard) {
        let Some(value) = node.label(&c.rule.topology_key) else {
            return Some(Rejection::fixed(
                "node(s) didn't match pod topology spread constraints (missing required label)",
            ));
        };
        let here = c.counts.get(value).copied().unwrap_or(0);
        if here + i64::from(c.matches_itself) - c.least() > i64::from(c.rule.max_skew) {
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
            let here = node.label(&c.rule.topology_key).and_then(|v| c.counts.get(v)).copied().unwrap_or(0);
            // Topologies with many values weigh more, as upstream does it.
            (here as f64 * ((c.counts.len() + 2) as f64).ln()) as i64 + i64::from(c.rule.max_skew) - 1
        })
        .sum()
}
