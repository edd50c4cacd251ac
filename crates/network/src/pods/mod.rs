//! The interfaces of pods: implements the node's port for pod networks.

mod addresses;
pub(crate) mod links;

use std::{net::IpAddr, sync::Arc};

use cri::{
    Future_,
    network::{HostPort, PodAddresses, PodNetwork},
    runtime::SandboxId,
};
use sys::netlink::route::Reach;
use tokio::sync::{Mutex, watch};

use crate::{
    config::{Config, Names},
    error::{Error, blocking},
    proxy::{Rules, host_ports, stale},
};
use addresses::{Addresses, Lease};

/// How long a pod waits for the node's range to become known.
const RANGE_PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// See the module.
pub struct Pods {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    names: Names,
    addresses: Mutex<Addresses>,
    rules: Arc<Rules>,
    mtu: u32,
    has_range: watch::Sender<bool>,
}

impl Pods {
    /// Reads which addresses are taken. The rules are those of the same instance.
    pub async fn open(config: Config, rules: Arc<Rules>) -> Result<Self, Error> {
        let (dir, ip, names) = (config.data_dir.clone(), config.node_ip, config.names());
        // A host without a network has no address of its own: the node has one of the pods' range then.
        let (link, own) = (config.names().link, config.cluster_cidr.contains(ip));
        let (services, log) = (config.service_cidr, config.log.clone());
        let (addresses, mtu) = blocking(move || {
            forward();
            if own {
                links::hold_address(&link, ip, Reach::Universe)?;
            }
            // Only a host without a default route needs it.
            if let Err(error) = links::route_services(&link, services, ip) {
                log(&format!("network: {error}"));
            }
            Ok((Addresses::open(&dir)?, links::mtu_of(ip)?))
        })
        .await?;
        // Known before the proxy puts the new table in force: a port of the host stays open while the agent is replaced.
        rules.set_all(addresses.host_ports()).await?;
        let inner =
            Inner { config, names, addresses: Mutex::new(addresses), rules, mtu, has_range: watch::channel(false).0 };
        Ok(Self { inner: Arc::new(inner) })
    }
}

/// Packets of pods must be forwarded. Where it cannot be set the host's check says so; it may be set already.
fn forward() {
    let _ = std::fs::write("/proc/sys/net/ipv4/ip_forward", "1");
}

impl Inner {
    async fn attach(&self, sandbox: &str, pid: i32, wanted: &[HostPort]) -> Result<PodAddresses, Error> {
        let ip = match self.take(sandbox, wanted).await {
            Err(Error::NoRange) => {
                let mut known = self.has_range.subscribe();
                // Out of time or shutting down: the second try says what is missing.
                let _ = tokio::time::timeout(RANGE_PATIENCE, known.wait_for(|k| *k)).await;
                self.take(sandbox, wanted).await?
            }
            other => other?,
        };
        let plan = links::Plan { name: self.name(ip), ip, pid, mtu: self.mtu };
        blocking(move || links::attach(&plan)).await?;
        if !wanted.is_empty() {
            self.rules.set(host_ports(sandbox, ip, wanted)).await?;
        }
        Ok(PodAddresses { ips: vec![IpAddr::V4(ip)] })
    }

    async fn take(&self, sandbox: &str, wanted: &[HostPort]) -> Result<std::net::Ipv4Addr, Error> {
        self.addresses.lock().await.take(sandbox, wanted)
    }

    fn name(&self, ip: std::net::Ipv4Addr) -> String {
        // The place in the cluster's range is the same whatever part of it the node has.
        self.names.pod_link(self.config.cluster_cidr.offset(ip))
    }

    async fn detach(self: &Arc<Self>, sandbox: &str) -> Result<(), Error> {
        let Some(lease) = self.addresses.lock().await.get(sandbox).cloned() else { return Ok(()) };
        if !lease.host_ports.is_empty() {
            self.rules.set(host_ports(sandbox, lease.ip, &[])).await?;
            if lease.host_ports.iter().any(|p| p.protocol == "UDP") {
                stale::forget_pod(lease.ip).await?;
            }
        }
        // Removing a link takes tens of milliseconds in which nobody needs to wait; its address stays taken meanwhile.
        let (inner, sandbox) = (self.clone(), sandbox.to_owned());
        tokio::spawn(async move {
            let name = inner.name(lease.ip);
            if let Err(error) = blocking(move || links::detach(&name)).await {
                inner.config.say(&format!("network: {error}"));
            }
            // The sandbox may have been attached anew in the meantime.
            let mut addresses = inner.addresses.lock().await;
            if let Err(error) = addresses.release(&sandbox) {
                inner.config.say(&format!("network: {error}"));
            }
        });
        Ok(())
    }

    async fn restore(&self, living: &[SandboxId]) -> Result<(), Error> {
        let (keep, ports) = {
            let mut addresses = self.addresses.lock().await;
            let gone: Vec<(String, Lease)> = addresses
                .all()
                .filter(|(sandbox, _)| !living.iter().any(|l| *l.0 == ***sandbox))
                .map(|(sandbox, lease)| (sandbox.clone(), lease.clone()))
                .collect();
            let mut ports = Vec::new();
            for (sandbox, lease) in gone {
                addresses.release(&sandbox)?;
                ports.push(host_ports(&sandbox, lease.ip, &[]));
            }
            let keep: Vec<String> = addresses.all().map(|(_, lease)| self.name(lease.ip)).collect();
            ports.extend(addresses.host_ports());
            (keep, ports)
        };
        let prefix = self.names.pod_prefix.clone();
        blocking(move || links::sweep(&prefix, &keep)).await?;
        self.rules.set_all(ports).await
    }
}

impl PodNetwork for Pods {
    fn attach<'a>(
        &'a self,
        sandbox: &'a SandboxId,
        pid: i32,
        host_ports: &'a [HostPort],
    ) -> Future_<'a, cri::Result<PodAddresses>> {
        Box::pin(async move { Ok(self.inner.attach(&sandbox.0, pid, host_ports).await?) })
    }
    fn detach<'a>(&'a self, sandbox: &'a SandboxId) -> Future_<'a, cri::Result<()>> {
        Box::pin(async move { Ok(self.inner.detach(&sandbox.0).await?) })
    }
    fn restore<'a>(&'a self, living: &'a [SandboxId]) -> Future_<'a, cri::Result<()>> {
        Box::pin(async move { Ok(self.inner.restore(living).await?) })
    }
    fn set_pod_cidr<'a>(&'a self, cidr: &'a str) -> Future_<'a, cri::Result<()>> {
        Box::pin(async move {
            let range = cidr.parse().map_err(Error::from)?;
            self.inner.addresses.lock().await.set_range(range)?;
            self.inner.has_range.send_replace(true);
            Ok(())
        })
    }
}
