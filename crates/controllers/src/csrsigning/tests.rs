//! A table of requests and what becomes of them.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use serde_json::{Value, json};

use super::plan::{Action, is_due, plan};
use crate::certificate::{CLIENT, KUBELET_CLIENT, KUBELET_SERVING, Request};

fn request(spec: Value, status: Value) -> CertificateSigningRequest {
    let mut spec = spec;
    spec["request"] = "".into();
    serde_json::from_value(json!({"metadata": {"name": "r"}, "spec": spec, "status": status})).expect("a request")
}

#[test]
fn what_fits_its_signer_is_signed() {
    let node = Request {
        common_name: "system:node:a".into(),
        organizations: vec!["system:nodes".into()],
        ..Request::default()
    };
    let usages = ["digital signature", "client auth"];
    let answer = |signer: &str, usages: &[&str], seconds: Value| {
        let spec = json!({"signerName": signer, "usages": usages, "expirationSeconds": seconds});
        plan(&request(spec, json!({})), &node, Timestamp::UNIX_EPOCH)
    };
    let life = |action: Action| match action {
        Action::Sign { life } => Ok(life.as_secs()),
        Action::Fail(condition) => Err(condition.message.unwrap_or_default()),
        Action::Leave => Err("left".to_owned()),
    };
    let year = SignedDuration::from_hours(24 * 365).as_secs();
    for (signer, usages, seconds, expected) in [
        (KUBELET_CLIENT, &usages[..], Value::Null, Ok(year)),
        (KUBELET_CLIENT, &usages[..], json!(3600), Ok(3600)),
        (KUBELET_CLIENT, &usages[..], json!(i32::MAX), Ok(year)),
        (CLIENT, &["client auth"][..], json!(600), Ok(600)),
        (CLIENT, &["server auth"][..], Value::Null, Err("invalid usage for client certificate: server auth")),
        (
            CLIENT,
            &["digital signature"][..],
            Value::Null,
            Err("missing required usage for client certificate: client auth"),
        ),
        (
            KUBELET_SERVING,
            &["digital signature", "server auth"][..],
            Value::Null,
            Err("DNS or IP subjectAltName is required"),
        ),
        ("example.com/x", &usages[..], Value::Null, Err("left")),
    ] {
        let got = life(answer(signer, usages, seconds));
        assert_eq!(got.as_ref().map_err(String::as_str), expected.as_ref().map_err(|e| *e), "{signer} {usages:?}");
    }
}

#[test]
fn only_approved_ones_are_due() {
    let with = |conditions: Value, certificate: &str| {
        request(json!({"signerName": CLIENT}), json!({"conditions": conditions, "certificate": certificate}))
    };
    let condition = |kind: &str| json!({"type": kind, "status": "True"});
    assert!(is_due(&with(json!([condition("Approved")]), "")));
    assert!(!is_due(&with(json!([]), "")));
    assert!(!is_due(&with(json!([condition("Approved"), condition("Failed")]), "")));
    assert!(!is_due(&with(json!([condition("Approved"), condition("Denied")]), "")));
    assert!(!is_due(&with(json!([condition("Approved")]), "eA==")));
}
