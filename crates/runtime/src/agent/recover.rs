//! Finding what an earlier agent left: records on disk, sandboxes that answer.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use cri::{
    Result,
    runtime::{ContainerPhase, ContainerState, Exit},
};

use tokio::task::JoinSet;

use crate::{
    agent::{
        Inner, blocking, host, link, now_ns,
        state::{Container, Sandbox},
    },
    config::{ContainerPaths, read_json, write_whole},
    proto::{Known, Reply, Request, VERSION, Version},
    spec::{ContainerSpec, Running, SandboxRecord},
};

/// How long a sandbox may take to say hello.
const HELLO: Duration = Duration::from_secs(10);

/// What a sandbox says of itself.
struct Greeting {
    version: Version,
    pid: i32,
    containers: Vec<Known>,
}

impl Inner {
    /// Reads every record and reconnects. Fails where something runs that this agent cannot speak with: it is left alone.
    pub(super) async fn recover(self: &Arc<Self>) -> Result<()> {
        let this = self.clone();
        let found = blocking(move || this.read_all()).await??;
        // All at once: one that hangs delays no other. As many as there are pods.
        let mut taken_over = JoinSet::new();
        for sandbox in found {
            let sandbox = Arc::new(sandbox);
            self.sandboxes.lock().insert(sandbox.record.config.id.clone(), sandbox.clone());
            let this = self.clone();
            taken_over.spawn(async move { this.take_over(&sandbox).await });
        }
        let strangers: Vec<String> = taken_over.join_all().await.into_iter().flatten().collect();
        if !strangers.is_empty() {
            let reason = format!(
                "{}; this program speaks {VERSION}. Go on with the program that started them, or end them with it",
                strangers.join(", ")
            );
            return Err(host("taking over the pods that run")(reason));
        }
        let trash = self.config.trash();
        // Nobody waits for it.
        tokio::task::spawn_blocking(move || empty(&trash));
        Ok(())
    }

    /// Reconnects to a sandbox, or notes that it is gone; returns who it is if it speaks another language.
    async fn take_over(self: &Arc<Self>, sandbox: &Arc<Sandbox>) -> Option<String> {
        let path = sandbox.paths.socket();
        let greeted = match blocking(move || link::connect(&path)).await {
            Ok(Ok(socket)) => self.hello(sandbox, socket).await.ok(),
            Ok(Err(_)) | Err(_) => None,
        };
        match greeted {
            Some((link, greeting)) if greeting.version.major == VERSION.major => {
                self.forget_unborn(sandbox, &greeting.containers);
                self.adopt(sandbox, link, greeting);
                None
            }
            Some((_, Greeting { version, pid, .. })) => {
                let config = &sandbox.record.config;
                Some(format!(
                    "the sandbox of pod {}/{} (process {pid}) speaks version {version}",
                    config.pod_namespace, config.pod_name
                ))
            }
            None => {
                self.lost(sandbox);
                None
            }
        }
    }

    /// A container whose start was not asked for before the agent ended never was: it is no failed start.
    fn forget_unborn(&self, sandbox: &Sandbox, known: &[Known]) {
        let mut changing = sandbox.changing.lock();
        for id in never_started(&changing.containers, known) {
            changing.containers.remove(&id);
            if let Err(error) = self.bury(&sandbox.paths.container(&id.0).0) {
                (self.config.log)(&error.to_string());
            }
        }
    }

    fn read_all(&self) -> Result<Vec<Sandbox>> {
        let directory = self.config.sandboxes();
        let entries = std::fs::read_dir(&directory).map_err(host(format!("reading {}", directory.display())))?;
        let mut found = Vec::new();
        for entry in entries.flatten() {
            let paths = self.config.sandbox(&entry.file_name().to_string_lossy());
            let runs = || link::connect(&paths.socket()).is_ok();
            match record::<SandboxRecord>(&paths.record(), &runs)? {
                Some(record) => {
                    let sandbox = Sandbox::new(record, paths.clone());
                    let containers = containers(&sandbox, &runs)?;
                    sandbox.changing.lock().containers = containers;
                    found.push(sandbox);
                }
                // The agent ended while it made this one; nothing ran in it.
                None => {
                    let _ = std::fs::remove_dir_all(&paths.state);
                }
            }
        }
        Ok(found)
    }

    /// Connects to a sandbox that should be there.
    pub(super) async fn reconnect(self: &Arc<Self>, sandbox: &Arc<Sandbox>) -> Result<()> {
        let path = sandbox.paths.socket();
        let socket = blocking(move || link::connect(&path)).await?.map_err(host("connecting to a sandbox"))?;
        self.greet(sandbox, socket).await.map(drop)
    }

    /// Says hello over a fresh connection; returns the sandbox's process id.
    pub(super) async fn greet(self: &Arc<Self>, sandbox: &Arc<Sandbox>, socket: std::os::fd::OwnedFd) -> Result<i32> {
        let (link, greeting) = self.hello(sandbox, socket).await?;
        if greeting.version.major != VERSION.major {
            return Err(host("greeting a sandbox")(format!("it speaks version {}", greeting.version)));
        }
        Ok(self.adopt(sandbox, link, greeting))
    }

    async fn hello(
        self: &Arc<Self>,
        sandbox: &Arc<Sandbox>,
        socket: std::os::fd::OwnedFd,
    ) -> Result<(Arc<link::Link>, Greeting)> {
        let link = link::Link::new(socket).map_err(host("preparing a connection"))?;
        self.listen(sandbox, &link);
        let hello = Request::Hello { version: VERSION.major, minor: VERSION.minor };
        match link.call(hello, &[], HELLO).await?.0 {
            Reply::Hello { version: major, minor, pid, containers } => {
                Ok((link, Greeting { version: Version { major, minor }, pid, containers }))
            }
            _ => Err(host("greeting a sandbox")("an answer that makes no sense")),
        }
    }

    /// What a sandbox says is what is true from now on.
    fn adopt(&self, sandbox: &Sandbox, link: Arc<link::Link>, greeting: Greeting) -> i32 {
        let Greeting { pid, containers, .. } = greeting;
        let mut news = Vec::new();
        {
            let mut changing = sandbox.changing.lock();
            changing.pid = pid;
            changing.link = Some(link);
            let unknown = never_started(&changing.containers, &containers);
            news.extend(containers.into_iter().filter_map(|known| apply(&mut changing.containers, known)));
            for id in unknown {
                let exit = guess(&sandbox.paths.container(&id.0), 0);
                if changing.containers.get_mut(&id).is_some_and(|container| container.ended(&exit)) {
                    news.push((id, exit));
                }
            }
        }
        for (id, exit) in news {
            self.events.push(cri::runtime::RuntimeEvent::ContainerExited(sandbox.record.config.id.clone(), id, exit));
        }
        pid
    }

    /// A sandbox whose process is gone: what ran in it is ended, and how it ended is unknown.
    pub(super) fn lost(self: &Arc<Self>, sandbox: &Arc<Sandbox>) {
        let stopping = {
            let mut changing = sandbox.changing.lock();
            changing.link = None;
            changing.stopping
        };
        let this = self.clone();
        let of = sandbox.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = this.kill_sandbox(&of) {
                (this.config.log)(&error.to_string());
            }
        });
        let mut ended = Vec::new();
        for (id, container) in &mut sandbox.changing.lock().containers {
            let started_at_ns = match container.state.phase {
                ContainerPhase::Running { started_at_ns, .. } => started_at_ns,
                ContainerPhase::Created => 0,
                ContainerPhase::Exited(_) => continue,
            };
            let paths = sandbox.paths.container(&id.0);
            // It may have written how it ended just before it died.
            let exit = read_json(&paths.exit()).unwrap_or_else(|| guess(&paths, started_at_ns));
            if container.ended(&exit) {
                ended.push((id.clone(), exit));
            }
        }
        let id = &sandbox.record.config.id;
        for (container, exit) in ended {
            self.events.push(cri::runtime::RuntimeEvent::ContainerExited(id.clone(), container, exit));
        }
        if !stopping {
            self.events.push(cri::runtime::RuntimeEvent::SandboxGone(id.clone()));
        }
        sandbox.gone.send_replace(true);
    }
}

/// Nobody saw it end. Remembered, so that the next agent says the same.
fn guess(paths: &ContainerPaths, started_at_ns: i64) -> Exit {
    let exit = Exit { started_at_ns, finished_at_ns: now_ns(), code: 255, signal: 0, oom_killed: false, unknown: true };
    let _ = write_whole(&paths.exit(), &serde_json::to_vec(&exit).unwrap_or_default());
    exit
}

/// Containers whose record was written by an agent that ended before it could ask for their start.
fn never_started(
    containers: &BTreeMap<cri::runtime::ContainerId, Container>,
    known: &[Known],
) -> Vec<cri::runtime::ContainerId> {
    let created = containers.values().filter(|container| container.state.phase == ContainerPhase::Created);
    created
        .map(|container| container.state.id.clone())
        .filter(|id| !known.iter().any(|known| *known.container == *id.0))
        .collect()
}

/// Brings a container's record in line with what its sandbox says; returns an end that is news.
fn apply(
    containers: &mut BTreeMap<cri::runtime::ContainerId, Container>,
    known: Known,
) -> Option<(cri::runtime::ContainerId, Exit)> {
    let id = cri::runtime::ContainerId(known.container.as_str().into());
    let container = containers.get_mut(&id)?;
    match known.exit {
        None => {
            let phase = ContainerPhase::Running { started_at_ns: known.started_at_ns, pid: known.pid };
            if !matches!(container.state.phase, ContainerPhase::Exited(_)) {
                container.state.phase = phase;
            }
            None
        }
        Some(exit) => container.ended(&exit).then_some((id, exit)),
    }
}

/// Reads a record; `None` where there is none, or only what a loss of power left of it. One that this program cannot read
/// though its sandbox runs is an error: to forget it would be to end it.
fn record<T: serde::de::DeserializeOwned>(path: &Path, runs: &dyn Fn() -> bool) -> Result<Option<T>> {
    let Ok(bytes) = std::fs::read(path) else { return Ok(None) };
    match serde_json::from_slice(&bytes) {
        Ok(record) => Ok(Some(record)),
        Err(error) if runs() => Err(host(format!("reading {} of a pod that runs", path.display()))(error)),
        Err(_) => Ok(None),
    }
}

fn containers(sandbox: &Sandbox, runs: &dyn Fn() -> bool) -> Result<BTreeMap<cri::runtime::ContainerId, Container>> {
    let mut found = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(sandbox.paths.containers()) else { return Ok(found) };
    for entry in entries.flatten() {
        let paths = ContainerPaths(entry.path());
        let Some(spec) = record::<ContainerSpec>(&paths.spec(), runs)? else {
            // Never started: the agent ended while it wrote the record.
            let _ = std::fs::remove_dir_all(&paths.0);
            continue;
        };
        let phase = match (read_json::<Exit>(&paths.exit()), read_json::<Running>(&paths.running())) {
            (Some(exit), _) => ContainerPhase::Exited(exit),
            (None, Some(running)) => ContainerPhase::Running { started_at_ns: running.started_at_ns, pid: running.pid },
            (None, None) => ContainerPhase::Created,
        };
        let mut container = container(sandbox, &spec);
        container.state.phase = phase;
        found.insert(spec.config.id.clone(), container);
    }
    Ok(found)
}

/// A container that was made but not started.
pub(super) fn container(sandbox: &Sandbox, spec: &ContainerSpec) -> Container {
    let config = &spec.config;
    Container {
        state: ContainerState {
            id: config.id.clone(),
            sandbox: sandbox.record.config.id.clone(),
            name: config.name.clone(),
            attempt: config.attempt,
            image: config.image.clone(),
            created_at_ns: spec.created_at_ns,
            phase: ContainerPhase::Created,
            annotations: config.annotations.clone(),
            log_path: config.log_path.clone(),
        },
        group: sandbox.container_group(&config.cgroup_name),
        oom_score_adj: config.resources.oom_score_adj,
        waiting: Vec::new(),
    }
}

/// Removes what lies in a directory.
pub(super) fn empty(directory: &Path) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let _ = std::fs::remove_dir_all(entry.path());
    }
}
