//! On which nodes pods of a daemon set are missing, or too many, or of an old template.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use client::Object;
use jiff::Timestamp;
use k8s_openapi::api::{
    apps::v1::{DaemonSet, DaemonSetStatus},
    core::v1::{Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodSpec, Toleration},
};

use crate::{history::REVISION_LABEL, nodes, pods, scaled};

const GENERATION: &str = "deprecated.daemonset.template.generation";
const GENERATION_LABEL: &str = "pod-template-generation";

/// What a daemon set is compared with.
pub struct Input<'a> {
    /// The daemon set.
    pub set: &'a DaemonSet,
    /// All nodes.
    pub nodes: &'a [Arc<Node>],
    /// Its pods.
    pub pods: &'a [Arc<Pod>],
    /// The hash of its template.
    pub hash: &'a str,
    /// The time.
    pub now: Timestamp,
    /// How long a failed pod on a node must stay, by node.
    pub back_off: &'a HashMap<String, Duration>,
}

/// What to do.
#[derive(Debug, Default, PartialEq)]
pub struct Plan {
    /// Nodes that need a pod.
    pub create: Vec<String>,
    /// Pods that go.
    pub delete: Vec<Arc<Pod>>,
    /// Failed pods among them, by node; they count for the back-off.
    pub failed: Vec<(String, Arc<Pod>)>,
    /// When to look again.
    pub next: Option<Duration>,
}

/// The node of a pod: where it is, or where it has to go.
#[must_use]
pub fn node_of(pod: &Pod) -> &str {
    let node = pods::node(pod);
    if !node.is_empty() {
        return node;
    }
    let affinity = pod.spec.as_ref().and_then(|s| s.affinity.as_ref()).and_then(|a| a.node_affinity.as_ref());
    let required = affinity.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref());
    let fields = required.into_iter().flat_map(|r| &r.node_selector_terms).filter_map(|t| t.match_fields.as_ref());
    let name = fields.flatten().find(|f| f.key == "metadata.name" && f.operator == "In");
    name.and_then(|f| f.values.as_ref()?.first()).map_or("", String::as_str)
}

/// What every daemon pod bears.
#[must_use]
pub fn tolerations(spec: &PodSpec) -> Vec<Toleration> {
    let mut all = spec.tolerations.clone().unwrap_or_default();
    let mut own = vec![
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    ];
    if spec.host_network == Some(true) {
        own.push(("network-unavailable", "NoSchedule"));
    }
    for (key, effect) in own {
        let toleration = Toleration {
            key: Some(format!("node.kubernetes.io/{key}")),
            operator: Some("Exists".to_owned()),
            effect: Some(effect.to_owned()),
            ..Toleration::default()
        };
        if !all.contains(&toleration) {
            all.push(toleration);
        }
    }
    all
}

/// Whether a node shall have a pod, and whether one that is there may stay.
#[must_use]
pub fn should_run(set: &DaemonSet, node: &Node) -> (bool, bool) {
    let Some(spec) = &set.spec.template.spec else {
        return (false, false);
    };
    let fixed = spec.node_name.as_deref().unwrap_or_default();
    if (!fixed.is_empty() && fixed != node.name()) || !nodes::is_selected(spec, node) {
        return (false, false);
    }
    let tolerations = tolerations(spec);
    let stays = nodes::is_tolerated(&tolerations, node, &["NoExecute"]);
    (stays && nodes::is_tolerated(&tolerations, node, &["NoSchedule", "NoExecute"]), stays)
}

fn generation(set: &DaemonSet) -> Option<&str> {
    set.annotation(GENERATION).filter(|g| g.parse::<i64>().is_ok())
}

fn is_updated(set: &DaemonSet, pod: &Pod, hash: &str) -> bool {
    let by_generation = generation(set).is_some_and(|g| pod.label(GENERATION_LABEL) == Some(g));
    by_generation || pod.label(REVISION_LABEL) == Some(hash)
}

/// A pod for a node.
#[must_use]
pub fn pod_for(set: &DaemonSet, node: &str, hash: &str) -> Pod {
    let mut pod = pods::from_template(set.namespace(), set.name(), &set.spec.template, set.owner_reference());
    let labels = pod.metadata.labels.get_or_insert_default();
    if let Some(generation) = generation(set) {
        labels.insert(GENERATION_LABEL.to_owned(), generation.to_owned());
    }
    labels.insert(REVISION_LABEL.to_owned(), hash.to_owned());
    let spec = pod.spec.get_or_insert_default();
    spec.tolerations = Some(tolerations(spec));
    let affinity = spec.affinity.get_or_insert_default().node_affinity.get_or_insert_default();
    let fields = vec![NodeSelectorRequirement {
        key: "metadata.name".to_owned(),
        operator: "In".to_owned(),
        values: Some(vec![node.to_owned()]),
    }];
    // Whatever else the template requires of nodes was asked already; the scheduler only has to find this one.
    let required = &mut affinity.required_during_scheduling_ignored_during_execution;
    let terms = match required.take() {
        Some(old) if !old.node_selector_terms.is_empty() => old
            .node_selector_terms
            .into_iter()
            .map(|t| NodeSelectorTerm { match_fields: Some(fields.clone()), ..t })
            .collect(),
        Some(_) | None => vec![NodeSelectorTerm { match_expressions: None, match_fields: Some(fields) }],
    };
    *required = Some(NodeSelector { node_selector_terms: terms });
    pod
}

type ByNode = BTreeMap<String, Vec<Arc<Pod>>>;

fn by_node(pods: &[Arc<Pod>]) -> ByNode {
    let mut map = ByNode::new();
    for pod in pods {
        map.entry(node_of(pod).to_owned()).or_default().push(pod.clone());
    }
    for list in map.values_mut() {
        list.sort_by_key(|p| (pods::node(p).is_empty(), p.created(), p.name().to_owned()));
    }
    map
}

/// Decides: first every node its pod, then, when that is so, the update.
#[must_use]
pub fn plan(input: &Input<'_>) -> Plan {
    let mut plan = Plan::default();
    let map = by_node(input.pods);
    for node in input.nodes {
        let there = map.get(node.name()).map(Vec::as_slice).unwrap_or_default();
        plan_node(input, node, there, &mut plan);
    }
    let known = |name: &str| input.nodes.iter().any(|n| n.name() == name);
    let lost = map.iter().filter(|(node, _)| !known(node)).flat_map(|(_, pods)| pods);
    plan.delete.extend(lost.filter(|p| pods::node(p).is_empty() && !p.is_deleting()).cloned());
    let rolling = input.set.spec.update_strategy.as_ref().and_then(|s| s.type_.as_deref()) != Some("OnDelete");
    if plan.create.is_empty() && plan.delete.is_empty() && rolling {
        update(input, &map, &mut plan);
    }
    let min_ready = input.set.spec.min_ready_seconds.unwrap_or_default();
    let ready = input.pods.iter().filter_map(|p| pods::until_available(p, min_ready, input.now)).min();
    plan.next = [plan.next, ready].into_iter().flatten().min();
    plan
}

fn plan_node(input: &Input<'_>, node: &Node, there: &[Arc<Pod>], plan: &mut Plan) {
    let (run, stay) = should_run(input.set, node);
    if !stay {
        plan.delete.extend(there.iter().filter(|p| !p.is_deleting()).cloned());
        return;
    }
    let mut running = Vec::new();
    for pod in there.iter().filter(|p| !p.is_deleting()) {
        match pods::phase(pod) {
            "Failed" => match input.back_off.get(node.name()) {
                Some(left) => plan.next = Some(plan.next.map_or(*left, |n| n.min(*left))),
                None => {
                    plan.failed.push((node.name().to_owned(), pod.clone()));
                    plan.delete.push(pod.clone());
                }
            },
            "Succeeded" => plan.delete.push(pod.clone()),
            _ => running.push(pod.clone()),
        }
    }
    if there.is_empty() {
        if run {
            plan.create.push(node.name().to_owned());
        }
    } else if bounds(input.set, 0).0 == 0 {
        plan.delete.extend(running.into_iter().skip(1));
    } else if running.is_empty() && run {
        plan.create.push(node.name().to_owned());
    } else {
        surge_on_node(input, running, plan);
    }
}

/// With a surge a node may have one old and one new pod; the old one goes when the new one serves.
fn surge_on_node(input: &Input<'_>, running: Vec<Arc<Pod>>, plan: &mut Plan) {
    let (new, old): (Vec<_>, Vec<_>) = running.into_iter().partition(|p| p.label(REVISION_LABEL) == Some(input.hash));
    let min_ready = input.set.spec.min_ready_seconds.unwrap_or_default();
    if let (Some(first_new), Some(first_old)) = (new.first(), old.first())
        && (!pods::is_ready(first_old) || pods::is_available(first_new, min_ready, input.now))
    {
        plan.delete.push(first_old.clone());
    }
    plan.delete.extend(new.into_iter().skip(1).chain(old.into_iter().skip(1)));
}

/// Surge and missing pods that the update may have, of `desired`.
fn bounds(set: &DaemonSet, desired: i32) -> (i32, i32) {
    let rolling = set.spec.update_strategy.as_ref().and_then(|s| s.rolling_update.as_ref());
    let surge = rolling.and_then(|r| r.max_surge.as_ref());
    // Asked without a number of pods it only matters whether there is a surge at all.
    let surge = scaled::value(surge, desired.max(1), true).unwrap_or(0);
    let missing = scaled::value(rolling.and_then(|r| r.max_unavailable.as_ref()), desired, true);
    let missing = missing.unwrap_or(i32::from(surge == 0));
    if surge == 0 && missing == 0 { (0, 1) } else { (surge, missing) }
}

fn update(input: &Input<'_>, map: &ByNode, plan: &mut Plan) {
    let set = input.set;
    let desired = input.nodes.iter().filter(|n| should_run(set, n).0).count();
    let (surge, missing) = bounds(set, i32::try_from(desired).unwrap_or(i32::MAX));
    let min_ready = set.spec.min_ready_seconds.unwrap_or_default();
    let available = |p: &Pod| pods::is_available(p, min_ready, input.now);
    let (mut unavailable, mut surging) = (0, 0);
    let (mut sick, mut candidates) = (Vec::new(), Vec::new());
    for node in input.nodes.iter().filter(|n| should_run(set, n).0) {
        let there = map.get(node.name()).map(Vec::as_slice).unwrap_or_default();
        let alive: Vec<_> = there.iter().filter(|p| !p.is_deleting()).collect();
        let new = alive.iter().find(|p| is_updated(set, p, input.hash));
        let old = alive.iter().find(|p| !is_updated(set, p, input.hash));
        match (old, new) {
            (None, None) => unavailable += 1,
            (Some(_), Some(_)) => surging += 1,
            (None, Some(new)) => unavailable += i32::from(!available(new)),
            (Some(old), None) if !available(old) => {
                unavailable += 1;
                sick.push((node.name().to_owned(), (*old).clone()));
            }
            (Some(old), None) => candidates.push((node.name().to_owned(), (*old).clone())),
        }
    }
    let room = if surge > 0 { surge - surging } else { missing - unavailable };
    let healthy = candidates.into_iter().take(usize::try_from(room).unwrap_or_default());
    for (node, pod) in sick.into_iter().chain(healthy) {
        if surge > 0 { plan.create.push(node) } else { plan.delete.push(pod) }
    }
}

/// The status.
#[must_use]
pub fn status(input: &Input<'_>) -> DaemonSetStatus {
    let set = input.set;
    let map = by_node(input.pods);
    let min_ready = set.spec.min_ready_seconds.unwrap_or_default();
    let (mut desired, mut current, mut misplaced, mut ready, mut updated, mut available) = (0, 0, 0, 0, 0, 0);
    for node in input.nodes {
        let there = map.get(node.name()).and_then(|p| p.first());
        match (should_run(set, node).0, there) {
            (true, None) => desired += 1,
            (false, Some(_)) => misplaced += 1,
            (false, None) => {}
            (true, Some(pod)) => {
                desired += 1;
                current += 1;
                ready += i32::from(pods::is_ready(pod));
                available += i32::from(pods::is_available(pod, min_ready, input.now));
                updated += i32::from(is_updated(set, pod, input.hash));
            }
        }
    }
    let old = set.status.clone().unwrap_or_default();
    let some = |n: i32| (n != 0).then_some(n);
    DaemonSetStatus {
        current_number_scheduled: current,
        desired_number_scheduled: desired,
        number_misscheduled: misplaced,
        number_ready: ready,
        updated_number_scheduled: some(updated),
        number_available: some(available),
        number_unavailable: some(desired - available),
        observed_generation: set.metadata.generation,
        ..old
    }
}
