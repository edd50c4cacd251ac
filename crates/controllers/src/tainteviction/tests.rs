//! The table of taints and tolerations.

use k8s_openapi::api::core::v1::{Taint, Toleration};
use serde_json::json;

use super::plan::leave_at;
use crate::testkit::at;

#[test]
fn the_shortest_patience_counts() {
    let taint = |key: &str| json!({ "key": key, "effect": "NoExecute", "timeAdded": "1970-01-01T00:01:40Z" });
    let bears = |key: &str, seconds: Option<i64>| json!({ "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds });
    let cases = [
        (vec![], vec![taint("a")], Some(500)),
        (vec![bears("a", None)], vec![taint("a")], None),
        (vec![bears("a", Some(300))], vec![taint("a")], Some(400)),
        (vec![bears("a", Some(300)), bears("b", Some(60))], vec![taint("a"), taint("b")], Some(160)),
        (vec![bears("a", Some(300))], vec![taint("a"), taint("b")], Some(500)),
        (vec![json!({ "operator": "Exists" })], vec![taint("a"), taint("b")], None),
        (vec![json!({ "key": "a", "value": "x" })], vec![taint("a")], Some(500)),
        (vec![], vec![json!({ "key": "a", "effect": "NoSchedule" })], None),
    ];
    for (number, (tolerations, taints, expected)) in cases.into_iter().enumerate() {
        let tolerations: Vec<Toleration> = serde_json::from_value(json!(tolerations)).expect("tolerations");
        let taints: Vec<Taint> = serde_json::from_value(json!(taints)).expect("taints");
        assert_eq!(leave_at(&tolerations, &taints, at(500)), expected.map(at), "case {number}");
    }
}
