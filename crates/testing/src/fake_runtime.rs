//! A container runtime without containers: it remembers what was asked, and tests decide what happens. It outlives the
//! kubelet, as the real one does: a second kubelet finds what the first one left.

use std::{
    collections::{BTreeMap, VecDeque},
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicI32, AtomicI64, Ordering},
    },
    time::Duration,
};

use apimachinery::time::Clock;

use cri::{
    Error, Future_, Result,
    runtime::{
        ContainerConfig, ContainerId, ContainerPhase, ContainerState, ExecConfig, Exit, Resources, Runtime,
        RuntimeEvent, SandboxConfig, SandboxId, SandboxState, Stats, Streams,
    },
};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc, oneshot};

/// Exits that wait for the kubelet.
const EVENTS: usize = 1024;

/// What a container does once it is started, by its name or image.
#[derive(Debug, Clone, PartialEq)]
pub enum Behaviour {
    /// Runs until it is signalled.
    Run,
    /// Ends at once with this code.
    Exit(i32),
    /// Ends with this code after some time of tokio's clock.
    ExitAfter(Duration, i32),
    /// Cannot be started: message and code.
    FailToStart(String, i32),
    /// Runs and ignores every signal but a kill.
    Ignore,
}

/// What was asked of the runtime.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// A sandbox of this pod.
    RunSandbox(String),
    /// The sandbox of this pod ends.
    StopSandbox(String),
    /// The sandbox of this pod is forgotten.
    RemoveSandbox(String),
    /// A container by name and attempt.
    Start(String, u32),
    /// A signal to a container by name.
    Signal(String, String),
    /// A container by name is killed.
    Kill(String),
    /// A container by name is forgotten.
    Remove(String),
    /// A command in a container by name.
    Exec(String, Vec<String>),
}

struct Sandbox {
    state: SandboxState,
    configs: BTreeMap<ContainerId, ContainerConfig>,
}

struct Inner {
    sandboxes: Vec<Sandbox>,
    calls: Vec<Call>,
    behaviours: BTreeMap<String, VecDeque<Behaviour>>,
    exec_codes: BTreeMap<String, i32>,
    sender: Option<mpsc::Sender<RuntimeEvent>>,
}

/// The fake. A clone is the same runtime.
#[derive(Clone)]
pub struct FakeRuntime {
    inner: Arc<Mutex<Inner>>,
    changed: Arc<Notify>,
    pid: Arc<AtomicI32>,
    clock: Option<Arc<dyn Clock>>,
    counter: Arc<AtomicI64>,
}

impl Default for FakeRuntime {
    fn default() -> Self {
        let inner = Inner {
            sandboxes: Vec::new(),
            calls: Vec::new(),
            behaviours: BTreeMap::new(),
            exec_codes: BTreeMap::new(),
            sender: None,
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            changed: Arc::default(),
            pid: Arc::new(AtomicI32::new(1000)),
            clock: None,
            counter: Arc::new(AtomicI64::new(1_700_000_000_000_000_000)),
        }
    }
}

fn not_found(what: &'static str, name: &str) -> Error {
    Error::NotFound { what, name: name.to_owned() }
}

impl FakeRuntime {
    /// A runtime whose records carry the time of this clock; without one, time is a counter.
    #[must_use]
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), ..Self::default() }
    }

    /// Containers of this name, or else of this image, behave so, one after another; the last behaviour stays.
    pub fn behave(&self, container: &str, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.inner.lock().behaviours.insert(container.to_owned(), behaviours.into_iter().collect());
    }

    /// How often containers of this name were started, also in vain.
    #[must_use]
    pub fn starts(&self, container: &str) -> usize {
        self.inner.lock().calls.iter().filter(|call| matches!(call, Call::Start(name, _) if name == container)).count()
    }

    /// Commands that begin with this word end with this code (0 otherwise).
    pub fn exec_answers(&self, word: &str, code: i32) {
        self.inner.lock().exec_codes.insert(word.to_owned(), code);
    }

    /// How many sandboxes live.
    #[must_use]
    pub fn sandboxes(&self) -> usize {
        self.inner.lock().sandboxes.iter().filter(|sandbox| sandbox.state.ready).count()
    }

    /// Everything that was asked so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.inner.lock().calls.clone()
    }

    /// Waits until the calls satisfy a condition.
    pub async fn wait_for(&self, condition: impl Fn(&[Call]) -> bool) {
        loop {
            let changed = self.changed.notified();
            if condition(&self.inner.lock().calls) {
                return;
            }
            changed.await;
        }
    }

    /// The newest container of this name ends with this code.
    pub fn exit(&self, container: &str, code: i32) {
        let found = {
            let inner = self.inner.lock();
            inner
                .sandboxes
                .iter()
                .flat_map(|sandbox| &sandbox.state.containers)
                .rfind(|state| state.name == container && matches!(state.phase, ContainerPhase::Running { .. }))
                .map(|state| (state.sandbox.clone(), state.id.clone()))
        };
        if let Some((sandbox, id)) = found {
            self.end(&sandbox, &id, code, 0);
        }
    }

    /// The configuration with which the newest container of this name was started.
    #[must_use]
    pub fn config(&self, container: &str) -> Option<ContainerConfig> {
        self.inner
            .lock()
            .sandboxes
            .iter()
            .flat_map(|sandbox| sandbox.configs.values())
            .filter(|config| config.name == container)
            .max_by_key(|config| config.attempt)
            .cloned()
    }

    fn now(&self) -> i64 {
        let Some(clock) = &self.clock else { return self.counter.fetch_add(1_000_000, Ordering::Relaxed) };
        i64::try_from(clock.now().as_nanosecond()).unwrap_or(i64::MAX)
    }

    fn note(&self, inner: &mut Inner, call: Call) {
        inner.calls.push(call);
        self.changed.notify_waiters();
    }

    fn end(&self, sandbox: &SandboxId, id: &ContainerId, code: i32, signal: i32) {
        let now = self.now();
        let (exit, sender) = {
            let mut inner = self.inner.lock();
            let sender = inner.sender.clone();
            let Some(state) =
                inner.sandboxes.iter_mut().flat_map(|known| &mut known.state.containers).find(|state| &state.id == id)
            else {
                return;
            };
            let ContainerPhase::Running { started_at_ns, .. } = state.phase else { return };
            let exit = Exit { started_at_ns, finished_at_ns: now, code, signal, oom_killed: false, unknown: false };
            state.phase = ContainerPhase::Exited(exit.clone());
            (exit, sender)
        };
        let Some(sender) = sender else { return };
        let event = RuntimeEvent::ContainerExited(sandbox.clone(), id.clone(), exit);
        if let Err(mpsc::error::TrySendError::Full(event)) = sender.try_send(event) {
            // The kubelet is behind; one waiting task per exit, so bounded by the containers that ran.
            tokio::spawn(async move { sender.send(event).await });
        }
    }

    fn name_of(inner: &Inner, id: &ContainerId) -> String {
        inner
            .sandboxes
            .iter()
            .flat_map(|sandbox| &sandbox.state.containers)
            .find(|state| &state.id == id)
            .map(|state| state.name.clone())
            .unwrap_or_default()
    }

    fn pod_of(inner: &Inner, id: &SandboxId) -> String {
        inner
            .sandboxes
            .iter()
            .find(|sandbox| &sandbox.state.config.id == id)
            .map(|sandbox| sandbox.state.config.pod_name.clone())
            .unwrap_or_default()
    }

    fn start(&self, sandbox: &SandboxId, config: &ContainerConfig) -> Result<ContainerState> {
        let now = self.now();
        let mut inner = self.inner.lock();
        self.note(&mut inner, Call::Start(config.name.clone(), config.attempt));
        let scripted = if inner.behaviours.contains_key(&config.name) { &config.name } else { &config.image };
        let behaviour = match inner.behaviours.get_mut(scripted) {
            Some(queue) if queue.len() > 1 => queue.pop_front().unwrap_or(Behaviour::Run),
            Some(queue) => queue.front().cloned().unwrap_or(Behaviour::Run),
            None => Behaviour::Run,
        };
        let Some(known) =
            inner.sandboxes.iter_mut().find(|known| &known.state.config.id == sandbox && known.state.ready)
        else {
            return Err(not_found("sandbox", &sandbox.0));
        };
        let phase = match &behaviour {
            Behaviour::FailToStart(_, code) => ContainerPhase::Exited(Exit {
                started_at_ns: 0,
                finished_at_ns: now,
                code: *code,
                signal: 0,
                oom_killed: false,
                unknown: false,
            }),
            Behaviour::Run | Behaviour::Exit(_) | Behaviour::ExitAfter(..) | Behaviour::Ignore => {
                ContainerPhase::Running { started_at_ns: now, pid: self.pid.fetch_add(1, Ordering::Relaxed) }
            }
        };
        let state = ContainerState {
            id: config.id.clone(),
            sandbox: sandbox.clone(),
            name: config.name.clone(),
            attempt: config.attempt,
            image: config.image.clone(),
            created_at_ns: now,
            phase,
            annotations: config.annotations.clone(),
            log_path: config.log_path.clone(),
        };
        known.state.containers.push(state.clone());
        known.configs.insert(config.id.clone(), config.clone());
        drop(inner);
        match behaviour {
            Behaviour::FailToStart(message, exit_code) => return Err(Error::Start { message, exit_code }),
            Behaviour::Exit(code) => self.end(sandbox, &config.id, code, 0),
            Behaviour::ExitAfter(delay, code) => self.end_later(sandbox, &config.id, delay, code),
            Behaviour::Run | Behaviour::Ignore => {}
        }
        Ok(state)
    }

    fn end_later(&self, sandbox: &SandboxId, id: &ContainerId, delay: Duration, code: i32) {
        let (runtime, sandbox, id) = (self.clone(), sandbox.clone(), id.clone());
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            runtime.end(&sandbox, &id, code, 0);
        });
    }
}

impl Runtime for FakeRuntime {
    fn version(&self) -> String {
        "podium://fake".into()
    }

    fn run_sandbox<'a>(&'a self, config: &'a SandboxConfig) -> Future_<'a, Result<i32>> {
        let (now, pid) = (self.now(), self.pid.fetch_add(1, Ordering::Relaxed));
        let mut inner = self.inner.lock();
        self.note(&mut inner, Call::RunSandbox(config.pod_name.clone()));
        let state =
            SandboxState { config: config.clone(), ready: true, created_at_ns: now, pid, containers: Vec::new() };
        inner.sandboxes.push(Sandbox { state, configs: BTreeMap::new() });
        drop(inner);
        Box::pin(std::future::ready(Ok(pid)))
    }

    fn stop_sandbox<'a>(&'a self, id: &'a SandboxId) -> Future_<'a, Result<()>> {
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
        let mut inner = self.inner.lock();
        let pod = Self::pod_of(&inner, id);
        self.note(&mut inner, Call::RemoveSandbox(pod));
        inner.sandboxes.retain(|known| &known.state.config.id != id);
        drop(inner);
        Box::pin(std::future::ready(Ok(())))
    }

    fn list(&self) -> Future_<'_, Result<Vec<SandboxState>>> {
        let list = self.inner.lock().sandboxes.iter().map(|sandbox| sandbox.state.clone()).collect();
        Box::pin(std::future::ready(Ok(list)))
    }

    fn start_container<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        config: &'a ContainerConfig,
    ) -> Future_<'a, Result<ContainerState>> {
        Box::pin(std::future::ready(self.start(sandbox, config)))
    }

    fn signal_container<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        id: &'a ContainerId,
        signal: &'a str,
    ) -> Future_<'a, Result<()>> {
        let ignores = {
            let mut inner = self.inner.lock();
            let name = Self::name_of(&inner, id);
            self.note(&mut inner, Call::Signal(name.clone(), signal.to_owned()));
            inner.behaviours.get(&name).and_then(VecDeque::front) == Some(&Behaviour::Ignore)
        };
        if !ignores {
            self.end(sandbox, id, 143, 15);
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn kill_container<'a>(&'a self, sandbox: &'a SandboxId, id: &'a ContainerId) -> Future_<'a, Result<()>> {
        {
            let mut inner = self.inner.lock();
            let name = Self::name_of(&inner, id);
            self.note(&mut inner, Call::Kill(name));
        }
        self.end(sandbox, id, 137, 9);
        Box::pin(std::future::ready(Ok(())))
    }

    fn remove_container<'a>(&'a self, _: &'a SandboxId, id: &'a ContainerId) -> Future_<'a, Result<()>> {
        let mut inner = self.inner.lock();
        let name = Self::name_of(&inner, id);
        self.note(&mut inner, Call::Remove(name));
        for known in &mut inner.sandboxes {
            known.state.containers.retain(|state| &state.id != id);
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
        let code = config.args.first().and_then(|word| inner.exec_codes.get(word)).copied().unwrap_or(0);
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
