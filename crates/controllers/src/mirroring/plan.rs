//! Slices that show `Endpoints` which somebody made by hand.

use std::{net::IpAddr, sync::Arc};

use client::Object;
use k8s_openapi::{
    api::{
        core::v1::{EndpointAddress, EndpointSubset, Endpoints, Service},
        discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::{
    endpointslice::plan::{MANAGED_BY, SERVICE_NAME},
    services,
};

/// This controller, as slices know it.
pub const MANAGER: &str = "endpointslicemirroring-controller.k8s.io";
/// Endpoints with this label are not shown.
pub const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Addresses of one subset.
const MOST: usize = 1000;

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Make a slice.
    Create(Box<EndpointSlice>),
    /// Replace one.
    Update(Box<EndpointSlice>),
    /// Delete one.
    Delete(Arc<EndpointSlice>),
}

/// Whether these endpoints are made by hand and shall be shown.
#[must_use]
pub fn is_shown(endpoints: &Endpoints, service: Option<&Service>) -> bool {
    let by_hand = service.is_some_and(|s| {
        let selector = s.spec.as_ref().and_then(|s| s.selector.as_ref());
        selector.is_none_or(std::collections::BTreeMap::is_empty)
    });
    by_hand
        && !endpoints.is_deleting()
        && endpoints.label(SKIP) != Some("true")
        && endpoints.annotation(LEADER).is_none()
}

fn endpoint(address: &EndpointAddress, ready: bool) -> Endpoint {
    Endpoint {
        addresses: vec![address.ip.clone()],
        conditions: Some(EndpointConditions { ready: Some(ready), ..EndpointConditions::default() }),
        hostname: address.hostname.clone().filter(|h| !h.is_empty()),
        node_name: address.node_name.clone(),
        target_ref: address.target_ref.clone(),
        ..Endpoint::default()
    }
}

fn of_subset(subset: &EndpointSubset, family: &str) -> Vec<Endpoint> {
    let of_family = |a: &&EndpointAddress| {
        a.ip.parse::<IpAddr>().is_ok_and(|ip| if ip.is_ipv6() { family == "IPv6" } else { family == "IPv4" })
    };
    let ready = subset.addresses.iter().flatten().filter(of_family).map(|a| endpoint(a, true));
    let other = subset.not_ready_addresses.iter().flatten().filter(of_family).map(|a| endpoint(a, false));
    ready.chain(other).take(MOST).collect()
}

fn wanted(endpoints: &Endpoints) -> Vec<EndpointSlice> {
    let mut labels = endpoints.metadata.labels.clone().unwrap_or_default();
    labels.insert(SERVICE_NAME.to_owned(), endpoints.name().to_owned());
    labels.insert(MANAGED_BY.to_owned(), MANAGER.to_owned());
    let mut annotations = endpoints.metadata.annotations.clone().unwrap_or_default();
    annotations.retain(|key, _| key != LAST_APPLIED && key != services::TRIGGER_TIME);
    let metadata = ObjectMeta {
        generate_name: Some(format!("{}-", endpoints.name())),
        namespace: Some(endpoints.namespace().to_owned()),
        labels: Some(labels),
        annotations: (!annotations.is_empty()).then_some(annotations),
        owner_references: Some(vec![endpoints.owner_reference()]),
        ..ObjectMeta::default()
    };
    let mut slices = Vec::new();
    for subset in endpoints.subsets.iter().flatten() {
        for family in ["IPv4", "IPv6"] {
            let all = of_subset(subset, family);
            if all.is_empty() {
                continue;
            }
            let port = |p: &k8s_openapi::api::core::v1::EndpointPort| EndpointPort {
                name: Some(p.name.clone().unwrap_or_default()),
                port: Some(p.port),
                protocol: p.protocol.clone().or_else(|| Some("TCP".to_owned())),
                app_protocol: p.app_protocol.clone(),
            };
            slices.push(EndpointSlice {
                metadata: metadata.clone(),
                address_type: family.to_owned(),
                endpoints: Some(all),
                ports: subset.ports.as_ref().map(|ports| ports.iter().map(port).collect()),
            });
        }
    }
    slices
}

fn same(a: &EndpointSlice, b: &EndpointSlice) -> bool {
    a.address_type == b.address_type
        && a.endpoints.as_deref().unwrap_or_default() == b.endpoints.as_deref().unwrap_or_default()
        && a.ports.as_deref().unwrap_or_default() == b.ports.as_deref().unwrap_or_default()
        && a.metadata.labels == b.metadata.labels
        && a.metadata.annotations.as_ref().is_none_or(|m| m.is_empty())
            == b.metadata.annotations.as_ref().is_none_or(|m| m.is_empty())
        && a.metadata.annotations.iter().flatten().eq(b.metadata.annotations.iter().flatten())
}

/// Decides; without endpoints to show all slices go.
#[must_use]
pub fn plan(endpoints: Option<&Endpoints>, slices: &[Arc<EndpointSlice>]) -> Vec<Action> {
    let mut left: Vec<Arc<EndpointSlice>> = slices.to_vec();
    let mut missing = Vec::new();
    for slice in endpoints.map(wanted).unwrap_or_default() {
        match left.iter().position(|s| same(s, &slice)) {
            Some(at) => drop(left.remove(at)),
            None => missing.push(slice),
        }
    }
    let mut actions = Vec::new();
    for slice in missing {
        match left.iter().position(|s| s.address_type == slice.address_type) {
            Some(at) => {
                let old = left.remove(at);
                let mut metadata = old.metadata.clone();
                metadata.labels = slice.metadata.labels;
                metadata.annotations = slice.metadata.annotations;
                metadata.owner_references = slice.metadata.owner_references;
                actions.push(Action::Update(Box::new(EndpointSlice { metadata, ..slice })));
            }
            None => actions.push(Action::Create(Box::new(slice))),
        }
    }
    actions.extend(left.into_iter().map(Action::Delete));
    actions
}
