//! The table of secrets and service accounts.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use serde_json::{Value, json};

use super::plan::{Action, plan};
use crate::testkit::object;

#[test]
fn secrets_are_filled_and_go_with_their_account() {
    let secret = |kind: &str, uid: Value, data: Value| {
        object::<Secret>(json!({
            "metadata": { "name": "t", "namespace": "n", "annotations": { "kubernetes.io/service-account.name": "a", "kubernetes.io/service-account.uid": uid } },
            "type": kind, "data": data,
        }))
    };
    let account: Arc<ServiceAccount> = object(json!({ "metadata": { "name": "a", "namespace": "n", "uid": "u" } }));
    let whole = json!({ "token": "eA==", "ca.crt": "Q0E=", "namespace": "bg==" });
    let kind = "kubernetes.io/service-account-token";
    let cases = [
        (secret(kind, json!("u"), whole.clone()), true, Action::Keep),
        (secret(kind, json!(""), whole.clone()), true, Action::Fill { token: false }),
        (secret(kind, json!("u"), json!({})), true, Action::Fill { token: true }),
        (secret(kind, json!("other"), whole.clone()), true, Action::Delete),
        (secret(kind, json!("u"), whole.clone()), false, Action::Delete),
        (secret("Opaque", json!("u"), json!({})), false, Action::Keep),
    ];
    for (number, (secret, there, expected)) in cases.into_iter().enumerate() {
        assert_eq!(plan(&secret, there.then_some(&*account), "CA"), expected, "case {number}");
    }
}
