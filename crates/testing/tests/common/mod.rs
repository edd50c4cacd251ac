//! Objects, and questions about them.

use client::{Object, Store};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod, PodCondition};
use serde_json::{Value, json};

fn template(image: &str) -> Value {
    // Nobody waits for containers that end slowly, and no token has to be made for them.
    let container = json!({"name": "main", "image": image});
    json!({"automountServiceAccountToken": false, "terminationGracePeriodSeconds": 5, "containers": [container]})
}

/// A pod in the default namespace with one container, `main`.
pub fn pod(name: &str, image: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "default"}, "spec": template(image)})
}

/// A deployment in the default namespace whose pods have the label `app` and a service-account token.
pub fn deployment(name: &str, replicas: i32, image: &str) -> Value {
    let labels = json!({"app": name});
    let mut spec = template(image);
    spec["automountServiceAccountToken"] = json!(true);
    let template = json!({"metadata": {"labels": labels}, "spec": spec});
    let spec = json!({"replicas": replicas, "selector": {"matchLabels": labels}, "template": template});
    json!({"metadata": {"name": name, "namespace": "default"}, "spec": spec})
}

/// Whether a pod of the default namespace is there and so.
pub fn pod_is(pods: &Store<Pod>, name: &str, so: impl Fn(&Pod) -> bool) -> bool {
    pods.get("default", name).is_some_and(|pod| so(&pod))
}

/// Its phase.
pub fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|s| s.phase.as_deref()).unwrap_or_default()
}

/// It runs, with every container.
pub fn running(pod: &Pod) -> bool {
    let containers = pod.status.as_ref().and_then(|s| s.container_statuses.as_deref()).unwrap_or_default();
    let runs = |c: &ContainerStatus| c.state.as_ref().is_some_and(|s| s.running.is_some());
    phase(pod) == "Running" && !containers.is_empty() && containers.iter().all(runs)
}

/// The status of its first container.
pub fn status(pod: &Pod) -> Option<&ContainerStatus> {
    pod.status.as_ref()?.container_statuses.as_ref()?.first()
}

/// One of its conditions.
pub fn condition<'a>(pod: &'a Pod, name: &str) -> Option<&'a PodCondition> {
    pod.status.as_ref()?.conditions.as_ref()?.iter().find(|c| c.type_ == name)
}

/// Image of its first container.
pub fn image(pod: &Pod) -> &str {
    pod.spec.as_ref().and_then(|s| s.containers.first()?.image.as_deref()).unwrap_or_default()
}

/// How many pods with this `app` are ready and stay.
pub fn ready_pods(pods: &Store<Pod>, app: &str) -> usize {
    let ready = |pod: &Pod| condition(pod, "Ready").is_some_and(|c| c.status == "True");
    pods.filter(|pod| pod.label("app") == Some(app) && !pod.is_deleting() && ready(pod)).len()
}
