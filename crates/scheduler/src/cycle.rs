//! Choosing a node for one pod: a pure function of what is believed of the cluster.

use std::{borrow::Cow, collections::BTreeMap, collections::HashMap};

use crate::{
    cache::{Cache, NodeInfo},
    plugins::{Normalize, PLUGINS, affinity, spread},
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

/// Why no node will do.
#[derive(Debug, PartialEq)]
pub struct FitError {
    /// How many nodes there are.
    pub nodes: usize,
    /// Reason → how many nodes gave it.
    pub reasons: BTreeMap<String, usize>,
    /// Nodes where removing other pods could help.
    pub resolvable: usize,
    /// Places in [`PLUGINS`] of those that rejected a node.
    pub plugins: Vec<usize>,
}

impl FitError {
    /// The text of the event and the condition, in upstream's words.
    #[must_use]
    pub fn message(&self) -> String {
        if self.nodes == 0 {
            return "no nodes available to schedule pods".to_owned();
        }
        let mut reasons: Vec<String> = self.reasons.iter().map(|(reason, n)| format!("{n} {reason}")).collect();
        reasons.sort();
        let mut preemption = Vec::new();
        if self.resolvable > 0 {
            preemption.push(format!("{} No preemption victims found for incoming pod", self.resolvable));
        }
        if self.nodes > self.resolvable {
            preemption.push(format!("{} Preemption is not helpful for scheduling", self.nodes - self.resolvable));
        }
        preemption.sort();
        format!(
            "0/{n} nodes are available: {}. preemption: 0/{n} nodes are available: {}.",
            reasons.join(", "),
            preemption.join(", "),
            n = self.nodes
        )
    }
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
    let state = State {
        nodes: cache.len(),
        image_nodes: images(pod, cache),
        affinity: affinity::count(pod, cache),
        spread: spread::count(pod, cache),
    };
    let feasible = feasible(&state, pod, cache, start)?;
    if let [only] = feasible.as_slice() {
        return Ok(only);
    }
    let totals = totals(&state, pod, &feasible);
    let best = totals.iter().copied().max().unwrap_or(0);
    let equals: Vec<usize> = (0..feasible.len()).filter(|i| totals[*i] == best).collect();
    let pick = usize::try_from(tie % equals.len() as u64).unwrap_or(0);
    Ok(feasible[equals[pick]])
}

fn feasible<'c>(state: &State, pod: &PodInfo, cache: &'c Cache, start: usize) -> Result<Vec<&'c NodeInfo>, FitError> {
    let wanted = enough(cache.len());
    let mut found = Vec::new();
    let mut error = FitError { nodes: cache.len(), reasons: BTreeMap::new(), resolvable: 0, plugins: Vec::new() };
    let nodes: Vec<&NodeInfo> = cache.nodes().collect();
    for at in 0..nodes.len() {
        let node = nodes[(start + at) % nodes.len()];
        let rejection = PLUGINS.iter().enumerate().find_map(|(i, p)| Some((i, p.filter?(state, pod, node)?)));
        match rejection {
            None => {
                found.push(node);
                if found.len() >= wanted {
                    break;
                }
            }
            Some((plugin, rejection)) => {
                error.resolvable += usize::from(rejection.resolvable);
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
