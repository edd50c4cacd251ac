//! NamespaceLifecycle: nothing is made in a namespace that is not there or is going, and some never go.

use std::{collections::HashMap, sync::Arc};

use apimachinery::status::{Cause, Status};
use serde_json::Value;

use super::{Known, creates, refuse};
use crate::contract::{Admission, Attributes, Job, Operation, Reader};

const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

/// What admission needs to know of a namespace.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Namespace {
    metadata: Labelled,
    status: Option<Phase>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Labelled {
    labels: Option<HashMap<String, String>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Phase {
    phase: Option<String>,
}

impl Namespace {
    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.metadata.labels.as_ref()?.get(name).map(String::as_str)
    }

    fn is_terminating(&self) -> bool {
        self.status.as_ref().and_then(|s| s.phase.as_deref()) == Some("Terminating")
    }
}

/// All namespaces, each read once until one of them changes.
pub struct Namespaces {
    reader: Arc<dyn Reader>,
    known: Known<Namespace>,
}

impl Namespaces {
    pub fn new(reader: Arc<dyn Reader>) -> Self {
        Self { reader, known: Known::from("", "namespaces") }
    }

    /// A namespace by its name.
    pub fn get(&self, name: &str) -> Option<Arc<Namespace>> {
        self.known.get(&*self.reader, "", name)
    }
}

/// The plugin.
pub struct NamespaceLifecycle {
    namespaces: Arc<Namespaces>,
}

impl NamespaceLifecycle {
    pub fn new(namespaces: Arc<Namespaces>) -> Self {
        Self { namespaces }
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
        let Some(found) = self.namespaces.get(&info.namespace) else {
            return Err(Status::not_found("", "namespaces", &info.namespace));
        };
        if !creates(attributes) || !found.is_terminating() {
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
