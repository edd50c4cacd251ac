//! What is to be done for a pod: a pure function from its specification, what runs, probe results and the time.
//!
//! Operations that are already under way come in as `busy`: the plan never asks for the same thing twice.

use std::collections::BTreeMap;

use cri::runtime::{ContainerId, SandboxId};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Container, Pod};

use super::{
    backoff::{Backoff, go_duration, waits},
    init,
    spec::{self, Role},
    view::{Instance, View},
};
use crate::probes::{Kind, Verdict};

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// Make the volumes and the pod's files.
    Mount,
    /// Start a sandbox (the `attempt`th).
    RunSandbox {
        attempt: u32,
        /// There was one before: tell so.
        changed: bool,
    },
    /// Pull the image if need be, make and start a container.
    Start { name: String, role: Role },
    /// End a container.
    Stop(Stop),
    /// End a sandbox and everything in it.
    StopSandbox { id: SandboxId },
    /// Forget an ended container.
    Remove { id: ContainerId },
    /// All is over: unmount, final status, and deletion when it was asked for.
    Finish,
}

/// How to end a container.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stop {
    pub(crate) id: ContainerId,
    pub(crate) name: String,
    /// Text of the event.
    pub(crate) message: String,
    pub(crate) grace_seconds: i64,
    pub(crate) run_pre_stop: bool,
}

/// What a container waits for, as its status shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) reason: String,
    pub(crate) message: String,
}

/// Why and how a pod ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ending {
    /// When the grace period began.
    pub(crate) since: Timestamp,
    /// Seconds that its containers get.
    pub(crate) grace_seconds: i64,
}

/// What is being done for a container at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Busy {
    /// Image, creation, start.
    Starting {
        /// Containers after it wait for its postStart hook.
        blocks: bool,
    },
    /// preStop, signal, grace period.
    Stopping,
}

/// State of the volumes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mounts {
    /// Not there.
    None,
    /// Being made, or waiting to be tried again.
    Busy,
    /// There.
    Ready,
}

/// Everything that the plan depends on.
pub(crate) struct Input<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) view: &'a View,
    pub(crate) now: Timestamp,
    pub(crate) busy: &'a BTreeMap<String, Busy>,
    pub(crate) sandbox_busy: bool,
    pub(crate) mounts: Mounts,
    /// Failed starts of containers are tried again at this time, not earlier.
    pub(crate) retry_at: &'a BTreeMap<String, Timestamp>,
    pub(crate) sandbox_retry_at: Option<Timestamp>,
    pub(crate) backoff: &'a Backoff,
    pub(crate) probes: &'a dyn Fn(&ContainerId, Kind) -> Option<Verdict>,
    pub(crate) ending: Option<&'a Ending>,
    /// It ended, and nothing is left to do but to wait for its deletion.
    pub(crate) finished: bool,
}

/// The plan.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Plan {
    pub(crate) actions: Vec<Action>,
    /// When to think again, if nothing happens before.
    pub(crate) wake_at: Option<Timestamp>,
    /// Containers that wait for their back-off, with status texts.
    pub(crate) backing_off: Vec<(String, Waiting)>,
    /// Nothing of the pod will run any more: it is to end.
    pub(crate) over: bool,
}

impl Plan {
    pub(crate) fn wake(&mut self, at: Timestamp) {
        self.wake_at = Some(self.wake_at.map_or(at, |known| known.min(at)));
    }
}

/// Decides.
pub(crate) fn plan(input: &Input<'_>) -> Plan {
    let mut plan = Plan::default();
    if input.finished {
        return plan;
    }
    match input.ending {
        Some(ending) => end(input, ending, &mut plan),
        None => run(input, &mut plan),
    }
    plan
}

fn run(input: &Input<'_>, plan: &mut Plan) {
    if input.mounts == Mounts::None {
        plan.actions.push(Action::Mount);
    }
    let Some(sandbox) = input.view.active() else {
        return without_sandbox(input, plan);
    };
    // Older sandboxes of the pod (after a death) are taken away as soon as the new one stands.
    for old in input.view.sandboxes.iter().skip(1).filter(|old| old.ready && old.id != sandbox.id) {
        plan.actions.push(Action::StopSandbox { id: old.id.clone() });
    }
    if input.sandbox_busy {
        return;
    }
    let startable = input.mounts == Mounts::Ready;
    if startable {
        start_ephemeral(input, plan);
    }
    let progress = init::plan(input, plan);
    if progress.failed {
        plan.over = true;
        return;
    }
    let keep = if progress.initialized { main_containers(input, plan) } else { true };
    if progress.initialized && !keep && !plan.actions.iter().any(|action| matches!(action, Action::Start { .. })) {
        plan.over = true;
        plan.actions.retain(|action| !matches!(action, Action::Start { .. }));
        plan.backing_off.clear();
        return;
    }
    if !startable {
        plan.actions.retain(|action| !matches!(action, Action::Start { .. }));
    }
    prune(input, plan);
}

/// No living sandbox: make one, unless nothing would run in it.
fn without_sandbox(input: &Input<'_>, plan: &mut Plan) {
    if input.sandbox_busy {
        return;
    }
    let attempt = input.view.sandboxes.first().map_or(0, |last| last.attempt + 1);
    let ran = !input.view.containers.is_empty();
    let all_never = spec::restart_policy(input.pod) == "Never"
        && spec::spec(input.pod).containers.iter().all(|c| c.restart_policy.is_none());
    let wanted = spec::spec(input.pod).containers.iter().any(|container| {
        match input.view.latest(&container.name).and_then(Instance::exit) {
            Some(exit) => spec::restarts(input.pod, container, exit.code),
            None => true,
        }
    });
    let main_ran =
        spec::spec(input.pod).containers.iter().any(|container| input.view.latest(&container.name).is_some());
    if (all_never && attempt > 0 && ran) || (main_ran && !wanted) {
        plan.over = true;
        return;
    }
    if let Some(at) = input.sandbox_retry_at.filter(|at| waits(*at, input.now)) {
        return plan.wake(at);
    }
    plan.actions.push(Action::RunSandbox { attempt, changed: !input.view.sandboxes.is_empty() });
}

fn start_ephemeral(input: &Input<'_>, plan: &mut Plan) {
    for container in spec::ephemeral_containers(input.pod) {
        if input.view.latest(&container.name).is_none() && !input.busy.contains_key(&container.name) {
            start(input, plan, &spec::ephemeral_as_container(container), Role::Ephemeral);
        }
    }
}

/// Decides on the main containers; whether any runs or will.
fn main_containers(input: &Input<'_>, plan: &mut Plan) -> bool {
    let mut keep = false;
    let mut blocked = false;
    for container in &spec::spec(input.pod).containers {
        if let Some(busy) = input.busy.get(&container.name) {
            blocked |= matches!(busy, Busy::Starting { blocks: true });
            keep |= matches!(busy, Busy::Starting { .. })
                || spec::restarts_after_probe(input.pod, container)
                || input.view.latest(&container.name).is_some_and(Instance::is_running);
            continue;
        }
        let latest = input.view.latest_active(&container.name);
        match latest {
            Some(instance) if instance.is_running() => {
                keep = true;
                if let Some(stop) = unhealthy(input, container, instance, false) {
                    plan.actions.push(Action::Stop(stop));
                }
            }
            _ => {
                let code = input.view.latest(&container.name).and_then(Instance::exit).map(|exit| exit.code);
                if code.is_none_or(|code| spec::restarts(input.pod, container, code)) {
                    keep = true;
                    if !blocked {
                        start(input, plan, container, Role::Main);
                        blocked = container.lifecycle.as_ref().is_some_and(|hooks| hooks.post_start.is_some());
                    }
                }
            }
        }
    }
    keep
}

/// Asks for the start of a container, or says that it waits for its back-off.
pub(super) fn start(input: &Input<'_>, plan: &mut Plan, container: &Container, role: Role) {
    if input.busy.contains_key(&container.name)
        || plan.actions.iter().any(|action| matches!(action, Action::Start { name, .. } if *name == container.name))
    {
        return;
    }
    if let Some(at) = input.retry_at.get(&container.name).filter(|at| waits(**at, input.now)) {
        return plan.wake(*at);
    }
    let finished = input
        .view
        .containers
        .iter()
        .filter(|instance| instance.state.name == container.name)
        .find_map(Instance::finished_at);
    if let Some(finished) = finished
        && let Some(until) = input.backoff.waits_until(&backoff_key(container), finished, input.now)
    {
        let delay = go_duration(input.backoff.delay(&backoff_key(container)));
        plan.backing_off.push((
            container.name.clone(),
            Waiting {
                reason: "CrashLoopBackOff".into(),
                message: format!(
                    "back-off {delay} restarting failed container={} pod={}",
                    container.name,
                    spec::full_name(input.pod)
                ),
            },
        ));
        return plan.wake(until);
    }
    plan.actions.push(Action::Start { name: container.name.clone(), role });
}

/// The key of a container's back-off: another image starts it afresh.
pub(crate) fn backoff_key(container: &Container) -> String {
    format!("{}/{}", container.name, spec::container_hash(container))
}

/// Whether a running container is to be ended, because it changed or a probe failed.
pub(super) fn unhealthy(input: &Input<'_>, container: &Container, instance: &Instance, init: bool) -> Option<Stop> {
    let what = if init { "Init container" } else { "Container" };
    let hash = instance.state.annotations.get(super::view::annotation::HASH);
    let restart = if spec::restarts_after_probe(input.pod, container) { ", will be restarted" } else { "" };
    let restart = if init { "" } else { restart };
    let probe_grace = |probe: Option<&k8s_openapi::api::core::v1::Probe>| {
        probe.and_then(|probe| probe.termination_grace_period_seconds)
    };
    let (message, grace) = if hash.is_some_and(|hash| *hash != spec::container_hash(container)) {
        let restart = if init { "" } else { ", will be restarted" };
        (format!("{what} {} definition changed{restart}", container.name), None)
    } else if container.liveness_probe.is_some()
        && (input.probes)(instance.id(), Kind::Liveness) == Some(Verdict::Failure)
    {
        (
            format!("{what} {} failed liveness probe{restart}", container.name),
            probe_grace(container.liveness_probe.as_ref()),
        )
    } else if container.startup_probe.is_some()
        && (input.probes)(instance.id(), Kind::Startup) == Some(Verdict::Failure)
    {
        (
            format!("{what} {} failed startup probe{restart}", container.name),
            probe_grace(container.startup_probe.as_ref()),
        )
    } else {
        return None;
    };
    let grace_seconds = grace.or(spec::spec(input.pod).termination_grace_period_seconds).unwrap_or(2);
    Some(Stop { id: instance.id().clone(), name: container.name.clone(), message, grace_seconds, run_pre_stop: true })
}

/// Keeps the newest and the one before it (for `logs --previous` and the last state), forgets older ones.
fn prune(input: &Input<'_>, plan: &mut Plan) {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for instance in &input.view.containers {
        let count = seen.entry(instance.state.name.as_str()).or_default();
        *count += 1;
        if *count > 2 && instance.exit().is_some() {
            plan.actions.push(Action::Remove { id: instance.id().clone() });
        }
    }
}

fn end(input: &Input<'_>, ending: &Ending, plan: &mut Plan) {
    if input.busy.values().any(|busy| matches!(busy, Busy::Starting { .. }))
        || input.sandbox_busy
        || input.mounts == Mounts::Busy
    {
        // What is being made is waited for (each has its deadline) and ended afterwards; what runs already ends at once.
        stop_running(input, ending, plan);
        return;
    }
    if input.view.running().next().is_some() || !input.busy.is_empty() {
        return stop_running(input, ending, plan);
    }
    let living: Vec<_> = input.view.sandboxes.iter().filter(|sandbox| sandbox.ready).collect();
    if living.is_empty() {
        plan.actions.push(Action::Finish);
    }
    for sandbox in living {
        plan.actions.push(Action::StopSandbox { id: sandbox.id.clone() });
    }
}

/// Ends what runs: sidecars after the main containers, the last first.
fn stop_running(input: &Input<'_>, ending: &Ending, plan: &mut Plan) {
    let deadline = ending.since + SignedDuration::from_secs(ending.grace_seconds.max(0));
    let sidecar_order = |name: &str| {
        spec::init_containers(input.pod)
            .iter()
            .position(|container| container.name == name && spec::is_sidecar(container))
    };
    let is_up =
        |name: &str| input.view.containers.iter().any(|instance| instance.state.name == name && instance.is_running());
    let main_runs = input.view.running().any(|instance| sidecar_order(&instance.state.name).is_none());
    for instance in input.view.running() {
        let name = instance.state.name.as_str();
        if input.busy.contains_key(name) {
            continue;
        }
        if let Some(order) = sidecar_order(name) {
            let later = spec::init_containers(input.pod)
                .iter()
                .skip(order + 1)
                .any(|container| spec::is_sidecar(container) && is_up(&container.name));
            if (main_runs || later) && input.now < deadline {
                plan.wake(deadline);
                continue;
            }
        }
        let grace = if sidecar_order(name).is_some() {
            deadline.duration_since(input.now).as_secs().max(0)
        } else {
            ending.grace_seconds
        };
        plan.actions.push(Action::Stop(Stop {
            id: instance.id().clone(),
            name: name.to_owned(),
            message: format!("Stopping container {name}"),
            grace_seconds: grace,
            run_pre_stop: true,
        }));
    }
}
