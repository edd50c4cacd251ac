//! `components.schemas`: types as OpenAPI, with the extensions that clients use.

use crate::resource::Resource;
use apimachinery::schema::{Field, ListKind, Node, Schema, Struct};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

/// Types that were asked for and those that they need.
pub(super) struct Schemas<'a> {
    group: &'a str,
    version: &'a str,
    done: BTreeMap<String, Value>,
    todo: Vec<(String, Schema<'a>)>,
    /// Kinds of built-in types.
    kinds: HashMap<u32, Vec<Value>>,
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Forms of their own.
fn scalar(node: &Node) -> Option<(&'static str, Value)> {
    Some(match node {
        Node::IntOrString => (
            "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
            json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}),
        ),
        Node::Quantity => (
            "io.k8s.apimachinery.pkg.api.resource.Quantity",
            json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
        ),
        Node::Time => ("io.k8s.apimachinery.pkg.apis.meta.v1.Time", json!({"type": "string", "format": "date-time"})),
        Node::MicroTime => {
            ("io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", json!({"type": "string", "format": "date-time"}))
        }
        _ => return None,
    })
}

impl<'a> Schemas<'a> {
    pub(super) fn new(group: &'a str, version: &'a str) -> Self {
        let mut kinds: HashMap<u32, Vec<Value>> = HashMap::new();
        for (group, version, kind, ty) in crate::kinds() {
            kinds.entry(*ty).or_default().push(json!({"group": group, "version": version, "kind": kind}));
        }
        Schemas { group, version, done: BTreeMap::new(), todo: Vec::new(), kinds }
    }

    /// A reference to the type of a resource.
    pub(super) fn resource(&mut self, row: &'a Resource) -> Value {
        self.kind_of(row.schema(), &row.group, &row.version, &row.kind)
    }

    /// A reference to a built-in kind by name; an object of any form where there is none.
    pub(super) fn kind(&mut self, group: &str, version: &str, kind: &str) -> Value {
        crate::kind_schema(group, version, kind).map_or_else(|| json!({"type": "object"}), |schema| self.refer(schema))
    }

    /// A reference to the list of a resource.
    pub(super) fn list(&mut self, row: &'a Resource) -> Value {
        if let Some(schema) = crate::kind_schema(&row.group, &row.version, &row.list_kind) {
            return self.refer(schema);
        }
        let name = format!("{}List", definition_name(row));
        let item = self.resource(row);
        let meta = self.kind_ref(&format!("{META}.ListMeta"));
        let kind = json!([{"group": row.group, "version": row.version, "kind": row.list_kind}]);
        let properties = json!({"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"allOf": [meta]}, "items": {"type": "array", "items": item}});
        self.done.insert(name.clone(), json!({"type": "object", "required": ["items"], "properties": properties, "x-kubernetes-group-version-kind": kind}));
        reference(&name)
    }

    /// A built-in struct by its definition's name.
    fn kind_ref(&mut self, name: &str) -> Value {
        let at = crate::schemas().nodes.iter().position(|n| matches!(n, Node::Struct(s) if s.name == name));
        let at = at.and_then(|at| u32::try_from(at).ok()).map(apimachinery::schema::TypeRef);
        at.map_or_else(|| json!({"type": "object"}), |at| self.refer(Schema { set: crate::schemas(), at }))
    }

    fn kind_of(&mut self, schema: Schema<'a>, group: &str, version: &str, kind: &str) -> Value {
        if let Node::Struct(s) = schema.node()
            && s.name.is_empty()
        {
            // The type of a custom resource has no name of its own.
            let name = custom_name(group, version, kind);
            let mut body = self.object(schema, s);
            body["x-kubernetes-group-version-kind"] = json!([{"group": group, "version": version, "kind": kind}]);
            self.done.insert(name.clone(), body);
            return reference(&name);
        }
        self.refer(schema)
    }

    fn refer(&mut self, schema: Schema<'a>) -> Value {
        match schema.node() {
            Node::Struct(s) if !s.name.is_empty() => {
                self.todo.push((s.name.to_string(), granular(schema)));
                reference(&s.name)
            }
            _ => self.plain(schema, ""),
        }
    }

    /// All of it, with what it needs.
    pub(super) fn finish(mut self) -> Map<String, Value> {
        while let Some((name, schema)) = self.todo.pop() {
            if self.done.contains_key(&name) {
                continue;
            }
            // A mark first: types refer to themselves.
            self.done.insert(name.clone(), Value::Null);
            if let Node::Struct(s) = schema.node() {
                let mut body = self.object(schema, s);
                if let Some(kinds) = self.kinds_of(&name, schema) {
                    body["x-kubernetes-group-version-kind"] = kinds;
                }
                self.done.insert(name, body);
            }
        }
        self.done.into_iter().collect()
    }

    fn kinds_of(&self, name: &str, schema: Schema<'_>) -> Option<Value> {
        if !std::ptr::eq(schema.set, crate::schemas()) {
            return None;
        }
        let mut kinds = self.kinds.get(&schema.at.0)?.clone();
        // Every group-version has the options that all share.
        let shared = name.strip_prefix(META).is_some_and(|n| n == ".DeleteOptions" || n == ".WatchEvent");
        if shared && !(self.group.is_empty() && self.version == "v1") {
            let kind = name.rsplit('.').next().unwrap_or_default();
            kinds.push(json!({"group": self.group, "version": self.version, "kind": kind}));
        }
        Some(kinds.into())
    }

    fn object(&mut self, schema: Schema<'a>, s: &'a Struct) -> Value {
        let mut body = json!({"type": "object"});
        if !s.fields.is_empty() {
            let properties: Map<String, Value> =
                s.fields.iter().map(|f| (f.name.to_string(), self.property(schema, f, &s.name))).collect();
            body["properties"] = properties.into();
        }
        let required: Vec<&str> = s.fields.iter().filter(|f| f.required).map(|f| &*f.name).collect();
        if !required.is_empty() {
            body["required"] = required.into();
        }
        if s.atomic {
            body["x-kubernetes-map-type"] = "atomic".into();
        }
        if s.open {
            body["x-kubernetes-preserve-unknown-fields"] = true.into();
        }
        body
    }

    fn property(&mut self, schema: Schema<'a>, field: &'a Field, owner: &str) -> Value {
        let ty = schema.to(field.ty);
        let mut body = self.plain(ty, owner);
        if body.get("$ref").is_some() {
            body = json!({ "allOf": [body] });
        }
        if let (Node::Struct(s), Node::Struct(base)) = (ty.node(), granular(ty).node())
            && s.atomic
            && !base.atomic
        {
            body["x-kubernetes-map-type"] = "atomic".into();
        }
        if let Ok(default) = serde_json::from_str::<Value>(&field.default) {
            body["default"] = default;
        }
        if !field.values.is_empty() {
            let values: Vec<&str> = field.values.iter().map(|v| &**v).collect();
            let place = if matches!(ty.node(), Node::List(_)) { &mut body["items"]["enum"] } else { &mut body["enum"] };
            *place = values.into();
        }
        let strategy = match (field.patch_merge, field.patch_retain_keys) {
            (true, true) => "merge,retainKeys",
            (true, false) => "merge",
            (false, true) => "retainKeys",
            (false, false) => return body,
        };
        body["x-kubernetes-patch-strategy"] = strategy.into();
        if !field.patch_merge_key.is_empty() {
            body["x-kubernetes-patch-merge-key"] = field.patch_merge_key.to_string().into();
        }
        body
    }

    /// A type without what its field says.
    fn plain(&mut self, schema: Schema<'a>, owner: &str) -> Value {
        if let Some((name, body)) = scalar(schema.node()) {
            self.done.entry(name.to_owned()).or_insert(body);
            return reference(name);
        }
        match schema.node() {
            Node::String | Node::Duration => json!({"type": "string"}),
            Node::Integer { bits } => json!({"type": "integer", "format": format!("int{bits}")}),
            Node::Number => json!({"type": "number", "format": "double"}),
            Node::Boolean => json!({"type": "boolean"}),
            Node::Bytes => json!({"type": "string", "format": "byte"}),
            Node::Any if owner.starts_with("io.k8s.apiextensions") => json!({}),
            Node::Struct(s) if s.name.is_empty() => self.object(schema, s),
            Node::Struct(_) => self.refer(schema),
            Node::List(list) => {
                let mut body = json!({"type": "array", "items": self.plain(schema.to(list.item), owner)});
                let kind = match &list.kind {
                    ListKind::Atomic => "atomic",
                    ListKind::Set => "set",
                    ListKind::Map(keys) => {
                        body["x-kubernetes-list-map-keys"] =
                            keys.iter().map(ToString::to_string).collect::<Vec<_>>().into();
                        "map"
                    }
                };
                body["x-kubernetes-list-type"] = kind.into();
                body
            }
            Node::Map(map) => {
                let mut body =
                    json!({"type": "object", "additionalProperties": self.plain(schema.to(map.value), owner)});
                if map.atomic {
                    body["x-kubernetes-map-type"] = "atomic".into();
                }
                body
            }
            _ => json!({"type": "object"}),
        }
    }
}

/// A type that is atomic in one place only has a twin that is not; the definition is the twin's.
fn granular(schema: Schema<'_>) -> Schema<'_> {
    let Node::Struct(s) = schema.node() else { return schema };
    if !s.atomic {
        return schema;
    }
    let twin = schema.set.nodes.iter().position(|n| matches!(n, Node::Struct(t) if t.name == s.name && !t.atomic));
    twin.and_then(|at| u32::try_from(at).ok()).map_or(schema, |at| schema.to(apimachinery::schema::TypeRef(at)))
}

/// `com.example.v1.Widget`.
fn custom_name(group: &str, version: &str, kind: &str) -> String {
    let mut parts: Vec<&str> = group.split('.').collect();
    parts.reverse();
    format!("{}.{version}.{kind}", parts.join("."))
}

fn definition_name(row: &Resource) -> String {
    match row.schema().node() {
        Node::Struct(s) if !s.name.is_empty() => s.name.to_string(),
        _ => custom_name(&row.group, &row.version, &row.kind),
    }
}
