//! What the cluster knows that names can be made of.

use std::{net::Ipv4Addr, sync::Arc};

use client::{Informer, Informers};
use k8s_openapi::api::{
    core::v1::{Namespace, Service},
    discovery::v1::{Endpoint, EndpointSlice},
};

use crate::proxy::{BY_SERVICE, index_slices, service_of};

const BY_ADDRESS: &str = "network/address";

/// A port by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Port {
    pub name: String,
    /// In small letters.
    pub protocol: String,
    pub number: u16,
}

/// What a service's name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Its own addresses.
    Addresses(Vec<Ipv4Addr>),
    /// Its endpoints.
    Headless,
    /// Another name.
    Alias(String),
}

/// A service as names see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceFacts {
    pub target: Target,
    pub ports: Vec<Port>,
}

/// An endpoint that is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EndpointFacts {
    /// Its name below the service.
    pub label: String,
    pub ip: Ipv4Addr,
    pub ports: Vec<Port>,
}

/// Where names look things up.
pub(crate) trait Directory: Send + Sync {
    fn has_namespace(&self, namespace: &str) -> bool;
    fn service(&self, namespace: &str, name: &str) -> Option<ServiceFacts>;
    fn endpoints(&self, namespace: &str, name: &str) -> Vec<EndpointFacts>;
    /// The names that belong to an address, relative to `svc` and the cluster's domain: labels from left to right.
    fn names_of(&self, ip: Ipv4Addr) -> Vec<Vec<String>>;
}

/// The cluster as the informers show it.
pub(crate) struct Cluster {
    namespaces: Arc<Informer<Namespace>>,
    services: Arc<Informer<Service>>,
    slices: Arc<Informer<EndpointSlice>>,
}

impl Cluster {
    pub fn new(informers: &Informers) -> Self {
        let all = Self { namespaces: informers.get(), services: informers.get(), slices: informers.get() };
        index_slices(&all.slices);
        all.services.index(BY_ADDRESS, |service| cluster_ips(service).iter().map(ToString::to_string).collect());
        all.slices.index(BY_ADDRESS, |slice| {
            slice.endpoints.iter().flatten().flat_map(|e| e.addresses.iter().cloned()).collect()
        });
        all
    }
}

fn cluster_ips(service: &Service) -> Vec<Ipv4Addr> {
    let Some(spec) = &service.spec else { return Vec::new() };
    match &spec.cluster_ips {
        Some(all) if !all.is_empty() => all.iter().filter_map(|ip| ip.parse().ok()).collect(),
        Some(_) | None => spec.cluster_ip.iter().filter_map(|ip| ip.parse().ok()).collect(),
    }
}

fn port(name: Option<&String>, protocol: Option<&String>, number: Option<i32>) -> Option<Port> {
    Some(Port {
        name: name.cloned().unwrap_or_default(),
        protocol: protocol.map_or_else(|| "tcp".to_owned(), |p| p.to_lowercase()),
        number: u16::try_from(number?).ok()?,
    })
}

fn is_ready(endpoint: &Endpoint) -> bool {
    endpoint.conditions.as_ref().and_then(|c| c.ready) != Some(false)
}

fn label(endpoint: &Endpoint, ip: Ipv4Addr) -> String {
    match endpoint.hostname.as_deref() {
        Some(name) if !name.is_empty() => name.to_lowercase(),
        Some(_) | None => ip.to_string().replace('.', "-"),
    }
}

impl Directory for Cluster {
    fn has_namespace(&self, namespace: &str) -> bool {
        self.namespaces.store().get("", namespace).is_some()
    }

    fn service(&self, namespace: &str, name: &str) -> Option<ServiceFacts> {
        let service = self.services.store().get(namespace, name)?;
        let spec = service.spec.as_ref()?;
        let ips = cluster_ips(&service);
        let target = match (spec.type_.as_deref(), &spec.external_name) {
            (Some("ExternalName"), Some(name)) => Target::Alias(name.clone()),
            _ if spec.cluster_ip.as_deref() == Some("None") => Target::Headless,
            _ => Target::Addresses(ips),
        };
        let ports = spec.ports.iter().flatten();
        let ports = ports.filter_map(|p| port(p.name.as_ref(), p.protocol.as_ref(), Some(p.port))).collect();
        Some(ServiceFacts { target, ports })
    }

    fn endpoints(&self, namespace: &str, name: &str) -> Vec<EndpointFacts> {
        let mut all: Vec<EndpointFacts> = Vec::new();
        for slice in self.slices.store().by_index(BY_SERVICE, &format!("{namespace}/{name}")) {
            let ports: Vec<Port> = slice
                .ports
                .iter()
                .flatten()
                .filter_map(|p| port(p.name.as_ref(), p.protocol.as_ref(), p.port))
                .collect();
            for endpoint in slice.endpoints.iter().flatten().filter(|e| is_ready(e)) {
                for ip in endpoint.addresses.iter().filter_map(|a| a.parse().ok()) {
                    let facts = EndpointFacts { label: label(endpoint, ip), ip, ports: ports.clone() };
                    if !all.contains(&facts) {
                        all.push(facts);
                    }
                }
            }
        }
        all
    }

    fn names_of(&self, ip: Ipv4Addr) -> Vec<Vec<String>> {
        let text = ip.to_string();
        let services = self.services.store().by_index(BY_ADDRESS, &text);
        let mut names: Vec<Vec<String>> = services
            .iter()
            .filter_map(|s| Some(vec![s.metadata.name.clone()?, s.metadata.namespace.clone()?]))
            .collect();
        if names.is_empty() {
            for slice in self.slices.store().by_index(BY_ADDRESS, &text) {
                let Some((namespace, service)) = service_of(&slice) else { continue };
                let here = slice.endpoints.iter().flatten().filter(|e| is_ready(e) && e.addresses.contains(&text));
                names.extend(here.map(|e| vec![label(e, ip), service.clone(), namespace.clone()]));
            }
            names.sort();
            names.dedup();
        }
        names
    }
}
