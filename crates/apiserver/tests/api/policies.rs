//! Admission policies.

use crate::common::{Cluster, cm};
use serde_json::{Value, json};

const GROUP: &str = "/apis/admissionregistration.k8s.io/v1";
const MAPS: &str = "/api/v1/namespaces/t/configmaps";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/t/deployments";

fn rules(groups: &str, resource: &str) -> Value {
    json!({"resourceRules": [{"operations": ["CREATE", "UPDATE"], "apiGroups": [groups], "apiVersions": ["v1"], "resources": [resource]}]})
}

async fn make(cluster: &Cluster, kind: &str, name: &str, spec: Value) -> Value {
    let plural = match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{kind}s"),
    };
    let object = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec});
    cluster.call("POST", &format!("{GROUP}/{}", plural.to_lowercase()), Some(object)).await.is(201)
}

fn deployment(name: &str, replicas: i64) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
        "replicas": replicas, "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}})
}

#[tokio::test]
async fn a_policy_refuses_with_variables_and_messages() {
    let cluster = Cluster::start().await;
    let made = make(&cluster, "ValidatingAdmissionPolicy", "p", json!({
        "matchConstraints": rules("apps", "deployments"),
        "variables": [{"name": "replicas", "expression": "object.spec.replicas"}, {"name": "odd", "expression": "variables.replicas % 2 == 1"}],
        "validations": [
            {"expression": "variables.replicas > 1", "messageExpression": "'wants replicas > 1, got ' + string(variables.replicas)"},
            {"expression": "variables.odd", "message": "must be odd", "reason": "Forbidden"},
            {"expression": "namespaceObject.metadata.name == 't' && authorizer.requestResource.check('create').allowed()"},
        ]})).await;
    assert_eq!(
        (&made["spec"]["failurePolicy"], &made["spec"]["matchConstraints"]["matchPolicy"]),
        (&json!("Fail"), &json!("Equivalent"))
    );
    // Without a binding it does nothing.
    cluster.call("POST", DEPLOYMENTS, Some(deployment("zero", 0))).await.is(201);
    make(&cluster, "ValidatingAdmissionPolicyBinding", "b", json!({"policyName": "p", "validationActions": ["Deny"]}))
        .await;
    let refused = cluster.call("POST", DEPLOYMENTS, Some(deployment("one", 1))).await;
    assert_eq!(refused.code, 422);
    assert_eq!(
        refused.message(),
        "deployments.apps \"one\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: wants replicas > 1, got 1"
    );
    assert_eq!(refused.json()["reason"], "Invalid");
    let refused = cluster.call("POST", DEPLOYMENTS, Some(deployment("two", 2))).await;
    assert_eq!((refused.code, refused.json()["reason"].clone()), (403, json!("Forbidden")));
    cluster.call("POST", DEPLOYMENTS, Some(deployment("three", 3))).await.is(201);
}

#[tokio::test]
async fn parameters_warnings_and_failures() {
    let cluster = Cluster::start().await;
    make(
        &cluster,
        "ValidatingAdmissionPolicy",
        "p",
        json!({
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "matchConstraints": rules("apps", "deployments"),
        "matchConditions": [{"name": "not-me", "expression": "object.metadata.name != 'skip'"}],
        "validations": [{"expression": "object.spec.replicas <= int(params.data.max)"}]}),
    )
    .await;
    make(
        &cluster,
        "ValidatingAdmissionPolicyBinding",
        "b",
        json!({"policyName": "p", "validationActions": ["Warn"],
        "paramRef": {"name": "limits", "namespace": "t", "parameterNotFoundAction": "Deny"}}),
    )
    .await;
    let refused = cluster.call("POST", DEPLOYMENTS, Some(deployment("a", 1))).await;
    assert_eq!(refused.code, 422);
    assert!(
        refused.message().contains(
            "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
        ),
        "{}",
        refused.message()
    );
    cluster.call("POST", MAPS, Some(cm("limits", json!({"max": "2"})))).await.is(201);
    let warned = cluster.call("POST", DEPLOYMENTS, Some(deployment("a", 3))).await;
    assert_eq!(warned.code, 201);
    let warning = warned.headers.get("warning").expect("warning").to_str().expect("text").to_owned();
    assert!(warning.contains("Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': failed expression: object.spec.replicas <= int(params.data.max)"), "{warning}");
    let skipped = cluster.call("POST", DEPLOYMENTS, Some(deployment("skip", 3))).await;
    assert!(skipped.headers.get("warning").is_none());
}

#[tokio::test]
async fn policies_change_objects() {
    let cluster = Cluster::start().await;
    make(&cluster, "MutatingAdmissionPolicy", "apply", json!({
        "matchConstraints": rules("apps", "deployments"), "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{metadata: Object.metadata{annotations: {'seen': object.metadata.name}}, spec: Object.spec{replicas: 1337}}"}}]})).await;
    make(&cluster, "MutatingAdmissionPolicyBinding", "b", json!({"policyName": "apply"})).await;
    let made = cluster.call("POST", DEPLOYMENTS, Some(deployment("a", 1))).await.is(201);
    assert_eq!((&made["spec"]["replicas"], &made["metadata"]["annotations"]["seen"]), (&json!(1337), &json!("a")));
    assert_eq!(made["spec"]["template"]["spec"]["containers"][0]["image"], "i");
    make(&cluster, "MutatingAdmissionPolicy", "patch", json!({
        "matchConstraints": rules("", "configmaps"), "reinvocationPolicy": "IfNeeded",
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": "[JSONPatch{op: 'test', path: '/data/k', value: 'v'}, JSONPatch{op: 'add', path: '/metadata/labels', value: {'a/b': 'c'}}]"}}]})).await;
    make(&cluster, "MutatingAdmissionPolicyBinding", "c", json!({"policyName": "patch"})).await;
    let made = cluster.call("POST", MAPS, Some(cm("a", json!({"k": "v"})))).await.is(201);
    assert_eq!(made["metadata"]["labels"], json!({"a/b": "c"}));
    // A test that fails keeps the patch away.
    let made = cluster.call("POST", MAPS, Some(cm("b", json!({"k": "w"})))).await.is(201);
    assert_eq!(made["metadata"]["labels"], Value::Null);
    make(&cluster, "MutatingAdmissionPolicy", "atomic", json!({
        "matchConstraints": rules("apps", "deployments"), "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {'x': 'y'}}}}"}}]})).await;
    make(&cluster, "MutatingAdmissionPolicyBinding", "d", json!({"policyName": "atomic"})).await;
    let refused = cluster.call("POST", DEPLOYMENTS, Some(deployment("b", 1))).await;
    assert_eq!((refused.code, refused.json()["reason"].clone()), (403, json!("Invalid")));
    assert!(refused.message().starts_with("policy 'atomic' with binding 'd' denied request: error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector"), "{}", refused.message());
}

#[tokio::test]
async fn policies_are_validated() {
    let cluster = Cluster::start().await;
    let refused = |kind: &'static str, plural: &'static str, spec: Value| {
        let cluster = &cluster;
        async move {
            let object = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec});
            let answer = cluster.call("POST", &format!("{GROUP}/{plural}"), Some(object)).await;
            assert_eq!(answer.code, 422, "{}", answer.message());
            answer.message()
        }
    };
    let validating = ("ValidatingAdmissionPolicy", "validatingadmissionpolicies");
    let none = refused(validating.0, validating.1, json!({"matchConstraints": rules("", "pods")})).await;
    assert!(
        none.contains(
            "spec.validations: Required value: validations or auditAnnotations must contain at least one item"
        ),
        "{none}"
    );
    let bad = json!({"matchConstraints": rules("", "pods"), "variables": [{"name": "for", "expression": "1 +"}], "validations": [{"expression": "params.a == 1", "reason": "Because"}]});
    let bad = refused(validating.0, validating.1, bad).await;
    for wanted in [
        "spec.variables[0].name: Invalid value: \"for\": must be a valid CEL identifier",
        "spec.variables[0].expression: Invalid value: \"1 +\": compilation failed: ERROR: <input>:1:4: Syntax error",
        "undeclared reference to 'params' (in container '')",
        "spec.validations[0].reason: Unsupported value: \"Because\"",
    ] {
        assert!(bad.contains(wanted), "{bad}");
    }
    let actions = json!({"policyName": "p", "validationActions": ["Deny", "Warn"]});
    let both = refused("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", actions).await;
    assert!(both.contains("must not contain both Deny and Warn"), "{both}");
    let mutating = json!({"matchConstraints": rules("", "pods"), "reinvocationPolicy": "Never", "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": "1"}}]});
    let wrong = refused("MutatingAdmissionPolicy", "mutatingadmissionpolicies", mutating).await;
    assert!(wrong.contains("must evaluate to list(JSONPatch) but got int"), "{wrong}");
}
