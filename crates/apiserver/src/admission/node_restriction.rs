//! NodeRestriction: a node changes only what is its own.

use std::sync::Arc;

use apimachinery::{meta, status::Status};
use serde_json::Value;

use super::{MIRROR, parsed, refuse};
use crate::{
    authz::node_name,
    contract::{Admission, Attributes, Job, Operation, Reader},
    strategies::json::{list, text},
};

/// The plugin.
pub struct NodeRestriction {
    reader: Arc<dyn Reader>,
}

/// Labels below kubernetes.io and k8s.io that a kubelet may set.
const KUBELET_LABELS: [&str; 13] = [
    "kubernetes.io/hostname",
    "kubernetes.io/arch",
    "kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/instance-type",
    "node.kubernetes.io/instance-type",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.kubernetes.io/zone",
    "failure-domain.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
];

fn forbidden_label(label: &str) -> bool {
    let Some((space, _)) = label.split_once('/') else { return false };
    let below = |domain: &str| space == domain || space.strip_suffix(domain).is_some_and(|s| s.ends_with('.'));
    if below("node-restriction.kubernetes.io") {
        return true;
    }
    let kubelets = KUBELET_LABELS.contains(&label) || below("kubelet.kubernetes.io") || below("node.kubernetes.io");
    (below("kubernetes.io") || below("k8s.io")) && !kubelets
}

/// Labels that differ and that a node may not touch.
fn forbidden_labels(new: &Value, old: Option<&Value>) -> Vec<String> {
    let none = serde_json::Map::new();
    let (new, old) = (meta::labels(new).unwrap_or(&none), old.and_then(meta::labels).unwrap_or(&none));
    let mut touched: Vec<String> =
        new.keys().chain(old.keys()).filter(|k| new.get(*k) != old.get(*k) && forbidden_label(k)).cloned().collect();
    touched.sort();
    touched.dedup();
    touched
}

impl NodeRestriction {
    pub fn new(reader: Arc<dyn Reader>) -> Self {
        Self { reader }
    }

    fn check(&self, attributes: &Attributes<'_>, object: &Value) -> Result<(), Status> {
        let Some(node) = node_name(attributes.user) else { return Ok(()) };
        let no = |message: String| Err(refuse(attributes, object, &message));
        if node.is_empty() {
            return no(format!("could not determine node from user {:?}", attributes.user.name));
        }
        let own_name = || {
            let name = if attributes.info.name.is_empty() { meta::name(object) } else { &attributes.info.name };
            name == node
        };
        match (
            attributes.resource.group.as_ref(),
            attributes.resource.plural.as_ref(),
            attributes.info.subresource.as_str(),
        ) {
            ("", "pods", "") => self.pod(node, attributes, object),
            ("", "pods", "status") => pod_status(node, attributes, object),
            ("", "pods", "eviction") => {
                match parsed(&*self.reader, "", "pods", &attributes.info.namespace, &attributes.info.name) {
                    Some(pod) if text(&pod, "/spec/nodeName") == node => Ok(()),
                    Some(_) => no(format!("node {node} can only evict pods with spec.nodeName set to itself")),
                    None => Err(Status::not_found("", "pods", &attributes.info.name)),
                }
            }
            ("", "pods", other) => {
                no(format!("unexpected pod subresource {other:?}, only 'status' and 'eviction' are allowed"))
            }
            ("", "nodes", _) => own_node(node, attributes, object),
            ("", "persistentvolumeclaims", "status") => Ok(()),
            ("", "persistentvolumeclaims", _) => no("may only update PVC status".to_owned()),
            ("", "serviceaccounts", "token") if attributes.operation == Operation::Create => {
                self.token(node, attributes, object)
            }
            ("coordination.k8s.io", "leases", _) if attributes.info.namespace != "kube-node-lease" => {
                no(format!("can only access leases in the {:?} system namespace", "kube-node-lease"))
            }
            ("coordination.k8s.io", "leases", _) if !own_name() => {
                no("can only access node lease with the same name as the requesting node".to_owned())
            }
            ("storage.k8s.io", "csinodes", _) if !own_name() => {
                no("can only access CSINode with the same name as the requesting node".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn pod(&self, node: &str, attributes: &Attributes<'_>, pod: &Value) -> Result<(), Status> {
        let no = |message: String| Err(refuse(attributes, pod, &message));
        match attributes.operation {
            Operation::Delete => {
                let Some(old) = attributes.old else {
                    return Err(Status::not_found("", "pods", &attributes.info.name));
                };
                if text(old, "/spec/nodeName") == node {
                    Ok(())
                } else {
                    no(format!("node {node:?} can only delete pods with spec.nodeName set to itself"))
                }
            }
            Operation::Create => {
                if meta::annotation(pod, MIRROR).is_none() {
                    return no(format!(
                        "pod does not have {MIRROR:?} annotation, node {node:?} can only create mirror pods"
                    ));
                }
                if text(pod, "/spec/nodeName") != node {
                    return no(format!("node {node:?} can only create pods with spec.nodeName set to itself"));
                }
                let owners = list(pod, "/metadata/ownerReferences");
                let [owner] = owners else {
                    return no(format!("node {node:?} can only create pods with an owner reference set to itself"));
                };
                if owner["kind"] != "Node" || owner["apiVersion"] != "v1" || owner["name"] != node {
                    return no(format!("node {node:?} can only create pods with an owner reference set to itself"));
                }
                if owner["controller"] != true {
                    return no(format!(
                        "node {node:?} can only create pods with a controller owner reference set to itself"
                    ));
                }
                match parsed(&*self.reader, "", "nodes", "", node) {
                    Some(known) if meta::uid(&known) == text(owner, "/uid") => Ok(()),
                    Some(known) => no(format!(
                        "node {node} UID mismatch: expected {} got {}",
                        text(owner, "/uid"),
                        meta::uid(&known)
                    )),
                    None => Err(Status::not_found("", "nodes", node)),
                }
            }
            Operation::Update | Operation::Connect => {
                let operation = if attributes.operation == Operation::Update { "UPDATE" } else { "CONNECT" };
                no(format!("unexpected operation {operation:?}, node {node:?} can only create and delete mirror pods"))
            }
        }
    }

    fn token(&self, node: &str, attributes: &Attributes<'_>, request: &Value) -> Result<(), Status> {
        let no = |message: &str| Err(refuse(attributes, request, message));
        let reference = &request["spec"]["boundObjectRef"];
        if reference["apiVersion"] != "v1" || reference["kind"] != "Pod" || text(reference, "/name").is_empty() {
            return no("node requested token not bound to a pod");
        }
        let uid = text(reference, "/uid");
        if uid.is_empty() {
            return no("node requested token with a pod binding without a uid");
        }
        let name = text(reference, "/name");
        let Some(pod) = parsed(&*self.reader, "", "pods", &attributes.info.namespace, name) else {
            return Err(Status::not_found("", "pods", name));
        };
        if meta::uid(&pod) != uid {
            return no(&format!(
                "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
            ));
        }
        if text(&pod, "/spec/nodeName") != node {
            return no("node requested token bound to a pod scheduled on a different node");
        }
        Ok(())
    }
}

fn pod_status(node: &str, attributes: &Attributes<'_>, pod: &Value) -> Result<(), Status> {
    let Some(old) = attributes.old else { return Ok(()) };
    if text(old, "/spec/nodeName") != node {
        return Err(refuse(
            attributes,
            pod,
            &format!("node {node:?} can only update pod status for pods with spec.nodeName set to itself"),
        ));
    }
    if meta::labels(old).cloned().unwrap_or_default() != meta::labels(pod).cloned().unwrap_or_default() {
        return Err(refuse(attributes, pod, &format!("node {node:?} cannot update labels through pod status")));
    }
    Ok(())
}

fn own_node(node: &str, attributes: &Attributes<'_>, object: &Value) -> Result<(), Status> {
    let requested = if attributes.info.name.is_empty() { meta::name(object) } else { &attributes.info.name };
    let no = |message: String| Err(refuse(attributes, object, &message));
    if requested != node {
        return no(format!("node {node:?} is not allowed to modify node {requested:?}"));
    }
    match (attributes.operation, attributes.old) {
        (Operation::Create, _) => {
            let labels = forbidden_labels(object, None);
            if labels.is_empty() {
                Ok(())
            } else {
                no(format!("node {node:?} is not allowed to set the following labels: {}", labels.join(", ")))
            }
        }
        (Operation::Update, Some(old)) => {
            if list(old, "/spec/taints") != list(object, "/spec/taints") {
                return no(format!("node {node:?} is not allowed to modify taints"));
            }
            if list(old, "/metadata/ownerReferences") != list(object, "/metadata/ownerReferences") {
                return no(format!("node {node:?} is not allowed to modify ownerReferences"));
            }
            let labels = forbidden_labels(object, Some(old));
            if labels.is_empty() {
                Ok(())
            } else {
                no(format!("is not allowed to modify labels: {}", labels.join(", ")))
            }
        }
        _ => Ok(()),
    }
}

impl Admission for NodeRestriction {
    fn name(&self) -> &'static str {
        "NodeRestriction"
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a mut Value) -> Job<'a, Result<(), Status>> {
        let answer = self.check(attributes, object);
        Box::pin(async { answer })
    }
}
