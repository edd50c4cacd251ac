//! A table of requests and their ends.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::plan::due;

#[test]
fn answered_requests_go_soon_and_others_after_a_day() {
    let at = "2027-01-15T08:00:00Z";
    let hours = |n: i64| Timestamp::from_second(1_800_000_000 + n * 3600).ok();
    let condition = |kind: &str| json!([{"type": kind, "status": "True", "lastUpdateTime": at}]);
    for (status, expected) in [
        (json!({}), hours(24)),
        (json!({"conditions": condition("Denied")}), hours(1)),
        (json!({"conditions": condition("Failed")}), hours(1)),
        (json!({"conditions": condition("Approved")}), hours(24)),
        (json!({"conditions": condition("Approved"), "certificate": "eA=="}), hours(1)),
        (json!({"conditions": condition("Other")}), None),
    ] {
        let request: Value = json!({"metadata": {"name": "r", "creationTimestamp": at}, "spec": {"request": "", "signerName": "a.b/c"}, "status": status});
        assert_eq!(due(&serde_json::from_value(request).expect("a request")), expected, "{status}");
    }
}
