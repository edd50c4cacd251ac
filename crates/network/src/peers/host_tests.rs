//! The kernel takes what is planned: the test program starts itself again in an empty network namespace. Needs root.

use std::{net::Ipv4Addr, process::Command, sync::Arc};

use sys::netlink::route::{Changes, Reach, Router};

use super::{
    cleanup,
    plan::{Peer, overlay_mac},
    put,
};
use crate::config::{Config, Overlay};

const INSIDE: &str = "PODIUM_TEST_NETWORK_PEERS";
const HERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const NEAR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const FAR: [Ipv4Addr; 2] = [Ipv4Addr::new(198, 51, 100, 2), Ipv4Addr::new(198, 51, 100, 3)];

#[test]
fn ways_come_and_go() {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let root = std::fs::read_to_string("/proc/self/status").is_ok_and(|s| s.contains("\nUid:\t0\t0\t"));
    assert!(root, "run it as root: it makes links and routes in a network namespace of its own");
    let status = Command::new("unshare")
        .arg("--net")
        .arg(std::env::current_exe().expect("a path"))
        .args(["--exact", "peers::host_tests::ways_come_and_go", "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .expect("unshare starts");
    assert!(status.success(), "see above");
}

fn inside() {
    let here = Router::open().expect("opens");
    let apply = |changes: &Changes| here.apply(changes, || "set up the test".into()).expect("applies");
    apply(Changes::default().up(1).holder("up0"));
    let up = here.link("up0").expect("asks").expect("is there").index;
    apply(Changes::default().address(up, HERE, 24, Reach::Universe));
    let config = Config {
        instance: "0123abcd".into(),
        node_name: "here".into(),
        node_ip: HERE,
        node_port_ips: vec![],
        data_dir: "/nowhere".into(),
        cluster_cidr: "10.244.0.0/16".parse().expect("a range"),
        service_cidr: "10.96.0.0/12".parse().expect("a range"),
        dns_ip: Ipv4Addr::new(10, 96, 0, 10),
        cluster_domain: "cluster.local".into(),
        overlay: Overlay { id: 7, port: 8472 },
        upstream: vec![],
        log: Arc::new(|_| {}),
    };
    let names = config.names();
    let range = "10.244.0.0/24".parse().ok();
    let peer = |ip: Ipv4Addr, n: u8| Peer { ip, range: format!("10.244.{n}.0/24").parse().expect("a range") };
    // Who is reached, and by which next hop.
    let reached = || {
        let routes = here.routes().expect("lists").into_iter().filter(|r| r.metric == names.metric);
        let mut all: Vec<_> = routes.map(|r| (r.to.0.octets()[2], r.via)).collect();
        all.sort();
        all
    };
    let ends = || {
        let link = here.link(&names.overlay).expect("asks").expect("is there").index;
        let mut hosts: Vec<_> = here.tunnels(link).expect("lists").into_iter().map(|t| (t.host, t.mac)).collect();
        hosts.sort();
        (hosts, here.neighbours(link).expect("lists"))
    };
    let hop = |n: u8| Some(Ipv4Addr::new(10, 244, n, 0));
    for _ in 0..2 {
        put(&config, range, &[peer(NEAR, 1), peer(FAR[0], 2), peer(FAR[1], 3)]).expect("put");
        assert_eq!(reached(), [(1, Some(NEAR)), (2, hop(2)), (3, hop(3))]);
        assert_eq!(ends().0, FAR.map(|ip| (ip, overlay_mac(ip))));
    }
    put(&config, range, &[peer(FAR[1], 3), peer(NEAR, 4)]).expect("put");
    assert_eq!(reached(), [(3, hop(3)), (4, Some(NEAR))]);
    assert_eq!(ends(), (vec![(FAR[1], overlay_mac(FAR[1]))], hop(3).into_iter().collect()));
    // The far one came near: its route goes another way.
    put(&config, range, &[peer(NEAR, 3)]).expect("put");
    assert_eq!(reached(), [(3, Some(NEAR))]);
    cleanup(&names).expect("cleans");
    cleanup(&names).expect("cleans what is clean");
    assert!(reached().is_empty() && here.link(&names.overlay).expect("asks").is_none());
}
