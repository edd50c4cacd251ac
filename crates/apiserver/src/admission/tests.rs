use serde_json::{Value, json};

use super::*;
use crate::{
    authz::{Rule, tests::Objects},
    contract::{Decision, Held, RequestInfo, Rounds, User, Warnings},
};

struct Nobody;
impl Authorizer for Nobody {
    fn authorize(&self, _: &User, _: &RequestInfo) -> Decision {
        Decision::NoOpinion(String::new())
    }
    fn rules_for(&self, _: &User, _: &str) -> (Vec<Rule>, Vec<String>) {
        (
            vec![Rule {
                verbs: vec!["get".into()],
                api_groups: vec![String::new()],
                resources: vec!["pods".into()],
                ..Rule::default()
            }],
            Vec::new(),
        )
    }
}

struct Still;
impl apimachinery::time::Clock for Still {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }
}

/// Runs all plugins over an object.
async fn admit(
    objects: &Arc<Objects>,
    user: &str,
    operation: Operation,
    resource: &'static api::Resource,
    mut object: Value,
    old: Option<&Value>,
) -> Result<Value, String> {
    let config = Arc::new(Config::minimal(Arc::new(Still), Vec::new()));
    let user = User {
        name: user.into(),
        groups: if user.starts_with("system:node:") { vec!["system:nodes".into()] } else { vec![] },
        ..User::default()
    };
    let info = RequestInfo {
        is_resource: true,
        namespace: if resource.namespaced { "n".into() } else { String::new() },
        name: if operation == Operation::Create {
            String::new()
        } else {
            text(old.unwrap_or(&object), "/metadata/name").into()
        },
        resource: resource.plural.to_string(),
        ..RequestInfo::default()
    };
    let held = Held::default();
    let attributes = Attributes {
        info: &info,
        resource,
        operation,
        user: &user,
        old,
        dry_run: false,
        options: &Value::Null,
        held: &held,
        stored: resource,
        warnings: &Warnings::default(),
        rounds: &Rounds::default(),
        inner: false,
    };
    let all = plugins(&config, objects.clone(), Arc::new(Nobody), Arc::default());
    for plugin in &all {
        plugin.mutate(&attributes, &mut object).await.map_err(|s| s.message)?;
    }
    for plugin in &all {
        plugin.validate(&attributes, &object).await.map_err(|s| s.message)?;
    }
    Ok(object)
}

fn world() -> Arc<Objects> {
    let objects = Arc::new(Objects::default());
    objects.put("", "namespaces", json!({"metadata": {"name": "n"}, "status": {"phase": "Active"}}));
    objects.put(
        "",
        "serviceaccounts",
        json!({"metadata": {"name": "default", "namespace": "n"}, "imagePullSecrets": [{"name": "pull"}]}),
    );
    objects.put(
        "scheduling.k8s.io",
        "priorityclasses",
        json!({"metadata": {"name": "system-node-critical"}, "value": 2_000_001_000}),
    );
    objects
}

fn row(group: &str, version: &str, plural: &str) -> &'static api::Resource {
    api::find(group, version, plural).expect("a row")
}

fn pod(spec: Value) -> Value {
    json!({"metadata": {"name": "p"}, "spec": spec})
}

#[tokio::test]
async fn a_pod_gets_what_it_needs() {
    let made = admit(
        &world(),
        "u",
        Operation::Create,
        row("", "v1", "pods"),
        pod(json!({"containers": [{"name": "c"}]})),
        None,
    )
    .await
    .expect("admitted");
    let spec = &made["spec"];
    let volume = text(&made, "/spec/volumes/0/name");
    assert!(volume.starts_with("kube-api-access-") && volume.len() == 21, "{volume}");
    assert_eq!(
        spec["volumes"][0]["projected"]["sources"][0],
        json!({"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}})
    );
    assert_eq!(
        spec["containers"][0]["volumeMounts"],
        json!([{"name": volume, "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}])
    );
    assert_eq!(
        (&spec["serviceAccountName"], &spec["imagePullSecrets"], &spec["priority"], &spec["preemptionPolicy"]),
        (&json!("default"), &json!([{"name": "pull"}]), &json!(0), &json!("PreemptLowerPriority"))
    );
    let keys: Vec<&str> =
        spec["tolerations"].as_array().expect("tolerations").iter().filter_map(|t| t["key"].as_str()).collect();
    assert_eq!(keys, ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]);
}

#[tokio::test]
async fn refusals_have_kubernetes_words() {
    let objects = world();
    let pods = row("", "v1", "pods");
    let refused = |spec: Value| admit(&objects, "u", Operation::Create, pods, pod(spec), None);
    assert_eq!(
        refused(json!({"serviceAccountName": "x"})).await,
        Err("pods \"p\" is forbidden: error looking up service account n/x: serviceaccount \"x\" not found".into())
    );
    assert_eq!(
        refused(json!({"priorityClassName": "x"})).await,
        Err("pods \"p\" is forbidden: no PriorityClass with name x was found".into())
    );
    assert_eq!(
        refused(json!({"runtimeClassName": "x"})).await,
        Err("pods \"p\" is forbidden: pod rejected: RuntimeClass \"x\" not found".into())
    );
    assert!(
        refused(json!({"priority": 7}))
            .await
            .expect_err("refused")
            .contains("the integer value of priority (7) must not be provided")
    );
    objects.put("", "namespaces", json!({"metadata": {"name": "n"}, "status": {"phase": "Terminating"}}));
    assert_eq!(
        refused(json!({})).await,
        Err("pods \"p\" is forbidden: unable to create new content in namespace n because it is being terminated"
            .into())
    );
    let kept = json!({"metadata": {"name": "kube-system"}});
    assert_eq!(
        admit(&objects, "u", Operation::Delete, row("", "v1", "namespaces"), Value::Null, Some(&kept)).await,
        Err("namespaces \"kube-system\" is forbidden: this namespace may not be deleted".into())
    );
    let empty = Arc::new(Objects::default());
    assert_eq!(
        admit(&empty, "u", Operation::Create, pods, pod(json!({})), None).await,
        Err("namespaces \"n\" not found".into())
    );
}

#[tokio::test]
async fn limits_of_a_namespace() {
    let objects = world();
    objects.put("", "limitranges", json!({"metadata": {"name": "l", "namespace": "n"}, "spec": {"limits": [{"type": "Container", "default": {"cpu": "500m"}, "defaultRequest": {"cpu": "100m"}, "max": {"cpu": "1"}}]}}));
    let pods = row("", "v1", "pods");
    let made = admit(&objects, "u", Operation::Create, pods, pod(json!({"containers": [{"name": "c"}]})), None)
        .await
        .expect("admitted");
    assert_eq!(
        made["spec"]["containers"][0]["resources"],
        json!({"limits": {"cpu": "500m"}, "requests": {"cpu": "100m"}})
    );
    assert_eq!(
        made["metadata"]["annotations"]["kubernetes.io/limit-ranger"],
        "LimitRanger plugin set: cpu request for container c; cpu limit for container c"
    );
    let big =
        pod(json!({"containers": [{"name": "c", "resources": {"limits": {"cpu": "2"}, "requests": {"cpu": "2"}}}]}));
    assert_eq!(
        admit(&objects, "u", Operation::Create, pods, big, None).await,
        Err("pods \"p\" is forbidden: maximum cpu usage per Container is 1, but limit is 2".into())
    );
}

#[tokio::test]
async fn nodes_keep_to_themselves() {
    let objects = world();
    let nodes = row("", "v1", "nodes");
    let own = json!({"metadata": {"name": "one", "labels": {"kubernetes.io/hostname": "one"}}, "spec": {}});
    let made = admit(&objects, "system:node:one", Operation::Create, nodes, own.clone(), None).await.expect("its own");
    assert_eq!(made["spec"]["taints"], json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]));
    assert_eq!(
        admit(&objects, "system:node:two", Operation::Create, nodes, own.clone(), None).await,
        Err("nodes \"one\" is forbidden: node \"two\" is not allowed to modify node \"one\"".into())
    );
    let mut labelled = own.clone();
    labelled["metadata"]["labels"]["node-role.kubernetes.io/control-plane"] = json!("");
    assert_eq!(
        admit(&objects, "system:node:one", Operation::Update, nodes, labelled, Some(&own)).await,
        Err("nodes \"one\" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/control-plane".into())
    );
    let plain = pod(json!({"nodeName": "one"}));
    assert!(
        admit(&objects, "system:node:one", Operation::Create, row("", "v1", "pods"), plain, None)
            .await
            .expect_err("refused")
            .contains("can only create mirror pods")
    );
}

#[tokio::test]
async fn rights_are_not_multiplied() {
    let roles = row("rbac.authorization.k8s.io", "v1", "roles");
    let role = |resource: &str| json!({"metadata": {"name": "r"}, "rules": [{"apiGroups": [""], "resources": [resource], "verbs": ["get"]}]});
    assert!(admit(&world(), "u", Operation::Create, roles, role("pods"), None).await.is_ok());
    assert_eq!(
        admit(&world(), "u", Operation::Create, roles, role("secrets"), None).await,
        Err("roles.rbac.authorization.k8s.io \"r\" is forbidden: user \"u\" (groups=[]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\"]}".into())
    );
}

#[tokio::test]
async fn classes_by_default() {
    let objects = world();
    objects.put("storage.k8s.io", "storageclasses", json!({"metadata": {"name": "fast", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}, "creationTimestamp": "2026-01-02T00:00:00Z"}}));
    objects.put("storage.k8s.io", "storageclasses", json!({"metadata": {"name": "old", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}, "creationTimestamp": "2025-01-02T00:00:00Z"}}));
    let claims = row("", "v1", "persistentvolumeclaims");
    let made = admit(&objects, "u", Operation::Create, claims, json!({"metadata": {"name": "c"}, "spec": {}}), None)
        .await
        .expect("admitted");
    assert_eq!(made["spec"]["storageClassName"], "fast");
    let none = admit(
        &objects,
        "u",
        Operation::Create,
        claims,
        json!({"metadata": {"name": "c"}, "spec": {"storageClassName": ""}}),
        None,
    )
    .await
    .expect("admitted");
    assert_eq!(none["spec"]["storageClassName"], "");
}

#[tokio::test]
async fn quotas_of_a_namespace() {
    let objects = world();
    objects.put("", "resourcequotas", json!({"metadata": {"name": "q", "namespace": "n"}, "spec": {"hard": {"pods": "1", "requests.cpu": "1", "count/configmaps": "1", "services.nodeports": "0"}}}));
    let pods = row("", "v1", "pods");
    let with = |cpu: &str| pod(json!({"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}));
    let create = |resource: &'static api::Resource, object: Value| {
        admit(&objects, "u", Operation::Create, resource, object, None)
    };
    assert!(create(pods, with("500m")).await.is_ok());
    assert_eq!(create(pods, with("1100m")).await, Err("pods \"p\" is forbidden: exceeded quota: q, requested: requests.cpu=1100m, used: requests.cpu=0, limited: requests.cpu=1".into()));
    assert_eq!(
        create(pods, pod(json!({"containers": [{"name": "c"}]}))).await,
        Err("pods \"p\" is forbidden: failed quota: q: must specify requests.cpu for: c".into())
    );
    objects.put("", "pods", json!({"metadata": {"name": "a", "namespace": "n"}, "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]}, "status": {"phase": "Running"}}));
    assert_eq!(create(pods, with("1m")).await, Err("pods \"p\" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=1m, used: pods=1,requests.cpu=1, limited: pods=1,requests.cpu=1".into()));
    objects.put("", "configmaps", json!({"metadata": {"name": "m", "namespace": "n"}}));
    assert_eq!(create(row("", "v1", "configmaps"), json!({"metadata": {"name": "x"}})).await, Err("configmaps \"x\" is forbidden: exceeded quota: q, requested: count/configmaps=1, used: count/configmaps=1, limited: count/configmaps=1".into()));
    let service = json!({"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}});
    assert!(
        create(row("", "v1", "services"), service)
            .await
            .expect_err("refused")
            .contains("requested: services.nodeports=1")
    );
}

#[tokio::test]
async fn claims_grow_where_they_may() {
    let objects = world();
    let class = |grows: bool| json!({"metadata": {"name": "fast"}, "allowVolumeExpansion": grows});
    objects.put("storage.k8s.io", "storageclasses", class(false));
    let claim = |size: &str| json!({"metadata": {"name": "c"}, "spec": {"storageClassName": "fast", "resources": {"requests": {"storage": size}}}, "status": {"phase": "Bound"}});
    let (row, old) = (row("", "v1", "persistentvolumeclaims"), claim("1Gi"));
    let update = |size: &str| admit(&objects, "u", Operation::Update, row, claim(size), Some(&old));
    assert!(update("1024Mi").await.is_ok());
    assert!(
        update("2Gi")
            .await
            .expect_err("refused")
            .ends_with("the storageclass that provisions the pvc must support resize")
    );
    objects.put("storage.k8s.io", "storageclasses", class(true));
    assert!(update("2Gi").await.is_ok());
}
