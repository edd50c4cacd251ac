//! A table of nodes and the ways to them.

use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::Node;
use serde_json::json;
use sys::netlink::route::Address;

use super::plan::{Here, Peer, overlay_mac, peer, ways};

const NEAR: Ipv4Addr = Ipv4Addr::new(192, 168, 7, 2);
const FAR: Ipv4Addr = Ipv4Addr::new(172, 16, 0, 2);

fn address(link: u32, ip: [u8; 4], prefix: u8) -> Address {
    Address { link, ip: ip.into(), prefix, global: true }
}

fn here() -> Here {
    Here {
        ip: Ipv4Addr::new(192, 168, 7, 1),
        range: "10.244.0.0/24".parse().ok(),
        addresses: vec![
            address(1, [127, 0, 0, 1], 8),
            address(3, [192, 168, 7, 1], 24),
            address(4, [172, 16, 0, 1], 32),
        ],
        metric: 9,
    }
}

fn other(ip: Ipv4Addr, range: &str) -> Peer {
    Peer { ip, range: range.parse().expect("a range") }
}

#[test]
fn neighbours_are_reached_directly_and_others_through_the_overlay() {
    let ways = ways(&here(), &[other(NEAR, "10.244.1.0/24"), other(FAR, "10.244.2.0/24")]);
    let [direct] = &ways.direct[..] else { panic!("{ways:?}") };
    assert_eq!((direct.to, direct.via, direct.link), ((Ipv4Addr::new(10, 244, 1, 0), 24), Some(NEAR), 3));
    assert!(!direct.on_link && direct.metric == 9);
    let [through] = &ways.through[..] else { panic!("{ways:?}") };
    let hop = Ipv4Addr::new(10, 244, 2, 0);
    assert_eq!((through.to, through.via), ((hop, 24), Some(hop)));
    assert_eq!((through.source, through.on_link), (Some(Ipv4Addr::new(10, 244, 0, 0)), true));
    assert_eq!(ways.neighbours.get(&hop), Some(&overlay_mac(FAR)));
    assert_eq!(ways.tunnels[0].host, FAR);
}

#[test]
fn whoever_claims_what_another_has_is_left_out() {
    let taken = [
        other(NEAR, "10.244.0.0/24"),
        other(Ipv4Addr::new(192, 168, 7, 1), "10.244.5.0/24"),
        other(NEAR, "10.244.1.0/24"),
        other(FAR, "10.244.1.0/24"),
    ];
    let ways = ways(&here(), &taken);
    assert_eq!((ways.direct.len(), ways.through.len()), (1, 0), "{ways:?}");
}

#[test]
fn a_node_counts_when_it_has_address_and_range() {
    let node = |value| serde_json::from_value::<Node>(value).expect("a node");
    let status =
        json!({"addresses": [{"type": "Hostname", "address": "a"}, {"type": "InternalIP", "address": "192.168.7.2"}]});
    let whole = json!({"metadata": {"name": "a"}, "spec": {"podCIDR": "10.244.1.0/24", "podCIDRs": ["10.244.1.0/24"]}, "status": status});
    assert_eq!(peer(&node(whole)), Some(other(NEAR, "10.244.1.0/24")));
    assert_eq!(peer(&node(json!({"metadata": {"name": "a"}, "spec": {}, "status": status}))), None);
    assert_eq!(peer(&node(json!({"metadata": {"name": "a"}, "spec": {"podCIDR": "10.244.1.0/24"}}))), None);
}
