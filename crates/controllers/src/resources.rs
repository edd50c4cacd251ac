//! The kinds of the resource table that hold objects: what ownership and namespaces are about.

use std::sync::Arc;

use api::Resource;
use client::{Gvr, Informer, Informers, Stored, object::PartialMeta};
use serde::Deserialize;

/// A kind whose objects are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Where it is served.
    pub gvr: Gvr,
    /// Its kind.
    pub kind: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether all objects of a namespace can be deleted in one call.
    pub collective: bool,
}

fn rank(row: &Resource) -> (bool, bool) {
    (row.group != row.storage.group, !row.preferred)
}

/// Every kept kind once, in the form in which it is stored.
#[must_use]
pub fn kept() -> Vec<Kept> {
    let mut rows: Vec<&Resource> = api::table()
        .iter()
        .filter(|r| r.storage.stored && r.allows("list") && r.allows("watch") && r.allows("delete"))
        .collect();
    rows.sort_by_key(|r| rank(r));
    let mut seen = std::collections::BTreeSet::new();
    rows.retain(|r| seen.insert((r.storage.group.to_string(), r.kind.to_string())));
    let kept = |r: &&Resource| Kept {
        gvr: Gvr::new(&r.group, &r.version, &r.plural),
        kind: r.kind.to_string(),
        namespaced: r.namespaced,
        collective: r.allows("deletecollection"),
    };
    rows.iter().map(kept).collect()
}

/// What a CustomResourceDefinition says about where its objects are.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Definition {
    metadata: PartialMeta,
    spec: Spec,
    status: Status,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Spec {
    group: String,
    scope: String,
    names: Names,
    versions: Vec<Version>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Names {
    plural: String,
    kind: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Version {
    name: String,
    served: bool,
    storage: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Status {
    conditions: Option<Vec<Condition>>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

impl Stored for Definition {
    fn stored_namespace(&self) -> &str {
        ""
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
        Vec::new()
    }
    fn trim(&mut self) {}
}

impl Definition {
    /// The kind that it adds, in the version in which it is stored or else in the first that is served.
    #[must_use]
    pub fn kept(&self) -> Option<Kept> {
        let conditions = self.status.conditions.as_deref().unwrap_or_default();
        conditions.iter().find(|c| c.kind == "Established" && c.status == "True")?;
        let served = || self.spec.versions.iter().filter(|v| v.served);
        let version = served().find(|v| v.storage).or_else(|| served().next())?;
        Some(Kept {
            gvr: Gvr::new(&self.spec.group, &version.name, &self.spec.names.plural),
            kind: self.spec.names.kind.clone(),
            namespaced: self.spec.scope == "Namespaced",
            collective: true,
        })
    }
}

/// The definitions of custom resources.
#[must_use]
pub fn definitions(informers: &Informers) -> Arc<Informer<Definition>> {
    informers.shaped(&Gvr::new("apiextensions.k8s.io", "v1", "customresourcedefinitions"))
}
