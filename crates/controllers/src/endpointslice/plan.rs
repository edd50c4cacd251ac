//! Which endpoint slices a service needs: existing ones are changed as little as possible.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use client::Object;
use jiff::Timestamp;
use k8s_openapi::{
    api::{
        core::v1::{ObjectReference, Pod, Service, ServiceSpec},
        discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::{pods, services};

/// Endpoints of one slice.
pub const FULL: usize = 100;
/// The service of a slice.
pub const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Who looks after a slice.
pub const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
/// This controller, as slices know it.
pub const MANAGER: &str = "endpointslice-controller.k8s.io";

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Make a slice.
    Create(Box<EndpointSlice>),
    /// Replace one.
    Update(Box<EndpointSlice>),
    /// Delete one.
    Delete(Arc<EndpointSlice>),
}

/// What the slices of a service follow from.
pub struct Input<'a> {
    /// The service.
    pub service: &'a Service,
    /// Its specification.
    pub spec: &'a ServiceSpec,
    /// The pods that it selects.
    pub pods: &'a [Arc<Pod>],
    /// Its slices.
    pub slices: &'a [Arc<EndpointSlice>],
    /// The zone of a node.
    pub zone: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// When the change happened.
    pub trigger: Option<Timestamp>,
}

type Ports = Vec<EndpointPort>;

/// Family and ports: what all endpoints of a slice share.
#[derive(PartialEq)]
struct Group {
    family: &'static str,
    ports: Ports,
    endpoints: Vec<Endpoint>,
}

fn families(spec: &ServiceSpec) -> Vec<&'static str> {
    let listed: BTreeSet<&'static str> =
        spec.ip_families.iter().flatten().map(|f| if f == "IPv6" { "IPv6" } else { "IPv4" }).collect();
    if !listed.is_empty() {
        return listed.into_iter().collect();
    }
    match spec.cluster_ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok()) {
        Some(IpAddr::V6(_)) => vec!["IPv6"],
        Some(IpAddr::V4(_)) => vec!["IPv4"],
        None => vec!["IPv4", "IPv6"],
    }
}

fn ports(pod: &Pod, spec: &ServiceSpec) -> Ports {
    let found = spec.ports.iter().flatten().filter_map(|port| {
        Some(EndpointPort {
            name: Some(port.name.clone().unwrap_or_default()),
            port: Some(services::target_port(pod, port)?),
            protocol: Some(port.protocol.clone().unwrap_or_else(|| "TCP".to_owned())),
            app_protocol: port.app_protocol.clone(),
        })
    });
    let mut ports: Ports = found.collect();
    ports.sort_by(|a, b| (&a.name, a.port, &a.protocol).cmp(&(&b.name, b.port, &b.protocol)));
    ports
}

fn endpoint(input: &Input<'_>, pod: &Pod, addresses: Vec<String>) -> Endpoint {
    let serving = pods::is_ready(pod);
    let terminating = pod.is_deleting();
    let ready = services::publishes_not_ready(input.spec) || (serving && !terminating);
    let node = pods::node(pod);
    Endpoint {
        addresses,
        conditions: Some(EndpointConditions {
            ready: Some(ready),
            serving: Some(serving),
            terminating: Some(terminating),
        }),
        hostname: services::hostname(pod, input.service),
        node_name: (!node.is_empty()).then(|| node.to_owned()),
        target_ref: Some(ObjectReference {
            kind: Some("Pod".to_owned()),
            namespace: Some(pod.namespace().to_owned()),
            name: Some(pod.name().to_owned()),
            uid: Some(pod.uid().to_owned()),
            ..ObjectReference::default()
        }),
        zone: if node.is_empty() { None } else { (input.zone)(node) },
        ..Endpoint::default()
    }
}

fn wanted(input: &Input<'_>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for family in families(input.spec) {
        for pod in input.pods.iter().filter(|p| services::is_endpoint(p, true)) {
            let of_family = |ip: &IpAddr| ip.is_ipv6() == (family == "IPv6");
            let addresses: Vec<String> =
                services::addresses(pod).into_iter().filter(of_family).map(|ip| ip.to_string()).collect();
            if addresses.is_empty() {
                continue;
            }
            let (ports, endpoint) = (ports(pod, input.spec), endpoint(input, pod, addresses));
            match groups.iter_mut().find(|g| g.family == family && g.ports == ports) {
                Some(group) => group.endpoints.push(endpoint),
                None => groups.push(Group { family, ports, endpoints: vec![endpoint] }),
            }
        }
        // A service without endpoints says so with an empty slice.
        if !groups.iter().any(|g| g.family == family) && (has_family_address(input.spec, family)) {
            groups.push(Group { family, ports: Vec::new(), endpoints: Vec::new() });
        }
    }
    groups
}

/// Without families of its own a headless service gets an empty slice for IPv4 only.
fn has_family_address(spec: &ServiceSpec, family: &str) -> bool {
    spec.ip_families.as_ref().is_some_and(|f| !f.is_empty()) || family == "IPv4" || services::has_address(spec)
}

/// The labels of a slice: the service's, and our own.
#[must_use]
pub fn labels(service: &Service, has_address: bool, manager: &str) -> BTreeMap<String, String> {
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    labels.remove(services::HEADLESS);
    if !has_address {
        labels.insert(services::HEADLESS.to_owned(), String::new());
    }
    labels.insert(SERVICE_NAME.to_owned(), service.name().to_owned());
    labels.insert(MANAGED_BY.to_owned(), manager.to_owned());
    labels
}

fn same_endpoint(a: &Endpoint, b: &Endpoint) -> bool {
    let uid = |e: &Endpoint| e.target_ref.as_ref().and_then(|r| r.uid.clone());
    uid(a) == uid(b) && a.addresses == b.addresses
}

/// Decides.
#[must_use]
pub fn plan(input: &Input<'_>) -> Vec<Action> {
    let labels = labels(input.service, services::has_address(input.spec), MANAGER);
    let is_ours = |s: &EndpointSlice| s.owners().iter().any(|o| o.uid == input.service.uid());
    let mut left: Vec<Arc<EndpointSlice>> = input.slices.to_vec();
    let mut actions = Vec::new();
    for group in wanted(input) {
        let fits = |s: &Arc<EndpointSlice>| {
            is_ours(s)
                && s.address_type == group.family
                && (s.ports.as_deref().unwrap_or_default() == group.ports || is_placeholder(s))
        };
        let (mut fitting, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(fits);
        left = rest;
        if group.ports.iter().len() > 0 {
            // Slices with the right ports before an empty one that may take any.
            fitting.sort_by_key(|s| is_placeholder(s));
        }
        plan_group(input, &labels, group, fitting, &mut actions);
    }
    actions.extend(left.into_iter().map(Action::Delete));
    actions
}

fn is_placeholder(slice: &EndpointSlice) -> bool {
    slice.endpoints.as_deref().unwrap_or_default().is_empty() && slice.ports.as_deref().unwrap_or_default().is_empty()
}

fn plan_group(
    input: &Input<'_>,
    labels: &BTreeMap<String, String>,
    group: Group,
    fitting: Vec<Arc<EndpointSlice>>,
    actions: &mut Vec<Action>,
) {
    let mut missing = group.endpoints;
    let mut kept: Vec<(Arc<EndpointSlice>, Vec<Endpoint>)> = Vec::new();
    for slice in fitting {
        let mut endpoints = Vec::new();
        for old in slice.endpoints.iter().flatten() {
            if let Some(at) = missing.iter().position(|e| same_endpoint(e, old)) {
                endpoints.push(missing.remove(at));
            }
        }
        kept.push((slice, endpoints));
    }
    missing.reverse();
    for (_, endpoints) in &mut kept {
        while endpoints.len() < FULL
            && let Some(endpoint) = missing.pop()
        {
            endpoints.push(endpoint);
        }
    }
    let mut useful = kept.iter().filter(|(_, e)| !e.is_empty()).count();
    for (slice, endpoints) in kept {
        if endpoints.is_empty() && (useful > 0 || !missing.is_empty()) {
            actions.push(Action::Delete(slice));
            continue;
        }
        useful += usize::from(endpoints.is_empty());
        let ports = some(group.ports.clone());
        let same = slice.endpoints.clone().unwrap_or_default() == endpoints
            && slice.ports.clone().unwrap_or_default() == group.ports
            && slice.metadata.labels.as_ref() == Some(labels);
        if !same {
            let mut changed = EndpointSlice::clone(&slice);
            changed.endpoints = Some(endpoints);
            changed.ports = ports;
            changed.metadata.labels = Some(labels.clone());
            stamp(&mut changed.metadata, input.trigger);
            actions.push(Action::Update(Box::new(changed)));
        }
    }
    missing.reverse();
    if useful == 0 && missing.is_empty() {
        actions.push(Action::Create(Box::new(fresh(input, labels, group.family, &group.ports, Vec::new()))));
    }
    for endpoints in missing.chunks(FULL) {
        let slice = fresh(input, labels, group.family, &group.ports, endpoints.to_vec());
        actions.push(Action::Create(Box::new(slice)));
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn stamp(metadata: &mut ObjectMeta, trigger: Option<Timestamp>) {
    let annotations = metadata.annotations.get_or_insert_default();
    match trigger {
        Some(at) => annotations.insert(services::TRIGGER_TIME.to_owned(), at.to_string()),
        None => annotations.remove(services::TRIGGER_TIME),
    };
}

fn fresh(
    input: &Input<'_>,
    labels: &BTreeMap<String, String>,
    family: &str,
    ports: &[EndpointPort],
    endpoints: Vec<Endpoint>,
) -> EndpointSlice {
    let mut metadata = ObjectMeta {
        generate_name: Some(format!("{}-", input.service.name())),
        namespace: Some(input.service.namespace().to_owned()),
        labels: Some(labels.clone()),
        owner_references: Some(vec![input.service.owner_reference()]),
        ..ObjectMeta::default()
    };
    stamp(&mut metadata, input.trigger);
    EndpointSlice { metadata, address_type: family.to_owned(), endpoints: Some(endpoints), ports: some(ports.to_vec()) }
}
