//! What a client needs to know of an object: its name and the rest of its metadata.

use std::{any::Any, fmt};

use jiff::Timestamp;
use k8s_openapi::{
    ClusterResourceScope, Metadata, NamespaceResourceScope, Resource,
    api::core::v1::Pod,
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::lean::without_managed_fields;

/// Namespace (empty for cluster-wide kinds) and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Key {
    /// Namespace, empty for cluster-wide kinds.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Key {
    /// A key.
    #[must_use]
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() { f.write_str(&self.name) } else { write!(f, "{}/{}", self.namespace, self.name) }
    }
}

/// Whether a kind lives in namespaces.
pub trait KindScope {
    /// Whether objects have a namespace.
    const NAMESPACED: bool;
}

impl KindScope for NamespaceResourceScope {
    const NAMESPACED: bool = true;
}

impl KindScope for ClusterResourceScope {
    const NAMESPACED: bool = false;
}

/// A typed Kubernetes object.
pub trait Object:
    Resource<Scope: KindScope>
    + Metadata<Ty = ObjectMeta>
    + Serialize
    + DeserializeOwned
    + Clone
    + PartialEq
    + fmt::Debug
    + Send
    + Sync
    + 'static
{
    /// Its metadata.
    fn meta(&self) -> &ObjectMeta {
        self.metadata()
    }
    /// Its metadata, to change.
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.metadata_mut()
    }
    /// Name, empty when unset.
    fn name(&self) -> &str {
        self.meta().name.as_deref().unwrap_or_default()
    }
    /// Namespace, empty when unset.
    fn namespace(&self) -> &str {
        self.meta().namespace.as_deref().unwrap_or_default()
    }
    /// UID, empty when unset.
    fn uid(&self) -> &str {
        self.meta().uid.as_deref().unwrap_or_default()
    }
    /// Resource version, empty when unset.
    fn version(&self) -> &str {
        self.meta().resource_version.as_deref().unwrap_or_default()
    }
    /// Generation, 0 when unset.
    fn generation(&self) -> i64 {
        self.meta().generation.unwrap_or_default()
    }
    /// Namespace and name.
    fn key(&self) -> Key {
        Key::new(Object::namespace(self), Object::name(self))
    }
    /// Value of a label.
    fn label(&self, name: &str) -> Option<&str> {
        self.meta().labels.as_ref()?.get(name).map(String::as_str)
    }
    /// Value of an annotation.
    fn annotation(&self, name: &str) -> Option<&str> {
        self.meta().annotations.as_ref()?.get(name).map(String::as_str)
    }
    /// Whether it is being deleted.
    fn is_deleting(&self) -> bool {
        self.meta().deletion_timestamp.is_some()
    }
    /// When it was created.
    fn created(&self) -> Option<Timestamp> {
        self.meta().creation_timestamp.as_ref().map(|t| t.0)
    }
    /// Its owners.
    fn owners(&self) -> &[OwnerReference] {
        self.meta().owner_references.as_deref().unwrap_or_default()
    }
    /// The owner that manages it.
    fn controller(&self) -> Option<&OwnerReference> {
        self.owners().iter().find(|o| o.controller == Some(true))
    }
    /// Whether the object with this UID manages it.
    fn is_controlled_by(&self, uid: &str) -> bool {
        self.controller().is_some_and(|o| o.uid == uid)
    }
    /// Whether a finalizer is there.
    fn has_finalizer(&self, name: &str) -> bool {
        self.meta().finalizers.as_ref().is_some_and(|f| f.iter().any(|x| x == name))
    }
    /// The reference by which a dependent names this object as its controller.
    fn owner_reference(&self) -> OwnerReference {
        OwnerReference {
            api_version: Self::API_VERSION.to_owned(),
            kind: Self::KIND.to_owned(),
            name: Object::name(self).to_owned(),
            uid: Object::uid(self).to_owned(),
            controller: Some(true),
            block_owner_deletion: Some(true),
        }
    }
}

impl<K> Object for K where
    K: Resource<Scope: KindScope>
        + Metadata<Ty = ObjectMeta>
        + Serialize
        + DeserializeOwned
        + Clone
        + PartialEq
        + fmt::Debug
        + Send
        + Sync
        + 'static
{
}

/// What an informer can keep.
pub trait Stored: DeserializeOwned + Send + Sync + 'static {
    /// Namespace, empty for cluster-wide kinds.
    fn stored_namespace(&self) -> &str;
    /// Name.
    fn stored_name(&self) -> &str;
    /// UID.
    fn stored_uid(&self) -> &str;
    /// Resource version.
    fn stored_version(&self) -> &str;
    /// UIDs of the owners.
    fn stored_owners(&self) -> Vec<&str>;
    /// Drops what no reader needs, before it is kept.
    fn trim(&mut self);
    /// Reads one; what [`Stored::trim`] drops need not be read.
    ///
    /// # Errors
    /// It is none.
    fn decode(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }
}

impl<K: Object> Stored for K {
    fn stored_namespace(&self) -> &str {
        Object::namespace(self)
    }
    fn stored_name(&self) -> &str {
        Object::name(self)
    }
    fn stored_uid(&self) -> &str {
        Object::uid(self)
    }
    fn stored_version(&self) -> &str {
        Object::version(self)
    }
    fn stored_owners(&self) -> Vec<&str> {
        self.owners().iter().map(|o| o.uid.as_str()).collect()
    }
    fn trim(&mut self) {
        self.meta_mut().managed_fields = None;
        // There are more of them than of anything else.
        if let Some(pod) = (self as &mut dyn Any).downcast_mut::<Pod>() {
            fit(pod);
        }
    }
    fn decode(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(&without_managed_fields(json))
    }
}

/// Gives back the room that decoding left in a pod's lists: it makes four places for the first item, of up to a kilobyte each.
fn fit(pod: &mut Pod) {
    fn list<T>(list: &mut Option<Vec<T>>) {
        list.iter_mut().for_each(Vec::shrink_to_fit);
    }
    if let Some(spec) = &mut pod.spec {
        for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
            list(&mut container.env);
            list(&mut container.ports);
            list(&mut container.volume_mounts);
        }
        list(&mut spec.tolerations);
        spec.volumes.iter_mut().flatten().filter_map(|v| v.projected.as_mut()).for_each(|p| list(&mut p.sources));
    }
    if let Some(status) = &mut pod.status {
        list(&mut status.conditions);
        list(&mut status.container_statuses);
        list(&mut status.host_ips);
        list(&mut status.pod_ips);
    }
}

/// Only the metadata of an object of any kind; what ownership and deletion need.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Partial {
    /// Metadata without labels, annotations and managed fields.
    #[serde(default)]
    pub metadata: PartialMeta,
}

/// The part of the metadata that ownership and deletion need.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PartialMeta {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// UID.
    pub uid: String,
    /// Resource version.
    pub resource_version: String,
    /// Owners.
    pub owner_references: Vec<OwnerReference>,
    /// Finalizers.
    pub finalizers: Vec<String>,
    /// Since when it is being deleted.
    pub deletion_timestamp: Option<Timestamp>,
}

impl Stored for Partial {
    fn stored_namespace(&self) -> &str {
        &self.metadata.namespace
    }
    fn stored_name(&self) -> &str {
        &self.metadata.name
    }
    fn stored_uid(&self) -> &str {
        &self.metadata.uid
    }
    fn stored_version(&self) -> &str {
        &self.metadata.resource_version
    }
    fn stored_owners(&self) -> Vec<&str> {
        self.metadata.owner_references.iter().map(|o| o.uid.as_str()).collect()
    }
    fn trim(&mut self) {}
}
