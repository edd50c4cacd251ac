//! A job played through.

use std::{collections::BTreeSet, sync::Arc};

use client::Object;
use k8s_openapi::{
    api::{batch::v1::Job, core::v1::Pod},
    apimachinery::pkg::apis::meta::v1::Time,
};
use serde_json::{Value, json};

use super::{
    indexes,
    plan::{self, condition, plan},
};
use crate::testkit::{at, object};

struct World {
    job: Job,
    pods: Vec<Arc<Pod>>,
    time: i64,
    said: Vec<String>,
    made: usize,
    ends: plan::Ends,
}

impl World {
    fn new(spec: Value) -> Self {
        let mut value = json!({
            "metadata": { "name": "j", "namespace": "n", "uid": "j" },
            "spec": { "template": { "metadata": {}, "spec": { "restartPolicy": "Never", "containers": [{ "name": "c" }] } } },
        });
        for (key, field) in spec.as_object().expect("a map") {
            value["spec"][key] = field.clone();
        }
        let job = Job::clone(&object::<Job>(value));
        Self { job, pods: Vec::new(), time: 0, said: Vec::new(), made: 0, ends: plan::Ends::new() }
    }

    /// One look of the controller, carried out at once.
    fn look(&mut self) {
        plan::remember(&mut self.ends, &self.job, &self.pods);
        let plan = plan(&self.job, &self.pods, 0, &self.ends, at(self.time));
        self.job.status = Some(plan.status);
        self.said.extend(plan.say.into_iter().map(|s| s.reason));
        for index in plan.create {
            let mut pod = plan::pod(&self.job, index, index.and_then(|i| plan.before.get(&i)), "x");
            self.made += 1;
            pod.metadata.uid = Some(self.made.to_string());
            self.pods.push(Arc::new(pod));
        }
        for gone in plan.delete {
            let pod = self.pods.iter_mut().find(|p| p.uid() == gone.uid()).expect("the pod");
            Arc::make_mut(pod).metadata.deletion_timestamp = Some(Time(at(self.time)));
        }
        for released in plan.release {
            let pod = self.pods.iter_mut().find(|p| p.uid() == released.uid()).expect("the pod");
            Arc::make_mut(pod).metadata.finalizers = None;
        }
        self.pods.retain(|p| !(p.is_deleting() && p.metadata.finalizers.is_none()));
    }

    fn end(&mut self, at: usize, phase: &str) {
        let pod = Arc::make_mut(&mut self.pods[at]);
        let code = i32::from(phase == "Failed") * 42;
        let finished = crate::testkit::at(self.time).to_string();
        pod.status = serde_json::from_value(json!({ "phase": phase, "containerStatuses": [{
            "name": "c", "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": { "terminated": { "exitCode": code, "finishedAt": finished } } }] }))
        .expect("a status");
    }

    fn numbers(&self) -> (i32, i32, i32) {
        let s = self.job.status.clone().unwrap_or_default();
        (s.active.unwrap_or_default(), s.succeeded.unwrap_or_default(), s.failed.unwrap_or_default())
    }

    fn looks(&mut self, count: usize) {
        (0..count).for_each(|_| self.look());
    }
}

#[test]
fn pods_run_in_parallel_until_enough_succeeded() {
    let mut world = World::new(json!({ "completions": 3, "parallelism": 2 }));
    world.looks(2);
    assert_eq!((world.pods.len(), world.numbers()), (2, (2, 0, 0)));
    world.end(0, "Succeeded");
    world.end(1, "Succeeded");
    world.looks(3);
    assert_eq!((world.pods.len(), world.numbers()), (3, (1, 2, 0)));
    world.end(2, "Succeeded");
    world.looks(3);
    let status = world.job.status.clone().expect("a status");
    assert!(condition(&status, "Complete").is_some() && condition(&status, "SuccessCriteriaMet").is_some());
    assert!(status.completion_time.is_some());
    assert_eq!((world.numbers(), world.said), ((0, 3, 0), vec!["Completed".to_owned()]));
    assert!(world.pods.iter().all(|p| p.metadata.finalizers.is_none()), "no pod is held back");
}

#[test]
fn failures_are_retried_with_back_off_up_to_the_limit() {
    let mut world = World::new(json!({ "completions": 1, "parallelism": 1, "backoffLimit": 1 }));
    world.look();
    world.end(0, "Failed");
    world.looks(3);
    assert_eq!(world.pods.len(), 1, "it waits");
    world.time += 11;
    world.looks(2);
    assert_eq!((world.pods.len(), world.numbers()), (2, (1, 0, 1)));
    world.end(1, "Failed");
    world.looks(3);
    let status = world.job.status.clone().expect("a status");
    let failed = condition(&status, "Failed").expect("failed");
    assert_eq!(failed.message.as_deref(), Some("Job has reached the specified backoff limit"));
    assert_eq!((world.numbers(), world.said), ((0, 0, 2), vec!["BackoffLimitExceeded".to_owned()]));
}

#[test]
fn deadline_suspension_and_failure_policy() {
    let mut world = World::new(json!({ "activeDeadlineSeconds": 5 }));
    world.looks(2);
    world.time = 6;
    world.looks(4);
    assert_eq!(world.said, ["DeadlineExceeded"]);
    assert!(world.pods.is_empty());

    let mut world = World::new(json!({ "suspend": true, "completions": 1 }));
    world.looks(2);
    assert!(world.pods.is_empty() && world.job.status.as_ref().is_some_and(|s| s.start_time.is_none()));
    world.job.spec.as_mut().expect("a spec").suspend = Some(false);
    world.looks(2);
    assert_eq!((world.pods.len(), world.said.join(" ").as_str()), (1, "Suspended Resumed"));

    let rules = json!([{ "action": "FailJob", "onExitCodes": { "operator": "In", "values": [42] } }]);
    let mut world = World::new(json!({ "completions": 1, "podFailurePolicy": { "rules": rules } }));
    world.look();
    world.end(0, "Failed");
    world.looks(3);
    assert_eq!(world.said, ["PodFailurePolicy"]);
}

#[test]
fn every_index_is_done_once() {
    let mut world = World::new(json!({ "completions": 3, "parallelism": 3, "completionMode": "Indexed" }));
    world.look();
    let pod = &world.pods[1];
    assert_eq!((pod.name(), indexes::of_pod(pod)), ("j-1-x", Some(1)));
    let env = &pod.spec.as_ref().expect("a spec").containers[0].env.as_ref().expect("env")[0];
    assert_eq!(env.name, "JOB_COMPLETION_INDEX");
    world.end(0, "Succeeded");
    world.end(1, "Failed");
    world.end(2, "Succeeded");
    world.time += 11;
    world.looks(3);
    assert_eq!(world.job.status.as_ref().and_then(|s| s.completed_indexes.as_deref()), Some("0,2"));
    let busy: Vec<_> =
        world.pods.iter().filter(|p| crate::pods::is_active(p)).filter_map(|p| indexes::of_pod(p)).collect();
    assert_eq!(busy, [1]);
}

#[test]
fn indexes_are_written_short() {
    let cases = [("0-3,7", "0-3,7"), ("1,2", "1,2"), ("0,1,2", "0-2"), ("", ""), ("8-12", "8,9")];
    for (text, expected) in cases {
        assert_eq!(indexes::format(&indexes::parse(text, 10)), expected);
    }
    assert_eq!(indexes::parse("x,3", 10), BTreeSet::from([3]));
}

#[test]
fn indexes_fail_one_by_one() {
    let spec = json!({ "completions": 2, "parallelism": 2, "completionMode": "Indexed", "backoffLimit": i32::MAX, "backoffLimitPerIndex": 1 });
    let mut world = World::new(spec.clone());
    world.looks(2);
    world.end(0, "Failed");
    world.end(1, "Succeeded");
    world.looks(3);
    assert_eq!(
        (world.pods.len(), world.numbers()),
        (2, (0, 1, 0)),
        "its failure stands on it until another took its place"
    );
    world.time += 11;
    world.looks(3);
    assert_eq!(world.pods[2].annotation(super::failures::FAILURES), Some("1"));
    assert_eq!(world.numbers(), (1, 1, 1));
    world.end(2, "Failed");
    world.looks(4);
    let status = world.job.status.clone().expect("a status");
    assert_eq!((world.numbers(), status.failed_indexes.as_deref()), ((0, 1, 2), Some("0")));
    assert_eq!(condition(&status, "Failed").and_then(|c| c.reason.as_deref()), Some("FailedIndexes"));
    assert!(world.pods.iter().all(|p| p.metadata.finalizers.is_none()), "no pod is held back");

    let mut many = spec.clone();
    many["completions"] = json!(9);
    many["maxFailedIndexes"] = json!(0);
    let rules = json!([{ "action": "FailIndex", "onExitCodes": { "operator": "In", "values": [42] } }]);
    many["podFailurePolicy"] = json!({ "rules": rules });
    let mut world = World::new(many);
    world.looks(2);
    world.end(0, "Failed");
    world.looks(5);
    let status = world.job.status.clone().expect("a status");
    assert_eq!(condition(&status, "Failed").and_then(|c| c.reason.as_deref()), Some("MaxFailedIndexesExceeded"));
}

#[test]
fn some_indexes_may_be_enough() {
    let rules = json!([{ "succeededIndexes": "0-2", "succeededCount": 2 }, { "succeededIndexes": "4" }]);
    for (ends, rule) in [(vec![0, 2], Some(0)), (vec![0, 3], None), (vec![4], Some(1))] {
        let spec = json!({ "completions": 5, "parallelism": 5, "completionMode": "Indexed", "successPolicy": { "rules": rules } });
        let mut world = World::new(spec);
        world.looks(2);
        ends.iter().for_each(|i| world.end(*i, "Succeeded"));
        world.looks(4);
        let status = world.job.status.clone().expect("a status");
        let message = condition(&status, "SuccessCriteriaMet").and_then(|c| c.message.clone());
        assert_eq!(message, rule.map(|r| format!("Matched rules at index {r}")), "{ends:?}");
    }
}
