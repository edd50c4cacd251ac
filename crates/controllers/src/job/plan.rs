//! The next step of a job: how many pods run, whether it is over, and why.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use client::Object;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    api::{
        batch::v1::{Job, JobCondition, JobSpec, JobStatus},
        core::v1::{EnvVar, EnvVarSource, ObjectFieldSelector, Pod},
    },
    apimachinery::pkg::apis::meta::v1::Time,
};

use super::{
    failures::{self, Before, Failures},
    indexes,
    tracking::{self, Counted, FINALIZER, Verdict},
};
use crate::pods;

const FIRST_BACK_OFF: i64 = 10;
const LONGEST_BACK_OFF: i64 = 600;
/// Ends that are remembered: more failures in a row do not prolong the back-off.
const ENDS: usize = 32;
/// Pods made in one go.
const BURST: usize = 500;

/// An event to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Whether it is a warning.
    pub warning: bool,
    /// Reason.
    pub reason: String,
    /// Message.
    pub message: String,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// The status.
    pub status: JobStatus,
    /// Pods whose finalizer goes once the status is written.
    pub release: Vec<Arc<Pod>>,
    /// Pods to make: their index, if they have one.
    pub create: Vec<Option<i32>>,
    /// How often these indexes failed before, where they are limited one by one.
    pub before: BTreeMap<i32, Before>,
    /// Pods to delete.
    pub delete: Vec<Arc<Pod>>,
    /// Events.
    pub say: Vec<Said>,
    /// When to look again.
    pub next: Option<Duration>,
}

/// A condition that is true.
#[must_use]
pub fn condition<'a>(job: &'a JobStatus, kind: &str) -> Option<&'a JobCondition> {
    job.conditions.iter().flatten().find(|c| c.type_ == kind && c.status == "True")
}

/// Whether the job is over.
#[must_use]
pub fn is_finished(job: &Job) -> bool {
    job.status.as_ref().is_some_and(|s| condition(s, "Complete").is_some() || condition(s, "Failed").is_some())
}

fn set_condition(status: &mut JobStatus, kind: &str, value: bool, reason: &str, message: &str, now: Timestamp) -> bool {
    let text = if value { "True" } else { "False" };
    let conditions = status.conditions.get_or_insert_default();
    if conditions.iter().any(|c| c.type_ == kind && c.status == text) {
        return false;
    }
    conditions.retain(|c| c.type_ != kind);
    conditions.push(JobCondition {
        type_: kind.to_owned(),
        status: text.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_probe_time: Some(Time(now)),
        last_transition_time: Some(Time(now)),
    });
    true
}

struct Work<'a> {
    job: &'a Job,
    spec: JobSpec,
    pods: &'a [Arc<Pod>],
    active: Vec<Arc<Pod>>,
    terminating: i32,
    counted: Counted,
    ends: &'a Ends,
    now: Timestamp,
    plan: Plan,
}

/// When pods ended, by UID, and whether they succeeded.
pub type Ends = BTreeMap<String, (Timestamp, bool)>;

/// Adds the ends of these pods: the back-off counts them also when they are gone.
pub fn remember(ends: &mut Ends, job: &Job, pods: &[Arc<Pod>]) {
    for pod in pods {
        if let (Some(how), Some(at)) = (tracking::ended(job, pod), ended_at(pod)) {
            ends.insert(pod.uid().to_owned(), (at, how == tracking::Ended::Succeeded));
        }
    }
    while ends.len() > ENDS
        && let Some(oldest) = ends.iter().min_by_key(|(_, (at, _))| *at).map(|(uid, _)| uid.clone())
    {
        ends.remove(&oldest);
    }
}

/// Decides. `pods` are the job's own, without those that were deleted a moment ago; `missing` were just made; `ends` are
/// all that is known.
#[must_use]
pub fn plan(job: &Job, pods: &[Arc<Pod>], missing: usize, ends: &Ends, now: Timestamp) -> Plan {
    let mut status = job.status.clone().unwrap_or_default();
    let counted = tracking::count(job, pods, &mut status);
    let terminating = pods.iter().filter(|p| pods::is_terminating(p)).count();
    let mut work = Work {
        job,
        spec: job.spec.clone().unwrap_or_default(),
        pods,
        active: pods.iter().filter(|p| pods::is_active(p)).cloned().collect(),
        terminating: i32::try_from(terminating).unwrap_or_default(),
        counted,
        ends,
        now,
        plan: Plan { status, ..Plan::default() },
    };
    work.plan.release.clone_from(&work.counted.release);
    if is_finished(job) {
        work.counts();
        return work.plan;
    }
    work.suspension();
    if work.spec.suspend != Some(true) && work.plan.status.start_time.is_none() {
        work.plan.status.start_time = Some(Time(now));
    }
    match work.verdict() {
        Some((target, end, reason, message)) => work.finish(target, end, &reason, &message),
        None if job.is_deleting() => {}
        None if work.spec.suspend == Some(true) => work.plan.delete.clone_from(&work.active),
        None => work.manage(missing),
    }
    work.counts();
    work.plan
}

type Outcome = (&'static str, &'static str, String, String);

impl Work<'_> {
    fn say(&mut self, warning: bool, reason: &str, message: &str) {
        self.plan.say.push(Said { warning, reason: reason.to_owned(), message: message.to_owned() });
    }

    fn suspension(&mut self) {
        let suspended = self.plan.status.conditions.iter().flatten().find(|c| c.type_ == "Suspended");
        let was = suspended.is_some_and(|c| c.status == "True");
        let now = self.now;
        if self.spec.suspend == Some(true) && !was {
            self.plan.status.start_time = None;
            set_condition(&mut self.plan.status, "Suspended", true, "JobSuspended", "Job suspended", now);
            self.say(false, "Suspended", "Job suspended");
        } else if self.spec.suspend != Some(true) && was {
            set_condition(&mut self.plan.status, "Suspended", false, "JobResumed", "Job resumed", now);
            self.plan.status.start_time = Some(Time(now));
            self.say(false, "Resumed", "Job resumed");
        }
    }

    fn indexed(&self) -> bool {
        self.spec.completion_mode.as_deref() == Some("Indexed")
    }

    /// Whether the job is over, and why: what an earlier look decided stands.
    fn verdict(&mut self) -> Option<Outcome> {
        let outcome = |target, end, c: &JobCondition| {
            let text = |t: &Option<String>| t.clone().unwrap_or_default();
            (target, end, text(&c.reason), text(&c.message))
        };
        if let Some(c) = condition(&self.plan.status, "FailureTarget") {
            return Some(outcome("FailureTarget", "Failed", c));
        }
        if let Some(c) = condition(&self.plan.status, "SuccessCriteriaMet") {
            return Some(outcome("SuccessCriteriaMet", "Complete", c));
        }
        let failed = |reason: &str, message: String| Some(("FailureTarget", "Failed", reason.to_owned(), message));
        let ended = self.pods.iter().filter(|p| pods::phase(p) == "Failed");
        for pod in ended {
            if let Verdict::FailJob(message) = tracking::judge(self.job, pod) {
                return failed("PodFailurePolicy", message);
            }
        }
        let limit = self.spec.backoff_limit.unwrap_or(6);
        if self.counted.failed > limit || self.exceeds_in_place(limit) {
            return failed("BackoffLimitExceeded", "Job has reached the specified backoff limit".to_owned());
        }
        if self.deadline_left().is_some_and(|left| left <= SignedDuration::ZERO) {
            return failed("DeadlineExceeded", "Job was active longer than specified deadline".to_owned());
        }
        if let Some((reason, message)) = self.too_many_indexes_failed() {
            return failed(reason, message.to_owned());
        }
        let completions = self.spec.completions.unwrap_or_default();
        let rule = self.spec.success_policy.as_ref().filter(|_| self.indexed());
        if let Some(number) = rule.and_then(|p| failures::fulfilled(p, &self.counted.done, completions)) {
            let message = format!("Matched rules at index {number}");
            return Some(("SuccessCriteriaMet", "Complete", "SuccessPolicy".to_owned(), message));
        }
        let complete = match self.spec.completions {
            Some(completions) => self.counted.succeeded >= completions,
            None => self.counted.succeeded > 0 && self.active.is_empty(),
        };
        complete.then(|| {
            let message = "Reached expected number of succeeded pods".to_owned();
            ("SuccessCriteriaMet", "Complete", "CompletionsReached".to_owned(), message)
        })
    }

    /// Where indexes fail one by one: too many of them, or some when all others are done.
    fn too_many_indexes_failed(&self) -> Option<(&'static str, &'static str)> {
        let failed = self.counted.failures.as_ref().map(|f| i32::try_from(f.given_up.len()).unwrap_or(i32::MAX))?;
        if self.spec.max_failed_indexes.is_some_and(|most| failed > most) {
            let message = "Job has exceeded the specified maximal number of failed indexes";
            return Some(("MaxFailedIndexesExceeded", message));
        }
        let all = failed + self.counted.succeeded >= self.spec.completions.unwrap_or_default();
        (failed > 0 && all).then_some(("FailedIndexes", "Job has failed indexes"))
    }

    /// Containers that are restarted in place count too.
    fn exceeds_in_place(&self, limit: i32) -> bool {
        let policy = self.spec.template.spec.as_ref().and_then(|s| s.restart_policy.as_deref());
        if policy != Some("OnFailure") {
            return false;
        }
        let restarts = |p: &Arc<Pod>| {
            let status = p.status.as_ref();
            let all = status.into_iter().flat_map(|s| s.init_container_statuses.iter().chain(&s.container_statuses));
            all.flatten().map(|c| c.restart_count).sum::<i32>()
        };
        let total: i32 = self.active.iter().map(restarts).sum();
        if limit == 0 { total > 0 } else { total >= limit }
    }

    fn deadline_left(&self) -> Option<SignedDuration> {
        let seconds = self.spec.active_deadline_seconds.filter(|_| self.spec.suspend != Some(true))?;
        let start = self.plan.status.start_time.as_ref()?;
        Some(SignedDuration::from_secs(seconds) - self.now.duration_since(start.0))
    }

    fn finish(&mut self, target: &'static str, end: &'static str, reason: &str, message: &str) {
        let now = self.now;
        set_condition(&mut self.plan.status, target, true, reason, message, now);
        self.plan.delete.clone_from(&self.active);
        if !self.active.is_empty() || self.terminating > 0 || !self.counted.settled {
            return;
        }
        if set_condition(&mut self.plan.status, end, true, reason, message, now) {
            if end == "Complete" {
                self.plan.status.completion_time = Some(Time(now));
                self.say(false, "Completed", "Job completed");
            } else {
                self.say(true, reason, message);
            }
        }
    }

    fn manage(&mut self, missing: usize) {
        let parallelism = self.spec.parallelism.unwrap_or(1);
        let active = i32::try_from(self.active.len() + missing).unwrap_or(i32::MAX);
        let waiting_for_end = self.spec.pod_replacement_policy.as_deref() == Some("Failed");
        let held = if waiting_for_end { self.terminating } else { 0 };
        let wanted = match self.spec.completions {
            Some(completions) => {
                let given_up = self.counted.failures.as_ref().map_or(0, |f| f.given_up.len());
                let over = self.counted.succeeded + i32::try_from(given_up).unwrap_or(i32::MAX);
                parallelism.min((completions - over).max(0))
            }
            // A work queue: once one is done, the others finish and no new ones start.
            None if self.counted.succeeded > 0 => active.min(parallelism),
            None => parallelism,
        };
        if active > wanted {
            self.shrink(usize::try_from(active - wanted).unwrap_or_default());
        } else if active + held < wanted {
            let count = usize::try_from(wanted - active - held).unwrap_or_default().min(BURST);
            self.grow(count, missing);
        }
        let deadline = self.deadline_left().and_then(|left| Duration::try_from(left).ok());
        self.plan.next = [self.plan.next, deadline.map(|d| d + Duration::from_millis(10))].into_iter().flatten().min();
    }

    fn shrink(&mut self, surplus: usize) {
        let mut order = self.active.clone();
        order.sort_by_key(|p| {
            (!pods::node(p).is_empty(), pods::phase(p) == "Running", pods::is_ready(p), std::cmp::Reverse(p.created()))
        });
        order.truncate(surplus);
        self.plan.delete = order;
    }

    fn grow(&mut self, count: usize, missing: usize) {
        if let Some(failures) = self.counted.failures.clone() {
            if missing == 0 {
                self.grow_indexes(count, &failures);
            }
            return;
        }
        if let Some(left) = self.back_off() {
            self.plan.next = Some(left);
            return;
        }
        if !self.indexed() {
            self.plan.create = vec![None; count];
            return;
        }
        // Which indexes the missing ones have is not known: they will show in a moment.
        if missing > 0 {
            return;
        }
        self.plan.create = self.free().take(count).map(Some).collect();
    }

    /// Indexes that nobody works on and that are not done.
    fn free(&self) -> impl Iterator<Item = i32> {
        let busy: BTreeSet<i32> = self.active.iter().filter_map(|p| indexes::of_pod(p)).collect();
        let all = 0..self.spec.completions.unwrap_or_default();
        all.filter(move |i| !busy.contains(i) && !self.counted.done.contains(i))
    }

    /// Each index waits after its own failures only.
    fn grow_indexes(&mut self, count: usize, failures: &Failures) {
        let (mut create, mut before, mut next) = (Vec::new(), BTreeMap::new(), None::<Duration>);
        for index in self.free().filter(|i| !failures.given_up.contains(i)) {
            let mut failed = Before::default();
            if let Some(pod) = failures.last.get(&index) {
                failed = Before::on(pod).and(self.job, pod);
                let at = ended_at(pod).unwrap_or(self.now);
                if let Some(left) = self.wait(usize::try_from(failed.all()).unwrap_or_default(), at) {
                    next = Some(next.map_or(left, |n| n.min(left)));
                    continue;
                }
            }
            if create.len() < count {
                create.push(Some(index));
                before.insert(index, failed);
            }
        }
        (self.plan.create, self.plan.before, self.plan.next) = (create, before, next);
    }

    /// How long to wait after failures in a row, since the last success.
    fn back_off(&self) -> Option<Duration> {
        let mut ends: Vec<(Timestamp, bool)> = self.ends.values().copied().collect();
        ends.sort();
        let row = ends.iter().rev().take_while(|(_, ok)| !ok).count();
        let (last, _) = ends.last().filter(|(_, ok)| !ok)?;
        self.wait(row, *last)
    }

    /// What is left of the wait after so many failures, the last of them then.
    fn wait(&self, failures: usize, last: Timestamp) -> Option<Duration> {
        let doubled = FIRST_BACK_OFF
            .checked_shl(u32::try_from(failures.saturating_sub(1)).unwrap_or(31).min(31))
            .unwrap_or(i64::MAX);
        let seconds = doubled.min(LONGEST_BACK_OFF);
        let left = SignedDuration::from_secs(seconds) - self.now.duration_since(last);
        Duration::try_from(left).ok().filter(|l| !l.is_zero())
    }

    fn counts(&mut self) {
        let number = |n: usize| Some(i32::try_from(n).unwrap_or(i32::MAX));
        let deleted = |p: &&Arc<Pod>| self.plan.delete.iter().any(|d| d.uid() == p.uid());
        let active = self.active.iter().filter(|p| !deleted(p)).count();
        let status = &mut self.plan.status;
        status.active = number(active).filter(|n| *n != 0);
        status.ready = number(self.active.iter().filter(|p| pods::is_ready(p)).count());
        status.terminating = Some(self.terminating);
    }
}

/// When the last container of a pod ended.
fn ended_at(pod: &Pod) -> Option<Timestamp> {
    let status = pod.status.as_ref()?;
    let states = status.container_statuses.iter().flatten().filter_map(|s| s.state.as_ref()?.terminated.as_ref());
    let last = states.filter_map(|t| t.finished_at.as_ref()).map(|t| t.0).max();
    last.or_else(|| pod.metadata.deletion_timestamp.as_ref().map(|t| t.0))
}

/// A pod of a job; `before`: how often its index failed, where that counts.
#[must_use]
pub fn pod(job: &Job, index: Option<i32>, before: Option<&Before>, suffix: &str) -> Pod {
    let spec = job.spec.clone().unwrap_or_default();
    let mut pod = pods::from_template(job.namespace(), job.name(), &spec.template, job.owner_reference());
    pod.metadata.finalizers.get_or_insert_default().push(FINALIZER.to_owned());
    let labels = pod.metadata.labels.get_or_insert_default();
    for (key, value) in [("controller-uid", job.uid()), ("job-name", job.name())] {
        labels.entry(key.to_owned()).or_insert_with(|| value.to_owned());
        labels.entry(format!("batch.kubernetes.io/{key}")).or_insert_with(|| value.to_owned());
    }
    let Some(index) = index else {
        return pod;
    };
    labels.insert(indexes::INDEX.to_owned(), index.to_string());
    pod.metadata.annotations.get_or_insert_default().insert(indexes::INDEX.to_owned(), index.to_string());
    before.into_iter().for_each(|b| b.mark(&mut pod));
    pod.metadata.generate_name = None;
    pod.metadata.name = Some(format!("{}-{index}-{suffix}", job.name()));
    let spec = pod.spec.get_or_insert_default();
    if spec.hostname.as_ref().is_none_or(String::is_empty) {
        spec.hostname = Some(format!("{}-{index}", job.name()));
    }
    let source = EnvVarSource {
        field_ref: Some(ObjectFieldSelector {
            api_version: None,
            field_path: format!("metadata.labels['{}']", indexes::INDEX),
        }),
        ..EnvVarSource::default()
    };
    for container in spec.init_containers.iter_mut().flatten().chain(&mut spec.containers) {
        let env = container.env.get_or_insert_default();
        if !env.iter().any(|e| e.name == "JOB_COMPLETION_INDEX") {
            let name = "JOB_COMPLETION_INDEX".to_owned();
            env.push(EnvVar { name, value_from: Some(source.clone()), ..EnvVar::default() });
        }
    }
    pod
}
