use super::*;
use crate::fixture::with_pod;
use serde_json::json;

#[test]
fn unknown_fields_go_and_are_named() {
    let mut pod = json!({"kind": "Pod", "metadata": {"name": "a", "labels": {"any": "thing"}, "Name": "b"}, "bogus": {"x": 1},
        "spec": {"containers": [{"name": "c"}, {"name": "d", "nonsense": 1, "ports": [{"containerPort": 1, "x": 2}]}],
                 "raw": {"free": [1, null]}}});
    let unknown = with_pod(|schema| decode(&mut pod, schema)).unwrap();
    assert_eq!(
        unknown,
        [
            "unknown field \"bogus\"",
            "unknown field \"metadata.Name\"",
            "unknown field \"spec.containers[1].nonsense\"",
            "unknown field \"spec.containers[1].ports[0].x\"",
        ]
    );
    assert_eq!(
        pod,
        json!({"kind": "Pod", "metadata": {"name": "a", "labels": {"any": "thing"}},
            "spec": {"containers": [{"name": "c"}, {"name": "d", "ports": [{"containerPort": 1}]}], "raw": {"free": [1, null]}}})
    );
}

#[test]
fn canonical_forms() {
    let mut pod = json!({"metadata": {"name": null, "creationTimestamp": "2026-01-01T01:00:00.5+01:00", "deletionTimestamp": null},
        "spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": 0.5, "memory": "1024Mi", "n": 2, "k": " 1000 "}}}],
            "maxSurge": "25%", "renewTime": "2026-01-01T00:00:00.1234567Z", "data": {"a": "YQ==", "b": "Y\nQ==", "c": ""}, "ratio": 1}});
    assert_eq!(with_pod(|schema| decode(&mut pod, schema)), Ok(Vec::new()));
    assert_eq!(
        pod,
        json!({"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "500m", "memory": "1Gi", "n": "2", "k": "1k"}}}],
                "maxSurge": "25%", "renewTime": "2026-01-01T00:00:00.123456Z", "data": {"a": "YQ==", "b": "YQ==", "c": ""}, "ratio": 1}})
    );
}

fn refused(object: &Value, want: &str) {
    let mut given = object.clone();
    assert_eq!(with_pod(|schema| decode(&mut given, schema)).unwrap_err().to_string(), want, "{object}");
}

#[test]
fn wrong_types() {
    for (object, want) in [
        (json!([]), "json: cannot unmarshal array into Go value of type v1.Pod"),
        (
            json!({"spec": {"replicas": "x"}}),
            "json: cannot unmarshal string into Go struct field PodSpec.spec.replicas of type int32",
        ),
        (
            json!({"spec": {"replicas": 1.5}}),
            "json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.replicas of type int32",
        ),
        (
            json!({"spec": {"replicas": 3_000_000_000u64}}),
            "json: cannot unmarshal number 3000000000 into Go struct field PodSpec.spec.replicas of type int32",
        ),
        (
            json!({"spec": {"activeDeadlineSeconds": true}}),
            "json: cannot unmarshal bool into Go struct field PodSpec.spec.activeDeadlineSeconds of type int64",
        ),
        (
            json!({"spec": {"hostNetwork": 1}}),
            "json: cannot unmarshal number into Go struct field PodSpec.spec.hostNetwork of type bool",
        ),
        (json!({"spec": []}), "json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec"),
        (
            json!({"spec": {"containers": {}}}),
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            json!({"spec": {"containers": [{"image": 7}]}}),
            "json: cannot unmarshal number into Go struct field Container.spec.containers.image of type string",
        ),
        (
            json!({"metadata": {"labels": {"a": 1}}}),
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            json!({"metadata": {"labels": "a"}}),
            "json: cannot unmarshal string into Go struct field ObjectMeta.metadata.labels of type map[string]string",
        ),
    ] {
        refused(&object, want);
    }
}

#[test]
fn bad_scalars() {
    for (object, want) in [
        (
            json!({"metadata": {"creationTimestamp": 1}}),
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string",
        ),
        (
            json!({"metadata": {"creationTimestamp": "yesterday"}}),
            "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\"",
        ),
        (
            json!({"metadata": {"creationTimestamp": "2026-13-01T00:00:00Z"}}),
            "parsing time \"2026-13-01T00:00:00Z\": month out of range",
        ),
        (
            json!({"metadata": {"creationTimestamp": "2026-02-30T00:00:00Z"}}),
            "parsing time \"2026-02-30T00:00:00Z\": day out of range",
        ),
        (
            json!({"spec": {"containers": [{"resources": {"limits": {"cpu": "abc"}}}]}}),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            json!({"spec": {"maxSurge": 1.5}}),
            "json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.maxSurge of type int32",
        ),
        (json!({"spec": {"data": {"a": "!"}}}), "illegal base64 data at input byte 0"),
        (
            json!({"spec": {"grid": [[1], 2]}}),
            "json: cannot unmarshal number into Go struct field PodSpec.spec.grid of type []int32",
        ),
    ] {
        refused(&object, want);
    }
}

#[test]
fn custom_objects_keep_wrong_types_and_nulls() {
    let mut object = json!({"spec": {"replicas": "x", "nodeName": null, "bogus": 1, "containers": 7}});
    assert_eq!(with_pod(|schema| prune(&mut object, schema)), ["unknown field \"spec.bogus\""]);
    assert_eq!(object, json!({"spec": {"replicas": "x", "nodeName": null, "containers": 7}}));
}

#[test]
fn words_around_it() {
    assert_eq!(
        cannot_be_handled("Deployment", "v1", "json: x"),
        "Deployment in version \"v1\" cannot be handled as a Deployment: json: x"
    );
}
