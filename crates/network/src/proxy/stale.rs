//! UDP flows that the kernel still sends to where a service no longer leads.

use std::{
    collections::{BTreeSet, HashMap},
    net::Ipv4Addr,
};

use sys::netlink::conntrack::{self, Flow};

use super::{
    model::Protocol,
    state::Wish,
    table::{SetId, Value},
};
use crate::error::{Error, blocking};

type Place = (Ipv4Addr, u16);

/// Where UDP frontends lead now.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Leads(HashMap<Place, BTreeSet<Place>>);

fn place(bytes: &[u8], port_at: usize) -> Option<Place> {
    let ip: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    let port: [u8; 2] = bytes.get(port_at..port_at + 2)?.try_into().ok()?;
    Some((ip.into(), u16::from_be_bytes(port)))
}

impl Leads {
    /// Reads them out of the entries of a service.
    pub fn of(wish: &Wish) -> Self {
        let mut leads = Self::default();
        for item in wish.items.iter().filter(|i| i.key.get(4) == Some(&Protocol::Udp.number())) {
            let Some(at) = place(&item.key, 8) else { continue };
            match (item.set, &item.value) {
                (SetId::Frontends | SetId::Refused, _) => {
                    leads.0.entry(at).or_default();
                }
                (SetId::Endpoints | SetId::Slot(_), Value::Bytes(endpoint)) => {
                    leads.0.entry(at).or_default().extend(place(endpoint, 4));
                }
                _ => {}
            }
        }
        leads
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What must be looked at after `self` became `now`: the new leads, and nothing behind frontends that are gone.
    pub fn changed_to(self, now: &Self) -> Self {
        if self == *now {
            return Self::default();
        }
        let mut all = now.clone();
        for at in self.0.into_keys() {
            all.0.entry(at).or_default();
        }
        all
    }

    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    fn is_stale(&self, flow: &Flow) -> bool {
        self.0.get(&flow.original.destination).is_some_and(|endpoints| !endpoints.contains(&flow.reply.source))
    }
}

/// Forgets the flows that lead elsewhere.
pub(crate) async fn forget(leads: Leads) -> Result<(), Error> {
    if leads.is_empty() {
        return Ok(());
    }
    blocking(move || {
        let socket = conntrack::open()?;
        let mut flows = conntrack::udp_flows(&socket)?;
        flows.retain(|flow| leads.is_stale(flow));
        Ok(conntrack::forget(&socket, &flows)?)
    })
    .await
}

/// Forgets the flows that end at a pod.
pub(crate) async fn forget_pod(ip: Ipv4Addr) -> Result<(), Error> {
    blocking(move || {
        let socket = conntrack::open()?;
        let mut flows = conntrack::udp_flows(&socket)?;
        flows.retain(|flow| flow.reply.source.0 == ip);
        Ok(conntrack::forget(&socket, &flows)?)
    })
    .await
}
