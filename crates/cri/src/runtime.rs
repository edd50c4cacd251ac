//! The container runtime's port: sandboxes (one per pod), containers, exec, attach, exits.

use std::{collections::BTreeMap, os::fd::OwnedFd, path::PathBuf, sync::Arc};

use tokio::sync::mpsc;

use crate::{Future_, Result};

/// Id of a sandbox: 64 hex digits, made by the kubelet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct SandboxId(pub Arc<str>);

/// Id of a container: 64 hex digits, made by the kubelet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct ContainerId(pub Arc<str>);

/// How a namespace is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum NamespaceMode {
    /// One for the whole pod.
    Pod,
    /// One per container.
    Container,
    /// The host's.
    Host,
}

/// What a sandbox is made of.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct SandboxConfig {
    /// Its id.
    pub id: SandboxId,
    /// Pod identity, for labels and messages; comes back in [`SandboxState`].
    pub pod_uid: String,
    /// Pod name.
    pub pod_name: String,
    /// Pod namespace.
    pub pod_namespace: String,
    /// Counts the sandboxes that this pod had before.
    pub attempt: u32,
    /// UTS host name.
    pub hostname: String,
    /// Network: `Pod` or `Host`.
    pub network: NamespaceMode,
    /// PID: `Pod` (shareProcessNamespace), `Container` (default) or `Host`.
    pub pid: NamespaceMode,
    /// IPC: `Pod` or `Host`.
    pub ipc: NamespaceMode,
    /// `securityContext.sysctls`, applied in the sandbox's namespaces.
    pub sysctls: BTreeMap<String, String>,
    /// Cgroup of the pod below the instance's root, for example `kubepods/burstable/pod<uid>`. Limits of the pod as a whole.
    pub cgroup: String,
    /// Limits of the pod's cgroup.
    pub resources: Resources,
    /// Directory of the pod's container logs.
    pub log_dir: PathBuf,
    /// Size of `/dev/shm` in bytes.
    pub shm_bytes: u64,
}

/// Limits and weights; `None` means not set.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Resources {
    /// cgroup v1 `cpu.shares` (2 to 262144); converted to a weight on v2.
    pub cpu_shares: Option<u64>,
    /// CFS quota in microseconds per period.
    pub cpu_quota_us: Option<i64>,
    /// CFS period in microseconds.
    pub cpu_period_us: Option<u64>,
    /// Memory limit in bytes; swap is limited to the same.
    pub memory_limit_bytes: Option<i64>,
    /// Limit of processes.
    pub pids_limit: Option<i64>,
    /// Huge page limits in bytes by page size (`2MB`).
    pub hugepages_bytes: BTreeMap<String, u64>,
    /// `oom_score_adj`; lowered only as far as the host allows.
    pub oom_score_adj: Option<i32>,
}

/// Who runs the process; names are looked up in the container's own passwd and group files.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct User {
    /// `uid[:gid]`, `name[:group]` as images write it, or empty for root. Overridden by `uid`.
    pub spec: String,
    /// `runAsUser`.
    pub uid: Option<u32>,
    /// `runAsGroup`.
    pub gid: Option<u32>,
    /// `supplementalGroups` and `fsGroup`.
    pub additional_gids: Vec<u32>,
    /// `supplementalGroupsPolicy: Strict`: groups of the image's /etc/group are not added.
    pub strict_groups: bool,
}

/// One mount into a container.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Mount {
    /// On the host.
    pub source: PathBuf,
    /// In the container, absolute.
    pub destination: PathBuf,
    /// Read-only.
    pub read_only: bool,
    /// Read-only for mounts below it as well.
    pub recursive_read_only: bool,
    /// Propagation.
    pub propagation: Propagation,
}

/// Mount propagation as Kubernetes names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Propagation {
    /// `None`: rprivate.
    Private,
    /// rslave.
    HostToContainer,
    /// rshared.
    Bidirectional,
}

/// Which seccomp filter.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Seccomp {
    /// None at all.
    Unconfined,
    /// The runtime's default filter.
    RuntimeDefault,
    /// A profile in the OCI/Docker JSON format at this path on the host.
    Localhost(PathBuf),
}

/// A device node to make in the container and allow in its cgroup.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Device {
    /// On the host.
    pub host_path: PathBuf,
    /// In the container.
    pub container_path: PathBuf,
    /// Of `rwm`.
    pub permissions: String,
}

/// What a container is made of; everything resolved, nothing looked up later.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct ContainerConfig {
    /// Its id.
    pub id: ContainerId,
    /// Name in the pod.
    pub name: String,
    /// How often it was started before (names the log file).
    pub attempt: u32,
    /// The image reference as the pod gives it, for the status.
    pub image: String,
    /// Layers of the image, lowest last, as overlayfs `lowerdir` wants them.
    pub layers: Vec<PathBuf>,
    /// Complete argument vector.
    pub args: Vec<String>,
    /// Environment, `NAME=value`, in order.
    pub env: Vec<String>,
    /// Working directory; made when missing.
    pub cwd: String,
    /// User and groups.
    pub user: User,
    /// Volume mounts and the pod's files (/etc/hosts, resolv.conf, hostname, termination log), in order.
    pub mounts: Vec<Mount>,
    /// Devices beyond the default ones.
    pub devices: Vec<Device>,
    /// All devices and capabilities, no seccomp, no masked paths.
    pub privileged: bool,
    /// Capabilities to add to the default set (`ALL` or names without `CAP_`).
    pub capabilities_add: Vec<String>,
    /// Capabilities to drop from the default set.
    pub capabilities_drop: Vec<String>,
    /// `!allowPrivilegeEscalation`.
    pub no_new_privileges: bool,
    /// Root file system read-only.
    pub read_only_rootfs: bool,
    /// `procMount: Unmasked`.
    pub unmasked_proc: bool,
    /// Filter.
    pub seccomp: Seccomp,
    /// Join the PID namespace of this container (ephemeral containers with a target).
    pub target_pid: Option<ContainerId>,
    /// Limits.
    pub resources: Resources,
    /// Name of the cgroup below the pod's.
    pub cgroup_name: String,
    /// A terminal.
    pub tty: bool,
    /// Keep stdin open for attach.
    pub stdin: bool,
    /// Close stdin when the first attached session ends.
    pub stdin_once: bool,
    /// CRI-format log file, made by the runtime.
    pub log_path: PathBuf,
    /// Signal that asks it to stop: the image's `StopSignal` or `lifecycle.stopSignal`; SIGTERM when empty.
    pub stop_signal: String,
    /// Opaque pairs that come back in [`ContainerState`]: what the kubelet must know after its own restart.
    pub annotations: BTreeMap<String, String>,
}

/// Where a container stands.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum ContainerPhase {
    /// Made, not started.
    Created,
    /// Runs.
    Running {
        /// When it started, nanoseconds since the epoch.
        started_at_ns: i64,
        /// Process id on the host.
        pid: i32,
    },
    /// Ended.
    Exited(Exit),
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Exit {
    /// When it started, nanoseconds since the epoch; 0 when it never ran.
    pub started_at_ns: i64,
    /// When it ended, nanoseconds since the epoch.
    pub finished_at_ns: i64,
    /// Exit code; 128 + signal for signals.
    pub code: i32,
    /// The signal that ended it, 0 for none.
    pub signal: i32,
    /// The kernel's out-of-memory killer struck in its cgroup.
    pub oom_killed: bool,
    /// The exit is a guess: nobody was there to see it (code 255 then).
    pub unknown: bool,
}

/// A container as the runtime knows it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ContainerState {
    /// Id.
    pub id: ContainerId,
    /// Sandbox.
    pub sandbox: SandboxId,
    /// Name in the pod.
    pub name: String,
    /// Attempt.
    pub attempt: u32,
    /// Image reference.
    pub image: String,
    /// When it was made, nanoseconds since the epoch.
    pub created_at_ns: i64,
    /// Where it stands.
    pub phase: ContainerPhase,
    /// The configuration's annotations.
    pub annotations: BTreeMap<String, String>,
    /// Log file.
    pub log_path: PathBuf,
}

/// A sandbox as the runtime knows it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct SandboxState {
    /// What it was made from.
    pub config: SandboxConfig,
    /// Its process lives.
    pub ready: bool,
    /// When it was made, nanoseconds since the epoch.
    pub created_at_ns: i64,
    /// Process that holds the namespaces.
    pub pid: i32,
    /// Its containers, oldest first.
    pub containers: Vec<ContainerState>,
}

/// What happened on its own.
#[derive(Debug, Clone)]
pub enum RuntimeEvent {
    /// A container ended.
    ContainerExited(SandboxId, ContainerId, Exit),
    /// A sandbox process died.
    SandboxGone(SandboxId),
}

/// A process to run beside the container's own.
#[derive(Debug, Clone, Default)]
pub struct ExecConfig {
    /// Argument vector.
    pub args: Vec<String>,
    /// A terminal.
    pub tty: bool,
    /// Wants stdin.
    pub stdin: bool,
    /// Wants stdout.
    pub stdout: bool,
    /// Wants stderr (never with a terminal).
    pub stderr: bool,
}

/// A started exec or attach: the caller owns its ends of the pipes or of the terminal.
pub struct Streams {
    /// Write end.
    pub stdin: Option<OwnedFd>,
    /// Read end; the terminal's output with `tty`.
    pub stdout: Option<OwnedFd>,
    /// Read end.
    pub stderr: Option<OwnedFd>,
    /// The terminal's master, for resizing (`TIOCSWINSZ` by [`Runtime::resize`]).
    pub terminal: Option<OwnedFd>,
    /// Resolves to the exit code; for attach when the container ended.
    pub exit: tokio::sync::oneshot::Receiver<Result<i32>>,
    /// Kills an exec's process when the caller gives up on it.
    pub kill: Option<Box<dyn FnOnce() + Send>>,
}

/// Usage of a cgroup.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Stats {
    /// CPU time used since creation in nanoseconds.
    pub cpu_ns: u64,
    /// Memory charged in bytes.
    pub memory_bytes: u64,
    /// Inactive file memory in bytes (working set = memory - inactive file).
    pub inactive_file_bytes: u64,
    /// Anonymous memory in bytes.
    pub rss_bytes: u64,
    /// Page faults.
    pub page_faults: u64,
    /// Major page faults.
    pub major_page_faults: u64,
    /// Processes.
    pub pids: u64,
}

/// The container runtime. Every call is idempotent where that makes sense: stopping what is stopped and
/// removing what is gone succeed.
pub trait Runtime: Send + Sync + 'static {
    /// Name and version, for the node's status (`podium://1.2.3`).
    fn version(&self) -> String;
    /// Starts the sandbox process with its namespaces, `lo` up; returns its pid, in whose network namespace the pod's
    /// interface is then made.
    fn run_sandbox<'a>(&'a self, config: &'a SandboxConfig) -> Future_<'a, Result<i32>>;
    /// Ends every process of the sandbox and the sandbox itself; keeps its exit records until [`Runtime::remove_sandbox`].
    fn stop_sandbox<'a>(&'a self, id: &'a SandboxId) -> Future_<'a, Result<()>>;
    /// Removes everything of a stopped sandbox: mounts, cgroups, directories.
    fn remove_sandbox<'a>(&'a self, id: &'a SandboxId) -> Future_<'a, Result<()>>;
    /// Everything that exists, also after a restart of the agent.
    fn list(&self) -> Future_<'_, Result<Vec<SandboxState>>>;
    /// Prepares a container (root file system, cgroup, log file) and starts its process; returns when the program was
    /// executed, or [`crate::Error::Start`] with the record of a failed start kept as `Exited`.
    fn start_container<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        config: &'a ContainerConfig,
    ) -> Future_<'a, Result<ContainerState>>;
    /// Sends a signal to a container's first process.
    fn signal_container<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        id: &'a ContainerId,
        signal: &'a str,
    ) -> Future_<'a, Result<()>>;
    /// Kills every process of a container at once.
    fn kill_container<'a>(&'a self, sandbox: &'a SandboxId, id: &'a ContainerId) -> Future_<'a, Result<()>>;
    /// Removes an ended container: root file system, cgroup, record. The log file stays.
    fn remove_container<'a>(&'a self, sandbox: &'a SandboxId, id: &'a ContainerId) -> Future_<'a, Result<()>>;
    /// Changes the limits of a running container.
    fn update_resources<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        id: &'a ContainerId,
        resources: &'a Resources,
    ) -> Future_<'a, Result<()>>;
    /// Runs a process in a container.
    fn exec<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        id: &'a ContainerId,
        config: &'a ExecConfig,
    ) -> Future_<'a, Result<Streams>>;
    /// Joins a container's own streams.
    fn attach<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        id: &'a ContainerId,
        config: &'a ExecConfig,
    ) -> Future_<'a, Result<Streams>>;
    /// Sets the size of a terminal in columns and rows.
    fn resize(&self, terminal: &OwnedFd, columns: u16, rows: u16) -> Result<()>;
    /// Connects to a TCP port on the pod's loopback, inside its network namespace.
    fn connect<'a>(&'a self, sandbox: &'a SandboxId, port: u16) -> Future_<'a, Result<std::net::TcpStream>>;
    /// Starts a new log file after the old one was renamed away (rotation).
    fn reopen_log<'a>(&'a self, sandbox: &'a SandboxId, id: &'a ContainerId) -> Future_<'a, Result<()>>;
    /// Usage of a container.
    fn container_stats<'a>(&'a self, sandbox: &'a SandboxId, id: &'a ContainerId) -> Future_<'a, Result<Stats>>;
    /// Usage of a whole pod.
    fn sandbox_stats<'a>(&'a self, sandbox: &'a SandboxId) -> Future_<'a, Result<Stats>>;
    /// The stream of exits. Taken once by the kubelet; bounded, with the runtime keeping what did not fit.
    fn events(&self) -> mpsc::Receiver<RuntimeEvent>;
}
