//! Which requests approve themselves. Pure.

use std::{net::IpAddr, sync::Arc};

use client::Object;
use k8s_openapi::api::{certificates::v1::CertificateSigningRequest, core::v1::Node};

use crate::certificate::{self, KUBELET_CLIENT, KUBELET_SERVING, NODE_USER, NODES, Request};

/// Neither decided nor issued.
#[must_use]
pub fn is_open(request: &CertificateSigningRequest) -> bool {
    !certificate::is_issued(request) && !certificate::has(request, "Approved") && !certificate::has(request, "Denied")
}

/// What an asker claims; it is granted where the asker may create this subresource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// A node asks for its own client certificate.
    SelfNodeClient,
    /// Somebody asks for the client certificate of a node.
    NodeClient,
}

impl Claim {
    /// The subresource that stands for the right.
    #[must_use]
    pub fn subresource(self) -> &'static str {
        match self {
            Self::SelfNodeClient => "selfnodeclient",
            Self::NodeClient => "nodeclient",
        }
    }

    /// Message of the approval.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::SelfNodeClient => "Auto approving self kubelet client certificate after SubjectAccessReview.",
            Self::NodeClient => "Auto approving kubelet client certificate after SubjectAccessReview.",
        }
    }
}

/// Message of the approval of a serving certificate.
pub const SERVING_MESSAGE: &str =
    "Auto approving kubelet serving certificate: the node asks for its own names and addresses.";

/// What a request may claim, the narrower first.
#[must_use]
pub fn claims(request: &CertificateSigningRequest, asked: &Request) -> Vec<Claim> {
    let usages = request.spec.usages.as_deref().unwrap_or_default();
    if request.spec.signer_name != KUBELET_CLIENT || certificate::kubelet_client(asked, usages).is_err() {
        return Vec::new();
    }
    match request.spec.username.as_deref() == Some(&asked.common_name) {
        true => vec![Claim::SelfNodeClient, Claim::NodeClient],
        false => vec![Claim::NodeClient],
    }
}

/// The answer to a request for a serving certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serving {
    /// The names are the node's own, and nobody else's.
    Approve,
    /// It comes from the node, but not all its names are known to be the node's yet.
    Wait,
    /// It is no request of this kind.
    Other,
}

fn addresses(node: &Node) -> impl Iterator<Item = (&str, &str)> {
    let all = node.status.as_ref().and_then(|s| s.addresses.as_deref()).unwrap_or_default();
    all.iter().map(|a| (a.type_.as_str(), a.address.as_str()))
}

/// A node may serve under what its Node object says, as long as no other node says the same: whoever holds one node's
/// key must not stand in for another one. Upstream leaves this decision to its operators.
#[must_use]
pub fn serving(request: &CertificateSigningRequest, asked: &Request, nodes: &[Arc<Node>]) -> Serving {
    let usages = request.spec.usages.as_deref().unwrap_or_default();
    let in_group = request.spec.groups.iter().flatten().any(|g| g == NODES);
    let own = request.spec.username.as_deref() == Some(&asked.common_name);
    if request.spec.signer_name != KUBELET_SERVING
        || certificate::kubelet_serving(asked, usages).is_err()
        || !in_group
        || !own
    {
        return Serving::Other;
    }
    let name = asked.common_name.strip_prefix(NODE_USER).unwrap_or_default();
    let Some(node) = nodes.iter().find(|n| n.name() == name) else { return Serving::Wait };
    let is_ip = |text: &str, ip: &IpAddr| text.parse::<IpAddr>().is_ok_and(|known| known == *ip);
    let is_name = |kind: &str, text: &str, dns: &str| !kind.ends_with("IP") && text.eq_ignore_ascii_case(dns);
    let says = |node: &Node, dns: &str| node.name() == dns || addresses(node).any(|(kind, a)| is_name(kind, a, dns));
    let has = |node: &Node, ip: &IpAddr| addresses(node).any(|(_, a)| is_ip(a, ip));
    let others = || nodes.iter().filter(|n| n.name() != name);
    let names = asked.dns_names.iter().all(|dns| says(node, dns) && !others().any(|other| says(other, dns)));
    let ips = asked.addresses.iter().all(|ip| has(node, ip) && !others().any(|other| has(other, ip)));
    if names && ips { Serving::Approve } else { Serving::Wait }
}
