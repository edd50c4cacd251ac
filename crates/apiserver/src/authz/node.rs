//! What a node may do: read its own Node, the pods bound to it and what these refer to, and write their states.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use serde_json::Value;

use super::rule::Rule;
use crate::contract::{Decision, Reader, RequestInfo, User};

/// The node that a user is, if it is one: `Some("")` for a member of `system:nodes` without a node's name.
#[must_use]
pub fn node_name(user: &User) -> Option<&str> {
    let name = user.name.strip_prefix("system:node:")?;
    user.groups.iter().any(|g| g == "system:nodes").then_some(name)
}

/// The node authorizer.
pub struct NodeAuthorizer {
    reader: Arc<dyn Reader>,
    rules: Vec<Rule>,
    /// Which pod last showed that a node needs an object: asked first, so that the pods of a namespace are seldom all looked at.
    hints: Mutex<HashMap<String, String>>,
}

/// Fields below which a pod names secrets.
const SECRET_KEYS: [&str; 4] = ["secretKeyRef", "secretRef", "secret", "imagePullSecrets"];
/// Fields below which a pod names config maps.
const CONFIG_MAP_KEYS: [&str; 3] = ["configMapKeyRef", "configMapRef", "configMap"];

/// So many hints are kept.
const HINTS: usize = 8192;

fn no(reason: impl Into<String>) -> Decision {
    Decision::NoOpinion(reason.into())
}

fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

impl NodeAuthorizer {
    /// `rules` are those of the cluster role `system:node`: they apply to resources that are not looked at one by one.
    #[must_use]
    pub fn new(reader: Arc<dyn Reader>, rules: Vec<Rule>) -> Self {
        Self { reader, rules, hints: Mutex::default() }
    }

    /// The decision.
    #[must_use]
    pub fn authorize(&self, user: &User, request: &RequestInfo) -> Decision {
        let Some(node) = node_name(user) else { return no("") };
        if node.is_empty() {
            return no(format!("unknown node for user {:?}", user.name));
        }
        if request.is_resource {
            match (request.group.as_str(), request.resource.as_str()) {
                ("", "secrets" | "configmaps") => return self.read(node, request),
                ("", "persistentvolumeclaims") if request.subresource == "status" => {
                    return if matches!(request.verb, "update" | "patch") {
                        self.related(node, request)
                    } else {
                        no("can only get/update/patch this type")
                    };
                }
                ("", "persistentvolumeclaims" | "persistentvolumes")
                | ("resource.k8s.io", "resourceclaims")
                | ("storage.k8s.io", "volumeattachments") => return self.get(node, request),
                ("", "serviceaccounts") => return self.service_account(node, request),
                ("coordination.k8s.io", "leases") => return lease(node, request),
                ("storage.k8s.io", "csinodes") => return csi_node(node, request),
                ("", "nodes") => return own_node(node, request),
                ("", "pods") => return self.pod(node, request),
                ("resource.k8s.io", "resourceslices") => return resource_slice(node, request),
                ("certificates.k8s.io", "podcertificaterequests") => return self.certificate_request(node, request),
                _ => {}
            }
        }
        if self.rules.iter().any(|r| r.allows(request)) { Decision::Allow } else { no("") }
    }

    fn get(&self, node: &str, request: &RequestInfo) -> Decision {
        if request.verb != "get" {
            return no("can only get individual resources of this type");
        }
        if !request.subresource.is_empty() {
            return no("cannot get subresource");
        }
        self.related(node, request)
    }

    fn read(&self, node: &str, request: &RequestInfo) -> Decision {
        if !matches!(request.verb, "get" | "list" | "watch") {
            return no("can only read resources of this type");
        }
        if !request.subresource.is_empty() {
            return no("cannot read subresource");
        }
        if request.namespace.is_empty() {
            return no("can only read namespaced object of this type");
        }
        self.related(node, request)
    }

    fn service_account(&self, node: &str, request: &RequestInfo) -> Decision {
        if request.verb == "get" && request.subresource.is_empty() {
            return self.read(node, request);
        }
        if request.verb != "create" || request.name.is_empty() {
            return no("can only create tokens for individual service accounts");
        }
        if request.subresource != "token" {
            return no("can only create token subresource of serviceaccount");
        }
        self.related(node, request)
    }

    fn certificate_request(&self, node: &str, request: &RequestInfo) -> Decision {
        if !request.subresource.is_empty() {
            return no("nodes may not access the status subresource of PodCertificateRequests");
        }
        match request.verb {
            "create" => Decision::Allow,
            "get" => self.related(node, request),
            "list" | "watch" if selects_node(request, "spec.nodeName", node) => Decision::Allow,
            "list" | "watch" => no("can only list/watch podcertificaterequests with nodeName field selector"),
            verb => no(format!("nodes may not {verb} podcertificaterequests")),
        }
    }

    fn pod(&self, node: &str, request: &RequestInfo) -> Decision {
        match (request.subresource.as_str(), request.verb) {
            ("", "get") => self.get(node, request),
            ("", "list" | "watch") => {
                if selects_node(request, "spec.nodeName", node) {
                    Decision::Allow
                } else if request.name.is_empty() {
                    no("can only list/watch pods with spec.nodeName field selector")
                } else {
                    self.related(node, request)
                }
            }
            // Which pods is the admission plugin's question.
            ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => Decision::Allow,
            _ => no(""),
        }
    }

    fn related(&self, node: &str, request: &RequestInfo) -> Decision {
        if request.name.is_empty() {
            return no("No Object name found");
        }
        if self.is_related(node, request) {
            Decision::Allow
        } else {
            no(format!("no relationship found between node '{node}' and this object"))
        }
    }

    fn is_related(&self, node: &str, request: &RequestInfo) -> bool {
        let (group, resource) = (request.group.as_str(), request.resource.as_str());
        let (namespace, name) = (request.namespace.as_str(), request.name.as_str());
        let bound = |namespace: &str| {
            self.object(group, resource, namespace, name).is_some_and(|o| text(&o, "/spec/nodeName") == node)
        };
        let what = || format!("{node} {namespace} {resource} {name}");
        match (group, resource) {
            ("", "pods") | ("certificates.k8s.io", "podcertificaterequests") => bound(namespace),
            ("storage.k8s.io", "volumeattachments") => bound(""),
            ("", "persistentvolumes") => self
                .claim_of_volume(name)
                .is_some_and(|(ns, claim)| self.hinted(what(), node, &ns, |pod| uses_claim(pod, &claim))),
            ("", "persistentvolumeclaims") => self.hinted(what(), node, namespace, |pod| uses_claim(pod, name)),
            ("", "serviceaccounts") => {
                self.hinted(what(), node, namespace, |pod| text(pod, "/spec/serviceAccountName") == name)
            }
            ("", "secrets") => {
                self.hinted(what(), node, namespace, |pod| refers(pod, &SECRET_KEYS, name))
                    || self.volume_secret(node, namespace, name)
            }
            ("", "configmaps") => self.hinted(what(), node, namespace, |pod| refers(pod, &CONFIG_MAP_KEYS, name)),
            ("resource.k8s.io", "resourceclaims") => {
                self.hinted(what(), node, namespace, |pod| uses_resource_claim(pod, name))
            }
            _ => false,
        }
    }

    fn claim_of_volume(&self, name: &str) -> Option<(String, String)> {
        let volume: Value = serde_json::from_slice(&self.reader.get("", "persistentvolumes", "", name)?).ok()?;
        Some((text(&volume, "/spec/claimRef/namespace").to_owned(), text(&volume, "/spec/claimRef/name").to_owned()))
            .filter(|c| !c.1.is_empty())
    }

    /// A secret that a persistent volume names, where a pod of the node uses the volume's claim.
    fn volume_secret(&self, node: &str, namespace: &str, name: &str) -> bool {
        self.reader
            .list("", "persistentvolumes", "")
            .iter()
            .filter(|b| mentions(b, name))
            .filter_map(|b| serde_json::from_slice::<Value>(b).ok())
            .any(|volume| {
                let (claim_namespace, claim) =
                    (text(&volume, "/spec/claimRef/namespace"), text(&volume, "/spec/claimRef/name"));
                names_secret(&volume["spec"], claim_namespace, namespace, name)
                    && self.some_pod(node, claim_namespace, |pod| uses_claim(pod, claim)).is_some()
            })
    }

    /// Some pod of the namespace is bound to the node and satisfies `test`. Pods whose text does not mention the node are not even parsed.
    /// Some pod of the namespace is bound to the node and satisfies `test`. Pods whose text does not mention the node are not even parsed.
    fn some_pod(&self, node: &str, namespace: &str, test: impl Fn(&Value) -> bool) -> Option<String> {
        let pods = self.reader.list("", "pods", namespace);
        let mut near = pods
            .iter()
            .filter(|bytes| mentions(bytes, node))
            .filter_map(|bytes| serde_json::from_slice::<Value>(bytes).ok());
        near.find(|pod| text(pod, "/spec/nodeName") == node && test(pod))
            .map(|pod| text(&pod, "/metadata/name").to_owned())
    }

    /// The same with a hint for the next time, under a name for what is asked.
    fn hinted(&self, what: String, node: &str, namespace: &str, test: impl Fn(&Value) -> bool) -> bool {
        let hint = self.hints.lock().get(&what).cloned();
        let still = hint
            .and_then(|name| self.object("", "pods", namespace, &name))
            .is_some_and(|pod| text(&pod, "/spec/nodeName") == node && test(&pod));
        if still {
            return true;
        }
        let Some(found) = self.some_pod(node, namespace, test) else { return false };
        let mut hints = self.hints.lock();
        if hints.len() >= HINTS {
            hints.clear();
        }
        hints.insert(what, found);
        true
    }

    fn object(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        serde_json::from_slice(&self.reader.get(group, resource, namespace, name)?).ok()
    }
}

fn mentions(bytes: &[u8], name: &str) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.contains(name))
}

fn uses_claim(pod: &Value, claim: &str) -> bool {
    let pod_name = text(pod, "/metadata/name");
    pod["spec"]["volumes"].as_array().into_iter().flatten().any(|v| {
        text(v, "/persistentVolumeClaim/claimName") == claim
            || (!v["ephemeral"].is_null() && format!("{pod_name}-{}", text(v, "/name")) == claim)
    })
}

fn uses_resource_claim(pod: &Value, claim: &str) -> bool {
    pod["spec"]["resourceClaims"].as_array().into_iter().flatten().any(|c| text(c, "/resourceClaimName") == claim)
        || pod["status"]["resourceClaimStatuses"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|c| text(c, "/resourceClaimName") == claim)
}

/// Somewhere in the pod's spec one of these keys names the object.
fn refers(pod: &Value, keys: &[&str], name: &str) -> bool {
    fn named(value: &Value, name: &str) -> bool {
        match value {
            Value::Array(items) => items.iter().any(|i| named(i, name)),
            _ => value["name"] == name || value["secretName"] == name,
        }
    }
    fn walk(value: &Value, keys: &[&str], name: &str) -> bool {
        match value {
            Value::Object(fields) => fields.iter().any(|(key, inner)| {
                let direct = keys.contains(&key.as_str()) && named(inner, name);
                // Volume drivers have their secrets under names of their own.
                let driver = keys.contains(&"secretRef")
                    && (key == "nodePublishSecretRef" && named(inner, name)
                        || key == "azureFile" && named(inner, name));
                direct || driver || walk(inner, keys, name)
            }),
            Value::Array(items) => items.iter().any(|i| walk(i, keys, name)),
            _ => false,
        }
    }
    walk(&pod["spec"], keys, name)
}

/// A secret reference anywhere in a volume's spec; without a namespace it means the claim's.
fn names_secret(value: &Value, claim_namespace: &str, namespace: &str, name: &str) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, inner)| {
            let is_reference = key.ends_with("SecretRef") || key == "secretRef";
            let within = if text(inner, "/namespace").is_empty() { claim_namespace } else { text(inner, "/namespace") };
            (is_reference && inner["name"] == name && within == namespace)
                || names_secret(inner, claim_namespace, namespace, name)
        }),
        Value::Array(items) => items.iter().any(|i| names_secret(i, claim_namespace, namespace, name)),
        _ => false,
    }
}

/// The request's field selector demands that `field` equals the node's name.
fn selects_node(request: &RequestInfo, field: &str, node: &str) -> bool {
    request.field_selector.split(',').any(|part| {
        let (key, value) = part.split_once('=').unwrap_or_default();
        !key.ends_with('!') && key.trim() == field && value.trim_start_matches('=').trim() == node
    })
}

fn resource_slice(node: &str, request: &RequestInfo) -> Decision {
    match request.verb {
        "create" | "get" | "update" | "patch" | "delete" => Decision::Allow,
        "list" | "watch" | "deletecollection" if selects_node(request, "spec.nodeName", node) => Decision::Allow,
        _ => no("can only list/watch/deletecollection resourceslices with nodeName field selector"),
    }
}

fn lease(node: &str, request: &RequestInfo) -> Decision {
    if !matches!(request.verb, "get" | "create" | "update" | "patch" | "delete") {
        return no("can only get, create, update, patch, or delete a node lease");
    }
    if request.namespace != "kube-node-lease" {
        return no("can only access leases in the \"kube-node-lease\" system namespace");
    }
    // The name of a new object is not known here; the admission plugin looks at it.
    if request.verb != "create" && request.name != node {
        return no("can only access node lease with the same name as the requesting node");
    }
    Decision::Allow
}

fn csi_node(node: &str, request: &RequestInfo) -> Decision {
    if !request.subresource.is_empty() {
        return no("cannot authorize CSINode subresources");
    }
    if !matches!(request.verb, "get" | "create" | "update" | "patch" | "delete") {
        return no("can only get, create, update, patch, or delete a CSINode");
    }
    if request.verb != "create" && request.name != node {
        return no("can only access CSINode with the same name as the requesting node");
    }
    Decision::Allow
}

fn own_node(node: &str, request: &RequestInfo) -> Decision {
    match (request.subresource.as_str(), request.verb) {
        ("", "create" | "update" | "patch") | ("status", "update" | "patch") => Decision::Allow,
        ("", "get" | "list" | "watch") if request.name == node => Decision::Allow,
        ("", "get" | "list" | "watch") if request.name.is_empty() => {
            no(format!("node '{node}' cannot read all nodes, only its own Node object"))
        }
        ("", "get" | "list" | "watch") => {
            no(format!("node '{node}' cannot read '{}', only its own Node object", request.name))
        }
        _ => no(""),
    }
}
