//! Pure questions about nodes: which pods may be there.

use client::Object;
use k8s_openapi::api::core::v1::{Node, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Toleration};

use crate::tainteviction::plan::tolerates;

fn holds(requirement: &NodeSelectorRequirement, value: Option<&str>) -> bool {
    let values = requirement.values.as_deref().unwrap_or_default();
    let number = |v: Option<&str>| v.and_then(|v| v.parse::<i64>().ok());
    let compare = |order: fn(&i64, &i64) -> bool| match (number(value), number(values.first().map(String::as_str))) {
        (Some(have), Some(than)) => order(&have, &than),
        (_, None) | (None, _) => false,
    };
    match requirement.operator.as_str() {
        "In" => value.is_some_and(|v| values.iter().any(|x| x == v)),
        "NotIn" => value.is_none_or(|v| !values.iter().any(|x| x == v)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => compare(i64::gt),
        "Lt" => compare(i64::lt),
        _ => false,
    }
}

fn term_matches(term: &NodeSelectorTerm, node: &Node) -> bool {
    let expressions = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    if expressions.is_empty() && fields.is_empty() {
        return false;
    }
    let field = |key: &str| (key == "metadata.name").then(|| node.name());
    expressions.iter().all(|r| holds(r, node.label(&r.key))) && fields.iter().all(|r| holds(r, field(&r.key)))
}

/// Whether selector and required affinity of a pod allow a node.
#[must_use]
pub fn is_selected(spec: &PodSpec, node: &Node) -> bool {
    let mut selector = spec.node_selector.iter().flatten();
    if !selector.all(|(key, value)| node.label(key) == Some(value)) {
        return false;
    }
    let affinity = spec.affinity.as_ref().and_then(|a| a.node_affinity.as_ref());
    affinity
        .and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref())
        .is_none_or(|required| required.node_selector_terms.iter().any(|t| term_matches(t, node)))
}

/// Whether tolerations bear all taints of a node with one of these effects.
#[must_use]
pub fn is_tolerated(tolerations: &[Toleration], node: &Node, effects: &[&str]) -> bool {
    let taints = node.spec.as_ref().and_then(|s| s.taints.as_deref()).unwrap_or_default();
    let mut grave = taints.iter().filter(|t| effects.contains(&t.effect.as_str()));
    grave.all(|taint| tolerations.iter().any(|t| tolerates(t, taint)))
}
