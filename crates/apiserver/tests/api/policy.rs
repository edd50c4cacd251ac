//! Default objects, identities, rights, and what is answered instead of stored.

use std::sync::Arc;

use crate::common::{Cluster, name, signing_key};
use apiserver::contract::User;
use serde_json::{Value, json};
use storage::Store;

fn account(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
}

fn pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
}

const PODS: &str = "/api/v1/namespaces/t/pods";

/// A cluster whose namespace has its default account.
async fn cluster() -> Cluster {
    let cluster = Cluster::start().await;
    cluster.call("POST", "/api/v1/namespaces/t/serviceaccounts", Some(account("default"))).await.is(201);
    cluster
}

fn as_user(cluster: &Cluster, name: &str, groups: &[&str]) -> Cluster {
    let groups = groups.iter().map(ToString::to_string).chain(["system:authenticated".to_owned()]).collect();
    Cluster {
        server: cluster.server.clone(),
        store: cluster.store.clone(),
        user: Arc::new(User { name: name.into(), groups, ..User::default() }),
    }
}

#[tokio::test]
async fn a_fresh_server_has_what_kubernetes_has() {
    let cluster = Cluster::start().await;
    let count = |path: &'static str| async {
        cluster.call("GET", path, None).await.is(200)["items"].as_array().expect("items").len()
    };
    assert_eq!(count("/api/v1/namespaces").await, 5);
    assert_eq!(count("/apis/rbac.authorization.k8s.io/v1/clusterroles").await, 73);
    assert_eq!(count("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings").await, 54);
    assert_eq!(count("/apis/scheduling.k8s.io/v1/priorityclasses").await, 2);
    let service = cluster.call("GET", "/api/v1/namespaces/default/services/kubernetes", None).await.is(200);
    assert_eq!(
        (&service["spec"]["clusterIP"], &service["spec"]["ports"][0]["targetPort"]),
        (&json!("10.96.0.1"), &json!(6443))
    );
    let own = cluster.call("GET", "/apis/apiregistration.k8s.io/v1/apiservices/v1.", None).await.is(200);
    assert_eq!(
        (&own["status"]["conditions"][0]["reason"], &own["spec"]["groupPriorityMinimum"]),
        (&json!("Local"), &json!(18000))
    );
    let before = cluster.store.revision();
    let again = Cluster::over(cluster.store.clone()).await;
    assert_eq!(again.store.revision(), before, "a second start changes nothing");
}

#[tokio::test]
async fn tokens_live_as_long_as_what_they_are_bound_to() {
    let cluster = cluster().await;
    let made = cluster.call("POST", PODS, Some(pod("p"))).await.is(201);
    let ask = |audience: Vec<&str>| json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": audience, "expirationSeconds": 3607, "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": made["metadata"]["uid"]}}});
    let path = "/api/v1/namespaces/t/serviceaccounts/default/token";
    let token = cluster.call("POST", path, Some(ask(vec![]))).await.is(201)["status"]["token"].clone();
    let review = |token: &Value| json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}});
    let reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
    let seen = cluster.call("POST", reviews, Some(review(&token))).await.is(201);
    assert_eq!(
        (&seen["status"]["authenticated"], &seen["status"]["user"]["username"]),
        (&json!(true), &json!("system:serviceaccount:t:default"))
    );
    assert_eq!(seen["status"]["user"]["extra"]["authentication.kubernetes.io/pod-name"], json!(["p"]));
    let other = cluster.call("POST", path, Some(ask(vec!["me"]))).await.is(201)["status"]["token"].clone();
    assert_ne!(
        cluster.call("POST", reviews, Some(review(&other))).await.is(201)["status"]["authenticated"],
        json!(true),
        "for another audience"
    );
    cluster.call("DELETE", &format!("{PODS}/p"), None).await.is(200);
    let gone = cluster.call("POST", reviews, Some(review(&token))).await.is(201);
    assert_eq!(gone["status"]["error"], "[invalid bearer token, service account token has been invalidated]");
    let short =
        json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 10}});
    let refused = cluster.call("POST", path, Some(short)).await;
    assert_eq!(
        (refused.code, refused.message().as_str()),
        (
            422,
            "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes"
        )
    );
}

#[tokio::test]
async fn rights_come_from_bindings() {
    let cluster = cluster().await;
    let jane = as_user(&cluster, "jane", &[]);
    let refused = jane.call("GET", PODS, None).await;
    assert_eq!(
        (refused.code, refused.message().as_str()),
        (
            403,
            "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"t\""
        )
    );
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "b"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:aggregate-to-view"}, "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "jane"}]});
    let bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/t/rolebindings";
    assert_eq!(jane.call("POST", bindings, Some(binding.clone())).await.code, 403);
    cluster.call("POST", bindings, Some(binding)).await.is(201);
    jane.call("GET", PODS, None).await.is(200);
    let ask = |verb: &str| json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": {"namespace": "t", "verb": verb, "resource": "pods"}}});
    let reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    assert_eq!(jane.call("POST", reviews, Some(ask("list"))).await.is(201)["status"], json!({"allowed": true}));
    assert_eq!(jane.call("POST", reviews, Some(ask("delete"))).await.is(201)["status"], json!({"allowed": false}));
    let who = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    assert_eq!(
        jane.call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", Some(who)).await.is(201)["status"]["userInfo"]
            ["username"],
        "jane"
    );
    let rules =
        json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": "t"}});
    let rules = jane.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", Some(rules)).await.is(201);
    assert!(rules["status"]["resourceRules"].as_array().is_some_and(|r| !r.is_empty()));
}

#[tokio::test]
async fn a_pod_is_bound_once_and_evicted() {
    let cluster = cluster().await;
    let made = cluster.call("POST", PODS, Some(pod("p"))).await.is(201);
    assert_eq!(
        (&made["status"], &made["spec"]["serviceAccountName"]),
        (&json!({"phase": "Pending", "qosClass": "BestEffort"}), &json!("default"))
    );
    let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}});
    let path = format!("{PODS}/p/binding");
    assert_eq!(cluster.call("POST", &path, Some(binding.clone())).await.is(201)["status"], "Success");
    let bound = cluster.call("GET", &format!("{PODS}/p"), None).await.is(200);
    assert_eq!(
        (&bound["spec"]["nodeName"], &bound["status"]["conditions"][0]["type"]),
        (&json!("n"), &json!("PodScheduled"))
    );
    let again = cluster.call("POST", &path, Some(binding)).await;
    assert_eq!(
        (again.code, again.message().as_str()),
        (409, "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"n\"")
    );

    let running = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
    cluster.patch(&format!("{PODS}/p/status"), "merge-patch+json", running).await.is(200);
    let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "p"}}}});
    cluster.call("POST", "/apis/policy/v1/namespaces/t/poddisruptionbudgets", Some(budget)).await.is(201);
    let status = json!({"status": {"observedGeneration": 1, "disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1}});
    cluster
        .patch("/apis/policy/v1/namespaces/t/poddisruptionbudgets/b/status", "merge-patch+json", status)
        .await
        .is(200);
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}});
    let refused = cluster.call("POST", &format!("{PODS}/p/eviction"), Some(eviction.clone())).await;
    assert_eq!(
        (refused.code, refused.message().as_str()),
        (429, "Cannot evict pod as it would violate the pod's disruption budget.")
    );
    assert_eq!(
        refused.json()["details"]["causes"][0]["message"],
        "The disruption budget b needs 1 healthy pods and has 1 currently"
    );
    cluster
        .patch(
            "/apis/policy/v1/namespaces/t/poddisruptionbudgets/b/status",
            "merge-patch+json",
            json!({"status": {"disruptionsAllowed": 1}}),
        )
        .await
        .is(200);
    cluster.call("POST", &format!("{PODS}/p/eviction"), Some(eviction)).await.is(201);
    let leaving = cluster.call("GET", &format!("{PODS}/p"), None).await.is(200);
    assert!(leaving["metadata"]["deletionTimestamp"].is_string());
    assert!(
        leaving["status"]["conditions"]
            .as_array()
            .expect("conditions")
            .iter()
            .any(|c| c["reason"] == "EvictionByEvictionAPI")
    );
}

#[tokio::test]
async fn node_ports_are_not_given_twice() {
    let cluster = Cluster::start().await;
    let service = |name: &str| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"type": "NodePort", "selector": {"a": "b"}, "ports": [{"port": 80, "nodePort": 30007}]}});
    let services = "/api/v1/namespaces/t/services";
    let made = cluster.call("POST", services, Some(service("a"))).await.is(201);
    assert_eq!(made["spec"]["externalTrafficPolicy"], "Cluster");
    let refused = cluster.call("POST", services, Some(service("b"))).await;
    assert_eq!(
        (refused.code, refused.message().as_str()),
        (
            422,
            "Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: 30007: provided port is already allocated"
        )
    );
    assert_eq!(cluster.call("POST", services, Some(service("a"))).await.code, 422, "taken by itself");
    cluster.call("DELETE", &format!("{services}/a"), None).await.is(200);
    cluster.call("POST", services, Some(service("b"))).await.is(201);
    let restarted = Cluster::over(cluster.store.clone()).await;
    assert_eq!(restarted.call("POST", services, Some(service("c"))).await.code, 422, "known after a restart");
}

#[tokio::test]
async fn namespaces_go_when_they_are_finalized() {
    let cluster = cluster().await;
    let gone = cluster.call("DELETE", "/api/v1/namespaces/t", None).await.is(200);
    assert_eq!(gone["status"]["phase"], "Terminating");
    let refused = cluster.call("POST", PODS, Some(pod("p"))).await;
    assert_eq!(
        (refused.code, refused.message().as_str()),
        (403, "pods \"p\" is forbidden: unable to create new content in namespace t because it is being terminated")
    );
    let mut namespace = cluster.call("GET", "/api/v1/namespaces/t", None).await.is(200);
    namespace["spec"] = json!({});
    cluster.call("PUT", "/api/v1/namespaces/t/finalize", Some(namespace)).await.is(200);
    assert_eq!(cluster.call("GET", "/api/v1/namespaces/t", None).await.code, 404);
    assert_eq!(
        cluster.call("DELETE", "/api/v1/namespaces/kube-system", None).await.message(),
        "namespaces \"kube-system\" is forbidden: this namespace may not be deleted"
    );
    assert_eq!(name(&cluster.call("GET", "/api/v1/namespaces/kube-system", None).await.is(200)), "kube-system");
}

#[tokio::test]
async fn a_node_registers_itself_and_nothing_else() {
    let cluster = cluster().await;
    let one = as_user(&cluster, "system:node:one", &["system:nodes"]);
    let node = |name: &str| json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"capacity": {"cpu": "2"}}});
    let made = one.call("POST", "/api/v1/nodes", Some(node("one"))).await.is(201);
    assert_eq!(
        (&made["status"]["capacity"]["cpu"], &made["spec"]["taints"][0]["key"]),
        (&json!("2"), &json!("node.kubernetes.io/not-ready"))
    );
    assert_eq!(one.call("POST", "/api/v1/nodes", Some(node("two"))).await.code, 403);
    one.patch(
        "/api/v1/nodes/one/status",
        "strategic-merge-patch+json",
        json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}),
    )
    .await
    .is(200);
    one.call("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Done", None).await.is(200);
    assert_eq!(one.call("GET", "/api/v1/pods", None).await.code, 403);
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "one"}, "spec": {"holderIdentity": "one"}});
    one.call("POST", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", Some(lease)).await.is(201);
}

#[tokio::test]
async fn a_pod_that_comes_before_its_service_account_waits_for_it() {
    let cluster = Cluster::start().await;
    let late = async {
        tokio::task::yield_now().await;
        cluster.call("POST", "/api/v1/namespaces/t/serviceaccounts", Some(account("default"))).await.is(201);
    };
    let (made, ()) = futures_util::future::join(cluster.call("POST", PODS, Some(pod("early"))), late).await;
    assert_eq!(made.is(201)["spec"]["serviceAccountName"], "default");
    let mut other = pod("other");
    other["spec"]["serviceAccountName"] = json!("nobody");
    cluster.call("POST", PODS, Some(other)).await.is(403);
}

#[tokio::test]
async fn a_store_that_is_closed_is_not_taken_for_a_slow_watcher() {
    let said: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let sink = said.clone();
    let mut config = apiserver::config::Config::minimal(Arc::new(crate::common::SystemClock), signing_key());
    config.log = Arc::new(move |line| sink.lock().expect("lock").push(line.to_owned()));
    let store = Arc::new(storage::Memory::new(storage::Options::default()));
    let nodes = Arc::new(crate::common::NoNodes);
    let server = apiserver::server::ApiServer::start(config, store.clone(), nodes).await.expect("start");
    store.close();
    // The task of the cache has its turns.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    drop(server);
    assert_eq!(*said.lock().expect("lock"), Vec::<String>::new());
}

#[tokio::test]
async fn who_asks_at_once_does_not_get_more_than_the_quota() {
    let c = Cluster::start().await;
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"count/secrets": "3"}}});
    c.call("POST", "/api/v1/namespaces/t/resourcequotas", Some(quota)).await.is(201);
    let secret = |i: usize| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": format!("s{i}")}});
    let answers = futures_util::future::join_all(
        (0..16).map(|i| c.call("POST", "/api/v1/namespaces/t/secrets", Some(secret(i)))),
    )
    .await;
    let made = answers.iter().filter(|a| a.code == 201).count();
    assert_eq!(made, 3, "{:?}", answers.iter().map(|a| a.code).collect::<Vec<_>>());
    c.call(
        "DELETE",
        &format!("/api/v1/namespaces/t/secrets/s{}", answers.iter().position(|a| a.code == 201).unwrap()),
        None,
    )
    .await
    .is(200);
    c.call("POST", "/api/v1/namespaces/t/secrets", Some(secret(99))).await.is(201);
}

#[tokio::test]
async fn a_node_is_no_new_wish_of_a_pod() {
    let c = Cluster::start().await;
    let pods = "/api/v1/namespaces/t/pods";
    c.call("POST", "/api/v1/namespaces/t/serviceaccounts", Some(json!({"metadata": {"name": "default"}}))).await;
    let pod =
        json!({"metadata": {"name": "p", "generation": 7}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    assert_eq!(c.call("POST", pods, Some(pod)).await.is(201)["metadata"]["generation"], 1);
    let binding = json!({"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}});
    c.call("POST", &format!("{pods}/p/binding"), Some(binding)).await.is(201);
    let bound = c.call("GET", &format!("{pods}/p"), None).await.is(200);
    assert_eq!((&bound["spec"]["nodeName"], &bound["metadata"]["generation"]), (&json!("n"), &json!(1)));
    let ending = c.call("DELETE", &format!("{pods}/p"), None).await.is(200);
    assert_eq!(ending["metadata"]["generation"], 2, "an end that takes its time is one");
}
