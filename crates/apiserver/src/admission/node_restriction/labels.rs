//! Labels that would let a node draw workloads that trust it more than others.

use apimachinery::meta;
use serde_json::{Map, Value};

/// Labels below kubernetes.io and k8s.io that a kubelet may set.
const KUBELET_LABELS: [&str; 11] = [
    "kubernetes.io/hostname",
    "kubernetes.io/arch",
    "kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/instance-type",
    "node.kubernetes.io/instance-type",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
];

fn is_forbidden(label: &str) -> bool {
    let Some((space, _)) = label.split_once('/') else { return false };
    let below = |domain: &str| space == domain || space.strip_suffix(domain).is_some_and(|s| s.ends_with('.'));
    if below("node-restriction.kubernetes.io") {
        return true;
    }
    let kubelets = KUBELET_LABELS.contains(&label) || below("kubelet.kubernetes.io") || below("node.kubernetes.io");
    (below("kubernetes.io") || below("k8s.io")) && !kubelets
}

/// Labels that differ and that a node may not touch, as one text.
pub(super) fn forbidden(new: &Value, old: Option<&Value>) -> Option<String> {
    let none = Map::new();
    let (new, old) = (meta::labels(new).unwrap_or(&none), old.and_then(meta::labels).unwrap_or(&none));
    let differs = |key: &&String| new.get(*key) != old.get(*key) && is_forbidden(key);
    let mut touched: Vec<&str> = new.keys().chain(old.keys()).filter(differs).map(String::as_str).collect();
    touched.sort_unstable();
    touched.dedup();
    (!touched.is_empty()).then(|| touched.join(", "))
}
