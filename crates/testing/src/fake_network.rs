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

/// Addresses of the node's range, of `10.244.0.0/24` until it is known. A clone is the same network.
#[derive(Clone, Default)]
pub struct FakeNetwork {
    given: Arc<Mutex<BTreeMap<SandboxId, Ipv4Addr>>>,
    range: Arc<Mutex<Option<[u8; 3]>>>,
}

impl FakeNetwork {
    /// The machine loses power: all addresses are free.
    pub fn lose_power(&self) {
        self.given.lock().clear();
    }

    /// How many addresses are in use.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.given.lock().len()
    }
}

impl PodNetwork for FakeNetwork {
    fn attach<'a>(&'a self, sandbox: &'a SandboxId, _: i32, _: &'a [HostPort]) -> Future_<'a, Result<PodAddresses>> {
        let [a, b, c] = self.range.lock().unwrap_or([10, 244, 0]);
        let mut given = self.given.lock();
        let known = given.get(sandbox).copied();
        let free =
            || (2..=254).map(|last| Ipv4Addr::new(a, b, c, last)).find(|ip| !given.values().any(|used| used == ip));
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

    fn set_pod_cidr<'a>(&'a self, cidr: &'a str) -> Future_<'a, Result<()>> {
        let base = cidr.split('/').next().and_then(|base| base.parse::<Ipv4Addr>().ok());
        *self.range.lock() = base.map(|base| [base.octets()[0], base.octets()[1], base.octets()[2]]);
        Box::pin(std::future::ready(Ok(())))
    }
}
