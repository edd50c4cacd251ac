//! What becomes of an object whose owners are gone or going.

use client::object::PartialMeta;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

/// Keeps an object until its dependents are gone.
pub const FOREGROUND: &str = "foregroundDeletion";
/// Keeps an object until its dependents do not name it any more.
pub const ORPHAN: &str = "orphan";

/// How an owner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// It is there.
    Solid,
    /// It is not there, or another of its name.
    Gone,
    /// It waits for its dependents.
    Waiting,
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Nothing.
    Keep,
    /// Write these owners: the others are gone, or need not wait for it.
    SetOwners(Vec<OwnerReference>),
    /// Delete it, after dependents that block each other were freed when `unblock` says so.
    Delete {
        /// `Background`, `Foreground` or `Orphan`.
        policy: &'static str,
        /// Whether dependents that wait for their own dependents must not block this object: it may be a circle.
        unblock: bool,
    },
}

/// Whether it waits for its dependents.
#[must_use]
pub fn is_waiting(meta: &PartialMeta) -> bool {
    meta.deletion_timestamp.is_some() && meta.finalizers.iter().any(|f| f == FOREGROUND)
}

/// Whether its dependents shall be set free.
#[must_use]
pub fn is_orphaning(meta: &PartialMeta) -> bool {
    meta.deletion_timestamp.is_some() && meta.finalizers.iter().any(|f| f == ORPHAN)
}

/// Decides about an object that is not being deleted, given how each of its owners is.
#[must_use]
pub fn plan(meta: &PartialMeta, owners: &[Owner], has_dependents: bool) -> Action {
    if owners.is_empty() {
        return Action::Keep;
    }
    let any = |state: Owner| owners.contains(&state);
    if any(Owner::Solid) {
        if !any(Owner::Gone) && !any(Owner::Waiting) {
            return Action::Keep;
        }
        let left = meta.owner_references.iter().zip(owners).filter(|(_, state)| **state == Owner::Solid);
        return Action::SetOwners(left.map(|(owner, _)| owner.clone()).collect());
    }
    if any(Owner::Waiting) && has_dependents {
        return Action::Delete { policy: "Foreground", unblock: true };
    }
    let has = |finalizer: &str| meta.finalizers.iter().any(|f| f == finalizer);
    let policy = match (has(ORPHAN), has(FOREGROUND)) {
        (true, _) => "Orphan",
        (false, true) => "Foreground",
        (false, false) => "Background",
    };
    Action::Delete { policy, unblock: false }
}
