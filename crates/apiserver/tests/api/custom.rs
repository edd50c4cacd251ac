//! Custom resources: from a definition to objects and back.

use apiserver::body::{Body, EventKind};
use serde_json::{Value, json};

use crate::common::{Cluster, name, version};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

fn schema() -> Value {
    json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {
            "color": {"type": "string", "default": "red"}, "size": {"type": "integer", "minimum": 1}, "replicas": {"type": "integer"},
            "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "port": {"type": "integer"}}}}}},
        "status": {"type": "object", "properties": {"phase": {"type": "string"}, "replicas": {"type": "integer"}}}}})
}

fn definition(plural: &str, kind: &str) -> Value {
    let one = |name: &str, storage: bool| {
        json!({"name": name, "served": true, "storage": storage, "schema": {"openAPIV3Schema": schema()},
            "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}},
            "selectableFields": [{"jsonPath": ".spec.color"}],
            "additionalPrinterColumns": [{"name": "Color", "type": "string", "jsonPath": ".spec.color"}]})
    };
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": format!("{plural}.example.com")},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": plural, "kind": kind, "shortNames": [format!("{plural}-s")]},
            "versions": [one("v1", true), one("v2", false)]}})
}

fn foo(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Foo", "metadata": {"name": name}, "spec": spec})
}

fn condition<'v>(object: &'v Value, kind: &str) -> &'v str {
    let conditions = object["status"]["conditions"].as_array();
    conditions.into_iter().flatten().find(|c| c["type"] == kind).and_then(|c| c["status"].as_str()).unwrap_or_default()
}

impl Cluster {
    /// Waits until a definition is as wanted.
    async fn until(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let uri = format!("{DEFINITIONS}?watch=1&fieldSelector=metadata.name%3D{name}");
        let response = self.send("GET", &uri, &[], Body::Empty).await;
        let mut events = response.into_body().into_watch().expect("watch");
        let find = async {
            while let Some(event) = futures_util::StreamExt::next(&mut events).await {
                let object: Value = serde_json::from_slice(&event.object).expect("json");
                if event.kind == EventKind::Deleted && wanted(&Value::Null) {
                    return Value::Null;
                }
                if event.kind != EventKind::Deleted && wanted(&object) {
                    return object;
                }
            }
            panic!("the watch ended");
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), find).await.expect("in time")
    }

    async fn define(&self, plural: &str, kind: &str) -> Value {
        self.call("POST", DEFINITIONS, Some(definition(plural, kind))).await.is(201);
        self.until(&format!("{plural}.example.com"), |d| condition(d, "Established") == "True").await
    }
}

const FOOS: &str = "/apis/example.com/v1/namespaces/t/foos";

#[tokio::test]
async fn a_definition_is_served_at_once_and_survives_a_restart() {
    let cluster = Cluster::start().await;
    cluster.call("GET", FOOS, None).await.is_status(404);
    let made = cluster.define("foos", "Foo").await;
    assert_eq!(made["spec"]["names"]["listKind"], "FooList");
    assert_eq!(made["status"]["acceptedNames"], made["spec"]["names"]);
    assert_eq!(made["status"]["storedVersions"], json!(["v1"]));
    let listed = cluster.call("GET", "/apis/example.com/v2", None).await.is(200);
    let names: Vec<&str> =
        listed["resources"].as_array().expect("rows").iter().filter_map(|r| r["name"].as_str()).collect();
    assert_eq!(names, ["foos", "foos/scale", "foos/status"]);
    let group = cluster.call("GET", "/apis/example.com", None).await.is(200);
    assert_eq!(group["preferredVersion"]["version"], "v2");
    cluster.call("POST", FOOS, Some(foo("a", json!({"size": 1})))).await.is(201);
    let again = Cluster::over(cluster.store.clone()).await;
    let found = again.call("GET", &format!("{FOOS}/a"), None).await.is(200);
    assert_eq!((&found["spec"]["color"], &found["metadata"]["generation"]), (&json!("red"), &json!(1)));
}

#[tokio::test]
async fn objects_live_as_their_schema_says() {
    let cluster = Cluster::start().await;
    cluster.define("foos", "Foo").await;
    let made = cluster.call("POST", FOOS, Some(foo("a", json!({"size": 1, "odd": 1})))).await;
    assert!(
        made.headers.get("warning").is_some_and(|w| w.to_str().unwrap().contains("unknown field \\\"spec.odd\\\"")),
        "{made:?}"
    );
    let made = made.is(201);
    assert_eq!(made["spec"], json!({"color": "red", "size": 1}));
    let strict =
        cluster.call("POST", &format!("{FOOS}?fieldValidation=Strict"), Some(foo("b", json!({"odd": 1})))).await;
    assert_eq!(
        strict.message(),
        "Foo in version \"v1\" cannot be handled as a Foo: strict decoding error: unknown field \"spec.odd\""
    );
    let twice = r#"{"apiVersion":"example.com/v1","kind":"Foo","metadata":{"name":"b"},"spec":{"size":1,"size":2}}"#;
    let strict = cluster
        .raw(
            "POST",
            &format!("{FOOS}?fieldValidation=Strict"),
            &[("content-type", "application/json")],
            twice.as_bytes().to_vec(),
        )
        .await;
    assert!(strict.message().ends_with("strict decoding error: duplicate field \"spec.size\""), "{}", strict.message());
    let wrong = cluster.call("POST", FOOS, Some(foo("b", json!({"size": 0})))).await;
    assert_eq!(wrong.code, 422);
    assert_eq!(
        wrong.message(),
        "Foo.example.com \"b\" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"
    );
    let one = format!("{FOOS}/a");
    let patched = cluster.patch(&one, "merge-patch+json", json!({"spec": {"size": 2}})).await.is(200);
    assert_eq!(patched["metadata"]["generation"], 2);
    let patched = cluster
        .patch(&one, "json-patch+json", json!([{"op": "replace", "path": "/spec/size", "value": 3}]))
        .await
        .is(200);
    assert_eq!(patched["spec"]["size"], 3);
    assert_eq!(cluster.patch(&one, "strategic-merge-patch+json", json!({})).await.code, 415);
    let mut without = foo("a", json!({"size": 4}));
    let refused = cluster.call("PUT", &one, Some(without.clone())).await;
    assert!(
        refused.message().contains("metadata.resourceVersion: Invalid value: 0: must be specified for an update"),
        "{}",
        refused.message()
    );
    without["metadata"]["resourceVersion"] = version(&patched).into();
    without["status"] = json!({"phase": "ignored"});
    let put = cluster.call("PUT", &one, Some(without)).await.is(200);
    assert!(put.get("status").is_none());
    cluster.call("DELETE", &one, None).await.is(200);
    cluster.call("GET", &one, None).await.is_status(404);
}

#[tokio::test]
async fn status_scale_apply_and_versions() {
    let cluster = Cluster::start().await;
    cluster.define("foos", "Foo").await;
    let one = format!("{FOOS}/a");
    cluster.call("POST", FOOS, Some(foo("a", json!({"replicas": 2})))).await.is(201);
    let done = cluster
        .patch(
            &format!("{one}/status"),
            "merge-patch+json",
            json!({"metadata": {"labels": {"x": "y"}}, "spec": {"size": 9}, "status": {"phase": "ok", "replicas": 1}}),
        )
        .await
        .is(200);
    assert_eq!(
        (&done["status"]["phase"], done["metadata"].get("labels"), done["spec"].get("size")),
        (&json!("ok"), None, None)
    );
    assert_eq!(done["metadata"]["generation"], 1);
    let scale = cluster.call("GET", &format!("{one}/scale"), None).await.is(200);
    assert_eq!((&scale["spec"]["replicas"], &scale["status"]["replicas"]), (&json!(2), &json!(1)));
    let scaled =
        cluster.patch(&format!("{one}/scale"), "merge-patch+json", json!({"spec": {"replicas": 5}})).await.is(200);
    assert_eq!(scaled["spec"]["replicas"], 5);
    let second = "/apis/example.com/v2/namespaces/t/foos";
    let shown = cluster.call("GET", &format!("{second}/a"), None).await.is(200);
    assert_eq!((&shown["apiVersion"], &shown["spec"]["replicas"]), (&json!("example.com/v2"), &json!(5)));
    let list = cluster.call("GET", second, None).await.is(200);
    assert_eq!(
        (&list["apiVersion"], &list["items"][0]["apiVersion"]),
        (&json!("example.com/v2"), &json!("example.com/v2"))
    );
    let apply = |port: u16, who: &str| {
        let uri = format!("{second}/b?fieldManager={who}");
        let body = json!({"apiVersion": "example.com/v2", "kind": "Foo", "metadata": {"name": "b"}, "spec": {"ports": [{"name": who, "port": port}]}});
        (uri, body)
    };
    for (who, code) in [("x", 201), ("y", 200)] {
        let (uri, body) = apply(1, who);
        cluster.patch(&uri, "apply-patch+yaml", body).await.is(code);
    }
    let both = cluster.call("GET", &format!("{FOOS}/b"), None).await.is(200);
    assert_eq!(both["spec"]["ports"], json!([{"name": "x", "port": 1}, {"name": "y", "port": 1}]));
    assert_eq!(both["apiVersion"], "example.com/v1");
    let (uri, mut body) = apply(1, "x");
    body["spec"]["nothing"] = json!(1);
    let refused = cluster.patch(&uri, "apply-patch+yaml", body).await;
    assert!(refused.message().contains(".spec.nothing: field not declared in schema"), "{}", refused.message());
}

#[tokio::test]
async fn watches_selectors_and_tables() {
    let cluster = Cluster::start().await;
    cluster.define("foos", "Foo").await;
    for (name, color) in [("a", "red"), ("b", "blue")] {
        cluster.call("POST", FOOS, Some(foo(name, json!({"color": color})))).await.is(201);
    }
    let blue = cluster.call("GET", &format!("{FOOS}?fieldSelector=spec.color%3Dblue"), None).await.is(200);
    assert_eq!(blue["items"].as_array().expect("items").iter().map(name).collect::<Vec<_>>(), ["b"]);
    let refused = cluster.call("GET", &format!("{FOOS}?fieldSelector=spec.size%3D1"), None).await;
    assert_eq!((refused.code, refused.message()), (400, "field label not supported: spec.size".to_owned()));
    let second = "/apis/example.com/v2/namespaces/t/foos";
    let events = cluster.watch(&format!("{second}?watch=1&fieldSelector=spec.color%3Dblue"), 1).await;
    assert_eq!((events[0].0, &events[0].1["apiVersion"]), (EventKind::Added, &json!("example.com/v2")));
    let headers = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
    let table = cluster.raw("GET", FOOS, &headers, Body::Empty).await.is(200);
    let heads: Vec<&str> =
        table["columnDefinitions"].as_array().expect("columns").iter().filter_map(|c| c["name"].as_str()).collect();
    assert_eq!(heads, ["Name", "Color"]);
    assert_eq!(table["rows"][1]["cells"], json!(["b", "blue"]));
    let gone = cluster.call("DELETE", &format!("{FOOS}?fieldSelector=spec.color%3Dblue"), None).await.is(200);
    assert_eq!(gone["items"].as_array().expect("items").len(), 1);
}

#[tokio::test]
async fn a_definition_takes_its_objects_along() {
    let cluster = Cluster::start().await;
    cluster.define("foos", "Foo").await;
    let mut held = foo("a", json!({}));
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    cluster.call("POST", FOOS, Some(held)).await.is(201);
    cluster.call("POST", FOOS, Some(foo("b", json!({})))).await.is(201);
    let marked = cluster.call("DELETE", &format!("{DEFINITIONS}/foos.example.com"), None).await.is(200);
    assert_eq!(condition(&marked, "Terminating"), "True");
    assert_eq!(marked["metadata"]["finalizers"], json!(["customresourcecleanup.apiextensions.k8s.io"]));
    let first = async {
        while cluster.call("GET", &format!("{FOOS}/b"), None).await.code != 404 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), first).await.expect("gone in time");
    let late = cluster.call("POST", FOOS, Some(foo("c", json!({})))).await;
    assert_eq!(late.code, 403, "{}", late.message());
    cluster.patch(&format!("{FOOS}/a"), "merge-patch+json", json!({"metadata": {"finalizers": null}})).await.is(200);
    let gone = async {
        while cluster.call("GET", &format!("{DEFINITIONS}/foos.example.com"), None).await.code != 404 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), gone).await.expect("gone in time");
    cluster.call("GET", FOOS, None).await.is_status(404);
    cluster.call("GET", "/apis/example.com", None).await.is_status(404);
}

#[tokio::test]
async fn a_changed_definition_shows_stored_objects_anew() {
    let cluster = Cluster::start().await;
    let made = cluster.define("foos", "Foo").await;
    cluster.call("POST", FOOS, Some(foo("a", json!({"size": 1})))).await.is(201);
    let mut changed = made.clone();
    changed["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["more"] =
        json!({"type": "string", "default": "new"});
    changed["spec"]["versions"][0]["storage"] = json!(false);
    changed["spec"]["versions"][1]["storage"] = json!(true);
    changed["spec"]["versions"][1]["schema"] = changed["spec"]["versions"][0]["schema"].clone();
    let uri = format!("{DEFINITIONS}/foos.example.com");
    let changed = cluster.call("PUT", &uri, Some(changed)).await.is(200);
    assert_eq!(changed["status"]["storedVersions"], json!(["v1", "v2"]));
    let shows = async {
        while cluster.call("GET", &format!("{FOOS}/a"), None).await.is(200)["spec"].get("more").is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), shows).await.expect("shown in time");
    let old = cluster.call("GET", &format!("{FOOS}/a"), None).await.is(200);
    // A write of the same migrates it.
    let put = cluster.call("PUT", &format!("{FOOS}/a"), Some(old.clone())).await.is(200);
    assert_ne!(version(&put), version(&old));
    let again = cluster.call("PUT", &format!("{FOOS}/a"), Some(put.clone())).await.is(200);
    assert_eq!(version(&put), version(&again));
}

#[tokio::test]
async fn openapi_follows() {
    let cluster = Cluster::start().await;
    let before = cluster.raw("GET", "/openapi/v2", &[], Body::Empty).await;
    cluster.define("foos", "Foo").await;
    let after = cluster.raw("GET", "/openapi/v2", &[], Body::Empty).await;
    assert_ne!(before.headers["etag"], after.headers["etag"]);
    let document = after.json();
    let own = &document["definitions"]["com.example.v1.Foo"];
    assert_eq!(own["properties"]["spec"]["properties"]["size"], json!({"type": "integer", "minimum": 1}));
    assert_eq!(own["x-kubernetes-group-version-kind"][0]["kind"], "Foo");
    assert!(document["paths"].get("/apis/example.com/v1/namespaces/{namespace}/foos/{name}/status").is_some());
    let index = cluster.raw("GET", "/openapi/v3", &[], Body::Empty).await.json();
    assert!(index["paths"]["apis/example.com/v2"]["serverRelativeURL"].is_string());
    let three = cluster.raw("GET", "/openapi/v3/apis/example.com/v1", &[], Body::Empty).await.json();
    let patch = &three["paths"]["/apis/example.com/v1/namespaces/{namespace}/foos/{name}"]["patch"];
    let media: Vec<&String> = patch["requestBody"]["content"].as_object().expect("media").keys().collect();
    // kubectl would send what is named here.
    assert!(media.iter().all(|m| !m.contains("strategic")) && media.len() == 3, "{media:?}");
    let schemas = &three["components"]["schemas"];
    for target in three.to_string().split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(schemas.get(target).is_some(), "{target} is referred to and not there");
    }
}
