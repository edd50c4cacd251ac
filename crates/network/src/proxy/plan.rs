//! From a service to the entries of the table. Pure.

use std::{collections::HashMap, net::Ipv4Addr};

use cri::network::HostPort;

use super::{
    model::{Endpoint, Endpoints, Frontend, Port, Protocol},
    state::{Item, Owner, Wish},
    table::{Go, Pick, SetId, Value},
};

type Place = (Ipv4Addr, u16);

/// Which endpoint has which slot, where clients stay. An endpoint keeps its slot as long as it lives.
#[derive(Debug, Default)]
pub(crate) struct Slots(HashMap<(Owner, String, Protocol, bool), Vec<Option<Place>>>);

impl Slots {
    fn assign(&mut self, owner: &Owner, port: &Port, local: bool, endpoints: &[&Endpoint]) -> Vec<Option<Place>> {
        let slots = self.0.entry((owner.clone(), port.name.clone(), port.protocol, local)).or_default();
        let places: Vec<Place> = endpoints.iter().map(|e| (e.ip, e.port)).collect();
        for slot in slots.iter_mut() {
            *slot = slot.filter(|place| places.contains(place));
        }
        for place in places {
            if !slots.contains(&Some(place)) {
                match slots.iter_mut().find(|slot| slot.is_none()) {
                    Some(free) => *free = Some(place),
                    None => slots.push(Some(place)),
                }
            }
        }
        let end = slots.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        slots.truncate(end);
        slots.clone()
    }

    /// Forgets those of a service that is gone.
    pub fn forget(&mut self, owner: &Owner) {
        self.0.retain(|(o, ..), _| o != owner);
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

/// The endpoints that one port leads to, from inside or from outside.
enum Group {
    Nobody,
    Any(Vec<Place>),
    Stay { seconds: u32, slots: Vec<Option<Place>> },
}

struct Planner<'a> {
    items: Vec<Item>,
    owner: &'a Owner,
    slots: &'a mut Slots,
    sticky_seconds: Option<u32>,
}

fn place_value((ip, port): Place) -> Value {
    Value::Bytes(key(&[&ip.octets(), &port.to_be_bytes()]))
}

impl Planner<'_> {
    fn add(&mut self, set: SetId, key: Vec<u8>, value: Value) {
        self.items.push(Item { set, key, value });
    }

    fn group(&mut self, port: &Port, endpoints: &[&Endpoint], local: bool) -> Group {
        if endpoints.is_empty() {
            return Group::Nobody;
        }
        for endpoint in endpoints.iter().filter(|e| e.local) {
            let ip = endpoint.ip.octets();
            self.add(SetId::Hairpin, key(&[&ip, &ip]), Value::None);
        }
        match self.sticky_seconds {
            Some(seconds) => Group::Stay { seconds, slots: self.slots.assign(self.owner, port, local, endpoints) },
            None => Group::Any(endpoints.iter().map(|e| (e.ip, e.port)).collect()),
        }
    }

    fn lead(&mut self, at: Vec<u8>, group: &Group, otherwise: Value) {
        let numbered = |place: u32| [&at[..], &place.to_ne_bytes()].concat();
        match group {
            Group::Nobody => self.add(SetId::Refused, at, otherwise),
            Group::Any(places) => {
                for (n, place) in (0..).zip(places) {
                    self.add(SetId::Endpoints, numbered(n), place_value(*place));
                }
                let count = u32::try_from(places.len()).unwrap_or(u32::MAX);
                self.add(SetId::Frontends, at, Value::Pick(Pick::Any(count)));
            }
            Group::Stay { seconds, slots } => {
                let living: Vec<u16> = (0u16..).zip(slots).filter_map(|(n, slot)| slot.map(|_| n)).collect();
                for (n, slot) in (0u16..).zip(slots) {
                    // An empty slot's turn goes to the others.
                    let slot_taken = if slot.is_some() { n } else { living[usize::from(n) % living.len()] };
                    let go = Go { seconds: *seconds, slot: slot_taken };
                    self.add(SetId::Choices, numbered(u32::from(n)), Value::Go(go));
                    if let Some(place) = slot {
                        self.add(SetId::Slot(n), at.clone(), place_value(*place));
                    }
                }
                let slots = u16::try_from(slots.len()).unwrap_or(u16::MAX);
                self.add(SetId::Frontends, at, Value::Pick(Pick::Stay { seconds: *seconds, slots }));
            }
        }
    }
}

/// All entries of a service on a node with these addresses.
pub(crate) fn service(
    owner: Owner,
    service: &Frontend,
    endpoints: &Endpoints,
    node_ips: &[Ipv4Addr],
    slots: &mut Slots,
) -> Wish {
    let mut planner = Planner { items: Vec::new(), owner: &owner, slots, sticky_seconds: service.sticky_seconds };
    for ip in &service.cluster_ips {
        planner.add(SetId::ClusterIps, ip.octets().to_vec(), Value::None);
    }
    for port in &service.ports {
        let all = endpoints.get(&(port.name.clone(), port.protocol)).map_or(&[][..], Vec::as_slice);
        let anywhere = serving(all, false);
        let (needs_local, needs_any) = needs(service, port);
        let cluster = if needs_any { planner.group(port, &anywhere, false) } else { Group::Nobody };
        let here = if needs_local { planner.group(port, &serving(all, true), true) } else { Group::Nobody };
        // With endpoints elsewhere only, Kubernetes drops: a balancer shall look for another node.
        let nowhere_here = || if anywhere.is_empty() { Value::Reject } else { Value::Drop };
        for ip in &service.cluster_ips {
            let at = frontend_key(*ip, port.protocol, port.port);
            match service.internal_local {
                true => planner.lead(at, &here, nowhere_here()),
                false => planner.lead(at, &cluster, Value::Reject),
            }
        }
        let outside = service.external_ips.iter().map(|ip| (*ip, port.port));
        let outside = outside.chain(port.node_port.into_iter().flat_map(|p| node_ips.iter().map(move |ip| (*ip, p))));
        for (ip, number) in outside {
            let at = frontend_key(ip, port.protocol, number);
            if service.external_local {
                planner.lead(at, &here, nowhere_here());
            } else {
                planner.add(SetId::Outside, at.clone(), Value::None);
                planner.lead(at, &cluster, Value::Reject);
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
