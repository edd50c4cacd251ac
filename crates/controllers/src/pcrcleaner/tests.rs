//! Requests and their ends.

use jiff::Timestamp;
use serde_json::json;

use super::plan::due;

#[test]
fn requests_go_after_a_quarter_of_an_hour() {
    let spec = json!({
        "signerName": "a.b/c", "podName": "p", "podUID": "u", "serviceAccountName": "s", "serviceAccountUID": "s",
        "nodeName": "n", "nodeUID": "n", "stubPKCS10Request": "",
    });
    for (made, expected) in
        [(json!("2027-01-15T08:00:00Z"), Timestamp::from_second(1_800_000_000 + 900).ok()), (json!(null), None)]
    {
        let request = json!({"metadata": {"name": "r", "creationTimestamp": made}, "spec": spec});
        assert_eq!(due(&serde_json::from_value(request).expect("a request")), expected);
    }
}
