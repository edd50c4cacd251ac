//! Containers: start, signal, kill, remove, limits, logs.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use cri::{
    Error, Result,
    runtime::{
        ContainerConfig, ContainerId, ContainerPhase, ContainerState, Exit, NamespaceMode, Resources, SandboxId, Stats,
    },
};

use crate::{
    agent::{Inner, blocking, host, now_ns, recover, state::Sandbox},
    config::write_whole,
    proto::{Failure, Reply, Request, Start},
    spec::ContainerSpec,
};

/// How long a sandbox may take for something small.
pub(super) const SOON: Duration = Duration::from_secs(20);

/// How long a program may take to be executed: its file system may lie on a slow disk.
const START: Duration = Duration::from_secs(120);

/// What runc and those above it say before the reason.
const START_FAILED: &str = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc \
     create failed: unable to start container process: error during container init: ";

fn missing(id: &ContainerId) -> Error {
    Error::NotFound { what: "container", name: id.0.to_string() }
}

impl Inner {
    /// Starts a container.
    pub(super) async fn start_container(
        self: &Arc<Self>,
        id: &SandboxId,
        config: &ContainerConfig,
    ) -> Result<ContainerState> {
        let sandbox = self.sandbox(id)?;
        let link = sandbox.link()?;
        if sandbox.changing.lock().stopping {
            return Err(host(format!("starting container {}", config.id.0))("its sandbox is stopping"));
        }
        if sandbox.changing.lock().containers.contains_key(&config.id) {
            return Err(host(format!("starting container {}", config.id.0))("it was started before"));
        }
        let spec = self.spec(&sandbox, config);
        let start = self.start_request(&sandbox, config);
        let container = recover::container(&sandbox, &spec);
        sandbox.changing.lock().containers.insert(config.id.clone(), container);
        let (this, of) = (self.clone(), sandbox.clone());
        let prepared = match blocking(move || this.prepare(&of, &spec)).await? {
            Ok(()) => link.call(Request::Start(Box::new(start)), &[], START).await.map(|(reply, _)| reply),
            Err(error) => Err(error),
        };
        match prepared {
            Ok(Reply::Started { pid, at_ns, remarks }) => {
                for remark in remarks {
                    // The host refuses it every time: once is enough.
                    if !self.remarked.swap(true, Ordering::Relaxed) {
                        (self.config.log)(&format!("container {}: {remark}; not said again", config.name));
                    }
                }
                let mut changing = sandbox.changing.lock();
                let container = changing.containers.get_mut(&config.id).ok_or_else(|| missing(&config.id))?;
                // It may have ended already.
                if container.state.phase == ContainerPhase::Created {
                    container.state.phase = ContainerPhase::Running { started_at_ns: at_ns, pid };
                }
                Ok(container.state.clone())
            }
            Ok(Reply::Failed(failure)) => Err(self.not_started(&sandbox, config, failure)),
            Ok(_) => Err(self.not_started(&sandbox, config, unexpected())),
            Err(error) => {
                self.not_started(&sandbox, config, Failure { message: error.to_string(), code: 128 });
                Err(error)
            }
        }
    }

    fn spec(&self, sandbox: &Sandbox, config: &ContainerConfig) -> ContainerSpec {
        ContainerSpec {
            config: config.clone(),
            created_at_ns: now_ns(),
            hostname: sandbox.record.config.hostname.clone(),
            mount_point: self.config.mount_point(),
            shm: sandbox.paths.shm(),
            cgroups: self.groups.view(&sandbox.container_group(&config.cgroup_name), config.privileged),
        }
    }

    fn start_request(&self, sandbox: &Sandbox, config: &ContainerConfig) -> Start {
        let group = sandbox.container_group(&config.cgroup_name);
        let joins = sandbox.record.config.pid == NamespaceMode::Container;
        Start {
            container: config.id.0.to_string(),
            tty: config.tty,
            stdin: config.stdin,
            stdin_once: config.stdin_once,
            log: config.log_path.clone(),
            place: self.groups.place(&group),
            oom_score_adj: config.resources.oom_score_adj,
            oom_counter: self.groups.oom_counter(&group),
            target: config.target_pid.as_ref().filter(|_| joins).map(|target| target.0.to_string()),
        }
    }

    /// Directories, record and groups.
    fn prepare(&self, sandbox: &Sandbox, spec: &ContainerSpec) -> Result<()> {
        let paths = sandbox.paths.container(&spec.config.id.0);
        let write = || -> std::io::Result<()> {
            let upper = paths.0.join("upper");
            std::fs::create_dir_all(&upper)?;
            std::fs::create_dir_all(paths.0.join("work"))?;
            if let Some(layer) = spec.config.layers.first() {
                like(&upper, layer)?;
            }
            write_whole(&paths.spec(), &serde_json::to_vec(spec)?)
        };
        write().map_err(host("preparing a container"))?;
        let group = sandbox.container_group(&spec.config.cgroup_name);
        let limited = self.groups.create(&group, &spec.config.resources);
        let allowed =
            limited.and_then(|()| self.groups.allow_devices(&group, &spec.config.devices, spec.config.privileged));
        self.groups.end_together(&group);
        allowed.map_err(host("unable to apply cgroup configuration"))
    }

    /// Keeps the record of a failed start.
    fn not_started(&self, sandbox: &Sandbox, config: &ContainerConfig, failure: Failure) -> Error {
        let code = failure.code;
        let exit =
            Exit { started_at_ns: 0, finished_at_ns: now_ns(), code, signal: 0, oom_killed: false, unknown: false };
        let paths = sandbox.paths.container(&config.id.0);
        let _ = write_whole(&paths.exit(), &serde_json::to_vec(&exit).unwrap_or_default());
        if let Some(container) = sandbox.changing.lock().containers.get_mut(&config.id) {
            container.ended(&exit);
        }
        Error::Start { message: format!("{START_FAILED}{}", failure.message), exit_code: code }
    }

    /// Sends a signal by name.
    pub(super) async fn signal_container(&self, sandbox: &SandboxId, id: &ContainerId, signal: &str) -> Result<()> {
        let sandbox = self.sandbox(sandbox)?;
        if !sandbox.changing.lock().containers.get(id).ok_or_else(|| missing(id))?.runs() {
            return Ok(());
        }
        let name = if signal.is_empty() { "TERM" } else { signal };
        let number =
            sys::signal::number(name).ok_or_else(|| host(format!("sending signal {name:?}"))("no such signal"))?;
        let request = Request::Signal { container: id.0.to_string(), signal: number };
        answer(sandbox.link()?.call(request, &[], SOON).await?.0, id, true)
    }

    /// Kills everything in a container.
    pub(super) async fn kill_container(self: &Arc<Self>, sandbox: &SandboxId, id: &ContainerId) -> Result<()> {
        let of = self.sandbox(sandbox)?;
        let group = {
            let changing = of.changing.lock();
            let Some(container) = changing.containers.get(id).filter(|container| container.runs()) else {
                return Ok(());
            };
            container.group.clone()
        };
        let this = self.clone();
        let only = !self.group_in_use(&group, id);
        if only && blocking(move || this.groups.kill_at_once(&group)).await? {
            return Ok(());
        }
        self.signal_container(sandbox, id, "KILL").await
    }

    /// Removes an ended container.
    pub(super) async fn remove_container(self: &Arc<Self>, sandbox: &SandboxId, id: &ContainerId) -> Result<()> {
        let Ok(of) = self.sandbox(sandbox) else { return Ok(()) };
        let group = {
            let changing = of.changing.lock();
            let Some(container) = changing.containers.get(id) else { return Ok(()) };
            if container.runs() {
                return Err(host(format!("removing container {}", id.0))("it still runs"));
            }
            container.group.clone()
        };
        if let Ok(link) = of.link() {
            let request = Request::Forget { container: id.0.to_string() };
            answer(link.call(request, &[], SOON).await?.0, id, true)?;
        }
        let grave = self.bury(&of.paths.container(&id.0).0)?;
        of.changing.lock().containers.remove(id);
        let shared = self.group_in_use(&group, id);
        let this = self.clone();
        tokio::task::spawn_blocking(move || {
            let _ = std::fs::remove_dir_all(grave);
            // A later attempt of the same container may be in it already.
            if !shared && let Err(error) = this.groups.remove(&group) {
                (this.config.log)(&error.to_string());
            }
        });
        Ok(())
    }

    /// Changes limits.
    pub(super) async fn update_resources(
        self: &Arc<Self>,
        sandbox: &SandboxId,
        id: &ContainerId,
        resources: &Resources,
    ) -> Result<()> {
        let group = self.group_of(sandbox, id)?;
        let (this, resources) = (self.clone(), resources.clone());
        blocking(move || this.groups.limit(&group, &resources)).await?.map_err(host("changing limits"))
    }

    pub(super) fn group_of(&self, sandbox: &SandboxId, id: &ContainerId) -> Result<String> {
        let sandbox = self.sandbox(sandbox)?;
        let group = sandbox.changing.lock().containers.get(id).map(|container| container.group.clone());
        group.ok_or_else(|| missing(id))
    }

    /// Usage of a container.
    pub(super) async fn container_stats(self: &Arc<Self>, sandbox: &SandboxId, id: &ContainerId) -> Result<Stats> {
        let group = self.group_of(sandbox, id)?;
        let this = self.clone();
        blocking(move || this.groups.stats(&group)).await
    }

    /// Usage of a pod.
    pub(super) async fn sandbox_stats(self: &Arc<Self>, id: &SandboxId) -> Result<Stats> {
        let group = self.sandbox(id)?.group().to_owned();
        let this = self.clone();
        blocking(move || this.groups.stats(&group)).await
    }

    /// Goes on in a new log file.
    pub(super) async fn reopen_log(&self, sandbox: &SandboxId, id: &ContainerId) -> Result<()> {
        let request = Request::Reopen { container: id.0.to_string() };
        answer(self.sandbox(sandbox)?.link()?.call(request, &[], SOON).await?.0, id, false)
    }
}

fn unexpected() -> Failure {
    Failure { message: "the sandbox gave an answer that makes no sense".into(), code: 128 }
}

/// Turns a plain answer into a result; `gone_is_fine`: a container that has ended is no error.
fn answer(reply: Reply, id: &ContainerId, gone_is_fine: bool) -> Result<()> {
    match reply {
        Reply::Done => Ok(()),
        Reply::Missing if gone_is_fine => Ok(()),
        Reply::Missing => Err(missing(id)),
        Reply::Refused { message } => Err(host(format!("container {}", id.0))(message)),
        Reply::Failed(failure) => Err(Error::Start { message: failure.message, exit_code: failure.code }),
        Reply::Hello { .. } | Reply::Started { .. } | Reply::Attached { .. } => {
            Err(host("asking a sandbox")(unexpected().message))
        }
    }
}

/// The root of a container looks as the image's uppermost layer has it, whatever this process' umask is.
fn like(upper: &Path, layer: &Path) -> std::io::Result<()> {
    let root = std::fs::metadata(layer)?;
    std::os::unix::fs::chown(upper, Some(root.uid()), Some(root.gid()))?;
    std::fs::set_permissions(upper, std::fs::Permissions::from_mode(root.mode() & 0o7777))
}
