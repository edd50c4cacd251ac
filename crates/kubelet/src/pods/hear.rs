//! What a worker does about messages.

use std::sync::Arc;

use client::events::Kind as EventKind;
use cri::runtime::{ContainerId, ContainerPhase, Exit, SandboxId};
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::Pod;

use super::{
    messages,
    plan::{Mounts, Waiting},
    spec,
    start::Failed,
    view::{Instance, Sandbox},
    worker::{Stage, Worker},
};
use crate::{
    objects::Snapshot,
    probes::{Kind, Verdict},
    volumes::setup::Outcome,
};

const MOUNT_RETRY: SignedDuration = SignedDuration::from_secs(2);

impl Worker {
    pub(super) fn on_pod(&mut self, pod: Arc<Pod>) {
        let was_deleted = spec::is_deleted(&self.pod);
        let metadata = |pod: &Pod| (pod.metadata.labels.clone(), pod.metadata.annotations.clone());
        let renew = metadata(&self.pod) != metadata(&pod);
        let new_references = spec::ephemeral_containers(&self.pod).len() != spec::ephemeral_containers(&pod).len();
        let old_grace = self.pod.metadata.deletion_grace_period_seconds;
        self.pod = pod;
        self.report.heard(&self.pod);
        if new_references && self.ending.is_none() {
            self.lease_objects();
        }
        if renew {
            self.volumes.stale = true;
        }
        if spec::is_deleted(&self.pod) {
            let grace = self.grace();
            match &mut self.ending {
                None => self.start_ending(grace),
                Some(ending) if !was_deleted || old_grace != self.pod.metadata.deletion_grace_period_seconds => {
                    // Deleted again with less time, or deleted while it was ending by itself.
                    ending.grace_seconds = ending.grace_seconds.min(grace);
                    self.hurry(grace);
                }
                Some(_) => {}
            }
        } else if spec::is_terminal_phase(spec::phase(&self.pod)) && self.ending.is_none() {
            // Somebody else (eviction, a node's shutdown) decided so.
            self.start_ending(self.grace());
        } else {
            self.resize();
        }
    }

    fn hurry(&mut self, seconds: i64) {
        for (_, progress) in self.ends.values() {
            progress.send_modify(|progress| progress.hurry_seconds = Some(seconds));
        }
    }

    pub(super) fn on_gone(&mut self) {
        self.gone = true;
        if self.ending.is_none() {
            self.start_ending(self.grace());
        }
    }

    /// What is over already stays as it is.
    pub(super) fn on_halt(&mut self) {
        self.halting = true;
        self.done = self.stage != Stage::No;
        self.start_ending(self.grace());
    }

    pub(super) fn on_exit(&mut self, id: &ContainerId, exit: Exit) {
        let Some(instance) = self.view.by_id_mut(id) else {
            self.early.insert(id.clone(), exit);
            return;
        };
        if instance.exit().is_some() {
            return;
        }
        instance.state.phase = ContainerPhase::Exited(exit);
        instance.in_post_start = false;
        instance.message = messages::of(instance);
        for kind in [Kind::Startup, Kind::Liveness, Kind::Readiness] {
            if let Some(task) = self.probes.remove(&(id.clone(), kind)) {
                task.abort();
            }
            self.verdicts.remove(&(id.clone(), kind));
        }
        for (known, progress) in self.ends.values() {
            if known == id {
                progress.send_modify(|progress| progress.exited = true);
            }
        }
    }

    /// Its process is gone, and with it everything that it held. Of a sandbox that had ended before this is no news; to
    /// end it again could hit the one that took its place.
    pub(super) fn on_sandbox_gone(&mut self, id: &SandboxId) {
        if !self.view.sandboxes.iter().any(|sandbox| &sandbox.id == id && sandbox.ready) {
            return;
        }
        let now = i64::try_from(self.context.env.now().as_nanosecond()).unwrap_or(0);
        let lost: Vec<_> = self
            .view
            .running()
            .filter(|instance| &instance.state.sandbox == id)
            .map(|instance| (instance.id().clone(), instance.state.phase.clone()))
            .collect();
        for (container, phase) in lost {
            let started_at_ns = match phase {
                ContainerPhase::Running { started_at_ns, .. } => started_at_ns,
                ContainerPhase::Created | ContainerPhase::Exited(_) => 0,
            };
            self.on_exit(
                &container,
                Exit { started_at_ns, finished_at_ns: now, code: 255, signal: 0, oom_killed: false, unknown: true },
            );
        }
        // What it left is swept away before anything new is started.
        self.stop_sandbox(id.clone());
    }

    pub(super) fn on_sandbox_up(&mut self, result: Result<Box<Sandbox>, String>) {
        self.sandbox_busy = false;
        match result {
            Ok(sandbox) => {
                self.sandbox_failures = 0;
                self.sandbox_retry_at = None;
                self.view.sandboxes.insert(0, *sandbox);
            }
            Err(error) => {
                self.context.pod_event(
                    &self.pod,
                    EventKind::Warning,
                    "FailedCreatePodSandBox",
                    &format!("Failed to create pod sandbox: {error}"),
                );
                // The first failures are often a matter of moments (the node's range of addresses is on its way).
                let delay = SignedDuration::from_millis(100 << self.sandbox_failures.min(8));
                self.sandbox_failures += 1;
                self.sandbox_retry_at = Some(self.context.env.now() + delay);
            }
        }
    }

    pub(super) fn on_mounted(&mut self, outcome: Outcome, objects: Snapshot) {
        self.volumes.refreshing = false;
        self.volumes.objects = objects;
        self.volumes.generation += 1;
        // What could not be configured is tried again with the new objects.
        let waits = |waiting: &Waiting| waiting.reason == "CreateContainerConfigError";
        let names: Vec<_> =
            self.waiting.iter().filter(|(_, waiting)| waits(waiting)).map(|(name, _)| name.clone()).collect();
        for name in names {
            self.retry_at.remove(&name);
        }
        self.volumes.refresh_at = outcome.refresh_at;
        let now = self.context.env.now();
        if outcome.failures.is_empty() {
            self.volumes.retry_at = None;
            self.volumes.last_failure.clear();
            self.volumes.map = Arc::new(outcome.map);
            self.volumes.state = Mounts::Ready;
            return;
        }
        let text = outcome.failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        if self.volumes.last_failure != text {
            for failure in &outcome.failures {
                self.context.pod_event(&self.pod, EventKind::Warning, "FailedMount", &failure.to_string());
            }
            self.volumes.last_failure = text;
        }
        if self.volumes.state != Mounts::Ready {
            self.volumes.state = Mounts::None;
        }
        self.volumes.retry_at = Some(now + MOUNT_RETRY);
    }

    pub(super) fn on_running(&mut self, mut instance: Instance) {
        let id = instance.id().clone();
        // A short one may have ended before its start was told; one that never ran has its message already.
        if instance.exit().is_some() && !instance.start_failed {
            instance.message = messages::of(&instance);
        }
        self.view.upsert(instance);
        if let Some(exit) = self.early.remove(&id) {
            self.on_exit(&id, exit);
        }
    }

    pub(super) fn on_started(&mut self, name: &str, result: Result<Box<Instance>, Box<Failed>>) {
        self.busy.remove(name);
        match result {
            Ok(instance) => {
                self.waiting.remove(name);
                self.retry_at.remove(name);
                let id = instance.id().clone();
                match self.view.by_id_mut(&id) {
                    // It may have ended while its hook ran.
                    Some(known) => known.in_post_start = false,
                    None => self.on_running(*instance),
                }
            }
            Err(failed) => self.on_start_failed(name, *failed),
        }
    }

    pub(super) fn on_start_failed(&mut self, name: &str, failed: Failed) {
        self.waiting.insert(name.to_owned(), failed.waiting);
        match failed.retry_at {
            Some(at) => self.retry_at.insert(name.to_owned(), at),
            None => self.retry_at.remove(name),
        };
        if let Some(instance) = failed.instance {
            match self.view.by_id_mut(instance.id()) {
                Some(known) => known.in_post_start = false,
                None => self.on_running(instance),
            }
        }
        if let Some(id) = failed.kill {
            self.end_after_hook(name, id);
        }
        // The objects were read again while it was tried with the old ones.
        if failed.waits_for_objects && failed.generation != self.volumes.generation {
            self.retry_at.remove(name);
        }
    }

    pub(super) fn on_probe(&mut self, id: ContainerId, kind: Kind, verdict: Verdict) {
        if self.view.by_id(&id).is_some_and(Instance::is_running) {
            self.verdicts.insert((id, kind), verdict);
        }
    }

    /// ConfigMaps or Secrets changed: volumes follow, and what waited for them is tried again.
    pub(super) fn on_objects_changed(&mut self) {
        self.volumes.stale = true;
        self.volumes.retry_at = None;
    }
}
