//! Node selector and node affinity.

use client::Object;
use k8s_openapi::api::core::v1::{NodeSelectorRequirement, NodeSelectorTerm};

use super::Rejection;
use crate::{cache::NodeInfo, cycle::State, pod::PodInfo};

/// Whether the pod's selector and required affinity accept the node.
#[must_use]
pub fn accepts(pod: &PodInfo, node: &NodeInfo) -> bool {
    let Some(spec) = pod.spec() else { return true };
    let selected = spec.node_selector.iter().flatten().all(|(k, v)| node.label(k) == Some(v));
    let affinity = spec.affinity.as_ref().and_then(|a| a.node_affinity.as_ref());
    let required = affinity.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref());
    selected && required.is_none_or(|r| r.node_selector_terms.iter().any(|t| term(t, node)))
}

/// The filter.
pub fn filter(_: &State, pod: &PodInfo, node: &NodeInfo) -> Option<Rejection> {
    (!accepts(pod, node)).then(|| Rejection::fixed("node(s) didn't match Pod's node affinity/selector"))
}

/// Sum of the weights of the preferred terms that match.
pub fn score(_: &State, pod: &PodInfo, node: &NodeInfo) -> i64 {
    let affinity = pod.spec().and_then(|s| s.affinity.as_ref()).and_then(|a| a.node_affinity.as_ref());
    affinity
        .and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_ref())
        .into_iter()
        .flatten()
        .filter(|p| empty(&p.preference) || term(&p.preference, node))
        .map(|p| i64::from(p.weight))
        .sum()
}

fn empty(term: &NodeSelectorTerm) -> bool {
    term.match_expressions.iter().flatten().next().is_none() && term.match_fields.iter().flatten().next().is_none()
}

/// All requirements of a term; an empty term matches nothing.
fn term(term: &NodeSelectorTerm, node: &NodeInfo) -> bool {
    !empty(term)
        && term.match_expressions.iter().flatten().all(|r| requirement(r, node.label(&r.key)))
        && term
            .match_fields
            .iter()
            .flatten()
            .all(|r| requirement(r, (r.key == "metadata.name").then(|| node.node.name())))
}

fn requirement(r: &NodeSelectorRequirement, value: Option<&str>) -> bool {
    let values = || r.values.iter().flatten();
    let number = |s: &str| s.parse::<i64>().ok();
    let bound = || values().next().and_then(|v| number(v));
    match r.operator.as_str() {
        "In" => value.is_some_and(|v| values().any(|w| w == v)),
        "NotIn" => value.is_none_or(|v| values().all(|w| w != v)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => value.and_then(number).zip(bound()).is_some_and(|(v, b)| v > b),
        "Lt" => value.and_then(number).zip(bound()).is_some_and(|(v, b)| v < b),
        _ => false,
    }
}
