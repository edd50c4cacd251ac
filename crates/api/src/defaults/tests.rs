use super::apply;
use serde_json::{Value, json};

fn defaulted(group: &str, version: &str, kind: &str, mut object: Value) -> Value {
    apply(crate::by_kind(group, version, kind).expect("a built-in kind"), &mut object);
    object
}

#[test]
fn a_pod_gets_what_upstream_gives_it() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "creationTimestamp": null}, "spec": {
        "containers": [{"name": "c", "image": "nginx", "ports": [{"containerPort": 80}], "livenessProbe": {"httpGet": {"port": 80}}, "resources": {"limits": {"cpu": "1"}}}],
        "volumes": [{"name": "e"}, {"name": "s", "secret": {"secretName": "x"}}, {"name": "h", "hostPath": {"path": "/"}}]}});
    let want = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "status": {}, "spec": {
        "containers": [{"name": "c", "image": "nginx", "imagePullPolicy": "Always", "ports": [{"containerPort": 80, "protocol": "TCP"}],
            "livenessProbe": {"httpGet": {"port": 80, "path": "/", "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3},
            "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}],
        "volumes": [{"name": "e", "emptyDir": {}}, {"name": "s", "secret": {"secretName": "x", "defaultMode": 420}}, {"name": "h", "hostPath": {"path": "/", "type": ""}}],
        "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "securityContext": {}, "terminationGracePeriodSeconds": 30, "schedulerName": "default-scheduler", "enableServiceLinks": true}});
    assert_eq!(defaulted("", "v1", "Pod", pod), want);
}

#[test]
fn a_service_and_a_deployment() {
    let service = defaulted(
        "",
        "v1",
        "Service",
        json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}}),
    );
    assert_eq!(
        service["spec"],
        json!({"ports": [{"protocol": "TCP", "port": 80, "targetPort": 80}], "selector": {"a": "b"}, "type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"})
    );
    assert_eq!(service["status"], json!({"loadBalancer": {}}));
    let deployment = defaulted(
        "apps",
        "v1",
        "Deployment",
        json!({"metadata": {"name": "d"}, "spec": {"selector": {}, "template": {"spec": {"containers": [{"name": "c", "image": "a:1"}]}}}}),
    );
    assert_eq!(
        deployment["spec"]["strategy"],
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}})
    );
    assert_eq!(deployment["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"], "IfNotPresent");
    assert_eq!(deployment["spec"]["template"]["spec"].get("enableServiceLinks"), None);
    assert_eq!(deployment["spec"]["template"]["metadata"], json!({}));
    assert_eq!(deployment["spec"]["progressDeadlineSeconds"], 600);
}

#[test]
fn null_and_zero_go_where_go_leaves_them_out() {
    let map = defaulted(
        "",
        "v1",
        "ConfigMap",
        json!({"metadata": {"name": "m", "labels": null, "finalizers": []}, "data": {}}),
    );
    assert_eq!(map, json!({"metadata": {"name": "m"}}));
    let role = defaulted(
        "rbac.authorization.k8s.io",
        "v1",
        "Role",
        json!({"metadata": {"name": "r"}, "rules": [{"apiGroups": [""]}]}),
    );
    assert_eq!(role, json!({"metadata": {"name": "r"}, "rules": [{"apiGroups": [""], "verbs": null}]}));
}

#[test]
fn defaulting_twice_changes_nothing() {
    for row in crate::table() {
        let mut once = json!({"metadata": {"name": "x"}});
        apply(row, &mut once);
        let mut twice = once.clone();
        apply(row, &mut twice);
        assert_eq!(once, twice, "{}", row.kind);
    }
}

#[test]
fn quantities_and_times_have_one_form() {
    let pod = json!({"metadata": {"name": "p", "creationTimestamp": "2026-01-01T01:00:00+01:00"}, "spec": {"containers": [{"name": "c", "image": "i", "resources": {"requests": {"cpu": 0.5, "memory": "1024Mi"}}}]}});
    let pod = defaulted("", "v1", "Pod", pod);
    assert_eq!(pod["metadata"]["creationTimestamp"], "2026-01-01T00:00:00Z");
    assert_eq!(pod["spec"]["containers"][0]["resources"]["requests"], json!({"cpu": "500m", "memory": "1Gi"}));
}
