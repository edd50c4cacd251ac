//! What clients see of the kinds that matter most: services, pods, deployments, namespaces, events, discovery.

use crate::common::{Cluster, name};
use apiserver::body::{Body, EventKind};
use serde_json::{Value, json};

async fn cluster() -> Cluster {
    let c = Cluster::start().await;
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
    c.call("POST", "/api/v1/namespaces/t/serviceaccounts", Some(account)).await.is(201);
    c
}

fn pod(spec: Value) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}});
    for (key, value) in spec.as_object().expect("object") {
        pod["spec"][key] = value.clone();
    }
    pod
}

#[tokio::test]
async fn what_was_sent_comes_back() {
    let c = cluster().await;
    let path = "/api/v1/namespaces/t/services";
    let body = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "annotations": {"example/e": "ü\u{2028}"}},
        "spec": {"ports": [{"port": 80, "nonsense": 1}], "selector": {"a": "b"}}});
    let made = c.call("POST", &format!("{path}?fieldValidation=Warn"), Some(body.clone())).await;
    assert!(
        made.headers["warning"]
            .to_str()
            .expect("text")
            .contains("299 - \"unknown field \\\"spec.ports[0].nonsense\\\"\"")
    );
    let made = made.is(201);
    assert_eq!(made["spec"]["ports"], json!([{"protocol": "TCP", "port": 80, "targetPort": 80}]));
    for (field, value) in [
        ("type", json!("ClusterIP")),
        ("sessionAffinity", json!("None")),
        ("ipFamilies", json!(["IPv4"])),
        ("internalTrafficPolicy", json!("Cluster")),
    ] {
        assert_eq!(made["spec"][field], value, "{field}");
    }
    assert!(made["spec"]["clusterIP"].as_str().expect("address").starts_with("10."));
    assert_eq!(made["metadata"]["annotations"], body["metadata"]["annotations"]);
    let mut strict = body.clone();
    strict["metadata"]["name"] = json!("t");
    let strict = c.call("POST", &format!("{path}?fieldValidation=Strict"), Some(strict)).await;
    assert_eq!(strict.code, 400);
    assert!(
        strict.message().contains("strict decoding error: unknown field \"spec.ports[0].nonsense\""),
        "{}",
        strict.message()
    );
    let managers = made["metadata"]["managedFields"].as_array().expect("managers");
    assert_eq!((managers.len(), &managers[0]["operation"]), (1, &json!("Update")));
    assert!(managers[0]["fieldsV1"]["f:spec"]["f:selector"].is_object());
    let mut port = body;
    port["metadata"]["name"] = json!("u");
    port["spec"]["ports"] = json!([{"port": 80, "nodePort": 30080}]);
    port["spec"]["type"] = json!("NodePort");
    c.call("POST", path, Some(port.clone())).await.is(201);
    port["metadata"]["name"] = json!("v");
    let taken = c.call("POST", path, Some(port)).await;
    assert_eq!(taken.code, 422);
    assert!(taken.message().contains("provided port is already allocated"), "{}", taken.message());
}

#[tokio::test]
async fn causes_name_their_fields() {
    let c = cluster().await;
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": -1,
        "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "c"}}, "spec": {"containers": [{"name": "x"}]}}}});
    let refused = c.call("POST", "/apis/apps/v1/namespaces/t/deployments", Some(deployment)).await.is(422);
    let mut fields: Vec<&str> =
        refused["details"]["causes"].as_array().expect("causes").iter().filter_map(|c| c["field"].as_str()).collect();
    fields.sort_unstable();
    fields.dedup();
    assert_eq!(fields, ["spec.replicas", "spec.template.metadata.labels", "spec.template.spec.containers[0].image"]);
    let bad = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Not_Valid"}});
    let bad = c.call("POST", "/api/v1/namespaces/t/configmaps", Some(bad)).await.is(422);
    assert_eq!(bad["details"]["causes"][0]["field"], "metadata.name");
    let text = bad["message"].as_str().expect("text");
    assert!(text.starts_with("ConfigMap \"Not_Valid\" is invalid: metadata.name: Invalid value: \"Not_Valid\": a lowercase RFC 1123 subdomain must consist of"), "{text}");
    let big = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "big"}, "data": {"x": "y".repeat(1_100_000)}});
    let big = c.call("POST", "/api/v1/namespaces/t/configmaps", Some(big)).await.is(422);
    assert!(big["message"].as_str().expect("text").contains("Too long: may not be more than 1048576 bytes"));
}

#[tokio::test]
async fn pods_end_gracefully_where_they_run() {
    let c = cluster().await;
    let (pods, p) = ("/api/v1/namespaces/t/pods", "/api/v1/namespaces/t/pods/p");
    let made = c.call("POST", pods, Some(pod(json!({"nodeSelector": {"x": "none"}})))).await.is(201);
    assert_eq!(made["status"]["phase"], "Pending");
    let fixed = c.patch(p, "merge-patch+json", json!({"spec": {"restartPolicy": "Never"}})).await.is(422);
    let text = fixed["message"].as_str().expect("text");
    assert!(
        text.starts_with("Pod \"p\" is invalid: spec: Forbidden: pod updates may not change fields other than"),
        "{text}"
    );
    c.patch(p, "strategic-merge-patch+json", json!({"spec": {"containers": [{"name": "c", "image": "nginx:2"}]}}))
        .await
        .is(200);
    c.call("DELETE", p, None).await.is(200);
    assert_eq!(c.call("GET", p, None).await.code, 404, "an unscheduled pod goes at once");

    c.call("POST", pods, Some(pod(json!({"nodeName": "n", "terminationGracePeriodSeconds": 7})))).await.is(201);
    c.patch(&format!("{p}/status"), "merge-patch+json", json!({"status": {"phase": "Running"}})).await.is(200);
    let going = c.call("DELETE", p, None).await.is(200);
    assert_eq!(going["metadata"]["deletionGracePeriodSeconds"], 7);
    assert!(going["metadata"]["deletionTimestamp"].is_string());
    let sooner = c.call("DELETE", &format!("{p}?gracePeriodSeconds=2"), None).await.is(200);
    assert_eq!(sooner["metadata"]["deletionGracePeriodSeconds"], 2);
    let later = c.call("DELETE", &format!("{p}?gracePeriodSeconds=20"), None).await.is(200);
    assert_eq!(later["metadata"]["deletionGracePeriodSeconds"], 2);
    c.call("DELETE", &format!("{p}?gracePeriodSeconds=0"), None).await.is(200);
    assert_eq!(c.call("GET", p, None).await.code, 404);
}

#[tokio::test]
async fn pods_are_selected_by_their_node() {
    let c = cluster().await;
    c.call("POST", "/api/v1/namespaces/t/pods", Some(pod(json!({"nodeName": "n"})))).await.is(201);
    let list = |query: &'static str| c.call("GET", query, None);
    let found = list("/api/v1/pods?fieldSelector=spec.nodeName%3Dn,status.phase!%3DFailed").await.is(200);
    assert_eq!(found["items"].as_array().map_or(0, Vec::len), 1);
    let none = list("/api/v1/pods?fieldSelector=spec.nodeName%3Dother").await.is(200);
    assert_eq!(none["items"], json!([]));
    assert_eq!(list("/api/v1/pods?fieldSelector=spec.x%3Dother").await.message(), "field label not supported: spec.x");
}

#[tokio::test]
async fn a_namespace_stays_until_it_is_finalized() {
    let c = cluster().await;
    let t = "/api/v1/namespaces/t";
    let here = c.call("GET", t, None).await.is(200);
    assert_eq!((&here["spec"]["finalizers"], &here["status"]["phase"]), (&json!(["kubernetes"]), &json!("Active")));
    let going = c.call("DELETE", t, None).await.is(200);
    assert_eq!(going["status"]["phase"], "Terminating");
    assert!(going["metadata"]["deletionTimestamp"].is_string());
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    let late = c.call("POST", &format!("{t}/configmaps"), Some(map)).await;
    assert_eq!(late.code, 403);
    assert!(late.message().contains("because it is being terminated"), "{}", late.message());
    let mut done = c.call("GET", t, None).await.is(200);
    done["spec"]["finalizers"] = json!([]);
    c.call("PUT", &format!("{t}/finalize"), Some(done)).await.is(200);
    assert_eq!(c.call("GET", t, None).await.code, 404);
}

#[tokio::test]
async fn events_show_in_both_groups() {
    let c = cluster().await;
    let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "involvedObject": {"kind": "Pod", "name": "p", "namespace": "t"},
        "reason": "Pulled", "message": "hello", "type": "Normal", "source": {"component": "kubelet"}});
    c.call("POST", "/api/v1/namespaces/t/events", Some(event)).await.is(201);
    let new = c.call("GET", "/apis/events.k8s.io/v1/namespaces/t/events/e", None).await.is(200);
    assert_eq!(
        (&new["apiVersion"], &new["note"], &new["regarding"]["name"]),
        (&json!("events.k8s.io/v1"), &json!("hello"), &json!("p"))
    );
    let list = c
        .call("GET", "/apis/events.k8s.io/v1/namespaces/t/events?fieldSelector=regarding.name%3Dp", None)
        .await
        .is(200);
    assert_eq!((&list["kind"], &list["items"][0]["note"]), (&json!("EventList"), &json!("hello")));
    let seen = c.watch("/apis/events.k8s.io/v1/namespaces/t/events?watch=1", 1).await;
    assert_eq!((seen[0].0, &seen[0].1["note"]), (EventKind::Added, &json!("hello")));
    let old = c
        .call("GET", "/api/v1/namespaces/t/events?fieldSelector=involvedObject.name%3Dp,reason%3DPulled", None)
        .await
        .is(200);
    assert_eq!(name(&old["items"][0]), "e");
}

#[tokio::test]
async fn discovery_names_what_is_served() {
    let c = cluster().await;
    let core = c.call("GET", "/api/v1", None).await.is(200);
    let names: Vec<&str> =
        core["resources"].as_array().expect("resources").iter().filter_map(|r| r["name"].as_str()).collect();
    for wanted in [
        "pods/log",
        "pods/exec",
        "pods/eviction",
        "serviceaccounts/token",
        "namespaces/finalize",
        "replicationcontrollers/scale",
    ] {
        assert!(names.contains(&wanted), "{wanted}");
    }
    let accept = [("accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")];
    let whole = c.raw("GET", "/apis", &accept, Body::Empty).await.is(200);
    assert_eq!(whole["kind"], "APIGroupDiscoveryList");
    let documents = c.call("GET", "/openapi/v3", None).await.is(200);
    let apps = documents["paths"]["apis/apps/v1"]["serverRelativeURL"].as_str().expect("url").to_owned();
    let apps = c.call("GET", &apps, None).await.is(200);
    assert!(
        apps["components"]["schemas"]["io.k8s.api.apps.v1.Deployment"]["x-kubernetes-group-version-kind"].is_array()
    );
    let version = c.call("GET", "/version", None).await.is(200);
    assert_eq!(version["major"], "1");
    for path in ["/healthz", "/livez", "/readyz", "/readyz/ping"] {
        assert_eq!(c.raw("GET", path, &[], Body::Empty).await.body, b"ok", "{path}");
    }
}

#[tokio::test]
async fn deployments_merge_their_containers() {
    let c = cluster().await;
    let d = "/apis/apps/v1/namespaces/t/deployments";
    let containers =
        json!([{"name": "one", "image": "i1", "env": [{"name": "A", "value": "1"}]}, {"name": "two", "image": "i2"}]);
    let body = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": containers}}}});
    c.call("POST", d, Some(body)).await.is(201);
    let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "two", "$patch": "delete"}, {"name": "one", "env": [{"name": "B", "value": "2"}]}, {"name": "three", "image": "i3"}]}}}});
    let patched = c.patch(&format!("{d}/d"), "strategic-merge-patch+json", patch).await.is(200);
    let mut names: Vec<&str> = patched["spec"]["template"]["spec"]["containers"]
        .as_array()
        .expect("list")
        .iter()
        .filter_map(|c| c["name"].as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["one", "three"]);
}
