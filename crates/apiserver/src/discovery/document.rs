//! Discovery documents from rows of the resource table.

use api::Resource;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Priority of the groups, highest first in lists, and of versions where it is not the usual one; as upstream's API services say.
const PRIORITIES: [(&str, i64); 24] = [
    ("", 18000),
    ("apiregistration.k8s.io", 17900),
    ("apps", 17800),
    ("events.k8s.io", 17750),
    ("authentication.k8s.io", 17700),
    ("authorization.k8s.io", 17600),
    ("autoscaling", 17500),
    ("batch", 17400),
    ("certificates.k8s.io", 17300),
    ("networking.k8s.io", 17200),
    ("policy", 17100),
    ("rbac.authorization.k8s.io", 17000),
    ("storage.k8s.io", 16800),
    ("admissionregistration.k8s.io", 16700),
    ("apiextensions.k8s.io", 16700),
    ("scheduling.k8s.io", 16600),
    ("coordination.k8s.io", 16500),
    ("node.k8s.io", 16300),
    ("discovery.k8s.io", 16200),
    ("resource.k8s.io", 16200),
    ("flowcontrol.apiserver.k8s.io", 16100),
    ("internal.apiserver.k8s.io", 16000),
    ("storagemigration.k8s.io", 15800),
    ("metrics.k8s.io", 100),
];

/// Priority of groups that are not built in.
const CUSTOM_PRIORITY: i64 = 1000;

/// `groupPriorityMinimum` of a group.
#[must_use]
pub fn group_priority(group: &str) -> i64 {
    PRIORITIES.iter().find(|(name, _)| *name == group).map_or(CUSTOM_PRIORITY, |(_, priority)| *priority)
}

/// `versionPriority` of a version.
#[must_use]
pub fn version_priority(group: &str, version: &str) -> i64 {
    match (group, version) {
        ("", _) => 1,
        ("autoscaling", "v2") => 30,
        ("flowcontrol.apiserver.k8s.io" | "resource.k8s.io", "v1") => 21,
        _ if PRIORITIES.iter().any(|(name, _)| *name == group) => 15,
        _ => 100,
    }
}

/// Groups with their versions and rows, in the order in which they are shown.
pub struct Groups<'r> {
    groups: Vec<Group<'r>>,
}

struct Group<'r> {
    name: &'r str,
    versions: Vec<Version<'r>>,
}

struct Version<'r> {
    name: &'r str,
    rows: Vec<&'r Resource>,
}

impl<'r> Groups<'r> {
    /// Sorts rows.
    #[must_use]
    pub fn of(rows: impl Iterator<Item = &'r Resource>) -> Self {
        let mut groups: Vec<Group<'r>> = Vec::new();
        for row in rows {
            let at = groups.iter().position(|g| g.name == row.group).unwrap_or_else(|| {
                groups.push(Group { name: &row.group, versions: Vec::new() });
                groups.len() - 1
            });
            let versions = &mut groups[at].versions;
            match versions.iter_mut().find(|v| v.name == row.version) {
                Some(version) => version.rows.push(row),
                None => versions.push(Version { name: &row.version, rows: vec![row] }),
            }
        }
        for group in &mut groups {
            let preferred = |v: &Version<'_>| v.rows.iter().any(|r| r.preferred);
            group.versions.sort_by(|a, b| {
                preferred(b).cmp(&preferred(a)).then_with(|| apimachinery::gvk::compare_versions(a.name, b.name))
            });
            group.versions.iter_mut().for_each(|v| v.rows.sort_by(|a, b| a.plural.cmp(&b.plural)));
        }
        // Groups of one priority stand in the order of their names, as custom ones do upstream.
        groups.sort_by(|a, b| group_priority(b.name).cmp(&group_priority(a.name)).then_with(|| a.name.cmp(b.name)));
        Self { groups }
    }

    fn group(&self, name: &str) -> Option<&Group<'r>> {
        self.groups.iter().find(|g| g.name == name)
    }

    /// `/apis`.
    #[must_use]
    pub fn list(&self) -> Value {
        let groups: Vec<Value> = self.groups.iter().filter(|g| !g.name.is_empty()).map(Group::plain).collect();
        json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
    }

    /// `/apis/GROUP`.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<Value> {
        let mut value = self.group(name).filter(|g| !g.name.is_empty())?.plain();
        value["kind"] = "APIGroup".into();
        value["apiVersion"] = "v1".into();
        Some(value)
    }

    /// `/api/v1` and `/apis/GROUP/VERSION`.
    #[must_use]
    pub fn resources(&self, group: &str, version: &str) -> Option<Value> {
        let version = self.group(group)?.versions.iter().find(|v| v.name == version)?;
        let mut resources = Vec::new();
        for row in &version.rows {
            resources.push(plain_resource(row));
            let mut below: Vec<&api::Subresource> = row.subresources.iter().collect();
            below.sort_by(|a, b| a.name.cmp(&b.name));
            resources.extend(below.into_iter().map(|s| plain_subresource(row, s)));
        }
        let group_version =
            if group.is_empty() { version.name.to_owned() } else { format!("{group}/{}", version.name) };
        let mut value = json!({"kind": "APIResourceList", "groupVersion": group_version, "resources": resources});
        if !group.is_empty() {
            value["apiVersion"] = "v1".into();
        }
        Some(value)
    }

    /// The whole of `/api` or `/apis` in one document of version `v2` or `v2beta1`.
    #[must_use]
    pub fn aggregated(&self, core: bool, version: &str) -> Value {
        let items: Vec<Value> =
            self.groups.iter().filter(|g| g.name.is_empty() == core).map(Group::aggregated).collect();
        json!({"kind": "APIGroupDiscoveryList", "apiVersion": format!("apidiscovery.k8s.io/{version}"), "metadata": {}, "items": items})
    }

    /// Group and version pairs, in order.
    pub fn versions(&self) -> impl Iterator<Item = (&'r str, &'r str)> {
        self.groups.iter().flat_map(|g| g.versions.iter().map(|v| (g.name, v.name)))
    }
}

impl Group<'_> {
    fn plain(&self) -> Value {
        let versions: Vec<Value> = self
            .versions
            .iter()
            .map(|v| json!({"groupVersion": format!("{}/{}", self.name, v.name), "version": v.name}))
            .collect();
        json!({"name": self.name, "preferredVersion": versions.first(), "versions": versions})
    }

    fn aggregated(&self) -> Value {
        let versions: Vec<Value> = self
            .versions
            .iter()
            .map(|v| {
                let resources: Vec<Value> = v.rows.iter().map(|r| aggregated_resource(r)).collect();
                json!({"version": v.name, "freshness": "Current", "resources": resources})
            })
            .collect();
        let metadata = if self.name.is_empty() {
            json!({"creationTimestamp": null})
        } else {
            json!({"name": self.name, "creationTimestamp": null})
        };
        json!({"metadata": metadata, "versions": versions})
    }
}

fn put_list(map: &mut Map<String, Value>, key: &str, values: &[apimachinery::schema::Str]) {
    if !values.is_empty() {
        map.insert(key.to_owned(), values.iter().map(|v| Value::from(v.as_ref())).collect());
    }
}

fn plain_resource(row: &Resource) -> Value {
    let mut map = Map::new();
    map.insert("name".into(), row.plural.as_ref().into());
    map.insert("singularName".into(), row.singular.as_ref().into());
    map.insert("namespaced".into(), row.namespaced.into());
    map.insert("kind".into(), row.kind.as_ref().into());
    map.insert("verbs".into(), row.verbs.iter().map(|v| Value::from(v.as_ref())).collect());
    put_list(&mut map, "shortNames", &row.short_names);
    put_list(&mut map, "categories", &row.categories);
    if row.storage.stored {
        map.insert("storageVersionHash".into(), storage_hash(row).into());
    }
    Value::Object(map)
}

/// The hash under which upstream names the stored form.
fn storage_hash(row: &Resource) -> String {
    let digest = Sha256::digest(format!("{}/{}/{}", row.storage.group, row.storage.version, row.kind));
    STANDARD.encode(&digest[..8])
}

/// Group and version of a subresource's kind are said only where they are others than the resource's.
fn foreign<'s>(row: &Resource, sub: &'s api::Subresource) -> Option<(&'s str, &'s str)> {
    let own = sub.version.is_empty() || (sub.group == row.group && sub.version == row.version);
    (!own).then_some((&sub.group, &sub.version))
}

fn plain_subresource(row: &Resource, sub: &api::Subresource) -> Value {
    let mut map = Map::new();
    map.insert("name".into(), format!("{}/{}", row.plural, sub.name).into());
    map.insert("singularName".into(), "".into());
    map.insert("namespaced".into(), row.namespaced.into());
    if let Some((group, version)) = foreign(row, sub) {
        map.insert("group".into(), group.into());
        map.insert("version".into(), version.into());
    }
    map.insert("kind".into(), sub.kind.as_ref().into());
    map.insert("verbs".into(), sub.verbs.iter().map(|v| Value::from(v.as_ref())).collect());
    Value::Object(map)
}

fn aggregated_resource(row: &Resource) -> Value {
    let mut map = Map::new();
    map.insert("resource".into(), row.plural.as_ref().into());
    // Custom resources name their group and version in full.
    let (own_group, own_version) =
        if api::custom::of(row).is_some() { (row.group.as_ref(), row.version.as_ref()) } else { ("", "") };
    map.insert("responseKind".into(), json!({"group": own_group, "version": own_version, "kind": row.kind}));
    map.insert("scope".into(), if row.namespaced { "Namespaced" } else { "Cluster" }.into());
    map.insert("singularResource".into(), row.singular.as_ref().into());
    map.insert("verbs".into(), row.verbs.iter().map(|v| Value::from(v.as_ref())).collect());
    put_list(&mut map, "shortNames", &row.short_names);
    put_list(&mut map, "categories", &row.categories);
    let below: Vec<Value> = row
        .subresources
        .iter()
        .map(|s| {
            let (group, version) = foreign(row, s).unwrap_or((own_group, own_version));
            let verbs: Vec<&str> = s.verbs.iter().map(AsRef::as_ref).collect();
            json!({"subresource": s.name, "responseKind": {"group": group, "version": version, "kind": s.kind}, "verbs": verbs})
        })
        .collect();
    if !below.is_empty() {
        map.insert("subresources".into(), below.into());
    }
    Value::Object(map)
}
