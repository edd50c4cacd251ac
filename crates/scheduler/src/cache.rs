//! What the scheduler believes of the cluster: nodes with the pods on them, those included that are about to be bound.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use client::{Object, selector::Labels};
use k8s_openapi::api::core::v1::Node;

use crate::{
    nominated::Nominated,
    pod::{HostPort, PodInfo},
    resources::Amounts,
};

/// A node and what is on it.
#[derive(Debug, Clone)]
pub struct NodeInfo {
    /// The node.
    pub node: Arc<Node>,
    /// What pods may take.
    pub allocatable: Amounts,
    /// What they have taken.
    pub requested: Amounts,
    /// The same, with assumptions for pods that ask for nothing.
    pub assumed: Amounts,
    /// Pods on it.
    pub pods: Vec<Arc<PodInfo>>,
    /// How many of them have terms that speak of other pods.
    pub with_terms: usize,
    /// Sizes of images on it in bytes, by name; shared by copies made to try something out.
    pub images: Arc<HashMap<String, i64>>,
}

impl NodeInfo {
    fn new(node: Arc<Node>) -> Self {
        let status = node.status.as_ref();
        let images = status
            .and_then(|s| s.images.as_ref())
            .into_iter()
            .flatten()
            .flat_map(|i| i.names.iter().flatten().map(|n| (n.clone(), i.size_bytes.unwrap_or(0))))
            .collect();
        Self {
            allocatable: Amounts::of(status.and_then(|s| s.allocatable.as_ref())),
            requested: Amounts::default(),
            assumed: Amounts::default(),
            pods: Vec::new(),
            with_terms: 0,
            images: Arc::new(images),
            node,
        }
    }

    /// Name of the node.
    #[must_use]
    pub fn name(&self) -> &str {
        self.node.name()
    }

    /// A label of the node.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.node.meta().labels.as_ref()?.get(key).map(String::as_str)
    }

    /// Ports that its pods hold.
    pub fn ports(&self) -> impl Iterator<Item = &HostPort> {
        self.pods.iter().flat_map(|p| p.ports.iter())
    }

    pub(crate) fn add(&mut self, pod: Arc<PodInfo>) {
        self.requested.add(&pod.requests, 1);
        self.assumed.add(&pod.assumed, 1);
        self.with_terms += usize::from(pod.has_terms());
        self.pods.push(pod);
    }

    pub(crate) fn remove(&mut self, uid: &str) {
        if let Some(at) = self.pods.iter().position(|p| p.pod.uid() == uid) {
            let pod = self.pods.swap_remove(at);
            self.requested.add(&pod.requests, -1);
            self.assumed.add(&pod.assumed, -1);
            self.with_terms -= usize::from(pod.has_terms());
        }
    }
}

/// Nodes by name, and where each pod is.
#[derive(Debug, Default)]
pub struct Cache {
    nodes: BTreeMap<String, NodeInfo>,
    /// UID → node, and whether it is only assumed to be there.
    places: HashMap<String, (String, bool)>,
    /// Pods on nodes that are not known (yet).
    homeless: BTreeMap<String, (String, Arc<PodInfo>)>,
    /// Labels of namespaces.
    pub namespaces: HashMap<String, Labels>,
    /// Waiting pods that have been promised a node.
    pub nominated: Nominated,
}

impl Cache {
    /// All nodes in order of name.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeInfo> {
        self.nodes.values()
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// No node at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// A node by name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&NodeInfo> {
        self.nodes.get(name)
    }

    /// Labels of a namespace.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<Labels> {
        self.namespaces.get(name).cloned()
    }

    /// A node is there, or changed.
    pub fn set_node(&mut self, node: Arc<Node>) {
        let name = node.name().to_owned();
        let mut info = NodeInfo::new(node);
        if let Some(old) = self.nodes.remove(&name) {
            for pod in old.pods {
                info.add(pod);
            }
        }
        self.homeless.retain(|_, (on, pod)| {
            if *on == name {
                info.add(pod.clone());
            }
            *on != name
        });
        self.nodes.insert(name, info);
    }

    /// A node is gone; its pods stay known until they are gone too.
    pub fn remove_node(&mut self, name: &str) {
        if let Some(info) = self.nodes.remove(name) {
            for pod in info.pods {
                self.homeless.insert(pod.pod.uid().to_owned(), (name.to_owned(), pod));
            }
        }
    }

    /// A pod is on a node for sure, or changed there.
    pub fn set_pod(&mut self, pod: Arc<PodInfo>, node: &str) {
        self.place(pod, node, false);
    }

    /// A pod is about to be bound to a node: from now on it takes room there, and no longer where it was promised some.
    pub fn assume(&mut self, pod: Arc<PodInfo>, node: &str) {
        self.nominated.remove(pod.pod.uid());
        self.place(pod, node, true);
    }

    /// The binding failed: takes an assumed pod back, not one that is there for sure.
    pub fn forget(&mut self, uid: &str) {
        if self.places.get(uid).is_some_and(|(_, assumed)| *assumed) {
            self.remove_pod(uid);
        }
    }

    /// A pod is gone or has ended.
    pub fn remove_pod(&mut self, uid: &str) -> bool {
        self.homeless.remove(uid);
        let Some((node, _)) = self.places.remove(uid) else { return false };
        if let Some(info) = self.nodes.get_mut(&node) {
            info.remove(uid);
        }
        true
    }

    /// Whether it has a place, for sure or assumed.
    #[must_use]
    pub fn has_pod(&self, uid: &str) -> bool {
        self.places.contains_key(uid)
    }

    fn place(&mut self, pod: Arc<PodInfo>, node: &str, assumed: bool) {
        let uid = pod.pod.uid().to_owned();
        self.remove_pod(&uid);
        match self.nodes.get_mut(node) {
            Some(info) => info.add(pod),
            None => {
                self.homeless.insert(uid.clone(), (node.to_owned(), pod));
            }
        }
        self.places.insert(uid, (node.to_owned(), assumed));
    }
}
