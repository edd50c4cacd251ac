use std::{collections::HashMap, net::Ipv4Addr};

use hickory_proto::{
    op::{Message, Query, ResponseCode},
    rr::{Name, RecordType},
};

use super::{
    answer::{Answerer, First},
    directory::{Directory, EndpointFacts, Port, ServiceFacts, Target},
    forward::Way,
    zone::Zone,
};

#[derive(Default)]
struct Book(HashMap<&'static str, (ServiceFacts, Vec<EndpointFacts>)>);

impl Directory for Book {
    fn has_namespace(&self, namespace: &str) -> bool {
        namespace == "ns"
    }
    fn service(&self, namespace: &str, name: &str) -> Option<ServiceFacts> {
        self.0.get(name).filter(|_| namespace == "ns").map(|(s, _)| s.clone())
    }
    fn endpoints(&self, _: &str, name: &str) -> Vec<EndpointFacts> {
        self.0.get(name).map(|(_, e)| e.clone()).unwrap_or_default()
    }
    fn names_of(&self, ip: Ipv4Addr) -> Vec<Vec<String>> {
        let name = |labels: &[&str]| vec![labels.iter().map(|l| (*l).to_owned()).collect()];
        match ip.octets() {
            [10, 96, 0, 7] => name(&["web", "ns"]),
            [10, 244, 0, 3] => name(&["box", "headless", "ns"]),
            _ => Vec::new(),
        }
    }
}

fn port(name: &str, protocol: &str, number: u16) -> Port {
    Port { name: name.into(), protocol: protocol.into(), number }
}

fn answerer() -> Answerer {
    let mut book = Book::default();
    let ports = vec![port("http", "tcp", 8080), port("dns", "udp", 53)];
    let web = Target::Addresses(vec![Ipv4Addr::new(10, 96, 0, 7)]);
    book.0.insert("web", (ServiceFacts { target: web, ports }, vec![]));
    let endpoint = |label: &str, last| EndpointFacts {
        label: label.into(),
        ip: Ipv4Addr::new(10, 244, 0, last),
        ports: vec![port("http", "tcp", 80)],
    };
    let headless = || ServiceFacts { target: Target::Headless, ports: vec![port("http", "tcp", 80)] };
    book.0.insert("headless", (headless(), vec![endpoint("box", 3), endpoint("10-244-0-4", 4)]));
    book.0.insert("empty", (headless(), vec![]));
    let many = (1..=200).map(|n| endpoint(&format!("e{n}"), n)).collect();
    book.0.insert("many", (headless(), many));
    for (name, target) in
        [("ext", "web.ns.svc.cluster.local"), ("far", "example.com"), ("loop", "loop.ns.svc.cluster.local")]
    {
        book.0.insert(name, (ServiceFacts { target: Target::Alias(target.into()), ports: vec![] }, vec![]));
    }
    let domain = Name::from_ascii("cluster.local.").unwrap();
    Answerer {
        zone: Zone { domain, dns_ip: Ipv4Addr::new(10, 96, 0, 10) },
        directory: Box::new(book),
        upstream: vec![],
    }
}

fn question(name: &str, kind: RecordType) -> Vec<u8> {
    let mut message = Message::query();
    message.metadata.id = 42;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message.to_vec().unwrap()
}

fn ask(name: &str, kind: RecordType, way: Way) -> Option<Message> {
    match answerer().first(&question(name, kind), way) {
        First::Done(bytes) => Some(Message::from_vec(&bytes.expect("an answer")).unwrap()),
        First::Others(_) => None,
    }
}

/// `code: data, data`
fn said(name: &str, kind: RecordType) -> String {
    let Some(message) = ask(name, kind, Way::Udp) else { return "elsewhere".into() };
    assert!(message.metadata.authoritative && message.metadata.id == 42);
    assert_eq!(message.answers.is_empty(), !message.authorities.is_empty(), "a no says who says so");
    assert!(message.answers.iter().all(|r| r.ttl == 5));
    let mut data: Vec<String> = message.answers.iter().map(|r| r.data.to_string()).collect();
    data.sort();
    let code = match message.metadata.response_code {
        ResponseCode::NoError => "ok",
        ResponseCode::NXDomain => "nx",
        other => panic!("{other}"),
    };
    format!("{code}: {}", data.join(", "))
}

#[test]
fn names_of_the_cluster() {
    use RecordType::{A, AAAA, CNAME, NS, SOA, SRV, TXT};
    let cases = [
        ("web.ns.svc.cluster.local.", A, "ok: 10.96.0.7"),
        ("WEB.ns.SVC.Cluster.local.", A, "ok: 10.96.0.7"),
        ("web.ns.svc.cluster.local.", AAAA, "ok: "),
        ("nothing.ns.svc.cluster.local.", A, "nx: "),
        ("web.other.svc.cluster.local.", A, "nx: "),
        ("ns.svc.cluster.local.", A, "ok: "),
        ("other.svc.cluster.local.", A, "nx: "),
        ("svc.cluster.local.", A, "ok: "),
        ("cluster.local.", A, "ok: "),
        ("cluster.local.", NS, "ok: ns.dns.cluster.local."),
        ("ns.dns.cluster.local.", A, "ok: 10.96.0.10"),
        ("dns-version.cluster.local.", TXT, "ok: 1.1.0"),
        ("_http._tcp.web.ns.svc.cluster.local.", SRV, "ok: 0 100 8080 web.ns.svc.cluster.local."),
        ("_http._udp.web.ns.svc.cluster.local.", SRV, "nx: "),
        ("_tcp.web.ns.svc.cluster.local.", SRV, "ok: "),
        ("headless.ns.svc.cluster.local.", A, "ok: 10.244.0.3, 10.244.0.4"),
        ("box.headless.ns.svc.cluster.local.", A, "ok: 10.244.0.3"),
        ("10-244-0-4.headless.ns.svc.cluster.local.", A, "ok: 10.244.0.4"),
        ("x.headless.ns.svc.cluster.local.", A, "nx: "),
        (
            "_http._tcp.headless.ns.svc.cluster.local.",
            SRV,
            "ok: 0 50 80 10-244-0-4.headless.ns.svc.cluster.local., 0 50 80 box.headless.ns.svc.cluster.local.",
        ),
        ("empty.ns.svc.cluster.local.", A, "nx: "),
        ("ext.ns.svc.cluster.local.", A, "ok: 10.96.0.7, web.ns.svc.cluster.local."),
        ("ext.ns.svc.cluster.local.", CNAME, "ok: web.ns.svc.cluster.local."),
        ("far.ns.svc.cluster.local.", A, "elsewhere"),
        ("10-1-2-3.ns.pod.cluster.local.", A, "ok: 10.1.2.3"),
        ("10-1-2-3.other.pod.cluster.local.", A, "nx: "),
        ("box.ns.pod.cluster.local.", A, "nx: "),
        ("a.b.c.web.ns.svc.cluster.local.", A, "nx: "),
        ("example.com.", A, "elsewhere"),
        ("cluster.local.example.com.", A, "elsewhere"),
    ];
    for (name, kind, want) in cases {
        assert_eq!(said(name, kind), want, "{name} {kind}");
    }
    assert!(said("cluster.local.", SOA).starts_with("ok: ns.dns.cluster.local. hostmaster.cluster.local."));
}

#[test]
fn addresses_have_names() {
    assert_eq!(said("7.0.96.10.in-addr.arpa.", RecordType::PTR), "ok: web.ns.svc.cluster.local.");
    assert_eq!(said("3.0.244.10.in-addr.arpa.", RecordType::PTR), "ok: box.headless.ns.svc.cluster.local.");
    assert_eq!(said("9.9.9.9.in-addr.arpa.", RecordType::PTR), "elsewhere");
}

#[test]
fn what_does_not_fit_is_cut_and_comes_whole_over_tcp() {
    let short = ask("many.ns.svc.cluster.local.", RecordType::A, Way::Udp).unwrap();
    assert!(short.metadata.truncation && short.answers.is_empty());
    let whole = ask("many.ns.svc.cluster.local.", RecordType::A, Way::Tcp).unwrap();
    assert!(!whole.metadata.truncation && whole.answers.len() == 200);
}

#[test]
fn a_loop_ends() {
    let answer = ask("loop.ns.svc.cluster.local.", RecordType::A, Way::Udp).unwrap();
    assert_eq!(answer.metadata.response_code, ResponseCode::ServFail);
}

#[test]
fn rubbish_is_refused_or_ignored() {
    let code = |bytes: &[u8]| match answerer().first(bytes, Way::Udp) {
        First::Done(Some(bytes)) => Message::from_vec(&bytes).map(|m| m.metadata.response_code).ok(),
        First::Done(None) | First::Others(_) => None,
    };
    let good = question("web.ns.svc.cluster.local.", RecordType::A);
    assert_eq!(code(&good[..5]), None);
    assert_eq!(code(&good[..20]), Some(ResponseCode::FormErr));
    let mut answer = good.clone();
    answer[2] |= 0x80;
    assert_eq!(code(&answer), None, "an answer is not answered");
    let mut nothing = good[..12].to_vec();
    nothing[5] = 0;
    assert_eq!(code(&nothing), Some(ResponseCode::FormErr));
}

#[tokio::test]
async fn without_anybody_to_ask_it_is_a_failure() {
    let answerer = answerer();
    let bytes = question("example.com.", RecordType::A);
    let First::Others(request) = answerer.first(&bytes, Way::Udp) else { panic!("not the cluster's") };
    let answer = Message::from_vec(&answerer.others(*request, &bytes, Way::Udp).await.unwrap()).unwrap();
    assert_eq!(answer.metadata.response_code, ResponseCode::ServFail);
    let bytes = question("far.ns.svc.cluster.local.", RecordType::A);
    let First::Others(request) = answerer.first(&bytes, Way::Udp) else { panic!("it leads out") };
    let answer = Message::from_vec(&answerer.others(*request, &bytes, Way::Udp).await.unwrap()).unwrap();
    assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::NoError, 1));
}
