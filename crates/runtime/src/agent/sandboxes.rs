//! Sandboxes: run, stop, remove, and listening to them.

use std::{path::PathBuf, sync::Arc, time::Duration};

use cri::{
    Error, Result,
    runtime::{ContainerId, Resources, RuntimeEvent, SandboxConfig, SandboxId, SandboxState},
};

use crate::{
    agent::{Inner, blocking, host, link::Link, now_ns, spawn, state::Sandbox},
    config::write_whole,
    proto::{Message, Request},
    spec::SandboxRecord,
};

/// How long a sandbox may take to end once it was asked to.
const END: Duration = Duration::from_secs(20);

/// The sandbox process' own group below the pod's: groups of version 2 have either processes or groups.
const OWN_GROUP: &str = "sandbox";

/// Collects a sandbox process when it ends, so that it does not stay as a zombie. It may well outlive this agent.
async fn reap(mut child: std::process::Child) {
    let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) else { return };
    let Ok(pidfd) = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) else { return };
    #[expect(deprecated, reason = "its successor is unsafe; an OwnedFd keeps the promise that it asks for")]
    let Ok(pidfd) = tokio::io::unix::AsyncFd::with_interest(pidfd, tokio::io::Interest::READABLE) else { return };
    if pidfd.readable().await.is_ok() {
        let _ = child.try_wait();
    }
}

impl Inner {
    pub(super) fn sandbox(&self, id: &SandboxId) -> Result<Arc<Sandbox>> {
        let found = self.sandboxes.lock().get(id).cloned();
        found.ok_or_else(|| Error::NotFound { what: "sandbox", name: id.0.to_string() })
    }

    pub(super) fn list(&self) -> Vec<SandboxState> {
        let all: Vec<Arc<Sandbox>> = self.sandboxes.lock().values().cloned().collect();
        let mut states: Vec<SandboxState> = all.iter().map(|sandbox| sandbox.state()).collect();
        states.sort_by_key(|state| state.created_at_ns);
        states
    }

    /// Starts a sandbox, or returns the one that runs already.
    pub(super) async fn run_sandbox(self: &Arc<Self>, config: &SandboxConfig) -> Result<i32> {
        if let Ok(known) = self.sandbox(&config.id) {
            let changing = known.changing.lock();
            if changing.link.is_some() && !changing.stopping {
                return Ok(changing.pid);
            }
            return Err(host(format!("starting sandbox {}", config.id.0))("it was stopped before"));
        }
        let paths = self.config.sandbox(&config.id.0);
        let record = SandboxRecord { config: config.clone(), created_at_ns: now_ns(), run: paths.run.clone(), pid: 0 };
        let sandbox = Arc::new(Sandbox::new(record, paths));
        self.sandboxes.lock().insert(config.id.clone(), sandbox.clone());
        // Whoever ends an earlier attempt of this pod from now on sees that the group is shared; who began before must be done.
        let mut ending = self.ending.subscribe();
        let _ = ending.wait_for(|groups| !groups.contains_key(sandbox.group())).await;
        let result = self.bring_up(&sandbox).await;
        if result.is_err() {
            self.sandboxes.lock().remove(&config.id);
            let this = self.clone();
            // The error that matters is the one above; what is left is swept away.
            let _ = blocking(move || this.sweep(&sandbox)).await;
        }
        result
    }

    async fn bring_up(self: &Arc<Self>, sandbox: &Arc<Sandbox>) -> Result<i32> {
        let (ours, theirs) = sys::fdpass::pair().map_err(host("making a socket"))?;
        let (this, of) = (self.clone(), sandbox.clone());
        let groups = tokio::task::spawn_blocking(move || this.make_groups(&of));
        let (this, of) = (self.clone(), sandbox.clone());
        let child = blocking(move || {
            let write = || -> std::io::Result<std::process::Child> {
                std::fs::create_dir_all(of.paths.containers())?;
                std::fs::create_dir_all(&of.paths.run)?;
                let record = serde_json::to_vec(&of.record)?;
                write_whole(&of.paths.record(), &record)?;
                spawn::spawn(&this.config, &this.program, &of.paths, theirs)
            };
            write().map_err(host("starting a sandbox process"))
        })
        .await??;
        let greeted = self.greet(sandbox, ours).await;
        tokio::spawn(reap(child));
        groups.await.map_err(host("making cgroups"))??;
        let pid = match greeted {
            Ok(pid) => pid,
            Err(error) => {
                let said = std::fs::read_to_string(sandbox.paths.messages()).unwrap_or_default();
                let said = said.trim();
                return Err(if said.is_empty() { error } else { host("starting a sandbox")(said.to_owned()) });
            }
        };
        let (this, of) = (self.clone(), sandbox.clone());
        // The kernel takes ten milliseconds for it, and nothing depends on it.
        tokio::task::spawn_blocking(move || {
            let _ = std::fs::write(format!("/proc/{pid}/oom_score_adj"), "-998");
            if let Err(error) = this.groups.enter(&format!("{}/{OWN_GROUP}", of.group()), pid) {
                (this.config.log)(&error.to_string());
            }
        });
        Ok(pid)
    }

    fn make_groups(&self, sandbox: &Sandbox) -> Result<()> {
        let config = &sandbox.record.config;
        self.groups.create(sandbox.group(), &config.resources).map_err(host("making the pod's cgroup"))?;
        let own = format!("{}/{OWN_GROUP}", sandbox.group());
        self.groups.create(&own, &Resources::default()).map_err(host("making the sandbox's cgroup"))
    }

    /// Follows what a sandbox says until its connection ends.
    pub(super) fn listen(self: &Arc<Self>, sandbox: &Arc<Sandbox>, link: &Arc<Link>) {
        let (this, sandbox, link) = (self.clone(), sandbox.clone(), link.clone());
        tokio::spawn(async move {
            while let Some(message) = link.next().await {
                if let Message::Exited { container, exit } = message {
                    let id = ContainerId(container.as_str().into());
                    let news = sandbox.changing.lock().containers.get_mut(&id).is_some_and(|c| c.ended(&exit));
                    if news {
                        this.events.push(RuntimeEvent::ContainerExited(sandbox.record.config.id.clone(), id, exit));
                    }
                }
            }
            link.close();
            let current = sandbox.changing.lock().link.as_ref().is_none_or(|now| Arc::ptr_eq(now, &link));
            // It may have cut us off for not listening; then it is still there.
            let stopping = sandbox.changing.lock().stopping;
            if current && (stopping || Box::pin(this.reconnect(&sandbox)).await.is_err()) {
                this.lost(&sandbox);
            }
        });
    }

    /// Ends everything in a sandbox and the sandbox.
    pub(super) async fn stop_sandbox(self: &Arc<Self>, id: &SandboxId) -> Result<()> {
        let Ok(sandbox) = self.sandbox(id) else { return Ok(()) };
        let link = {
            let mut changing = sandbox.changing.lock();
            changing.stopping = true;
            changing.link.clone()
        };
        let running: Vec<(ContainerId, String)> = {
            let changing = sandbox.changing.lock();
            let running = changing.containers.iter().filter(|(_, container)| container.runs());
            running.map(|(id, container)| (id.clone(), container.group.clone())).collect()
        };
        let groups: Vec<String> =
            running.into_iter().filter(|(id, group)| !self.group_in_use(group, id)).map(|(_, group)| group).collect();
        if let Some(link) = link {
            let this = self.clone();
            blocking(move || groups.iter().filter(|group| this.groups.kill_at_once(group)).count()).await?;
            // It answers and ends when its containers have.
            let _ = link.call(Request::Quit, &[], END).await;
            let mut gone = sandbox.gone.subscribe();
            if tokio::time::timeout(END, gone.wait_for(|gone| *gone)).await.is_err() {
                (self.config.log)(&format!("sandbox {} does not end, killing it", id.0));
            }
        }
        let this = self.clone();
        blocking(move || this.kill_sandbox(&sandbox)).await?
    }

    /// Whether another sandbox uses the group of this one's pod: an earlier or later attempt of the same pod.
    fn shares_group(&self, sandbox: &Sandbox) -> bool {
        let all = self.sandboxes.lock();
        all.values().any(|other| other.record.config.id != sandbox.record.config.id && other.group() == sandbox.group())
    }

    /// Whether a container other than this one uses a group.
    pub(super) fn group_in_use(&self, group: &str, except: &ContainerId) -> bool {
        let all: Vec<Arc<Sandbox>> = self.sandboxes.lock().values().cloned().collect();
        all.iter().any(|sandbox| {
            let changing = sandbox.changing.lock();
            changing
                .containers
                .iter()
                .any(|(id, container)| id != except && container.group == group && !container.is_over())
        })
    }

    /// Groups that only this sandbox uses.
    fn own_groups(&self, sandbox: &Sandbox) -> Vec<String> {
        if !self.shares_group(sandbox) {
            return vec![sandbox.group().to_owned()];
        }
        let containers: Vec<(ContainerId, String)> = {
            let changing = sandbox.changing.lock();
            changing.containers.iter().map(|(id, container)| (id.clone(), container.group.clone())).collect()
        };
        containers.into_iter().filter(|(id, group)| !self.group_in_use(group, id)).map(|(_, group)| group).collect()
    }

    /// Ends every process of a sandbox, and waits for it.
    pub(super) fn kill_sandbox(&self, sandbox: &Sandbox) -> Result<()> {
        let (pid, there) = {
            let changing = sandbox.changing.lock();
            (changing.pid, changing.link.is_some())
        };
        if let (true, Some(pid)) = (there, rustix::process::Pid::from_raw(pid)) {
            // Only while its connection is open: afterwards the number may be somebody else's.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        let group = sandbox.group();
        self.ending.send_modify(|groups| *groups.entry(group.to_owned()).or_default() += 1);
        let kill = |group: &String| self.groups.kill(group).map_err(host("ending a sandbox"));
        let result = self.own_groups(sandbox).iter().try_for_each(kill);
        self.ending.send_modify(|groups| {
            if let Some(by) = groups.get_mut(group) {
                *by -= 1;
                if *by == 0 {
                    groups.remove(group);
                }
            }
        });
        result
    }

    /// Removes a sandbox from the host; what takes long goes on in the background.
    pub(super) async fn remove_sandbox(self: &Arc<Self>, id: &SandboxId) -> Result<()> {
        let Ok(sandbox) = self.sandbox(id) else { return Ok(()) };
        if sandbox.changing.lock().link.is_some() {
            self.stop_sandbox(id).await?;
        }
        self.sandboxes.lock().remove(id);
        let grave = self.bury(&sandbox.paths.state)?;
        let this = self.clone();
        tokio::task::spawn_blocking(move || {
            let _ = std::fs::remove_dir_all(grave);
            this.sweep(&sandbox);
        });
        Ok(())
    }

    /// Takes a directory out of sight at once; what is in the trash is removed later, at the latest by the next agent.
    pub(super) fn bury(&self, directory: &std::path::Path) -> Result<PathBuf> {
        let name = directory.file_name().unwrap_or_default().to_string_lossy();
        let grave = self.config.trash().join(format!("{name}-{}", now_ns()));
        match std::fs::rename(directory, &grave) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(host(format!("removing {}", directory.display()))(error))
            }
            _ => Ok(grave),
        }
    }

    /// Mounts, directories and groups of a sandbox that is over.
    fn sweep(&self, sandbox: &Sandbox) {
        let say = |error: &dyn std::fmt::Display| {
            (self.config.log)(&format!("sweeping {}: {error}", sandbox.record.config.id.0))
        };
        if let Err(error) = self.kill_sandbox(sandbox) {
            say(&error);
        }
        if let Err(error) = sys::mount::detach(&sandbox.paths.shm()) {
            say(&error);
        }
        for directory in [&sandbox.paths.run, &sandbox.paths.state] {
            match std::fs::remove_dir_all(directory) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => say(&error),
                _ => {}
            }
        }
        for group in self.own_groups(sandbox) {
            if let Err(error) = self.groups.remove(&group) {
                say(&error);
            }
        }
    }
}
