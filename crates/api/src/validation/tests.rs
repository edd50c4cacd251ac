use super::{binding, create, status, subresource, update};
use crate::defaults;
use serde_json::{Value, json};

fn normal(group: &str, version: &str, kind: &str, mut object: Value) -> (&'static crate::Resource, Value) {
    let resource = crate::by_kind(group, version, kind).expect("a built-in kind");
    object["kind"] = kind.into();
    object["apiVersion"] = resource.api_version().into();
    if resource.namespaced {
        object["metadata"]["namespace"] = "default".into();
    }
    defaults::apply(resource, &mut object);
    (resource, object)
}

fn errors(group: &str, version: &str, kind: &str, object: Value) -> Vec<String> {
    let (resource, object) = normal(group, version, kind, object);
    create(resource, &object).iter().map(ToString::to_string).collect()
}

fn fields(group: &str, version: &str, kind: &str, object: Value) -> Vec<String> {
    let (resource, object) = normal(group, version, kind, object);
    create(resource, &object).into_iter().map(|e| e.field).collect()
}

#[test]
fn names_and_metadata() {
    let found = errors(
        "",
        "v1",
        "ConfigMap",
        json!({"metadata": {"name": "Not_Valid", "labels": {"a b": "c"}, "annotations": {"x": "y".repeat(300_000)}}}),
    );
    assert!(
        found[0]
            .starts_with("metadata.name: Invalid value: \"Not_Valid\": a lowercase RFC 1123 subdomain must consist of"),
        "{found:?}"
    );
    assert!(found[1].starts_with("metadata.labels: Invalid value: \"a b\":"), "{found:?}");
    assert_eq!(found[2], "metadata.annotations: Too long: may not be more than 262144 bytes");
    assert_eq!(
        errors("", "v1", "ConfigMap", json!({"metadata": {}})),
        ["metadata.name: Required value: name or generateName is required"]
    );
}

#[test]
fn a_bad_deployment() {
    let found = fields(
        "apps",
        "v1",
        "Deployment",
        json!({"metadata": {"name": "d"}, "spec": {"replicas": -1, "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "c"}}, "spec": {"containers": [{"name": "x"}]}}}}),
    );
    assert_eq!(found, ["spec.replicas", "spec.template.metadata.labels", "spec.template.spec.containers[0].image"]);
}

fn pod() -> Value {
    json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}})
}

#[test]
fn pods() {
    assert!(errors("", "v1", "Pod", pod()).is_empty());
    let mut bad = pod();
    bad["spec"]["containers"][0]["ports"] = json!([{"containerPort": 70000, "protocol": "X"}]);
    bad["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "none", "mountPath": "/x"}]);
    bad["spec"]["containers"][0]["env"] = json!([{"name": "A", "valueFrom": {}}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "spec.nonsense"}}}]);
    bad["spec"]["containers"][0]["resources"] =
        json!({"requests": {"cpu": "2", "nonsense": "1"}, "limits": {"cpu": "1"}});
    bad["spec"]["containers"][0]["livenessProbe"] = json!({"successThreshold": 2});
    bad["spec"]["restartPolicy"] = "Sometimes".into();
    bad["spec"]["tolerations"] = json!([{"key": "k", "operator": "Like"}]);
    bad["spec"]["volumes"] = json!([{"name": "v", "emptyDir": {}, "hostPath": {"path": "/x/../y"}}]);
    let found = errors("", "v1", "Pod", bad);
    for want in [
        "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
        "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        "spec.containers[0].ports[0].protocol: Unsupported value: \"X\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
        "spec.containers[0].env[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        "spec.containers[0].env[1].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.nonsense\": error converting fieldPath: field label not supported: spec.nonsense",
        "spec.containers[0].volumeMounts[0].name: Not found: \"none\"",
        "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
        "spec.containers[0].resources.requests[nonsense]: Invalid value: \"nonsense\": must be a standard resource type or fully qualified",
        "spec.containers[0].resources.requests[nonsense]: Invalid value: \"nonsense\": must be a standard resource for containers",
        "spec.containers[0].livenessProbe: Required value: must specify a handler type",
        "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
        "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\"",
        "spec.tolerations[0].operator: Unsupported value: \"Like\": supported values: \"Equal\", \"Exists\"",
    ] {
        assert!(found.iter().any(|f| f == want), "{want}\nnot in\n{}", found.join("\n"));
    }
    assert_eq!(found.len(), 13, "{}", found.join("\n"));
}

#[test]
fn a_pod_changes_only_where_it_may() {
    let (resource, mut old) = normal("", "v1", "Pod", pod());
    old["metadata"]["resourceVersion"] = "1".into();
    let mut image = old.clone();
    image["spec"]["containers"][0]["image"] = "nginx:2".into();
    assert!(update(resource, &image, &old).is_empty());
    let mut policy = old.clone();
    policy["spec"]["restartPolicy"] = "Never".into();
    let found = update(resource, &policy, &old);
    let text = found[0].to_string();
    assert!(
        text.starts_with("spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"),
        "{text}"
    );
    assert!(
        text.contains("@@")
            && text.contains("- \"restartPolicy\": \"Always\"")
            && text.contains("+ \"restartPolicy\": \"Never\""),
        "{text}"
    );
    let mut grown = old.clone();
    grown["spec"]["ephemeralContainers"] =
        json!([{"name": "e", "image": "i", "imagePullPolicy": "Always", "terminationMessagePolicy": "File"}]);
    assert_eq!(update(resource, &grown, &old).len(), 1);
    assert!(subresource(resource, "ephemeralcontainers", &grown, &old).is_empty());
    let mut bound = old.clone();
    bound["status"] = json!({"phase": "Running", "qosClass": "BestEffort", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}], "hostIP": "10.0.0.2", "hostIPs": [{"ip": "10.0.0.2"}]});
    old["status"] = json!({"phase": "Pending", "qosClass": "BestEffort"});
    assert!(status(resource, &bound, &old).is_empty(), "{:?}", status(resource, &bound, &old));
}

#[test]
fn a_resize_changes_cpu_and_memory_only() {
    let (resource, mut old) = normal(
        "",
        "v1",
        "Pod",
        json!({"metadata": {"name": "p"}, "spec": {
        "initContainers": [{"name": "i", "image": "i", "resources": {"requests": {"cpu": "5m"}}}],
        "containers": [{"name": "a", "image": "i", "resources": {"requests": {"cpu": "20m", "ephemeral-storage": "1Gi"}}}, {"name": "b", "image": "i"}]}}),
    );
    old["metadata"]["resourceVersion"] = "1".into();
    old["status"] = json!({"phase": "Running", "qosClass": "Burstable"});
    let cases: [(&str, Value, &[&str]); 11] = [
        ("/spec/containers/0/resources/requests/cpu", json!("25m"), &[]),
        ("/spec/containers/0/resources/limits", json!({"cpu": "35m", "memory": "50Mi"}), &[]),
        ("/spec/containers/1/resources", json!({"requests": {"memory": "30Mi"}}), &[]),
        ("/spec/initContainers/0/resources/requests/cpu", json!("6m"), &[]),
        ("/spec/resources", json!({"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}}), &[]),
        (
            "/spec/containers/0/resources/requests/ephemeral-storage",
            json!("2Gi"),
            &["spec: Forbidden: only cpu and memory resources are mutable"],
        ),
        (
            "/spec/containers/0/resources",
            json!({"requests": {"ephemeral-storage": "1Gi"}}),
            &["spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed"],
        ),
        (
            "/spec/containers/1/name",
            json!("c"),
            &["spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize"],
        ),
        (
            "/spec/containers/0/resizePolicy",
            json!([{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]),
            &["spec: Forbidden: only cpu and memory resources are mutable"],
        ),
        (
            "/spec/initContainers",
            json!([]),
            &["spec.initContainers: Forbidden: initContainers may not be added or removed on resize"],
        ),
        ("/spec/hostname", json!("other"), &["spec: Forbidden: only cpu and memory resources are mutable"]),
    ];
    for (at, value, expected) in cases {
        let mut new = old.clone();
        let (parent, field) = at.rsplit_once('/').unwrap();
        new.pointer_mut(parent).unwrap()[field] = value;
        let found: Vec<String> = subresource(resource, "resize", &new, &old).iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{at}");
    }
    let refused =
        |old: &Value| subresource(resource, "resize", old, old).iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut mirror = old.clone();
    mirror["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    mirror["spec"]["nodeName"] = "n".into();
    assert_eq!(refused(&mirror), ["[]: Forbidden: static pods cannot be resized"]);
    old["status"]["containerStatuses"] = json!([{"name": "a", "state": {"running": {}}}]);
    assert_eq!(refused(&old), ["spec: Forbidden: Pod running on node without support for resize"]);
    let mut class = old.clone();
    old["status"] = json!({"qosClass": "BestEffort"});
    class["status"] = old["status"].clone();
    let found = subresource(resource, "resize", &class, &old);
    assert_eq!(
        found[0].to_string(),
        "spec: Invalid value: \"BestEffort\": Pod QOS Class may not change as a result of resizing"
    );
}

#[test]
fn data_has_a_bound() {
    let found = errors("", "v1", "ConfigMap", json!({"metadata": {"name": "m"}, "data": {"x": "y".repeat(1_100_000)}}));
    assert_eq!(found, ["[]: Too long: may not be more than 1048576 bytes"]);
}

#[test]
fn services_keep_their_address() {
    let service = json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}], "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"}});
    let (resource, mut old) = normal("", "v1", "Service", service);
    assert!(create(resource, &old).is_empty(), "{:?}", create(resource, &old));
    old["metadata"]["resourceVersion"] = "1".into();
    let mut new = old.clone();
    new["spec"]["clusterIP"] = "10.0.0.2".into();
    new["spec"]["clusterIPs"] = json!(["10.0.0.2"]);
    let found: Vec<String> = update(resource, &new, &old).iter().map(ToString::to_string).collect();
    assert_eq!(found, ["spec.clusterIPs[0]: Invalid value: [\"10.0.0.2\"]: may not change once set"]);
    let found = errors(
        "",
        "v1",
        "Service",
        json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80, "nodePort": 30000}, {"port": 80}]}}),
    );
    for want in [
        "spec.ports[0].name: Required value",
        "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ] {
        assert!(found.iter().any(|f| f == want), "{found:?}");
    }
}

#[test]
fn what_a_fresh_server_holds_is_sound() {
    let all: Vec<Value> = serde_json::from_slice(crate::bootstrap_objects()).expect("a list");
    assert!(all.len() > 100);
    for mut object in all {
        let (group, version) = object["apiVersion"]
            .as_str()
            .and_then(|v| v.rsplit_once('/'))
            .map_or((String::new(), "v1".to_string()), |(g, v)| (g.into(), v.into()));
        let kind = object["kind"].as_str().expect("a kind").to_owned();
        let resource = crate::by_kind(&group, &version, &kind).expect("a built-in kind");
        let before = object.clone();
        defaults::apply(resource, &mut object);
        let mut found = create(resource, &object);
        // Rules of the controller that aggregates roles are absent in a fresh server.
        found.retain(|e| !e.field.starts_with("rules"));
        assert!(found.is_empty(), "{before}: {found:?}");
    }
}

#[test]
fn other_kinds() {
    assert!(binding(&json!({"target": {"kind": "Node", "name": "n"}})).is_empty());
    assert_eq!(binding(&json!({"target": {}}))[0].to_string(), "target.name: Required value");
    let found = errors(
        "batch",
        "v1",
        "Job",
        json!({"metadata": {"name": "j"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "manualSelector": true, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}}),
    );
    assert_eq!(found, ["spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""]);
    let found = errors(
        "networking.k8s.io",
        "v1",
        "Ingress",
        json!({"metadata": {"name": "i"}, "spec": {"rules": [{"host": "a.b", "http": {"paths": [{"path": "x", "pathType": "Prefix", "backend": {"service": {"name": "s", "port": {}}}}]}}]}}),
    );
    assert_eq!(
        found,
        [
            "spec.rules[0].http.paths[0].path: Invalid value: \"x\": must be an absolute path",
            "spec.rules[0].http.paths[0].backend: Required value: port name or number is required"
        ]
    );
    let found = errors("", "v1", "PersistentVolumeClaim", json!({"metadata": {"name": "c"}, "spec": {}}));
    assert_eq!(
        found,
        [
            "spec.accessModes: Required value: at least 1 access mode is required",
            "spec.resources[storage]: Required value"
        ]
    );
    assert!(errors("autoscaling", "v2", "HorizontalPodAutoscaler", json!({"metadata": {"name": "h"}, "spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}}})).is_empty());
    let found =
        errors("scheduling.k8s.io", "v1", "PriorityClass", json!({"metadata": {"name": "system-x"}, "value": 5}));
    assert!(found[0].contains("system-x is not a known system priority class"), "{found:?}");
}
