//! The rules of a role that is made of others.

use std::sync::Arc;

use client::{Matcher, Object};
use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule};

/// The rules that the role shall have; `None`: it has them, or is not made of others.
#[must_use]
pub fn plan(role: &ClusterRole, all: &[Arc<ClusterRole>]) -> Option<Vec<PolicyRule>> {
    let aggregation = role.aggregation_rule.as_ref()?;
    let selectors = aggregation.cluster_role_selectors.iter().flatten();
    let matchers: Vec<Matcher> = selectors.filter_map(|s| Matcher::new(s).ok()).collect();
    let mut rules: Vec<PolicyRule> = Vec::new();
    for matcher in &matchers {
        let mut parts: Vec<&Arc<ClusterRole>> =
            all.iter().filter(|r| r.name() != role.name() && matcher.matches(r.metadata.labels.as_ref())).collect();
        parts.sort_by_key(|r| r.name().to_owned());
        for rule in parts.into_iter().flat_map(|r| r.rules.iter().flatten()) {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    (role.rules.as_deref().unwrap_or_default() != rules).then_some(rules)
}
