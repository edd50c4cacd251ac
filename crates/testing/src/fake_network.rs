//! A pod network without interfaces: it only hands out addresses.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use cri::{
    Error, Future_, Result,
    network::{HostPort, PodAddresses, PodNetwork},
    runtime::SandboxId,
};
use parking_lot::Mutex;

/// Addresses from `10.244.0.2` on. A clone is the same network.
#[derive(Clone, Default)]
pub struct FakeNetwork {
    given: Arc<Mutex<BTreeMap<SandboxId, Ipv4Addr>>>,
}

impl FakeNetwork {
    /// How many addresses are in use.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.given.lock().len()
    }
}

impl PodNetwork for FakeNetwork {
    fn attach<'a>(&'a self, sandbox: &'a SandboxId, _: i32, _: &'a [HostPort]) -> Future_<'a, Result<PodAddresses>> {
        let mut given = self.given.lock();
        let known = given.get(sandbox).copied();
        let free =
            || (2..=254).map(|last| Ipv4Addr::new(10, 244, 0, last)).find(|ip| !given.values().any(|used| used == ip));
        let result = match known.or_else(free) {
            Some(ip) => {
                given.insert(sandbox.clone(), ip);
                Ok(PodAddresses { ips: vec![IpAddr::V4(ip)] })
            }
            None => Err(Error::Host { tried: "an address for a pod".into(), reason: "all are in use".into() }),
        };
        drop(given);
        Box::pin(std::future::ready(result))
    }

    fn detach<'a>(&'a self, sandbox: &'a SandboxId) -> Future_<'a, Result<()>> {
        self.given.lock().remove(sandbox);
        Box::pin(std::future::ready(Ok(())))
    }

    fn restore<'a>(&'a self, living: &'a [SandboxId]) -> Future_<'a, Result<()>> {
        self.given.lock().retain(|id, _| living.contains(id));
        Box::pin(std::future::ready(Ok(())))
    }

    fn set_pod_cidr<'a>(&'a self, _: &'a str) -> Future_<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
