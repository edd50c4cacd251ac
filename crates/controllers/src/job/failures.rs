//! Jobs whose indexes fail one by one (`backoffLimitPerIndex`): how often an index failed stands on its newest pod.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use client::Object;
use k8s_openapi::api::{
    batch::v1::{Job, SuccessPolicy},
    core::v1::Pod,
};

use super::{
    indexes,
    tracking::{Ended, FINALIZER, Verdict, ended, judge},
};

/// How often the index failed before this pod.
pub const FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
/// How often it failed before in ways that do not count.
pub const IGNORED: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

/// What is known of indexes that failed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Failures {
    /// Those that are not tried again.
    pub given_up: BTreeSet<i32>,
    /// The newest failed pod of those that are. It keeps its finalizer until its successor is there, since the number stands on it.
    pub last: BTreeMap<i32, Arc<Pod>>,
}

/// Failures of one index: those that count, and those that do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Before {
    /// They count.
    pub counted: i32,
    /// They do not.
    pub ignored: i32,
}

impl Before {
    /// What stands on a pod.
    #[must_use]
    pub fn on(pod: &Pod) -> Self {
        let number = |key: &str| pod.annotation(key).and_then(|n| n.parse().ok()).unwrap_or_default();
        Self { counted: number(FAILURES), ignored: number(IGNORED) }
    }

    /// All of them.
    #[must_use]
    pub fn all(self) -> i32 {
        self.counted.saturating_add(self.ignored)
    }

    /// With the failure of the pod itself.
    #[must_use]
    pub fn and(self, job: &Job, pod: &Pod) -> Self {
        if ended(job, pod) == Some(Ended::Ignored) {
            Self { ignored: self.ignored.saturating_add(1), ..self }
        } else {
            Self { counted: self.counted.saturating_add(1), ..self }
        }
    }

    /// Writes it on a new pod.
    pub fn mark(self, pod: &mut Pod) {
        let annotations = pod.metadata.annotations.get_or_insert_default();
        annotations.insert(FAILURES.to_owned(), self.counted.to_string());
        if self.ignored > 0 {
            annotations.insert(IGNORED.to_owned(), self.ignored.to_string());
        }
    }
}

/// Looks at the pods; `None` where the job does not limit by index. `done` are indexes that succeeded, `known` those that were given up.
#[must_use]
pub fn of(job: &Job, pods: &[Arc<Pod>], done: &BTreeSet<i32>, known: Option<&str>) -> Option<Failures> {
    let spec = job.spec.as_ref()?;
    let limit = spec.backoff_limit_per_index?;
    let completions = spec.completions.unwrap_or_default();
    let mut failures =
        Failures { given_up: indexes::parse(known.unwrap_or_default(), completions), last: BTreeMap::new() };
    let mut failed = Vec::new();
    for pod in pods.iter().filter(|p| p.has_finalizer(FINALIZER)) {
        let Some(index) = indexes::of_pod(pod).filter(|i| *i < completions && !done.contains(i)) else { continue };
        let over = match ended(job, pod) {
            Some(Ended::Failed) => judge(job, pod) == Verdict::FailIndex || Before::on(pod).counted >= limit,
            Some(Ended::Ignored) => false,
            Some(Ended::Succeeded) | None => continue,
        };
        if over {
            failures.given_up.insert(index);
        }
        failed.push((index, pod));
    }
    for (index, pod) in failed {
        let newer = |p: &Arc<Pod>| indexes::of_pod(p) == Some(index) && Before::on(p).all() > Before::on(pod).all();
        if !failures.given_up.contains(&index) && !pods.iter().any(newer) {
            failures.last.insert(index, pod.clone());
        }
    }
    Some(failures)
}

/// The first rule of a success policy that the indexes which are done fulfil.
#[must_use]
pub fn fulfilled(policy: &SuccessPolicy, done: &BTreeSet<i32>, completions: i32) -> Option<usize> {
    policy.rules.iter().position(|rule| {
        let wanted = rule.succeeded_indexes.as_deref().map(|text| indexes::parse(text, completions));
        let there = wanted.as_ref().map_or(done.len(), |wanted| wanted.intersection(done).count());
        match (rule.succeeded_count, wanted) {
            (Some(count), _) => usize::try_from(count).is_ok_and(|count| there >= count),
            (None, Some(wanted)) => there == wanted.len(),
            (None, None) => false,
        }
    })
}
