//! The two kinds that keep a number of equal pods: one code, this table of differences.

use client::{Matcher, Object, selector::SelectorError};
use k8s_openapi::{
    api::{
        apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus},
        core::v1::{
            PodTemplateSpec, ReplicationController, ReplicationControllerCondition, ReplicationControllerStatus,
        },
    },
    apimachinery::pkg::apis::meta::v1::Time,
};

/// What a kind wants.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// So many pods.
    pub replicas: i32,
    /// Seconds of readiness until a pod counts as available.
    pub min_ready_seconds: i32,
    /// Such pods.
    pub template: Option<&'a PodTemplateSpec>,
}

/// The condition that says why pods could not be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// `FailedCreate` or `FailedDelete`.
    pub reason: String,
    /// The server's words.
    pub message: String,
    /// Since when.
    pub since: Option<Time>,
}

/// A status without the form of its kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counts {
    /// Pods.
    pub replicas: i32,
    /// Pods with all labels of the template.
    pub fully_labeled: i32,
    /// Ready pods.
    pub ready: i32,
    /// Pods that are ready for long enough.
    pub available: i32,
    /// Pods that are being deleted.
    pub terminating: i32,
    /// Why pods could not be made.
    pub failure: Option<Failure>,
    /// Generation that this is about.
    pub generation: i64,
}

/// A kind that keeps a number of equal pods.
pub trait Replicated: Object {
    /// Name of the controller and its identity.
    const CONTROLLER: &'static str;
    /// What it wants.
    fn wanted(&self) -> Wanted<'_>;
    /// Which pods are its own.
    fn matcher(&self) -> Result<Matcher, SelectorError>;
    /// The status as it is.
    fn counts(&self) -> Counts;
    /// The object with another status; other conditions stay.
    fn with_counts(&self, counts: &Counts) -> Self;
}

fn some(value: i32) -> Option<i32> {
    Some(value)
}

impl Replicated for ReplicaSet {
    const CONTROLLER: &'static str = "replicaset-controller";

    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            replicas: self.spec.replicas.unwrap_or(1),
            min_ready_seconds: self.spec.min_ready_seconds.unwrap_or_default(),
            template: self.spec.template.as_ref(),
        }
    }

    fn matcher(&self) -> Result<Matcher, SelectorError> {
        Matcher::new(&self.spec.selector)
    }

    fn counts(&self) -> Counts {
        let Some(status) = &self.status else {
            return Counts::default();
        };
        let failure = status.conditions.iter().flatten().find(|c| c.type_.as_deref() == Some("ReplicaFailure"));
        Counts {
            replicas: status.replicas,
            fully_labeled: status.fully_labeled_replicas.unwrap_or_default(),
            ready: status.ready_replicas.unwrap_or_default(),
            available: status.available_replicas.unwrap_or_default(),
            terminating: status.terminating_replicas.unwrap_or(-1),
            generation: status.observed_generation.unwrap_or_default(),
            failure: failure.map(|c| Failure {
                reason: c.reason.clone().unwrap_or_default(),
                message: c.message.clone().unwrap_or_default(),
                since: c.last_transition_time.clone(),
            }),
        }
    }

    fn with_counts(&self, counts: &Counts) -> Self {
        let old = self.status.clone().unwrap_or_default();
        let mut conditions = old.conditions.unwrap_or_default();
        conditions.retain(|c| c.type_.as_deref() != Some("ReplicaFailure"));
        conditions.extend(counts.failure.as_ref().map(|f| ReplicaSetCondition {
            type_: Some("ReplicaFailure".to_owned()),
            status: Some("True".to_owned()),
            reason: Some(f.reason.clone()),
            message: Some(f.message.clone()),
            last_transition_time: f.since.clone(),
        }));
        let status = ReplicaSetStatus {
            available_replicas: some(counts.available),
            conditions: (!conditions.is_empty()).then_some(conditions),
            fully_labeled_replicas: some(counts.fully_labeled),
            observed_generation: Some(counts.generation),
            ready_replicas: some(counts.ready),
            replicas: counts.replicas,
            terminating_replicas: some(counts.terminating),
        };
        Self { status: Some(status), ..self.clone() }
    }
}

impl Replicated for ReplicationController {
    const CONTROLLER: &'static str = "replication-controller";

    fn wanted(&self) -> Wanted<'_> {
        let spec = self.spec.as_ref();
        Wanted {
            replicas: spec.and_then(|s| s.replicas).unwrap_or(1),
            min_ready_seconds: spec.and_then(|s| s.min_ready_seconds).unwrap_or_default(),
            template: spec.and_then(|s| s.template.as_ref()),
        }
    }

    fn matcher(&self) -> Result<Matcher, SelectorError> {
        let selector = self.spec.as_ref().and_then(|s| s.selector.as_ref());
        Ok(selector.map_or_else(Matcher::nothing, |s| Matcher::from_labels(Some(s))))
    }

    fn counts(&self) -> Counts {
        let Some(status) = &self.status else {
            return Counts::default();
        };
        let failure = status.conditions.iter().flatten().find(|c| c.type_ == "ReplicaFailure");
        Counts {
            replicas: status.replicas,
            fully_labeled: status.fully_labeled_replicas.unwrap_or_default(),
            ready: status.ready_replicas.unwrap_or_default(),
            available: status.available_replicas.unwrap_or_default(),
            terminating: 0,
            generation: status.observed_generation.unwrap_or_default(),
            failure: failure.map(|c| Failure {
                reason: c.reason.clone().unwrap_or_default(),
                message: c.message.clone().unwrap_or_default(),
                since: c.last_transition_time.clone(),
            }),
        }
    }

    fn with_counts(&self, counts: &Counts) -> Self {
        let old = self.status.clone().unwrap_or_default();
        let mut conditions = old.conditions.unwrap_or_default();
        conditions.retain(|c| c.type_ != "ReplicaFailure");
        conditions.extend(counts.failure.as_ref().map(|f| ReplicationControllerCondition {
            type_: "ReplicaFailure".to_owned(),
            status: "True".to_owned(),
            reason: Some(f.reason.clone()),
            message: Some(f.message.clone()),
            last_transition_time: f.since.clone(),
        }));
        let status = ReplicationControllerStatus {
            available_replicas: some(counts.available),
            conditions: (!conditions.is_empty()).then_some(conditions),
            fully_labeled_replicas: some(counts.fully_labeled),
            observed_generation: Some(counts.generation),
            ready_replicas: some(counts.ready),
            replicas: counts.replicas,
        };
        Self { status: Some(status), ..self.clone() }
    }
}
