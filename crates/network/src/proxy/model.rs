//! Services and their endpoints, reduced to what a node's rules need.

use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc};

use k8s_openapi::api::{core::v1::Service, discovery::v1::EndpointSlice};

/// The label that names a slice's service.
pub(crate) const SERVICE_NAME: &str = "kubernetes.io/service-name";
const OTHER_PROXY: &str = "service.kubernetes.io/service-proxy-name";
const DEFAULT_STICKY_SECONDS: u32 = 10_800;

/// A transport protocol that rules can translate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Protocol {
    Tcp,
    Udp,
    Sctp,
}

impl Protocol {
    pub fn of(name: Option<&str>) -> Option<Self> {
        match name {
            None | Some("TCP" | "") => Some(Self::Tcp),
            Some("UDP") => Some(Self::Udp),
            Some("SCTP") => Some(Self::Sctp),
            Some(_) => None,
        }
    }
    pub fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Sctp => 132,
        }
    }
}

/// A port of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Port {
    pub name: String,
    pub protocol: Protocol,
    pub port: u16,
    pub node_port: Option<u16>,
}

/// A service that has cluster addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Frontend {
    pub cluster_ips: Vec<Ipv4Addr>,
    /// External addresses and those of load balancers.
    pub external_ips: Vec<Ipv4Addr>,
    pub ports: Vec<Port>,
    pub sticky_seconds: Option<u32>,
    /// Traffic from inside stays on its node.
    pub internal_local: bool,
    /// Traffic from outside stays on the node where it arrived.
    pub external_local: bool,
}

/// One endpoint of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub ip: Ipv4Addr,
    pub port: u16,
    pub ready: bool,
    /// Shutting down, but still answering.
    pub lingering: bool,
    pub local: bool,
}

/// Endpoints by port name and protocol.
pub(crate) type Endpoints = BTreeMap<(String, Protocol), Vec<Endpoint>>;

fn port_number(number: i32) -> Option<u16> {
    u16::try_from(number).ok().filter(|n| *n != 0)
}

fn addresses<'a>(texts: impl IntoIterator<Item = &'a String>) -> Vec<Ipv4Addr> {
    texts.into_iter().filter_map(|t| t.parse().ok()).collect()
}

/// What the rules need of a service; `None` where they need nothing.
pub(crate) fn frontend(service: &Service) -> Option<Frontend> {
    let spec = service.spec.as_ref()?;
    let labelled = service.metadata.labels.as_ref().is_some_and(|l| l.contains_key(OTHER_PROXY));
    if labelled || spec.type_.as_deref() == Some("ExternalName") || spec.cluster_ip.as_deref() == Some("None") {
        return None;
    }
    let cluster_ips = match &spec.cluster_ips {
        Some(all) if !all.is_empty() => addresses(all),
        Some(_) | None => addresses(&spec.cluster_ip),
    };
    if cluster_ips.is_empty() {
        return None;
    }
    let balanced = service.status.as_ref().and_then(|s| s.load_balancer.as_ref()).and_then(|l| l.ingress.as_ref());
    let balanced = balanced.into_iter().flatten().filter(|i| i.ip_mode.as_deref() != Some("Proxy"));
    let mut external_ips = addresses(spec.external_ips.iter().flatten());
    external_ips.extend(addresses(balanced.filter_map(|i| i.ip.as_ref())));
    let sticky =
        spec.session_affinity_config.as_ref().and_then(|c| c.client_ip.as_ref()).and_then(|c| c.timeout_seconds);
    let sticky = sticky.and_then(|s| u32::try_from(s).ok()).unwrap_or(DEFAULT_STICKY_SECONDS);
    let ports = spec.ports.iter().flatten().filter_map(|p| {
        Some(Port {
            name: p.name.clone().unwrap_or_default(),
            protocol: Protocol::of(p.protocol.as_deref())?,
            port: port_number(p.port)?,
            node_port: p.node_port.and_then(port_number),
        })
    });
    Some(Frontend {
        cluster_ips,
        external_ips,
        ports: ports.collect(),
        sticky_seconds: (spec.session_affinity.as_deref() == Some("ClientIP")).then_some(sticky),
        internal_local: spec.internal_traffic_policy.as_deref() == Some("Local"),
        external_local: spec.external_traffic_policy.as_deref() == Some("Local"),
    })
}

/// The endpoints in all slices of a service, each once.
pub(crate) fn endpoints(slices: &[Arc<EndpointSlice>], node: &str) -> Endpoints {
    let mut all = Endpoints::new();
    for slice in slices.iter().filter(|s| s.address_type == "IPv4") {
        for port in slice.ports.iter().flatten() {
            let (Some(number), Some(protocol)) =
                (port.port.and_then(port_number), Protocol::of(port.protocol.as_deref()))
            else {
                continue;
            };
            let list = all.entry((port.name.clone().unwrap_or_default(), protocol)).or_default();
            for endpoint in slice.endpoints.iter().flatten() {
                let conditions = endpoint.conditions.clone().unwrap_or_default();
                let ready = conditions.ready != Some(false);
                let lingering = conditions.terminating == Some(true) && conditions.serving.unwrap_or(ready);
                let local = endpoint.node_name.as_deref() == Some(node);
                // Kubernetes takes the first address only; the others are the same endpoint.
                let Some(ip) = endpoint.addresses.first().and_then(|a| a.parse().ok()) else { continue };
                match list.iter_mut().find(|e| e.ip == ip && e.port == number) {
                    Some(there) => there.ready |= ready,
                    None => list.push(Endpoint { ip, port: number, ready, lingering, local }),
                }
            }
        }
    }
    // A stable order: the same endpoints give the same entries.
    all.values_mut().for_each(|list| list.sort_by_key(|e| (e.ip, e.port)));
    all
}
