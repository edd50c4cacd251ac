//! Roles and the one that is made of them.

use std::sync::Arc;

use k8s_openapi::api::rbac::v1::ClusterRole;
use serde_json::json;

use super::plan::plan;
use crate::testkit::object;

#[test]
fn rules_are_collected_once_in_order_of_names() {
    let role = |name: &str, label: &str, verbs: &[&str]| {
        object::<ClusterRole>(json!({
            "metadata": { "name": name, "labels": { label: "true" } },
            "rules": [{ "apiGroups": [""], "resources": ["pods"], "verbs": verbs }],
        }))
    };
    let whole: Arc<ClusterRole> = object(json!({
        "metadata": { "name": "edit", "labels": { "to-edit": "true" } }, "rules": null,
        "aggregationRule": { "clusterRoleSelectors": [{ "matchLabels": { "to-edit": "true" } }] },
    }));
    let all = [
        role("b", "to-edit", &["get"]),
        role("a", "to-edit", &["list"]),
        role("c", "to-edit", &["get"]),
        role("d", "other", &["delete"]),
        whole.clone(),
    ];
    let rules = plan(&whole, &all).expect("a change");
    let verbs: Vec<_> = rules.iter().flat_map(|r| r.verbs.clone()).collect();
    assert_eq!(verbs, ["list", "get"]);
    let mut done = ClusterRole::clone(&whole);
    done.rules = Some(rules);
    assert_eq!(plan(&done, &all), None);
    assert_eq!(plan(&all[0], &all), None, "a plain role stays as it is");
}
