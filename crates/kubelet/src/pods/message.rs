//! What a pod's worker is told, and the box where it waits.

use std::sync::Arc;

use cri::runtime::{ContainerId, Exit, SandboxId};
use k8s_openapi::api::core::v1::Pod;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{
    report::Failure,
    start::Failed,
    view::{Instance, Sandbox},
};
use crate::{
    objects::Snapshot,
    probes::{Kind, Verdict},
    volumes::setup::Outcome,
};

/// Something that happened.
pub(crate) enum Message {
    /// The pod as the API has it now.
    Pod(Arc<Pod>),
    /// It is gone from the API.
    Gone,
    /// A container ended.
    Exited(ContainerId, Exit),
    /// A sandbox process died.
    SandboxGone(SandboxId),
    /// A sandbox stands, or could not be made.
    SandboxUp(Result<Box<Sandbox>, String>),
    /// Volumes were made (or not), from these objects.
    Mounted(Box<Outcome>, Snapshot),
    /// A program runs; its postStart hook does not count yet.
    Running(Box<Instance>),
    /// A start is over.
    Started(String, Result<Box<Instance>, Box<Failed>>),
    /// An end is over, with or without success.
    Stopped(String),
    /// A sandbox was ended.
    SandboxStopped(SandboxId, Result<(), String>),
    /// Nothing of the pod is left on the host but records.
    TornDown,
    /// A probe changed its mind.
    Probe(ContainerId, Kind, Verdict),
    /// A status was written (or not).
    Written(Result<Box<Pod>, Failure>),
    /// The deletion was asked for.
    Deleted(Result<(), Failure>),
    /// An object that the pod refers to changed.
    ObjectsChanged,
    /// The cluster stops: the containers end, and the API is told nothing, for the next agent starts them anew.
    Halt,
    /// The agent stops: the worker leaves everything as it is.
    Quit,
}

/// Messages of one pod. Bounded by construction: each operation under way sends one, and newer states of the pod
/// replace older ones.
#[derive(Default)]
pub(crate) struct Mailbox {
    queue: Mutex<Vec<Message>>,
    wake: Notify,
}

impl Mailbox {
    pub(crate) fn push(&self, message: Message) {
        let mut queue = self.queue.lock();
        match message {
            Message::Pod(_) => queue.retain(|known| !matches!(known, Message::Pod(_))),
            Message::ObjectsChanged => queue.retain(|known| !matches!(known, Message::ObjectsChanged)),
            _ => {}
        }
        queue.push(message);
        drop(queue);
        self.wake.notify_one();
    }

    /// Waits for messages and takes all of them.
    pub(crate) async fn take(&self) -> Vec<Message> {
        loop {
            let woken = self.wake.notified();
            let all = std::mem::take(&mut *self.queue.lock());
            if !all.is_empty() {
                return all;
            }
            woken.await;
        }
    }
}
