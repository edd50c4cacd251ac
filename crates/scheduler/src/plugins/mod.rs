//! Filters and scores: one table, one file per concern.

pub mod affinity;
pub mod fit;
pub mod images;
pub mod node;
pub mod node_affinity;
pub mod spread;
pub mod taints;

use std::borrow::Cow;

use crate::{cache::NodeInfo, cycle::State, pod::PodInfo};

/// Why a node is out of the question.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejection {
    /// In Kubernetes' words.
    pub reasons: Vec<Cow<'static, str>>,
    /// Whether removing pods from the node could help.
    pub resolvable: bool,
}

impl Rejection {
    /// Nothing on the node can change it.
    #[must_use]
    pub fn fixed(reason: &'static str) -> Self {
        Self { reasons: vec![Cow::Borrowed(reason)], resolvable: false }
    }

    /// Other pods are in the way.
    #[must_use]
    pub fn resolvable(reason: &'static str) -> Self {
        Self { reasons: vec![Cow::Borrowed(reason)], resolvable: true }
    }
}

/// What happened in the cluster that may make a waiting pod schedulable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A node came.
    NodeAdded,
    /// Labels of a node changed.
    NodeLabels,
    /// Taints of a node changed, or it can be scheduled to again.
    NodeTaints,
    /// A node has more (or less) to give.
    NodeAllocatable,
    /// A pod got a node, or labels of one that has changed.
    PodPlaced,
    /// A pod left a node, or takes less.
    PodGone,
    /// The pod itself changed.
    PodChanged,
    /// Labels of a namespace changed.
    Namespace,
}

type Filter = fn(&State, &PodInfo, &NodeInfo) -> Option<Rejection>;
type Score = fn(&State, &PodInfo, &NodeInfo) -> i64;

/// How raw scores become 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normalize {
    /// They are already.
    None,
    /// The largest becomes 100.
    Largest,
    /// The largest becomes 0.
    Reverse,
    /// Smallest to largest becomes 0 to 100.
    Range,
}

/// A row of the table.
pub struct Plugin {
    /// Upstream's name.
    pub name: &'static str,
    /// Filter, if it has one.
    pub filter: Option<Filter>,
    /// Score with weight, if it has one.
    pub score: Option<(i64, Score, Normalize)>,
    /// What may change its mind about a rejected pod.
    pub wakes: &'static [Cause],
}

/// All plugins, filters in upstream's order.
pub static PLUGINS: &[Plugin] = &[
    Plugin {
        name: "NodeUnschedulable",
        filter: Some(node::unschedulable),
        score: None,
        wakes: &[Cause::NodeAdded, Cause::NodeTaints, Cause::PodChanged],
    },
    Plugin { name: "NodeName", filter: Some(node::name), score: None, wakes: &[Cause::NodeAdded] },
    Plugin {
        name: "TaintToleration",
        filter: Some(taints::filter),
        score: Some((3, taints::score, Normalize::Reverse)),
        wakes: &[Cause::NodeAdded, Cause::NodeTaints, Cause::PodChanged],
    },
    Plugin {
        name: "NodeAffinity",
        filter: Some(node_affinity::filter),
        score: Some((2, node_affinity::score, Normalize::Largest)),
        wakes: &[Cause::NodeAdded, Cause::NodeLabels],
    },
    Plugin { name: "NodePorts", filter: Some(node::ports), score: None, wakes: &[Cause::NodeAdded, Cause::PodGone] },
    Plugin {
        name: "NodeResourcesFit",
        filter: Some(fit::filter),
        score: Some((1, fit::least_allocated, Normalize::None)),
        wakes: &[Cause::NodeAdded, Cause::NodeAllocatable, Cause::PodGone, Cause::PodChanged],
    },
    Plugin {
        name: "PodTopologySpread",
        filter: Some(spread::filter),
        score: Some((2, spread::score, Normalize::Reverse)),
        wakes: &[Cause::NodeAdded, Cause::NodeLabels, Cause::NodeTaints, Cause::PodPlaced, Cause::PodGone],
    },
    Plugin {
        name: "InterPodAffinity",
        filter: Some(affinity::filter),
        score: Some((2, affinity::score, Normalize::Range)),
        wakes: &[Cause::NodeAdded, Cause::NodeLabels, Cause::PodPlaced, Cause::PodGone, Cause::Namespace],
    },
    Plugin {
        name: "NodeResourcesBalancedAllocation",
        filter: None,
        score: Some((1, fit::balanced, Normalize::None)),
        wakes: &[],
    },
    Plugin { name: "ImageLocality", filter: None, score: Some((1, images::score, Normalize::None)), wakes: &[] },
];
