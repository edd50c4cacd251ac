//! Whether a cron job starts a job now, and when it next does.

use std::{sync::Arc, time::Duration};

use client::Object;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use k8s_openapi::{
    api::{
        batch::v1::{CronJob, CronJobStatus, Job},
        core::v1::ObjectReference,
    },
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time},
};

use super::schedule::Schedule;
use crate::job::plan::{condition, is_finished};

const SCHEDULED_AT: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/// More missed starts than this are worth a warning.
const MANY_MISSED: usize = 100;

/// A warning or note to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Whether it is a warning.
    pub warning: bool,
    /// Reason.
    pub reason: &'static str,
    /// Message.
    pub message: String,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Jobs of the history that go, and jobs that are replaced.
    pub delete: Vec<Arc<Job>>,
    /// A job to start.
    pub start: Option<Box<Job>>,
    /// The status, before the start.
    pub status: CronJobStatus,
    /// Events.
    pub say: Vec<Said>,
    /// When to look again.
    pub next: Option<Duration>,
}

/// The reference by which the status names a job.
#[must_use]
pub fn reference(job: &Job) -> ObjectReference {
    ObjectReference {
        api_version: Some("batch/v1".to_owned()),
        kind: Some("Job".to_owned()),
        name: job.metadata.name.clone(),
        namespace: job.metadata.namespace.clone(),
        uid: job.metadata.uid.clone(),
        resource_version: job.metadata.resource_version.clone(),
        ..ObjectReference::default()
    }
}

fn history(cron: &CronJob, jobs: &[Arc<Job>]) -> Vec<Arc<Job>> {
    let over = |kind: &'static str, limit: Option<i32>| {
        let is = move |j: &&Arc<Job>| j.status.as_ref().is_some_and(|s| condition(s, kind).is_some());
        let mut ended: Vec<Arc<Job>> = jobs.iter().filter(is).cloned().collect();
        ended.sort_by_key(|j| (j.status.as_ref().and_then(|s| s.start_time.clone()), j.name().to_owned()));
        let surplus = limit.map_or(0, |l| ended.len().saturating_sub(usize::try_from(l).unwrap_or_default()));
        ended.truncate(surplus);
        ended
    };
    let mut gone = over("Complete", cron.spec.successful_jobs_history_limit);
    gone.extend(over("Failed", cron.spec.failed_jobs_history_limit));
    gone
}

/// A job for a time of the schedule.
#[must_use]
pub fn job_for(cron: &CronJob, at: Timestamp) -> Job {
    let template = cron.spec.job_template.clone();
    let mut metadata = template.metadata.unwrap_or_default();
    metadata.annotations.get_or_insert_default().insert(SCHEDULED_AT.to_owned(), at.to_string());
    let owner: OwnerReference = cron.owner_reference();
    Job {
        metadata: ObjectMeta {
            name: Some(format!("{}-{}", cron.name(), at.as_second() / 60)),
            namespace: Some(cron.namespace().to_owned()),
            labels: metadata.labels,
            annotations: metadata.annotations,
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        },
        spec: template.spec,
        status: None,
    }
}

/// The last time of the schedule that is due and not done, and how many were missed (bounded).
fn due(cron: &CronJob, schedule: &Schedule, zone: &TimeZone, now: Timestamp) -> (Option<Timestamp>, usize) {
    let last = cron.status.as_ref().and_then(|s| s.last_schedule_time.as_ref()).map(|t| t.0);
    let mut from = last.or_else(|| cron.created()).unwrap_or(now);
    if let Some(seconds) = cron.spec.starting_deadline_seconds {
        from = from.max(now.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(from));
    }
    let (mut found, mut count) = (None, 0);
    while let Some(at) = schedule.next(from, zone).filter(|at| *at <= now) {
        found = Some(at);
        count += 1;
        from = at;
        if count > MANY_MISSED {
            // Far behind: only the newest matters, so look for it from close by.
            from = from.max(now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(from));
        }
        if count > 10_000 {
            break;
        }
    }
    (found, count)
}

/// Decides.
#[must_use]
pub fn plan(cron: &CronJob, jobs: &[Arc<Job>], zone: Option<&TimeZone>, now: Timestamp) -> Plan {
    let mut plan = Plan { delete: history(cron, jobs), status: status(cron, jobs), ..Plan::default() };
    if cron.is_deleting() || cron.spec.suspend == Some(true) {
        return plan;
    }
    let Some(zone) = zone else {
        let name = cron.spec.time_zone.as_deref().unwrap_or_default();
        let message = format!("invalid timeZone: \"{name}\": unknown time zone {name}");
        plan.say.push(Said { warning: true, reason: "UnknownTimeZone", message });
        return plan;
    };
    let Some(schedule) = Schedule::parse(&cron.spec.schedule) else {
        let message = format!("unparseable schedule: {}", cron.spec.schedule);
        plan.say.push(Said { warning: true, reason: "UnparseableSchedule", message });
        return plan;
    };
    let (found, missed) = due(cron, &schedule, zone, now);
    if missed > MANY_MISSED {
        let message =
            "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew".to_owned();
        plan.say.push(Said { warning: true, reason: "TooManyMissedTimes", message });
    }
    if let Some(at) = found {
        start(cron, jobs, at, &mut plan);
    }
    let until = schedule.next(now, zone).map(|at| at.duration_since(now));
    // A little later, so that the time has surely come.
    plan.next = until.and_then(|d| Duration::try_from(d).ok()).map(|d| d + Duration::from_millis(100));
    plan
}

fn start(cron: &CronJob, jobs: &[Arc<Job>], at: Timestamp, plan: &mut Plan) {
    let active: Vec<_> = jobs.iter().filter(|j| !is_finished(j)).cloned().collect();
    match cron.spec.concurrency_policy.as_deref() {
        Some("Forbid") if !active.is_empty() => {
            let message = "Not starting job because prior execution is running and concurrency policy is Forbid";
            plan.say.push(Said { warning: false, reason: "JobAlreadyActive", message: message.to_owned() });
            return;
        }
        Some("Replace") => plan.delete.extend(active),
        Some(_) | None => {}
    }
    plan.start = Some(Box::new(job_for(cron, at)));
    plan.status.last_schedule_time = Some(Time(at));
}

fn status(cron: &CronJob, jobs: &[Arc<Job>]) -> CronJobStatus {
    let mut status = cron.status.clone().unwrap_or_default();
    let active: Vec<_> = jobs.iter().filter(|j| !is_finished(j)).map(|j| reference(j)).collect();
    let same = |a: &ObjectReference, b: &ObjectReference| a.uid == b.uid;
    let old = status.active.clone().unwrap_or_default();
    if active.len() != old.len() || !active.iter().all(|a| old.iter().any(|b| same(a, b))) {
        status.active = (!active.is_empty()).then_some(active);
    }
    let ends = jobs.iter().filter_map(|j| {
        let status = j.status.as_ref()?;
        condition(status, "Complete")?;
        status.completion_time.clone()
    });
    status.last_successful_time = ends.chain(status.last_successful_time.clone()).max();
    status
}
