//! Objects that let machines join: rights as kubeadm gives them, `cluster-info`, and what nodes are told.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{ClusterFacts, MAP, MAP_NAMESPACE};

/// The group of tokens that make nodes.
pub const BOOTSTRAP_GROUP: &str = "system:bootstrappers:kubeadm:default-node-token";
const NODES: &str = "system:nodes";
const RBAC: &str = "rbac.authorization.k8s.io";
const API: &str = "rbac.authorization.k8s.io/v1";

fn group(name: &str) -> Value {
    json!({"kind": "Group", "apiGroup": RBAC, "name": name})
}

fn role(namespace: &str, name: &str, rules: Value) -> Value {
    let mut role = json!({"apiVersion": API, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules});
    if !namespace.is_empty() {
        role["kind"] = "Role".into();
        role["metadata"]["namespace"] = namespace.into();
    }
    role
}

/// A binding of the whole cluster, or in a namespace to a role there.
fn binding(namespace: &str, name: &str, role: &str, subject: &Value) -> Value {
    let mut binding = json!({"apiVersion": API, "kind": "ClusterRoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}, "subjects": [subject]});
    if !namespace.is_empty() {
        binding["kind"] = "RoleBinding".into();
        binding["metadata"]["namespace"] = namespace.into();
        binding["roleRef"]["kind"] = "Role".into();
    }
    binding
}

/// `https://address:port`.
fn url(address: IpAddr, port: u16) -> String {
    match address {
        IpAddr::V4(ip) => format!("https://{ip}:{port}"),
        IpAddr::V6(ip) => format!("https://[{ip}]:{port}"),
    }
}

/// A kubeconfig that says where the cluster is and how to know it, and nothing about who asks.
fn kubeconfig(server: &str, ca: &str) -> String {
    format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {}\n    server: {server}\n  name: \"\"\ncontexts: null\ncurrent-context: \"\"\nkind: Config\npreferences: {{}}\nusers: null\n",
        STANDARD.encode(ca)
    )
}

/// All of them, for a server at this address with this authority.
pub fn objects(address: IpAddr, port: u16, ca: &str, facts: &ClusterFacts) -> Vec<Value> {
    const CSR: &str = "system:certificates.k8s.io:certificatesigningrequests";
    let joining = group(BOOTSTRAP_GROUP);
    let nodes = group(NODES);
    let anonymous = json!({"kind": "User", "apiGroup": RBAC, "name": "system:anonymous"});
    let approver = json!({"kind": "ServiceAccount", "name": "certificate-controller", "namespace": "kube-system"});
    let read = |resource: &str, name: &str| json!([{"apiGroups": [""], "resources": [resource], "resourceNames": [name], "verbs": ["get"]}]);
    vec![
        binding("", "kubeadm:kubelet-bootstrap", "system:node-bootstrapper", &joining),
        binding("", "kubeadm:node-autoapprove-bootstrap", &format!("{CSR}:nodeclient"), &joining),
        binding("", "kubeadm:node-autoapprove-certificate-rotation", &format!("{CSR}:selfnodeclient"), &nodes),
        role("", "kubeadm:get-nodes", json!([{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}])),
        binding("", "kubeadm:get-nodes", "kubeadm:get-nodes", &joining),
        role("kube-public", "kubeadm:bootstrap-signer-clusterinfo", read("configmaps", "cluster-info")),
        binding(
            "kube-public",
            "kubeadm:bootstrap-signer-clusterinfo",
            "kubeadm:bootstrap-signer-clusterinfo",
            &anonymous,
        ),
        // kubeadm leaves serving certificates to people; here they are looked at by the approver.
        binding(
            "",
            "podium:kubelet-serving-approver",
            "system:certificates.k8s.io:kubelet-serving-approver",
            &approver,
        ),
        // Service rules and DNS are part of every node here, and read under its name.
        binding("", "podium:node-proxier", "system:node-proxier", &nodes),
        role(
            "",
            "podium:node-dns",
            json!([{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list", "watch"]}]),
        ),
        binding("", "podium:node-dns", "podium:node-dns", &nodes),
        role(MAP_NAMESPACE, "podium:node-config", read("configmaps", MAP)),
        binding(MAP_NAMESPACE, "podium:node-config", "podium:node-config", &nodes),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cluster-info", "namespace": "kube-public"},
            "data": {"kubeconfig": kubeconfig(&url(address, port), ca)}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": MAP, "namespace": MAP_NAMESPACE}, "data": facts.data()}),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_info_is_a_kubeconfig() {
        let text = kubeconfig(&url(IpAddr::from([10, 0, 0, 1]), 6443), "PEM");
        let value: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(value["clusters"][0]["cluster"]["server"], "https://10.0.0.1:6443");
        assert_eq!(value["clusters"][0]["cluster"]["certificate-authority-data"], STANDARD.encode("PEM"));
    }
}
