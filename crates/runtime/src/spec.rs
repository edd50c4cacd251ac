//! Records that the agent writes and sandboxes read, as JSON files.

use std::path::PathBuf;

use cri::runtime::{ContainerConfig, ExecConfig, SandboxConfig};
use serde::{Deserialize, Serialize};

/// A sandbox as it was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SandboxRecord {
    /// Its configuration.
    pub config: SandboxConfig,
    /// When it was made, nanoseconds since the epoch.
    pub created_at_ns: i64,
    /// Where its socket and shared memory are.
    pub run: PathBuf,
    /// The process that holds the namespaces; 0 before it runs.
    pub pid: i32,
}

/// A container as it was made: all that the process which becomes the container must know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ContainerSpec {
    /// Its configuration.
    pub config: ContainerConfig,
    /// When it was made, nanoseconds since the epoch.
    pub created_at_ns: i64,
    /// Host name of the pod.
    pub hostname: String,
    /// An empty directory to mount the root on.
    pub mount_point: PathBuf,
    /// The pod's `/dev/shm`.
    pub shm: PathBuf,
    /// The container's own cgroups as it sees them.
    pub cgroups: CgroupView,
}

/// What a sandbox notes about a container once its program runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Running {
    /// Process id on the host.
    pub pid: i32,
    /// Since when, nanoseconds since the epoch.
    pub started_at_ns: i64,
}

/// What appears below `/sys/fs/cgroup` in a container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CgroupView {
    /// Version 2 alone: its group.
    pub unified: Option<PathBuf>,
    /// Otherwise a directory for each hierarchy: name, group.
    pub hierarchies: Vec<(String, PathBuf)>,
    /// Links in that directory: name, target.
    pub links: Vec<(String, String)>,
}

/// A process to run in a container.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ExecSpec {
    /// Argument vector.
    pub args: Vec<String>,
    /// A terminal.
    pub tty: bool,
}

impl From<&ExecConfig> for ExecSpec {
    fn from(config: &ExecConfig) -> Self {
        Self { args: config.args.clone(), tty: config.tty }
    }
}
