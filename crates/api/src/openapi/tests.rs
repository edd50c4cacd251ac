use super::v3;
use crate::Resource;
use serde_json::{Value, json};

fn document(group: &str, version: &str) -> Value {
    let rows: Vec<&Resource> = crate::table().iter().filter(|r| r.group == group && r.version == version).collect();
    v3(group, version, &rows)
}

#[test]
fn clients_find_what_they_look_for() {
    let apps = document("apps", "v1");
    let schemas = &apps["components"]["schemas"];
    let deployment = &schemas["io.k8s.api.apps.v1.Deployment"];
    assert_eq!(
        deployment["x-kubernetes-group-version-kind"],
        json!([{"group": "apps", "version": "v1", "kind": "Deployment"}])
    );
    assert_eq!(
        deployment["properties"]["spec"],
        json!({"allOf": [{"$ref": "#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec"}], "default": {}})
    );
    let containers = &schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"];
    assert_eq!(containers["x-kubernetes-patch-merge-key"], "name");
    assert_eq!(containers["x-kubernetes-list-map-keys"], json!(["name"]));
    let patch = &apps["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
    assert_eq!(patch["x-kubernetes-action"], "patch");
    assert_eq!(
        patch["x-kubernetes-group-version-kind"],
        json!({"group": "apps", "version": "v1", "kind": "Deployment"})
    );
    assert!(
        patch["parameters"]
            .as_array()
            .is_some_and(|p| p.iter().any(|p| p["name"] == "fieldValidation" && p["in"] == "query"))
    );
    assert!(apps["paths"]["/apis/apps/v1/deployments"]["get"].is_object());
    assert_eq!(
        apps["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"]["put"]["x-kubernetes-group-version-kind"]
            ["kind"],
        "Scale"
    );
}

#[test]
fn every_reference_leads_somewhere() {
    fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(k, v)| match (k.as_str(), v.as_str()) {
                ("$ref", Some(target)) => found.push(target),
                _ => references(v, found),
            }),
            Value::Array(list) => list.iter().for_each(|v| references(v, found)),
            _ => {}
        }
    }
    let mut versions: Vec<(&str, &str)> = crate::table().iter().map(|r| (&*r.group, &*r.version)).collect();
    versions.dedup();
    for (group, version) in versions {
        let document = document(group, version);
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for target in found {
            assert!(document.pointer(&target[1..]).is_some_and(Value::is_object), "{group}/{version}: {target}");
        }
    }
}
