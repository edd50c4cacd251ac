use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::*;

/// A reader over a map.
#[derive(Default)]
pub struct Objects {
    objects: Mutex<BTreeMap<(String, String, String, String), Bytes>>,
    generation: AtomicU64,
}

impl Objects {
    pub fn put(&self, group: &str, resource: &str, object: Value) {
        let text = |p: &str| object.pointer(p).and_then(Value::as_str).unwrap_or_default().to_owned();
        self.objects.lock().insert(
            (group.into(), resource.into(), text("/metadata/namespace"), text("/metadata/name")),
            Bytes::from(object.to_string()),
        );
        self.generation.fetch_add(1, Ordering::Relaxed);
    }
}

impl Reader for Objects {
    fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Bytes> {
        self.objects
            .lock()
            .get(&(group.to_owned(), resource.to_owned(), namespace.to_owned(), name.to_owned()))
            .cloned()
    }
    fn list(&self, group: &str, resource: &str, namespace: &str) -> Vec<Bytes> {
        self.objects
            .lock()
            .iter()
            .filter(|(k, _)| k.0 == group && k.1 == resource && (namespace.is_empty() || k.2 == namespace))
            .map(|(_, v)| v.clone())
            .collect()
    }
    fn generation(&self, _group: &str, _resource: &str) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    fn changed<'a>(&'a self, _: &'a str, _: &'a str, _: u64) -> crate::contract::Job<'a, ()> {
        Box::pin(std::future::pending())
    }
}

fn user(name: &str, groups: &[&str]) -> User {
    User { name: name.into(), groups: groups.iter().map(ToString::to_string).collect(), ..User::default() }
}

fn request(verb: &'static str, group: &str, resource: &str, namespace: &str, name: &str) -> RequestInfo {
    RequestInfo {
        verb,
        is_resource: true,
        group: group.into(),
        version: "v1".into(),
        resource: resource.into(),
        namespace: namespace.into(),
        name: name.into(),
        ..RequestInfo::default()
    }
}

const RBAC: &str = "rbac.authorization.k8s.io";

fn rbac_objects() -> Arc<Objects> {
    let objects = Arc::new(Objects::default());
    objects.put(RBAC, "clusterroles", json!({"metadata": {"name": "view"}, "rules": [{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "pods/log"]}]}));
    objects.put(RBAC, "rolebindings", json!({"metadata": {"name": "b", "namespace": "n"}, "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "n"}], "roleRef": {"kind": "ClusterRole", "name": "view"}}));
    objects.put(RBAC, "clusterrolebindings", json!({"metadata": {"name": "c"}, "subjects": [{"kind": "Group", "name": "readers"}, {"kind": "User", "name": "lost"}], "roleRef": {"kind": "ClusterRole", "name": "view"}}));
    objects.put(RBAC, "clusterrolebindings", json!({"metadata": {"name": "d"}, "subjects": [{"kind": "User", "name": "dangling"}], "roleRef": {"kind": "ClusterRole", "name": "gone"}}));
    objects
}

#[test]
fn rbac_decides_by_binding_and_scope() {
    let objects = rbac_objects();
    let authz = Authz::new(objects.clone());
    let account = user("system:serviceaccount:n:default", &["system:serviceaccounts"]);
    let no = Decision::NoOpinion(String::new());
    let cases = [
        (&account, request("list", "", "pods", "n", ""), Decision::Allow),
        (&account, request("list", "", "pods", "other", ""), no.clone()),
        (&account, request("list", "", "pods", "", ""), no.clone()),
        (&account, request("delete", "", "pods", "n", "x"), no.clone()),
        (&user("a", &["readers"]), request("list", "", "pods", "", ""), Decision::Allow),
        (&user("root", &["system:masters"]), request("delete", "x", "y", "z", ""), Decision::Allow),
        (
            &user("dangling", &[]),
            request("get", "", "pods", "", "p"),
            Decision::NoOpinion("RBAC: clusterrole.rbac.authorization.k8s.io \"gone\" not found".into()),
        ),
    ];
    for (user, request, expected) in cases {
        assert_eq!(authz.authorize(user, &request), expected, "{user:?} {request:?}");
    }
    objects.put(RBAC, "rolebindings", json!({"metadata": {"name": "b", "namespace": "n"}, "subjects": [], "roleRef": {"kind": "ClusterRole", "name": "view"}}));
    assert_eq!(authz.authorize(&account, &request("list", "", "pods", "n", "")), no, "a change is seen at once");
}

#[test]
fn refusals_have_kubernetes_words() {
    let message = |r: &RequestInfo| forbidden(&user("x", &[]), r, "").message;
    assert_eq!(
        message(&request("list", "", "pods", "y", "")),
        "pods is forbidden: User \"x\" cannot list resource \"pods\" in API group \"\" in the namespace \"y\""
    );
    assert_eq!(
        message(&request("get", "apps", "deployments", "", "d")),
        "deployments.apps \"d\" is forbidden: User \"x\" cannot get resource \"deployments\" in API group \"apps\" at the cluster scope"
    );
    assert_eq!(
        message(&RequestInfo { verb: "get", path: "/metrics".into(), ..RequestInfo::default() }),
        "forbidden: User \"x\" cannot get path \"/metrics\""
    );
}

#[test]
fn nodes_see_what_their_pods_need() {
    let objects = Arc::new(Objects::default());
    objects.put("", "pods", json!({"metadata": {"name": "p", "namespace": "n"}, "spec": {"nodeName": "one", "serviceAccountName": "sa", "volumes": [
        {"name": "v", "projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}}, {"name": "s", "secret": {"secretName": "sec"}}, {"name": "c", "persistentVolumeClaim": {"claimName": "claim"}}],
        "containers": [{"name": "c", "envFrom": [{"configMapRef": {"name": "env"}}]}], "imagePullSecrets": [{"name": "pull"}]}}));
    objects.put(
        "",
        "persistentvolumes",
        json!({"metadata": {"name": "pv"}, "spec": {"claimRef": {"namespace": "n", "name": "claim"}}}),
    );
    let authz = Authz::new(objects);
    let one = user("system:node:one", &["system:nodes"]);
    let two = user("system:node:two", &["system:nodes"]);
    let allowed = [
        request("get", "", "pods", "n", "p"),
        request("get", "", "configmaps", "n", "kube-root-ca.crt"),
        request("watch", "", "configmaps", "n", "env"),
        request("get", "", "secrets", "n", "sec"),
        request("get", "", "secrets", "n", "pull"),
        request("get", "", "persistentvolumeclaims", "n", "claim"),
        request("get", "", "persistentvolumes", "", "pv"),
        RequestInfo { subresource: "token".into(), ..request("create", "", "serviceaccounts", "n", "sa") },
    ];
    for request in &allowed {
        assert_eq!(authz.authorize(&one, request), Decision::Allow, "{request:?}");
        assert_eq!(
            authz.authorize(&two, request),
            Decision::NoOpinion("no relationship found between node 'two' and this object".into()),
            "{request:?}"
        );
    }
    let selecting = |field: &str| RequestInfo { field_selector: field.into(), ..request("list", "", "pods", "", "") };
    assert_eq!(authz.authorize(&one, &selecting("spec.nodeName=one")), Decision::Allow);
    assert_ne!(authz.authorize(&one, &selecting("spec.nodeName=two")), Decision::Allow);
    assert_ne!(authz.authorize(&one, &request("list", "", "secrets", "n", "")), Decision::Allow);
    assert_eq!(
        authz.authorize(&one, &request("patch", "coordination.k8s.io", "leases", "kube-node-lease", "one")),
        Decision::Allow
    );
    assert_ne!(
        authz.authorize(&one, &request("patch", "coordination.k8s.io", "leases", "kube-node-lease", "two")),
        Decision::Allow
    );
}

#[test]
fn nodes_read_trust_bundles_and_their_own_certificate_requests() {
    let objects = Arc::new(Objects::default());
    let (group, requests) = ("certificates.k8s.io", "podcertificaterequests");
    objects.put(
        group,
        requests,
        json!({"metadata": {"name": "req-a", "namespace": "n"}, "spec": {"nodeName": "one", "podName": "p"}}),
    );
    let authz = Authz::new(objects);
    let (one, two) = (user("system:node:one", &["system:nodes"]), user("system:node:two", &["system:nodes"]));
    for verb in ["get", "list", "watch"] {
        let bundles = request(verb, group, "clustertrustbundles", "", if verb == "get" { "roots" } else { "" });
        assert_eq!(authz.authorize(&one, &bundles), Decision::Allow, "{verb}");
    }
    assert_ne!(authz.authorize(&one, &request("create", group, "clustertrustbundles", "", "")), Decision::Allow);
    let selecting =
        |verb, field: &str| RequestInfo { field_selector: field.into(), ..request(verb, group, requests, "", "") };
    let no = |text: &str| Decision::NoOpinion(text.into());
    let unselected = no("can only list/watch podcertificaterequests with nodeName field selector");
    for (user, request, expected) in [
        (&one, request("create", group, requests, "n", ""), Decision::Allow),
        (&one, request("get", group, requests, "n", "req-a"), Decision::Allow),
        (
            &two,
            request("get", group, requests, "n", "req-a"),
            no("no relationship found between node 'two' and this object"),
        ),
        (&one, selecting("list", "spec.nodeName=one"), Decision::Allow),
        (&one, selecting("watch", "spec.nodeName=one"), Decision::Allow),
        (&one, selecting("watch", "spec.nodeName=two"), unselected.clone()),
        (&one, selecting("list", ""), unselected),
        (
            &one,
            selecting("deletecollection", "spec.nodeName=one"),
            no("nodes may not deletecollection podcertificaterequests"),
        ),
        (&one, request("delete", group, requests, "n", "req-a"), no("nodes may not delete podcertificaterequests")),
        (
            &one,
            RequestInfo { subresource: "status".into(), ..request("update", group, requests, "n", "req-a") },
            no("nodes may not access the status subresource of PodCertificateRequests"),
        ),
    ] {
        assert_eq!(authz.authorize(user, &request), expected, "{request:?}");
    }
}
