//! Conditions of a deployment, and the status that follows from its replica sets.

use jiff::Timestamp;
use k8s_openapi::{
    api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet},
    apimachinery::pkg::apis::meta::v1::Time,
};

use super::sets::{actual, available, max_unavailable, replicas, wanted};

/// Whether it moves on.
pub const PROGRESSING: &str = "Progressing";
/// Whether enough pods serve.
pub const AVAILABLE: &str = "Available";
/// Why pods cannot be made.
pub const REPLICA_FAILURE: &str = "ReplicaFailure";
/// The rollout is complete.
pub const NEW_AVAILABLE: &str = "NewReplicaSetAvailable";
/// The rollout took too long.
pub const TIMED_OUT: &str = "ProgressDeadlineExceeded";
/// Held back by the user.
pub const PAUSED: &str = "DeploymentPaused";

/// A condition as of now.
#[must_use]
pub fn new(kind: &str, status: &str, reason: &str, message: String, now: Timestamp) -> DeploymentCondition {
    DeploymentCondition {
        type_: Some(kind.to_owned()),
        status: Some(status.to_owned()),
        reason: Some(reason.to_owned()),
        message: Some(message),
        last_update_time: Some(Time(now)),
        last_transition_time: Some(Time(now)),
    }
}

/// A condition by type.
#[must_use]
pub fn get<'a>(status: &'a DeploymentStatus, kind: &str) -> Option<&'a DeploymentCondition> {
    status.conditions.iter().flatten().find(|c| c.type_.as_deref() == Some(kind))
}

/// Takes a condition away.
pub fn remove(status: &mut DeploymentStatus, kind: &str) {
    if let Some(conditions) = &mut status.conditions {
        conditions.retain(|c| c.type_.as_deref() != Some(kind));
        if conditions.is_empty() {
            status.conditions = None;
        }
    }
}

/// Sets a condition; one with the same status and reason stays as it is.
pub fn set(status: &mut DeploymentStatus, mut condition: DeploymentCondition) {
    let kind = condition.type_.clone().unwrap_or_default();
    if let Some(old) = get(status, &kind)
        && old.status == condition.status
    {
        if old.reason == condition.reason {
            return;
        }
        condition.last_transition_time.clone_from(&old.last_transition_time);
    }
    remove(status, &kind);
    status.conditions.get_or_insert_default().push(condition);
}

/// The deadline for progress in seconds, if there is one.
#[must_use]
pub fn deadline(deployment: &Deployment) -> Option<i32> {
    deployment.spec.progress_deadline_seconds.filter(|s| *s != i32::MAX)
}

/// Whether all pods are of the newest template and available.
#[must_use]
pub fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let wanted = wanted(deployment);
    status.updated_replicas.unwrap_or_default() == wanted
        && status.replicas.unwrap_or_default() == wanted
        && status.available_replicas.unwrap_or_default() == wanted
        && status.observed_generation.unwrap_or_default() >= deployment.metadata.generation.unwrap_or_default()
}

/// Whether the new status shows a step forward from the old one.
#[must_use]
pub fn is_progressing(old: &DeploymentStatus, new: &DeploymentStatus) -> bool {
    let number = |n: Option<i32>| n.unwrap_or_default();
    let outdated = |s: &DeploymentStatus| number(s.replicas) - number(s.updated_replicas);
    number(new.updated_replicas) > number(old.updated_replicas)
        || outdated(new) < outdated(old)
        || number(new.ready_replicas) > number(old.ready_replicas)
        || number(new.available_replicas) > number(old.available_replicas)
}

/// Whether the deadline for progress has passed.
#[must_use]
pub fn is_timed_out(deployment: &Deployment, status: &DeploymentStatus, now: Timestamp) -> bool {
    let (Some(seconds), Some(condition)) = (deadline(deployment), get(status, PROGRESSING)) else {
        return false;
    };
    match condition.reason.as_deref() {
        Some(NEW_AVAILABLE) => false,
        Some(TIMED_OUT) => true,
        Some(_) | None => condition
            .last_update_time
            .as_ref()
            .is_some_and(|from| now.duration_since(from.0).as_secs_f64() > f64::from(seconds)),
    }
}

/// The status by counting.
#[must_use]
pub fn count(
    deployment: &Deployment,
    old: &DeploymentStatus,
    all: &[&ReplicaSet],
    newest: Option<&ReplicaSet>,
    now: Timestamp,
) -> DeploymentStatus {
    let sum = |of: &dyn Fn(&ReplicaSet) -> i32| all.iter().map(|s| of(s)).sum::<i32>();
    let ready = |s: &ReplicaSet| s.status.as_ref().and_then(|s| s.ready_replicas).unwrap_or_default();
    let available_now = sum(&available);
    let mut status = DeploymentStatus {
        observed_generation: deployment.metadata.generation,
        replicas: Some(sum(&actual)),
        updated_replicas: Some(newest.map_or(0, actual)),
        ready_replicas: Some(sum(&ready)),
        available_replicas: Some(available_now),
        unavailable_replicas: Some((sum(&replicas) - available_now).max(0)),
        terminating_replicas: terminating(all),
        collision_count: old.collision_count,
        conditions: old.conditions.clone(),
    };
    let condition = if available_now >= wanted(deployment) - max_unavailable(deployment) {
        let message = "Deployment has minimum availability.".to_owned();
        new(AVAILABLE, "True", "MinimumReplicasAvailable", message, now)
    } else {
        let message = "Deployment does not have minimum availability.".to_owned();
        new(AVAILABLE, "False", "MinimumReplicasUnavailable", message, now)
    };
    set(&mut status, condition);
    status
}

fn terminating(all: &[&ReplicaSet]) -> Option<i32> {
    let mut total = 0;
    for status in all.iter().filter_map(|s| s.status.as_ref()) {
        match status.terminating_replicas {
            Some(number) => total += number,
            None if status.observed_generation.unwrap_or_default() == 0 => {}
            None => return None,
        }
    }
    Some(total)
}

/// The first failure to make pods, of the newest replica set before the others.
#[must_use]
pub fn failure(all: &[&ReplicaSet], newest: Option<&ReplicaSet>) -> Option<DeploymentCondition> {
    newest.into_iter().chain(all.iter().copied()).find_map(|set| {
        let conditions = set.status.as_ref()?.conditions.as_ref()?;
        let condition = conditions.iter().find(|c| c.type_.as_deref() == Some(REPLICA_FAILURE))?;
        Some(DeploymentCondition {
            type_: condition.type_.clone(),
            status: condition.status.clone(),
            reason: condition.reason.clone(),
            message: condition.message.clone(),
            last_update_time: condition.last_transition_time.clone(),
            last_transition_time: condition.last_transition_time.clone(),
        })
    })
}

/// Whether two statuses say the same; zero and absent are the same.
#[must_use]
pub fn same(a: &DeploymentStatus, b: &DeploymentStatus) -> bool {
    let number = |n: Option<i32>| n.unwrap_or_default();
    a.observed_generation == b.observed_generation
        && number(a.replicas) == number(b.replicas)
        && number(a.updated_replicas) == number(b.updated_replicas)
        && number(a.ready_replicas) == number(b.ready_replicas)
        && number(a.available_replicas) == number(b.available_replicas)
        && number(a.unavailable_replicas) == number(b.unavailable_replicas)
        && a.terminating_replicas == b.terminating_replicas
        && a.collision_count == b.collision_count
        && a.conditions.as_deref().unwrap_or_default() == b.conditions.as_deref().unwrap_or_default()
}
