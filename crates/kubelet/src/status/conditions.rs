//! Conditions of a pod that the kubelet owns.

use k8s_openapi::{
    api::core::v1::{ContainerStatus, PodCondition, PodStatus},
    apimachinery::pkg::apis::meta::v1::Time,
};

use super::Input;
use crate::pods::spec;

/// Types that the kubelet writes, in upstream's order.
pub(crate) const OWNED: [&str; 5] =
    ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

struct Draft {
    status: bool,
    reason: &'static str,
    message: String,
}

impl Draft {
    fn yes() -> Self {
        Self { status: true, reason: "", message: String::new() }
    }

    fn no(reason: &'static str, message: String) -> Self {
        Self { status: false, reason, message }
    }
}

/// Adds the kubelet's conditions, and keeps those of others.
pub(super) fn add(input: &Input<'_>, status: &mut PodStatus, init: &[ContainerStatus], main: &[ContainerStatus]) {
    let api = input.pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let mut all: Vec<PodCondition> =
        api.iter().filter(|condition| !OWNED.contains(&condition.type_.as_str())).cloned().collect();
    let phase = status.phase.clone().unwrap_or_default();
    if phase == "Failed"
        && let Some(known) =
            input.old.conditions.iter().flatten().find(|condition| condition.type_ == "DisruptionTarget")
        && !all.iter().any(|condition| condition.type_ == "DisruptionTarget")
    {
        all.push(known.clone());
    }
    let containers = containers_ready(input, &phase, init, main);
    let ready = ready(input, &all, &containers);
    let drafts = [
        ("PodReadyToStartContainers", sandbox(input)),
        ("Initialized", initialized(input, &phase, init, main)),
        ("Ready", ready),
        ("ContainersReady", containers),
        ("PodScheduled", Draft::yes()),
    ];
    for (type_, draft) in drafts {
        all.push(finish(input, type_, draft));
    }
    status.conditions = Some(all);
}

fn finish(input: &Input<'_>, type_: &str, draft: Draft) -> PodCondition {
    let value = if draft.status { "True" } else { "False" };
    let known = |list: Option<&Vec<PodCondition>>| {
        list.and_then(|list| list.iter().find(|condition| condition.type_ == type_).cloned())
    };
    let old = known(input.old.conditions.as_ref())
        .or_else(|| known(input.pod.status.as_ref().and_then(|status| status.conditions.as_ref())));
    let since = old.filter(|old| old.status == value).and_then(|old| old.last_transition_time);
    PodCondition {
        type_: type_.to_owned(),
        status: value.to_owned(),
        reason: (!draft.reason.is_empty()).then(|| draft.reason.to_owned()),
        message: (!draft.message.is_empty()).then_some(draft.message),
        last_transition_time: since.or(Some(Time(input.now))),
        observed_generation: input.pod.metadata.generation,
        last_probe_time: None,
    }
}

fn sandbox(input: &Input<'_>) -> Draft {
    match input.view.sandboxes.first() {
        None => Draft::no("PodSandboxNotReady", "No sandbox for pod can be found. Need to start a new one".into()),
        Some(sandbox) if !sandbox.ready => {
            Draft::no("PodSandboxNotReady", "No ready sandbox for pod can be found. Need to start a new one".into())
        }
        Some(sandbox) if sandbox.ips.is_empty() && !sandbox.host_network => {
            Draft::no("PodSandboxNotReady", "Sandbox for pod has no IP address. Need to start a new one".into())
        }
        Some(_) => Draft::yes(),
    }
}

fn listed(names: &[&str]) -> String {
    format!("[{}]", names.join(" "))
}

fn initialized(input: &Input<'_>, phase: &str, init: &[ContainerStatus], main: &[ContainerStatus]) -> Draft {
    let (mut unknown, mut incomplete) = (Vec::new(), Vec::new());
    for container in spec::init_containers(input.pod) {
        match init.iter().find(|status| status.name == container.name) {
            None => unknown.push(container.name.as_str()),
            Some(status) => {
                let done = if spec::is_sidecar(container) { status.started == Some(true) } else { status.ready };
                if !done {
                    incomplete.push(container.name.as_str());
                }
            }
        }
    }
    if phase == "Succeeded" && unknown.is_empty() {
        return Draft { status: true, reason: "PodCompleted", message: String::new() };
    }
    let began = |status: &ContainerStatus| {
        let ended = |state: &Option<k8s_openapi::api::core::v1::ContainerState>| {
            state.as_ref().is_some_and(|state| state.terminated.is_some())
        };
        status.state.as_ref().is_some_and(|state| state.running.is_some())
            || ended(&status.state)
            || ended(&status.last_state)
    };
    let mut messages = Vec::new();
    if !unknown.is_empty() {
        messages.push(format!("containers with unknown status: {}", listed(&unknown)));
    }
    if !incomplete.is_empty() {
        messages.push(format!("containers with incomplete status: {}", listed(&incomplete)));
    }
    if messages.is_empty() || main.iter().any(began) {
        return Draft::yes();
    }
    Draft::no("ContainersNotInitialized", messages.join(", "))
}

fn containers_ready(input: &Input<'_>, phase: &str, init: &[ContainerStatus], main: &[ContainerStatus]) -> Draft {
    let (mut unknown, mut unready) = (Vec::new(), Vec::new());
    let sidecars = spec::init_containers(input.pod)
        .iter()
        .filter(|container| spec::is_sidecar(container))
        .map(|container| (container, init));
    for (container, statuses) in
        sidecars.chain(spec::spec(input.pod).containers.iter().map(|container| (container, main)))
    {
        match statuses.iter().find(|status| status.name == container.name) {
            None => unknown.push(container.name.as_str()),
            Some(status) if !status.ready => unready.push(container.name.as_str()),
            Some(_) => {}
        }
    }
    if phase == "Succeeded" && unknown.is_empty() {
        return Draft::no("PodCompleted", String::new());
    }
    if phase == "Failed" {
        return Draft::no("PodFailed", String::new());
    }
    let mut messages = Vec::new();
    if !unknown.is_empty() {
        messages.push(format!("containers with unknown status: {}", listed(&unknown)));
    }
    if !unready.is_empty() {
        messages.push(format!("containers with unready status: {}", listed(&unready)));
    }
    if messages.is_empty() { Draft::yes() } else { Draft::no("ContainersNotReady", messages.join(", ")) }
}

fn ready(input: &Input<'_>, others: &[PodCondition], containers: &Draft) -> Draft {
    if !containers.status {
        return Draft::no(containers.reason, containers.message.clone());
    }
    let mut messages = Vec::new();
    for gate in spec::spec(input.pod).readiness_gates.iter().flatten() {
        match others.iter().find(|condition| condition.type_ == gate.condition_type) {
            None => messages.push(format!(
                "corresponding condition of pod readiness gate \"{}\" does not exist.",
                gate.condition_type
            )),
            Some(condition) if condition.status != "True" => {
                messages.push(format!(
                    "the status of pod readiness gate \"{}\" is not \"True\", but {}",
                    gate.condition_type, condition.status
                ));
            }
            Some(_) => {}
        }
    }
    if messages.is_empty() { Draft::yes() } else { Draft::no("ReadinessGatesNotReady", messages.join(", ")) }
}
