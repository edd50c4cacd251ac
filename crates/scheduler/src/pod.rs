//! A pod as the scheduler sees it: parsed once.

use std::sync::Arc;

use client::{Matcher, Object, selector::Labels};
use k8s_openapi::api::core::v1::{Pod, PodAffinityTerm, PodSpec};

use crate::resources::{Amounts, assumed_requests, pod_requests};

/// A port of the node that a pod holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// `TCP`, `UDP`, `SCTP`.
    pub protocol: String,
    /// Address, `0.0.0.0` for all.
    pub ip: String,
    /// Port.
    pub port: i32,
}

impl HostPort {
    /// Both cannot be on one node.
    #[must_use]
    pub fn collides(&self, other: &Self) -> bool {
        const ALL: &str = "0.0.0.0";
        self.port == other.port
            && self.protocol == other.protocol
            && (self.ip == other.ip || self.ip == ALL || other.ip == ALL)
    }
}

/// A term of (anti-)affinity between pods.
#[derive(Debug, Clone)]
pub struct Term {
    pods: Matcher,
    namespaces: Vec<String>,
    namespace_selector: Option<Matcher>,
    /// Label of nodes that says where they are.
    pub topology_key: String,
    /// Weight of a preferred term; 0 for required ones.
    pub weight: i64,
}

impl Term {
    fn new(term: &PodAffinityTerm, namespace: &str, weight: i64) -> Self {
        let given = term.namespaces.clone().unwrap_or_default();
        let own = given.is_empty() && term.namespace_selector.is_none();
        Self {
            pods: Matcher::optional(term.label_selector.as_ref()).unwrap_or_else(|_| Matcher::nothing()),
            namespaces: if own { vec![namespace.to_owned()] } else { given },
            namespace_selector: term
                .namespace_selector
                .as_ref()
                .map(|s| Matcher::new(s).unwrap_or_else(|_| Matcher::nothing())),
            topology_key: term.topology_key.clone(),
            weight,
        }
    }

    /// Whether the term speaks of this pod; `labels_of` knows the labels of namespaces.
    pub fn matches(&self, pod: &PodInfo, labels_of: &dyn Fn(&str) -> Option<Labels>) -> bool {
        let namespace = pod.pod.namespace();
        let there = self.namespaces.iter().any(|n| n == namespace)
            || self
                .namespace_selector
                .as_ref()
                .is_some_and(|s| s.is_empty() || s.matches(labels_of(namespace).as_ref()));
        there && self.pods.matches(pod.pod.meta().labels.as_ref())
    }
}

/// A pod with what scheduling needs of it.
#[derive(Debug)]
pub struct PodInfo {
    /// The pod.
    pub pod: Arc<Pod>,
    /// What it asks for.
    pub requests: Amounts,
    /// The same, with assumptions for what asks for nothing.
    pub assumed: Amounts,
    /// Ports of the node that it wants.
    pub ports: Vec<HostPort>,
    /// Higher goes first.
    pub priority: i32,
    /// Required affinity to other pods.
    pub affinity: Vec<Term>,
    /// Required anti-affinity.
    pub anti_affinity: Vec<Term>,
    /// Preferred affinity.
    pub preferred: Vec<Term>,
    /// Preferred anti-affinity.
    pub preferred_anti: Vec<Term>,
}

impl PodInfo {
    /// Parses a pod.
    #[must_use]
    pub fn new(pod: Arc<Pod>) -> Self {
        let empty = PodSpec::default();
        let spec = pod.spec.as_ref().unwrap_or(&empty);
        let namespace = pod.namespace();
        let affinity = spec.affinity.as_ref();
        let together = affinity.and_then(|a| a.pod_affinity.as_ref());
        let apart = affinity.and_then(|a| a.pod_anti_affinity.as_ref());
        let required = |terms: Option<&Vec<PodAffinityTerm>>| {
            terms.into_iter().flatten().map(|t| Term::new(t, namespace, 0)).collect()
        };
        Self {
            requests: pod_requests(spec),
            assumed: assumed_requests(spec),
            ports: host_ports(spec),
            priority: spec.priority.unwrap_or(0),
            affinity: required(together.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref())),
            anti_affinity: required(apart.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref())),
            preferred: together
                .and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_ref())
                .into_iter()
                .flatten()
                .map(|w| Term::new(&w.pod_affinity_term, namespace, i64::from(w.weight)))
                .collect(),
            preferred_anti: apart
                .and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_ref())
                .into_iter()
                .flatten()
                .map(|w| Term::new(&w.pod_affinity_term, namespace, i64::from(w.weight)))
                .collect(),
            pod: pod.clone(),
        }
    }

    /// The specification.
    #[must_use]
    pub fn spec(&self) -> Option<&PodSpec> {
        self.pod.spec.as_ref()
    }

    /// Whether it has terms that speak of other pods.
    #[must_use]
    pub fn has_terms(&self) -> bool {
        !(self.affinity.is_empty()
            && self.anti_affinity.is_empty()
            && self.preferred.is_empty()
            && self.preferred_anti.is_empty())
    }
}

fn host_ports(spec: &PodSpec) -> Vec<HostPort> {
    let sidecars = spec.init_containers.iter().flatten().filter(|c| c.restart_policy.as_deref() == Some("Always"));
    spec.containers
        .iter()
        .chain(sidecars)
        .flat_map(|c| c.ports.iter().flatten())
        .filter(|p| p.host_port.is_some_and(|n| n > 0))
        .map(|p| HostPort {
            protocol: p.protocol.clone().unwrap_or_else(|| "TCP".to_owned()),
            ip: p.host_ip.clone().filter(|i| !i.is_empty()).unwrap_or_else(|| "0.0.0.0".to_owned()),
            port: p.host_port.unwrap_or(0),
        })
        .collect()
}
