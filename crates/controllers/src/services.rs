//! Pure questions about services and the pods behind them, for endpoints and endpoint slices.

use std::net::IpAddr;

use client::{Key, Matcher, Object, Store};
use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{ContainerPort, Pod, Service, ServicePort, ServiceSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::pods;

/// Marks the endpoints of a service without an address.
pub const HEADLESS: &str = "service.kubernetes.io/headless";
/// When the change happened that led to an update.
pub const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// The specification of a service whose endpoints follow from pods.
#[must_use]
pub fn selecting(service: &Service) -> Option<&ServiceSpec> {
    let spec = service.spec.as_ref()?;
    let selects = spec.selector.as_ref().is_some_and(|s| !s.is_empty());
    (selects && spec.type_.as_deref() != Some("ExternalName")).then_some(spec)
}

/// Whether pods that are not ready are published too.
#[must_use]
pub fn publishes_not_ready(spec: &ServiceSpec) -> bool {
    spec.publish_not_ready_addresses == Some(true)
}

/// Whether the service has an address of its own.
#[must_use]
pub fn has_address(spec: &ServiceSpec) -> bool {
    spec.cluster_ip.as_deref().is_some_and(|ip| !ip.is_empty() && ip != "None")
}

/// Which services select a pod with these labels.
#[must_use]
pub fn of_pod(services: &Store<Service>, pod: &Pod) -> Vec<Key> {
    let labels = pod.metadata.labels.as_ref();
    let all = services.in_namespace(pod.namespace()).into_iter();
    all.filter(|s| selecting(s).is_some_and(|spec| Matcher::from_labels(spec.selector.as_ref()).matches(labels)))
        .map(|s| s.key())
        .collect()
}

/// Whether a change of a pod cannot change any endpoint.
#[must_use]
pub fn same_for_endpoints(a: &Pod, b: &Pod) -> bool {
    let facts = |p: &Pod| {
        let spec = p.spec.as_ref();
        (
            p.metadata.labels.clone(),
            pods::is_ready(p),
            pods::is_terminal(p),
            p.is_deleting(),
            p.status.as_ref().and_then(|s| s.pod_ips.clone()),
            spec.and_then(|s| s.node_name.clone()),
            spec.and_then(|s| s.hostname.clone()),
        )
    };
    facts(a) == facts(b)
}

/// The canonical addresses of a pod.
#[must_use]
pub fn addresses(pod: &Pod) -> Vec<IpAddr> {
    let status = pod.status.as_ref();
    let listed = status.and_then(|s| s.pod_ips.as_ref()).into_iter().flatten().map(|ip| ip.ip.as_str());
    let mut all: Vec<IpAddr> = listed.filter_map(|ip| ip.parse().ok()).collect();
    if all.is_empty() {
        all.extend(status.and_then(|s| s.pod_ip.as_deref()).and_then(|ip| ip.parse::<IpAddr>().ok()));
    }
    all
}

/// Whether a pod is an endpoint at all.
#[must_use]
pub fn is_endpoint(pod: &Pod, with_terminating: bool) -> bool {
    !pods::is_terminal(pod) && (with_terminating || !pod.is_deleting()) && !addresses(pod).is_empty()
}

/// The host name under which DNS shall know the endpoint.
#[must_use]
pub fn hostname(pod: &Pod, service: &Service) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let ours = spec.subdomain.as_deref() == Some(service.name()) && pod.namespace() == service.namespace();
    spec.hostname.clone().filter(|h| ours && !h.is_empty())
}

/// The port of a pod that a port of a service leads to.
#[must_use]
pub fn target_port(pod: &Pod, port: &ServicePort) -> Option<i32> {
    let name = match &port.target_port {
        None => return Some(port.port),
        // Defaulting makes the target the port itself; 0 is what an object without defaults says.
        Some(IntOrString::Int(0)) => return Some(port.port),
        Some(IntOrString::Int(number)) => return Some(*number),
        Some(IntOrString::String(name)) => name,
    };
    let spec = pod.spec.as_ref()?;
    let protocol = |p: Option<&String>| p.map_or("TCP", String::as_str).to_owned();
    let wanted = protocol(port.protocol.as_ref());
    let sidecars = spec.init_containers.iter().flatten().filter(|c| c.restart_policy.as_deref() == Some("Always"));
    let ports = spec.containers.iter().chain(sidecars).filter_map(|c| c.ports.as_ref()).flatten();
    ports
        .into_iter()
        .find(|p: &&ContainerPort| p.name.as_ref() == Some(name) && protocol(p.protocol.as_ref()) == wanted)
        .map(|p| p.container_port)
}

/// When the newest change of the endpoints happened: the times of what is new since the last look.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Triggers {
    service: Option<Timestamp>,
    pods: std::collections::BTreeMap<String, Timestamp>,
}

impl Triggers {
    /// The earliest time among what changed since `self`, and the new state.
    #[must_use]
    pub fn next<'a>(&self, service: &Service, pods: impl Iterator<Item = &'a Pod>) -> (Option<Timestamp>, Self) {
        let changed_at = |pod: &Pod| {
            let ready = pods::condition(pod, "Ready").and_then(|c| c.last_transition_time.as_ref()).map(|t| t.0);
            ready.or_else(|| pod.created())
        };
        let now = Self {
            service: service.created(),
            pods: pods.filter_map(|p| Some((p.name().to_owned(), changed_at(p)?))).collect(),
        };
        let newer = now.pods.iter().filter(|(name, at)| self.pods.get(*name).is_none_or(|old| old < *at));
        let service = now.service.filter(|at| self.service.is_none_or(|old| old < *at));
        (newer.map(|(_, at)| *at).chain(service).min(), now)
    }
}
