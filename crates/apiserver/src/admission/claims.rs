//! PersistentVolumeClaimResize: claims grow only where their storage class says so.

use std::sync::Arc;

use apimachinery::{meta, quantity::Quantity, status::Status};
use serde_json::Value;

use super::{is, parsed, refuse, updates};
use crate::{
    contract::{Admission, Attributes, Job, Reader},
    strategies::json::text,
};

/// The plugin.
pub struct PersistentVolumeClaimResize {
    reader: Arc<dyn Reader>,
}

fn asked(claim: &Value) -> Option<Quantity> {
    Quantity::parse(text(claim, "/spec/resources/requests/storage")).ok()
}

impl PersistentVolumeClaimResize {
    pub fn new(reader: Arc<dyn Reader>) -> Self {
        Self { reader }
    }

    fn check(&self, attributes: &Attributes<'_>, claim: &Value) -> Result<(), Status> {
        let Some(old) = attributes.old.filter(|_| updates(attributes) && is(attributes, "", "persistentvolumeclaims"))
        else {
            return Ok(());
        };
        if asked(claim) <= asked(old) {
            return Ok(());
        }
        if text(old, "/status/phase") != "Bound" {
            return Err(refuse(attributes, claim, "Only bound persistent volume claims can be expanded"));
        }
        let of = |claim: &Value| match meta::annotation(claim, "volume.beta.kubernetes.io/storage-class") {
            Some(class) => class.to_owned(),
            None => text(claim, "/spec/storageClassName").to_owned(),
        };
        let name = of(claim);
        let class = parsed(&*self.reader, "storage.k8s.io", "storageclasses", "", &name).filter(|_| name == of(old));
        if class.is_some_and(|c| c["allowVolumeExpansion"] == true) {
            return Ok(());
        }
        let message = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
        Err(refuse(attributes, claim, message))
    }
}

impl Admission for PersistentVolumeClaimResize {
    fn name(&self) -> &'static str {
        "PersistentVolumeClaimResize"
    }

    fn validate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a Value) -> Job<'a, Result<(), Status>> {
        let answer = self.check(attributes, object);
        Box::pin(async { answer })
    }
}
