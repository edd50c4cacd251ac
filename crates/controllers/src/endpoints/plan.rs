//! The `Endpoints` object of a service: addresses grouped by the ports that they serve.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use client::Object;
use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{
        EndpointAddress, EndpointPort, EndpointSubset, Endpoints, ObjectReference, Pod, Service, ServiceSpec,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::{pods, services};

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const MANAGER: &str = "endpoint-controller";
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
/// More addresses do not fit; endpoint slices have them all.
const CAPACITY: usize = 1000;

fn address(pod: &Pod, service: &Service, spec: &ServiceSpec) -> Option<(IpAddr, EndpointAddress)> {
    let first = spec.ip_families.as_ref().and_then(|f| f.first()).map(String::as_str);
    let own = spec.cluster_ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok());
    let all = services::addresses(pod);
    let wants_six = match (first, own) {
        (Some(family), _) => Some(family == "IPv6"),
        (None, Some(ip)) => Some(ip.is_ipv6()),
        (None, None) => None,
    };
    let ip = all.into_iter().find(|ip| wants_six.is_none_or(|six| six == ip.is_ipv6()))?;
    let node = pods::node(pod);
    let address = EndpointAddress {
        ip: ip.to_string(),
        hostname: services::hostname(pod, service),
        node_name: (!node.is_empty()).then(|| node.to_owned()),
        target_ref: Some(ObjectReference {
            kind: Some("Pod".to_owned()),
            namespace: Some(pod.namespace().to_owned()),
            name: Some(pod.name().to_owned()),
            uid: Some(pod.uid().to_owned()),
            ..ObjectReference::default()
        }),
    };
    Some((ip, address))
}

fn ports(pod: &Pod, spec: &ServiceSpec) -> Vec<EndpointPort> {
    let found = spec.ports.iter().flatten().filter_map(|port| {
        Some(EndpointPort {
            name: port.name.clone().filter(|n| !n.is_empty()),
            port: services::target_port(pod, port)?,
            protocol: Some(port.protocol.clone().unwrap_or_else(|| "TCP".to_owned())),
            app_protocol: port.app_protocol.clone(),
        })
    });
    found.collect()
}

#[derive(Default)]
struct Group {
    ports: Vec<EndpointPort>,
    ready: Vec<(IpAddr, EndpointAddress)>,
    not_ready: Vec<(IpAddr, EndpointAddress)>,
}

/// The subsets of a service.
#[must_use]
pub fn subsets(service: &Service, spec: &ServiceSpec, pods: &[Arc<Pod>]) -> Vec<EndpointSubset> {
    let all = services::publishes_not_ready(spec);
    let portless = spec.ports.as_ref().is_none_or(Vec::is_empty);
    let mut groups: Vec<Group> = Vec::new();
    for pod in pods.iter().filter(|p| services::is_endpoint(p, all)) {
        let ports = ports(pod, spec);
        if ports.is_empty() && !(portless && spec.cluster_ip.as_deref() == Some("None")) {
            continue;
        }
        let Some(address) = address(pod, service, spec) else {
            continue;
        };
        let at = groups.iter().position(|g| g.ports == ports).unwrap_or_else(|| {
            groups.push(Group { ports, ..Group::default() });
            groups.len() - 1
        });
        if all || pods::is_ready(pod) {
            groups[at].ready.push(address);
        } else {
            groups[at].not_ready.push(address);
        }
    }
    let list = |mut addresses: Vec<(IpAddr, EndpointAddress)>| {
        addresses.sort_by_key(|a| a.0);
        let addresses: Vec<_> = addresses.into_iter().map(|(_, a)| a).collect();
        (!addresses.is_empty()).then_some(addresses)
    };
    let subset = |g: Group| EndpointSubset {
        addresses: list(g.ready),
        not_ready_addresses: list(g.not_ready),
        ports: (!g.ports.is_empty()).then_some(g.ports),
    };
    groups.into_iter().map(subset).collect()
}

/// Cuts to what fits, ready addresses first; whether anything was cut.
fn truncate(subsets: &mut [EndpointSubset]) -> bool {
    let mut room = CAPACITY;
    let mut cut = false;
    let mut fit = |list: &mut Option<Vec<EndpointAddress>>| {
        if let Some(addresses) = list {
            cut |= addresses.len() > room;
            addresses.truncate(room);
            room -= addresses.len();
            if addresses.is_empty() {
                *list = None;
            }
        }
    };
    subsets.iter_mut().for_each(|s| fit(&mut s.addresses));
    subsets.iter_mut().for_each(|s| fit(&mut s.not_ready_addresses));
    cut
}

/// The object as it shall be; `None`: it is so already.
#[must_use]
pub fn plan(
    service: &Service,
    spec: &ServiceSpec,
    pods: &[Arc<Pod>],
    current: Option<&Endpoints>,
    trigger: Option<Timestamp>,
) -> Option<Endpoints> {
    let mut subsets = subsets(service, spec, pods);
    let cut = truncate(&mut subsets);
    let mut labels: BTreeMap<String, String> = service.metadata.labels.clone().unwrap_or_default();
    labels.remove(services::HEADLESS);
    if !services::has_address(spec) {
        labels.insert(services::HEADLESS.to_owned(), String::new());
    }
    labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
    let subsets = (!subsets.is_empty()).then_some(subsets);
    if let Some(current) = current
        && current.subsets.as_deref().unwrap_or_default() == subsets.as_deref().unwrap_or_default()
        && current.metadata.labels.as_ref() == Some(&labels)
        && current.annotation(OVER_CAPACITY).is_some() == cut
    {
        return None;
    }
    let mut endpoints = current.cloned().unwrap_or_else(|| Endpoints {
        metadata: ObjectMeta {
            name: Some(service.name().to_owned()),
            namespace: Some(service.namespace().to_owned()),
            ..ObjectMeta::default()
        },
        subsets: None,
    });
    endpoints.subsets = subsets;
    endpoints.metadata.labels = Some(labels);
    let annotations = endpoints.metadata.annotations.get_or_insert_default();
    annotations.remove(services::TRIGGER_TIME);
    annotations.remove(OVER_CAPACITY);
    if let Some(at) = trigger {
        annotations.insert(services::TRIGGER_TIME.to_owned(), at.to_string());
    }
    if cut {
        annotations.insert(OVER_CAPACITY.to_owned(), "truncated".to_owned());
    }
    Some(endpoints)
}
