//! Writes the status of a pod: the newest one, one write at a time, at once; and asks for its deletion at the end.

use std::sync::Arc;

use client::{Client, DeleteOptions, PatchKind};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Pod, PodStatus};
use serde_json::Value;

use super::{
    message::{Mailbox, Message},
    spec,
};
use crate::status::patch::patch;

const RETRY: [i64; 5] = [100, 500, 2_000, 5_000, 10_000];

/// What was reported, and what is to be.
pub(crate) struct Report {
    /// The newest status.
    pub(crate) current: PodStatus,
    /// What the API has, as far as is known.
    known: Value,
    sending: Option<Value>,
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
            sending: None,
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
        if self.in_flight || self.orphaned || self.retry_at.is_some_and(|at| now < at) {
            return;
        }
        let Ok(wanted) = serde_json::to_value(&self.current) else { return };
        let Some(body) = patch(spec::uid(pod), &self.known, &wanted) else {
            self.known = wanted;
            self.retry_at = None;
            return;
        };
        self.in_flight = true;
        self.retry_at = None;
        self.sending = Some(wanted);
        let (client, pod, mailbox) = (client.clone(), pod.clone(), mailbox.clone());
        tokio::spawn(async move {
            let result =
                client.patch_status::<Pod>(spec::namespace(&pod), spec::name(&pod), PatchKind::Strategic, &body).await;
            mailbox.push(Message::Written(result.map(drop)));
        });
    }

    /// A write ended.
    pub(crate) fn written(&mut self, result: Result<(), client::Error>, now: Timestamp) {
        self.in_flight = false;
        let sent = self.sending.take();
        match result {
            Ok(()) => {
                self.failures = 0;
                self.known = sent.unwrap_or_default();
            }
            // Gone, or another pod of the same name stands there: nothing to report any more.
            Err(error) if error.is_not_found() || error.is_conflict() => self.orphaned = true,
            Err(_) => self.later(now),
        }
    }

    fn later(&mut self, now: Timestamp) {
        self.retry_at = Some(now + SignedDuration::from_millis(RETRY[self.failures.min(RETRY.len() - 1)]));
        self.failures += 1;
    }

    /// Asks for the deletion of this very pod, once.
    pub(crate) fn delete(&mut self, client: &Client, pod: &Arc<Pod>, mailbox: &Arc<Mailbox>, now: Timestamp) {
        if self.deleting || self.retry_at.is_some_and(|at| now < at) {
            return;
        }
        self.deleting = true;
        self.retry_at = None;
        let (client, pod, mailbox) = (client.clone(), pod.clone(), mailbox.clone());
        tokio::spawn(async move {
            let options = DeleteOptions::uid(spec::uid(&pod)).grace(0);
            let result = client.delete::<Pod>(spec::namespace(&pod), spec::name(&pod), &options).await;
            mailbox.push(Message::Deleted(result));
        });
    }

    /// The deletion was answered.
    pub(crate) fn deleted(&mut self, result: Result<(), client::Error>, now: Timestamp) {
        match result {
            // The watch tells when it is really gone (a finalizer may hold it).
            Ok(()) => {}
            Err(error) if error.is_not_found() || error.is_conflict() => self.orphaned = true,
            Err(_) => {
                self.deleting = false;
                self.later(now);
            }
        }
    }
}
