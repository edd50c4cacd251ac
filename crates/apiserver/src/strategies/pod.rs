//! Pods: first status, quality of service, graceful deletion, and the subresources that change a part of them.

use apimachinery::{meta, time};
use serde_json::{Map, Value, json};

use super::json::{list, map, number, put, text};
use crate::contract::{Context, Strategy};

/// The strategy.
pub struct Pods;

/// Sets a condition, and its transition time where the status changes.
pub fn set_condition(pod: &mut Value, condition: Value, now: jiff::Timestamp) {
    let status = map(pod, "status");
    let conditions = status.entry("conditions").or_insert_with(|| json!([]));
    let Some(conditions) = conditions.as_array_mut() else { return };
    let mut condition = condition;
    let same_type = conditions.iter_mut().find(|c| c["type"] == condition["type"]);
    let since = match &same_type {
        Some(old) if old["status"] == condition["status"] => old["lastTransitionTime"].clone(),
        _ => time::seconds(now).into(),
    };
    condition["lastTransitionTime"] = since;
    if condition.get("lastProbeTime").is_none() {
        condition["lastProbeTime"] = Value::Null;
    }
    match same_type {
        Some(old) => *old = condition,
        None => conditions.push(condition),
    }
}

/// Takes everything from the old object but what `change` puts in, and the managed fields, which are the new object's.
fn only(object: &mut Value, old: &Value, change: impl FnOnce(&mut Value, &Value)) {
    let mut kept = old.clone();
    if let Some(managed) = object.pointer("/metadata/managedFields") {
        meta::metadata_mut(&mut kept).insert("managedFields".into(), managed.clone());
    }
    let sent = std::mem::replace(object, kept);
    change(object, &sent);
}

/// Only what a resize may change is taken; containers that came, went or moved are left for validation to refuse.
fn resize(pod: &mut Value, sent: &Value) {
    for key in ["containers", "initContainers"] {
        let path = format!("/spec/{key}");
        let (wanted, had) = (list(sent, &path), list(pod, &path));
        let same = wanted.len() == had.len() && wanted.iter().zip(had).all(|(new, old)| new["name"] == old["name"]);
        if !same {
            put(map(pod, "spec"), key, sent.pointer(&path).cloned());
            continue;
        }
        let containers = pod.pointer_mut(&path).and_then(Value::as_array_mut).into_iter().flatten();
        for (container, new) in containers.zip(wanted) {
            for part in ["resources", "resizePolicy"] {
                if let Some(container) = container.as_object_mut() {
                    put(container, part, new.get(part).cloned());
                }
            }
        }
    }
    if let Some(resources) = sent.pointer("/spec/resources") {
        map(pod, "spec").insert("resources".into(), resources.clone());
    }
    if let Some(spec) = pod.get_mut("spec") {
        api::pod::default_own_resources(spec);
    }
}

/// A client that does not know of a pod's own resources leaves them out, and keeps them.
fn keep_own_resources(pod: &mut Value, old: &Value) {
    if pod.pointer("/spec/resources").is_none()
        && let Some(resources) = old.pointer("/spec/resources")
    {
        map(pod, "spec").insert("resources".into(), resources.clone());
    }
}

impl Strategy for Pods {
    fn prepare_create(&self, context: &Context<'_>, object: &mut Value) {
        meta::set_generation(object, 1);
        if let Some(spec) = object.get_mut("spec") {
            api::pod::default_own_resources(spec);
        }
        object["status"] = json!({"phase": "Pending", "qosClass": api::pod::computed_qos_class(object)});
        if !list(object, "/spec/schedulingGates").is_empty() {
            let condition = json!({"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "message": "Scheduling is blocked due to non-empty scheduling gates"});
            set_condition(object, condition, context.now);
        }
    }

    fn prepare_update(&self, context: &Context<'_>, object: &mut Value, old: &Value) {
        match context.subresource {
            "status" => {
                let owners = meta::at(old, "/metadata/ownerReferences").cloned();
                put(meta::metadata_mut(object), "ownerReferences", owners);
                let class = meta::at(old, "/status/qosClass").cloned();
                put(map(object, "status"), "qosClass", class);
            }
            "ephemeralcontainers" => only(object, old, |pod, sent| {
                put(map(pod, "spec"), "ephemeralContainers", sent.pointer("/spec/ephemeralContainers").cloned())
            }),
            "resize" => only(object, old, resize),
            "" => keep_own_resources(object, old),
            _ => {}
        }
    }

    fn grace_seconds(&self, object: &Value, asked: Option<i64>) -> Option<i64> {
        let ended = matches!(text(object, "/status/phase"), "Succeeded" | "Failed");
        if text(object, "/spec/nodeName").is_empty() || ended {
            return Some(0);
        }
        let seconds = asked.unwrap_or_else(|| number(object, "/spec/terminationGracePeriodSeconds"));
        Some(if seconds < 0 { 1 } else { seconds })
    }
}

/// Puts a pod on a node, as a binding asks.
///
/// # Errors
/// Why that cannot be.
pub fn bind(pod: &mut Value, binding: &Value, now: jiff::Timestamp) -> Result<(), String> {
    let name = meta::name(pod).to_owned();
    if meta::is_being_deleted(pod) {
        return Err(format!("pod {name} is being deleted, cannot be assigned to a host"));
    }
    let node = text(pod, "/spec/nodeName");
    if !node.is_empty() {
        return Err(format!("pod {name} is already assigned to node {node:?}"));
    }
    if !list(pod, "/spec/schedulingGates").is_empty() {
        return Err(format!("pod {name} has non-empty .spec.schedulingGates"));
    }
    map(pod, "spec").insert("nodeName".into(), text(binding, "/target/name").into());
    for (key, value) in meta::annotations(binding).unwrap_or(&Map::new()) {
        meta::set_annotation(pod, key, value.as_str().unwrap_or_default());
    }
    // A promise is of no use any more, and would mislead those who read it.
    map(pod, "status").remove("nominatedNodeName");
    set_condition(pod, json!({"type": "PodScheduled", "status": "True"}), now);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grace() {
        let pod = |node: &str, phase: &str| json!({"spec": {"nodeName": node, "terminationGracePeriodSeconds": 30}, "status": {"phase": phase}});
        for (pod, asked, expected) in [
            (pod("", "Pending"), None, 0),
            (pod("n", "Running"), None, 30),
            (pod("n", "Running"), Some(5), 5),
            (pod("n", "Running"), Some(-1), 1),
            (pod("n", "Failed"), Some(5), 0),
        ] {
            assert_eq!(Pods.grace_seconds(&pod, asked), Some(expected), "{pod} {asked:?}");
        }
    }

    #[test]
    fn a_resize_takes_amounts_and_nothing_else() {
        let old = json!({"metadata": {"name": "p"}, "spec": {"resources": {"requests": {"cpu": "1"}}, "containers": [
            {"name": "a", "image": "i", "resources": {"requests": {"cpu": "10m"}}}, {"name": "b", "image": "i", "resources": {}}]}});
        let mut sent = old.clone();
        sent["metadata"]["labels"] = json!({"x": "y"});
        sent["spec"]["nodeName"] = "n".into();
        sent["spec"]["containers"][0]["image"] = "j".into();
        sent["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "20m"}});
        map(&mut sent, "spec").remove("resources");
        let mut taken = sent.clone();
        only(&mut taken, &old, resize);
        let mut expected = old.clone();
        expected["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "20m".into();
        assert_eq!(taken, expected);
        let turned = json!([{"name": "b", "image": "i"}, {"name": "a", "image": "i"}]);
        sent["spec"]["containers"] = turned.clone();
        only(&mut sent, &old, resize);
        assert_eq!(sent["spec"]["containers"], turned, "validation says what is wrong with it");
    }

    #[test]
    fn binding() {
        let now = jiff::Timestamp::UNIX_EPOCH;
        let mut pod = json!({"metadata": {"name": "p"}, "spec": {}, "status": {"nominatedNodeName": "m"}});
        let binding =
            json!({"metadata": {"name": "p", "annotations": {"a": "b"}}, "target": {"kind": "Node", "name": "n"}});
        assert_eq!(bind(&mut pod, &binding, now), Ok(()));
        assert_eq!(
            (&pod["spec"]["nodeName"], &pod["metadata"]["annotations"]["a"], &pod["status"]["conditions"][0]["status"]),
            (&json!("n"), &json!("b"), &json!("True"))
        );
        assert_eq!(pod["status"].get("nominatedNodeName"), None, "the promise is kept, and no longer one");
        assert_eq!(bind(&mut pod, &binding, now), Err("pod p is already assigned to node \"n\"".into()));
    }
}
