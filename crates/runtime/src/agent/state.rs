//! What the agent knows of sandboxes and containers.

use std::{collections::BTreeMap, sync::Arc};

use cri::runtime::{ContainerId, ContainerPhase, ContainerState, Exit, SandboxState};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::{agent::link::Link, config::SandboxPaths, spec::SandboxRecord};

/// A container.
pub(super) struct Container {
    pub(super) state: ContainerState,
    /// Name of its group below the instance's.
    pub(super) group: String,
    pub(super) oom_score_adj: Option<i32>,
    /// Attached sessions that want to know its exit code.
    pub(super) waiting: Vec<oneshot::Sender<cri::Result<i32>>>,
}

impl Container {
    pub(super) fn runs(&self) -> bool {
        matches!(self.state.phase, ContainerPhase::Running { .. })
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.state.phase, ContainerPhase::Exited(_))
    }

    /// Records its end and tells who waits; false when that was known.
    pub(super) fn ended(&mut self, exit: &Exit) -> bool {
        if matches!(self.state.phase, ContainerPhase::Exited(_)) {
            return false;
        }
        self.state.phase = ContainerPhase::Exited(exit.clone());
        for waiting in self.waiting.drain(..) {
            let _ = waiting.send(Ok(exit.code));
        }
        true
    }
}

/// What changes about a sandbox.
pub(super) struct Changing {
    pub(super) pid: i32,
    pub(super) link: Option<Arc<Link>>,
    /// Its end is wanted, so not news.
    pub(super) stopping: bool,
    pub(super) containers: BTreeMap<ContainerId, Container>,
}

/// A sandbox.
pub(super) struct Sandbox {
    pub(super) record: SandboxRecord,
    pub(super) paths: SandboxPaths,
    pub(super) changing: Mutex<Changing>,
    /// Says when the sandbox process is gone.
    pub(super) gone: tokio::sync::watch::Sender<bool>,
}

impl Sandbox {
    pub(super) fn new(record: SandboxRecord, paths: SandboxPaths) -> Self {
        let changing = Changing { pid: record.pid, link: None, stopping: false, containers: BTreeMap::new() };
        Self { record, paths, changing: Mutex::new(changing), gone: tokio::sync::watch::Sender::new(false) }
    }

    /// Its group below the instance's.
    pub(super) fn group(&self) -> &str {
        self.record.config.cgroup.trim_matches('/')
    }

    /// The group of one of its containers.
    pub(super) fn container_group(&self, name: &str) -> String {
        format!("{}/{name}", self.group())
    }

    pub(super) fn link(&self) -> cri::Result<Arc<Link>> {
        self.changing.lock().link.clone().ok_or_else(|| cri::Error::Host {
            tried: format!("reaching sandbox {}", self.record.config.id.0),
            reason: "its process is gone".into(),
        })
    }

    pub(super) fn state(&self) -> SandboxState {
        let changing = self.changing.lock();
        let mut containers: Vec<ContainerState> = changing.containers.values().map(|c| c.state.clone()).collect();
        containers.sort_by_key(|container| container.created_at_ns);
        SandboxState {
            config: self.record.config.clone(),
            ready: changing.link.is_some() && !changing.stopping,
            created_at_ns: self.record.created_at_ns,
            pid: changing.pid,
            containers,
        }
    }
}
