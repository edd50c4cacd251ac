//! Admission: what is changed and checked between authorization and storage.

mod certificates;
mod claims;
mod conditions;
mod defaults;
mod escalation;
mod inputs;
mod limits;
pub mod matching;
mod namespace;
mod node_restriction;
mod pod_security;
mod policy;
mod priority;
mod quota;
pub mod rounds;
mod runtime_class;
mod service_account;
mod webhook;

use std::{collections::HashMap, sync::Arc};

use apimachinery::status::Status;
use serde_json::Value;

use crate::{
    config::Config,
    contract::{Admission, Attributes, Authorizer, Operation, Reader},
    registry::Rows,
    strategies::json::text,
};

/// All plugins, in the order in which they run.
#[must_use]
pub fn plugins(
    config: &Arc<Config>,
    reader: Arc<dyn Reader>,
    authorizer: Arc<dyn Authorizer>,
    rows: Arc<Rows>,
) -> Vec<Arc<dyn Admission>> {
    let namespaces = Arc::new(namespace::Namespaces::new(reader.clone()));
    let policies = |kind| Arc::new(policy::Policies::new(kind, reader.clone(), authorizer.clone(), rows.clone()));
    let webhooks =
        |kind| Arc::new(webhook::Webhooks::new(kind, config, reader.clone(), authorizer.clone(), rows.clone()));
    vec![
        Arc::new(namespace::NamespaceLifecycle::new(namespaces.clone())),
        Arc::new(limits::LimitRanger::new(reader.clone())),
        Arc::new(service_account::ServiceAccount::new(reader.clone(), config.random.clone())),
        Arc::new(node_restriction::NodeRestriction::new(reader.clone(), authorizer.clone())),
        Arc::new(defaults::TaintNodesByCondition),
        Arc::new(priority::Priority::new(reader.clone())),
        Arc::new(defaults::DefaultTolerationSeconds),
        Arc::new(defaults::DefaultStorageClass::new(reader.clone())),
        Arc::new(claims::PersistentVolumeClaimResize::new(reader.clone())),
        Arc::new(runtime_class::RuntimeClass::new(reader.clone())),
        Arc::new(defaults::DefaultIngressClass::new(reader.clone())),
        Arc::new(pod_security::PodSecurity::new(namespaces)),
        Arc::new(certificates::Certificates::new(authorizer.clone())),
        Arc::new(escalation::Escalation::new(authorizer.clone())),
        policies(policy::Kind::Mutating),
        webhooks(webhook::Kind::Mutating),
        policies(policy::Kind::Validating),
        webhooks(webhook::Kind::Validating),
        // The last: nothing is counted that another refuses.
        Arc::new(quota::ResourceQuota::new(reader.clone())),
    ]
}

/// 403 about the object at hand.
fn refuse(attributes: &Attributes<'_>, object: &Value, message: &str) -> Status {
    let named = [attributes.info.name.as_str(), text(object, "/metadata/name"), text(object, "/metadata/generateName")]
        .into_iter()
        .find(|n| !n.is_empty())
        .unwrap_or_default();
    Status::forbidden(&attributes.resource.group, &attributes.resource.plural, named, message)
}

/// The main resource (not a subresource) of this group and plural.
fn is(attributes: &Attributes<'_>, group: &str, plural: &str) -> bool {
    attributes.info.subresource.is_empty() && attributes.resource.group == group && attributes.resource.plural == plural
}

fn creates(attributes: &Attributes<'_>) -> bool {
    attributes.operation == Operation::Create
}

fn updates(attributes: &Attributes<'_>) -> bool {
    attributes.operation == Operation::Update
}

/// An object from the reader, parsed.
fn parsed(reader: &dyn Reader, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Value> {
    serde_json::from_slice(&reader.get(group, resource, namespace, name)?).ok()
}

/// What counts here of single objects of a kind, kept until one of the kind changes.
struct Known<T> {
    resource: (&'static str, &'static str),
    objects: parking_lot::Mutex<(u64, Remembered<T>)>,
}

/// By namespace and name.
type Remembered<T> = HashMap<String, HashMap<String, Arc<T>>>;

/// Namespaces with objects that are remembered, at most.
const REMEMBERED: usize = 1024;

impl<T: serde::de::DeserializeOwned> Known<T> {
    fn from(group: &'static str, resource: &'static str) -> Self {
        Self { resource: (group, resource), objects: parking_lot::Mutex::default() }
    }

    fn get(&self, reader: &dyn Reader, namespace: &str, name: &str) -> Option<Arc<T>> {
        let (group, resource) = self.resource;
        // Asked before the object is read: a change in between is noticed next time.
        let generation = reader.generation(group, resource);
        {
            let mut known = self.objects.lock();
            if known.0 != generation {
                *known = (generation, HashMap::new());
            }
            if let Some(found) = known.1.get(namespace).and_then(|names| names.get(name)) {
                return Some(found.clone());
            }
        }
        let bytes = reader.get(group, resource, namespace, name)?;
        let found: Arc<T> = Arc::new(serde_json::from_slice(&bytes).ok()?);
        let mut known = self.objects.lock();
        if known.0 == generation && known.1.len() < REMEMBERED {
            known.1.entry(namespace.to_owned()).or_default().insert(name.to_owned(), found.clone());
        }
        Some(found)
    }
}

/// What follows from all objects of a kind, kept until one of them changes.
struct Derived<T> {
    resource: (&'static str, &'static str),
    known: parking_lot::Mutex<Option<(u64, T)>>,
}

impl<T: Clone> Derived<T> {
    fn from(group: &'static str, resource: &'static str) -> Self {
        Self { resource: (group, resource), known: parking_lot::Mutex::default() }
    }

    /// `derive` gets the objects, parsed.
    fn get(&self, reader: &dyn Reader, derive: impl FnOnce(Vec<Value>) -> T) -> T {
        let (group, resource) = self.resource;
        // Asked before the objects are read: a change in between is noticed next time.
        let generation = reader.generation(group, resource);
        let mut known = self.known.lock();
        match &*known {
            Some((at, value)) if *at == generation => value.clone(),
            _ => known.insert((generation, derive(all(reader, group, resource, "")))).1.clone(),
        }
    }
}

/// All objects of a kind, parsed.
fn all(reader: &dyn Reader, group: &str, resource: &str, namespace: &str) -> Vec<Value> {
    reader.list(group, resource, namespace).iter().filter_map(|b| serde_json::from_slice(b).ok()).collect()
}

/// The annotation of pods that a kubelet made from files.
const MIRROR: &str = "kubernetes.io/config.mirror";

#[cfg(test)]
mod tests;
