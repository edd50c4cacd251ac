//! A container runtime without containers: it remembers what was asked, and tests decide what happens. It outlives the
//! kubelet, as the real one does: a second kubelet finds what the first one left.

mod port;
mod script;

use std::{
    collections::{BTreeMap, VecDeque},
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
        ContainerConfig, ContainerId, ContainerPhase, ContainerState, Exit, RuntimeEvent, SandboxId, SandboxState,
    },
};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};

pub use self::script::{Script, Step};
use crate::life::Life;

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
    configs: BTreeMap<ContainerId, (ContainerConfig, Behaviour)>,
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
    script: Option<Arc<dyn Script>>,
    life: Option<Life>,
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
            script: None,
            life: None,
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

    /// The same runtime, in which a script decides; calls are then not recorded.
    #[must_use]
    pub fn scripted(self, script: Arc<dyn Script>) -> Self {
        Self { script: Some(script), ..self }
    }

    /// The same runtime as one life of a kubelet sees it: after that, calls have no effect and no answer.
    #[must_use]
    pub fn during(&self, life: &Life) -> Self {
        Self { life: Some(life.clone()), ..self.clone() }
    }

    /// The machine loses power: nothing runs, nothing is remembered.
    pub fn lose_power(&self) {
        let lost = std::mem::take(&mut self.inner.lock().sandboxes);
        let Some(script) = &self.script else { return };
        for sandbox in &lost {
            let running = |state: &&ContainerState| matches!(state.phase, ContainerPhase::Running { .. });
            for state in sandbox.state.containers.iter().filter(running) {
                if let Some((config, _)) = sandbox.configs.get(&state.id) {
                    script.ended(&sandbox.state.config, config, 255);
                }
            }
        }
    }

    /// The pods that have a living sandbox, by UID, with the names of the containers that run.
    #[must_use]
    pub fn pods(&self) -> Vec<(String, Vec<String>)> {
        let inner = self.inner.lock();
        let living = inner.sandboxes.iter().filter(|sandbox| sandbox.state.ready);
        let running = |state: &&ContainerState| matches!(state.phase, ContainerPhase::Running { .. });
        living
            .map(|sandbox| {
                let names = sandbox.state.containers.iter().filter(running).map(|state| state.name.clone());
                (sandbox.state.config.pod_uid.clone(), names.collect())
            })
            .collect()
    }

    fn is_over(&self) -> bool {
        self.life.as_ref().is_some_and(Life::is_over)
    }

    /// An answer, or none when who asked lives no more.
    fn answer<T: Send + 'static>(&self, result: Result<T>) -> Future_<'static, Result<T>> {
        if self.is_over() { Box::pin(std::future::pending()) } else { Box::pin(std::future::ready(result)) }
    }

    async fn pace(&self, step: Step) {
        if let Some(script) = &self.script {
            tokio::time::sleep(script.delay(step)).await;
        }
        if let Some(life) = &self.life {
            life.holds().await;
        }
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
            .flat_map(|sandbox| sandbox.configs.values().map(|(config, _)| config))
            .filter(|config| config.name == container)
            .max_by_key(|config| config.attempt)
            .cloned()
    }

    fn now(&self) -> i64 {
        let Some(clock) = &self.clock else { return self.counter.fetch_add(1_000_000, Ordering::Relaxed) };
        i64::try_from(clock.now().as_nanosecond()).unwrap_or(i64::MAX)
    }

    fn note(&self, inner: &mut Inner, call: Call) {
        if self.script.is_none() {
            inner.calls.push(call);
        }
        self.changed.notify_waiters();
    }

    fn end(&self, sandbox: &SandboxId, id: &ContainerId, code: i32, signal: i32) {
        let now = self.now();
        let (exit, sender) = {
            let mut inner = self.inner.lock();
            let sender = inner.sender.clone();
            let Some(known) = inner.sandboxes.iter_mut().find(|known| known.configs.contains_key(id)) else { return };
            let Some(state) = known.state.containers.iter_mut().find(|state| &state.id == id) else { return };
            let ContainerPhase::Running { started_at_ns, .. } = state.phase else { return };
            let exit = Exit { started_at_ns, finished_at_ns: now, code, signal, oom_killed: false, unknown: false };
            state.phase = ContainerPhase::Exited(exit.clone());
            if let (Some(script), Some((config, _))) = (&self.script, known.configs.get(id)) {
                script.ended(&known.state.config, config, code);
            }
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
            _ if self.script.is_some() => self.script.as_ref().map_or(Behaviour::Run, |s| s.behaviour(config)),
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
        known.configs.insert(config.id.clone(), (config.clone(), behaviour.clone()));
        if let (Some(script), ContainerPhase::Running { .. }) = (&self.script, &state.phase) {
            script.started(&known.state.config, config);
        }
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
