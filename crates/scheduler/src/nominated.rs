//! Waiting pods that have been promised a node: room is being made for them there.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use client::Object;

use crate::pod::PodInfo;

/// Promises, by node. The scheduler's own belief: ahead of what `status.nominatedNodeName` says in the API.
#[derive(Debug, Default)]
pub struct Nominated {
    nodes: BTreeMap<String, Vec<Arc<PodInfo>>>,
    /// UID → node.
    places: HashMap<String, String>,
}

impl Nominated {
    /// A pod is promised a node; what it was promised before is forgotten.
    pub fn set(&mut self, pod: Arc<PodInfo>, node: &str) {
        self.remove(pod.pod.uid());
        self.places.insert(pod.pod.uid().to_owned(), node.to_owned());
        self.nodes.entry(node.to_owned()).or_default().push(pod);
    }

    /// A pod is promised nothing any more; whether it was.
    pub fn remove(&mut self, uid: &str) -> bool {
        let Some(node) = self.places.remove(uid) else { return false };
        if let Some(pods) = self.nodes.get_mut(&node) {
            pods.retain(|pod| pod.pod.uid() != uid);
            if pods.is_empty() {
                self.nodes.remove(&node);
            }
        }
        true
    }

    /// The node that a pod was promised.
    #[must_use]
    pub fn node_of(&self, uid: &str) -> Option<&str> {
        self.places.get(uid).map(String::as_str)
    }

    /// The pods that were promised a node, in order of the promises.
    #[must_use]
    pub fn on(&self, node: &str) -> &[Arc<PodInfo>] {
        self.nodes.get(node).map(Vec::as_slice).unwrap_or_default()
    }
}
