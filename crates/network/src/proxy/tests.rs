use std::{net::Ipv4Addr, sync::Arc};

use k8s_openapi::api::{core::v1::Service, discovery::v1::EndpointSlice};
use serde_json::{Value as Json, json};

use super::{
    model::{self, Endpoint, Protocol},
    plan::{self, Slots},
    stale::Leads,
    state::{Owner, Wish},
    table::{SetId, Value},
};

pub(crate) fn service(spec: Json) -> Service {
    serde_json::from_value(json!({"metadata": {"name": "web", "namespace": "ns"}, "spec": spec})).unwrap()
}

/// Endpoints by address, state and node: `10.244.0.2`, `10.244.0.3 unready`, `10.244.0.4 lingering elsewhere`.
pub(crate) fn slice(ports: Json, endpoints: &[&str]) -> Arc<EndpointSlice> {
    let endpoints: Vec<Json> = endpoints
        .iter()
        .map(|text| {
            let words: Vec<&str> = text.split(' ').collect();
            let (unready, lingering) = (words.contains(&"unready"), words.contains(&"lingering"));
            json!({
                "addresses": [words[0]],
                "nodeName": if words.contains(&"elsewhere") { "other" } else { "here" },
                "conditions": {"ready": !unready && !lingering, "serving": !unready, "terminating": lingering},
            })
        })
        .collect();
    let slice = json!({
        "metadata": {"name": "web-1", "namespace": "ns", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4", "ports": ports, "endpoints": endpoints,
    });
    Arc::new(serde_json::from_value(slice).unwrap())
}

pub(crate) fn wish(spec: Json, ports: Json, endpoints: &[&str], slots: &mut Slots) -> Wish {
    let frontend = model::frontend(&service(spec)).unwrap();
    let endpoints = model::endpoints(&[slice(ports, endpoints)], "here");
    plan::service(
        Owner::Service("ns".into(), "web".into()),
        &frontend,
        &endpoints,
        &[Ipv4Addr::new(192, 0, 2, 1)],
        slots,
    )
}

fn ip(bytes: &[u8]) -> String {
    bytes.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}

fn port(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes[1]])
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_ne_bytes(bytes[..4].try_into().unwrap())
}

/// One line per entry, sorted.
fn text(wish: &Wish) -> Vec<String> {
    let mut lines: Vec<String> = wish
        .items
        .iter()
        .map(|item| {
            let key = &item.key;
            let frontend = || format!("{}/{}/{}", ip(&key[..4]), key[4], port(&key[8..]));
            let value = match &item.value {
                Value::None => String::new(),
                Value::Pick(pick) => pick.name(),
                Value::Reject => "reject".into(),
                Value::Drop => "drop".into(),
                Value::Go(go) => format!("{} for {} s", go.slot, go.seconds),
                Value::Bytes(b) => format!("{}:{}", ip(&b[..4]), port(&b[4..])),
            };
            let key = match item.set {
                SetId::Endpoints | SetId::Choices => format!("{} {}", frontend(), number(&key[12..])),
                SetId::ClusterIps => ip(key),
                SetId::Hairpin => ip(&key[..4]),
                SetId::HostPorts => format!("{}/{}", key[0], port(&key[4..])),
                _ => frontend(),
            };
            format!("{} {key} {value}", item.set.name()).trim_end().to_owned()
        })
        .collect();
    lines.sort();
    lines
}

fn one_port() -> Json {
    json!([{"name": "http", "port": 8080, "protocol": "TCP"}])
}

fn spec(more: Json) -> Json {
    let mut spec = json!({"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    spec
}

#[test]
fn a_service_is_a_handful_of_entries() {
    let wish = wish(
        spec(json!({})),
        one_port(),
        &["10.244.0.2", "10.244.0.3 elsewhere", "10.244.0.4 unready"],
        &mut Slots::default(),
    );
    let want = [
        "cluster-ips 10.96.0.7",
        "endpoints 10.96.0.7/6/80 0 10.244.0.2:8080",
        "endpoints 10.96.0.7/6/80 1 10.244.0.3:8080",
        "frontends 10.96.0.7/6/80 pick-2",
        "hairpin 10.244.0.2",
    ];
    assert_eq!(text(&wish), want);
}

#[test]
fn who_gets_traffic() {
    let endpoints_of = |more: Json, endpoints: &[&str]| {
        let wish = wish(spec(more), one_port(), endpoints, &mut Slots::default());
        text(&wish)
            .into_iter()
            .filter(|l| l.starts_with("endpoints") || l.starts_with("refused"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let local = json!({"internalTrafficPolicy": "Local"});
    let cases: &[(Json, &[&str], &str)] = &[
        (json!({}), &[], "refused 10.96.0.7/6/80 reject"),
        (json!({}), &["10.244.0.2 unready"], "refused 10.96.0.7/6/80 reject"),
        (json!({}), &["10.244.0.2 lingering", "10.244.0.3 unready"], "endpoints 10.96.0.7/6/80 0 10.244.0.2:8080"),
        (json!({}), &["10.244.0.2 lingering", "10.244.0.3"], "endpoints 10.96.0.7/6/80 0 10.244.0.3:8080"),
        (local.clone(), &["10.244.0.2", "10.244.0.3 elsewhere"], "endpoints 10.96.0.7/6/80 0 10.244.0.2:8080"),
        (local.clone(), &["10.244.0.3 elsewhere"], "refused 10.96.0.7/6/80 drop"),
        (
            local.clone(),
            &["10.244.0.2 lingering", "10.244.0.3 elsewhere"],
            "endpoints 10.96.0.7/6/80 0 10.244.0.2:8080",
        ),
        (local, &[], "refused 10.96.0.7/6/80 reject"),
    ];
    for (more, endpoints, want) in cases {
        assert_eq!(&endpoints_of(more.clone(), endpoints), want, "{more} {endpoints:?}");
    }
}

#[test]
fn node_ports_and_policies() {
    let node_port = json!([{"name": "http", "port": 80, "nodePort": 30080}]);
    let both = &["10.244.0.2", "10.244.0.3 elsewhere"];
    let cluster = wish(spec(json!({"type": "NodePort", "ports": node_port})), one_port(), both, &mut Slots::default());
    let lines = text(&cluster);
    assert!(lines.contains(&"frontends 192.0.2.1/6/30080 pick-2".into()), "{lines:?}");
    assert!(lines.contains(&"outside 192.0.2.1/6/30080".into()));
    assert!(!lines.contains(&"outside 10.96.0.7/6/80".into()));

    let local = json!({"type": "NodePort", "ports": node_port, "externalTrafficPolicy": "Local", "externalIPs": ["198.51.100.9"]});
    let lines = text(&wish(spec(local), one_port(), both, &mut Slots::default()));
    let frontends: Vec<&str> = lines.iter().filter(|l| l.starts_with("frontends")).map(String::as_str).collect();
    assert_eq!(
        frontends,
        ["frontends 10.96.0.7/6/80 pick-2", "frontends 192.0.2.1/6/30080 pick-1", "frontends 198.51.100.9/6/80 pick-1"]
    );
    assert!(!lines.iter().any(|l| l.starts_with("outside")), "the client's address is kept");
}

#[test]
fn clients_that_stay() {
    let more = json!({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}}});
    let mut slots = Slots::default();
    let mut lines = |endpoints: &[&str]| -> Vec<String> {
        let all = text(&wish(spec(more.clone()), one_port(), endpoints, &mut slots));
        let all =
            all.into_iter().filter(|l| l.starts_with("choices") || l.starts_with("slot") || l.starts_with("front"));
        all.map(|l| l.replace("10.96.0.7/6/80 ", "")).collect()
    };
    assert_eq!(
        lines(&["10.244.0.2", "10.244.0.3"]),
        [
            "choices 0 0 for 60 s",
            "choices 1 1 for 60 s",
            "frontends stay-60-2",
            "slot-0 10.244.0.2:8080",
            "slot-1 10.244.0.3:8080"
        ]
    );
    // Who stays keeps its slot; the turn of the empty one goes to it.
    assert_eq!(
        lines(&["10.244.0.3"]),
        ["choices 0 1 for 60 s", "choices 1 1 for 60 s", "frontends stay-60-2", "slot-1 10.244.0.3:8080"]
    );
    assert_eq!(lines(&["10.244.0.3", "10.244.0.4"])[3..], ["slot-0 10.244.0.4:8080", "slot-1 10.244.0.3:8080"]);
    assert_eq!(lines(&["10.244.0.4"]), ["choices 0 0 for 60 s", "frontends stay-60-1", "slot-0 10.244.0.4:8080"]);
    let lines =
        text(&wish(spec(json!({"sessionAffinity": "ClientIP"})), one_port(), &["10.244.0.2"], &mut Slots::default()));
    assert!(lines.contains(&"frontends 10.96.0.7/6/80 stay-10800-1".into()));
}

#[test]
fn the_nodes_own_dns_is_not_refused() {
    let mut dns = wish(spec(json!({})), one_port(), &[], &mut Slots::default());
    dns.spare(Ipv4Addr::new(10, 96, 0, 8));
    assert_eq!(text(&dns), ["cluster-ips 10.96.0.7", "refused 10.96.0.7/6/80 reject"]);
    dns.spare(Ipv4Addr::new(10, 96, 0, 7));
    assert!(dns.items.is_empty());
}

#[test]
fn services_without_rules() {
    for spec in [
        json!({"clusterIP": "None"}),
        json!({"type": "ExternalName", "externalName": "x"}),
        json!({}),
        json!({"clusterIP": ""}),
    ] {
        assert_eq!(model::frontend(&service(spec.clone())), None, "{spec}");
    }
    let mut other = service(json!({"clusterIP": "10.96.0.7"}));
    other.metadata.labels = Some([("service.kubernetes.io/service-proxy-name".to_owned(), "x".to_owned())].into());
    assert_eq!(model::frontend(&other), None);
}

#[test]
fn slices_are_merged() {
    let slices =
        [slice(one_port(), &["10.244.0.9", "10.244.0.2 unready"]), slice(one_port(), &["10.244.0.2", "10.244.0.9"])];
    let all = model::endpoints(&slices, "here");
    let ends: &Vec<Endpoint> = &all[&("http".to_owned(), Protocol::Tcp)];
    let found: Vec<(u8, bool)> = ends.iter().map(|e| (e.ip.octets()[3], e.ready)).collect();
    assert_eq!(found, [(2, true), (9, true)]);
}

#[test]
fn host_ports_of_a_pod() {
    let ports =
        [(None, "TCP", 8080), (Some(Ipv4Addr::new(192, 0, 2, 1)), "UDP", 53), (Some(Ipv4Addr::UNSPECIFIED), "TCP", 81)];
    let ports: Vec<cri::network::HostPort> = ports
        .into_iter()
        .map(|(host_ip, protocol, host_port)| cri::network::HostPort {
            protocol: protocol.into(),
            host_ip,
            host_port,
            container_port: 80,
        })
        .collect();
    let wish = plan::host_ports("s", Ipv4Addr::new(10, 244, 0, 2), &ports);
    let mut lines = text(&wish);
    lines.dedup();
    assert_eq!(
        lines,
        [
            "hairpin 10.244.0.2",
            "host-ports 6/8080 10.244.0.2:80",
            "host-ports 6/81 10.244.0.2:80",
            "host-ports-at 192.0.2.1/17/53 10.244.0.2:80",
        ]
    );
}

#[test]
fn what_udp_leads_to() {
    let udp = json!({"ports": [{"name": "dns", "port": 53, "protocol": "UDP"}]});
    let ports = json!([{"name": "dns", "port": 5353, "protocol": "UDP"}]);
    let mut slots = Slots::default();
    let with = Leads::of(&wish(spec(udp.clone()), ports.clone(), &["10.244.0.2"], &mut slots));
    let without = Leads::of(&wish(spec(udp), ports, &[], &mut slots));
    let tcp = Leads::of(&wish(spec(json!({})), one_port(), &["10.244.0.2"], &mut slots));
    assert!(tcp.is_empty() && !with.is_empty() && !without.is_empty());
    assert!(with.clone().changed_to(&with).is_empty(), "nothing to do when nothing changed");
    assert_eq!(with.clone().changed_to(&without), without);
    assert!(!with.changed_to(&Leads::default()).is_empty(), "a service that goes leaves nothing behind");
}
