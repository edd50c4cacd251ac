//! The real thing, in network namespaces of its own: the test program starts itself again in an empty one, which is the
//! node; pods and the world outside are child processes in others. Needs root; without it there is nothing to test.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use cri::{
    network::{HostPort, PodNetwork},
    runtime::SandboxId,
};
use serde_json::{Value as Json, json};
use sys::netlink::route::{Changes, Reach, Route, Router, Veth};

use client::transport::EventKind;
use hickory_proto::{
    op::{Message, Query},
    rr::{Name, RecordType},
};

use crate::{
    Config, Dns, Pods, Proxy, Rules, Wish, cleanup,
    fake_api::{self, Api},
    proxy::{Slots, stale, tests::wish},
    test_space::{PATIENCE, Space, fetch, shell},
};

const INSIDE: &str = "PODIUM_TEST_NETWORK_NODE";
const NODE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const WORLD: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 254);
const VIP: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 7);
/// What an instance may have left.
const LEFT: &str = "ip -o link | cut -d: -f2; ip -4 route show table all; nft list ruleset";

#[test]
fn the_network_of_a_node() {
    if std::env::var_os(INSIDE).is_some() {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        runtime.block_on(inside());
        return;
    }
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let status = Command::new("unshare")
        .arg("--net")
        .arg(std::env::current_exe().expect("own path"))
        .args(["--exact", "host_tests::the_network_of_a_node", "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .expect("unshare starts");
    assert!(status.success(), "see above");
}

/// An interface to the world outside, as a machine has one.
fn uplink() -> Space {
    let world = Space::new();
    let (here, there) = (Router::open().expect("opens"), Router::open_in(world.pid()).expect("opens"));
    let apply =
        |router: &Router, changes: &Changes| router.apply(changes, || "set up the test".into()).expect("applies");
    let veth = Veth {
        name: "up0",
        mac: [2, 0, 0, 0, 0, 1],
        peer: "node0",
        peer_mac: [2, 0, 0, 0, 0, 2],
        pid: world.pid(),
        mtu: 1400,
    };
    apply(&here, Changes::default().up(1).veth(&veth));
    let index = |router: &Router, name: &str| router.link(name).expect("asks").expect("is there").index;
    let (up, node) = (index(&here, "up0"), index(&there, "node0"));
    let default =
        Route { to: (Ipv4Addr::UNSPECIFIED, 0), via: Some(WORLD), link: up, source: None, metric: 0, on_link: false };
    apply(&here, Changes::default().address(up, NODE, 24, Reach::Universe).route(&default));
    apply(&there, Changes::default().up(1).up(node).address(node, WORLD, 24, Reach::Universe));
    world
}

struct Node {
    rules: Arc<Rules>,
    slots: Slots,
    leads: stale::Leads,
}

impl Node {
    /// Gives service `web` these properties and endpoints.
    async fn service(&mut self, more: Json, protocol: &str, port: u16, endpoints: &[Ipv4Addr]) {
        let mut spec = json!({"clusterIP": VIP.to_string(), "ports": [{"name": "p", "port": 80, "protocol": protocol, "nodePort": 30080}]});
        spec.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
        let texts: Vec<String> = endpoints.iter().map(ToString::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let wish: Wish =
            wish(spec, json!([{"name": "p", "port": port, "protocol": protocol}]), &texts, &mut self.slots);
        let now = stale::Leads::of(&wish);
        let changed = std::mem::replace(&mut self.leads, now.clone()).changed_to(&now);
        self.rules.set(wish).await.expect("the kernel takes it");
        stale::forget(changed).await.expect("forgotten");
    }
}

fn sandbox(n: usize) -> SandboxId {
    SandboxId(format!("sandbox-{n}").into())
}

async fn inside() {
    let world = uplink();
    // The carrier comes a moment after the link.
    while shell("ip route").contains("linkdown") {
        tokio::task::yield_now().await;
    }
    let uplinked = shell(LEFT);
    let dir = tempfile::tempdir().expect("a directory");
    let told = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let said = told.clone();
    let config = Config {
        instance: "0123abcd".into(),
        node_name: "here".into(),
        node_ip: NODE,
        node_port_ips: vec![],
        data_dir: dir.path().to_owned(),
        cluster_cidr: "10.244.0.0/16".parse().expect("a range"),
        service_cidr: "10.96.0.0/12".parse().expect("a range"),
        dns_ip: Ipv4Addr::new(10, 96, 0, 10),
        cluster_domain: "cluster.local".into(),
        overlay: crate::config::Overlay { id: 7, port: 8472 },
        upstream: vec![SocketAddr::from((WORLD, 5300))],
        log: Arc::new(move |text| said.lock().push(text.to_owned())),
    };
    let rules = Rules::open(config.clone()).await.expect("rules");
    let guard = tokio::spawn(rules.clone().guard());
    let pods = Pods::open(config.clone(), rules.clone()).await.expect("pods");
    pods.set_pod_cidr("10.244.0.0/24").await.expect("a range");
    let (mut spaces, mut ips) = (Vec::new(), Vec::new());
    for (n, name) in ["a", "b", "c"].into_iter().enumerate() {
        let space = Space::new();
        let begun = Instant::now();
        let addresses = pods.attach(&sandbox(n), space.pid(), &[]).await.expect("attached");
        eprintln!("attached in {:?}", begun.elapsed());
        let again = pods.attach(&sandbox(n), space.pid(), &[]).await.expect("attached");
        assert_eq!(addresses, again, "idempotent");
        let std::net::IpAddr::V4(ip) = addresses.ips[0] else { panic!("IPv4") };
        space.serve(8080, name);
        space.serve_udp(5353, name);
        spaces.push(space);
        ips.push(ip);
    }
    plain_traffic(&world, &spaces, &ips);
    let mut node = Node { rules, slots: Slots::default(), leads: stale::Leads::default() };
    services(&mut node, &world, &spaces, &ips).await;
    affinity(&mut node, &world, &ips).await;
    udp(&mut node, &spaces, &ips).await;
    host_ports(&pods, &world).await;
    restored(&mut node, &spaces, &ips).await;
    detached(&pods, &spaces, &ips).await;
    many(&node.rules).await;
    fed_by_the_api(&config, &node.rules, &world, &spaces[0], &ips).await;
    guard.abort();
    assert!(guard.await.is_err_and(|e| e.is_cancelled()), "it must not make the rules anew any more");
    assert!(told.lock().len() <= 4, "made anew only when something else touched it: {:?}", told.lock());
    cleanup("0123abcd").expect("cleans up");
    cleanup("0123abcd").expect("nothing to do is fine");
    assert_eq!(shell(LEFT), uplinked, "nothing is left");
}

fn plain_traffic(world: &Space, spaces: &[Space], ips: &[Ipv4Addr]) {
    world.serve(7000, "world");
    assert_eq!(fetch(ips[0], 8080).as_deref(), Ok(&*format!("a {NODE}")), "node to pod");
    assert_eq!(
        spaces[0].fetch(ips[1], 8080).as_deref(),
        Ok(&*format!("b {}", ips[0])),
        "pod to pod, addresses as they are"
    );
    assert_eq!(spaces[0].fetch(ips[0], 8080).as_deref(), Ok(&*format!("a {}", ips[0])), "pod to itself");
    assert_eq!(spaces[0].fetch(WORLD, 7000).as_deref(), Ok(&*format!("world {NODE}")), "out in the node's name");
    let mtu = spaces[0].run(|| Router::open().unwrap().link("eth0").unwrap().unwrap().mtu);
    assert_eq!(mtu, 1400, "that of the way out");
    let node_server = TcpListener::bind((NODE, 7001)).expect("listens");
    std::thread::spawn(move || {
        let (mut stream, client) = node_server.accept().expect("a client");
        stream.write_all(client.ip().to_string().as_bytes()).expect("written");
    });
    assert_eq!(spaces[0].fetch(NODE, 7001), Ok(ips[0].to_string()), "pod to node");
}

async fn services(node: &mut Node, world: &Space, spaces: &[Space], ips: &[Ipv4Addr]) {
    node.service(json!({"type": "NodePort"}), "TCP", 8080, ips).await;
    let listed = shell("nft list ruleset");
    assert!(listed.contains("vmap @frontends") && !listed.contains("Aborted"), "nft can show the rules: {listed}");
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        seen.insert(spaces[0].fetch(VIP, 80).expect("answered"));
    }
    let itself = format!("a {NODE}");
    let want = [itself.clone(), format!("b {}", ips[0]), format!("c {}", ips[0])].into();
    assert_eq!(seen, want, "spread over all, itself in the node's name");
    assert!(fetch(VIP, 80).is_ok_and(|t| t.ends_with(&NODE.to_string())), "the node itself");
    assert!(fetch(NODE, 30080).is_ok(), "the node port from the node");
    assert!(world.fetch(NODE, 30080).is_ok_and(|t| t.ends_with(&NODE.to_string())), "the node port from outside");
    assert!(spaces[1].fetch(NODE, 30080).is_ok(), "the node port from a pod");
    let begun = Instant::now();
    assert_eq!(spaces[0].fetch(VIP, 81), Err(ErrorKind::ConnectionRefused), "no such port");
    assert_eq!(fetch(VIP, 81), Err(ErrorKind::ConnectionRefused), "no such port");

    node.service(json!({"type": "NodePort"}), "TCP", 8080, &ips[1..2]).await;
    for _ in 0..10 {
        assert!(spaces[0].fetch(VIP, 80).is_ok_and(|t| t.starts_with("b ")));
    }
    node.service(json!({"type": "NodePort"}), "TCP", 8080, &[]).await;
    assert_eq!(spaces[0].fetch(VIP, 80), Err(ErrorKind::ConnectionRefused), "from a pod");
    assert_eq!(fetch(VIP, 80), Err(ErrorKind::ConnectionRefused), "from the node");
    assert_eq!(world.fetch(NODE, 30080), Err(ErrorKind::ConnectionRefused), "from outside");
    assert!(begun.elapsed() < Duration::from_secs(2), "at once: {:?}", begun.elapsed());

    node.service(json!({"type": "NodePort", "externalTrafficPolicy": "Local"}), "TCP", 8080, ips).await;
    assert!(world.fetch(NODE, 30080).is_ok_and(|t| t.ends_with(&WORLD.to_string())), "the client's address is kept");
}

async fn affinity(node: &mut Node, world: &Space, ips: &[Ipv4Addr]) {
    let sticky = json!({"type": "NodePort", "sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 1}}});
    node.service(sticky.clone(), "TCP", 8080, ips).await;
    let first = |t: Result<String, ErrorKind>| t.expect("answered").chars().next().expect("a name");
    let stays = first(world.fetch(NODE, 30080));
    for _ in 0..20 {
        assert_eq!(first(world.fetch(NODE, 30080)), stays, "stays");
    }
    // The one it stayed with goes away: it stays with another, at once.
    let others: Vec<Ipv4Addr> =
        ips.iter().zip(['a', 'b', 'c']).filter(|(_, n)| *n != stays).map(|(ip, _)| *ip).collect();
    node.service(sticky.clone(), "TCP", 8080, &others).await;
    let next = first(world.fetch(NODE, 30080));
    assert_ne!(next, stays);
    for _ in 0..20 {
        assert_eq!(first(world.fetch(NODE, 30080)), next, "stays with the new one");
    }
    // Each connection starts the time anew, so it only ends in silence. There is nothing to wait for but the time.
    let mut seen = std::collections::BTreeSet::from([next]);
    let begun = Instant::now();
    while seen.len() < 2 && begun.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(Duration::from_millis(1100)).await;
        seen.insert(first(world.fetch(NODE, 30080)));
    }
    assert_eq!(seen.len(), 2, "after the time another one is possible");
}

async fn udp(node: &mut Node, spaces: &[Space], ips: &[Ipv4Addr]) {
    let client = spaces[2].run(|| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))).expect("binds");
    client.set_read_timeout(Some(Duration::from_millis(500))).expect("set");
    client.connect((VIP, 80)).expect("connects");
    let ask = || -> Result<String, ErrorKind> {
        client.send(b"x").map_err(|e| e.kind())?;
        let mut bytes = [0; 16];
        let length = client.recv(&mut bytes).map_err(|e| e.kind())?;
        Ok(String::from_utf8_lossy(&bytes[..length]).into_owned())
    };
    node.service(json!({}), "UDP", 5353, &[]).await;
    assert_eq!(ask(), Err(ErrorKind::ConnectionRefused), "nobody there");
    // One and the same flow goes where the service leads now.
    for (endpoint, name) in [(0, "a"), (1, "b"), (0, "a")] {
        node.service(json!({}), "UDP", 5353, &ips[endpoint..=endpoint]).await;
        assert_eq!(ask().as_deref(), Ok(name));
        assert_eq!(ask().as_deref(), Ok(name));
    }
}

async fn host_ports(pods: &Pods, world: &Space) {
    let pod = Space::new();
    pod.serve(8080, "host port");
    let port = |host_ip, host_port| HostPort { protocol: "TCP".into(), host_ip, host_port, container_port: 8080 };
    let ports = [port(None, 31080), port(Some(NODE), 31081), port(Some(WORLD), 31082)];
    pods.attach(&sandbox(9), pod.pid(), &ports).await.expect("attached");
    assert!(world.fetch(NODE, 31080).is_ok_and(|t| t.ends_with(&WORLD.to_string())));
    assert!(fetch(NODE, 31080).is_ok() && fetch(NODE, 31081).is_ok());
    assert!(pod.fetch(NODE, 31080).is_ok(), "the pod reaches itself");
    assert_eq!(fetch(NODE, 31082), Err(ErrorKind::ConnectionRefused), "another address");
    assert_eq!(fetch(Ipv4Addr::LOCALHOST, 31080), Ok(format!("host port {NODE}")), "from the node to itself");
    // What listens on the node's loopback is not for pods, though their interfaces take such packets.
    let private = UdpSocket::bind((Ipv4Addr::LOCALHOST, 7002)).expect("binds");
    private.set_read_timeout(Some(Duration::from_millis(200))).expect("set");
    pod.run(|| {
        shell("ip route del local 127.0.0.0/8 table local; ip route add 127.0.0.0/8 via 169.254.1.1 dev eth0; echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet");
        let ip = Router::open().expect("opens").addresses().expect("listed").into_iter().find(|a| a.global).expect("one").ip;
        let attacker = UdpSocket::bind((ip, 0)).expect("binds");
        let _ = attacker.send_to(b"x", (Ipv4Addr::LOCALHOST, 7002));
    });
    assert!(private.recv_from(&mut [0; 4]).is_err(), "loopback stays private");
    pods.detach(&sandbox(9)).await.expect("detached");
    assert_eq!(fetch(NODE, 31080), Err(ErrorKind::ConnectionRefused));
}

async fn restored(node: &mut Node, spaces: &[Space], ips: &[Ipv4Addr]) {
    node.service(json!({}), "TCP", 8080, ips).await;
    for sabotage in [
        "nft flush ruleset",
        "nft delete table ip podium-0123abcd",
        "nft flush chain ip podium-0123abcd services",
        "nft flush map ip podium-0123abcd frontends",
    ] {
        assert_eq!(shell(sabotage), "");
        let begun = Instant::now();
        while spaces[0].fetch(VIP, 80).is_err() {
            assert!(begun.elapsed() < PATIENCE, "{sabotage}");
            tokio::task::yield_now().await;
        }
        eprintln!("restored in {:?} after {sabotage}", begun.elapsed());
    }
    assert_eq!(shell("nft add table ip foreign"), "");
    assert_eq!(shell("nft delete table ip foreign"), "");
}

async fn detached(pods: &Pods, spaces: &[Space], ips: &[Ipv4Addr]) {
    pods.detach(&sandbox(1)).await.expect("detached");
    pods.detach(&sandbox(1)).await.expect("twice is fine");
    pods.restore(&[sandbox(0), sandbox(2)]).await.expect("restored");
    assert!(spaces[0].fetch(ips[2], 8080).is_ok(), "the living stay");
    let links = shell("ip -o link");
    assert_eq!(links.matches("pd0123abcd").count(), 2, "{links}");
    assert!(!shell("ip route").contains(&ips[1].to_string()));
}

async fn many(rules: &Arc<Rules>) {
    let make = |n: u32| {
        let spec =
            json!({"clusterIP": Ipv4Addr::from(0x0a60_1000 + n).to_string(), "ports": [{"name": "p", "port": 80}]});
        let ends: Vec<String> = (0..3).map(|k| Ipv4Addr::from(0x0af4_8000 + n * 3 + k).to_string()).collect();
        let ends: Vec<&str> = ends.iter().map(String::as_str).collect();
        let name = n.to_string();
        let mut wish = wish(spec, json!([{"name": "p", "port": 80}]), &ends, &mut Slots::default());
        wish.owner = crate::Owner::Service("many".into(), name);
        wish
    };
    let wishes: Vec<Wish> = (0..5000).map(make).collect();
    let begun = Instant::now();
    rules.set_all(wishes).await.expect("the kernel takes them");
    let all = begun.elapsed();
    let one = make(5000);
    let begun = Instant::now();
    rules.set(one).await.expect("the kernel takes it");
    eprintln!("5000 services in {all:?}, one more in {:?}", begun.elapsed());
    let chains = shell("nft list table ip podium-0123abcd | grep -c chain");
    assert!(chains.trim().parse::<u32>().is_ok_and(|n| n < 30), "{chains}");
}

/// The proxy and the DNS, as the informers feed them.
async fn fed_by_the_api(config: &Config, rules: &Arc<Rules>, world: &Space, pod: &Space, ips: &[Ipv4Addr]) {
    let meta = |name: &str| json!({"name": name, "namespace": "ns", "uid": name, "resourceVersion": "1"});
    let vip = Ipv4Addr::new(10, 96, 3, 3);
    let service = json!({"metadata": meta("fed"), "spec": {"clusterIP": vip.to_string(), "clusterIPs": [vip.to_string()], "ports": [{"name": "p", "port": 80, "protocol": "TCP"}]}});
    let slice = |ips: &[Ipv4Addr]| {
        let mut meta = meta("fed-1");
        meta["labels"] = json!({"kubernetes.io/service-name": "fed"});
        let endpoints: Vec<Json> = ips
            .iter()
            .map(|ip| json!({"addresses": [ip.to_string()], "conditions": {"ready": true}, "nodeName": "here"}))
            .collect();
        json!({"metadata": meta, "addressType": "IPv4", "ports": [{"name": "p", "port": 8080, "protocol": "TCP"}], "endpoints": endpoints})
    };
    let api = Api::default()
        .with(fake_api::SERVICES, vec![service])
        .with(fake_api::SLICES, vec![slice(&[ips[0], ips[2]])])
        .with(fake_api::NAMESPACES, vec![json!({"metadata": {"name": "ns", "uid": "ns", "resourceVersion": "1"}})]);
    let api = Arc::new(api);
    let informers = fake_api::informers(&api);
    let proxy = Proxy::new(config.clone(), rules.clone(), &informers);
    let dns = Dns::bind(config, rules, &informers).await.expect("binds");
    let mut synced = proxy.synced();
    let tasks = [tokio::spawn(proxy.run()), tokio::spawn(dns.run())];
    synced.wait_for(|s| *s).await.expect("synced");
    assert_eq!(pod.fetch(vip, 80).err(), None, "what was listed is in force");
    assert!(!shell("nft list map ip podium-0123abcd frontends").contains("10.96.16."), "what is not listed is gone");

    let ask = |name: &str, tcp: bool| {
        let (bytes, dns) = (question(name), config.dns_ip);
        pod.run(move || if tcp { over_tcp(dns, &bytes) } else { over_udp(dns, &bytes) })
    };
    while !ask("fed.ns.svc.cluster.local.", false).contains(&vip.to_string()) {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask("fed.ns.svc.cluster.local.", true), format!("NoError {vip}"));
    assert_eq!(ask("fed-x.ns.svc.cluster.local.", false), "NXDomain ");
    let resolver = world.run(|| UdpSocket::bind((WORLD, 5300))).expect("binds");
    std::thread::spawn(move || {
        let mut bytes = [0; 512];
        let (length, client) = resolver.recv_from(&mut bytes).expect("a question");
        // The question sent back as an answer of "refused".
        bytes[2] |= 0x80;
        bytes[3] = 5;
        resolver.send_to(&bytes[..length], client).expect("sent");
    });
    assert_eq!(ask("example.com.", false), "Refused ", "handed on");

    api.tell(fake_api::SLICES, EventKind::Modified, slice(&[])).await;
    let begun = Instant::now();
    while pod.fetch(vip, 80) != Err(ErrorKind::ConnectionRefused) {
        assert!(begun.elapsed() < PATIENCE, "the endpoints are gone");
        tokio::task::yield_now().await;
    }
    for task in tasks {
        task.abort();
    }
}

fn question(name: &str) -> Vec<u8> {
    let mut message = Message::query();
    message.add_query(Query::query(Name::from_ascii(name).expect("a name"), RecordType::A));
    message.to_vec().expect("packed")
}

/// `Code address`
fn answer(bytes: &[u8]) -> String {
    let message = Message::from_vec(bytes).expect("an answer");
    let data: Vec<String> = message.answers.iter().map(|r| r.data.to_string()).collect();
    format!("{:?} {}", message.metadata.response_code, data.join(" "))
}

fn over_udp(server: Ipv4Addr, question: &[u8]) -> String {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("binds");
    socket.set_read_timeout(Some(PATIENCE)).expect("set");
    socket.connect((server, 53)).expect("connects");
    socket.send(question).expect("sent");
    let mut bytes = [0; 2048];
    let length = socket.recv(&mut bytes).expect("an answer");
    answer(&bytes[..length])
}

fn over_tcp(server: Ipv4Addr, question: &[u8]) -> String {
    let mut stream = TcpStream::connect((server, 53)).expect("connects");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let length = u16::try_from(question.len()).expect("short");
    stream.write_all(&[&length.to_be_bytes()[..], question].concat()).expect("sent");
    let mut length = [0; 2];
    stream.read_exact(&mut length).expect("a length");
    let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut bytes).expect("an answer");
    answer(&bytes)
}
