//! The status of a pod as Kubernetes reports it: pure functions from what is known.

pub(crate) mod conditions;
pub(crate) mod containers;
pub(crate) mod patch;
pub(crate) mod phase;

use std::{collections::BTreeMap, net::IpAddr};

use cri::runtime::ContainerId;
use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{HostIP, Pod, PodIP, PodStatus},
    apimachinery::pkg::apis::meta::v1::Time,
};

use crate::{
    container::resources,
    pods::{
        plan::Waiting,
        spec,
        view::{Instance, View},
    },
    probes::{Kind, Verdict},
};

/// A verdict over the whole pod that stands above its containers: evicted, past its deadline, rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Override {
    pub(crate) reason: String,
    pub(crate) message: String,
}

/// Everything that a status depends on.
pub(crate) struct Input<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) view: &'a View,
    /// The status that was reported last.
    pub(crate) old: &'a PodStatus,
    /// Why containers do not run.
    pub(crate) waiting: &'a BTreeMap<String, Waiting>,
    pub(crate) probes: &'a dyn Fn(&ContainerId, Kind) -> Option<Verdict>,
    /// Nothing is started any more.
    pub(crate) ended: bool,
    pub(crate) verdict: Option<&'a Override>,
    pub(crate) now: Timestamp,
    pub(crate) host_ips: &'a [IpAddr],
    /// When the agent started: what ran before keeps its readiness until a probe says otherwise.
    pub(crate) agent_start: Timestamp,
}

/// Makes the status.
pub(crate) fn generate(input: &Input<'_>) -> PodStatus {
    let pod = input.pod;
    let init = containers::init(input);
    let main = containers::main(input);
    let ephemeral = containers::ephemeral(input);
    let began = spec::spec(pod).containers.iter().any(|container| input.view.latest_active(&container.name).is_some());
    let mut status = PodStatus {
        observed_generation: pod.metadata.generation,
        qos_class: Some(resources::qos(pod).as_str().to_owned()),
        start_time: input.old.start_time.clone().or(Some(Time(input.now))),
        ..PodStatus::default()
    };
    let phase = final_phase(input, phase::phase(pod, &init, &main, input.ended, began));
    status.phase = Some(phase.to_owned());
    if status.phase == input.old.phase {
        status.reason = input.old.reason.clone();
        status.message = input.old.message.clone();
    }
    if phase == "Failed"
        && let Some(verdict) = input.verdict
    {
        status.reason = Some(verdict.reason.clone());
        status.message = Some(verdict.message.clone());
    }
    addresses(input, &mut status);
    conditions::add(input, &mut status, &init, &main);
    status.allocated_resources = Some(resources::pod_requests(pod)).filter(|map| !map.is_empty());
    status.resources = Some(resources::pod_resources(pod));
    status.container_statuses = Some(main);
    status.init_container_statuses = (!init.is_empty()).then_some(init);
    status.ephemeral_container_statuses = (!ephemeral.is_empty()).then_some(ephemeral);
    status
}

/// A terminal phase is final, and it is not reported before the last container ended.
fn final_phase<'a>(input: &'a Input<'_>, phase: &'a str) -> &'a str {
    let old = input.old.phase.as_deref();
    // Also where somebody else (the collector of pods whose node was removed) said so.
    let shown = input.pod.status.as_ref().and_then(|status| status.phase.as_deref());
    if let Some(end) = [old, shown].into_iter().find(|phase| spec::is_terminal_phase(*phase)) {
        return end.unwrap_or(phase);
    }
    let running = input.view.running().next().is_some();
    let phase = if input.verdict.is_some() && !running { "Failed" } else { phase };
    if spec::is_terminal_phase(Some(phase)) && running {
        return old.unwrap_or("Running");
    }
    phase
}

fn addresses(input: &Input<'_>, status: &mut PodStatus) {
    status.host_ip = input.host_ips.first().map(ToString::to_string);
    status.host_ips = Some(input.host_ips.iter().map(|ip| HostIP { ip: ip.to_string() }).collect());
    let ips: &[IpAddr] = if spec::is_host_network(input.pod) {
        // As upstream: the node's addresses are known before the sandbox is.
        input.host_ips
    } else {
        input.view.ips()
    };
    if ips.is_empty() {
        // The address stays visible after the sandbox is gone.
        status.pod_ip = input.old.pod_ip.clone();
        status.pod_ips = input.old.pod_ips.clone();
        return;
    }
    status.pod_ip = ips.first().map(ToString::to_string);
    status.pod_ips = Some(ips.iter().map(|ip| PodIP { ip: ip.to_string() }).collect());
}

/// Whether a running container has started, in Kubernetes' sense: its startup probe succeeded.
pub(crate) fn has_started(
    input: &Input<'_>,
    container: &k8s_openapi::api::core::v1::Container,
    instance: &Instance,
    old_started: bool,
) -> bool {
    if !instance.is_running() {
        return false;
    }
    match (input.probes)(instance.id(), Kind::Startup) {
        Some(verdict) => verdict == Verdict::Success,
        None => old_started || container.startup_probe.is_none(),
    }
}
