//! Tables of requests and decisions.

use std::sync::Arc;

use k8s_openapi::api::{certificates::v1::CertificateSigningRequest, core::v1::Node};
use serde_json::json;

use super::plan::{Claim, Serving, claims, is_open, serving};
use crate::certificate::{KUBELET_CLIENT, KUBELET_SERVING, Request};

fn request(signer: &str, user: &str, usages: &[&str]) -> CertificateSigningRequest {
    let value = json!({"metadata": {"name": "r"}, "spec": {"request": "", "signerName": signer, "username": user, "groups": ["system:nodes"], "usages": usages}});
    serde_json::from_value(value).expect("a request")
}

fn asked(name: &str, dns: &[&str], ips: &[&str]) -> Request {
    Request {
        common_name: name.to_owned(),
        organizations: vec!["system:nodes".to_owned()],
        dns_names: dns.iter().map(|d| (*d).to_owned()).collect(),
        addresses: ips.iter().map(|i| i.parse().expect("an address")).collect(),
        ..Request::default()
    }
}

fn node(name: &str, ip: &str) -> Arc<Node> {
    let value = json!({"metadata": {"name": name}, "status": {"addresses": [{"type": "InternalIP", "address": ip}, {"type": "Hostname", "address": name}]}});
    Arc::new(serde_json::from_value(value).expect("a node"))
}

#[test]
fn client_certificates_are_claimed_by_their_form() {
    let usages = ["digital signature", "client auth"];
    let of = |signer: &str, user: &str, usages: &[&str], asked: &Request| claims(&request(signer, user, usages), asked);
    let one = asked("system:node:a", &[], &[]);
    assert_eq!(of(KUBELET_CLIENT, "system:node:a", &usages, &one), [Claim::SelfNodeClient, Claim::NodeClient]);
    assert_eq!(of(KUBELET_CLIENT, "system:bootstrap:x", &usages, &one), [Claim::NodeClient]);
    for (signer, usages, asked) in [
        (KUBELET_SERVING, &usages[..], one.clone()),
        (KUBELET_CLIENT, &["client auth"][..], one.clone()),
        (KUBELET_CLIENT, &["digital signature", "client auth", "server auth"][..], one.clone()),
        (KUBELET_CLIENT, &usages[..], asked("system:node:a", &["a"], &[])),
        (KUBELET_CLIENT, &usages[..], asked("a", &[], &[])),
        (KUBELET_CLIENT, &usages[..], Request { organizations: vec!["system:masters".to_owned()], ..one.clone() }),
    ] {
        assert!(of(signer, "u", usages, &asked).is_empty(), "{signer} {usages:?} {asked:?}");
    }
}

#[test]
fn a_node_serves_under_its_own_names_only() {
    let usages = ["digital signature", "server auth"];
    let nodes = [node("a", "10.0.0.1"), node("b", "10.0.0.2"), node("c", "10.0.0.2")];
    for (user, dns, ips, answer) in [
        ("system:node:a", &["a"][..], &["10.0.0.1"][..], Serving::Approve),
        ("system:node:a", &["b"][..], &["10.0.0.1"][..], Serving::Wait),
        ("system:node:a", &["a"][..], &["10.0.0.2"][..], Serving::Wait),
        ("system:node:b", &["b"][..], &["10.0.0.2"][..], Serving::Wait),
        ("system:node:d", &["d"][..], &[][..], Serving::Wait),
        ("system:node:a", &[][..], &[][..], Serving::Other),
    ] {
        let asked = asked(user, dns, ips);
        assert_eq!(serving(&request(KUBELET_SERVING, user, &usages), &asked, &nodes), answer, "{user} {dns:?} {ips:?}");
    }
    let other = asked("system:node:a", &["a"], &[]);
    assert_eq!(serving(&request(KUBELET_SERVING, "system:node:b", &usages), &other, &nodes), Serving::Other);
}

#[test]
fn what_is_decided_stays() {
    let mut decided = request(KUBELET_CLIENT, "u", &[]);
    assert!(is_open(&decided));
    decided.status = serde_json::from_value(json!({"conditions": [{"type": "Denied", "status": "True"}]})).ok();
    assert!(!is_open(&decided));
}
