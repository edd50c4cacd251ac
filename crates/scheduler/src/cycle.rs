//! Choosing a node for one pod: a pure function of what is believed of the cluster.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use client::Object;

use crate::{
    cache::{Cache, NodeInfo},
    plugins::{Normalize, PLUGINS, Rejection, affinity, spread},
    pod::PodInfo,
};

/// Counted once per pod, read by the plugins for each node.
#[derive(Debug, Default)]
pub struct State {
    /// How many nodes there are.
    pub nodes: usize,
    /// On how many nodes each of the pod's images is.
    pub image_nodes: HashMap<String, usize>,
    /// Affinity between pods.
    pub affinity: affinity::Counts,
    /// Spread constraints.
    pub spread: Vec<spread::Constraint>,
}

impl State {
    /// Counts what the plugins need to know about a pod.
    #[must_use]
    pub fn new(pod: &PodInfo, cache: &Cache) -> Self {
        Self {
            nodes: cache.len(),
            image_nodes: images(pod, cache),
            affinity: affinity::count(pod, cache),
            spread: spread::count(pod, cache),
        }
    }

    /// A pod comes to a node (`by` 1) or leaves it (-1), in thought; the opposite takes it back.
    pub fn shift(&mut self, pod: &PodInfo, moved: &PodInfo, node: &NodeInfo, cache: &Cache, by: i64) {
        affinity::shift(&mut self.affinity, pod, moved, node, cache, by);
        spread::shift(&mut self.spread, pod, moved, node, by);
    }
}

/// Why no node will do.
#[derive(Debug, PartialEq)]
pub struct FitError {
    /// How many nodes there are.
    pub nodes: usize,
    /// Reason → how many nodes gave it.
    pub reasons: BTreeMap<String, usize>,
    /// Names of the nodes where removing other pods could help.
    pub resolvable: Vec<String>,
    /// Places in [`PLUGINS`] of those that rejected a node.
    pub plugins: Vec<usize>,
}

impl FitError {
    /// The text of the event and the condition, in upstream's words; `preemption` says what came of removing others.
    #[must_use]
    pub fn message(&self, preemption: &str) -> String {
        if self.nodes == 0 {
            return "no nodes available to schedule pods".to_owned();
        }
        format!("{} preemption: {preemption}", not_available(self.nodes, &self.reasons))
    }
}

/// The common form of both parts of the message.
pub(crate) fn not_available(nodes: usize, reasons: &BTreeMap<String, usize>) -> String {
    let mut reasons: Vec<String> = reasons.iter().map(|(reason, n)| format!("{n} {reason}")).collect();
    reasons.sort();
    format!("0/{nodes} nodes are available: {}.", reasons.join(", "))
}

/// From this many nodes on, not all of them are looked at for each pod.
const LOOK_AT_ALL: usize = 100;

/// How many feasible nodes are enough.
fn enough(nodes: usize) -> usize {
    if nodes < LOOK_AT_ALL {
        return nodes;
    }
    let percent = (50 - nodes.min(5_625) / 125).max(5);
    (nodes * percent / 100).max(LOOK_AT_ALL)
}

/// Chooses a node. `start` rotates where the search begins, `tie` chooses among equals.
pub fn choose<'c>(pod: &PodInfo, cache: &'c Cache, start: usize, tie: u64) -> Result<&'c NodeInfo, FitError> {
    let mut state = State::new(pod, cache);
    // Others have gone to make room for it there: most likely the only node that will do.
    let promised = cache.nominated.node_of(pod.pod.uid()).and_then(|name| cache.node(name));
    if let Some(node) = promised.filter(|node| reject(&mut state, pod, node, cache).is_none()) {
        return Ok(node);
    }
    let feasible = feasible(&mut state, pod, cache, start)?;
    if let [only] = feasible.as_slice() {
        return Ok(only);
    }
    let totals = totals(&state, pod, &feasible);
    let best = totals.iter().copied().max().unwrap_or(0);
    let equals: Vec<usize> = (0..feasible.len()).filter(|i| totals[*i] == best).collect();
    let pick = usize::try_from(tie % equals.len() as u64).unwrap_or(0);
    Ok(feasible[equals[pick]])
}

fn feasible<'c>(
    state: &mut State,
    pod: &PodInfo,
    cache: &'c Cache,
    start: usize,
) -> Result<Vec<&'c NodeInfo>, FitError> {
    let wanted = enough(cache.len());
    let mut found = Vec::new();
    let mut error =
        FitError { nodes: cache.len(), reasons: BTreeMap::new(), resolvable: Vec::new(), plugins: Vec::new() };
    let nodes: Vec<&NodeInfo> = cache.nodes().collect();
    for at in 0..nodes.len() {
        let node = nodes[(start + at) % nodes.len()];
        match reject(state, pod, node, cache) {
            None => {
                found.push(node);
                if found.len() >= wanted {
                    break;
                }
            }
            Some((plugin, rejection)) => {
                if rejection.resolvable {
                    error.resolvable.push(node.name().to_owned());
                }
                if !error.plugins.contains(&plugin) {
                    error.plugins.push(plugin);
                }
                for reason in rejection.reasons {
                    *error.reasons.entry(Cow::into_owned(reason)).or_default() += 1;
                }
            }
        }
    }
    if found.is_empty() { Err(error) } else { Ok(found) }
}

/// The first plugin that does not want the pod on the node, and why. Where pods of at least its priority have been
/// promised room, it must fit with them, and without them as well: its affinity may rest on those that never come.
pub(crate) fn reject(state: &mut State, pod: &PodInfo, node: &NodeInfo, cache: &Cache) -> Option<(usize, Rejection)> {
    let goes_first = |other: &&Arc<PodInfo>| other.priority >= pod.priority && other.pod.uid() != pod.pod.uid();
    let promised: Vec<&Arc<PodInfo>> = cache.nominated.on(node.name()).iter().filter(goes_first).collect();
    if !promised.is_empty() {
        let mut crowded = node.clone();
        for other in &promised {
            crowded.add((*other).clone());
            state.shift(pod, other, node, cache, 1);
        }
        let rejected = filter(state, pod, &crowded);
        for other in &promised {
            state.shift(pod, other, node, cache, -1);
        }
        if rejected.is_some() {
            return rejected;
        }
    }
    filter(state, pod, node)
}

fn filter(state: &State, pod: &PodInfo, node: &NodeInfo) -> Option<(usize, Rejection)> {
    PLUGINS.iter().enumerate().find_map(|(i, p)| Some((i, p.filter?(state, pod, node)?)))
}

fn totals(state: &State, pod: &PodInfo, nodes: &[&NodeInfo]) -> Vec<i64> {
    let mut totals = vec![0i64; nodes.len()];
    for (weight, score, how) in PLUGINS.iter().filter_map(|p| p.score) {
        let mut raw: Vec<i64> = nodes.iter().map(|n| score(state, pod, n)).collect();
        normalize(&mut raw, how);
        for (total, raw) in totals.iter_mut().zip(raw) {
            *total += raw * weight;
        }
    }
    totals
}

fn normalize(scores: &mut [i64], how: Normalize) {
    let most = scores.iter().copied().max().unwrap_or(0);
    let least = scores.iter().copied().min().unwrap_or(0);
    for s in scores {
        *s = match how {
            Normalize::None => *s,
            Normalize::Largest => {
                if most == 0 {
                    0
                } else {
                    *s * 100 / most
                }
            }
            Normalize::Reverse => {
                if most == 0 {
                    100
                } else {
                    100 - *s * 100 / most
                }
            }
            Normalize::Range => {
                if most == least {
                    0
                } else {
                    (*s - least) * 100 / (most - least)
                }
            }
        };
    }
}

fn images(pod: &PodInfo, cache: &Cache) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    if cache.len() < 2 {
        return counts;
    }
    let Some(spec) = pod.spec() else { return counts };
    for image in spec.containers.iter().filter_map(|c| c.image.as_ref()) {
        let nodes = cache.nodes().filter(|n| n.images.contains_key(image)).count();
        counts.insert(image.clone(), nodes);
    }
    counts
}
