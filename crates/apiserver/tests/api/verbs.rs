//! What the verbs promise, over the in-memory store.

use crate::common::{Cluster, cm, name, version};
use apiserver::body::{Body, EventKind};
use serde_json::{Value, json};

const MAPS: &str = "/api/v1/namespaces/t/configmaps";

#[tokio::test]
async fn statuses_are_kubernetes_own() {
    let c = Cluster::start().await;
    let gone = c.call("GET", &format!("{MAPS}/none"), None).await.is(404);
    assert_eq!(gone["message"], "configmaps \"none\" not found");
    assert_eq!(gone["details"], json!({"name": "none", "kind": "configmaps"}));
    c.call("POST", MAPS, Some(cm("a", json!({})))).await.is(201);
    let taken = c.call("POST", MAPS, Some(cm("a", json!({})))).await.is(409);
    assert_eq!(
        (&taken["reason"], &taken["message"]),
        (&json!("AlreadyExists"), &json!("configmaps \"a\" already exists"))
    );
    let other = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}});
    let message = c.call("POST", MAPS, Some(other)).await;
    assert_eq!(message.code, 400);
    assert!(message.message().contains("Secret"), "{}", message.message());
    let wrong = c.call("PUT", &format!("{MAPS}/a"), Some(cm("b", json!({})))).await.is(400);
    assert_eq!(wrong["message"], "the name of the object (b) does not match the name on the URL (a)");
    let broken = c.raw("POST", MAPS, &[("content-type", "application/json")], b"{broken".to_vec()).await;
    assert_eq!((broken.code, &broken.json()["reason"]), (400, &json!("BadRequest")));
    assert_eq!(c.raw("POST", MAPS, &[("content-type", "text/plain")], b"x".to_vec()).await.code, 415);
    assert_eq!(c.raw("GET", MAPS, &[("accept", "image/png")], Body::Empty).await.code, 406);
    assert_eq!(c.call("DELETE", "/api/v1/namespaces", None).await.code, 405);
    assert_eq!(c.call("GET", "/apis/none.example/v1", None).await.code, 404);
    let large = cm("x", json!({"x": "y".repeat(4_000_000)}));
    assert_eq!(c.call("POST", MAPS, Some(large)).await.code, 413);
    let deep = format!("{}1{}", "{\"a\":".repeat(20000), "}".repeat(20000));
    assert_eq!(c.raw("POST", MAPS, &[("content-type", "application/json")], deep.into_bytes()).await.code, 400);
}

#[tokio::test]
async fn writers_do_not_overwrite_each_other() {
    let c = Cluster::start().await;
    let first = c.call("POST", MAPS, Some(cm("a", json!({"k": "1"})))).await.is(201);
    let mut next = first.clone();
    next["data"]["k"] = json!("2");
    let second = c.call("PUT", &format!("{MAPS}/a"), Some(next)).await.is(200);
    assert_ne!(version(&first), version(&second));
    let late = c.call("PUT", &format!("{MAPS}/a"), Some(first)).await.is(409);
    assert_eq!(
        late["message"],
        "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again"
    );
    let same = c.call("PUT", &format!("{MAPS}/a"), Some(second.clone())).await.is(200);
    assert_eq!(version(&same), version(&second), "an update that changes nothing writes nothing");
    let blind = c.call("PUT", &format!("{MAPS}/a"), Some(cm("a", json!({"k": "3"})))).await.is(200);
    assert_eq!(blind["metadata"]["uid"], second["metadata"]["uid"]);
    let wrong = json!({"preconditions": {"uid": "0-0"}});
    assert_eq!(c.call("DELETE", &format!("{MAPS}/a"), Some(wrong)).await.code, 409);
    assert_eq!(c.call("GET", &format!("{MAPS}/a"), None).await.is(200), blind);
}

#[tokio::test]
async fn patches_of_three_kinds() {
    let c = Cluster::start().await;
    let a = format!("{MAPS}/a");
    c.call("POST", MAPS, Some(cm("a", json!({"x": "1", "y": "2"})))).await.is(201);
    let merged = c.patch(&a, "merge-patch+json", json!({"data": {"x": null, "z": "3"}})).await.is(200);
    assert_eq!(merged["data"], json!({"y": "2", "z": "3"}));
    let test = |value: &str| json!([{"op": "test", "path": "/data/y", "value": value}, {"op": "replace", "path": "/data/y", "value": "4"}]);
    assert_eq!(c.patch(&a, "json-patch+json", test("2")).await.is(200)["data"]["y"], "4");
    assert_eq!(c.patch(&a, "json-patch+json", test("2")).await.code, 422);
    let labelled = c.patch(&a, "strategic-merge-patch+json", json!({"metadata": {"labels": {"l": "v"}}})).await.is(200);
    assert_eq!(labelled["metadata"]["labels"], json!({"l": "v"}));
    assert_eq!(c.patch(&a, "unknown+json", json!({})).await.code, 415);
    let nothing = c.patch(&a, "merge-patch+json", json!({})).await.is(200);
    assert_eq!(version(&nothing), version(&labelled));
    assert_eq!(c.patch(&a, "merge-patch+json", json!({"metadata": {"name": "b"}})).await.code, 400);
}

#[tokio::test]
async fn dry_run_writes_nothing_and_names_are_generated() {
    let c = Cluster::start().await;
    c.call("POST", &format!("{MAPS}?dryRun=All"), Some(cm("dry", json!({})))).await.is(201);
    assert_eq!(c.call("GET", &format!("{MAPS}/dry"), None).await.code, 404);
    assert_eq!(c.call("POST", &format!("{MAPS}?dryRun=Some"), Some(cm("dry", json!({})))).await.code, 422);
    let made = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "g-"}});
    let made = c.call("POST", MAPS, Some(made)).await.is(201);
    assert_eq!((&name(&made)[..2], name(&made).len()), ("g-", 7));
    let path = format!("{MAPS}/{}", name(&made));
    c.call("PUT", &format!("{path}?dryRun=All"), Some(cm(name(&made), json!({"a": "b"})))).await.is(200);
    c.call("DELETE", &format!("{path}?dryRun=All"), None).await.is(200);
    assert_eq!(c.call("GET", &path, None).await.is(200), made);
}

#[tokio::test]
async fn unknown_fields_by_wish() {
    let c = Cluster::start().await;
    let mut odd = cm("a", json!({}));
    odd["nonsense"] = json!(1);
    let warned = c.call("POST", MAPS, Some(odd.clone())).await;
    assert_eq!(warned.headers["warning"], "299 - \"unknown field \\\"nonsense\\\"\"");
    assert!(warned.is(201).get("nonsense").is_none());
    let strict = c.call("POST", &format!("{MAPS}?fieldValidation=Strict"), Some(odd)).await;
    assert!(strict.message().contains("strict decoding error: unknown field \"nonsense\""), "{}", strict.message());
    assert_eq!(strict.code, 400);
    let twice = br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b","name":"c"}}"#.to_vec();
    let twice = c.raw("POST", MAPS, &[], twice).await;
    assert!(twice.headers["warning"].to_str().expect("text").contains("duplicate field"));
    let yaml = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yml\ndata:\n  a: b\n".to_vec();
    assert_eq!(c.raw("POST", MAPS, &[("content-type", "application/yaml")], yaml).await.is(201)["data"]["a"], "b");
    let shown = c.raw("GET", &format!("{MAPS}/yml"), &[("accept", "application/yaml")], Body::Empty).await;
    assert!(String::from_utf8_lossy(&shown.body).contains("a: b"));
}

#[tokio::test]
async fn finalizers_hold_an_object() {
    let c = Cluster::start().await;
    let a = format!("{MAPS}/a");
    let mut held = cm("a", json!({}));
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    c.call("POST", MAPS, Some(held)).await.is(201);
    let marked = c.call("DELETE", &a, None).await.is(200);
    assert!(marked["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(marked["metadata"]["deletionGracePeriodSeconds"], 0);
    let again = c.call("DELETE", &a, None).await.is(200);
    assert_eq!(version(&again), version(&marked));
    assert_eq!(
        c.call("POST", MAPS, Some(cm("a", json!({})))).await.is(409)["message"],
        "object is being deleted: configmaps \"a\" already exists"
    );
    c.patch(&a, "merge-patch+json", json!({"metadata": {"finalizers": null}})).await.is(200);
    assert_eq!(c.call("GET", &a, None).await.code, 404);
    c.call("POST", MAPS, Some(cm("b", json!({})))).await.is(201);
    let foreground = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"});
    let waits = c.call("DELETE", &format!("{MAPS}/b"), Some(foreground)).await.is(200);
    assert_eq!(waits["metadata"]["finalizers"], json!(["foregroundDeletion"]));
    c.call("POST", MAPS, Some(cm("c", json!({})))).await.is(201);
    let gone = c.call("DELETE", &format!("{MAPS}/c"), None).await.is(200);
    assert_eq!(
        (&gone["kind"], &gone["status"], &gone["details"]["kind"]),
        (&json!("Status"), &json!("Success"), &json!("configmaps"))
    );
}

#[tokio::test]
async fn a_collection_is_deleted_by_selector() {
    let c = Cluster::start().await;
    for i in 0..10 {
        let mut map = cm(&format!("m{i}"), json!({}));
        map["metadata"]["labels"] = json!({"odd": (i % 2 == 1).to_string()});
        c.call("POST", MAPS, Some(map)).await.is(201);
    }
    let gone = c.call("DELETE", &format!("{MAPS}?labelSelector=odd%3Dtrue"), None).await.is(200);
    assert_eq!(gone["items"].as_array().expect("items").len(), 5);
    let left = c.call("GET", &format!("{MAPS}?labelSelector=odd"), None).await.is(200);
    let left: Vec<&str> = left["items"].as_array().expect("items").iter().map(name).collect();
    assert_eq!(left, ["m0", "m2", "m4", "m6", "m8"]);
}

#[tokio::test]
async fn status_and_spec_are_kept_apart_and_scaled() {
    let c = Cluster::start().await;
    let path = "/apis/apps/v1/namespaces/t/deployments";
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "x", "image": "i"}]}});
    let body = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "generation": 9}, "status": {"replicas": 7},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template}});
    let made = c.call("POST", path, Some(body)).await.is(201);
    assert_eq!(made["metadata"]["generation"], 1);
    assert!(made["status"].get("replicas").is_none());
    let d = format!("{path}/d");
    let status = json!({"status": {"replicas": 3, "observedGeneration": 1}, "spec": {"replicas": 50}});
    let seen = c.patch(&format!("{d}/status"), "merge-patch+json", status).await.is(200);
    assert_eq!(
        (&seen["status"]["replicas"], &seen["spec"]["replicas"], &seen["metadata"]["generation"]),
        (&json!(3), &json!(2), &json!(1))
    );
    let spec =
        c.patch(&d, "merge-patch+json", json!({"spec": {"paused": true}, "status": {"replicas": 9}})).await.is(200);
    assert_eq!((&spec["status"]["replicas"], &spec["metadata"]["generation"]), (&json!(3), &json!(2)));
    let scale = c.call("GET", &format!("{d}/scale"), None).await.is(200);
    assert_eq!((&scale["spec"]["replicas"], &scale["status"]), (&json!(2), &json!({"replicas": 3, "selector": "a=b"})));
    let mut wanted = scale.clone();
    wanted["spec"]["replicas"] = json!(4);
    assert_eq!(c.call("PUT", &format!("{d}/scale"), Some(wanted.clone())).await.is(200)["spec"]["replicas"], 4);
    assert_eq!(c.call("PUT", &format!("{d}/scale"), Some(wanted)).await.code, 409);
    c.patch(&format!("{d}/scale"), "merge-patch+json", json!({"spec": {"replicas": 5}})).await.is(200);
    let whole = c.call("GET", &d, None).await.is(200);
    assert_eq!((&whole["spec"]["replicas"], &whole["metadata"]["generation"]), (&json!(5), &json!(4)));
}

#[tokio::test]
async fn watch_sees_what_a_list_has_not() {
    let c = Cluster::start().await;
    for i in 0..3 {
        let mut map = cm(&format!("a{i}"), json!({}));
        map["metadata"]["labels"] = if i > 0 { json!({"w": "1"}) } else { json!({}) };
        c.call("POST", MAPS, Some(map)).await.is(201);
    }
    let list = c.call("GET", MAPS, None).await.is(200);
    let mut b = cm("b", json!({}));
    b["metadata"]["labels"] = json!({"w": "1"});
    c.call("POST", MAPS, Some(b)).await.is(201);
    c.patch(&format!("{MAPS}/a1"), "merge-patch+json", json!({"metadata": {"labels": {"w": null}}})).await.is(200);
    c.call("DELETE", &format!("{MAPS}/b"), None).await.is(200);
    let uri = format!("{MAPS}?watch=1&resourceVersion={}&labelSelector=w%3D1", version(&list));
    let events = c.watch(&uri, 3).await;
    let seen: Vec<(EventKind, &str)> = events.iter().map(|(kind, object)| (*kind, name(object))).collect();
    assert_eq!(seen, [(EventKind::Added, "b"), (EventKind::Deleted, "a1"), (EventKind::Deleted, "b")]);
    let versions: Vec<u64> = events.iter().map(|(_, o)| version(o).parse().expect("number")).collect();
    assert!(versions.is_sorted() && versions[0] > version(&list).parse().expect("number"));
    let uri =
        format!("{MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    let events = c.watch(&uri, 4).await;
    assert_eq!(
        events.iter().map(|(k, _)| *k).collect::<Vec<_>>(),
        [EventKind::Added, EventKind::Added, EventKind::Added, EventKind::Bookmark]
    );
    assert_eq!(events[3].1["metadata"]["annotations"], json!({"k8s.io/initial-events-end": "true"}));
    let forbidden = c.call("GET", &format!("{MAPS}?watch=1&sendInitialEvents=true"), None).await;
    assert_eq!(forbidden.code, 422);
}

#[tokio::test]
async fn a_revision_that_is_gone_is_an_error_event_and_time_ends_a_watch() {
    let c = Cluster::start().await;
    c.call("POST", MAPS, Some(cm("a", json!({})))).await.is(201);
    // A new server over the same store knows nothing of what was before it.
    let again = Cluster::over(c.store.clone()).await;
    let events = again.watch(&format!("{MAPS}?watch=1&resourceVersion=1"), 1).await;
    assert_eq!(
        (events[0].0, &events[0].1["code"], &events[0].1["reason"]),
        (EventKind::Error, &json!(410), &json!("Expired"))
    );
    assert!(events[0].1["message"].as_str().expect("text").starts_with("too old resource version: 1 ("));
    let ended = c.watch(&format!("{MAPS}?watch=1&timeoutSeconds=1"), 5).await;
    assert_eq!(ended.iter().map(|(k, o)| (*k, name(o))).collect::<Vec<_>>(), [(EventKind::Added, "a")]);
}

#[tokio::test]
async fn a_connection_gets_lines() {
    let c = Cluster::start().await;
    c.call("POST", MAPS, Some(cm("a", json!({})))).await.is(201);
    let raw = c.raw("GET", &format!("{MAPS}?watch=1&timeoutSeconds=1"), &[], Body::Empty).await;
    let text = String::from_utf8(raw.body).expect("text");
    let line: Value = serde_json::from_str(text.lines().next().expect("line")).expect("json");
    assert_eq!((&line["type"], name(&line["object"])), (&json!("ADDED"), "a"));
}

#[tokio::test]
async fn pages_are_one_picture() {
    let c = Cluster::start().await;
    for i in 0..25 {
        let mut map = cm(&format!("m{i:02}"), json!({}));
        map["metadata"]["labels"] = json!({"even": (i % 2 == 0).to_string(), "n": i.to_string()});
        c.call("POST", MAPS, Some(map)).await.is(201);
    }
    let (mut seen, mut versions, mut token) = (Vec::new(), std::collections::BTreeSet::new(), String::new());
    loop {
        let page = c.call("GET", &format!("{MAPS}?limit=10&labelSelector=n&continue={token}"), None).await.is(200);
        seen.extend(page["items"].as_array().expect("items").iter().map(|i| name(i).to_owned()));
        versions.insert(version(&page).to_owned());
        token = page["metadata"]["continue"].as_str().unwrap_or_default().to_owned();
        if token.is_empty() {
            break;
        }
        let mut late = cm(&format!("late{}", seen.len()), json!({}));
        late["metadata"]["labels"] = json!({"n": "9"});
        c.call("POST", MAPS, Some(late)).await.is(201);
    }
    assert_eq!(seen, (0..25).map(|i| format!("m{i:02}")).collect::<Vec<_>>());
    assert_eq!(versions.len(), 1);
    let first = c.call("GET", &format!("{MAPS}?limit=10"), None).await.is(200);
    assert_eq!(first["metadata"]["remainingItemCount"], 17);
    let count = async |query: &str| {
        c.call("GET", &format!("{MAPS}?{query}"), None).await.is(200)["items"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(count("labelSelector=even%3Dtrue,n+in+(1,2,4)").await, 2);
    assert_eq!(count("fieldSelector=metadata.name%3Dm07").await, 1);
    let bad = c.call("GET", &format!("{MAPS}?labelSelector=a%3D%3D%3Db"), None).await;
    assert!(bad.code == 400 && bad.message().contains("unable to parse requirement"), "{bad:?}");
    let bad = c.call("GET", &format!("{MAPS}?fieldSelector=data.x%3D1"), None).await;
    assert!(
        bad.message()
            .contains("\"data.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""),
        "{bad:?}"
    );
    let old = c
        .call("GET", &format!("{MAPS}?resourceVersion={}&resourceVersionMatch=Exact", version(&first)), None)
        .await
        .is(200);
    assert_eq!(old["items"].as_array().map_or(0, Vec::len), 27);
}

#[tokio::test]
async fn tables_and_metadata() {
    let c = Cluster::start().await;
    c.call("POST", MAPS, Some(cm("m", json!({"a": "b"})))).await.is(201);
    let table =
        c.raw("GET", MAPS, &[("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")], Body::Empty).await.is(200);
    assert_eq!((&table["kind"], &table["apiVersion"]), (&json!("Table"), &json!("meta.k8s.io/v1")));
    let heads: Vec<&Value> =
        table["columnDefinitions"].as_array().expect("columns").iter().map(|h| &h["name"]).collect();
    assert_eq!(heads, ["Name", "Data", "Age"]);
    assert_eq!((&table["rows"][0]["cells"][0], &table["rows"][0]["cells"][1]), (&json!("m"), &json!(1)));
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    let accept = [("accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")];
    let only = c.raw("GET", MAPS, &accept, Body::Empty).await.is(200);
    assert_eq!((&only["kind"], name(&only["items"][0])), (&json!("PartialObjectMetadataList"), "m"));
    assert!(only["items"][0].get("data").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_lose_nothing() {
    let c = std::sync::Arc::new(Cluster::start().await);
    c.call("POST", MAPS, Some(cm("n", json!({"v": "0"})))).await.is(201);
    let path = format!("{MAPS}/n");
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (c, path) = (c.clone(), path.clone());
        tasks.push(tokio::spawn(async move {
            for _ in 0..25 {
                loop {
                    let mut now = c.call("GET", &path, None).await.is(200);
                    let value: u32 = now["data"]["v"].as_str().expect("text").parse().expect("number");
                    now["data"]["v"] = json!((value + 1).to_string());
                    if c.call("PUT", &path, Some(now)).await.code == 200 {
                        break;
                    }
                }
            }
        }));
    }
    for task in tasks {
        task.await.expect("writer");
    }
    assert_eq!(c.call("GET", &path, None).await.is(200)["data"]["v"], "200");
}

#[tokio::test]
async fn apply_takes_and_gives_back_fields() {
    let c = Cluster::start().await;
    let a = format!("{MAPS}/a");
    let apply = async |manager: &str, data: Value, force: bool| {
        let uri = format!("{a}?fieldManager={manager}{}", if force { "&force=true" } else { "" });
        c.patch(&uri, "apply-patch+yaml", cm("a", data)).await
    };
    apply("one", json!({"x": "1", "y": "1"}), false).await.is(201);
    let same = apply("one", json!({"x": "1", "y": "1"}), false).await.is(200);
    assert_eq!(version(&same), version(&c.call("GET", &a, None).await.is(200)));
    let conflict = apply("two", json!({"x": "2"}), false).await.is(409);
    assert_eq!(conflict["details"]["causes"][0]["field"], ".data.x");
    assert_eq!(apply("two", json!({"x": "2"}), true).await.is(200)["data"], json!({"x": "2", "y": "1"}));
    assert_eq!(apply("one", json!({}), false).await.is(200)["data"], json!({"x": "2"}));
    assert_eq!(c.patch(&a, "apply-patch+yaml", cm("a", json!({}))).await.code, 422, "a manager must be named");
}

#[tokio::test]
async fn leases_are_created_by_an_update() {
    let c = Cluster::start().await;
    let uri = "/apis/coordination.k8s.io/v1/namespaces/t/leases/l";
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": {"holderIdentity": "a"}});
    let made = c.call("PUT", uri, Some(lease.clone())).await.is(201);
    assert_eq!(made["spec"]["holderIdentity"], "a");
    let bare = c.call("PUT", uri, Some(lease)).await;
    assert_eq!(bare.code, 422, "an update of a lease needs its version: {bare:?}");
}
