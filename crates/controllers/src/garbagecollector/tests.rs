//! The table of owners and outcomes, and the list of kinds.

use client::object::PartialMeta;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use super::plan::{Action, Owner, plan};
use crate::resources::kept;

#[test]
fn what_becomes_of_an_object() {
    let delete = |policy, unblock| Action::Delete { policy, unblock };
    type Case<'a> = (&'a [Owner], bool, &'a [&'a str], Option<Action>);
    let cases: [Case<'_>; 9] = [
        (&[], false, &[], Some(Action::Keep)),
        (&[Owner::Solid], true, &[], Some(Action::Keep)),
        (&[Owner::Solid, Owner::Gone], false, &[], None),
        (&[Owner::Waiting, Owner::Solid], true, &[], None),
        (&[Owner::Gone], true, &[], Some(delete("Background", false))),
        (&[Owner::Gone], true, &["orphan"], Some(delete("Orphan", false))),
        (&[Owner::Gone], true, &["foregroundDeletion"], Some(delete("Foreground", false))),
        (&[Owner::Waiting], true, &[], Some(delete("Foreground", true))),
        (&[Owner::Waiting, Owner::Gone], false, &[], Some(delete("Background", false))),
    ];
    for (owners, dependents, finalizers, expected) in cases {
        let references =
            owners.iter().enumerate().map(|(i, _)| OwnerReference { uid: i.to_string(), ..OwnerReference::default() });
        let meta = PartialMeta {
            owner_references: references.collect(),
            finalizers: finalizers.iter().map(|f| (*f).to_owned()).collect(),
            ..PartialMeta::default()
        };
        let action = plan(&meta, owners, dependents);
        match expected {
            Some(expected) => assert_eq!(action, expected, "{owners:?}"),
            None => {
                let Action::SetOwners(left) = action else {
                    panic!("{action:?}");
                };
                assert_eq!(left.len(), 1);
                let solid = owners.iter().position(|o| *o == Owner::Solid).expect("one");
                assert_eq!(left[0].uid, solid.to_string());
            }
        }
    }
}

#[test]
fn every_kind_is_watched_once() {
    let kept = kept();
    let has = |group: &str, kind: &str| kept.iter().filter(|k| k.gvr.group == group && k.kind == kind).count();
    assert_eq!((has("", "Pod"), has("apps", "ReplicaSet"), has("", "ConfigMap"), has("batch", "Job")), (1, 1, 1, 1));
    assert_eq!(kept.iter().filter(|k| k.kind == "Event").count(), 1, "{kept:?}");
    assert_eq!(has("authorization.k8s.io", "SubjectAccessReview"), 0);
}
