//! The worker of one pod: takes messages, thinks (plan), acts, reports. It never waits for anything but messages and
//! its next deadline; whatever takes time runs beside it and sends a message when done.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use client::events::Kind as EventKind;
use cri::runtime::{ContainerId, Exit};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Pod;
use tokio::{
    sync::watch,
    task::AbortHandle,
    time::{Duration, Instant, sleep_until},
};

use super::{
    backoff::Backoff,
    kill::Progress,
    manager::Directory,
    message::{Mailbox, Message},
    plan::{self, Busy, Ending, Mounts, Plan, Waiting},
    report::Report,
    spec,
    view::View,
};
use crate::{
    certificates::Certificates,
    context::Context,
    objects::{Leases, Snapshot},
    probes::{Kind, Verdict},
    status::Override,
    volumes::{self, token::Tokens},
};

/// Without a deadline of its own a worker sleeps this long; it is woken by messages.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// Volumes and what they are made from.
pub(super) struct Volumes {
    pub(super) state: Mounts,
    pub(super) map: Arc<volumes::Map>,
    pub(super) retry_at: Option<Timestamp>,
    pub(super) refresh_at: Option<Timestamp>,
    /// A refresh is under way.
    pub(super) refreshing: bool,
    /// Something changed while it was.
    pub(super) stale: bool,
    pub(super) leases: Arc<Leases>,
    pub(super) objects: Snapshot,
    /// Counts how often the objects were read.
    pub(super) generation: u64,
    pub(super) tokens: Arc<Tokens>,
    pub(super) certificates: Arc<Certificates>,
    pub(super) last_failure: String,
}

/// Where the pod is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is not.
    No,
    /// The last things are being taken away.
    TearingDown,
    /// Nothing runs, nothing is mounted; records are kept for `logs`.
    Finished,
}

/// State of one pod.
pub(crate) struct Worker {
    pub(super) context: Arc<Context>,
    pub(super) directory: Arc<Directory>,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) pod: Arc<Pod>,
    pub(super) view: View,
    pub(super) busy: BTreeMap<String, Busy>,
    /// Containers that are ended to be started anew (another image, a failed liveness probe).
    pub(super) replacing: BTreeSet<String>,
    pub(super) ends: BTreeMap<String, (ContainerId, watch::Sender<Progress>)>,
    pub(super) sandbox_busy: bool,
    pub(super) sandbox_retry_at: Option<Timestamp>,
    pub(super) sandbox_failures: u32,
    pub(super) volumes: Volumes,
    pub(super) waiting: BTreeMap<String, Waiting>,
    pub(super) retry_at: BTreeMap<String, Timestamp>,
    pub(super) backoff: Backoff,
    pub(super) verdicts: BTreeMap<(ContainerId, Kind), Verdict>,
    pub(super) probes: BTreeMap<(ContainerId, Kind), AbortHandle>,
    pub(super) early: BTreeMap<ContainerId, Exit>,
    pub(super) ending: Option<Ending>,
    pub(super) verdict: Option<Override>,
    pub(super) stage: Stage,
    /// The API has it no more.
    pub(super) gone: bool,
    pub(super) report: Report,
    pub(super) restarts: BTreeMap<String, u32>,
    pub(super) done: bool,
    /// It ends because the cluster stops.
    pub(super) halting: bool,
    pub(super) wake_at: Option<Timestamp>,
    pub(super) resources: BTreeMap<String, String>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        for (_, task) in std::mem::take(&mut self.probes) {
            task.abort();
        }
    }
}

impl Worker {
    pub(super) fn new(
        context: Arc<Context>,
        directory: Arc<Directory>,
        mailbox: Arc<Mailbox>,
        pod: Arc<Pod>,
        view: View,
    ) -> Self {
        let volumes = Volumes {
            state: Mounts::None,
            map: Arc::default(),
            retry_at: None,
            refresh_at: None,
            refreshing: false,
            stale: false,
            leases: Arc::default(),
            objects: Snapshot::default(),
            generation: 0,
            tokens: Arc::default(),
            certificates: Arc::default(),
            last_failure: String::new(),
        };
        let report = Report::new(&pod);
        Self {
            context,
            directory,
            mailbox,
            pod,
            view,
            busy: BTreeMap::new(),
            replacing: BTreeSet::new(),
            ends: BTreeMap::new(),
            sandbox_busy: false,
            sandbox_retry_at: None,
            sandbox_failures: 0,
            volumes,
            waiting: BTreeMap::new(),
            retry_at: BTreeMap::new(),
            backoff: Backoff::standard(),
            verdicts: BTreeMap::new(),
            probes: BTreeMap::new(),
            early: BTreeMap::new(),
            ending: None,
            verdict: None,
            stage: Stage::No,
            gone: false,
            report,
            restarts: BTreeMap::new(),
            done: false,
            halting: false,
            wake_at: None,
            resources: BTreeMap::new(),
        }
    }

    /// Runs until the pod is gone.
    pub(super) async fn run(mut self) {
        self.begin();
        loop {
            self.step();
            if self.done {
                break;
            }
            let deadline = self.deadline();
            let messages = tokio::select! {
                biased;
                messages = self.mailbox.take() => messages,
                () = sleep_until(deadline) => Vec::new(),
            };
            if messages.iter().any(|message| matches!(message, Message::Quit)) {
                return;
            }
            for message in messages {
                self.handle(message);
            }
        }
        self.directory.remove(spec::uid(&self.pod));
    }

    fn deadline(&self) -> Instant {
        let Some(at) = self.wake_at else { return Instant::now() + LONG };
        let wait = Duration::try_from(at.duration_since(self.context.env.now())).unwrap_or(Duration::ZERO);
        Instant::now() + wait.min(LONG)
    }

    /// Takes up a pod, new or known from before a restart of the agent.
    fn begin(&mut self) {
        self.recall();
        if spec::is_terminal_phase(spec::phase(&self.pod)) {
            self.start_ending(0);
        } else if spec::is_deleted(&self.pod) {
            self.start_ending(self.grace());
        } else if self.view.sandboxes.is_empty()
            && let Err(refused) = self.directory.admit(&self.context, &self.pod)
        {
            self.context.pod_event(&self.pod, EventKind::Warning, &refused.reason, &refused.message);
            self.verdict =
                Some(Override { message: format!("Pod was rejected: {}", refused.message), reason: refused.reason });
            self.start_ending(0);
        }
        if self.ending.is_none() {
            self.lease_objects();
            self.complete_sandbox();
        }
    }

    /// Seconds that the containers get when the pod is deleted now.
    pub(super) fn grace(&self) -> i64 {
        self.pod
            .metadata
            .deletion_grace_period_seconds
            .or(spec::spec(&self.pod).termination_grace_period_seconds)
            .unwrap_or(30)
            .max(0)
    }

    pub(super) fn start_ending(&mut self, grace_seconds: i64) {
        if self.ending.is_none() {
            self.ending = Some(Ending { since: self.context.env.now(), grace_seconds });
            self.stop_probes(&[Kind::Liveness, Kind::Startup]);
        }
    }

    /// Plan, act, report.
    fn step(&mut self) {
        self.check_deadline();
        let mut plan = self.plan();
        if plan.over && self.ending.is_none() {
            self.start_ending(spec::spec(&self.pod).termination_grace_period_seconds.unwrap_or(30));
            plan = self.plan();
        }
        self.note_backoffs(&plan);
        let mut wake = plan.wake_at;
        let mut sooner = |at: Option<Timestamp>| wake = [wake, at].into_iter().flatten().min();
        if self.stage == Stage::No && self.ending.is_none() {
            sooner(self.volumes.retry_at.or(self.volumes.refresh_at));
            sooner(self.active_until());
        }
        sooner(self.report.retry_at());
        self.wake_at = wake;
        for action in plan.actions {
            self.act(action);
        }
        self.renew_volumes();
        self.ensure_probes();
        self.replacing.retain(|name| self.busy.contains_key(name));
        if !self.is_between_two_lives() {
            self.report_status();
        }
        self.leave();
        self.directory.publish(&self.pod, &self.view);
    }

    /// A container was ended and its successor is being started. The kubelet does both in one go and tells nothing of
    /// the moment between: a pod that only gets another image stays ready.
    fn is_between_two_lives(&self) -> bool {
        self.ending.is_none()
            && self.replacing.iter().any(|name| self.view.latest(name).is_some_and(|last| last.exit().is_some()))
    }

    fn plan(&self) -> Plan {
        let probes = |id: &ContainerId, kind: Kind| self.verdicts.get(&(id.clone(), kind)).copied();
        plan::plan(&plan::Input {
            pod: &self.pod,
            view: &self.view,
            now: self.context.env.now(),
            busy: &self.busy,
            sandbox_busy: self.sandbox_busy,
            mounts: self.volumes.state,
            retry_at: &self.retry_at,
            sandbox_retry_at: self.sandbox_retry_at,
            backoff: &self.backoff,
            probes: &probes,
            ending: self.ending.as_ref(),
            finished: self.stage != Stage::No,
        })
    }

    fn active_until(&self) -> Option<Timestamp> {
        let seconds = spec::spec(&self.pod).active_deadline_seconds?;
        let start = self.report.current.start_time.as_ref().or(self.pod.status.as_ref()?.start_time.as_ref())?;
        start.0.checked_add(SignedDuration::from_secs(seconds)).ok()
    }

    fn check_deadline(&mut self) {
        if self.ending.is_none() && self.active_until().is_some_and(|until| self.context.env.now() >= until) {
            let message = "Pod was active on the node longer than the specified deadline";
            self.context.pod_event(&self.pod, EventKind::Normal, "DeadlineExceeded", message);
            self.verdict = Some(Override { reason: "DeadlineExceeded".into(), message: message.into() });
            self.start_ending(spec::spec(&self.pod).termination_grace_period_seconds.unwrap_or(30));
        }
    }

    /// Containers that wait for their back-off say so in status and events.
    fn note_backoffs(&mut self, plan: &Plan) {
        for (name, waiting) in &plan.backing_off {
            let known = self.waiting.insert(name.clone(), waiting.clone());
            if known.as_ref() != Some(waiting) {
                let text = format!("Back-off restarting failed container {name} in pod {}", spec::full_name(&self.pod));
                self.context.container_event(&self.pod, name, EventKind::Warning, "BackOff", &text);
            }
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Pod(pod) => self.on_pod(pod),
            Message::Gone => self.on_gone(),
            Message::Exited(id, exit) => self.on_exit(&id, exit),
            Message::SandboxGone(id) => self.on_sandbox_gone(&id),
            Message::SandboxUp(result) => self.on_sandbox_up(result),
            Message::Mounted(outcome, objects) => self.on_mounted(*outcome, objects),
            Message::Running(instance) => self.on_running(*instance),
            Message::Started(name, result) => self.on_started(&name, result),
            Message::Stopped(name) => {
                self.busy.remove(&name);
                self.ends.remove(&name);
            }
            Message::SandboxStopped(id, result) => self.on_sandbox_stopped(&id, result),
            Message::TornDown => self.stage = Stage::Finished,
            Message::Probe(id, kind, verdict) => self.on_probe(id, kind, verdict),
            Message::Written(result) => self.report.written(result, &self.pod, self.context.env.now()),
            Message::Deleted(result) => self.report.deleted(result, self.context.env.now()),
            Message::ObjectsChanged => self.on_objects_changed(),
            Message::Halt => self.on_halt(),
            Message::Quit => self.done = true,
        }
    }
}
