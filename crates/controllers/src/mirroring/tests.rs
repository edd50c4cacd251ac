//! Endpoints made by hand and the slices that show them.

use std::sync::Arc;

use client::Object;
use k8s_openapi::api::{
    core::v1::{Endpoints, Service},
    discovery::v1::EndpointSlice,
};
use serde_json::json;

use super::plan::{Action, is_shown, plan};
use crate::testkit::object;

#[test]
fn endpoints_are_shown_by_family_and_followed() {
    let endpoints: Arc<Endpoints> = object(json!({
        "metadata": { "name": "db", "namespace": "n", "uid": "e" },
        "subsets": [{ "addresses": [{ "ip": "192.0.2.1" }, { "ip": "2001:db8::1" }],
                      "notReadyAddresses": [{ "ip": "192.0.2.2" }], "ports": [{ "port": 5432 }] }],
    }));
    let actions = plan(Some(&endpoints), &[]);
    let slices: Vec<Arc<EndpointSlice>> = actions
        .into_iter()
        .enumerate()
        .map(|(number, action)| {
            let Action::Create(mut slice) = action else {
                panic!("{action:?}");
            };
            slice.metadata.uid = Some(number.to_string());
            Arc::from(slice)
        })
        .collect();
    let shown: Vec<_> =
        slices.iter().map(|s| (s.address_type.as_str(), s.endpoints.as_ref().map_or(0, Vec::len))).collect();
    assert_eq!(shown, [("IPv4", 2), ("IPv6", 1)]);
    assert_eq!(plan(Some(&endpoints), &slices), []);
    let mut changed = Endpoints::clone(&endpoints);
    changed.subsets.as_mut().expect("subsets")[0].addresses = None;
    let actions = plan(Some(&changed), &slices);
    assert!(matches!(actions.as_slice(), [Action::Update(_), Action::Delete(_)]), "{actions:?}");
    assert_eq!(plan(None, &slices).len(), 2);

    let by_hand: Arc<Service> = object(json!({ "metadata": { "name": "db" }, "spec": {} }));
    let selecting: Arc<Service> = object(json!({ "metadata": { "name": "db" }, "spec": { "selector": { "a": "b" } } }));
    assert!(
        is_shown(&endpoints, Some(&by_hand)) && !is_shown(&endpoints, Some(&selecting)) && !is_shown(&endpoints, None)
    );
    changed.metadata.labels = Some(crate::testkit::labels(&[("endpointslice.kubernetes.io/skip-mirror", "true")]));
    assert!(!is_shown(&changed, Some(&by_hand)) && changed.name() == "db");
}
