//! What a later start does with default objects that are there already: it adds what is missing and leaves what the owner of the cluster changed.

use apimachinery::meta;
use serde_json::Value;

use crate::{
    authz::{Rule, missing},
    strategies::json::list,
};

const AUTOUPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";
const FLOW_AUTOUPDATE: &str = "apf.kubernetes.io/autoupdate-spec";

/// What to do.
#[derive(Debug, PartialEq)]
pub enum Plan {
    /// It is as it should be, or is the owner's.
    Nothing,
    /// [`apply`] and write.
    Change,
    /// What a binding refers to cannot change: delete and make anew.
    Replace,
}

/// The plan for one object.
pub fn plan(existing: &Value, expected: &Value) -> Plan {
    if meta::is_being_deleted(existing) {
        return Plan::Nothing;
    }
    if matches!(meta::kind(expected), "RoleBinding" | "ClusterRoleBinding")
        && meta::annotation(existing, AUTOUPDATE) != Some("false")
        && existing["roleRef"] != expected["roleRef"]
    {
        return Plan::Replace;
    }
    let mut next = existing.clone();
    apply(&mut next, expected);
    if next == *existing { Plan::Nothing } else { Plan::Change }
}

fn rules(role: &Value) -> Vec<Rule> {
    serde_json::from_value(role.get("rules").cloned().unwrap_or_default()).unwrap_or_default()
}

fn merge_text(object: &mut Value, expected: &Value) {
    let missing = |have: Option<&serde_json::Map<String, Value>>,
                   want: Option<&serde_json::Map<String, Value>>|
     -> Vec<(String, String)> {
        let new = want.into_iter().flatten().filter(|(k, _)| !have.is_some_and(|h| h.contains_key(*k)));
        new.map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())).collect()
    };
    for (key, value) in missing(meta::labels(object), meta::labels(expected)) {
        meta::set_label(object, &key, value);
    }
    for (key, value) in missing(meta::annotations(object), meta::annotations(expected)) {
        meta::set_annotation(object, &key, value);
    }
}

fn add_rules(object: &mut Value, expected: &Value) {
    // Aggregated roles get their rules from a controller.
    if !expected["aggregationRule"].is_null() {
        return;
    }
    let owned = rules(object);
    let lacking: Vec<Value> = list(expected, "/rules")
        .iter()
        .zip(rules(expected))
        .filter(|(_, rule)| missing(&owned, std::slice::from_ref(rule)).is_some())
        .map(|(raw, _)| raw.clone())
        .collect();
    if !lacking.is_empty() {
        let mut all = list(object, "/rules").to_vec();
        all.extend(lacking);
        object["rules"] = all.into();
    }
}

fn add_subjects(object: &mut Value, expected: &Value) {
    let same = |a: &Value, b: &Value| {
        ["kind", "name", "namespace"].iter().all(|k| {
            a.get(*k).and_then(Value::as_str).unwrap_or_default()
                == b.get(*k).and_then(Value::as_str).unwrap_or_default()
        })
    };
    let mut subjects = list(object, "/subjects").to_vec();
    let lacking: Vec<Value> =
        list(expected, "/subjects").iter().filter(|e| !subjects.iter().any(|s| same(s, e))).cloned().collect();
    if !lacking.is_empty() {
        subjects.extend(lacking);
        object["subjects"] = subjects.into();
    }
}

/// Every field of the expectation that the object has otherwise.
fn overlay(object: &mut Value, expected: &Value) {
    match (object, expected) {
        (Value::Object(have), Value::Object(want)) => {
            for (key, value) in want {
                overlay(have.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (have, want) => {
            if have != want {
                *have = want.clone();
            }
        }
    }
}

/// Makes the object as it should be.
pub fn apply(object: &mut Value, expected: &Value) {
    match meta::kind(expected) {
        "Role" | "ClusterRole" if meta::annotation(object, AUTOUPDATE) != Some("false") => {
            merge_text(object, expected);
            add_rules(object, expected);
        }
        "RoleBinding" | "ClusterRoleBinding" if meta::annotation(object, AUTOUPDATE) != Some("false") => {
            merge_text(object, expected);
            add_subjects(object, expected);
        }
        "FlowSchema" | "PriorityLevelConfiguration" if meta::annotation(object, FLOW_AUTOUPDATE) == Some("true") => {
            overlay(&mut object["spec"], &expected["spec"])
        }
        // Where this server is reached is known best by this server.
        "Service" => {
            object["spec"]["ports"] = expected["spec"]["ports"].clone();
        }
        "Endpoints" => object["subsets"] = expected["subsets"].clone(),
        "EndpointSlice" => {
            object["endpoints"] = expected["endpoints"].clone();
            object["ports"] = expected["ports"].clone();
        }
        // When the tracking of old tokens began is written once.
        "ConfigMap" if meta::name(expected) != "kube-apiserver-legacy-service-account-token-tracking" => {
            overlay(&mut object["data"], &expected["data"])
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn role(verbs: &[&str], autoupdate: &str) -> Value {
        json!({"kind": "ClusterRole", "metadata": {"name": "r", "annotations": {AUTOUPDATE: autoupdate}}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": verbs}]})
    }

    #[test]
    fn what_is_missing_is_added_and_what_was_added_stays() {
        let expected = role(&["get", "list"], "true");
        assert_eq!(plan(&role(&["get", "list", "delete"], "true"), &expected), Plan::Nothing);
        assert_eq!(plan(&role(&["get"], "false"), &expected), Plan::Nothing);
        let mut object = role(&["get"], "true");
        assert_eq!(plan(&object, &expected), Plan::Change);
        apply(&mut object, &expected);
        assert_eq!(list(&object, "/rules").len(), 2);
        assert_eq!(plan(&object, &expected), Plan::Nothing);
    }

    #[test]
    fn a_binding_to_another_role_is_made_anew() {
        let binding = |role: &str| json!({"kind": "RoleBinding", "metadata": {"name": "b"}, "roleRef": {"kind": "Role", "name": role}, "subjects": [{"kind": "User", "name": "u", "apiGroup": "rbac.authorization.k8s.io"}]});
        assert_eq!(plan(&binding("a"), &binding("b")), Plan::Replace);
        assert_eq!(plan(&binding("a"), &binding("a")), Plan::Nothing);
    }
}
