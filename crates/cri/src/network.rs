//! The pod network's port: interfaces of pods and host ports.

use std::net::{IpAddr, Ipv4Addr};

use crate::{Future_, Result, runtime::SandboxId};

/// Addresses of a pod.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PodAddresses {
    /// All, the first is `status.podIP`.
    pub ips: Vec<IpAddr>,
}

/// A port of the node that leads to a pod.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct HostPort {
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: String,
    /// Address on the node; unspecified for all.
    pub host_ip: Option<Ipv4Addr>,
    /// On the node.
    pub host_port: u16,
    /// In the pod.
    pub container_port: u16,
}

/// The pod network.
pub trait PodNetwork: Send + Sync + 'static {
    /// Makes the pod's interface inside the network namespace of process `pid`, with an address of the node's range, routes,
    /// and its host ports. Idempotent per sandbox: asked again, it answers with the same addresses.
    fn attach<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        pid: i32,
        host_ports: &'a [HostPort],
    ) -> Future_<'a, Result<PodAddresses>>;
    /// Takes all of it back and frees the address; succeeds where there is nothing.
    fn detach<'a>(&'a self, sandbox: &'a SandboxId) -> Future_<'a, Result<()>>;
    /// After a restart: keeps the addresses of these sandboxes, frees all others.
    fn restore<'a>(&'a self, living: &'a [SandboxId]) -> Future_<'a, Result<()>>;
    /// The range of pods on this node changed or became known (`spec.podCIDR`).
    fn set_pod_cidr<'a>(&'a self, cidr: &'a str) -> Future_<'a, Result<()>>;
}
