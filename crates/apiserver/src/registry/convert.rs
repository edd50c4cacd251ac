//! Between the versions of a kind that share their storage: events of both groups, and both versions of autoscalers.

use apimachinery::meta;
use serde_json::{Map, Value, json};

/// Do two rows differ in form?
#[must_use]
pub fn needed(a: &api::Resource, b: &api::Resource) -> bool {
    a.version != b.version || a.group != b.group
}

/// Changes the form of an object from one row to another.
pub fn convert(from: &api::Resource, to: &api::Resource, object: &mut Value) {
    if let Some(version) = api::custom::of(to) {
        return api::custom::convert(version, object);
    }
    if !needed(from, to) {
        return;
    }
    meta::set_gvk(object, &to.api_version(), &to.kind);
    let Some(map) = object.as_object_mut() else { return };
    match (&*to.kind, &*to.group, &*to.version) {
        ("Event", "events.k8s.io", _) => rename(map, false),
        ("Event", "", _) => rename(map, true),
        ("HorizontalPodAutoscaler", _, "v1") => to_old_autoscaler(map),
        ("HorizontalPodAutoscaler", _, "v2") => to_new_autoscaler(map),
        _ => {}
    }
}

/// Names in events.k8s.io, and in core.
const EVENT_FIELDS: [(&str, &str); 7] = [
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("reportingController", "reportingComponent"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
];

fn rename(map: &mut Map<String, Value>, to_core: bool) {
    for (new, old) in EVENT_FIELDS {
        let (from, to) = if to_core { (new, old) } else { (old, new) };
        if let Some(value) = map.remove(from) {
            map.insert(to.into(), value);
        }
    }
    // These are never left out of their version's form.
    if to_core {
        for key in ["reportingComponent", "reportingInstance"] {
            map.entry(key).or_insert_with(|| "".into());
        }
        for (key, empty) in [
            ("involvedObject", json!({})),
            ("source", json!({})),
            ("firstTimestamp", Value::Null),
            ("lastTimestamp", Value::Null),
        ] {
            map.entry(key).or_insert(empty);
        }
    }
}

fn is_cpu(metric: &Value) -> bool {
    metric["type"] == "Resource" && metric.pointer("/resource/name") == Some(&json!("cpu"))
}

fn to_new_autoscaler(map: &mut Map<String, Value>) {
    if let Some(spec) = map.get_mut("spec").and_then(Value::as_object_mut)
        && let Some(percent) = spec.remove("targetCPUUtilizationPercentage")
    {
        let target = json!({"type": "Utilization", "averageUtilization": percent});
        spec.insert("metrics".into(), json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]));
    }
    if let Some(status) = map.get_mut("status").and_then(Value::as_object_mut)
        && let Some(percent) = status.remove("currentCPUUtilizationPercentage")
    {
        let current = json!({"averageUtilization": percent, "averageValue": "0"});
        status.insert(
            "currentMetrics".into(),
            json!([{"type": "Resource", "resource": {"name": "cpu", "current": current}}]),
        );
    }
}

fn to_old_autoscaler(map: &mut Map<String, Value>) {
    let moved = [
        ("spec", "metrics", "/resource/target/averageUtilization", "targetCPUUtilizationPercentage"),
        ("status", "currentMetrics", "/resource/current/averageUtilization", "currentCPUUtilizationPercentage"),
    ];
    for (part, list, pointer, percent) in moved {
        let Some(part) = map.get_mut(part).and_then(Value::as_object_mut) else { continue };
        let metrics = part.remove(list);
        let cpu = metrics.as_ref().and_then(Value::as_array).into_iter().flatten().find(|m| is_cpu(m));
        if let Some(value) = cpu.and_then(|m| m.pointer(pointer)) {
            part.insert(percent.into(), value.clone());
        }
        part.remove("behavior");
        part.remove("conditions");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(a: (&str, &str, &str), b: (&str, &str, &str), object: &Value) -> Value {
        let row = |r: (&str, &str, &str)| api::find(r.0, r.1, r.2).expect("row");
        let mut value = object.clone();
        convert(row(a), row(b), &mut value);
        assert_ne!(&value, object);
        convert(row(b), row(a), &mut value);
        value
    }

    #[test]
    fn both_ways() {
        let event = json!({"apiVersion": "events.k8s.io/v1", "kind": "Event", "regarding": {"name": "p"}, "note": "n", "reportingController": "c",
            "reportingInstance": "i", "deprecatedCount": 2, "deprecatedSource": {}, "deprecatedFirstTimestamp": null, "deprecatedLastTimestamp": null});
        assert_eq!(there_and_back(("events.k8s.io", "v1", "events"), ("", "v1", "events"), &event), event);
        let scaler = json!({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 50}, "status": {"currentReplicas": 1}});
        let (v1, v2) =
            (("autoscaling", "v1", "horizontalpodautoscalers"), ("autoscaling", "v2", "horizontalpodautoscalers"));
        assert_eq!(there_and_back(v1, v2, &scaler), scaler);
    }
}
