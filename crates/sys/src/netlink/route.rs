//! Links, addresses, routes and neighbours.

use std::net::Ipv4Addr;

use super::{
    message::{ACK, Buffer, CREATE, DUMP, EXCLUSIVE, Message, REPLACE, as_ipv4, as_text, as_u32, attribute},
    socket::{Error, Family, Socket},
};

const NEW_LINK: u16 = 16;
const DELETE_LINK: u16 = 17;
const GET_LINK: u16 = 18;
const NEW_ADDRESS: u16 = 20;
const DELETE_ADDRESS: u16 = 21;
const GET_ADDRESS: u16 = 22;
const NEW_ROUTE: u16 = 24;
const DELETE_ROUTE: u16 = 25;
const GET_ROUTE: u16 = 26;
const NEW_NEIGHBOUR: u16 = 28;
const DELETE_NEIGHBOUR: u16 = 29;
const GET_NEIGHBOUR: u16 = 30;

const INET: u8 = 2;
const BRIDGE: u8 = 7;
/// The entry belongs to the link itself, not to a bridge above it.
const SELF: u8 = 2;
/// The next hop is on the link, whatever the addresses say.
const ON_LINK: u8 = 4;
const UP: u32 = 1;
const PERMANENT: u16 = 0x80;
const MAIN_TABLE: u8 = 254;
const BY_ADMIN: u8 = 4;
const UNICAST: u8 = 1;

const LINK_ADDRESS: u16 = 1;
const LINK_NAME: u16 = 3;
const LINK_MTU: u16 = 4;
const LINK_INFO: u16 = 18;
const LINK_NAMESPACE_PID: u16 = 19;
const INFO_KIND: u16 = 1;
const INFO_DATA: u16 = 2;
const VETH_PEER: u16 = 1;
const VXLAN_ID: u16 = 1;
const VXLAN_LOCAL: u16 = 4;
const VXLAN_LEARNING: u16 = 7;
const VXLAN_PORT: u16 = 15;

/// A hardware address.
pub type Mac = [u8; 6];

/// How far an address or route reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Everywhere.
    Universe,
    /// What is directly connected.
    Link,
    /// This host only.
    Host,
}

impl Reach {
    fn code(self) -> u8 {
        match self {
            Self::Universe => 0,
            Self::Link => 253,
            Self::Host => 254,
        }
    }
}

/// A link as the kernel lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Whether it is up.
    pub up: bool,
    /// Largest packet.
    pub mtu: u32,
    /// `veth`, `bridge`, …; empty for hardware.
    pub kind: String,
}

/// An address as the kernel lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Number of its link.
    pub link: u32,
    /// The address.
    pub ip: Ipv4Addr,
    /// Length of its prefix.
    pub prefix: u8,
    /// It reaches beyond this host and link.
    pub global: bool,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Where to; prefix 0: everywhere.
    pub to: (Ipv4Addr, u8),
    /// The next hop.
    pub via: Option<Ipv4Addr>,
    /// Number of the link.
    pub link: u32,
    /// The address to send from.
    pub source: Option<Ipv4Addr>,
    /// The smaller wins; 0: the kernel's default.
    pub metric: u32,
    /// The next hop is taken to be on the link although no address says so.
    pub on_link: bool,
}

/// An interface that carries frames to other hosts in UDP (VXLAN), to those that it is told of: nothing is learned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vxlan<'a> {
    /// Name.
    pub name: &'a str,
    /// Hardware address.
    pub mac: Mac,
    /// Number of the network, 24 bits.
    pub id: u32,
    /// UDP port here and at the others.
    pub port: u16,
    /// Address that packets are sent from.
    pub local: Ipv4Addr,
    /// Largest packet.
    pub mtu: u32,
}

/// Where a VXLAN link sends frames for a hardware address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tunnel {
    /// The hardware address.
    pub mac: Mac,
    /// The host.
    pub host: Ipv4Addr,
}

/// A pair of interfaces: one here, one in the network namespace of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Veth<'a> {
    /// Name here.
    pub name: &'a str,
    /// Hardware address here.
    pub mac: Mac,
    /// Name there.
    pub peer: &'a str,
    /// Hardware address there.
    pub peer_mac: Mac,
    /// The process.
    pub pid: i32,
    /// Largest packet.
    pub mtu: u32,
}

/// Several changes that are sent at once.
#[derive(Debug, Default)]
pub struct Changes(Buffer);

fn link_head(index: u32, flags: u32) -> [u8; 16] {
    let mut head = [0; 16];
    head[4..8].copy_from_slice(&index.to_ne_bytes());
    head[8..12].copy_from_slice(&flags.to_ne_bytes());
    // Only these flags are to change.
    head[12..16].copy_from_slice(&flags.to_ne_bytes());
    head
}

impl Changes {
    /// Makes a pair of interfaces in one message: this end up, the far one where it belongs and still down.
    pub fn veth(&mut self, veth: &Veth<'_>) -> &mut Self {
        self.0.message(NEW_LINK, ACK | CREATE | EXCLUSIVE, &link_head(0, UP), |b| {
            b.text(LINK_NAME, veth.name);
            b.attr(LINK_ADDRESS, &veth.mac);
            b.u32(LINK_MTU, veth.mtu);
            b.nest(LINK_INFO, |b| {
                b.text(INFO_KIND, "veth");
                b.nest(INFO_DATA, |b| {
                    // It cannot be up before the two are tied together.
                    b.nest_with(VETH_PEER, &link_head(0, 0), |b| {
                        b.text(LINK_NAME, veth.peer);
                        b.attr(LINK_ADDRESS, &veth.peer_mac);
                        b.u32(LINK_MTU, veth.mtu);
                        b.u32(LINK_NAMESPACE_PID, veth.pid.unsigned_abs());
                    });
                });
            });
        });
        self
    }

    /// Makes an interface that leads nowhere, to hold addresses: a bridge without ports, because not every kernel has `dummy`.
    pub fn holder(&mut self, name: &str) -> &mut Self {
        self.0.message(NEW_LINK, ACK | CREATE | EXCLUSIVE, &link_head(0, UP), |b| {
            b.text(LINK_NAME, name);
            b.nest(LINK_INFO, |b| b.text(INFO_KIND, "bridge"));
        });
        self
    }

    /// Makes a VXLAN link.
    pub fn vxlan(&mut self, vxlan: &Vxlan<'_>) -> &mut Self {
        self.0.message(NEW_LINK, ACK | CREATE | EXCLUSIVE, &link_head(0, UP), |b| {
            b.text(LINK_NAME, vxlan.name);
            b.attr(LINK_ADDRESS, &vxlan.mac);
            b.u32(LINK_MTU, vxlan.mtu);
            b.nest(LINK_INFO, |b| {
                b.text(INFO_KIND, "vxlan");
                b.nest(INFO_DATA, |b| {
                    b.u32(VXLAN_ID, vxlan.id);
                    b.ipv4(VXLAN_LOCAL, vxlan.local);
                    b.attr(VXLAN_LEARNING, &[0]);
                    b.attr(VXLAN_PORT, &vxlan.port.to_be_bytes());
                });
            });
        });
        self
    }

    /// Brings a link up.
    pub fn up(&mut self, link: u32) -> &mut Self {
        self.0.message(NEW_LINK, ACK, &link_head(link, UP), |_| {});
        self
    }

    /// Removes a link and, of a pair, the other end.
    pub fn delete_link(&mut self, link: u32) -> &mut Self {
        self.0.message(DELETE_LINK, ACK, &link_head(link, 0), |_| {});
        self
    }

    /// Gives a link an address; the same again changes nothing.
    pub fn address(&mut self, link: u32, ip: Ipv4Addr, prefix: u8, reach: Reach) -> &mut Self {
        self.0.message(NEW_ADDRESS, ACK | CREATE | REPLACE, &address_head(link, prefix, reach), |b| {
            b.ipv4(1, ip);
            b.ipv4(2, ip);
        });
        self
    }

    /// Takes an address off a link.
    pub fn delete_address(&mut self, link: u32, ip: Ipv4Addr, prefix: u8) -> &mut Self {
        self.0.message(DELETE_ADDRESS, ACK, &address_head(link, prefix, Reach::Universe), |b| {
            b.ipv4(1, ip);
            b.ipv4(2, ip);
        });
        self
    }

    /// Adds a route, or replaces the one to the same place.
    pub fn route(&mut self, route: &Route) -> &mut Self {
        self.0.message(NEW_ROUTE, ACK | CREATE | REPLACE, &route_head(route, BY_ADMIN), |b| route_body(b, route));
        self
    }

    /// Removes a route.
    pub fn delete_route(&mut self, route: &Route) -> &mut Self {
        self.0.message(DELETE_ROUTE, ACK, &route_head(route, 0), |b| route_body(b, route));
        self
    }

    /// Says once and for all which hardware address a neighbour has.
    pub fn neighbour(&mut self, link: u32, ip: Ipv4Addr, mac: Mac) -> &mut Self {
        self.0.message(NEW_NEIGHBOUR, ACK | CREATE | REPLACE, &neighbour_head(INET, link, 0), |b| {
            b.ipv4(1, ip);
            b.attr(2, &mac);
        });
        self
    }

    /// Forgets a neighbour.
    pub fn delete_neighbour(&mut self, link: u32, ip: Ipv4Addr) -> &mut Self {
        self.0.message(DELETE_NEIGHBOUR, ACK, &neighbour_head(INET, link, 0), |b| b.ipv4(1, ip));
        self
    }

    /// Tells a VXLAN link where a hardware address is, instead of what it knew before.
    pub fn tunnel(&mut self, link: u32, tunnel: Tunnel) -> &mut Self {
        self.0.message(NEW_NEIGHBOUR, ACK | CREATE | REPLACE, &neighbour_head(BRIDGE, link, SELF), |b| {
            b.attr(2, &tunnel.mac);
            b.ipv4(1, tunnel.host);
        });
        self
    }

    /// Makes a VXLAN link forget where a hardware address is.
    pub fn delete_tunnel(&mut self, link: u32, tunnel: Tunnel) -> &mut Self {
        self.0.message(DELETE_NEIGHBOUR, ACK, &neighbour_head(BRIDGE, link, SELF), |b| {
            b.attr(2, &tunnel.mac);
            b.ipv4(1, tunnel.host);
        });
        self
    }
}

fn neighbour_head(family: u8, link: u32, flags: u8) -> [u8; 12] {
    let mut head = [0; 12];
    head[0] = family;
    head[4..8].copy_from_slice(&link.to_ne_bytes());
    head[8..10].copy_from_slice(&PERMANENT.to_ne_bytes());
    head[10] = flags;
    head
}

fn address_head(link: u32, prefix: u8, reach: Reach) -> [u8; 8] {
    let mut head = [INET, prefix, 0, reach.code(), 0, 0, 0, 0];
    head[4..8].copy_from_slice(&link.to_ne_bytes());
    head
}

fn route_head(route: &Route, origin: u8) -> [u8; 12] {
    let reach = if route.via.is_some() { Reach::Universe } else { Reach::Link };
    let mut head = [INET, route.to.1, 0, 0, MAIN_TABLE, origin, reach.code(), UNICAST, 0, 0, 0, 0];
    let flags = if route.on_link { u32::from(ON_LINK) } else { 0 };
    head[8..12].copy_from_slice(&flags.to_ne_bytes());
    head
}

fn route_body(b: &mut Buffer, route: &Route) {
    if route.to.1 > 0 {
        b.ipv4(1, route.to.0);
    }
    b.u32(4, route.link);
    if let Some(via) = route.via {
        b.ipv4(5, via);
    }
    if let Some(source) = route.source {
        b.ipv4(7, source);
    }
    if route.metric > 0 {
        b.u32(6, route.metric);
    }
}

/// What the kernel tells about a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A link came, went, or is another now.
    Link(String),
    /// An address came or went.
    Address,
    /// A route with this metric came or went.
    Route(u32),
    /// Nothing of these.
    Other,
}

/// A socket that hears of changes of links, IPv4 addresses and IPv4 routes.
pub fn listen() -> Result<Socket, Error> {
    // RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE.
    Socket::listen(Family::Route, 0x1 | 0x10 | 0x40)
}

/// What a message from [`listen`] says.
#[must_use]
pub fn news(message: &Message) -> News {
    match message.kind {
        NEW_LINK | DELETE_LINK => link(&message.payload).map_or(News::Other, |link| News::Link(link.name)),
        NEW_ADDRESS | DELETE_ADDRESS => News::Address,
        NEW_ROUTE | DELETE_ROUTE => route(&message.payload).map_or(News::Other, |route| News::Route(route.metric)),
        _ => News::Other,
    }
}

/// A connection to the part of the kernel that routes.
#[derive(Debug)]
pub struct Router(Socket);

impl Router {
    /// In the caller's network namespace.
    pub fn open() -> Result<Self, Error> {
        Socket::open(Family::Route).map(Self)
    }

    /// In the network namespace of a process.
    pub fn open_in(pid: i32) -> Result<Self, Error> {
        Socket::open_in(Family::Route, pid).map(Self)
    }

    /// Makes changes; all are tried, the first error is returned.
    pub fn apply(&self, changes: &Changes, tried: impl Fn() -> String) -> Result<(), Error> {
        self.0.acknowledged(&changes.0, tried)
    }

    /// A link by its name.
    pub fn link(&self, name: &str) -> Result<Option<Link>, Error> {
        let mut buffer = Buffer::default();
        buffer.message(GET_LINK, 0, &link_head(0, 0), |b| b.text(LINK_NAME, name));
        // A request for one thing is answered by it and nothing else, or by an error.
        match self.one(&buffer, || format!("look for link {name}")) {
            Ok(found) => Ok(found.as_deref().and_then(link)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn one(&self, buffer: &Buffer, tried: impl Fn() -> String) -> Result<Option<Vec<u8>>, Error> {
        let mut request = buffer.clone();
        request.add_flags(0, ACK);
        let found = self.0.dump(&request, tried)?;
        Ok(found.into_iter().next().map(|m| m.payload))
    }

    /// All links.
    pub fn links(&self) -> Result<Vec<Link>, Error> {
        let all = self.list(GET_LINK, &link_head(0, 0), "list links")?;
        Ok(all.iter().filter_map(|p| link(p)).collect())
    }

    /// All IPv4 addresses.
    pub fn addresses(&self) -> Result<Vec<Address>, Error> {
        let all = self.list(GET_ADDRESS, &address_head(0, 0, Reach::Universe), "list addresses")?;
        Ok(all.iter().filter_map(|p| address(p)).collect())
    }

    /// All IPv4 unicast routes of the main table that lead to one link.
    pub fn routes(&self) -> Result<Vec<Route>, Error> {
        let mut head = [0; 12];
        head[0] = INET;
        let all = self.list(GET_ROUTE, &head, "list routes")?;
        Ok(all.iter().filter_map(|p| route(p)).collect())
    }

    /// What a VXLAN link knows of where hardware addresses are.
    pub fn tunnels(&self, on: u32) -> Result<Vec<Tunnel>, Error> {
        let all = self.list(GET_NEIGHBOUR, &neighbour_head(BRIDGE, 0, 0), "list tunnels")?;
        Ok(all.iter().filter_map(|p| tunnel(p, on)).collect())
    }

    /// The neighbours of a link that were told once and for all.
    pub fn neighbours(&self, on: u32) -> Result<Vec<Ipv4Addr>, Error> {
        let all = self.list(GET_NEIGHBOUR, &neighbour_head(INET, 0, 0), "list neighbours")?;
        let known = all.iter().filter_map(|p| p.split_at_checked(12));
        let here = known.filter(|(head, _)| head[0] == INET && as_u32(&head[4..8]) == Some(on));
        let fixed = here.filter(|(head, _)| u16::from_ne_bytes([head[8], head[9]]) & PERMANENT != 0);
        Ok(fixed.filter_map(|(_, body)| attribute(body, 1).and_then(as_ipv4)).collect())
    }

    fn list(&self, kind: u16, head: &[u8], tried: &'static str) -> Result<Vec<Vec<u8>>, Error> {
        let mut buffer = Buffer::default();
        buffer.message(kind, DUMP, head, |_| {});
        Ok(self.0.dump(&buffer, || tried.to_owned())?.into_iter().map(|m| m.payload).collect())
    }
}

fn link(payload: &[u8]) -> Option<Link> {
    let body = payload.get(16..)?;
    let info = attribute(body, LINK_INFO).and_then(|info| attribute(info, INFO_KIND));
    Some(Link {
        index: as_u32(&payload[4..8])?,
        name: attribute(body, LINK_NAME).map(as_text)?,
        up: as_u32(&payload[8..12])? & UP != 0,
        mtu: attribute(body, LINK_MTU).and_then(as_u32).unwrap_or(1500),
        kind: info.map(as_text).unwrap_or_default(),
    })
}

fn address(payload: &[u8]) -> Option<Address> {
    let (head, body) = payload.split_at_checked(8)?;
    if head[0] != INET {
        return None;
    }
    // On a point-to-point link the first attribute is the other end; the second is always ours.
    let ip = attribute(body, 2).or_else(|| attribute(body, 1)).and_then(as_ipv4)?;
    Some(Address { link: as_u32(&head[4..8])?, ip, prefix: head[1], global: head[3] == 0 })
}

fn route(payload: &[u8]) -> Option<Route> {
    let (head, body) = payload.split_at_checked(12)?;
    if head[0] != INET || head[4] != MAIN_TABLE || head[7] != UNICAST {
        return None;
    }
    let to = attribute(body, 1).and_then(as_ipv4).unwrap_or(Ipv4Addr::UNSPECIFIED);
    Some(Route {
        to: (to, head[1]),
        via: attribute(body, 5).and_then(as_ipv4),
        link: attribute(body, 4).and_then(as_u32)?,
        source: attribute(body, 7).and_then(as_ipv4),
        metric: attribute(body, 6).and_then(as_u32).unwrap_or(0),
        on_link: head[8] & ON_LINK != 0,
    })
}

fn tunnel(payload: &[u8], on: u32) -> Option<Tunnel> {
    let (head, body) = payload.split_at_checked(12)?;
    if head[0] != BRIDGE || as_u32(&head[4..8]) != Some(on) {
        return None;
    }
    Some(Tunnel { mac: attribute(body, 2)?.try_into().ok()?, host: attribute(body, 1).and_then(as_ipv4)? })
}
