use super::{custom::custom_row, row};
use jiff::Timestamp;
use serde_json::{Value, json};

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a time")
}

fn cells(group: &str, kind: &str, object: &Value) -> Vec<Value> {
    row(crate::by_kind(group, "v1", kind).expect("a kind"), object, now())
}

fn pod(status: Value, meta: Value) -> Value {
    let mut object = json!({"metadata": {"name": "p", "creationTimestamp": "2026-11-21T11:55:00Z"},
        "spec": {"nodeName": "n", "containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}]}, "status": status});
    for (k, v) in meta.as_object().expect("a map") {
        object["metadata"][k] = v.clone();
    }
    object
}

#[test]
fn the_state_of_a_pod_in_one_word() {
    let running = json!({"running": {}});
    let table = [
        (json!({"phase": "Pending"}), json!({}), "0/3", "Pending", "0"),
        (
            json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}),
            json!({}),
            "0/3",
            "Init:ImagePullBackOff",
            "0",
        ),
        (
            json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": running, "restartCount": 2, "lastState": {"terminated": {"finishedAt": "2026-11-21T11:59:55Z"}}}]}),
            json!({}),
            "0/3",
            "Init:0/2",
            "2 (5s ago)",
        ),
        (
            json!({"phase": "Running", "initContainerStatuses": [{"name": "i", "state": {"terminated": {"exitCode": 0}}}, {"name": "s", "started": true, "ready": true, "state": running}],
            "containerStatuses": [{"name": "a", "ready": true, "state": running}, {"name": "b", "ready": true, "state": running}]}),
            json!({}),
            "3/3",
            "Running",
            "0",
        ),
        (
            json!({"phase": "Running", "containerStatuses": [{"name": "a", "ready": true, "state": running}, {"name": "b", "restartCount": 1, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"finishedAt": "2026-11-21T11:50:00Z"}}}]}),
            json!({}),
            "1/3",
            "CrashLoopBackOff",
            "1 (10m ago)",
        ),
        (
            json!({"phase": "Failed", "containerStatuses": [{"name": "a", "state": {"terminated": {"exitCode": 3}}}]}),
            json!({}),
            "0/3",
            "ExitCode:3",
            "0",
        ),
        (json!({"phase": "Failed", "reason": "Evicted"}), json!({}), "0/3", "Evicted", "0"),
        (json!({"phase": "Running"}), json!({"deletionTimestamp": "2026-11-21T11:59:00Z"}), "0/3", "Terminating", "0"),
        (
            json!({"phase": "Running", "reason": "NodeLost"}),
            json!({"deletionTimestamp": "2026-11-21T11:59:00Z"}),
            "0/3",
            "Unknown",
            "0",
        ),
    ];
    for (status, meta, ready, state, restarts) in table {
        let cells = cells("", "Pod", &pod(status.clone(), meta));
        assert_eq!(cells[1..5], [json!(ready), json!(state), json!(restarts), json!("5m")], "{status}");
        assert_eq!(cells[5..], [json!("<none>"), json!("n"), json!("<none>"), json!("<none>")]);
    }
}

#[test]
fn every_kind_fills_all_its_columns() {
    let object = json!({"metadata": {"name": "x", "creationTimestamp": "2026-11-21T11:55:00Z"}});
    for resource in crate::table().iter().filter(|r| !r.columns.is_empty()) {
        assert_eq!(row(resource, &object, now()).len(), resource.columns.len(), "{} {}", resource.group, resource.kind);
    }
}

#[test]
fn a_service_and_its_endpoints() {
    let service = json!({"metadata": {"name": "s", "creationTimestamp": "2026-11-20T12:00:00Z"}, "spec": {"type": "NodePort", "clusterIPs": ["10.0.0.1"],
        "ports": [{"port": 80, "nodePort": 30000, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}], "selector": {"a": "b", "c": "d"}}});
    assert_eq!(
        cells("", "Service", &service),
        ["s", "NodePort", "10.0.0.1", "<none>", "80:30000/TCP,53/UDP", "24h", "a=b,c=d"].map(Value::from)
    );
    let endpoints = json!({"metadata": {"name": "s"}, "subsets": [{"addresses": [{"ip": "1.1.1.1"}, {"ip": "1.1.1.2"}], "ports": [{"port": 1}, {"port": 2}]}]});
    assert_eq!(cells("", "Endpoints", &endpoints)[1], "1.1.1.1:1,1.1.1.2:1,1.1.1.1:2 + 1 more...");
}

#[test]
fn json_paths_of_custom_columns() {
    let object = json!({"metadata": {"name": "x"}, "spec": {"n": 3, "a.b": "dot"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    let columns = [
        ("integer", ".spec.n"),
        ("string", ".status.conditions[?(@.type==\"Ready\")].status"),
        ("string", ".spec.a\\.b"),
        ("string", ".none.x"),
    ]
    .map(|(kind, path)| (kind.to_owned(), path.to_owned()));
    assert_eq!(custom_row(&columns, &object, now()), [json!("x"), json!(3), json!("True"), json!("dot"), Value::Null]);
}
