//! Access by names of the resource table, for code that works on every kind.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    client::{Client, DeleteOptions, ListOptions, PAGE, Page, PatchKind, encode, resource_path},
    error::Error,
};

/// Group, version and plural name of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gvr {
    /// Group, empty for the core.
    pub group: String,
    /// Version.
    pub version: String,
    /// Plural name, as in paths.
    pub plural: String,
}

impl Gvr {
    /// From its parts.
    #[must_use]
    pub fn new(group: &str, version: &str, plural: &str) -> Self {
        Self { group: group.to_owned(), version: version.to_owned(), plural: plural.to_owned() }
    }

    /// The path of the resource, an object, or a subresource.
    #[must_use]
    pub fn path(&self, namespace: &str, name: &str, part: &str) -> String {
        resource_path(&self.group, &self.version, &self.plural, namespace, name, part)
    }
}

impl std::fmt::Display for Gvr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.group, self.version, self.plural)
    }
}

impl Client {
    /// Reads an object of any kind into any shape: a `Value`, or a struct with the fields of interest.
    pub async fn get_dynamic<R: DeserializeOwned>(&self, what: &Gvr, namespace: &str, name: &str) -> Result<R, Error> {
        self.call("GET", what.path(namespace, name, ""), "", Bytes::new()).await
    }

    /// A page of objects of any kind.
    pub async fn page_dynamic<R: DeserializeOwned>(
        &self,
        what: &Gvr,
        namespace: &str,
        options: &ListOptions,
    ) -> Result<Page<R>, Error> {
        let mut uri = what.path(namespace, "", "");
        options.query(&mut uri);
        self.call("GET", uri, "", Bytes::new()).await
    }

    /// All objects of any kind.
    pub async fn list_dynamic<R: DeserializeOwned>(
        &self,
        what: &Gvr,
        namespace: &str,
        options: &ListOptions,
    ) -> Result<Vec<R>, Error> {
        let mut options = ListOptions { limit: PAGE, ..options.clone() };
        let mut all = Vec::new();
        loop {
            let mut page = self.page_dynamic::<R>(what, namespace, &options).await?;
            all.append(&mut page.items);
            if page.next().is_empty() {
                return Ok(all);
            }
            page.next().clone_into(&mut options.next);
            options.version.clear();
        }
    }

    /// Creates an object of any kind.
    pub async fn create_dynamic(&self, what: &Gvr, namespace: &str, object: &Value) -> Result<Value, Error> {
        let uri = self.managed(what.path(namespace, "", ""));
        self.call("POST", uri, "application/json", encode("object", object)?).await
    }

    /// Replaces an object of any kind, or a part of it.
    pub async fn update_dynamic(
        &self,
        what: &Gvr,
        namespace: &str,
        name: &str,
        part: &str,
        object: &Value,
    ) -> Result<Value, Error> {
        let uri = self.managed(what.path(namespace, name, part));
        self.call("PUT", uri, "application/json", encode("object", object)?).await
    }

    /// Patches an object of any kind, or a part of it.
    pub async fn patch_dynamic<R: DeserializeOwned>(
        &self,
        what: &Gvr,
        (namespace, name, part): (&str, &str, &str),
        kind: PatchKind,
        patch: &Value,
    ) -> Result<R, Error> {
        let uri = self.managed(what.path(namespace, name, part));
        self.call("PATCH", uri, kind.media_type(), encode("patch", patch)?).await
    }

    /// Deletes an object of any kind.
    pub async fn delete_dynamic(
        &self,
        what: &Gvr,
        namespace: &str,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<(), Error> {
        self.raw("DELETE", what.path(namespace, name, ""), "application/json", options.body()?).await.map(drop)
    }

    /// Deletes all objects of any kind in a namespace (empty: all).
    pub async fn delete_collection_dynamic(
        &self,
        what: &Gvr,
        namespace: &str,
        options: &DeleteOptions,
        which: &ListOptions,
    ) -> Result<(), Error> {
        let mut uri = what.path(namespace, "", "");
        which.query(&mut uri);
        self.raw("DELETE", uri, "application/json", options.body()?).await.map(drop)
    }
}
