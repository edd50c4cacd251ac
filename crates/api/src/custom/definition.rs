//! What a CustomResourceDefinition says, and the rows that it adds to the table.

use super::{scale::Paths, structural::Structural, types};
use crate::access::{condition_is_true, flag, items, text};
use crate::resource::{Column, Resource, Schemas, Storage, Strs, Subresource};
use apimachinery::schema::{SchemaSet, Str, TypeRef};
use apimachinery::{gvk, meta};
use serde_json::Value;
use std::sync::Arc;

/// The finalizer that holds a definition until its objects are gone.
pub const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// A definition with all its versions.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Its name: `plural.group`.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// It goes: nothing new is made of it.
    pub terminating: bool,
    /// Versions in the order of the definition, served or not.
    pub versions: Vec<Arc<Version>>,
    /// Index of the version in whose form objects are stored.
    pub storage: usize,
    /// The rows of served versions.
    pub rows: Vec<Arc<Resource>>,
}

/// One version of a custom resource.
#[derive(Debug, Clone)]
pub struct Version {
    /// `example.com/v1`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// `openAPIV3Schema` as it was given; `null` where there is none.
    pub source: Value,
    /// The same, parsed.
    pub schema: Structural,
    /// The types of merges.
    pub set: SchemaSet,
    /// The type of its objects in `set`.
    pub root: TypeRef,
    /// Type and JSON path of the columns behind the name.
    pub columns: Vec<(String, String)>,
    /// Where its scale is, if it has one.
    pub scale: Option<Paths>,
    /// What is said to who uses it.
    pub warning: Option<String>,
    /// It goes: nothing new is made of it.
    pub terminating: bool,
    /// How the objects of all versions are told apart and read from the store.
    pub siblings: Siblings,
}

/// Facts of a definition that each of its versions needs.
#[derive(Debug, Clone, Default)]
pub struct Siblings {
    /// Schemas of all versions by apiVersion, for objects that were stored in another version than today's.
    pub schemas: Arc<Vec<(String, Structural)>>,
    /// Conversion calls a webhook.
    pub webhook: bool,
}

fn owned(value: &Value) -> Str {
    Str::Owned(text(value).to_owned())
}

fn owned_all(value: &Value) -> Strs {
    items(value).iter().map(owned).collect()
}

/// The verbs of custom resources.
const VERBS: [Str; 8] = [
    Str::Borrowed("delete"),
    Str::Borrowed("deletecollection"),
    Str::Borrowed("get"),
    Str::Borrowed("list"),
    Str::Borrowed("patch"),
    Str::Borrowed("create"),
    Str::Borrowed("update"),
    Str::Borrowed("watch"),
];
const SUB_VERBS: [Str; 3] = [Str::Borrowed("get"), Str::Borrowed("patch"), Str::Borrowed("update")];

impl Definition {
    /// Reads a CustomResourceDefinition whose names have been accepted. `None`: it has no version to store.
    #[must_use]
    pub fn read(object: &Value) -> Option<Self> {
        let spec = &object["spec"];
        let specs = items(&spec["versions"]);
        let storage = specs.iter().position(|v| flag(&v["storage"]))?;
        let group = text(&spec["group"]);
        let structurals = specs.iter().map(|v| {
            let api_version = gvk::api_version(group, text(&v["name"]));
            (api_version, schema_of(v))
        });
        let siblings = Siblings {
            schemas: Arc::new(structurals.collect()),
            webhook: text(&spec["conversion"]["strategy"]) == "Webhook",
        };
        let terminating = meta::is_being_deleted(object) || condition_is_true(object, "Terminating");
        let versions: Vec<Arc<Version>> =
            specs.iter().map(|v| Arc::new(Version::read(object, v, terminating, siblings.clone()))).collect();
        let storage_name = text(&specs[storage]["name"]);
        let rows = specs.iter().zip(&versions).filter(|(v, _)| flag(&v["served"]));
        Some(Definition {
            name: meta::name(object).to_owned(),
            uid: meta::uid(object).to_owned(),
            terminating,
            rows: rows.map(|(spec, version)| Arc::new(row(object, spec, version, storage_name))).collect(),
            storage,
            versions,
        })
    }

    /// The row in whose form objects are stored; of a version that need not be served. Its selectable fields are those of
    /// all versions.
    #[must_use]
    pub fn stored_row(&self, object: &Value) -> Resource {
        let specs = items(&object["spec"]["versions"]);
        let spec = &specs[self.storage];
        let mut row = row(object, spec, &self.versions[self.storage], text(&spec["name"]));
        let all = specs.iter().flat_map(|v| selectable(v).into_owned());
        let mut fields: Vec<Str> = row.selectable_fields.into_owned();
        for field in all {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        row.selectable_fields = fields.into();
        row
    }
}

fn schema_of(spec: &Value) -> Structural {
    let source = &spec["schema"]["openAPIV3Schema"];
    let mut schema = Structural::parse(source);
    // Objects of a version without a schema are kept as they are.
    schema.preserve |= source.is_null();
    schema
}

impl Version {
    fn read(object: &Value, spec: &Value, terminating: bool, siblings: Siblings) -> Self {
        let group = text(&object["spec"]["group"]);
        let kind = text(&object["spec"]["names"]["kind"]).to_owned();
        let schema = schema_of(spec);
        let (set, root) = types::build(&schema);
        let api_version = gvk::api_version(group, text(&spec["name"]));
        Version {
            warning: flag(&spec["deprecated"]).then(|| warning(object, spec, &api_version, &kind)),
            api_version,
            kind,
            source: spec["schema"]["openAPIV3Schema"].clone(),
            schema,
            set,
            root,
            columns: columns(spec).into_iter().map(|(column, path)| (column.kind.into_owned(), path)).collect(),
            scale: Paths::read(&spec["subresources"]["scale"]),
            terminating,
            siblings,
        }
    }

    /// The schema of the version that an object was stored in.
    #[must_use]
    pub fn schema_for(&self, api_version: &str) -> &Structural {
        let found = self.siblings.schemas.iter().find(|(version, _)| version == api_version);
        found.map_or(&self.schema, |(_, schema)| schema)
    }
}

/// What clients of a deprecated version are told.
fn warning(object: &Value, spec: &Value, api_version: &str, kind: &str) -> String {
    if let Some(own) = spec["deprecationWarning"].as_str() {
        return own.to_owned();
    }
    let name = text(&spec["name"]);
    let mut better: Vec<&str> = items(&object["spec"]["versions"])
        .iter()
        .filter(|v| flag(&v["served"]) && !flag(&v["deprecated"]))
        .map(|v| text(&v["name"]))
        .filter(|v| gvk::compare_versions(v, name).is_lt())
        .collect();
    better.sort_by(|a, b| gvk::compare_versions(a, b));
    let group = text(&object["spec"]["group"]);
    let instead = better.first().map(|v| format!("; use {group}/{v} {kind}")).unwrap_or_default();
    format!("{api_version} {kind} is deprecated{instead}")
}

/// Columns behind the name, with their paths.
fn columns(spec: &Value) -> Vec<(Column, String)> {
    let given = items(&spec["additionalPrinterColumns"]);
    if given.is_empty() {
        let age = Column { name: "Age".into(), kind: "date".into(), format: "".into(), priority: 0 };
        return vec![(age, ".metadata.creationTimestamp".to_owned())];
    }
    let one = |column: &Value| {
        let priority = i32::try_from(crate::access::whole(&column["priority"])).unwrap_or_default();
        let made = Column {
            name: owned(&column["name"]),
            kind: owned(&column["type"]),
            format: owned(&column["format"]),
            priority,
        };
        (made, text(&column["jsonPath"]).to_owned())
    };
    given.iter().map(one).collect()
}

/// Fields that a selector may name, without their leading dot.
fn selectable(spec: &Value) -> Strs {
    items(&spec["selectableFields"])
        .iter()
        .map(|f| Str::Owned(text(&f["jsonPath"]).trim_start_matches('.').to_owned()))
        .collect()
}

fn row(object: &Value, spec: &Value, version: &Arc<Version>, storage: &str) -> Resource {
    let (group, names) = (owned(&object["spec"]["group"]), &object["spec"]["names"]);
    let kind = owned(&names["kind"]);
    let namespaced = text(&object["spec"]["scope"]) == "Namespaced";
    let sub = |name: &'static str, group: &str, version: &str, kind: &Str| Subresource {
        name: Str::Borrowed(name),
        group: Str::Owned(group.to_owned()),
        version: Str::Owned(version.to_owned()),
        kind: kind.clone(),
        verbs: SUB_VERBS.to_vec().into(),
    };
    let mut subresources = Vec::new();
    if spec["subresources"]["status"].is_object() {
        subresources.push(sub("status", &group, text(&spec["name"]), &kind));
    }
    if version.scale.is_some() {
        subresources.push(sub("scale", "autoscaling", "v1", &Str::Borrowed("Scale")));
    }
    let mut fields = vec![Str::Borrowed("metadata.name")];
    if namespaced {
        fields.push(Str::Borrowed("metadata.namespace"));
    }
    fields.extend(selectable(spec).into_owned());
    let name = Column { name: "Name".into(), kind: "string".into(), format: "name".into(), priority: 0 };
    let columns = std::iter::once(name).chain(columns(spec).into_iter().map(|(column, _)| column));
    Resource {
        version: owned(&spec["name"]),
        list_kind: owned(&names["listKind"]),
        plural: owned(&names["plural"]),
        singular: owned(&names["singular"]),
        namespaced,
        preferred: false,
        verbs: VERBS.to_vec().into(),
        short_names: owned_all(&names["shortNames"]),
        categories: owned_all(&names["categories"]),
        subresources: subresources.into(),
        selectable_fields: fields.into(),
        columns: columns.collect(),
        schema: version.root,
        schemas: Schemas::Own(version.clone()),
        storage: Storage {
            stored: true,
            group: group.clone(),
            version: Str::Owned(storage.to_owned()),
            create_on_update: false,
            unconditional_update: false,
            generation: true,
        },
        kind,
        group,
    }
}
