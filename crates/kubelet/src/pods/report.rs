//! Writes the status of a pod: the newest one, one write at a time, at once; and asks for its deletion at the end.

use std::sync::Arc;

use client::{Client, DeleteOptions, Error, Object, PatchKind};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Pod, PodStatus};
use serde_json::Value;

use super::{
    backoff::waits,
    message::{Mailbox, Message},
    spec,
};
use crate::status::patch::patch;

const RETRY: [i64; 5] = [100, 500, 2_000, 5_000, 10_000];

/// A write that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The API has this pod no more; perhaps another one of its name.
    Gone,
    /// Worth another try.
    Later,
}

impl Failure {
    /// A conflict may mean another pod of this name, or only that somebody else wrote at the same time: it is asked.
    async fn of(error: &Error, client: &Client, pod: &Pod) -> Self {
        if error.is_not_found() {
            return Self::Gone;
        }
        if !error.is_conflict() {
            return Self::Later;
        }
        match client.find::<Pod>(spec::namespace(pod), spec::name(pod)).await {
            Ok(Some(there)) if Object::uid(&there) == spec::uid(pod) => Self::Later,
            Ok(_) => Self::Gone,
            Err(_) => Self::Later,
        }
    }
}

fn version(pod: &Pod) -> u64 {
    Object::version(pod).parse().unwrap_or_default()
}

/// What was reported, and what is to be.
pub(crate) struct Report {
    /// The newest status.
    pub(crate) current: PodStatus,
    /// What the API has, as far as is known.
    known: Value,
    /// The version of the pod of which that is known.
    version: u64,
    /// The newest patch, while nobody else wrote since: what the API did not take of it is not sent again.
    sent: Option<Value>,
    in_flight: bool,
    deleting: bool,
    failures: usize,
    retry_at: Option<Timestamp>,
    /// The API does not know the pod any more.
    pub(crate) orphaned: bool,
}

impl Report {
    pub(crate) fn new(pod: &Pod) -> Self {
        let current = pod.status.clone().unwrap_or_default();
        let known = serde_json::to_value(&current).unwrap_or_default();
        Self {
            current,
            known,
            version: version(pod),
            sent: None,
            in_flight: false,
            deleting: false,
            failures: 0,
            retry_at: None,
            orphaned: false,
        }
    }

    pub(crate) fn retry_at(&self) -> Option<Timestamp> {
        self.retry_at
    }

    /// Everything that is known was written.
    pub(crate) fn is_settled(&self) -> bool {
        !self.in_flight
            && self.retry_at.is_none()
            && serde_json::to_value(&self.current).is_ok_and(|current| current == self.known)
    }

    /// Sends the newest status, if it differs and nothing is under way.
    pub(crate) fn send(&mut self, client: &Client, pod: &Arc<Pod>, mailbox: &Arc<Mailbox>, now: Timestamp) {
        if self.in_flight || self.orphaned || self.retry_at.is_some_and(|at| waits(at, now)) {
            return;
        }
        let Ok(wanted) = serde_json::to_value(&self.current) else { return };
        let body = patch(spec::uid(pod), &self.known, &wanted);
        if body.is_none() || (body == self.sent && self.retry_at.is_none()) {
            // What differs now is not ours.
            self.known = wanted;
            self.retry_at = None;
            return;
        }
        let body = body.unwrap_or_default();
        self.sent = Some(body.clone());
        self.in_flight = true;
        self.retry_at = None;
        let (client, pod, mailbox) = (client.clone(), pod.clone(), mailbox.clone());
        tokio::spawn(async move {
            let (namespace, name) = (spec::namespace(&pod), spec::name(&pod));
            let result = match client.patch_status::<Pod>(namespace, name, PatchKind::Strategic, &body).await {
                Ok(pod) => Ok(Box::new(pod)),
                Err(error) => Err(Failure::of(&error, &client, &pod).await),
            };
            mailbox.push(Message::Written(result));
        });
    }

    /// The API shows the pod so. Others write its status too (a node that was thought dead has its pods marked not
    /// ready): what is ours is then set right.
    pub(crate) fn heard(&mut self, pod: &Pod) {
        let shown = version(pod);
        // While a write is under way its answer will tell; what is older than an answer says nothing new.
        if self.in_flight || shown <= self.version {
            return;
        }
        self.sent = None;
        self.is_so(pod);
    }

    fn is_so(&mut self, pod: &Pod) {
        self.version = version(pod);
        self.known = serde_json::to_value(pod.status.clone().unwrap_or_default()).unwrap_or_default();
    }

    /// A write ended; `pod` is what the watch showed last.
    pub(crate) fn written(&mut self, result: Result<Box<Pod>, Failure>, pod: &Pod, now: Timestamp) {
        self.in_flight = false;
        match result {
            Ok(answer) => {
                self.failures = 0;
                self.is_so(&answer);
            }
            Err(Failure::Gone) => self.orphaned = true,
            Err(Failure::Later) => self.later(now),
        }
        self.heard(pod);
    }

    fn later(&mut self, now: Timestamp) {
        self.retry_at = Some(now + SignedDuration::from_millis(RETRY[self.failures.min(RETRY.len() - 1)]));
        self.failures += 1;
    }

    /// Asks for the deletion of this very pod, once.
    pub(crate) fn delete(&mut self, client: &Client, pod: &Arc<Pod>, mailbox: &Arc<Mailbox>, now: Timestamp) {
        if self.deleting || self.retry_at.is_some_and(|at| waits(at, now)) {
            return;
        }
        self.deleting = true;
        self.retry_at = None;
        let (client, pod, mailbox) = (client.clone(), pod.clone(), mailbox.clone());
        tokio::spawn(async move {
            let options = DeleteOptions::uid(spec::uid(&pod)).grace(0);
            let result = client.delete::<Pod>(spec::namespace(&pod), spec::name(&pod), &options).await;
            let result = match result {
                Ok(()) => Ok(()),
                Err(error) => Err(Failure::of(&error, &client, &pod).await),
            };
            mailbox.push(Message::Deleted(result));
        });
    }

    /// The deletion was answered.
    pub(crate) fn deleted(&mut self, result: Result<(), Failure>, now: Timestamp) {
        match result {
            // The watch tells when it is really gone (a finalizer may hold it).
            Ok(()) => {}
            Err(Failure::Gone) => self.orphaned = true,
            Err(Failure::Later) => {
                self.deleting = false;
                self.later(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(version: u64, ready: &str) -> Pod {
        let ready = json!({"type": "Ready", "status": ready});
        serde_json::from_value(json!({"metadata": {"name": "p", "namespace": "d", "uid": "u",
            "resourceVersion": version.to_string()}, "status": {"phase": "Running", "conditions": [ready]}}))
        .unwrap()
    }

    fn differs(report: &Report) -> bool {
        let wanted = serde_json::to_value(&report.current).unwrap();
        patch("u", &report.known, &wanted).is_some()
    }

    #[test]
    fn what_others_write_over_the_status_is_seen_and_what_is_older_is_not() {
        let mut report = Report::new(&pod(5, "True"));
        assert!(!differs(&report));
        report.heard(&pod(4, "False"));
        assert!(!differs(&report), "older than what is known");
        report.heard(&pod(6, "False"));
        assert!(differs(&report), "somebody thought the node dead");
        report.in_flight = true;
        report.written(Ok(Box::new(pod(8, "True"))), &pod(7, "False"), Timestamp::UNIX_EPOCH);
        assert!(!differs(&report), "the answer is newer than what the watch showed meanwhile");
        report.in_flight = true;
        report.written(Ok(Box::new(pod(9, "True"))), &pod(10, "False"), Timestamp::UNIX_EPOCH);
        assert!(differs(&report), "the watch is newer than the answer");
    }

    #[test]
    fn a_conflict_is_no_farewell() {
        let mut report = Report::new(&pod(5, "True"));
        report.written(Err(Failure::Later), &pod(5, "True"), Timestamp::UNIX_EPOCH);
        assert!(!report.orphaned && report.retry_at().is_some());
        report.written(Err(Failure::Gone), &pod(5, "True"), Timestamp::UNIX_EPOCH);
        assert!(report.orphaned);
    }
}
