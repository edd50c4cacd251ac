use super::*;
use crate::resource::Resource;
use apimachinery::field::FieldError;
use serde_json::json;
use std::sync::Arc;

fn definition(schema: Value) -> Value {
    json!({"metadata": {"name": "foos.e.x", "uid": "u"}, "spec": {"group": "e.x", "scope": "Namespaced",
        "names": {"plural": "foos", "singular": "foo", "kind": "Foo", "listKind": "FooList", "shortNames": ["f"]},
        "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema},
            "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}},
            "selectableFields": [{"jsonPath": ".spec.color"}]}]}})
}

fn row(schema: Value) -> Arc<Resource> {
    Definition::read(&definition(schema)).expect("a definition").rows[0].clone()
}

fn object(spec: Value) -> Value {
    json!({"apiVersion": "e.x/v1", "kind": "Foo", "metadata": {"name": "a", "namespace": "n"}, "spec": spec})
}

fn spec(schema: Value) -> Value {
    json!({"type": "object", "properties": {"spec": schema}})
}

fn wrong(schema: Value, given: Value) -> Vec<String> {
    let row = row(spec(schema));
    create(of(&row).expect("custom"), &object(given)).iter().map(FieldError::to_string).collect()
}

#[test]
fn a_row_says_what_its_definition_says() {
    let row = row(
        json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"color": {"type": "string"}}}}}),
    );
    assert_eq!(row.api_version(), "e.x/v1");
    assert!(row.has_status() && row.allows("deletecollection") && row.namespaced);
    assert_eq!(row.selectable_fields.as_ref(), ["metadata.name", "metadata.namespace", "spec.color"]);
    assert_eq!(row.columns.iter().map(|c| c.name.as_ref()).collect::<Vec<_>>(), ["Name", "Age"]);
    assert_eq!(row.subresource("scale").map(|s| s.kind.as_ref()), Some("Scale"));
}

#[test]
fn unknown_fields_go_and_are_named() {
    let schema = json!({"type": "object", "properties": {
        "a": {"type": "string"},
        "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"b": {"type": "object"}}},
        "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"k": {"type": "string"}}}},
        "list": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "integer"}}}},
        "pod": {"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true}}});
    let row = row(spec(schema));
    let mut given = object(json!({"a": "x", "z": 1, "open": {"any": {"thing": 1}, "b": {"gone": 1}},
        "map": {"m": {"k": "v", "w": 1}}, "list": [{"x": 1, "y": 2}, 3],
        "pod": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "odd": 1}, "anything": true}}));
    given["metadata"]["strange"] = json!(1);
    given["top"] = json!(1);
    let unknown = decode::fit(of(&row).expect("custom"), &mut given).expect("fits");
    let wanted = [
        "metadata.strange",
        "spec.list[0].y",
        "spec.map.m.w",
        "spec.open.b.gone",
        "spec.z",
        "top",
        "spec.pod.metadata.odd",
    ];
    assert_eq!(unknown, wanted);
    assert_eq!(
        given["spec"],
        json!({"a": "x", "open": {"any": {"thing": 1}, "b": {}}, "map": {"m": {"k": "v"}}, "list": [{"x": 1}, 3],
            "pod": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "anything": true}})
    );
    let mut bad = object(json!({}));
    bad["metadata"]["labels"] = json!({"a": 1});
    let why = decode::fit(of(&row).expect("custom"), &mut bad).expect_err("refused");
    assert!(
        why.contains("json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string"),
        "{why}"
    );
}

#[test]
fn defaults_and_nulls() {
    let schema = json!({"type": "object", "default": {}, "properties": {
        "a": {"type": "string", "default": "A"},
        "n": {"type": "string", "nullable": true, "default": "N"},
        "o": {"type": "object", "default": {"x": 1}, "properties": {"x": {"type": "integer"}, "y": {"type": "integer", "default": 2}}},
        "gone": {"type": "string"},
        "list": {"type": "array", "items": {"type": "object", "properties": {"z": {"type": "string", "default": "Z"}}}}}});
    let row = row(spec(schema));
    for (given, wanted) in [
        (json!({}), json!({"a": "A", "n": "N", "o": {"x": 1, "y": 2}})),
        (
            json!({"a": null, "n": null, "gone": null, "o": {}, "list": [{}]}),
            json!({"a": "A", "n": null, "o": {"y": 2}, "list": [{"z": "Z"}]}),
        ),
    ] {
        let mut object = object(given);
        settle(of(&row).expect("custom"), &mut object);
        assert_eq!(object["spec"], wanted);
    }
    let mut without = json!({"apiVersion": "e.x/v1", "kind": "Foo", "metadata": {"name": "a"}});
    settle(of(&row).expect("custom"), &mut without);
    assert_eq!(without["spec"]["a"], "A");
}

/// What is said about a field of the spec.
fn of_field(schema: Value, value: Value) -> Vec<String> {
    wrong(json!({"type": "object", "properties": {"f": schema}}), json!({"f": value}))
}

fn said(cases: impl IntoIterator<Item = (Value, Value, &'static str)>) {
    for (schema, value, wanted) in cases {
        assert_eq!(of_field(schema, value), [wanted]);
    }
}

#[test]
fn types_and_numbers_in_upstreams_words() {
    said([
        (
            json!({"type": "integer"}),
            json!("x"),
            "spec.f: Invalid value: \"string\": spec.f in body must be of type integer: \"string\"",
        ),
        (
            json!({"type": "integer"}),
            json!(1.5),
            "spec.f: Invalid value: \"number\": spec.f in body must be of type integer: \"number\"",
        ),
        (
            json!({"type": "string"}),
            Value::Null,
            "spec.f: Invalid value: \"null\": spec.f in body must be of type string: \"null\"",
        ),
        (
            json!({"x-kubernetes-int-or-string": true}),
            json!(true),
            "spec.f: Invalid value: \"boolean\": spec.f in body must be of type integer,string: \"boolean\"",
        ),
        (
            json!({"type": "integer", "minimum": 1}),
            json!(0),
            "spec.f: Invalid value: 0: spec.f in body should be greater than or equal to 1",
        ),
        (
            json!({"type": "integer", "maximum": 10, "exclusiveMaximum": true}),
            json!(10),
            "spec.f: Invalid value: 10: spec.f in body should be less than 10",
        ),
        (
            json!({"type": "number", "multipleOf": 0.5}),
            json!(0.75),
            "spec.f: Invalid value: 0.75: spec.f in body should be a multiple of 0.5",
        ),
    ]);
}

#[test]
fn texts_in_upstreams_words() {
    said([
        (
            json!({"type": "string", "pattern": "^a+$"}),
            json!("b"),
            "spec.f: Invalid value: \"b\": spec.f in body should match '^a+$'",
        ),
        (json!({"type": "string", "maxLength": 2}), json!("abc"), "spec.f: Too long: may not be more than 2 bytes"),
        (
            json!({"type": "string", "minLength": 2}),
            json!("a"),
            "spec.f: Invalid value: \"a\": spec.f in body should be at least 2 chars long",
        ),
        (
            json!({"type": "string", "enum": ["a", "b"]}),
            json!("c"),
            "spec.f: Unsupported value: \"c\": supported values: \"a\", \"b\"",
        ),
        (
            json!({"type": "string", "format": "date-time"}),
            json!("x"),
            "spec.f: Invalid value: \"x\": spec.f in body must be of type date-time: \"x\"",
        ),
        (
            json!({"type": "array", "items": {"type": "string"}}),
            json!(["a", 1]),
            "spec.f[1]: Invalid value: \"integer\": spec.f[1] in body must be of type string: \"integer\"",
        ),
    ]);
}

#[test]
fn lists_and_maps_in_upstreams_words() {
    said([
        (
            json!({"type": "array", "maxItems": 1, "items": {"type": "string"}}),
            json!(["a", "b"]),
            "spec.f: Too many: 2: must have at most 1 item",
        ),
        (
            json!({"type": "array", "minItems": 1, "items": {"type": "string"}}),
            json!([]),
            "spec.f: Invalid value: 0: spec.f in body should have at least 1 items",
        ),
        (json!({"type": "object", "required": ["x"]}), json!({}), "spec.f.x: Required value"),
        (
            json!({"type": "object", "maxProperties": 1, "additionalProperties": {"type": "string"}}),
            json!({"a": "", "b": ""}),
            "spec.f: Too many: 2: must have at most 1 item",
        ),
        (
            json!({"type": "string", "not": {"enum": ["no"]}}),
            json!("no"),
            "<nil>: Invalid value: \"\": \"spec.f\" must not validate the schema (not)",
        ),
        (
            json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}),
            json!(["a", "b", "a", "a"]),
            "spec.f[2]: Duplicate value: \"a\"",
        ),
        (
            json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": {"type": "object"}}),
            json!([{"k": 1, "x": 1}, {"k": 1}]),
            "spec.f[1]: Duplicate value: {\"k\":1}",
        ),
    ]);
}

#[test]
fn what_fits_is_not_spoken_of() {
    for (schema, value) in [
        (json!({"x-kubernetes-int-or-string": true}), json!("5%")),
        (json!({"type": "integer"}), json!(2.0)),
        (json!({"type": "number"}), json!(2)),
        (json!({"type": "string", "nullable": true}), Value::Null),
        (json!({"type": "string", "format": "unknown"}), json!("x")),
        (json!({"type": "string", "format": "ipv4"}), json!("10.0.0.1")),
        (json!({"type": "string", "pattern": "b"}), json!("abc")),
    ] {
        assert_eq!(of_field(schema, value), [] as [String; 0]);
    }
}

#[test]
fn alternatives() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}]});
    let wanted = [
        "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found none valid",
        "spec.a: Required value",
    ];
    assert_eq!(wrong(schema.clone(), json!({})), wanted);
    assert_eq!(
        wrong(schema.clone(), json!({"a": "", "b": ""})),
        [
            "<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema (oneOf). Found 2 valid alternatives"
        ]
    );
    assert_eq!(wrong(schema, json!({"a": ""})), [] as [String; 0]);
}

#[test]
fn what_was_wrong_before_may_stay() {
    let row = row(spec(
        json!({"type": "object", "properties": {"a": {"type": "string", "maxLength": 1}, "b": {"type": "string", "maxLength": 1}}}),
    ));
    let version = of(&row).expect("custom");
    let old = object(json!({"a": "long", "b": "x"}));
    assert!(update(version, &object(json!({"a": "long", "b": "y"})), &old).is_empty());
    assert_eq!(update(version, &object(json!({"a": "other", "b": "y"})), &old).len(), 1);
    assert_eq!(update(version, &object(json!({"a": "long", "b": "yy"})), &old).len(), 1);
}

#[test]
fn scales_and_states() {
    let row = row(json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {"replicas": {"type": "integer"}}},
        "status": {"type": "object", "properties": {"replicas": {"type": "integer"}, "x": {"type": "string"}}}}}));
    let version = of(&row).expect("custom");
    let errors = create(version, &object(json!({"replicas": -1})));
    assert_eq!(errors[0].to_string(), ".spec.replicas: Invalid value: -1: should be a non-negative integer");
    let mut new = object(json!({"replicas": "wrong, but not the status' business"}));
    new["status"] = json!({"x": 1});
    let errors = status(version, &new, &object(json!({})));
    assert_eq!(
        errors[0].to_string(),
        "status.x: Invalid value: \"integer\": x in body must be of type string: \"integer\""
    );
}

#[test]
fn objects_of_other_versions_are_brought_to_the_stored_one() {
    let mut two =
        definition(json!({"type": "object", "properties": {"a": {"type": "string"}, "only1": {"type": "string"}}}));
    let second = json!({"name": "v2", "served": true, "storage": true, "schema": {"openAPIV3Schema":
        {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string", "default": "B"}}}}});
    two["spec"]["versions"][0]["storage"] = json!(false);
    two["spec"]["versions"].as_array_mut().expect("versions").push(second);
    let read = Definition::read(&two).expect("a definition");
    let stored = read.stored_row(&two);
    assert_eq!(stored.version, "v2");
    let mut old = json!({"apiVersion": "e.x/v1", "kind": "Foo", "metadata": {"name": "a"}, "a": "x", "only1": "y"});
    from_store(of(&stored).expect("custom"), &mut old);
    assert_eq!(
        old,
        json!({"apiVersion": "e.x/v2", "kind": "Foo", "metadata": {"name": "a", "generation": 1}, "a": "x"})
    );
    convert(&read.versions[0], &mut old);
    assert_eq!(old["apiVersion"], "e.x/v1");
}

fn refused(change: impl Fn(&mut Value)) -> Vec<String> {
    let mut given = definition(json!({"type": "object", "properties": {"spec": {"type": "object"}}}));
    given["spec"]["versions"][0].as_object_mut().expect("a version").remove("selectableFields");
    given["status"] = json!({"storedVersions": ["v1"], "acceptedNames": {"plural": "", "kind": ""}});
    change(&mut given);
    let row = crate::find("apiextensions.k8s.io", "v1", "customresourcedefinitions").expect("the row");
    crate::validation::create(row, &given).iter().map(FieldError::to_string).collect()
}

#[test]
fn definitions_are_checked() {
    assert_eq!(refused(|_| {}), [] as [String; 0]);
    let schema = |given: Value| refused(move |d| d["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = given.clone());
    let at = "spec.versions[0].schema.openAPIV3Schema";
    assert_eq!(
        refused(|d| d["metadata"]["name"] = json!("bars.e.x")),
        ["metadata.name: Invalid value: \"bars.e.x\": must be spec.names.plural+\".\"+spec.group"]
    );
    assert_eq!(
        refused(|d| d["spec"]["versions"][0]["storage"] = json!(false))
            .last()
            .map(|e| e.ends_with("must have exactly one version marked as storage version")),
        Some(true)
    );
    assert_eq!(refused(|d| d["spec"]["versions"][0]["schema"] = json!({})), [format!("{at}: Required value")]);
    assert_eq!(
        schema(json!({"type": "string"}))[0],
        format!(
            "{at}.type: Invalid value: \"string\": only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled"
        )
    );
    assert_eq!(
        schema(json!({"type": "object", "properties": {"a": {"type": "array"}, "b": {}}})),
        [
            format!("{at}.properties[a].items: Required value: must be specified"),
            format!("{at}.properties[b].type: Required value: must not be empty for specified object fields")
        ]
    );
    assert_eq!(
        schema(
            json!({"type": "object", "properties": {"a": {"type": "object", "anyOf": [{"type": "object", "properties": {"x": {}}}]}}})
        ),
        [
            format!("{at}.properties[a].anyOf[0].type: Forbidden: must be empty to be structural"),
            format!(
                "{at}.properties[a].properties[x]: Required value: because it is defined in {at}.properties[a].anyOf[0].properties[x]"
            )
        ]
    );
    assert_eq!(
        schema(json!({"type": "object", "properties": {"a": {"type": "integer", "default": "x"}}})),
        [format!(
            "{at}.properties[a].default: Invalid value: \"string\":  in body must be of type integer: \"string\""
        )]
    );
    assert_eq!(
        schema(json!({"type": "object", "properties": {"a": {"type": "integer", "$ref": "#/x"}}})),
        [format!("{at}.properties[a].$ref: Forbidden: $ref is not supported")]
    );
    assert_eq!(
        schema(
            json!({"type": "object", "properties": {"a": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}}})
        ),
        [] as [String; 0]
    );
    assert_eq!(
        schema(
            json!({"type": "object", "properties": {"a": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
            "items": {"type": "object", "properties": {"k": {"type": "string"}}}}}})
        ),
        [format!(
            "{at}.properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
        )]
    );
}
