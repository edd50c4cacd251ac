use super::*;
use crate::fixture::with_pod;
use serde_json::json;

const T1: &str = "2026-01-01T00:00:00Z";
const T2: &str = "2026-01-01T00:01:00Z";

fn request<'a>(manager: &'a str, now: &str, force: bool) -> Apply<'a> {
    Apply {
        manager,
        api_version: "v1",
        kind: "Pod",
        subresource: "",
        now: now.parse().unwrap(),
        reset: &["status"],
        force,
    }
}

fn applied(live: Option<&Value>, config: &Value, request: Apply<'_>) -> Result<Value, ApplyError> {
    with_pod(|schema| apply(live, config, schema, &request))
}

fn config(spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
}

fn without(object: &Value) -> Value {
    let mut object = object.clone();
    meta::take_managed_fields(&mut object);
    object
}

#[test]
fn create_change_and_give_back() {
    let first = config(
        json!({"nodeName": "n", "containers": [{"name": "a", "image": "1"}, {"name": "b"}], "nodeSelector": {"x": "y"}}),
    );
    let object = applied(None, &first, request("me", T1, false)).unwrap();
    let fields = json!({"f:spec": {"f:nodeName": {}, "f:nodeSelector": {}, "f:containers": {
        "k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:image": {}}, "k:{\"name\":\"b\"}": {".": {}, "f:name": {}}}}});
    let entry = |fields: &Value, time: &str| json!([{"manager": "me", "operation": "Apply", "apiVersion": "v1", "time": time, "fieldsType": "FieldsV1", "fieldsV1": fields}]);
    assert_eq!(object["metadata"]["managedFields"], entry(&fields, T1));
    assert_eq!(
        applied(Some(&object), &first, request("me", T2, false)).unwrap(),
        object,
        "the same again changes nothing"
    );
    let second = config(json!({"containers": [{"name": "c"}, {"name": "a", "image": "2"}]}));
    let object = applied(Some(&object), &second, request("me", T2, false)).unwrap();
    assert_eq!(without(&object), config(json!({"containers": [{"name": "c"}, {"name": "a", "image": "2"}]})));
    let fields = json!({"f:spec": {"f:containers": {
        "k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:image": {}}, "k:{\"name\":\"c\"}": {".": {}, "f:name": {}}}}});
    assert_eq!(object["metadata"]["managedFields"], entry(&fields, T2));
}

#[test]
fn what_others_own() {
    let mine = config(json!({"nodeName": "n", "containers": [{"name": "a", "image": "1"}]}));
    let object = applied(None, &mine, request("me", T1, false)).unwrap();
    let theirs = config(json!({"nodeName": "m", "containers": [{"name": "a", "image": "2"}]}));
    let error = applied(Some(&object), &theirs, request("you", T2, false)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Apply failed with 2 conflicts: conflicts with \"me\":\n- .spec.containers[name=\"a\"].image\n- .spec.nodeName"
    );
    let status = error.status();
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
    assert_eq!(
        status.details.unwrap().causes[1],
        Cause {
            reason: "FieldManagerConflict".into(),
            message: "conflict with \"me\"".into(),
            field: ".spec.nodeName".into()
        }
    );
    let same = config(json!({"nodeName": "n"}));
    let shared = applied(Some(&object), &same, request("you", T2, false)).unwrap();
    assert_eq!(without(&shared), without(&object));
    let gone =
        applied(Some(&shared), &config(json!({"containers": [{"name": "a", "image": "1"}]})), request("me", T2, false))
            .unwrap();
    assert_eq!(gone["spec"]["nodeName"], "n", "the other one still owns it");
    let forced = applied(Some(&object), &theirs, request("you", T2, true)).unwrap();
    assert_eq!(forced["spec"]["nodeName"], "m");
    let mine: Vec<&Value> =
        forced["metadata"]["managedFields"].as_array().unwrap().iter().filter(|e| e["manager"] == "me").collect();
    assert_eq!(
        mine[0]["fieldsV1"],
        json!({"f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}}}}})
    );
}

#[test]
fn updates_conflict_too() {
    let mut object =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "uid": "u"}, "spec": {"nodeName": "n"}});
    let change = crate::managed::Change {
        manager: "kubectl-edit",
        api_version: "v1",
        subresource: "",
        now: T1.parse().unwrap(),
        reset: &[],
    };
    with_pod(|schema| crate::managed::update(None, &mut object, schema, &change));
    let error = applied(Some(&object), &config(json!({"nodeName": "m"})), request("me", T2, false)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Apply failed with 1 conflict: conflict with \"kubectl-edit\" using v1: .spec.nodeName"
    );
    meta::take_managed_fields(&mut object);
    let error = applied(Some(&object), &config(json!({"nodeName": "m"})), request("me", T2, false)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .spec.nodeName"
    );
}

#[test]
fn kubectl_takes_over_from_client_side_apply() {
    let last = config(json!({"nodeName": "n"})).to_string();
    let mut object = config(json!({"nodeName": "n"}));
    meta::set_annotation(&mut object, LAST_APPLIED, last);
    let change = crate::managed::Change {
        manager: "kubectl-client-side-apply",
        api_version: "v1",
        subresource: "",
        now: T1.parse().unwrap(),
        reset: &[],
    };
    with_pod(|schema| crate::managed::update(None, &mut object, schema, &change));
    let want = config(json!({"nodeName": "m"}));
    assert!(applied(Some(&object), &want, request("me", T2, false)).is_err());
    let taken = applied(Some(&object), &want, request("kubectl", T2, false)).unwrap();
    assert_eq!(taken["spec"]["nodeName"], "m");
    assert_eq!(meta::annotation(&taken, LAST_APPLIED), Some(format!("{want}\n").as_str()));
}

#[test]
fn order_of_lists() {
    let list = |names: &str| -> Value { names.chars().map(|c| json!({"name": c.to_string()})).collect() };
    for (live, wanted, result) in [
        ("abc", "b", "abc"),
        ("abc", "ca", "cab"),
        ("ab", "xb", "axb"),
        ("", "ab", "ab"),
        ("abcd", "dxb", "adxbc"),
        ("aXbYc", "cb", "aXcbY"),
    ] {
        let mut object = config(json!({"containers": list(live)}));
        meta::set_uid(&mut object, "u");
        let merged = with_pod(|schema| merge::merge(&object, &config(json!({"containers": list(wanted)})), schema));
        let names: String =
            merged["spec"]["containers"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
        assert_eq!(names.len(), result.len(), "{live} + {wanted}: {names}");
        for name in result.chars() {
            assert!(names.contains(name), "{live} + {wanted}: {names}");
        }
    }
}

#[test]
fn configurations_that_do_not_fit() {
    for (config, code, want) in [
        (json!({"apiVersion": "v2", "kind": "Pod"}), 400, "invalid object type: /v2, Kind=Pod"),
        (
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"managedFields": []}}),
            400,
            "metadata.managedFields must be nil",
        ),
        (
            config(json!({"bogus": 1})),
            500,
            "failed to create typed patch object (/p; /v1, Kind=Pod): .spec.bogus: field not declared in schema",
        ),
        (
            config(json!({"replicas": "x"})),
            500,
            "failed to create typed patch object (/p; /v1, Kind=Pod): .spec.replicas: expected numeric (int or float), got string",
        ),
        (
            config(json!({"containers": [{"name": "a"}, {"name": "a", "image": 7}]})),
            500,
            "failed to create typed patch object (/p; /v1, Kind=Pod): errors:\n  .spec.containers: duplicate entries for key [name=\"a\"]\n  .spec.containers[name=\"a\"].image: expected string, got &value.valueUnstructured{Value:7}",
        ),
        (
            config(json!({"containers": [{"image": "a"}]})),
            500,
            "failed to create typed patch object (/p; /v1, Kind=Pod): .spec.containers: element 0: associative list with keys has an element that omits all key fields [\"name\"] (and doesn't have default values for any key fields)",
        ),
    ] {
        let error = applied(None, &config, request("me", T1, false)).unwrap_err();
        assert_eq!((error.status().code, error.to_string().as_str()), (code, want));
    }
}
