//! Pure helpers on replica sets and templates of a deployment.

use std::collections::BTreeMap;

use client::Object;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};

use crate::scaled;

pub use crate::template::{HASH_LABEL, hash, same_template};

/// Number of the rollout.
pub const REVISION: &str = "deployment.kubernetes.io/revision";
/// Earlier numbers of a replica set that came back.
pub const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
/// Replicas of the deployment when the replica set was last scaled.
pub const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
/// The same with the surge.
pub const MAXIMUM: &str = "deployment.kubernetes.io/max-replicas";
/// A request to roll back, from clients of long ago.
pub const ROLLBACK_TO: &str = "deprecated.deployment.rollback.to";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Wanted pods of a replica set.
#[must_use]
pub fn replicas(set: &ReplicaSet) -> i32 {
    set.spec.replicas.unwrap_or(1)
}

/// Available pods of a replica set.
#[must_use]
pub fn available(set: &ReplicaSet) -> i32 {
    set.status.as_ref().and_then(|s| s.available_replicas).unwrap_or_default()
}

/// Existing pods of a replica set.
#[must_use]
pub fn actual(set: &ReplicaSet) -> i32 {
    set.status.as_ref().map_or(0, |s| s.replicas)
}

/// Wanted pods of a deployment.
#[must_use]
pub fn wanted(deployment: &Deployment) -> i32 {
    deployment.spec.replicas.unwrap_or(1)
}

/// Whether pods are replaced little by little.
#[must_use]
pub fn is_rolling(deployment: &Deployment) -> bool {
    deployment.spec.strategy.as_ref().and_then(|s| s.type_.as_deref()) != Some("Recreate")
}

/// How many pods may exist above, and be missing below, the wanted number; never both zero.
fn bounds(deployment: &Deployment) -> (i32, i32) {
    let rolling = deployment.spec.strategy.as_ref().and_then(|s| s.rolling_update.as_ref());
    let total = wanted(deployment);
    let surge = scaled::value(rolling.and_then(|r| r.max_surge.as_ref()), total, true).unwrap_or(0);
    let missing = scaled::value(rolling.and_then(|r| r.max_unavailable.as_ref()), total, false).unwrap_or(0);
    if surge == 0 && missing == 0 { (0, 1) } else { (surge, missing) }
}

/// Pods above the wanted number.
#[must_use]
pub fn max_surge(deployment: &Deployment) -> i32 {
    if is_rolling(deployment) { bounds(deployment).0 } else { 0 }
}

/// Pods below the wanted number.
#[must_use]
pub fn max_unavailable(deployment: &Deployment) -> i32 {
    if !is_rolling(deployment) || wanted(deployment) == 0 {
        return 0;
    }
    bounds(deployment).1.min(wanted(deployment))
}

/// The number of a rollout, 0 when there is none.
#[must_use]
pub fn revision<K: Object>(object: &K) -> i64 {
    object.annotation(REVISION).and_then(|r| r.parse().ok()).unwrap_or_default()
}

/// Oldest first, then by name.
#[must_use]
pub fn age(set: &ReplicaSet) -> (Timestamp, String) {
    // One that is only about to be made is the youngest.
    (set.created().unwrap_or(Timestamp::MAX), set.name().to_owned())
}

/// Whether an annotation stays with its object when others are copied between deployment and replica set.
#[must_use]
pub fn is_own_annotation(key: &str) -> bool {
    matches!(key, LAST_APPLIED | REVISION | REVISION_HISTORY | DESIRED | MAXIMUM | ROLLBACK_TO)
}

/// Name of a replica set: the deployment's name, cut so that the hash fits.
#[must_use]
pub fn set_name(deployment: &str, hash: &str) -> String {
    const LONGEST: usize = 253;
    let room = LONGEST - 1 - hash.len();
    let name: String = deployment.chars().take(room).collect();
    format!("{name}-{hash}")
}

/// Copies the deployment's annotations; whether anything changed.
pub fn copy_annotations(deployment: &Deployment, annotations: &mut BTreeMap<String, String>) -> bool {
    let mut changed = false;
    for (key, value) in deployment.metadata.annotations.iter().flatten() {
        if !is_own_annotation(key) && annotations.get(key) != Some(value) {
            annotations.insert(key.clone(), value.clone());
            changed = true;
        }
    }
    changed
}

/// Gives a replica set a revision, if that is newer than its own; the old one goes to the history.
pub fn set_revision(annotations: &mut BTreeMap<String, String>, new: i64) {
    const LONGEST_HISTORY: usize = 2000;
    let old = annotations.get(REVISION).cloned();
    let number = match old.as_deref() {
        None | Some("") => 0,
        Some(text) => match text.parse::<i64>() {
            Ok(number) => number,
            Err(_) => return,
        },
    };
    if number >= new {
        return;
    }
    annotations.insert(REVISION.to_owned(), new.to_string());
    let Some(old) = old else {
        return;
    };
    let mut history: Vec<String> = annotations
        .get(REVISION_HISTORY)
        .map(|h| h.split(',').filter(|r| !r.is_empty()).map(str::to_owned).collect())
        .unwrap_or_default();
    history.push(old);
    while history.len() > 1 && history.iter().map(|r| r.len() + 1).sum::<usize>() > LONGEST_HISTORY {
        history.remove(0);
    }
    annotations.insert(REVISION_HISTORY.to_owned(), history.join(","));
}

/// Notes the deployment's size on a replica set.
pub fn set_sizes(annotations: &mut BTreeMap<String, String>, deployment: &Deployment) {
    annotations.insert(DESIRED.to_owned(), wanted(deployment).to_string());
    annotations.insert(MAXIMUM.to_owned(), (wanted(deployment) + max_surge(deployment)).to_string());
}

/// A non-negative number in an annotation.
#[must_use]
pub fn noted(set: &ReplicaSet, key: &str) -> Option<i32> {
    set.annotation(key)?.parse::<i32>().ok().filter(|n| *n >= 0)
}
