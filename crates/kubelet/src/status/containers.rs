//! Statuses of containers.

use cri::runtime::ContainerPhase;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    api::core::v1::{
        Container, ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting,
        ContainerStatus, ContainerUser, VolumeMountStatus,
    },
    apimachinery::pkg::apis::meta::v1::Time,
};

use super::{Input, has_started};
use crate::{
    pods::{
        spec::{self, Role},
        view::{Instance, annotation, time_of},
    },
    probes::{Kind, Verdict},
};

/// Of the init containers, in the order of the specification.
pub(super) fn init(input: &Input<'_>) -> Vec<ContainerStatus> {
    let old = input.old.init_container_statuses.as_deref().unwrap_or_default();
    spec::init_containers(input.pod)
        .iter()
        .map(|container| {
            one(input, container, if spec::is_sidecar(container) { Role::Sidecar } else { Role::Init }, old)
        })
        .collect()
}

/// Of the main containers, by name.
pub(super) fn main(input: &Input<'_>) -> Vec<ContainerStatus> {
    let old = input.old.container_statuses.as_deref().unwrap_or_default();
    let mut all: Vec<_> =
        spec::spec(input.pod).containers.iter().map(|container| one(input, container, Role::Main, old)).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// Of the ephemeral containers, by name.
pub(super) fn ephemeral(input: &Input<'_>) -> Vec<ContainerStatus> {
    let old = input.old.ephemeral_container_statuses.as_deref().unwrap_or_default();
    let mut all: Vec<_> = spec::ephemeral_containers(input.pod)
        .iter()
        .map(|container| one(input, &spec::ephemeral_as_container(container), Role::Ephemeral, old))
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn one(input: &Input<'_>, container: &Container, role: Role, old: &[ContainerStatus]) -> ContainerStatus {
    let old = old.iter().find(|status| status.name == container.name);
    let mut instances = input.view.containers.iter().filter(|instance| instance.state.name == container.name);
    let (newest, before) = (instances.next(), instances.next());
    let mut status = match newest {
        Some(instance) => known(input, container, instance, before, old),
        None => unknown(input, container, role, old),
    };
    explain(input, container, role, newest, &mut status);
    status.volume_mounts = volume_mounts(container);
    readiness(input, container, role, newest, old, &mut status);
    status
}

/// The state before anything of the container exists.
fn unknown(input: &Input<'_>, container: &Container, role: Role, old: Option<&ContainerStatus>) -> ContainerStatus {
    let mut status = blank(input, container);
    let Some(old) = old else {
        return infer_init(input, role, status);
    };
    let old_state = old.state.as_ref();
    if old_state.is_some_and(|state| state.terminated.is_some()) {
        return old.clone();
    }
    status.restart_count = old.restart_count;
    status.last_state = old.last_state.clone();
    let had_end = status.last_state.as_ref().is_some_and(|state| state.terminated.is_some());
    if old_state.is_some_and(|state| state.running.is_some()) && !had_end {
        // It ran, and its record is gone (the machine was restarted): stopped, with an unknown exit code.
        status.last_state = Some(ContainerState {
            terminated: Some(ContainerStateTerminated {
                reason: Some("ContainerStatusUnknown".into()),
                message: Some(
                    "The container could not be located when the pod was deleted.  The container used to be Running"
                        .into(),
                ),
                exit_code: 137,
                ..ContainerStateTerminated::default()
            }),
            ..ContainerState::default()
        });
        if !spec::is_deleted(input.pod) {
            status.restart_count += 1;
        }
    }
    infer_init(input, role, status)
}

/// Main containers exist: an init container without a record must have succeeded.
fn infer_init(input: &Input<'_>, role: Role, mut status: ContainerStatus) -> ContainerStatus {
    let main_began =
        || spec::spec(input.pod).containers.iter().any(|container| input.view.latest(&container.name).is_some());
    if role == Role::Init && main_began() {
        status.state = Some(ContainerState {
            terminated: Some(ContainerStateTerminated {
                reason: Some("Completed".into()),
                message: Some("Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally".into()),
                ..ContainerStateTerminated::default()
            }),
            ..ContainerState::default()
        });
    }
    status
}

fn blank(input: &Input<'_>, container: &Container) -> ContainerStatus {
    let reason = if spec::init_containers(input.pod).is_empty() { "ContainerCreating" } else { "PodInitializing" };
    ContainerStatus {
        name: container.name.clone(),
        image: container.image.clone().unwrap_or_default(),
        state: Some(waiting(reason, "")),
        ..ContainerStatus::default()
    }
}

pub(crate) fn waiting(reason: &str, message: &str) -> ContainerState {
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    ContainerState {
        waiting: Some(ContainerStateWaiting { reason: filled(reason), message: filled(message) }),
        ..ContainerState::default()
    }
}

fn known(
    input: &Input<'_>,
    container: &Container,
    instance: &Instance,
    before: Option<&Instance>,
    old: Option<&ContainerStatus>,
) -> ContainerStatus {
    if instance.in_post_start {
        // Not reported as running before its postStart hook ended.
        let mut status = blank(input, container);
        status.restart_count = i32::try_from(instance.restart_count()).unwrap_or(i32::MAX);
        status.last_state = before.map(|earlier| state_of(input, earlier));
        return status;
    }
    let note = |key: &str| instance.state.annotations.get(key).cloned();
    let id = format!("podium://{}", instance.id().0);
    let mut status = ContainerStatus {
        name: container.name.clone(),
        image: note(annotation::IMAGE_NAME).unwrap_or_else(|| instance.state.image.clone()),
        image_id: note(annotation::IMAGE_ID).unwrap_or_default(),
        restart_count: i32::try_from(instance.restart_count()).unwrap_or(i32::MAX),
        state: Some(state_of(input, instance)),
        resources: container.resources.clone(),
        allocated_resources: container.resources.as_ref().and_then(|resources| resources.requests.clone()),
        user: note(annotation::USER).and_then(|text| serde_json::from_str::<ContainerUser>(&text).ok()),
        container_id: Some(id.clone()),
        ..ContainerStatus::default()
    };
    if let Some(old) = old {
        status.restart_count = status.restart_count.max(old.restart_count);
        status.last_state = match &old.state {
            Some(ContainerState { terminated: Some(end), .. }) if old.container_id.as_deref() != Some(id.as_str()) => {
                Some(ContainerState { terminated: Some(end.clone()), ..ContainerState::default() })
            }
            _ => old.last_state.clone(),
        };
    }
    if let Some(earlier) = before {
        status.last_state = Some(state_of(input, earlier));
    }
    status
}

/// The state of an instance by itself.
fn state_of(input: &Input<'_>, instance: &Instance) -> ContainerState {
    let time = |nanoseconds: i64| Some(Time(time_of(nanoseconds)));
    match &instance.state.phase {
        ContainerPhase::Created => waiting("", ""),
        ContainerPhase::Running { started_at_ns, .. } => ContainerState {
            running: Some(ContainerStateRunning { started_at: time(*started_at_ns) }),
            ..ContainerState::default()
        },
        ContainerPhase::Exited(exit) => ContainerState {
            terminated: Some(ContainerStateTerminated {
                exit_code: exit.code,
                reason: Some(instance.reason().to_owned()),
                message: truncated(input, &instance.message),
                started_at: time(exit.started_at_ns),
                finished_at: time(exit.finished_at_ns),
                container_id: Some(format!("podium://{}", instance.id().0)),
                signal: None,
            }),
            ..ContainerState::default()
        },
    }
}

/// All messages of a pod together stay below 12 KiB.
fn truncated(input: &Input<'_>, message: &str) -> Option<String> {
    let spec = spec::spec(input.pod);
    let count =
        spec.containers.len() + spec::init_containers(input.pod).len() + spec::ephemeral_containers(input.pod).len();
    let most = 12 * 1024 / count.max(1);
    let mut end = message.len().min(most);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    (end > 0).then(|| message[..end].to_owned())
}

/// A container that is to be started says what it waits for.
fn explain(
    input: &Input<'_>,
    container: &Container,
    role: Role,
    newest: Option<&Instance>,
    status: &mut ContainerStatus,
) {
    if newest.is_some_and(Instance::is_running) || spec::is_deleted(input.pod) && newest.is_some() {
        return;
    }
    if let Some(exit) = newest.and_then(Instance::exit) {
        if role == Role::Init && exit.code == 0 {
            return;
        }
        if !spec::restarts(input.pod, container, exit.code) {
            return;
        }
    }
    let Some(reason) = input.waiting.get(&container.name) else {
        return;
    };
    if input.ended && newest.is_some() {
        return;
    }
    if status.state.as_ref().is_some_and(|state| state.terminated.is_some()) {
        status.last_state = status.state.take();
    }
    status.state = Some(waiting(&reason.reason, &reason.message));
}

fn readiness(
    input: &Input<'_>,
    container: &Container,
    role: Role,
    newest: Option<&Instance>,
    old: Option<&ContainerStatus>,
    status: &mut ContainerStatus,
) {
    let is_running = status.state.as_ref().is_some_and(|state| state.running.is_some());
    let Some(instance) = newest.filter(|_| is_running) else {
        status.started = Some(false);
        status.ready = role == Role::Init
            && status.state.as_ref().and_then(|state| state.terminated.as_ref()).is_some_and(|end| end.exit_code == 0);
        return;
    };
    let same = old.filter(|old| old.container_id == status.container_id);
    let started = has_started(input, container, instance, same.is_some_and(|old| old.started == Some(true)));
    status.started = Some(started);
    status.ready = match role {
        Role::Init => false,
        Role::Ephemeral => false,
        Role::Main | Role::Sidecar => {
            started
                && match (input.probes)(instance.id(), Kind::Readiness) {
                    Some(verdict) => verdict == Verdict::Success,
                    None => {
                        container.readiness_probe.is_none()
                            || (ran_before(input, instance) && same.is_some_and(|old| old.ready))
                    }
                }
        }
    };
}

/// It was running before this agent started.
fn ran_before(input: &Input<'_>, instance: &Instance) -> bool {
    match instance.state.phase {
        ContainerPhase::Running { started_at_ns, .. } => time_of(started_at_ns) < earlier(input.agent_start),
        ContainerPhase::Created | ContainerPhase::Exited(_) => false,
    }
}

fn earlier(agent_start: Timestamp) -> Timestamp {
    agent_start.checked_sub(SignedDuration::from_millis(1)).unwrap_or(agent_start)
}

fn volume_mounts(container: &Container) -> Option<Vec<VolumeMountStatus>> {
    let mounts = container.volume_mounts.as_deref().filter(|mounts| !mounts.is_empty())?;
    Some(
        mounts
            .iter()
            .map(|mount| {
                let read_only = mount.read_only == Some(true);
                let recursive = matches!(mount.recursive_read_only.as_deref(), Some("Enabled" | "IfPossible"));
                VolumeMountStatus {
                    name: mount.name.clone(),
                    mount_path: mount.mount_path.clone(),
                    read_only: read_only.then_some(true),
                    recursive_read_only: read_only.then(|| if recursive { "Enabled" } else { "Disabled" }.to_owned()),
                    ..VolumeMountStatus::default()
                }
            })
            .collect(),
    )
}
