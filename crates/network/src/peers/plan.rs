//! From the nodes of the cluster to routes. Pure.

use std::{collections::BTreeMap, net::Ipv4Addr};

use k8s_openapi::api::core::v1::Node;
use sys::netlink::route::{Address, Mac, Route, Tunnel};

use crate::config::Cidr;

/// Another node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    pub ip: Ipv4Addr,
    /// Addresses of its pods.
    pub range: Cidr,
}

/// What a node is by its object: its address and the range of its pods; `None` as long as it lacks one of them.
pub(crate) fn peer(node: &Node) -> Option<Peer> {
    let addresses = node.status.as_ref()?.addresses.as_ref()?;
    let internal = addresses.iter().filter(|a| a.type_ == "InternalIP");
    let ip = internal.filter_map(|a| a.address.parse().ok()).next()?;
    let spec = node.spec.as_ref()?;
    let ranges = spec.pod_cidrs.iter().flatten().chain(&spec.pod_cidr);
    Some(Peer { ip, range: ranges.filter_map(|r| r.parse().ok()).next()? })
}

/// What this node is.
#[derive(Debug, Clone)]
pub(crate) struct Here {
    pub ip: Ipv4Addr,
    /// Addresses of this node's pods, once they are known.
    pub range: Option<Cidr>,
    /// The addresses of the host, without those of links that this instance made.
    pub addresses: Vec<Address>,
    /// The metric of our routes.
    pub metric: u32,
}

/// How the nodes are reached.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Ways {
    /// By routes to nodes on the same link.
    pub direct: Vec<Route>,
    /// Through the overlay; the number of its link is not known here and left 0.
    pub through: Vec<Route>,
    /// Where the overlay finds these nodes.
    pub tunnels: Vec<Tunnel>,
    /// The hardware addresses of their next hops.
    pub neighbours: BTreeMap<Ipv4Addr, Mac>,
}

/// The hardware address of a node's end of the overlay follows from the node's address, so nobody has to ask for it.
pub(crate) fn overlay_mac(node: Ipv4Addr) -> Mac {
    let [a, b, c, d] = node.octets();
    [0x0a, 0x59, a, b, c, d]
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0)
}

/// The link on which an address is a neighbour.
fn shared_link(addresses: &[Address], ip: Ipv4Addr) -> Option<u32> {
    let near = addresses.iter().filter(|a| a.prefix < 32 && !a.ip.is_loopback());
    let near = near.filter(|a| (u32::from(a.ip) ^ u32::from(ip)) & mask(a.prefix) == 0);
    near.max_by_key(|a| a.prefix).map(|a| a.link)
}

/// The ways to all peers: direct where the two share a link, else through the overlay. Of peers that claim the same
/// addresses the first counts; one with this node's own address cannot be reached.
pub(crate) fn ways(here: &Here, peers: &[Peer]) -> Ways {
    let mut ways = Ways::default();
    let mut taken: Vec<Cidr> = here.range.into_iter().collect();
    for peer in peers.iter().filter(|p| p.ip != here.ip) {
        if taken.contains(&peer.range) {
            continue;
        }
        taken.push(peer.range);
        let to = (peer.range.base(), peer.range.prefix());
        if let Some(link) = shared_link(&here.addresses, peer.ip) {
            let route = Route { to, via: Some(peer.ip), link, source: None, metric: here.metric, on_link: false };
            ways.direct.push(route);
            continue;
        }
        // The next hop is a name for the peer's end: the first address of its range, which no pod has. What this host
        // itself sends comes from the same address of its own range, so that answers come back through the overlay.
        let (via, source) = (Some(peer.range.base()), here.range.map(Cidr::base));
        ways.through.push(Route { to, via, link: 0, source, metric: here.metric, on_link: true });
        ways.tunnels.push(Tunnel { mac: overlay_mac(peer.ip), host: peer.ip });
        ways.neighbours.insert(peer.range.base(), overlay_mac(peer.ip));
    }
    ways
}
