//! Counting pods that ended, exactly once: first their UIDs stand in the status, then the pods lose their finalizer, then the
//! counters grow.

use std::{collections::BTreeSet, sync::Arc};

use client::Object;
use k8s_openapi::api::{
    batch::v1::{Job, JobStatus, PodFailurePolicy, UncountedTerminatedPods},
    core::v1::Pod,
};

use super::{
    failures::{self, Failures},
    indexes,
    plan::condition,
};
use crate::pods;

/// Keeps a pod until it is counted.
pub const FINALIZER: &str = "batch.kubernetes.io/job-tracking";

/// How a pod ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It did its work.
    Succeeded,
    /// It did not.
    Failed,
    /// It did not, but that does not count.
    Ignored,
}

/// What the failure policy says about a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It counts.
    Count,
    /// It does not.
    Ignore,
    /// The whole job fails, for this reason.
    FailJob(String),
    /// It counts, and its index is not tried again.
    FailIndex,
}

/// How a pod ended; `None`: it has not.
#[must_use]
pub fn ended(job: &Job, pod: &Pod) -> Option<Ended> {
    let policy = job.spec.as_ref().and_then(|s| s.pod_replacement_policy.as_deref());
    match pods::phase(pod) {
        "Succeeded" => Some(Ended::Succeeded),
        "Failed" => Some(match judge(job, pod) {
            Verdict::Ignore => Ended::Ignored,
            Verdict::Count | Verdict::FailJob(_) | Verdict::FailIndex => Ended::Failed,
        }),
        // A pod that is deleted before it ended has failed, unless its replacement has to wait for its end.
        _ if pod.is_deleting() && policy != Some("Failed") => Some(Ended::Failed),
        _ => None,
    }
}

/// What the failure policy says about a failed pod.
#[must_use]
pub fn judge(job: &Job, pod: &Pod) -> Verdict {
    let Some(policy) = job.spec.as_ref().and_then(|s| s.pod_failure_policy.as_ref()) else {
        return Verdict::Count;
    };
    let Some((number, what)) = first_rule(policy, pod) else {
        return Verdict::Count;
    };
    match policy.rules[number].action.as_str() {
        "Ignore" => Verdict::Ignore,
        "FailIndex" => Verdict::FailIndex,
        "FailJob" => Verdict::FailJob(format!("{what} matching FailJob rule at index {number}")),
        _ => Verdict::Count,
    }
}

fn first_rule(policy: &PodFailurePolicy, pod: &Pod) -> Option<(usize, String)> {
    let status = pod.status.as_ref()?;
    let statuses = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
    let ended: Vec<_> =
        statuses.filter_map(|s| Some((s.name.as_str(), s.state.as_ref()?.terminated.as_ref()?.exit_code))).collect();
    for (number, rule) in policy.rules.iter().enumerate() {
        if let Some(codes) = &rule.on_exit_codes {
            let fits = |(name, code): &&(&str, i32)| {
                let named = codes.container_name.as_deref().is_none_or(|n| n == *name);
                let listed = codes.values.contains(code);
                *code != 0 && named && if codes.operator == "In" { listed } else { !listed }
            };
            if let Some((name, code)) = ended.iter().find(fits) {
                let what = format!("Container {name} for pod {} failed with exit code {code}", pod.key());
                return Some((number, what));
            }
        }
        for wanted in rule.on_pod_conditions.iter().flatten() {
            let status = wanted.status.as_deref().unwrap_or("True");
            if pods::condition(pod, &wanted.type_).is_some_and(|c| c.status == status) {
                return Some((number, format!("Pod {} has condition {}", pod.key(), wanted.type_)));
            }
        }
    }
    None
}

fn has_finalizer(pod: &Pod) -> bool {
    pod.has_finalizer(FINALIZER)
}

/// The outcome of [`count`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counted {
    /// Succeeded pods (or indexes), counted or about to be.
    pub succeeded: i32,
    /// Failed pods, counted or about to be.
    pub failed: i32,
    /// Whether all that ended is in the counters.
    pub settled: bool,
    /// Pods whose finalizer may go once the status is written.
    pub release: Vec<Arc<Pod>>,
    /// Indexes that are done.
    pub done: BTreeSet<i32>,
    /// Indexes that failed, where they are limited one by one.
    pub failures: Option<Failures>,
}

/// Moves the counters of `status` on.
pub fn count(job: &Job, pods: &[Arc<Pod>], status: &mut JobStatus) -> Counted {
    let spec = job.spec.clone().unwrap_or_default();
    let indexed = spec.completion_mode.as_deref() == Some("Indexed");
    let completions = spec.completions.unwrap_or_default();
    let mut counted = Counted::default();
    let mut uncounted = status.uncounted_terminated_pods.take().unwrap_or_default();
    let mut done = indexes::parse(status.completed_indexes.as_deref().unwrap_or_default(), completions);
    let held = |uid: &String| pods.iter().any(|p| p.uid() == uid && has_finalizer(p));
    let settle = |list: &mut Option<Vec<String>>| {
        let mut waiting = list.take().unwrap_or_default();
        let before = waiting.len();
        waiting.retain(held);
        let moved = i32::try_from(before - waiting.len()).unwrap_or_default();
        *list = (!waiting.is_empty()).then_some(waiting);
        moved
    };
    let succeeded = settle(&mut uncounted.succeeded);
    let failed = settle(&mut uncounted.failed);
    status.succeeded = Some(status.succeeded.unwrap_or_default() + if indexed { 0 } else { succeeded });
    status.failed = Some(status.failed.unwrap_or_default() + failed);
    let ends: Vec<_> = pods.iter().filter(|p| has_finalizer(p)).filter_map(|p| Some((p, ended(job, p)?))).collect();
    if indexed {
        let succeeded = ends.iter().filter(|(_, how)| *how == Ended::Succeeded);
        done.extend(succeeded.filter_map(|(p, _)| indexes::of_pod(p)).filter(|i| *i < completions));
    }
    counted.failures = failures::of(job, pods, &done, status.failed_indexes.as_deref());
    let over =
        job.is_deleting() || ["FailureTarget", "SuccessCriteriaMet"].iter().any(|c| condition(status, c).is_some());
    let mut kept = 0;
    for (pod, how) in ends {
        let waits = counted.failures.iter().flat_map(|f| f.last.values()).any(|last| last.uid() == pod.uid());
        if waits && !over {
            kept += 1;
            continue;
        }
        counted.release.push(pod.clone());
        let list = match how {
            Ended::Succeeded if indexed => continue,
            Ended::Succeeded => uncounted.succeeded.get_or_insert_default(),
            Ended::Failed => uncounted.failed.get_or_insert_default(),
            Ended::Ignored => continue,
        };
        if !list.iter().any(|uid| uid == pod.uid()) {
            list.push(pod.uid().to_owned());
        }
    }
    if let Some(failures) = &counted.failures {
        status.failed_indexes = Some(indexes::format(&failures.given_up));
    }
    let length = |l: &Option<Vec<String>>| i32::try_from(l.as_ref().map_or(0, Vec::len)).unwrap_or_default();
    if indexed {
        status.succeeded = Some(i32::try_from(done.len()).unwrap_or_default());
        status.completed_indexes = Some(indexes::format(&done)).filter(|t| !t.is_empty());
    }
    counted.succeeded = status.succeeded.unwrap_or_default() + length(&uncounted.succeeded);
    counted.failed = status.failed.unwrap_or_default() + length(&uncounted.failed) + kept;
    counted.settled = kept == 0 && counted.release.is_empty() && uncounted == UncountedTerminatedPods::default();
    counted.done = done;
    status.uncounted_terminated_pods = Some(uncounted);
    status.succeeded = status.succeeded.filter(|n| *n != 0);
    status.failed = status.failed.filter(|n| *n != 0);
    counted
}
