//! From a service to the entries of the table. Pure.

use std::{collections::HashMap, net::Ipv4Addr};

use cri::network::HostPort;

use super::{
    model::{Endpoint, Endpoints, Frontend, Port, Protocol},
    state::{Item, Owner, Wish},
    table::{Pick, SetId, Value},
};

/// The numbers of groups of endpoints. A group is what one port of a service leads to, from inside or from outside.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    known: HashMap<(Owner, String, Protocol, bool), u32>,
    last: u32,
}

impl Numbers {
    fn of(&mut self, owner: &Owner, port: &Port, local: bool) -> u32 {
        let last = &mut self.last;
        *self.known.entry((owner.clone(), port.name.clone(), port.protocol, local)).or_insert_with(|| {
            *last = last.wrapping_add(1);
            *last
        })
    }

    #[cfg(test)]
    pub fn begin_at(&mut self, number: u32) {
        self.known.clear();
        self.last = number;
    }

    /// Forgets those of a service that is gone.
    pub fn forget(&mut self, owner: &Owner) {
        self.known.retain(|(o, ..), _| o != owner);
    }
}

/// A key of several fields of four bytes.
fn key(fields: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(fields.len() * 4);
    for field in fields {
        key.extend_from_slice(field);
        key.resize(key.len().next_multiple_of(4), 0);
    }
    key
}

pub(crate) fn frontend_key(ip: Ipv4Addr, protocol: Protocol, port: u16) -> Vec<u8> {
    key(&[&ip.octets(), &[protocol.number()], &port.to_be_bytes()])
}

/// Those that traffic goes to: the ready ones, or in need those that are shutting down and still answer.
fn serving<'a>(all: &'a [Endpoint], only_local: bool) -> Vec<&'a Endpoint> {
    let eligible = |e: &&Endpoint| e.local || !only_local;
    let ready: Vec<&'a Endpoint> = all.iter().filter(|e| e.ready).filter(eligible).collect();
    if ready.is_empty() { all.iter().filter(|e| e.lingering).filter(eligible).collect() } else { ready }
}

struct Planner<'a> {
    items: Vec<Item>,
    owner: &'a Owner,
    numbers: &'a mut Numbers,
    sticky_seconds: Option<u32>,
}

impl Planner<'_> {
    fn add(&mut self, set: SetId, key: Vec<u8>, value: Value) {
        self.items.push(Item { set, key, value });
    }

    /// A group with its endpoints; what leads to it is answered by number and chain.
    fn group(&mut self, port: &Port, endpoints: &[&Endpoint], local: bool) -> Option<(u32, Pick)> {
        let count = u32::try_from(endpoints.len()).ok().filter(|n| *n > 0)?;
        let number = self.numbers.of(self.owner, port, local);
        let group = number.to_ne_bytes();
        for (place, endpoint) in (0u32..).zip(endpoints) {
            let (ip, target) = (endpoint.ip.octets(), endpoint.port.to_be_bytes());
            self.add(SetId::Endpoints, key(&[&group, &place.to_ne_bytes()]), Value::Bytes(key(&[&ip, &target])));
            if self.sticky_seconds.is_some() {
                self.add(SetId::Alive, key(&[&group, &ip, &target]), Value::None);
            }
            if endpoint.local {
                self.add(SetId::Hairpin, key(&[&ip, &ip]), Value::None);
            }
        }
        Some((number, Pick { endpoints: count, sticky_seconds: self.sticky_seconds }))
    }

    fn lead(&mut self, key: Vec<u8>, group: Option<(u32, Pick)>, otherwise: Value) {
        match group {
            Some((number, pick)) => {
                self.add(SetId::Groups, key.clone(), Value::Bytes(number.to_ne_bytes().to_vec()));
                self.add(SetId::Frontends, key, Value::Pick(pick));
            }
            None => self.add(SetId::Refused, key, otherwise),
        }
    }
}

/// All entries of a service on a node with these addresses.
pub(crate) fn service(
    owner: Owner,
    service: &Frontend,
    endpoints: &Endpoints,
    node_ips: &[Ipv4Addr],
    numbers: &mut Numbers,
) -> Wish {
    let mut planner = Planner { items: Vec::new(), owner: &owner, numbers, sticky_seconds: service.sticky_seconds };
    for ip in &service.cluster_ips {
        planner.add(SetId::ClusterIps, ip.octets().to_vec(), Value::None);
    }
    for port in &service.ports {
        let all = endpoints.get(&(port.name.clone(), port.protocol)).map_or(&[][..], Vec::as_slice);
        let anywhere = serving(all, false);
        let (needs_local, needs_any) = needs(service, port);
        let cluster = if needs_any { planner.group(port, &anywhere, false) } else { None };
        let here = if needs_local { planner.group(port, &serving(all, true), true) } else { None };
        // With endpoints elsewhere only, Kubernetes drops: a balancer shall look for another node.
        let nowhere_here = || if anywhere.is_empty() { Value::Reject } else { Value::Drop };
        for ip in &service.cluster_ips {
            let at = frontend_key(*ip, port.protocol, port.port);
            match service.internal_local {
                true => planner.lead(at, here, nowhere_here()),
                false => planner.lead(at, cluster, Value::Reject),
            }
        }
        let outside = service.external_ips.iter().map(|ip| (*ip, port.port));
        let outside = outside.chain(port.node_port.into_iter().flat_map(|p| node_ips.iter().map(move |ip| (*ip, p))));
        for (ip, number) in outside {
            let at = frontend_key(ip, port.protocol, number);
            if service.external_local {
                planner.lead(at, here, nowhere_here());
            } else {
                planner.add(SetId::Outside, at.clone(), Value::None);
                planner.lead(at, cluster, Value::Reject);
            }
        }
    }
    let items = planner.items;
    Wish { owner, items }
}

/// Whether a port is reached by groups of local endpoints, and by groups of all.
fn needs(service: &Frontend, port: &Port) -> (bool, bool) {
    let outside = port.node_port.is_some() || !service.external_ips.is_empty();
    let local = service.internal_local || (outside && service.external_local);
    (local, !service.internal_local || (outside && !service.external_local))
}

/// The entries for the ports of this node that lead to a pod; none to take them away.
pub(crate) fn host_ports(sandbox: &str, ip: Ipv4Addr, ports: &[HostPort]) -> Wish {
    let mut items = Vec::new();
    for port in ports {
        let Some(protocol) = Protocol::of(Some(&port.protocol)) else { continue };
        let target = Value::Bytes(key(&[&ip.octets(), &port.container_port.to_be_bytes()]));
        let item = match port.host_ip.filter(|ip| !ip.is_unspecified()) {
            None => {
                let at = key(&[&[protocol.number()], &port.host_port.to_be_bytes()]);
                Item { set: SetId::HostPorts, key: at, value: target }
            }
            Some(at) => {
                Item { set: SetId::HostPortsAt, key: frontend_key(at, protocol, port.host_port), value: target }
            }
        };
        items.push(item);
        items.push(Item { set: SetId::Hairpin, key: key(&[&ip.octets(), &ip.octets()]), value: Value::None });
    }
    Wish { owner: Owner::HostPorts(sandbox.to_owned()), items }
}

/// The entries that lead the well-known port of the cluster's DNS to another one.
pub(crate) fn dns_port(ip: Ipv4Addr, udp: u16, tcp: u16) -> Wish {
    let item = |protocol: Protocol, port: u16| Item {
        set: SetId::HostPortsAt,
        key: frontend_key(ip, protocol, 53),
        value: Value::Bytes(key(&[&ip.octets(), &port.to_be_bytes()])),
    };
    let items = [(Protocol::Udp, udp), (Protocol::Tcp, tcp)].into_iter().filter(|(_, p)| *p != 53);
    Wish { owner: Owner::Dns, items: items.map(|(protocol, port)| item(protocol, port)).collect() }
}
