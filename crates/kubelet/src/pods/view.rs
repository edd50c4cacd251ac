//! What the runtime has of one pod, newest first.

use std::net::IpAddr;

use cri::runtime::{ContainerId, ContainerPhase, ContainerState, Exit, SandboxId};
use jiff::Timestamp;

/// Keys of the annotations that the kubelet leaves on a container, to know after its own restart what it must.
pub(crate) mod annotation {
    pub(crate) const HASH: &str = "io.kubernetes.container.hash";
    pub(crate) const RESTART_COUNT: &str = "io.kubernetes.container.restartCount";
    pub(crate) const MESSAGE_PATH: &str = "io.podium.container.terminationMessageFile";
    pub(crate) const MESSAGE_POLICY: &str = "io.kubernetes.container.terminationMessagePolicy";
    pub(crate) const GRACE: &str = "io.kubernetes.pod.terminationGracePeriod";
    pub(crate) const IMAGE_NAME: &str = "io.podium.container.image";
    pub(crate) const IMAGE_ID: &str = "io.podium.container.imageID";
    pub(crate) const STOP_SIGNAL: &str = "io.podium.container.stopSignal";
    pub(crate) const USER: &str = "io.podium.container.user";
}

/// A sandbox of the pod.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sandbox {
    pub(crate) id: SandboxId,
    pub(crate) attempt: u32,
    pub(crate) ready: bool,
    pub(crate) host_network: bool,
    /// Known once the network is attached.
    pub(crate) ips: Vec<IpAddr>,
    pub(crate) created_at_ns: i64,
    pub(crate) pid: i32,
}

/// A container of the pod, running or ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Instance {
    pub(crate) state: ContainerState,
    /// Why a start failed, or the termination message.
    pub(crate) message: String,
    /// The start itself failed: the program never ran.
    pub(crate) start_failed: bool,
    /// Its postStart hook is still running.
    pub(crate) in_post_start: bool,
}

impl Instance {
    pub(crate) fn new(state: ContainerState) -> Self {
        Self { state, message: String::new(), start_failed: false, in_post_start: false }
    }

    pub(crate) fn id(&self) -> &ContainerId {
        &self.state.id
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.state.phase, ContainerPhase::Running { .. })
    }

    pub(crate) fn exit(&self) -> Option<&Exit> {
        match &self.state.phase {
            ContainerPhase::Exited(exit) => Some(exit),
            ContainerPhase::Created | ContainerPhase::Running { .. } => None,
        }
    }

    pub(crate) fn restart_count(&self) -> u32 {
        self.state
            .annotations
            .get(annotation::RESTART_COUNT)
            .and_then(|text| text.parse().ok())
            .unwrap_or(self.state.attempt)
    }

    pub(crate) fn finished_at(&self) -> Option<Timestamp> {
        self.exit().map(|exit| time_of(exit.finished_at_ns))
    }

    /// `Completed`, `Error`, `OOMKilled`, `StartError`…
    pub(crate) fn reason(&self) -> &'static str {
        match self.exit() {
            Some(exit) if exit.oom_killed => "OOMKilled",
            Some(_) if self.start_failed => "StartError",
            Some(exit) if exit.unknown => "Unknown",
            Some(exit) if exit.code == 0 => "Completed",
            Some(_) => "Error",
            None => "",
        }
    }
}

/// Everything of one pod.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct View {
    pub(crate) sandboxes: Vec<Sandbox>,
    pub(crate) containers: Vec<Instance>,
}

impl View {
    /// The sandbox that is in use, if it lives.
    pub(crate) fn active(&self) -> Option<&Sandbox> {
        self.sandboxes.first().filter(|sandbox| sandbox.ready)
    }

    /// The newest instance of a container.
    pub(crate) fn latest(&self, name: &str) -> Option<&Instance> {
        self.containers.iter().find(|instance| instance.state.name == name)
    }

    /// The newest instance in the newest sandbox.
    pub(crate) fn latest_active(&self, name: &str) -> Option<&Instance> {
        let active = &self.sandboxes.first()?.id;
        self.containers.iter().find(|instance| instance.state.name == name && &instance.state.sandbox == active)
    }

    pub(crate) fn by_id_mut(&mut self, id: &ContainerId) -> Option<&mut Instance> {
        self.containers.iter_mut().find(|instance| instance.id() == id)
    }

    pub(crate) fn by_id(&self, id: &ContainerId) -> Option<&Instance> {
        self.containers.iter().find(|instance| instance.id() == id)
    }

    pub(crate) fn running(&self) -> impl Iterator<Item = &Instance> {
        self.containers.iter().filter(|instance| instance.is_running())
    }

    /// Puts a new instance (or a newer state of a known one) in.
    pub(crate) fn upsert(&mut self, instance: Instance) {
        match self.containers.iter_mut().find(|known| known.id() == instance.id()) {
            Some(known) => *known = instance,
            None => self.containers.insert(0, instance),
        }
    }

    /// Addresses of the newest sandbox.
    pub(crate) fn ips(&self) -> &[IpAddr] {
        self.sandboxes.first().map_or(&[], |sandbox| &sandbox.ips)
    }
}

/// A time from nanoseconds since the epoch; the epoch where they are out of range.
pub(crate) fn time_of(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Timestamp::UNIX_EPOCH)
}
