//! The patch that brings a reported status to a new one.

use serde_json::{Map, Value, json};

use super::conditions::OWNED;

/// A strategic merge patch for `pods/NAME/status`, or `None` when nothing differs. Conditions of others are left out:
/// their owners write them.
pub(crate) fn patch(uid: &str, old: &Value, new: &Value) -> Option<Value> {
    let empty = Map::new();
    let (old, new) = (old.as_object().unwrap_or(&empty), new.as_object().unwrap_or(&empty));
    let mut status = Map::new();
    for (key, value) in new {
        let before = old.get(key);
        if before == Some(value) {
            continue;
        }
        let change = match key.as_str() {
            "conditions" => conditions(before, value),
            "podIPs" | "hostIPs" => replacing(before, value),
            _ if value.is_object() && before.is_some_and(Value::is_object) => {
                Some(merge(before.unwrap_or(&Value::Null), value))
            }
            _ => Some(value.clone()),
        };
        if let Some(change) = change {
            status.insert(key.clone(), change);
        }
    }
    for key in [
        "reason",
        "message",
        "podIP",
        "podIPs",
        "containerStatuses",
        "initContainerStatuses",
        "ephemeralContainerStatuses",
        "allocatedResources",
    ] {
        if old.contains_key(key) && !new.contains_key(key) {
            status.insert(key.to_owned(), Value::Null);
        }
    }
    (!status.is_empty()).then(|| json!({"metadata": {"uid": uid}, "status": status}))
}

fn conditions(old: Option<&Value>, new: &Value) -> Option<Value> {
    let find = |list: Option<&Value>, type_: &str| {
        list.and_then(Value::as_array).and_then(|list| list.iter().find(|c| c["type"] == type_)).cloned()
    };
    let changed: Vec<Value> = new
        .as_array()
        .into_iter()
        .flatten()
        .filter(|condition| {
            let type_ = condition["type"].as_str().unwrap_or_default();
            OWNED.contains(&type_) || type_ == "DisruptionTarget"
        })
        .filter(|condition| find(old, condition["type"].as_str().unwrap_or_default()).as_ref() != Some(condition))
        .map(|condition| {
            let mut whole = condition.clone();
            for key in ["reason", "message"] {
                if whole.get(key).is_none() {
                    whole[key] = Value::Null;
                }
            }
            whole
        })
        .collect();
    (!changed.is_empty()).then_some(Value::Array(changed))
}

/// A list that the API merges by key is replaced as a whole.
fn replacing(old: Option<&Value>, new: &Value) -> Option<Value> {
    let mut list = new.as_array().cloned().unwrap_or_default();
    if old.and_then(Value::as_array).is_some_and(|old| !old.is_empty()) {
        list.push(json!({"$patch": "replace"}));
    }
    Some(Value::Array(list))
}

/// An object with nulls where keys vanished.
fn merge(old: &Value, new: &Value) -> Value {
    let mut out = new.clone();
    if let (Some(old), Some(map)) = (old.as_object(), out.as_object_mut()) {
        for (key, before) in old {
            match map.get_mut(key) {
                None => {
                    map.insert(key.clone(), Value::Null);
                }
                Some(value) if value.is_object() && before.is_object() => *value = merge(before, value),
                Some(_) => {}
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed() {
        let old = json!({"phase": "Pending", "reason": "x", "qosClass": "Burstable", "conditions": [
            {"type": "Ready", "status": "False", "reason": "ContainersNotReady"}, {"type": "gate", "status": "True"}, {"type": "PodScheduled", "status": "True"}]});
        let new = json!({"phase": "Running", "qosClass": "Burstable", "podIPs": [{"ip": "10.0.0.1"}], "conditions": [
            {"type": "gate", "status": "False"}, {"type": "Ready", "status": "True"}, {"type": "PodScheduled", "status": "True"}]});
        assert_eq!(
            patch("u", &old, &new),
            Some(
                json!({"metadata": {"uid": "u"}, "status": {"phase": "Running", "reason": null, "podIPs": [{"ip": "10.0.0.1"}],
                "conditions": [{"type": "Ready", "status": "True", "reason": null, "message": null}]}})
            )
        );
        assert_eq!(patch("u", &new, &new), None);
    }
}
