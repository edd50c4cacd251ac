//! Requests and answers in protobuf.

use apimachinery::{meta, protobuf as codec};
use apiserver::{body::Body, protobuf};
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::common::{Answer, Cluster, cm, name};

const MEDIA: (&str, &str) = ("accept", protobuf::MEDIA);
const BODY: (&str, &str) = ("content-type", protobuf::MEDIA);

fn sealed(object: &Value) -> Vec<u8> {
    protobuf::object(object.to_string().as_bytes()).expect("a kind with messages")
}

fn opened(bytes: &[u8]) -> Value {
    let envelope = codec::open(bytes).expect("envelope");
    let schema = protobuf::schema(envelope.api_version, envelope.kind).expect("a known kind");
    let mut value = api::messages().read(schema, envelope.message).expect("message");
    meta::set_gvk(&mut value, envelope.api_version, envelope.kind);
    value
}

fn said(answer: &Answer) -> Value {
    assert_eq!(answer.headers["content-type"], protobuf::MEDIA, "{answer:?}");
    opened(&answer.body)
}

const MAPS: &str = "/api/v1/namespaces/t/configmaps";

#[tokio::test]
async fn objects_come_and_go() {
    let cluster = Cluster::start().await;
    let made = cluster.raw("POST", MAPS, &[MEDIA, BODY], sealed(&cm("a", json!({"k": "v"})))).await;
    assert_eq!(made.code, 201);
    let mut object = said(&made);
    assert_eq!((name(&object), &object["data"]), ("a", &json!({"k": "v"})));
    assert_eq!(object["metadata"]["managedFields"][0]["fieldsV1"]["f:data"], json!({".": {}, "f:k": {}}));

    object["binaryData"] = json!({"b": "/wA="});
    let changed = said(&cluster.raw("PUT", &format!("{MAPS}/a"), &[MEDIA, BODY], sealed(&object)).await);
    let got = said(&cluster.raw("GET", &format!("{MAPS}/a"), &[MEDIA], Body::Empty).await);
    assert_eq!(got, changed);
    let json: Value =
        serde_json::from_slice(&cluster.call("GET", &format!("{MAPS}/a"), None).await.body).expect("json");
    assert_eq!(got, json);

    let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "another"}});
    let refused = cluster.raw("DELETE", &format!("{MAPS}/a"), &[MEDIA, BODY], sealed(&options)).await;
    assert_eq!((refused.code, &said(&refused)["reason"]), (409, &json!("Conflict")));
    let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0});
    let gone = said(&cluster.raw("DELETE", &format!("{MAPS}/a"), &[MEDIA, BODY], sealed(&options)).await);
    assert_eq!((&gone["kind"], &gone["status"]), (&json!("Status"), &json!("Success")));
    let missing = cluster.raw("GET", &format!("{MAPS}/a"), &[MEDIA], Body::Empty).await;
    let status = said(&missing);
    assert_eq!((missing.code, &status["message"]), (404, &json!("configmaps \"a\" not found")));
    assert_eq!((&status["code"], &status["details"]["kind"]), (&json!(404), &json!("configmaps")));
}

#[tokio::test]
async fn lists_and_other_shapes() {
    let cluster = Cluster::start().await;
    // More than one piece.
    let big = "x".repeat(100_000);
    for n in ["a", "b", "c"] {
        cluster.call("POST", MAPS, Some(cm(n, json!({"k": big})))).await;
    }
    let list = said(&cluster.raw("GET", &format!("{MAPS}?limit=2"), &[MEDIA], Body::Empty).await);
    let names: Vec<&str> = list["items"].as_array().expect("items").iter().map(name).collect();
    assert_eq!((&list["kind"], names), (&json!("ConfigMapList"), vec!["a", "b"]));
    assert_eq!(list["metadata"]["remainingItemCount"], 1);
    assert_eq!(list["items"][1]["data"]["k"], big);

    let empty = said(&cluster.raw("GET", "/api/v1/namespaces/t/secrets", &[MEDIA], Body::Empty).await);
    assert_eq!((&empty["kind"], empty.get("items")), (&json!("SecretList"), None));

    let partial = format!("{};as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", protobuf::MEDIA);
    let list = said(&cluster.raw("GET", MAPS, &[("accept", &partial)], Body::Empty).await);
    assert_eq!((&list["kind"], name(&list["items"][2])), (&json!("PartialObjectMetadataList"), "c"));
    assert_eq!(list["apiVersion"], "meta.k8s.io/v1");

    let table =
        format!("{0};as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1;g=meta.k8s.io", protobuf::MEDIA);
    let answer = cluster.raw("GET", MAPS, &[("accept", &table)], Body::Empty).await;
    assert_eq!(answer.headers["content-type"], "application/json");
    let (only, _) = table.split_once(',').expect("two clauses");
    assert_eq!(cluster.raw("GET", MAPS, &[("accept", only)], Body::Empty).await.code, 406);

    // Versions that share their storage.
    let scalers = "/apis/autoscaling/v1/namespaces/t/horizontalpodautoscalers";
    let scaler = json!({"kind": "HorizontalPodAutoscaler", "apiVersion": "autoscaling/v1", "metadata": {"name": "h"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}, "maxReplicas": 3, "targetCPUUtilizationPercentage": 50}});
    let made = cluster.raw("POST", scalers, &[MEDIA, BODY], sealed(&scaler)).await;
    assert_eq!(said(&made)["spec"]["targetCPUUtilizationPercentage"], 50, "{made:?}");
    let list = said(&cluster.raw("GET", scalers, &[MEDIA], Body::Empty).await);
    assert_eq!(list["items"][0]["spec"]["targetCPUUtilizationPercentage"], 50);

    let resources = said(&cluster.raw("GET", "/api/v1", &[MEDIA], Body::Empty).await);
    assert_eq!((&resources["kind"], &resources["groupVersion"]), (&json!("APIResourceList"), &json!("v1")));
    assert_eq!(resources["resources"][0]["verbs"], json!(["create"]));
}

#[tokio::test]
async fn answers_that_are_not_stored() {
    let cluster = Cluster::start().await;
    let review = json!({"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {},
        "spec": {"resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "t"}}});
    let uri = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let answer = said(&cluster.raw("POST", uri, &[MEDIA, BODY], sealed(&review)).await);
    assert_eq!(answer["status"]["allowed"], true);
    let accounts = "/api/v1/namespaces/t/serviceaccounts";
    cluster
        .call("POST", accounts, Some(json!({"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": "s"}})))
        .await;
    let wanted =
        json!({"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": {"expirationSeconds": 600}});
    let answer = said(&cluster.raw("POST", &format!("{accounts}/s/token"), &[MEDIA, BODY], sealed(&wanted)).await);
    assert!(answer["status"]["token"].as_str().is_some_and(|t| t.split('.').count() == 3));
    assert_eq!(answer["spec"]["expirationSeconds"], 600);
}

#[tokio::test]
async fn what_cannot_be_read() {
    let cluster = Cluster::start().await;
    let meta = sealed(&cm("a", json!({})));
    let cut = &meta[..meta.len() - 1];
    let short = codec::seal("v1", "ConfigMap", &[0x0a, 5, 1]);
    let wrong = codec::seal("v1", "ConfigMap", &[0x08, 5]);
    let other = codec::seal("v1", "Nothing", &[]);
    for (body, wanted) in [
        (
            &b"{}"[..],
            "the object provided is unrecognized (must be of type ConfigMap): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (\"{}\")",
        ),
        (&b"k8s\0"[..], "the object provided is unrecognized (must be of type ConfigMap): empty body (6b387300)"),
        (&short[..], "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: unexpected EOF"),
        (
            &wrong[..],
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: proto: wrong wireType = 0 for field Metadata",
        ),
        (
            &other[..],
            "Nothing in version \"v1\" cannot be handled as a ConfigMap: no kind \"Nothing\" is registered for version \"v1\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
        ),
    ] {
        let answer = cluster.raw("POST", MAPS, &[BODY], body.to_vec()).await;
        let status: Value = serde_json::from_slice(&answer.body).expect("json");
        assert_eq!((answer.code, status["message"].as_str()), (400, Some(wanted)));
    }
    let answer = cluster.raw("POST", MAPS, &[BODY], cut.to_vec()).await;
    assert_eq!(answer.code, 400);
    let patched = cluster.raw("PATCH", &format!("{MAPS}/a"), &[BODY], meta).await;
    assert_eq!(patched.code, 415);
}

/// The frames of a watch, opened.
async fn events(cluster: &Cluster, uri: &str, accept: &str, count: usize) -> Vec<(String, Value)> {
    let response = cluster.send("GET", uri, &[("accept", accept)], Body::Empty).await;
    assert_eq!(response.headers()["content-type"], protobuf::WATCH_MEDIA);
    let lines = response.into_body().into_watch().expect("watch").take(count);
    let lines = tokio::time::timeout(std::time::Duration::from_secs(10), lines.map(|e| e.line()).collect::<Vec<_>>());
    let schema = protobuf::schema("v1", "WatchEvent").expect("a kind");
    let open = |frame: bytes::Bytes| {
        let (length, message) = frame.split_at(4);
        assert_eq!(length, u32::try_from(message.len()).expect("short").to_be_bytes());
        let (head, object) = message.split_at(message.windows(4).position(|w| w == b"k8s\0").expect("an envelope"));
        let kind = api::messages().read(schema, &head[..2 + usize::from(head[1])]).expect("an event");
        (kind["type"].as_str().unwrap_or_default().to_owned(), opened(object))
    };
    lines.await.expect("events in time").into_iter().map(open).collect()
}

#[tokio::test]
async fn watches() {
    let cluster = Cluster::start().await;
    let old = cluster.call("POST", MAPS, Some(cm("a", json!({"k": "v"})))).await;
    let old: Value = serde_json::from_slice(&old.body).expect("json");
    cluster.call("POST", MAPS, Some(cm("b", json!({})))).await;
    cluster.call("DELETE", &format!("{MAPS}/a"), None).await;
    let after = format!("{MAPS}?watch=1&resourceVersion={}", crate::common::version(&old));
    let seen = events(&cluster, &after, protobuf::WATCH_MEDIA, 2).await;
    let kinds: Vec<(&str, &str)> = seen.iter().map(|(kind, object)| (&**kind, name(object))).collect();
    assert_eq!(kinds, [("ADDED", "b"), ("DELETED", "a")]);
    assert_eq!(seen[1].1["data"], json!({"k": "v"}));
    assert_ne!(seen[1].1["metadata"]["resourceVersion"], old["metadata"]["resourceVersion"]);

    let start =
        format!("{MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    let seen = events(&cluster, &start, protobuf::MEDIA, 2).await;
    assert_eq!((&*seen[0].0, name(&seen[0].1), &*seen[1].0), ("ADDED", "b", "BOOKMARK"));
    assert_eq!(seen[1].1["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    let partial = format!("{};as=PartialObjectMetadata;v=v1;g=meta.k8s.io", protobuf::MEDIA);
    let seen = events(&cluster, &start, &partial, 2).await;
    assert_eq!(
        (&seen[0].1["kind"], &seen[1].1["kind"]),
        (&json!("PartialObjectMetadata"), &json!("PartialObjectMetadata"))
    );
}

#[tokio::test]
async fn an_event_is_encoded_once() {
    let cluster = Cluster::start().await;
    let old = cluster.call("POST", MAPS, Some(cm("a", json!({})))).await;
    let old: Value = serde_json::from_slice(&old.body).expect("json");
    cluster.call("POST", MAPS, Some(cm("b", json!({})))).await;
    let uri = format!("{MAPS}?watch=1&resourceVersion={}", crate::common::version(&old));
    let mut frames = Vec::new();
    for _ in 0..2 {
        let response = cluster.send("GET", &uri, &[MEDIA], Body::Empty).await;
        let mut watch = response.into_body().into_watch().expect("watch");
        frames.push(watch.next().await.expect("an event").line());
    }
    assert_eq!(frames[0].as_ptr(), frames[1].as_ptr());
}
