//! Whether this node takes a pod: what the scheduler decided is checked against what is here.

use std::collections::{BTreeMap, BTreeSet};

use apimachinery::quantity::Quantity;
use k8s_openapi::api::core::v1::{Node, NodeSelectorRequirement, NodeSelectorTerm, Pod};

use super::spec;
use crate::{container::resources, status::Override};

fn refused(reason: &str, message: String) -> Override {
    Override { reason: reason.to_owned(), message }
}

/// Why not, if not. `others`: the pods that already have their place.
pub(crate) fn check(pod: &Pod, node: Option<&Node>, others: &[&Pod]) -> Result<(), Override> {
    if let Some(os) = spec::spec(pod).os.as_ref().filter(|os| os.name != "linux") {
        return Err(refused(
            "PodOSNotSupported",
            format!("Failed to admit pod as the OS field doesn't match node OS ({})", os.name),
        ));
    }
    let Some(node) = node else { return Ok(()) };
    fits(pod, node, others)?;
    if !affine(pod, node) {
        return Err(refused(
            "NodeAffinity",
            "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector".into(),
        ));
    }
    if let Some(conflict) = port_conflict(pod, others) {
        return Err(refused("NodePorts", format!("Predicate NodePorts failed: {conflict}")));
    }
    Ok(())
}

fn totals(pod: &Pod) -> BTreeMap<String, Quantity> {
    resources::pod_requests(pod)
        .into_iter()
        .filter_map(|(name, quantity)| Some((name, resources::parse(&quantity)?)))
        .collect()
}

/// CPU counts in thousandths, everything else in units.
fn amount(name: &str, quantity: &Quantity) -> i128 {
    if name == "cpu" { quantity.milli_value() } else { quantity.value() }
}

fn fits(pod: &Pod, node: &Node, others: &[&Pod]) -> Result<(), Override> {
    let Some(allocatable) = node.status.as_ref().and_then(|status| status.allocatable.as_ref()) else { return Ok(()) };
    let room = |name: &str| allocatable.get(name).and_then(resources::parse).map(|quantity| amount(name, &quantity));
    let lacks = |name: &str, requested: i128, used: i128, capacity: i128| {
        refused(
            &format!("OutOf{name}"),
            format!(
                "Node didn't have enough resource: {name}, requested: {requested}, used: {used}, capacity: {capacity}"
            ),
        )
    };
    if let Some(pods) = room("pods").filter(|pods| others.len() as i128 + 1 > *pods) {
        return Err(lacks("pods", 1, others.len() as i128, pods));
    }
    let wanted = totals(pod);
    if wanted.is_empty() {
        return Ok(());
    }
    let mut used: BTreeMap<String, i128> = BTreeMap::new();
    for other in others {
        for (name, quantity) in totals(other) {
            *used.entry(name.clone()).or_default() += amount(&name, &quantity);
        }
    }
    for (name, quantity) in &wanted {
        // Resources that the node does not know are the cluster's, not ours to refuse.
        let Some(capacity) = room(name) else { continue };
        let (requested, taken) = (amount(name, quantity), used.get(name).copied().unwrap_or(0));
        if requested > 0 && requested > capacity - taken {
            return Err(lacks(name, requested, taken, capacity));
        }
    }
    Ok(())
}

fn affine(pod: &Pod, node: &Node) -> bool {
    let spec = spec::spec(pod);
    let empty = BTreeMap::new();
    let labels = node.metadata.labels.as_ref().unwrap_or(&empty);
    if !spec.node_selector.iter().flatten().all(|(key, value)| labels.get(key) == Some(value)) {
        return false;
    }
    let required = spec
        .affinity
        .as_ref()
        .and_then(|affinity| affinity.node_affinity.as_ref())
        .and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.as_ref());
    required.is_none_or(|selector| {
        selector
            .node_selector_terms
            .iter()
            .any(|term| term_matches(term, labels, node.metadata.name.as_deref().unwrap_or_default()))
    })
}

fn term_matches(term: &NodeSelectorTerm, labels: &BTreeMap<String, String>, name: &str) -> bool {
    let (expressions, fields) =
        (term.match_expressions.as_deref().unwrap_or_default(), term.match_fields.as_deref().unwrap_or_default());
    if expressions.is_empty() && fields.is_empty() {
        return false;
    }
    expressions.iter().all(|rule| rule_matches(rule, labels.get(&rule.key).map(String::as_str)))
        && fields.iter().all(|rule| rule_matches(rule, (rule.key == "metadata.name").then_some(name)))
}

fn rule_matches(rule: &NodeSelectorRequirement, value: Option<&str>) -> bool {
    let values = rule.values.as_deref().unwrap_or_default();
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
    let compare = |greater: bool| match (number(value), number(values.first().map(String::as_str))) {
        (Some(have), Some(want)) => {
            if greater {
                have > want
            } else {
                have < want
            }
        }
        _ => false,
    };
    match rule.operator.as_str() {
        "In" => value.is_some_and(|value| values.iter().any(|known| known == value)),
        "NotIn" => !value.is_some_and(|value| values.iter().any(|known| known == value)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => compare(true),
        "Lt" => compare(false),
        _ => false,
    }
}

fn host_ports(pod: &Pod) -> BTreeSet<(String, i32, String)> {
    let spec = spec::spec(pod);
    let sidecars = spec::init_containers(pod).iter().filter(|container| spec::is_sidecar(container));
    spec.containers
        .iter()
        .chain(sidecars)
        .flat_map(|container| container.ports.iter().flatten())
        .filter_map(|port| {
            Some((
                port.protocol.clone().unwrap_or_else(|| "TCP".into()),
                port.host_port.filter(|port| *port > 0)?,
                port.host_ip.clone().filter(|ip| !ip.is_empty()).unwrap_or_else(|| "0.0.0.0".into()),
            ))
        })
        .collect()
}

fn port_conflict(pod: &Pod, others: &[&Pod]) -> Option<String> {
    let mine = host_ports(pod);
    let clash = |a: &(String, i32, String), b: &(String, i32, String)| {
        a.0 == b.0 && a.1 == b.1 && (a.2 == b.2 || a.2 == "0.0.0.0" || b.2 == "0.0.0.0")
    };
    let taken =
        others.iter().flat_map(|other| host_ports(other)).any(|theirs| mine.iter().any(|own| clash(own, &theirs)));
    (!mine.is_empty() && taken).then(|| "node(s) didn't have free ports for the requested pod ports".to_owned())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::{
        api::core::v1::{Container, ContainerPort, NodeStatus, PodSpec, ResourceRequirements},
        apimachinery::pkg::api::resource::Quantity as ApiQuantity,
    };

    use super::*;

    fn pod(cpu: &str, port: i32) -> Pod {
        let container = Container {
            resources: Some(ResourceRequirements {
                requests: Some([("cpu".to_owned(), ApiQuantity(cpu.into()))].into()),
                ..ResourceRequirements::default()
            }),
            ports: Some(vec![ContainerPort {
                container_port: 80,
                host_port: (port > 0).then_some(port),
                ..ContainerPort::default()
            }]),
            ..Container::default()
        };
        Pod { spec: Some(PodSpec { containers: vec![container], ..PodSpec::default() }), ..Pod::default() }
    }

    #[test]
    fn reasons() {
        let mut node = Node {
            status: Some(NodeStatus {
                allocatable: Some(
                    [("cpu".to_owned(), ApiQuantity("2".into())), ("pods".to_owned(), ApiQuantity("2".into()))].into(),
                ),
                ..NodeStatus::default()
            }),
            ..Node::default()
        };
        node.metadata.labels = Some([("disk".to_owned(), "ssd".to_owned())].into());
        let (one, web) = (pod("1500m", 0), pod("0", 80));
        assert!(check(&one, Some(&node), &[]).is_ok());
        let out = check(&one, Some(&node), &[&one]).unwrap_err();
        assert_eq!(
            (out.reason.as_str(), out.message.as_str()),
            ("OutOfcpu", "Node didn't have enough resource: cpu, requested: 1500, used: 1500, capacity: 2000")
        );
        assert_eq!(check(&web, Some(&node), &[&web]).unwrap_err().reason, "NodePorts");
        assert_eq!(check(&web, Some(&node), &[&one, &one]).unwrap_err().reason, "OutOfpods");
        let mut choosy = pod("0", 0);
        choosy.spec.as_mut().unwrap().node_selector = Some([("disk".to_owned(), "hdd".to_owned())].into());
        assert_eq!(check(&choosy, Some(&node), &[]).unwrap_err().reason, "NodeAffinity");
    }
}
