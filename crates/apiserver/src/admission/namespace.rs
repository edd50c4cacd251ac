//! NamespaceLifecycle: nothing is made in a namespace that is not there or is going, and some never go.

use std::sync::Arc;

use apimachinery::status::{Cause, Status};
use serde_json::Value;

use super::{creates, refuse};
use crate::contract::{Admission, Attributes, Job, Operation, Reader};

const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

/// The plugin.
pub struct NamespaceLifecycle {
    reader: Arc<dyn Reader>,
}

#[derive(serde::Deserialize)]
struct Namespace {
    status: Option<Phase>,
}

#[derive(serde::Deserialize)]
struct Phase {
    phase: Option<String>,
}

impl NamespaceLifecycle {
    pub fn new(reader: Arc<dyn Reader>) -> Self {
        Self { reader }
    }

    fn check(&self, attributes: &Attributes<'_>, object: &Value) -> Result<(), Status> {
        let (info, resource) = (attributes.info, attributes.resource);
        if resource.is("", "Namespace") {
            if attributes.operation == Operation::Delete
                && info.subresource.is_empty()
                && IMMORTAL.contains(&info.name.as_str())
            {
                return Err(Status::forbidden("", "namespaces", &info.name, "this namespace may not be deleted"));
            }
            return Ok(());
        }
        if info.namespace.is_empty()
            || !resource.namespaced
            || attributes.operation == Operation::Delete
            || resource.plural == "localsubjectaccessreviews"
        {
            return Ok(());
        }
        let Some(bytes) = self.reader.get("", "namespaces", "", &info.namespace) else {
            return Err(Status::not_found("", "namespaces", &info.namespace));
        };
        if !creates(attributes) {
            return Ok(());
        }
        let phase = serde_json::from_slice::<Namespace>(&bytes).ok().and_then(|n| n.status).and_then(|s| s.phase);
        if phase.as_deref() != Some("Terminating") {
            return Ok(());
        }
        let namespace = &info.namespace;
        let mut status = refuse(
            attributes,
            object,
            &format!("unable to create new content in namespace {namespace} because it is being terminated"),
        );
        let cause = Cause {
            reason: "NamespaceTerminating".into(),
            message: format!("namespace {namespace} is being terminated"),
            field: "metadata.namespace".into(),
        };
        status.details.get_or_insert_default().causes.push(cause);
        Err(status)
    }
}

impl Admission for NamespaceLifecycle {
    fn name(&self) -> &'static str {
        "NamespaceLifecycle"
    }

    fn mutate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a mut Value) -> Job<'a, Result<(), Status>> {
        let answer = self.check(attributes, object);
        Box::pin(async { answer })
    }
}
