//! The port, in terms of what the other files do.

use std::os::fd::OwnedFd;

use cri::{
    Future_, Result,
    runtime::{
        ContainerConfig, ContainerId, ContainerState, ExecConfig, Resources, Runtime, RuntimeEvent, SandboxConfig,
        SandboxId, SandboxState, Stats, Streams,
    },
};
use rustix::termios::Winsize;
use tokio::sync::mpsc;

use crate::agent::{PodiumRuntime, host};

impl Runtime for PodiumRuntime {
    fn version(&self) -> String {
        format!("podium://{}", self.inner.config.version)
    }

    fn run_sandbox<'a>(&'a self, config: &'a SandboxConfig) -> Future_<'a, Result<i32>> {
        Box::pin(self.inner.run_sandbox(config))
    }

    fn stop_sandbox<'a>(&'a self, id: &'a SandboxId) -> Future_<'a, Result<()>> {
        Box::pin(self.inner.stop_sandbox(id))
    }

    fn remove_sandbox<'a>(&'a self, id: &'a SandboxId) -> Future_<'a, Result<()>> {
        Box::pin(self.inner.remove_sandbox(id))
    }

    fn list(&self) -> Future_<'_, Result<Vec<SandboxState>>> {
        Box::pin(std::future::ready(Ok(self.inner.list())))
    }

    fn start_container<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        config: &'a ContainerConfig,
    ) -> Future_<'a, Result<ContainerState>> {
        Box::pin(self.inner.start_container(sandbox, config))
    }

    fn signal_container<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        id: &'a ContainerId,
        signal: &'a str,
    ) -> Future_<'a, Result<()>> {
        Box::pin(self.inner.signal_container(sandbox, id, signal))
    }

    fn kill_container<'a>(&'a self, sandbox: &'a SandboxId, id: &'a ContainerId) -> Future_<'a, Result<()>> {
        Box::pin(self.inner.kill_container(sandbox, id))
    }

    fn remove_container<'a>(&'a self, sandbox: &'a SandboxId, id: &'a ContainerId) -> Future_<'a, Result<()>> {
        Box::pin(self.inner.remove_container(sandbox, id))
    }

    fn update_resources<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        id: &'a ContainerId,
        resources: &'a Resources,
    ) -> Future_<'a, Result<()>> {
        Box::pin(self.inner.update_resources(sandbox, id, resources))
    }

    fn exec<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        id: &'a ContainerId,
        config: &'a ExecConfig,
    ) -> Future_<'a, Result<Streams>> {
        Box::pin(self.inner.exec(sandbox, id, config))
    }

    fn attach<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        id: &'a ContainerId,
        config: &'a ExecConfig,
    ) -> Future_<'a, Result<Streams>> {
        Box::pin(self.inner.attach(sandbox, id, config))
    }

    fn resize(&self, terminal: &OwnedFd, columns: u16, rows: u16) -> Result<()> {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(terminal, size).map_err(host("resizing a terminal"))
    }

    fn connect<'a>(&'a self, sandbox: &'a SandboxId, port: u16) -> Future_<'a, Result<std::net::TcpStream>> {
        Box::pin(self.inner.connect(sandbox, port))
    }

    fn reopen_log<'a>(&'a self, sandbox: &'a SandboxId, id: &'a ContainerId) -> Future_<'a, Result<()>> {
        Box::pin(self.inner.reopen_log(sandbox, id))
    }

    fn container_stats<'a>(&'a self, sandbox: &'a SandboxId, id: &'a ContainerId) -> Future_<'a, Result<Stats>> {
        Box::pin(self.inner.container_stats(sandbox, id))
    }

    fn sandbox_stats<'a>(&'a self, sandbox: &'a SandboxId) -> Future_<'a, Result<Stats>> {
        Box::pin(self.inner.sandbox_stats(sandbox))
    }

    fn events(&self) -> mpsc::Receiver<RuntimeEvent> {
        self.inner.events.stream()
    }
}
