//! Objects of the simulation as JSON: what is made, and questions to what is there.

use serde_json::{Value, json};

/// A text below a pointer; empty: there is none.
pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A number below a pointer; 0: there is none.
pub fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

/// A list below a pointer.
pub fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Whether the condition of a type is `True`.
pub fn holds(object: &Value, condition: &str) -> bool {
    list(object, "/status/conditions").iter().any(|c| text(c, "/type") == condition && text(c, "/status") == "True")
}

/// UID.
pub fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// It is being deleted.
pub fn is_deleting(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some()
}

/// Kind and UID of the controller that it belongs to.
pub fn controller(object: &Value) -> Option<(&str, &str)> {
    let owner = list(object, "/metadata/ownerReferences").iter().find(|o| o["controller"] == true)?;
    Some((text(owner, "/kind"), text(owner, "/uid")))
}

/// It has ended.
pub fn is_over(pod: &Value) -> bool {
    matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

/// The template of pods: `image` decides what the containers do.
pub fn template(app: &str, image: &str, probed: bool) -> Value {
    let mut container = json!({"name": "main", "image": image, "resources": {"requests": {"cpu": "10m"}}});
    if probed {
        let probe = json!({"exec": {"command": ["ready"]}, "periodSeconds": 20, "failureThreshold": 1});
        container["readinessProbe"] = probe;
    }
    let spec = json!({"terminationGracePeriodSeconds": 20, "containers": [container]});
    json!({"metadata": {"labels": {"app": app}}, "spec": spec})
}

/// Metadata.
pub fn meta(namespace: &str, name: &str) -> Value {
    json!({"name": name, "namespace": namespace})
}

/// A Deployment.
pub fn deployment(namespace: &str, name: &str, replicas: u64, image: &str, probed: bool) -> Value {
    json!({"metadata": meta(namespace, name), "spec": {"replicas": replicas, "revisionHistoryLimit": 2,
        "selector": {"matchLabels": {"app": name}}, "template": template(name, image, probed)}})
}

/// A StatefulSet.
pub fn stateful_set(namespace: &str, name: &str, replicas: u64, image: &str, parallel: bool) -> Value {
    let policy = if parallel { "Parallel" } else { "OrderedReady" };
    json!({"metadata": meta(namespace, name), "spec": {"replicas": replicas, "serviceName": name,
        "podManagementPolicy": policy, "selector": {"matchLabels": {"app": name}},
        "template": template(name, image, false)}})
}

/// A DaemonSet.
pub fn daemon_set(namespace: &str, name: &str, image: &str) -> Value {
    json!({"metadata": meta(namespace, name), "spec": {
        "selector": {"matchLabels": {"app": name}}, "template": template(name, image, false)}})
}

/// The specification of a Job.
pub fn job_spec(app: &str, completions: u64, parallelism: u64, indexed: bool, restarts: bool) -> Value {
    let mut template = template(app, "task:1", false);
    template["spec"]["restartPolicy"] = json!(if restarts { "OnFailure" } else { "Never" });
    let mode = if indexed { "Indexed" } else { "NonIndexed" };
    json!({"completions": completions, "parallelism": parallelism, "completionMode": mode, "backoffLimit": 1000,
        "template": template})
}

/// A Job.
pub fn job(namespace: &str, name: &str, spec: Value) -> Value {
    json!({"metadata": meta(namespace, name), "spec": spec})
}

/// A CronJob.
pub fn cron_job(namespace: &str, name: &str, minutes: u64, policy: &str) -> Value {
    json!({"metadata": meta(namespace, name), "spec": {"schedule": format!("*/{minutes} * * * *"),
        "concurrencyPolicy": policy, "jobTemplate": {"spec": job_spec(name, 1, 1, false, false)}}})
}

/// A Service over the pods of an app.
pub fn service(namespace: &str, name: &str, app: &str) -> Value {
    json!({"metadata": meta(namespace, name), "spec": {"selector": {"app": app}, "ports": [{"port": 80}]}})
}

/// A pod of its own.
pub fn pod(namespace: &str, name: &str, image: &str) -> Value {
    let mut pod = template("single", image, false);
    pod["metadata"]["name"] = json!(name);
    pod["metadata"]["namespace"] = json!(namespace);
    pod
}
