use super::*;
use serde_json::json;

#[test]
fn operations_that_apply() {
    let doc = json!({"a": {"b": [1, 2, 3], "c~d/e": "x"}, "n": null});
    for (patch, want) in [
        (json!([]), doc.clone()),
        (
            json!([{"op": "add", "path": "/a/b/1", "value": 9}]),
            json!({"a": {"b": [1, 9, 2, 3], "c~d/e": "x"}, "n": null}),
        ),
        (
            json!([{"op": "add", "path": "/a/b/-", "value": 9}]),
            json!({"a": {"b": [1, 2, 3, 9], "c~d/e": "x"}, "n": null}),
        ),
        (
            json!([{"op": "add", "path": "/a/b/-1", "value": 9}]),
            json!({"a": {"b": [1, 2, 3, 9], "c~d/e": "x"}, "n": null}),
        ),
        (json!([{"op": "remove", "path": "/a/b/-1"}]), json!({"a": {"b": [1, 2], "c~d/e": "x"}, "n": null})),
        (
            json!([{"op": "replace", "path": "/a/c~0d~1e", "value": "y"}]),
            json!({"a": {"b": [1, 2, 3], "c~d/e": "y"}, "n": null}),
        ),
        (
            json!([{"op": "replace", "path": "/new", "value": 1}]),
            json!({"a": {"b": [1, 2, 3], "c~d/e": "x"}, "n": null, "new": 1}),
        ),
        (
            json!([{"op": "move", "from": "/a/b", "path": "/b"}]),
            json!({"a": {"c~d/e": "x"}, "b": [1, 2, 3], "n": null}),
        ),
        (
            json!([{"op": "copy", "from": "/a/b/0", "path": "/b"}]),
            json!({"a": {"b": [1, 2, 3], "c~d/e": "x"}, "b": 1, "n": null}),
        ),
        (
            json!([{"op": "test", "path": "/a/b", "value": [1, 2, 3]}, {"op": "test", "path": "/n", "value": null}, {"op": "test", "path": "/absent"}]),
            doc.clone(),
        ),
        (json!([{"op": "replace", "path": "", "value": {"x": 1}}]), json!({"x": 1})),
    ] {
        assert_eq!(apply(&doc, &patch), Ok(want), "{patch}");
    }
}

#[test]
fn operations_that_do_not() {
    let doc = json!({"a": {"b": [1]}});
    for (patch, want) in [
        (
            json!([{"op": "add", "path": "/x/y", "value": 1}]),
            "add operation does not apply: doc is missing path: \"/x/y\": missing value",
        ),
        (
            json!([{"op": "add", "path": "/a/b/5", "value": 1}]),
            "error in add for path: '/a/b/5': Unable to access invalid index: 5: invalid index referenced",
        ),
        (
            json!([{"op": "remove", "path": "/x"}]),
            "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value",
        ),
        (
            json!([{"op": "replace", "path": "/a/b/3", "value": 1}]),
            "replace operation does not apply: doc is missing key: /a/b/3: missing value",
        ),
        (json!([{"op": "test", "path": "/a", "value": 1}]), "testing value /a failed: test failed"),
        (json!([{"op": "nothing", "path": "/a"}]), "Unexpected kind: nothing"),
        (json!([{"op": "add", "value": 1}]), "add operation failed to decode path: missing value"),
        (
            json!([{"op": "add", "path": "", "value": 1}]),
            "add operation does not apply: doc is missing path: \"\": missing value",
        ),
    ] {
        let error = apply(&doc, &patch).unwrap_err();
        assert_eq!(error.to_string(), want, "{patch}");
        assert_eq!(error.status().code, 422);
    }
    let error = apply(&doc, &json!({"op": "add"})).unwrap_err();
    assert_eq!(error.to_string(), "json: cannot unmarshal object into Go value of type jsonpatch.Patch");
    assert_eq!(error.status().code, 400);
    let many = Value::Array(vec![json!({"op": "test", "path": "/x"}); MAX_OPERATIONS + 1]);
    let status = apply(&doc, &many).unwrap_err().status();
    assert_eq!(
        status.message,
        "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001"
    );
}

#[test]
fn copies_are_bounded() {
    let doc = json!({"a": ["x".repeat(1000)]});
    let grow = json!({"op": "copy", "from": "/a", "path": "/a/-"});
    let error = apply(&doc, &Value::Array(vec![grow; 40])).unwrap_err();
    assert!(error.to_string().starts_with("Unable to complete the copy"), "{error}");
}

#[test]
fn unknown_fields_are_named() {
    let patch = json!([{"op": "add", "path": "/a", "value": 1, "x": 2}]);
    assert_eq!(unknown_fields(&patch), ["unknown field \"[0].x\""]);
}
