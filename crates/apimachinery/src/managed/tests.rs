use super::*;
use crate::fixture::with_pod;
use serde_json::json;

const T1: &str = "2026-01-01T00:00:00Z";
const T2: &str = "2026-01-01T00:01:00Z";

fn write(live: Option<&Value>, mut new: Value, manager: &str, subresource: &str, now: &str) -> Value {
    let reset: &[&str] = if subresource == "status" { &["spec"] } else { &["status"] };
    let change = Change { manager, api_version: "v1", subresource, now: now.parse().unwrap(), reset };
    with_pod(|schema| update(live, &mut new, schema, &change));
    new
}

fn entry(manager: &str, subresource: &str, time: &str, fields: Value) -> Value {
    let mut entry = json!({"manager": manager, "operation": "Update", "apiVersion": "v1", "time": time, "fieldsType": "FieldsV1", "fieldsV1": fields});
    if !subresource.is_empty() {
        entry["subresource"] = subresource.into();
    }
    entry
}

fn fields(object: &Value) -> &Value {
    &object["metadata"]["managedFields"]
}

fn pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "p", "namespace": "n", "uid": "u", "resourceVersion": "1", "creationTimestamp": T1, "labels": {"a": "1"}, "finalizers": ["x/y"]},
        "spec": {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}], "resources": {}, "args": ["x"]}],
            "tolerations": [{"key": "k"}], "nodeSelector": {"a": "b"}}})
}

#[test]
fn creation_owns_everything_but_what_the_server_keeps() {
    let created = write(None, pod(), "kubectl", "", T1);
    let want = json!({
        "f:metadata": {"f:labels": {".": {}, "f:a": {}}, "f:finalizers": {".": {}, "v:\"x/y\"": {}}},
        "f:spec": {".": {}, "f:containers": {".": {}, "k:{\"name\":\"c\"}": {
            ".": {}, "f:name": {}, "f:image": {}, "f:resources": {}, "f:args": {},
            "f:ports": {".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}},
            "f:tolerations": {}, "f:nodeSelector": {}}});
    assert_eq!(fields(&created), &json!([entry("kubectl", "", T1, want)]));
}

#[test]
fn an_update_takes_what_it_changes() {
    let created = write(None, pod(), "kubectl", "", T1);
    let mut new = created.clone();
    new["metadata"]["labels"] = json!({"a": "2", "b": "3"});
    new["spec"]["containers"][0]["image"] = json!("j");
    new["spec"]["tolerations"] = json!([]);
    let updated = write(Some(&created), new, "editor", "", T2);
    let first = json!({
        "f:metadata": {"f:labels": {".": {}}, "f:finalizers": {".": {}, "v:\"x/y\"": {}}},
        "f:spec": {".": {}, "f:containers": {".": {}, "k:{\"name\":\"c\"}": {
            ".": {}, "f:name": {}, "f:resources": {}, "f:args": {},
            "f:ports": {".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}},
            "f:nodeSelector": {}}});
    let mut first = first;
    first["f:metadata"]["f:labels"] = json!({});
    let second = json!({
        "f:metadata": {"f:labels": {"f:a": {}, "f:b": {}}},
        "f:spec": {"f:containers": {"k:{\"name\":\"c\"}": {"f:image": {}}}, "f:tolerations": {}}});
    assert_eq!(fields(&updated), &json!([entry("kubectl", "", T1, first), entry("editor", "", T2, second)]));
}

#[test]
fn nothing_changed_nothing_moves() {
    let created = write(None, pod(), "kubectl", "", T1);
    assert_eq!(write(Some(&created), created.clone(), "kubectl", "", T2), created);
    assert_eq!(write(Some(&created), created.clone(), "other", "", T2), created);
    let mut forgetful = created.clone();
    meta::take_managed_fields(&mut forgetful);
    assert_eq!(write(Some(&created), forgetful, "other", "", T2), created);
}

#[test]
fn removal_leaves_all_sets() {
    let created = write(None, pod(), "kubectl", "", T1);
    let mut new = created.clone();
    for key in ["labels", "finalizers"] {
        new["metadata"].as_object_mut().unwrap().remove(key);
    }
    new["spec"] = json!({"containers": []});
    let updated = write(Some(&created), new, "editor", "", T2);
    assert_eq!(fields(&updated), &json!([entry("kubectl", "", T1, json!({"f:spec": {".": {}, "f:containers": {}}}))]));
}

#[test]
fn status_has_an_entry_of_its_own() {
    let created = write(None, pod(), "kubectl", "", T1);
    let mut new = created.clone();
    new["status"] = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
    new["spec"]["nodeName"] = json!("ignored by reset");
    let updated = write(Some(&created), new, "kubelet", "status", T2);
    let status = json!({"f:status": {".": {}, "f:phase": {}, "f:conditions": {".": {}, "k:{\"type\":\"Ready\"}": {".": {}, "f:type": {}, "f:status": {}}}}});
    assert_eq!(fields(&updated)[1], entry("kubelet", "status", T2, status));
    let mut again = updated.clone();
    again["status"]["conditions"][0]["status"] = json!("False");
    again["metadata"]["managedFields"] = json!([{}]);
    let last = write(Some(&updated), again, "kubelet", "status", T2);
    assert_eq!(fields(&last), fields(&updated), "a subresource cannot reset them");
}

#[test]
fn clients_may_set_and_reset_them() {
    let created = write(None, pod(), "kubectl", "", T1);
    for reset in [json!([]), json!([{}])] {
        let mut new = created.clone();
        new["metadata"]["managedFields"] = reset;
        new["spec"]["nodeName"] = json!("n");
        let updated = write(Some(&created), new, "editor", "", T2);
        assert_eq!(fields(&updated), &Value::Null);
        let mut next = updated.clone();
        next["spec"]["nodeName"] = json!("m");
        assert_eq!(fields(&write(Some(&updated), next, "editor", "", T2)), &Value::Null, "not tracked any more");
    }
    let mut new = created.clone();
    new["metadata"]["managedFields"] = json!([{"manager": "x", "operation": "Nonsense"}]);
    assert_eq!(fields(&write(Some(&created), new, "editor", "", T2)), fields(&created));
    let mut new = created.clone();
    let own = entry("mine", "", T1, json!({"f:spec": {"f:containers": {"k:{ \"name\" : \"c\" }": {"f:image": {}}}}}));
    new["metadata"]["managedFields"] = json!([own]);
    let want = entry("mine", "", T1, json!({"f:spec": {"f:containers": {"k:{\"name\":\"c\"}": {"f:image": {}}}}}));
    assert_eq!(fields(&write(Some(&created), new, "editor", "", T2)), &json!([want]));
}

#[test]
fn many_managers_become_one() {
    let mut object = write(None, pod(), "m00", "", "2026-01-01T00:00:00Z");
    for i in 1..15 {
        let mut new = object.clone();
        new["metadata"]["labels"][format!("l{i:02}")] = json!("x");
        object = write(Some(&object), new, &format!("m{i:02}"), "", &format!("2026-01-01T00:00:{i:02}Z"));
    }
    let managers: Vec<&str> =
        fields(&object).as_array().unwrap().iter().map(|e| e["manager"].as_str().unwrap()).collect();
    assert_eq!(managers, ["ancient-changes", "m06", "m07", "m08", "m09", "m10", "m11", "m12", "m13", "m14"]);
    let labels = fields(&object)[0]["fieldsV1"]["f:metadata"]["f:labels"].as_object().unwrap();
    assert_eq!(labels.keys().collect::<Vec<_>>(), [".", "f:a", "f:l01", "f:l02", "f:l03", "f:l04", "f:l05"]);
}

#[test]
fn duplicates_in_lists_are_owned_as_a_whole() {
    let mut twice = pod();
    twice["spec"]["containers"][0]["ports"] = json!([{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}]);
    let created = write(None, twice, "kubectl", "", T1);
    let ports = &fields(&created)[0]["fieldsV1"]["f:spec"]["f:containers"]["k:{\"name\":\"c\"}"]["f:ports"];
    assert_eq!(ports, &json!({".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {}}));
    let mut once = created.clone();
    once["spec"]["containers"][0]["ports"] = json!([{"containerPort": 80}]);
    let updated = write(Some(&created), once, "kubectl", "", T2);
    let ports = &fields(&updated)[0]["fieldsV1"]["f:spec"]["f:containers"]["k:{\"name\":\"c\"}"]["f:ports"];
    assert_eq!(
        ports,
        &json!({".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}})
    );
}

#[test]
fn names_of_managers() {
    for (parameter, agent, want) in [
        ("me", "kubectl/v1", "me"),
        ("", "kubectl/v1.30 (linux)", "kubectl"),
        ("", "Mozilla", "Mozilla"),
        ("", "a\tb/x", "ab"),
        ("", "", ""),
    ] {
        assert_eq!(manager_name(parameter, agent), want);
    }
    assert_eq!(manager_name("", &"ä".repeat(100)).len(), 128);
}
