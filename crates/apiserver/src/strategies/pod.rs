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

fn resize(pod: &mut Value, sent: &Value) {
    for key in ["containers", "initContainers"] {
        let wanted = list(sent, &format!("/spec/{key}")).to_vec();
        let Some(Value::Array(containers)) = pod.pointer_mut(&format!("/spec/{key}")) else { continue };
        for container in containers.iter_mut() {
            let Some(new) = wanted.iter().find(|w| w["name"] == container["name"]) else { continue };
            for part in ["resources", "resizePolicy"] {
                if let Some(container) = container.as_object_mut() {
                    put(container, part, new.get(part).cloned());
                }
            }
        }
    }
    let resources = sent.pointer("/spec/resources").cloned();
    put(map(pod, "spec"), "resources", resources);
}

impl Strategy for Pods {
    fn prepare_create(&self, context: &Context<'_>, object: &mut Value) {
        meta::set_generation(object, 1);
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
    fn binding() {
        let now = jiff::Timestamp::UNIX_EPOCH;
        let mut pod = json!({"metadata": {"name": "p"}, "spec": {}});
        let binding =
            json!({"metadata": {"name": "p", "annotations": {"a": "b"}}, "target": {"kind": "Node", "name": "n"}});
        assert_eq!(bind(&mut pod, &binding, now), Ok(()));
        assert_eq!(
            (&pod["spec"]["nodeName"], &pod["metadata"]["annotations"]["a"], &pod["status"]["conditions"][0]["status"]),
            (&json!("n"), &json!("b"), &json!("True"))
        );
        assert_eq!(bind(&mut pod, &binding, now), Err("pod p is already assigned to node \"n\"".into()));
    }
}
