//! The facts as they lie on disk.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// What Go knows about a field.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct GoField {
    pub(crate) json: String,
    #[serde(default)]
    pub(crate) omit: String,
    #[serde(default)]
    pub(crate) inline: bool,
    #[serde(default)]
    pub(crate) number: u32,
    #[serde(default)]
    pub(crate) pointer: bool,
    pub(crate) shape: String,
    #[serde(default)]
    pub(crate) of: String,
}

#[derive(Debug, Deserialize)]
struct GoTags {
    kinds: BTreeMap<String, String>,
    types: BTreeMap<String, Option<Vec<GoField>>>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct GroupVersionKind {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Subresource {
    pub(crate) name: String,
    pub(crate) kind: GroupVersionKind,
    pub(crate) verbs: Vec<String>,
}

/// One row of `resources.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) resource: String,
    pub(crate) singular: String,
    pub(crate) scope: String,
    pub(crate) preferred: bool,
    pub(crate) verbs: Vec<String>,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) subresources: Vec<Subresource>,
    #[serde(default)]
    pub(crate) fields: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) format: String,
    pub(crate) priority: i32,
}

/// Everything.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) resources: Vec<Resource>,
    pub(crate) columns: BTreeMap<String, Vec<Column>>,
    pub(crate) kinds: BTreeMap<String, String>,
    pub(crate) types: BTreeMap<String, Vec<GoField>>,
    schemas: BTreeMap<String, Value>,
    objects: BTreeMap<String, Vec<Value>>,
}

impl Facts {
    pub(crate) fn read(dir: &Path) -> Result<Self> {
        let tags: GoTags = read(dir, "gotags.json")?;
        Ok(Facts {
            resources: read(dir, "resources.json")?,
            columns: read(dir, "columns.json")?,
            kinds: tags.kinds,
            types: tags.types.into_iter().map(|(name, fields)| (name, fields.unwrap_or_default())).collect(),
            schemas: read(dir, "schemas.json")?,
            objects: read(dir, "objects.json")?,
        })
    }

    /// The OpenAPI schema of a type; `Null` where OpenAPI does not know it.
    pub(crate) fn schema(&self, name: &str) -> &Value {
        self.schemas.get(name).unwrap_or(&Value::Null)
    }

    /// The OpenAPI schema of a field.
    pub(crate) fn property(&self, name: &str, field: &str) -> &Value {
        &self.schema(name)["properties"][field]
    }

    /// What a fresh server holds, in the order in which the resources should be made. The certificates of the server
    /// that was asked, its own `kubernetes` Service and its API services are left out: a server makes its own.
    pub(crate) fn bootstrap_objects(&self) -> Result<Vec<u8>> {
        let skipped = [
            "/api/v1/configmaps",
            "/api/v1/services",
            "/apis/apiregistration.k8s.io/v1/apiservices",
            "/apis/networking.k8s.io/v1/servicecidrs",
        ];
        let mut all = Vec::new();
        for (path, items) in self.objects.iter().filter(|(path, _)| !skipped.contains(&path.as_str())) {
            for item in items {
                all.push(self.typed(path, item)?);
            }
        }
        Ok(serde_json::to_vec(&all)?)
    }

    /// Items of a list have no `apiVersion` and `kind`; the path says them.
    fn typed(&self, path: &str, item: &Value) -> Result<Value> {
        let parts: Vec<&str> = path.split('/').collect();
        let (group, version, plural) = match parts.as_slice() {
            ["", "api", version, plural] => ("", *version, *plural),
            ["", "apis", group, version, plural] => (*group, *version, *plural),
            _ => anyhow::bail!("objects.json: cannot read the path {path}"),
        };
        let row = self.resources.iter().find(|r| r.group == group && r.version == version && r.resource == plural);
        let row = row.with_context(|| format!("objects.json: no resource for {path}"))?;
        let mut item = item.clone();
        let map = item.as_object_mut().with_context(|| format!("objects.json: an item of {path} is no object"))?;
        let api_version = if group.is_empty() { version.to_string() } else { format!("{group}/{version}") };
        map.insert("apiVersion".into(), api_version.into());
        map.insert("kind".into(), row.kind.clone().into());
        Ok(item)
    }
}

fn read<T: DeserializeOwned>(dir: &Path, name: &str) -> Result<T> {
    let path = dir.join(name);
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("cannot parse {}", path.display()))
}
