//! Which probes of a pod's containers run.

use std::sync::Arc;

use cri::runtime::{ContainerId, ContainerPhase};
use k8s_openapi::api::core::v1::{Container, Probe};

use super::{
    message::Message,
    spec::{self, Role},
    view::{Instance, time_of},
    worker::{Stage, Worker},
};
use crate::probes::{Kind, Verdict, run::Place, task};

impl Worker {
    /// Every running container has the probes that are due.
    pub(super) fn ensure_probes(&mut self) {
        if self.stage != Stage::No {
            return;
        }
        let mut due = Vec::new();
        for instance in self.view.running().filter(|instance| !instance.in_post_start) {
            let Some((role, container)) = spec::find(&self.pod, &instance.state.name) else { continue };
            if !matches!(role, Role::Main | Role::Sidecar) {
                continue;
            }
            let started = container.startup_probe.is_none()
                || self.verdicts.get(&(instance.id().clone(), Kind::Startup)) == Some(&Verdict::Success);
            let ending = self.ending.is_some();
            for (kind, probe, wanted) in [
                (Kind::Startup, &container.startup_probe, !started && !ending),
                (Kind::Liveness, &container.liveness_probe, started && !ending),
                (Kind::Readiness, &container.readiness_probe, started),
            ] {
                let key = (instance.id().clone(), kind);
                if let Some(probe) = probe.as_ref().filter(|_| wanted && !self.probes.contains_key(&key)) {
                    due.push((key, probe.clone(), Arc::new(container.clone().into_owned()), instance.clone()));
                }
            }
        }
        for ((id, kind), probe, container, instance) in due {
            self.start_probe(id, kind, probe, container, &instance);
        }
    }

    fn start_probe(
        &mut self,
        id: ContainerId,
        kind: Kind,
        probe: Probe,
        container: Arc<Container>,
        instance: &Instance,
    ) {
        let started_at = match instance.state.phase {
            ContainerPhase::Running { started_at_ns, .. } => time_of(started_at_ns),
            _ => self.context.env.now(),
        };
        let ip = if spec::is_host_network(&self.pod) {
            self.context.config.node_ips.first()
        } else {
            self.view.ips().first()
        };
        let known_good = self
            .report
            .current
            .container_statuses
            .iter()
            .chain(&self.report.current.init_container_statuses)
            .flatten()
            .any(|status| status.name == container.name && status.ready && started_at < self.context.start);
        let task = task::Task {
            context: self.context.clone(),
            pod: self.pod.clone(),
            place: Place {
                runtime: self.context.runtime.clone(),
                sandbox: instance.state.sandbox.clone(),
                id: id.clone(),
                container,
                pod_ip: ip.map(ToString::to_string).unwrap_or_default(),
            },
            probe,
            kind,
            started_at,
            known_good,
        };
        let (mailbox, of) = (self.mailbox.clone(), id.clone());
        let handle =
            tokio::spawn(task::run(task, move |verdict| mailbox.push(Message::Probe(of.clone(), kind, verdict))));
        self.probes.insert((id, kind), handle.abort_handle());
    }

    pub(super) fn stop_probes(&mut self, kinds: &[Kind]) {
        self.probes.retain(|(_, kind), task| {
            let stop = kinds.contains(kind);
            if stop {
                task.abort();
            }
            !stop
        });
    }
}
