use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::certificates::v1::PodCertificateRequest;
use serde_json::{Value, json};

use super::plan::{Next, Notice, State, next};
use crate::pem;

const NONE: SignedDuration = SignedDuration::ZERO;

/// So many minutes after the beginning.
fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap()
}

fn request(kind: &str, status: Value) -> PodCertificateRequest {
    let mut status = status;
    if !kind.is_empty() {
        status["conditions"] = json!([{
            "type": kind, "status": "True", "reason": "Why", "message": "so",
            "lastTransitionTime": at(0).to_string(),
        }]);
    }
    let spec = json!({
        "signerName": "x.y/z", "podName": "p", "podUID": "u", "serviceAccountName": "s", "serviceAccountUID": "s",
        "nodeName": "n", "nodeUID": "n", "stubPKCS10Request": "",
    });
    serde_json::from_value(json!({"metadata": {"name": "req-1", "namespace": "ns"}, "spec": spec, "status": status}))
        .unwrap()
}

fn issued(begin: i64, end: i64) -> PodCertificateRequest {
    let block = pem::encode("CERTIFICATE", b"leaf");
    let status = json!({
        "certificateChain": format!("said by the signer\n{block}\n{block}"),
        "beginRefreshAt": at(begin).to_string(), "notAfter": at(end).to_string(), "notBefore": at(0).to_string(),
    });
    request("Issued", status)
}

fn waiting() -> State {
    State::Initial.requested("req-1".into(), "KEY".into(), at(0), NONE)
}

fn fresh(begin: i64, end: i64) -> State {
    next(waiting(), Some(&issued(begin, end)), at(1), NONE).state
}

/// What a state is, in short.
fn short(next: &Next) -> String {
    let state = match &next.state {
        State::Initial => "initial",
        State::Waiting(_) => "waiting",
        State::Fresh(_) => "fresh",
        State::Refreshing(..) => "refreshing",
        State::Refused { how, .. } => how,
    };
    let notices: Vec<_> = next.notices.iter().map(|notice| notice.reason).collect();
    format!(
        "{state}{}{}",
        if next.create { " create" } else { "" },
        notices.iter().map(|n| format!(" {n}")).collect::<String>()
    )
}

#[test]
fn every_state_goes_on() {
    let refreshing = |begin, end| fresh(begin, end).requested("req-2".into(), "KEY2".into(), at(20), NONE);
    let cases: [(&str, State, Option<PodCertificateRequest>, i64, &str); 20] = [
        ("nothing yet", State::Initial, None, 0, "initial create"),
        ("the watch lags", waiting(), None, 9, "waiting"),
        ("it was deleted", waiting(), None, 10, "initial create"),
        ("no verdict", waiting(), Some(request("", json!({}))), 60, "waiting"),
        ("an unknown condition", waiting(), Some(request("Seen", json!({}))), 1, "waiting"),
        ("issued", waiting(), Some(issued(30, 60)), 1, "fresh"),
        ("denied", waiting(), Some(request("Denied", json!({}))), 1, "denied Denied"),
        ("failed", waiting(), Some(request("Failed", json!({}))), 1, "failed Failed"),
        ("denied stays", State::Refused { how: "denied", reason: "r".into(), message: "m".into() }, None, 99, "denied"),
        ("not yet", fresh(30, 60), None, 29, "fresh"),
        ("time to renew", fresh(30, 60), None, 30, "fresh create"),
        ("the node slept", fresh(30, 60), None, 41, "fresh create CertificateOverdueForRefresh"),
        ("for long", fresh(30, 60), None, 61, "fresh create CertificateOverdueForRefresh CertificateExpired"),
        ("the next one lags", refreshing(20, 60), None, 29, "refreshing"),
        ("the next one was deleted", refreshing(20, 60), None, 31, "fresh create CertificateOverdueForRefresh"),
        ("no verdict on it", refreshing(20, 60), Some(request("", json!({}))), 25, "refreshing"),
        (
            "for too long",
            refreshing(20, 60),
            Some(request("", json!({}))),
            31,
            "refreshing CertificateOverdueForRefresh",
        ),
        ("the next one", refreshing(20, 60), Some(issued(90, 120)), 25, "fresh"),
        ("refused", refreshing(20, 60), Some(request("Denied", json!({}))), 25, "denied Denied"),
        ("broken", refreshing(20, 60), Some(request("Failed", json!({}))), 25, "failed Failed"),
    ];
    for (name, state, request, minute, expected) in cases {
        assert_eq!(short(&next(state, request.as_ref(), at(minute), NONE)), expected, "{name}");
    }
}

#[test]
fn what_is_told_is_told_once() {
    let state = fresh(20, 60).requested("req-2".into(), "KEY2".into(), at(55), NONE);
    let first = next(state, None, at(61), NONE);
    assert_eq!(short(&first), "refreshing CertificateOverdueForRefresh CertificateExpired");
    assert_eq!(short(&next(first.state, None, at(62), NONE)), "refreshing");
}

#[test]
fn the_volume_gets_the_newest_that_is_issued() {
    let text = |state: &State| state.issued().map(|issued| (issued.key.clone(), issued.chain.clone()));
    let chain = pem::encode("CERTIFICATE", b"leaf").repeat(2);
    assert_eq!(text(&State::Initial).unwrap_err(), "credential bundle is not issued yet");
    assert_eq!(text(&waiting()).unwrap_err(), "credential bundle is not issued yet");
    assert_eq!(text(&fresh(20, 60)).unwrap(), ("KEY".to_owned(), chain.clone()), "only the blocks of the chain");
    let refreshing = fresh(20, 60).requested("req-2".into(), "KEY2".into(), at(20), NONE);
    assert_eq!((text(&refreshing).unwrap().0.as_str(), refreshing.request()), ("KEY", Some("req-2")));
    let renewed = next(refreshing, Some(&issued(90, 120)), at(21), NONE).state;
    assert_eq!(text(&renewed).unwrap(), ("KEY2".to_owned(), chain));
    let denied = next(waiting(), Some(&request("Denied", json!({}))), at(1), NONE);
    assert_eq!(
        text(&denied.state).unwrap_err(),
        "PodCertificateRequest was permanently denied: reason=\"Why\" message=\"so\""
    );
    let message = "PodCertificateRequest ns/req-1 was denied, reason=\"Why\", message=\"so\"".to_owned();
    assert_eq!(denied.notices, [Notice { reason: "Denied", message }]);
}

#[test]
fn it_wakes_when_something_is_due() {
    let minute = SignedDuration::from_mins(1);
    assert_eq!((State::Initial.wake_at(at(0)), waiting().wake_at(at(0))), (None, None));
    assert_eq!(fresh(30, 60).wake_at(at(1)), Some(at(30)));
    let late = next(waiting(), Some(&issued(30, 60)), at(1), minute).state;
    assert_eq!(late.wake_at(at(1)), Some(at(31)), "with the jitter");
    let refreshing = fresh(30, 60).requested("req-2".into(), "KEY2".into(), at(31), NONE);
    for (minute, expected) in [(31, Some(40)), (40, Some(41)), (41, Some(60)), (60, None)] {
        assert_eq!(refreshing.wake_at(at(minute)), expected.map(at), "after {minute} minutes");
    }
}
