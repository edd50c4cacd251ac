//! NodeRestriction: a node changes only what is its own.

mod labels;
mod pods;
mod requests;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use apimachinery::{meta, status::Status};
use serde_json::{Map, Value};

use super::refuse;
use crate::{
    authz::node_name,
    contract::{Admission, Attributes, Authorizer, Job, Operation, Reader},
    strategies::json::{list, text},
};

/// The plugin.
pub struct NodeRestriction {
    reader: Arc<dyn Reader>,
    authorizer: Arc<dyn Authorizer>,
}

/// A node's request.
struct Asked<'a> {
    node: &'a str,
    attributes: &'a Attributes<'a>,
    object: &'a Value,
    reader: &'a dyn Reader,
    authorizer: &'a dyn Authorizer,
}

impl Asked<'_> {
    fn no(&self, message: impl AsRef<str>) -> Result<(), Status> {
        Err(refuse(self.attributes, self.object, message.as_ref()))
    }

    /// The object's name: a creation has it in the object only.
    fn name(&self) -> &str {
        match self.attributes.info.name.as_str() {
            "" => meta::name(self.object),
            name => name,
        }
    }

    fn unexpected(&self) -> Result<(), Status> {
        self.no(format!("unexpected operation {:?}", verb(self.attributes.operation)))
    }
}

/// As upstream names operations.
fn verb(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "CREATE",
        Operation::Update => "UPDATE",
        Operation::Delete => "DELETE",
        Operation::Connect => "CONNECT",
    }
}

impl NodeRestriction {
    pub fn new(reader: Arc<dyn Reader>, authorizer: Arc<dyn Authorizer>) -> Self {
        Self { reader, authorizer }
    }

    fn check(&self, attributes: &Attributes<'_>, object: &Value) -> Result<(), Status> {
        let Some(node) = node_name(attributes.user) else { return Ok(()) };
        let asked = Asked { node, attributes, object, reader: &*self.reader, authorizer: &*self.authorizer };
        if node.is_empty() {
            return asked.no(format!("could not determine node from user {:?}", attributes.user.name));
        }
        // It is for creations, updates and deletions; what connects is the authoriser's alone.
        if attributes.operation == Operation::Connect {
            return Ok(());
        }
        let subresource = attributes.info.subresource.as_str();
        match (attributes.resource.group.as_ref(), attributes.resource.plural.as_ref()) {
            ("", "pods") => pods::check(&asked, subresource),
            ("", "nodes") => own_node(&asked),
            ("", "persistentvolumeclaims") => claim(&asked, subresource),
            ("", "serviceaccounts") if subresource == "token" => requests::token(&asked),
            ("coordination.k8s.io", "leases") => lease(&asked),
            ("storage.k8s.io", "csinodes") => csi_node(&asked, subresource),
            ("resource.k8s.io", "resourceslices") => resource_slice(&asked),
            ("certificates.k8s.io", "certificatesigningrequests") => requests::certificate(&asked),
            ("certificates.k8s.io", "podcertificaterequests") => requests::pod_certificate(&asked, subresource),
            _ => Ok(()),
        }
    }
}

fn own_node(asked: &Asked<'_>) -> Result<(), Status> {
    let (node, object) = (asked.node, asked.object);
    if asked.name() != node {
        return asked.no(format!("node {node:?} is not allowed to modify node {:?}", asked.name()));
    }
    let source = &object["spec"]["configSource"];
    match (asked.attributes.operation, asked.attributes.old) {
        (Operation::Create, _) => {
            if !source.is_null() {
                return asked.no(format!("node {node:?} is not allowed to create pods with a non-nil configSource"));
            }
            match labels::forbidden(object, None) {
                None => Ok(()),
                Some(labels) => asked.no(format!("node {node:?} is not allowed to set the following labels: {labels}")),
            }
        }
        (Operation::Update, Some(old)) => {
            if !source.is_null() && *source != old["spec"]["configSource"] {
                let message = "is not allowed to update configSource to a new non-nil configSource";
                return asked.no(format!("node {node:?} {message}"));
            }
            for (what, path) in [("taints", "/spec/taints"), ("ownerReferences", "/metadata/ownerReferences")] {
                if list(old, path) != list(object, path) {
                    return asked.no(format!("node {node:?} is not allowed to modify {what}"));
                }
            }
            match labels::forbidden(object, Some(old)) {
                None => Ok(()),
                Some(labels) => asked.no(format!("is not allowed to modify labels: {labels}")),
            }
        }
        _ => Ok(()),
    }
}

/// The parts of a claim's status that a kubelet writes when a volume grew.
const CLAIM_STATUS: [&str; 4] = ["capacity", "conditions", "allocatedResourceStatuses", "allocatedResources"];

fn claim(asked: &Asked<'_>, subresource: &str) -> Result<(), Status> {
    if subresource != "status" {
        return asked.no("may only update PVC status");
    }
    let Some(old) = asked.attributes.old.filter(|_| asked.attributes.operation == Operation::Update) else {
        return asked.unexpected();
    };
    let (before, after) = (without_own(old), without_own(asked.object));
    if before == after {
        return Ok(());
    }
    asked.no(format!(
        "node {:?} is not allowed to update fields other than status.quantity and status.conditions: {}",
        asked.node,
        api::validation::unified_diff(&before, &after)
    ))
}

/// A claim without what a node may change, and without what the server keeps about it.
fn without_own(claim: &Value) -> Value {
    let mut rest = claim.clone();
    let mut remove = |parent: &str, fields: &[&str]| {
        if let Some(map) = rest.get_mut(parent).and_then(Value::as_object_mut) {
            fields.iter().for_each(|field| drop(map.remove(*field)));
        }
    };
    remove("metadata", &["resourceVersion", "managedFields"]);
    remove("status", &CLAIM_STATUS);
    if let Some(map) = rest.as_object_mut()
        && map.get("status").and_then(Value::as_object).is_some_and(Map::is_empty)
    {
        map.remove("status");
    }
    rest
}

fn lease(asked: &Asked<'_>) -> Result<(), Status> {
    let space = "kube-node-lease";
    if asked.attributes.info.namespace != space {
        return asked.no(format!("can only access leases in the {space:?} system namespace"));
    }
    if asked.name() != asked.node {
        return asked.no("can only access node lease with the same name as the requesting node");
    }
    Ok(())
}

fn csi_node(asked: &Asked<'_>, subresource: &str) -> Result<(), Status> {
    if asked.name() != asked.node {
        return asked.no("can only access CSINode with the same name as the requesting node");
    }
    if subresource == "status" {
        return asked.no("CSIVolumeHealth feature gate is disabled");
    }
    Ok(())
}

/// A creation and each deletion: the authoriser sees no object.
fn resource_slice(asked: &Asked<'_>) -> Result<(), Status> {
    let own = |slice: &Value| text(slice, "/spec/nodeName") == asked.node;
    match (asked.attributes.operation, asked.attributes.old) {
        (Operation::Create, _) if !own(asked.object) => {
            asked.no("can only create ResourceSlice with the same NodeName as the requesting node")
        }
        (Operation::Delete, Some(old)) if !own(old) => {
            asked.no("can only delete ResourceSlice with the same NodeName as the requesting node")
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
