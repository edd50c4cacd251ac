//! What the conditions of a namespace say while it is being emptied.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{NamespaceCondition, NamespaceStatus},
    apimachinery::pkg::apis::meta::v1::Time,
};

/// What was found while emptying a namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Objects that remain, by `plural.group`.
    pub remaining: BTreeMap<String, usize>,
    /// Objects that remain, by finalizer.
    pub finalizers: BTreeMap<String, usize>,
    /// What could not be deleted.
    pub errors: Vec<String>,
}

impl Found {
    /// Whether the namespace is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.remaining.is_empty() && self.errors.is_empty()
    }
}

type Row = (&'static str, bool, &'static str, String);

fn rows(found: &Found) -> [Row; 5] {
    let list = |map: &BTreeMap<String, usize>, what: &dyn Fn(&str, usize) -> String| {
        map.iter().map(|(k, n)| what(k, *n)).collect::<Vec<_>>().join(", ")
    };
    let row = |kind, bad: Option<(&'static str, String)>, reason, message: &str| match bad {
        Some((reason, message)) => (kind, true, reason, message),
        None => (kind, false, reason, message.to_owned()),
    };
    let failed = (!found.errors.is_empty()).then(|| {
        let (count, errors) = (found.errors.len(), found.errors.join(", "));
        ("ContentDeletionFailed", format!("Failed to delete all resource types, {count} remaining: {errors}"))
    });
    let remaining = (!found.remaining.is_empty()).then(|| {
        let all = list(&found.remaining, &|k, n| format!("{k} has {n} resource instances"));
        ("SomeResourcesRemain", format!("Some resources are remaining: {all}"))
    });
    let finalizers = (!found.finalizers.is_empty()).then(|| {
        let all = list(&found.finalizers, &|k, n| format!("{k} in {n} resource instances"));
        ("SomeFinalizersRemain", format!("Some content in the namespace has finalizers remaining: {all}"))
    });
    let deleted = "All content successfully deleted, may be waiting on finalization";
    [
        row("NamespaceDeletionDiscoveryFailure", None, "ResourcesDiscovered", "All resources successfully discovered"),
        row(
            "NamespaceDeletionGroupVersionParsingFailure",
            None,
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        row("NamespaceDeletionContentFailure", failed, "ContentDeleted", deleted),
        row("NamespaceContentRemaining", remaining, "ContentRemoved", "All content successfully removed"),
        row(
            "NamespaceFinalizersRemaining",
            finalizers,
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
        ),
    ]
}

/// The status that says what was found; `None`: it says so already.
#[must_use]
pub fn status(old: &NamespaceStatus, found: &Found, now: Timestamp) -> Option<NamespaceStatus> {
    let mut new = old.clone();
    new.phase = Some("Terminating".to_owned());
    let conditions = new.conditions.get_or_insert_default();
    for (kind, bad, reason, message) in rows(found) {
        let status = if bad { "True" } else { "False" };
        let mut condition = NamespaceCondition {
            type_: kind.to_owned(),
            status: status.to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message),
            last_transition_time: Some(Time(now)),
        };
        match conditions.iter_mut().find(|c| c.type_ == kind) {
            Some(old) => {
                if old.status == condition.status {
                    condition.last_transition_time.clone_from(&old.last_transition_time);
                }
                *old = condition;
            }
            None => conditions.push(condition),
        }
    }
    (new != *old).then_some(new)
}
