//! What the kubelet asks of the runtime.

use std::{collections::BTreeMap, os::fd::OwnedFd, sync::atomic::Ordering};

use cri::{
    Error, Future_, Result,
    runtime::{
        ContainerConfig, ContainerId, ContainerPhase, ContainerState, ExecConfig, Resources, Runtime, RuntimeEvent,
        SandboxConfig, SandboxId, SandboxState, Stats, Streams,
    },
};
use tokio::sync::{mpsc, oneshot};

use super::{Behaviour, Call, FakeRuntime, Sandbox, Step};

/// Exits that wait for the kubelet.
const EVENTS: usize = 1024;

impl Runtime for FakeRuntime {
    fn version(&self) -> String {
        "podium://fake".into()
    }

    fn run_sandbox<'a>(&'a self, config: &'a SandboxConfig) -> Future_<'a, Result<i32>> {
        Box::pin(async move {
            self.pace(Step::Sandbox).await;
            let (now, pid) = (self.now(), self.pid.fetch_add(1, Ordering::Relaxed));
            let mut inner = self.inner.lock();
            self.note(&mut inner, Call::RunSandbox(config.pod_name.clone()));
            let state =
                SandboxState { config: config.clone(), ready: true, created_at_ns: now, pid, containers: Vec::new() };
            inner.sandboxes.push(Sandbox { state, configs: BTreeMap::new() });
            Ok(pid)
        })
    }

    fn stop_sandbox<'a>(&'a self, id: &'a SandboxId) -> Future_<'a, Result<()>> {
        if self.is_over() {
            return self.answer(Ok(()));
        }
        let running: Vec<ContainerId> = {
            let mut inner = self.inner.lock();
            let pod = Self::pod_of(&inner, id);
            self.note(&mut inner, Call::StopSandbox(pod));
            let Some(known) = inner.sandboxes.iter_mut().find(|known| &known.state.config.id == id) else {
                return Box::pin(std::future::ready(Ok(())));
            };
            known.state.ready = false;
            known
                .state
                .containers
                .iter()
                .filter(|state| matches!(state.phase, ContainerPhase::Running { .. }))
                .map(|state| state.id.clone())
                .collect()
        };
        for container in running {
            self.end(id, &container, 137, 9);
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn remove_sandbox<'a>(&'a self, id: &'a SandboxId) -> Future_<'a, Result<()>> {
        if self.is_over() {
            return self.answer(Ok(()));
        }
        let mut inner = self.inner.lock();
        let pod = Self::pod_of(&inner, id);
        self.note(&mut inner, Call::RemoveSandbox(pod));
        inner.sandboxes.retain(|known| &known.state.config.id != id);
        drop(inner);
        Box::pin(std::future::ready(Ok(())))
    }

    fn list(&self) -> Future_<'_, Result<Vec<SandboxState>>> {
        self.answer(Ok(self.inner.lock().sandboxes.iter().map(|sandbox| sandbox.state.clone()).collect()))
    }

    fn start_container<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        config: &'a ContainerConfig,
    ) -> Future_<'a, Result<ContainerState>> {
        Box::pin(async move {
            self.pace(Step::Start).await;
            self.start(sandbox, config)
        })
    }

    fn signal_container<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        id: &'a ContainerId,
        signal: &'a str,
    ) -> Future_<'a, Result<()>> {
        if self.is_over() {
            return self.answer(Ok(()));
        }
        let ignores = {
            let mut inner = self.inner.lock();
            let name = Self::name_of(&inner, id);
            self.note(&mut inner, Call::Signal(name, signal.to_owned()));
            let of = inner.sandboxes.iter().find_map(|sandbox| sandbox.configs.get(id));
            of.is_some_and(|(_, behaviour)| *behaviour == Behaviour::Ignore)
        };
        match &self.script {
            _ if ignores => {}
            Some(script) => self.end_later(sandbox, id, script.delay(Step::Stop), 143),
            None => self.end(sandbox, id, 143, 15),
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn kill_container<'a>(&'a self, sandbox: &'a SandboxId, id: &'a ContainerId) -> Future_<'a, Result<()>> {
        if self.is_over() {
            return self.answer(Ok(()));
        }
        {
            let mut inner = self.inner.lock();
            let name = Self::name_of(&inner, id);
            self.note(&mut inner, Call::Kill(name));
        }
        self.end(sandbox, id, 137, 9);
        Box::pin(std::future::ready(Ok(())))
    }

    fn remove_container<'a>(&'a self, _: &'a SandboxId, id: &'a ContainerId) -> Future_<'a, Result<()>> {
        if self.is_over() {
            return self.answer(Ok(()));
        }
        let mut inner = self.inner.lock();
        let name = Self::name_of(&inner, id);
        self.note(&mut inner, Call::Remove(name));
        for known in &mut inner.sandboxes {
            known.state.containers.retain(|state| &state.id != id);
            known.configs.remove(id);
        }
        drop(inner);
        Box::pin(std::future::ready(Ok(())))
    }

    fn update_resources<'a>(
        &'a self,
        _: &'a SandboxId,
        _: &'a ContainerId,
        _: &'a Resources,
    ) -> Future_<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn exec<'a>(
        &'a self,
        _: &'a SandboxId,
        id: &'a ContainerId,
        config: &'a ExecConfig,
    ) -> Future_<'a, Result<Streams>> {
        let mut inner = self.inner.lock();
        let name = Self::name_of(&inner, id);
        self.note(&mut inner, Call::Exec(name, config.args.clone()));
        let told = config.args.first().and_then(|word| inner.exec_codes.get(word)).copied().unwrap_or(0);
        let container = inner.sandboxes.iter().find_map(|sandbox| sandbox.configs.get(id)).map(|(config, _)| config);
        let code = match (&self.script, container) {
            (Some(script), Some(container)) => script.exec(container, &config.args),
            _ => told,
        };
        drop(inner);
        let (sender, exit) = oneshot::channel();
        let _ = sender.send(Ok(code));
        Box::pin(std::future::ready(Ok(Streams {
            stdin: None,
            stdout: None,
            stderr: None,
            terminal: None,
            exit,
            kill: None,
        })))
    }

    fn attach<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        id: &'a ContainerId,
        config: &'a ExecConfig,
    ) -> Future_<'a, Result<Streams>> {
        self.exec(sandbox, id, config)
    }

    fn resize(&self, _: &OwnedFd, _: u16, _: u16) -> Result<()> {
        Ok(())
    }

    fn connect<'a>(&'a self, _: &'a SandboxId, port: u16) -> Future_<'a, Result<std::net::TcpStream>> {
        let refused = Error::Host { tried: format!("connect to port {port}"), reason: "connection refused".into() };
        Box::pin(std::future::ready(Err(refused)))
    }

    fn reopen_log<'a>(&'a self, _: &'a SandboxId, _: &'a ContainerId) -> Future_<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn container_stats<'a>(&'a self, _: &'a SandboxId, _: &'a ContainerId) -> Future_<'a, Result<Stats>> {
        Box::pin(std::future::ready(Ok(Stats::default())))
    }

    fn sandbox_stats<'a>(&'a self, _: &'a SandboxId) -> Future_<'a, Result<Stats>> {
        Box::pin(std::future::ready(Ok(Stats::default())))
    }

    fn events(&self) -> mpsc::Receiver<RuntimeEvent> {
        // A restarted kubelet takes the place of the one before.
        let (sender, receiver) = mpsc::channel(EVENTS);
        self.inner.lock().sender = Some(sender);
        receiver
    }
}
