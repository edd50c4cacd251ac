//! Which volume a claim gets.

use std::sync::Arc;

use apimachinery::quantity::Quantity;
use client::{Matcher, Object};
use k8s_openapi::{
    api::core::v1::{ObjectReference, PersistentVolume, PersistentVolumeClaim},
    apimachinery::pkg::api::resource::Quantity as Text,
};

/// The claim's bond is complete.
pub const BOUND: &str = "pv.kubernetes.io/bind-completed";
/// The bond was made here, not by a user.
pub const BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
/// Who shall make a volume.
pub const PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
/// The node that the scheduler chose for the first pod of the claim.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";

/// What is known of the claim's storage class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Who makes volumes.
    pub provisioner: String,
    /// Whether a volume is chosen only when a pod needs it.
    pub waits: bool,
}

/// What to do about a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Bind it to this volume, or complete the bond.
    Bind(Arc<PersistentVolume>),
    /// Its volume is gone or another's.
    Lost(&'static str, &'static str),
    /// It has to wait; what to say, and whom to ask for a volume.
    Wait {
        /// Reason of the event.
        reason: &'static str,
        /// Message of the event.
        message: String,
        /// Provisioner to note on the claim.
        provisioner: Option<String>,
    },
}

fn names(reference: &ObjectReference, claim: &PersistentVolumeClaim) -> bool {
    reference.name.as_deref() == Some(claim.name())
        && reference.namespace.as_deref() == Some(claim.namespace())
        && reference.uid.as_deref().is_none_or(|uid| uid.is_empty() || uid == claim.uid())
}

fn reference(volume: &PersistentVolume) -> Option<&ObjectReference> {
    volume.spec.as_ref()?.claim_ref.as_ref()
}

fn amount(text: Option<&Text>) -> Quantity {
    text.and_then(|t| Quantity::parse(&t.0).ok()).unwrap_or_default()
}

/// The size of a volume.
#[must_use]
pub fn capacity(volume: &PersistentVolume) -> Quantity {
    amount(volume.spec.as_ref().and_then(|s| s.capacity.as_ref()).and_then(|c| c.get("storage")))
}

fn class_name(claim: &PersistentVolumeClaim) -> &str {
    let old = claim.annotation("volume.beta.kubernetes.io/storage-class");
    old.or_else(|| claim.spec.as_ref()?.storage_class_name.as_deref()).unwrap_or_default()
}

/// Whether a volume has what a claim asks for.
#[must_use]
pub fn fits(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    let (Some(wanted), Some(spec)) = (&claim.spec, &volume.spec) else {
        return false;
    };
    let requests = wanted.resources.as_ref().and_then(|r| r.requests.as_ref());
    let modes = spec.access_modes.as_deref().unwrap_or_default();
    let mode = |m: Option<&String>| m.map_or("Filesystem", String::as_str).to_owned();
    let selector = wanted.selector.as_ref();
    !volume.is_deleting()
        && class_name(claim) == spec.storage_class_name.as_deref().unwrap_or_default()
        && mode(wanted.volume_mode.as_ref()) == mode(spec.volume_mode.as_ref())
        && wanted.access_modes.iter().flatten().all(|m| modes.contains(m))
        && capacity(volume) >= amount(requests.and_then(|r| r.get("storage")))
        && selector.is_none_or(|s| Matcher::new(s).is_ok_and(|m| m.matches(volume.metadata.labels.as_ref())))
}

/// Decides about a claim; `None`: nothing is to be done.
#[must_use]
pub fn plan(claim: &PersistentVolumeClaim, volumes: &[Arc<PersistentVolume>], class: Option<&Class>) -> Option<Action> {
    let spec = claim.spec.as_ref()?;
    let phase = claim.status.as_ref().and_then(|s| s.phase.as_deref());
    let chosen = spec.volume_name.as_deref().filter(|n| !n.is_empty());
    let bound = claim.annotation(BOUND).is_some();
    if let Some(name) = chosen {
        let volume = volumes.iter().find(|v| v.name() == name);
        return match volume {
            Some(volume) if reference(volume).is_some_and(|r| names(r, claim)) => {
                let whole = bound && phase == Some("Bound") && reference(volume).is_some_and(|r| r.uid.is_some());
                (!whole).then(|| Action::Bind(volume.clone()))
            }
            Some(volume) if reference(volume).is_none() && !bound => Some(Action::Bind(volume.clone())),
            Some(_) if bound => Some(Action::Lost(
                "ClaimMisbound",
                "Two claims are bound to the same volume, this one is bound incorrectly",
            )),
            None if bound => Some(Action::Lost(
                "ClaimLost",
                "Bound claim has lost its PersistentVolume. Data on the volume is lost!",
            )),
            // The volume that the user named may come yet, or be given up by another claim.
            Some(_) | None => None,
        }
        .filter(|action| !(matches!(action, Action::Lost(..)) && phase == Some("Lost")));
    }
    let reserved = volumes.iter().find(|v| reference(v).is_some_and(|r| names(r, claim)));
    let free = |v: &&Arc<PersistentVolume>| reference(v).is_none() && fits(claim, v);
    let waits = class.is_some_and(|c| c.waits) && claim.annotation(SELECTED_NODE).is_none();
    if let Some(volume) = reserved.filter(|v| fits(claim, v)) {
        return Some(Action::Bind(volume.clone()));
    }
    if !waits && let Some(volume) = volumes.iter().filter(free).min_by_key(|v| (capacity(v), v.name().to_owned())) {
        return Some(Action::Bind(volume.clone()));
    }
    Some(wait(claim, class, waits))
}

fn wait(claim: &PersistentVolumeClaim, class: Option<&Class>, waits: bool) -> Action {
    let (reason, message, provisioner) = match class {
        Some(_) if waits => {
            ("WaitForFirstConsumer", "waiting for first consumer to be created before binding".to_owned(), None)
        }
        Some(class) if class.provisioner != "kubernetes.io/no-provisioner" => {
            let name = &class.provisioner;
            let message = format!(
                "Waiting for a volume to be created either by the external provisioner '{name}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."
            );
            ("ExternalProvisioning", message, Some(name.clone()))
        }
        Some(_) => ("FailedBinding", "no persistent volumes available for this claim".to_owned(), None),
        None if class_name(claim).is_empty() => {
            let message = "no persistent volumes available for this claim and no storage class is set".to_owned();
            ("FailedBinding", message, None)
        }
        None => {
            let message = format!("storageclass.storage.k8s.io \"{}\" not found", class_name(claim));
            ("ProvisioningFailed", message, None)
        }
    };
    Action::Wait { reason, message, provisioner }
}

/// The phase of a volume, given the claim that it is bound to as far as that exists.
#[must_use]
pub fn phase(volume: &PersistentVolume, claim: Option<&PersistentVolumeClaim>) -> &'static str {
    match (reference(volume), claim) {
        (None, _) => "Available",
        // Reserved by a user for a claim that may come.
        (Some(r), _) if r.uid.as_deref().is_none_or(str::is_empty) => "Available",
        (Some(r), Some(claim)) if names(r, claim) => "Bound",
        (Some(_), _) => "Released",
    }
}
