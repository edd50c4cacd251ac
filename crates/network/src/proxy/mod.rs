//! The service proxy: service rules as entries of flat nftables maps, kept up to date by what changes.

mod model;
mod plan;
mod rules;
pub(crate) mod stale;
mod state;
mod table;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use client::{Informer, Informers};
use k8s_openapi::api::{core::v1::Service, discovery::v1::EndpointSlice};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::{config::Config, error::Error};
use model::SERVICE_NAME;
use stale::Leads;

pub(crate) use plan::{Slots, dns_port, host_ports};
pub use rules::Rules;
pub use state::{Owner, Wish};

/// After a refusal of the kernel the same is tried again, first soon, then less often.
const RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));
/// The index of slices by service.
pub(crate) const BY_SERVICE: &str = "network/service";

/// The service that a slice belongs to, as `namespace/name`.
pub(crate) fn service_of(slice: &EndpointSlice) -> Option<(String, String)> {
    let namespace = slice.metadata.namespace.clone()?;
    let name = slice.metadata.labels.as_ref()?.get(SERVICE_NAME)?.clone();
    Some((namespace, name))
}

/// Gives slices their index by service; the DNS uses it too.
pub(crate) fn index_slices(slices: &Informer<EndpointSlice>) {
    slices.index(BY_SERVICE, |slice| service_of(slice).map(|(ns, name)| format!("{ns}/{name}")).into_iter().collect());
}

#[derive(Default)]
struct Dirty {
    keys: Mutex<BTreeSet<(String, String)>>,
    wake: Notify,
}

impl Dirty {
    fn mark(&self, key: (String, String)) {
        self.keys.lock().insert(key);
        self.wake.notify_one();
    }

    async fn take(&self) -> BTreeSet<(String, String)> {
        loop {
            let woken = self.wake.notified();
            let keys = std::mem::take(&mut *self.keys.lock());
            if !keys.is_empty() {
                return keys;
            }
            woken.await;
        }
    }
}

/// Keeps the rules of a node as its services demand.
pub struct Proxy {
    config: Config,
    rules: Arc<Rules>,
    services: Arc<Informer<Service>>,
    slices: Arc<Informer<EndpointSlice>>,
    synced: watch::Sender<bool>,
}

impl Proxy {
    /// A proxy over the rules of the same instance.
    #[must_use]
    pub fn new(config: Config, rules: Arc<Rules>, informers: &Informers) -> Self {
        let (services, slices) = (informers.get::<Service>(), informers.get::<EndpointSlice>());
        index_slices(&slices);
        Self { config, rules, services, slices, synced: watch::channel(false).0 }
    }

    /// Turns true when all services known at the start are in force.
    #[must_use]
    pub fn synced(&self) -> watch::Receiver<bool> {
        self.synced.subscribe()
    }

    /// Works until dropped.
    pub async fn run(self) {
        let dirty = Arc::new(Dirty::default());
        self.listen(&dirty);
        self.services.has_synced().await;
        self.slices.has_synced().await;
        let mut work = Work { slots: Slots::default(), leads: HashMap::new() };
        let mut delay = RETRY.0;
        let mut first = true;
        loop {
            let keys = if first { self.everything() } else { dirty.take().await };
            let done = self.apply(&mut work, &keys).await;
            match done {
                Ok(()) if first => match self.rules.activate().await {
                    Ok(()) => {
                        first = false;
                        self.synced.send_replace(true);
                        continue;
                    }
                    Err(error) => self.config.say(&format!("service proxy: {error}")),
                },
                Ok(()) => {
                    delay = RETRY.0;
                    continue;
                }
                Err(error) => self.config.say(&format!("service proxy: {error}")),
            }
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(RETRY.1);
            keys.into_iter().for_each(|key| dirty.mark(key));
        }
    }

    fn listen(&self, dirty: &Arc<Dirty>) {
        let marks = dirty.clone();
        self.services.on(move |change| {
            if let Some(meta) = change.object().map(|s| &s.metadata) {
                marks.mark((meta.namespace.clone().unwrap_or_default(), meta.name.clone().unwrap_or_default()));
            }
        });
        let marks = dirty.clone();
        // A slice may have changed its service: both are looked at.
        self.slices.on(move |change| change.states().filter_map(|s| service_of(s)).for_each(|key| marks.mark(key)));
    }

    fn everything(&self) -> BTreeSet<(String, String)> {
        let all = self.services.store().all();
        let keys = all
            .iter()
            .map(|s| (s.metadata.namespace.clone().unwrap_or_default(), s.metadata.name.clone().unwrap_or_default()));
        let mut keys: BTreeSet<_> = keys.collect();
        let owners = keys.iter().map(|(ns, name)| Owner::Service(ns.clone(), name.clone())).collect();
        for owner in self.rules.services_except(&owners) {
            if let Owner::Service(namespace, name) = owner {
                keys.insert((namespace, name));
            }
        }
        keys
    }

    async fn apply(&self, work: &mut Work, keys: &BTreeSet<(String, String)>) -> Result<(), Error> {
        let (mut wishes, mut changed, mut leads) = (Vec::new(), Leads::default(), Vec::new());
        let mut node_ips = vec![self.config.node_ip];
        node_ips.extend(self.config.node_port_ips.iter().filter(|ip| **ip != self.config.node_ip));
        for (namespace, name) in keys {
            let owner = Owner::Service(namespace.clone(), name.clone());
            let service = self.services.store().get(namespace, name);
            let wish = match service.as_deref().and_then(model::frontend) {
                Some(frontend) => {
                    let slices = self.slices.store().by_index(BY_SERVICE, &format!("{namespace}/{name}"));
                    let endpoints = model::endpoints(&slices, &self.config.node_name);
                    let mut wish = plan::service(owner.clone(), &frontend, &endpoints, &node_ips, &mut work.slots);
                    wish.spare(self.config.dns_ip);
                    wish
                }
                None => {
                    work.slots.forget(&owner);
                    Wish { owner: owner.clone(), items: Vec::new() }
                }
            };
            let now = Leads::of(&wish);
            let before = work.leads.get(&owner).cloned().unwrap_or_default();
            changed.merge(before.changed_to(&now));
            leads.push((owner, now));
            wishes.push(wish);
        }
        self.rules.set_all(wishes).await?;
        for (owner, now) in leads {
            if now.is_empty() {
                work.leads.remove(&owner);
            } else {
                work.leads.insert(owner, now);
            }
        }
        stale::forget(changed).await
    }
}

struct Work {
    slots: Slots,
    /// Where the UDP ports of each service led when they were last written.
    leads: HashMap<Owner, Leads>,
}
