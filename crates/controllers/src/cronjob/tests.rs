//! Schedules, and what a cron job does by them.

use std::sync::Arc;

use client::Object;
use jiff::{Timestamp, tz::TimeZone};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use serde_json::{Value, json};

use super::{plan::plan, schedule::Schedule};
use crate::testkit::object;

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

#[test]
fn the_next_time_of_a_schedule() {
    let cases = [
        ("* * * * *", "2026-01-01T00:00:30Z", "2026-01-01T00:01:00Z"),
        ("*/15 * * * *", "2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"),
        ("30 4 1 * *", "2026-01-31T00:00:00Z", "2026-02-01T04:30:00Z"),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 9 * * mon-fri", "2026-01-02T09:00:00Z", "2026-01-05T09:00:00Z"),
        ("0 0 13 * 5", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("@hourly", "2026-01-01T23:00:00Z", "2026-01-02T00:00:00Z"),
        ("@every 90s", "2026-01-01T00:00:00Z", "2026-01-01T00:01:30Z"),
        ("0 0 * jan,dec sun", "2026-01-26T00:00:00Z", "2026-12-06T00:00:00Z"),
    ];
    for (text, after, expected) in cases {
        let schedule = Schedule::parse(text).expect(text);
        assert_eq!(schedule.next(time(after), &TimeZone::UTC), Some(time(expected)), "{text}");
    }
    for bad in ["", "* * * *", "60 * * * *", "*/0 * * * *", "5-1 * * * *", "@never"] {
        assert_eq!(Schedule::parse(bad), None, "{bad}");
    }
    assert_eq!(Schedule::parse("0 0 31 2 *").and_then(|s| s.next(time("2026-01-01T00:00:00Z"), &TimeZone::UTC)), None);
}

fn cron(spec: Value, last: Option<&str>) -> Arc<CronJob> {
    let mut value = json!({
        "metadata": { "name": "c", "namespace": "n", "uid": "c", "creationTimestamp": "2026-01-01T00:00:00Z" },
        "spec": { "schedule": "*/10 * * * *", "jobTemplate": { "spec": { "template": {} } } },
        "status": { "lastScheduleTime": last },
    });
    for (key, field) in spec.as_object().expect("a map") {
        value["spec"][key] = field.clone();
    }
    object(value)
}

fn job(name: &str, over: Option<&str>) -> Arc<Job> {
    let conditions: Vec<Value> = over.iter().map(|kind| json!({ "type": kind, "status": "True" })).collect();
    object(json!({
        "metadata": { "name": name, "namespace": "n", "uid": name }, "spec": { "template": {} },
        "status": { "conditions": conditions, "startTime": "2026-01-01T00:00:00Z" },
    }))
}

#[test]
fn jobs_start_when_they_are_due() {
    let now = time("2026-01-01T01:05:00Z");
    let run = |spec: Value, last, jobs: &[Arc<Job>]| plan(&cron(spec, last), jobs, Some(&TimeZone::UTC), now);
    let first = run(json!({}), None, &[]);
    let started = first.start.expect("a job");
    assert_eq!(started.name(), format!("c-{}", time("2026-01-01T01:00:00Z").as_second() / 60));
    assert_eq!(first.next.map(|d| d.as_secs()), Some(300));
    assert!(run(json!({}), Some("2026-01-01T01:00:00Z"), &[]).start.is_none());
    assert!(run(json!({ "startingDeadlineSeconds": 60 }), None, &[]).start.is_none());
    assert!(run(json!({ "suspend": true }), None, &[]).start.is_none());
    let busy = [job("a", None)];
    let forbidden = run(json!({ "concurrencyPolicy": "Forbid" }), None, &busy);
    assert_eq!((forbidden.start, forbidden.say[0].reason), (None, "JobAlreadyActive"));
    let replaced = run(json!({ "concurrencyPolicy": "Replace" }), None, &busy);
    assert!(replaced.start.is_some() && replaced.delete == busy);
}

#[test]
fn the_history_is_bounded() {
    let jobs = [job("a", Some("Complete")), job("b", Some("Complete")), job("c", Some("Failed")), job("d", None)];
    let limits = json!({ "successfulJobsHistoryLimit": 1, "failedJobsHistoryLimit": 0, "suspend": true });
    let plan = plan(&cron(limits, None), &jobs, Some(&TimeZone::UTC), time("2026-01-01T00:00:10Z"));
    let gone: Vec<_> = plan.delete.iter().map(|j| j.name().to_owned()).collect();
    assert_eq!(gone, ["a", "c"]);
    assert_eq!(plan.status.active.map(|a| a.len()), Some(1));
}
