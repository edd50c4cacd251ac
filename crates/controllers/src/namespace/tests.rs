//! The conditions of a namespace that is going away.

use k8s_openapi::api::core::v1::NamespaceStatus;

use super::plan::{Found, status};
use crate::testkit::at;

#[test]
fn conditions_say_what_remains_and_change_only_with_it() {
    let mut found = Found::default();
    found.remaining.insert("pods.".to_owned(), 2);
    found.finalizers.insert("example.com/hold".to_owned(), 1);
    let first = status(&NamespaceStatus::default(), &found, at(1)).expect("a change");
    let text = |s: &NamespaceStatus, kind: &str| {
        let all = s.conditions.as_deref().unwrap_or_default();
        let c = all.iter().find(|c| c.type_ == kind).expect("the condition");
        format!("{} {} {}", c.status, c.reason.as_deref().unwrap_or_default(), c.message.as_deref().unwrap_or_default())
    };
    assert_eq!(
        text(&first, "NamespaceContentRemaining"),
        "True SomeResourcesRemain Some resources are remaining: pods. has 2 resource instances"
    );
    assert_eq!(
        text(&first, "NamespaceFinalizersRemaining"),
        "True SomeFinalizersRemain Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
    );
    assert_eq!(first.phase.as_deref(), Some("Terminating"));
    assert_eq!(status(&first, &found, at(9)), None);
    let after = status(&first, &Found::default(), at(9)).expect("a change");
    assert_eq!(text(&after, "NamespaceContentRemaining"), "False ContentRemoved All content successfully removed");
}
