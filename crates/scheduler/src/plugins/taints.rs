//! Taints and tolerations.

use k8s_openapi::api::core::v1::Toleration;

use super::Rejection;
use crate::{cache::NodeInfo, cycle::State, pod::PodInfo};

/// Whether one of the pod's tolerations covers a taint.
#[must_use]
pub fn tolerates(pod: &PodInfo, key: &str, value: &str, effect: &str) -> bool {
    pod.spec().and_then(|s| s.tolerations.as_ref()).into_iter().flatten().any(|t| covers(t, key, value, effect))
}

fn covers(toleration: &Toleration, key: &str, value: &str, effect: &str) -> bool {
    let given = |s: &Option<String>| s.clone().unwrap_or_default();
    let (wanted_effect, wanted_key, wanted) =
        (given(&toleration.effect), given(&toleration.key), given(&toleration.value));
    if !wanted_effect.is_empty() && wanted_effect != effect || !wanted_key.is_empty() && wanted_key != key {
        return false;
    }
    match toleration.operator.as_deref().unwrap_or_default() {
        "Exists" => true,
        "" | "Equal" => !wanted_key.is_empty() && wanted == value,
        "Gt" => compare(value, &wanted).is_some_and(std::cmp::Ordering::is_gt),
        "Lt" => compare(value, &wanted).is_some_and(std::cmp::Ordering::is_lt),
        _ => false,
    }
}

fn compare(a: &str, b: &str) -> Option<std::cmp::Ordering> {
    Some(a.parse::<i64>().ok()?.cmp(&b.parse::<i64>().ok()?))
}

/// `NoSchedule` and `NoExecute` taints that the pod does not tolerate.
pub fn filter(_: &State, pod: &PodInfo, node: &NodeInfo) -> Option<Rejection> {
    let bad = taints(node).any(|t| {
        (t.effect == "NoSchedule" || t.effect == "NoExecute")
            && !tolerates(pod, &t.key, t.value.as_deref().unwrap_or_default(), &t.effect)
    });
    bad.then(|| Rejection::fixed("node(s) had untolerated taint(s)"))
}

/// How many `PreferNoSchedule` taints it does not tolerate.
pub fn score(_: &State, pod: &PodInfo, node: &NodeInfo) -> i64 {
    let bad = taints(node)
        .filter(|t| {
            t.effect == "PreferNoSchedule" && !tolerates(pod, &t.key, t.value.as_deref().unwrap_or_default(), &t.effect)
        })
        .count();
    i64::try_from(bad).unwrap_or(i64::MAX)
}

fn taints(node: &NodeInfo) -> impl Iterator<Item = &k8s_openapi::api::core::v1::Taint> {
    node.node.spec.as_ref().and_then(|s| s.taints.as_ref()).into_iter().flatten()
}
