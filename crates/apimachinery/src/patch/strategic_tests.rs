use super::*;
use crate::fixture::with_pod;
use serde_json::json;

fn patched(target: &Value, patch: &Value) -> Result<Value, PatchError> {
    with_pod(|schema| apply(target, patch, schema))
}

#[test]
fn merges() {
    let pod = json!({"metadata": {"name": "p", "labels": {"a": "1", "b": "2"}, "finalizers": ["x", "y"]}, "spec": {
        "containers": [{"name": "a", "image": "i", "env": [{"name": "A", "value": "1"}]}, {"name": "b", "image": "j"}],
        "tolerations": [{"key": "k"}], "volumes": [{"name": "v", "emptyDir": {}}], "nodeSelector": {"s": "t"}}});
    let with = |edit: fn(&mut Value)| {
        let mut p = pod.clone();
        edit(&mut p);
        p
    };
    for (patch, want) in [
        (json!({}), pod.clone()),
        (
            json!({"metadata": {"labels": {"a": null, "c": "3"}}}),
            with(|p| p["metadata"]["labels"] = json!({"b": "2", "c": "3"})),
        ),
        (
            json!({"spec": {"containers": [{"name": "b", "image": "k"}]}}),
            with(|p| p["spec"]["containers"][1]["image"] = json!("k")),
        ),
        (
            json!({"spec": {"containers": [{"name": "a", "env": [{"name": "B", "value": "2"}, {"name": "A", "$patch": "delete"}]}]}}),
            with(|p| p["spec"]["containers"][0]["env"] = json!([{"name": "B", "value": "2"}])),
        ),
        (
            json!({"spec": {"containers": [{"name": "a", "$patch": "delete"}]}}),
            with(|p| p["spec"]["containers"] = json!([{"name": "b", "image": "j"}])),
        ),
        (
            json!({"spec": {"containers": [{"name": "z", "image": null}, {"$patch": "replace"}]}}),
            with(|p| p["spec"]["containers"] = json!([{"name": "z", "image": null}])),
        ),
        (json!({"spec": {"tolerations": [{"key": "n"}]}}), with(|p| p["spec"]["tolerations"] = json!([{"key": "n"}]))),
        (
            json!({"spec": {"nodeSelector": {"u": "v"}}}),
            with(|p| p["spec"]["nodeSelector"] = json!({"s": "t", "u": "v"})),
        ),
        (
            json!({"spec": {"nodeSelector": {"$patch": "replace", "u": "v"}}}),
            with(|p| p["spec"]["nodeSelector"] = json!({"u": "v"})),
        ),
        (json!({"spec": {"nodeSelector": {"$patch": "delete"}}}), with(|p| p["spec"]["nodeSelector"] = json!({}))),
        (
            json!({"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/p"}, "$retainKeys": ["name", "hostPath"]}]}}),
            with(|p| p["spec"]["volumes"] = json!([{"name": "v", "hostPath": {"path": "/p"}}])),
        ),
        (
            json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["x"], "finalizers": ["z"]}}),
            with(|p| p["metadata"]["finalizers"] = json!(["z", "y"])),
        ),
        (json!({"metadata": {"finalizers": ["y"]}}), pod.clone()),
        (
            json!({"metadata": {"finalizers": null}}),
            with(|p| drop(p["metadata"].as_object_mut().unwrap().remove("finalizers"))),
        ),
        (json!({"status": {"phase": "Running", "x": null}}), with(|p| p["status"] = json!({"phase": "Running"}))),
    ] {
        assert_eq!(patched(&pod, &patch), Ok(want), "{patch}");
    }
}

#[test]
fn order_of_lists() {
    let names = |value: &Value| -> Vec<String> {
        value["spec"]["containers"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect()
    };
    let list = |names: &str| -> Value { names.chars().map(|c| json!({"name": c.to_string()})).collect() };
    for (old, new, order, want) in [
        ("abc", "d", None, "dabc"),
        ("abc", "cb", None, "acb"),
        ("abc", "c", Some("cba"), "cba"),
        ("abc", "d", Some("dac"), "dabc"),
        ("abc", "", Some("ca"), "bca"),
        ("", "ab", Some("ab"), "ab"),
        ("axbyc", "d", Some("cbad"), "xycbad"),
        ("xaby", "", Some("ba"), "xbay"),
    ] {
        let mut spec = json!({});
        if !new.is_empty() {
            spec["containers"] = list(new);
        }
        if let Some(order) = order {
            spec["$setElementOrder/containers"] = list(order);
        }
        let pod = json!({"spec": {"containers": list(old)}});
        let got = patched(&pod, &json!({"spec": spec})).unwrap();
        assert_eq!(names(&got).concat(), want, "{old} + {new} by {order:?}");
    }
    let pod = json!({"metadata": {"finalizers": ["a", "b", "c"]}});
    let got =
        patched(&pod, &json!({"metadata": {"$setElementOrder/finalizers": ["c", "d"], "finalizers": ["d"]}})).unwrap();
    assert_eq!(got["metadata"]["finalizers"], json!(["a", "b", "c", "d"]));
}

#[test]
fn refusals() {
    let pod =
        json!({"spec": {"containers": [{"name": "a"}], "volumes": [{"name": "v"}]}, "metadata": {"finalizers": ["a"]}});
    for (patch, code, want) in [
        (json!([]), 400, "invalid JSON document"),
        (json!({"$patch": "what"}), 500, "unknown patch type: what in map: map[$patch:what]"),
        (
            json!({"spec": {"containers": [{"image": "x"}]}}),
            500,
            "map: map[image:x] does not contain declared merge key: name",
        ),
        (
            json!({"spec": {"containers": [{"name": "x", "$patch": "merge"}]}}),
            500,
            "merging lists cannot yet be specified in the patch",
        ),
        (json!({"spec": {"$setElementOrder/containers": 7}}), 400, "invalid patch format of setElementOrder list"),
        (json!({"spec": {"$setElementOrder": []}}), 400, "invalid patch format of setElementOrder list"),
        (json!({"metadata": {"$deleteFromPrimitiveList": ["a"]}}), 400, "invalid patch format of primitive list"),
        (
            json!({"spec": {"volumes": [{"name": "v", "$retainKeys": ["emptyDir"]}]}}),
            400,
            "invalid patch format of retainKeys",
        ),
        (json!({"metadata": {"finalizers": [["a"]]}}), 422, "lists of lists are not supported"),
        (json!({"metadata": {"finalizers": [1]}}), 500, "list element types are not identical: [a 1]"),
    ] {
        let error = patched(&pod, &patch).unwrap_err();
        assert_eq!(error.to_string(), want, "{patch}");
        assert_eq!(error.status().code, code, "{patch}");
    }
    let patch = json!({"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "c"}], "containers": [{"name": "c"}, {"name": "b"}]}});
    assert!(matches!(patched(&pod, &patch), Err(PatchError::OrderMismatch { .. })));
}

#[test]
fn long_lists_are_merged_as_short_ones() {
    let name = |i: usize| json!({"name": format!("n{i}"), "image": "x"});
    let pod = json!({"spec": {"containers": (0..3000).map(name).collect::<Vec<_>>()}, "metadata": {"finalizers": (0..3000).map(|i| i.to_string()).collect::<Vec<_>>()}});
    let mut items: Vec<Value> = (1000..4000).map(|i| json!({"name": format!("n{i}"), "image": "y"})).collect();
    items.extend((0..500).map(|i| json!({"name": format!("n{i}"), "$patch": "delete"})));
    let patch = json!({"spec": {"containers": items}, "metadata": {"finalizers": (2000..5000).map(|i| i.to_string()).collect::<Vec<_>>(),
        "labels": (0..3000).map(|i| (format!("l{i}"), json!("x"))).collect::<Map<_, _>>()}});
    let got = patched(&pod, &patch).unwrap();
    let containers = got["spec"]["containers"].as_array().unwrap();
    assert_eq!(containers.len(), 3500);
    let at = |name: &str| containers.iter().position(|c| c["name"] == name).unwrap();
    assert_eq!((at("n500"), at("n999"), at("n1000"), at("n3999")), (0, 499, 500, 3499));
    assert_eq!((&containers[at("n999")]["image"], &containers[at("n1000")]["image"]), (&json!("x"), &json!("y")));
    assert_eq!(got["metadata"]["finalizers"].as_array().unwrap().len(), 5000);
}
