//! The beginning and the end of a worker: what it knows from before, and what it leaves behind.

use cri::runtime::{ContainerId, ContainerPhase, ContainerState, Exit, SandboxId};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus};

use super::{
    message::Message,
    messages,
    plan::backoff_key,
    spec,
    view::{Instance, View, time_of},
    worker::{Stage, Worker},
};
use crate::{
    objects::Leases,
    probes::{Kind, Verdict},
    volumes::setup,
};

impl Worker {
    /// Takes over what the runtime and the API know of the pod from before.
    pub(super) fn recall(&mut self) {
        for instance in &mut self.view.containers {
            if let Some(exit) = instance.exit() {
                instance.start_failed = exit.started_at_ns == 0 && !exit.unknown;
                instance.message = messages::of(instance);
            }
        }
        let now = i64::try_from(self.context.env.now().as_nanosecond()).unwrap_or(0);
        let status = self.pod.status.clone().unwrap_or_default();
        let lists = [status.init_container_statuses, status.container_statuses, status.ephemeral_container_statuses];
        for known in lists.into_iter().flatten().flatten() {
            if known.container_id.is_some() {
                let restarts = u32::try_from(known.restart_count).unwrap_or(0) + 1;
                self.restarts.insert(known.name.clone(), restarts);
            }
            if self.view.latest(&known.name).is_none() {
                self.view.containers.extend(lost(&known, now));
            } else {
                self.recall_startup(&known);
            }
        }
        self.seed_backoff();
    }

    /// A container that had started stays started.
    fn recall_startup(&mut self, known: &ContainerStatus) {
        let Some(instance) = self.view.latest(&known.name).filter(|instance| instance.is_running()) else { return };
        let same = known.container_id.as_deref() == Some(format!("podium://{}", instance.id().0).as_str());
        if same && known.started == Some(true) {
            self.verdicts.insert((instance.id().clone(), Kind::Startup), Verdict::Success);
        }
    }

    /// Crash loops go on where they were, also that of a container that runs just now. Where the whole sandbox is gone it was
    /// ended on purpose, or the machine went down: that is nobody's failure.
    fn seed_backoff(&mut self) {
        if self.view.active().is_none() {
            return;
        }
        for container in spec::spec(&self.pod).containers.iter().chain(spec::init_containers(&self.pod)) {
            let Some(instance) = self.view.latest(&container.name) else { continue };
            let since = match &instance.state.phase {
                ContainerPhase::Running { started_at_ns, .. } => time_of(*started_at_ns),
                ContainerPhase::Exited(exit) => time_of(exit.finished_at_ns),
                ContainerPhase::Created => continue,
            };
            self.backoff.seed(&backoff_key(container), instance.restart_count(), since);
        }
    }

    /// Nothing runs any more: volumes go.
    pub(super) fn tear_down(&mut self) {
        if self.stage != Stage::No {
            return;
        }
        self.stage = Stage::TearingDown;
        self.stop_probes(&[Kind::Startup, Kind::Liveness, Kind::Readiness]);
        self.verdicts.clear();
        self.volumes.leases = std::sync::Arc::new(Leases::default());
        let (context, uid, mailbox) = (self.context.clone(), spec::uid(&self.pod).to_owned(), self.mailbox.clone());
        let env = context.env.clone();
        tokio::spawn(async move {
            let work = move || {
                if let Err(error) = setup::tear_down(&context, &uid) {
                    context.say(&format!("volumes of pod {uid}: {error}"));
                }
            };
            // Whatever became of it, the worker goes on.
            let _ = env.blocking(work).await;
            mailbox.push(Message::TornDown);
        });
    }

    /// After the end: the deletion that was asked for, and then the last traces.
    pub(super) fn leave(&mut self) {
        if self.stage != Stage::Finished {
            return;
        }
        if self.gone {
            self.remove_traces();
            self.done = true;
        } else if spec::is_deleted(&self.pod) && (self.report.is_settled() || self.report.orphaned) {
            self.report.delete(&self.context.client, &self.pod, &self.mailbox, self.context.env.now());
        }
    }

    fn remove_traces(&self) {
        let (context, pod) = (self.context.clone(), self.pod.clone());
        let sandboxes: Vec<SandboxId> = self.view.sandboxes.iter().map(|sandbox| sandbox.id.clone()).collect();
        let directory = self.directory.clone();
        context.puller.forget(&pod);
        tokio::spawn(async move {
            for id in &sandboxes {
                let _ = context.runtime.stop_sandbox(id).await;
                let _ = context.network.detach(id).await;
                if let Err(error) = context.runtime.remove_sandbox(id).await {
                    context.say(&format!("remove sandbox of pod {}: {error}", spec::full_name(&pod)));
                }
                directory.forget_sandbox(id);
            }
            let (dir, logs) = (context.config.pod_dir(spec::uid(&pod)), context.config.pod_logs(&pod));
            let work = move || {
                let _ = std::fs::remove_dir_all(dir);
                let _ = std::fs::remove_dir_all(logs);
            };
            let _ = context.env.blocking(work).await;
        });
    }
}

/// A container that the API knows and the runtime does not: the machine was restarted. It ended, nobody knows how.
fn lost(known: &ContainerStatus, now: i64) -> Option<Instance> {
    let id = known.container_id.as_deref()?.rsplit('/').next()?;
    let state = known.state.as_ref()?;
    let running = state.running.as_ref();
    let ended =
        state.terminated.as_ref().or_else(|| known.last_state.as_ref().and_then(|last| last.terminated.as_ref()));
    let exit = match (running, ended) {
        (Some(running), _) => Exit {
            started_at_ns: nanoseconds(running.started_at.as_ref()),
            finished_at_ns: now,
            code: 255,
            signal: 0,
            oom_killed: false,
            unknown: true,
        },
        (None, Some(end)) => exit_of(end),
        (None, None) => return None,
    };
    let annotations = [
        (super::view::annotation::RESTART_COUNT.to_owned(), known.restart_count.to_string()),
        (super::view::annotation::IMAGE_NAME.to_owned(), known.image.clone()),
        (super::view::annotation::IMAGE_ID.to_owned(), known.image_id.clone()),
    ];
    let mut instance = Instance::new(ContainerState {
        id: ContainerId(id.into()),
        sandbox: SandboxId("".into()),
        name: known.name.clone(),
        attempt: u32::try_from(known.restart_count).unwrap_or(0),
        image: known.image.clone(),
        created_at_ns: exit.started_at_ns,
        phase: ContainerPhase::Exited(exit),
        annotations: annotations.into(),
        log_path: std::path::PathBuf::new(),
    });
    instance.message = ended.filter(|_| running.is_none()).and_then(|end| end.message.clone()).unwrap_or_default();
    Some(instance)
}

fn nanoseconds(time: Option<&k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>) -> i64 {
    time.and_then(|time| i64::try_from(time.0.as_nanosecond()).ok()).unwrap_or(0)
}

fn exit_of(end: &ContainerStateTerminated) -> Exit {
    Exit {
        started_at_ns: nanoseconds(end.started_at.as_ref()),
        finished_at_ns: nanoseconds(end.finished_at.as_ref()),
        code: end.exit_code,
        signal: end.signal.unwrap_or(0),
        oom_killed: end.reason.as_deref() == Some("OOMKilled"),
        unknown: end.reason.as_deref() == Some("Unknown"),
    }
}

/// What the runtime has, by pod: newest first.
pub(super) fn views(
    list: Vec<cri::runtime::SandboxState>,
    ips: &std::collections::BTreeMap<SandboxId, Vec<std::net::IpAddr>>,
) -> std::collections::BTreeMap<String, View> {
    let mut out: std::collections::BTreeMap<String, View> = std::collections::BTreeMap::new();
    for state in list {
        let view = out.entry(state.config.pod_uid.clone()).or_default();
        view.containers.extend(state.containers.into_iter().map(Instance::new));
        view.sandboxes.push(super::view::Sandbox {
            ips: ips.get(&state.config.id).cloned().unwrap_or_default(),
            attempt: state.config.attempt,
            ready: state.ready,
            host_network: state.config.network == cri::runtime::NamespaceMode::Host,
            created_at_ns: state.created_at_ns,
            pid: state.pid,
            id: state.config.id,
        });
    }
    for view in out.values_mut() {
        view.containers.sort_by_key(|instance| std::cmp::Reverse(instance.state.created_at_ns));
        view.sandboxes.sort_by_key(|sandbox| std::cmp::Reverse(sandbox.created_at_ns));
    }
    out
}
