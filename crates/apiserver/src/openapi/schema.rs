//! OpenAPI schemas from the facts of types.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use apimachinery::schema::{Field, ListKind, Node, Schema, SchemaSet, TypeRef};
use serde_json::{Map, Value, json};

/// Which OpenAPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    /// Swagger 2.
    V2,
    /// OpenAPI 3.
    V3,
}

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";

/// The type of all metadata.
pub const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// A few words about each field of the metadata, for `kubectl explain`.
fn about_metadata(field: &str) -> Option<&'static str> {
    Some(match field {
        "annotations" => "Annotations are texts that tools keep with an object; nothing selects by them.",
        "creationTimestamp" => "CreationTimestamp is a timestamp of the server's clock when the object was made.",
        "deletionGracePeriodSeconds" => "Seconds of grace that a deletion that has begun leaves to the object.",
        "deletionTimestamp" => {
            "DeletionTimestamp is when the object is to go. Set by the server when its deletion begins."
        }
        "finalizers" => "Names of those who have something to do before the object may go.",
        "generateName" => "The front of a name that the server makes unique, where no name is given.",
        "generation" => "A number that grows with each change of the desired state.",
        "labels" => "Labels are short texts by which objects are selected.",
        "managedFields" => "Who manages which fields of the object.",
        "name" => "Name is unique among the objects of a resource in a namespace, and never changes.",
        "namespace" => "Namespace is where the object lives; empty for objects of the whole cluster.",
        "ownerReferences" => "Objects on which this one depends: it goes when all of them are gone.",
        "resourceVersion" => "The version of the object; another one after every change.",
        "selfLink" => "Not used any more.",
        "uid" => "UID tells the object from all others, also from those of the same name before and after it.",
        _ => return None,
    })
}

/// Kinds of a type: (group, version, kind).
pub type Kinds = HashMap<u32, Vec<(&'static str, &'static str, &'static str)>>;

/// All kinds of the built-in types.
#[must_use]
pub fn kinds() -> Kinds {
    let mut map = Kinds::new();
    for (group, version, kind, at) in api::kinds() {
        map.entry(*at).or_default().push((*group, *version, *kind));
    }
    map
}

/// Writes the schemas that documents refer to, each once.
pub struct Writer<'s> {
    flavor: Flavor,
    set: &'s SchemaSet,
    kinds: &'s Kinds,
    waiting: Vec<TypeRef>,
    seen: BTreeSet<TypeRef>,
    plain: BTreeSet<&'static str>,
}

impl<'s> Writer<'s> {
    /// For types of one set.
    #[must_use]
    pub fn new(flavor: Flavor, set: &'s SchemaSet, kinds: &'s Kinds) -> Self {
        Self { flavor, set, kinds, waiting: Vec::new(), seen: BTreeSet::new(), plain: BTreeSet::new() }
    }

    /// A reference to a type; its definition follows in [`Writer::definitions`].
    pub fn reference(&mut self, at: TypeRef) -> Value {
        match self.schema(at).node() {
            Node::Struct(s) if !s.name.is_empty() => {
                if self.seen.insert(at) {
                    self.waiting.push(at);
                }
                self.link(&s.name)
            }
            _ => self.inline(at),
        }
    }

    /// A reference to a struct by the name of its definition.
    pub fn named(&mut self, name: &str) -> Value {
        let found = self.set.nodes.iter().position(|node| matches!(node, Node::Struct(s) if s.name == name));
        match found.and_then(|at| u32::try_from(at).ok()) {
            Some(at) => self.reference(TypeRef(at)),
            None => json!({"type": "object"}),
        }
    }

    fn schema(&self, at: TypeRef) -> Schema<'s> {
        Schema { set: self.set, at }
    }

    /// A reference by name; the definition comes from elsewhere.
    pub fn link(&self, name: &str) -> Value {
        match self.flavor {
            Flavor::V2 => json!({"$ref": format!("#/definitions/{name}")}),
            Flavor::V3 => json!({"$ref": format!("#/components/schemas/{name}")}),
        }
    }

    fn well_known(&mut self, name: &'static str) -> Value {
        self.plain.insert(name);
        self.link(name)
    }

    fn inline(&mut self, at: TypeRef) -> Value {
        match self.schema(at).node() {
            Node::String => json!({"type": "string"}),
            Node::Integer { bits } => json!({"type": "integer", "format": format!("int{bits}")}),
            Node::Number => json!({"type": "number", "format": "double"}),
            Node::Boolean => json!({"type": "boolean"}),
            Node::Bytes => json!({"type": "string", "format": "byte"}),
            Node::Any => json!({"type": "object"}),
            Node::IntOrString => self.well_known(INT_OR_STRING),
            Node::Quantity => self.well_known(QUANTITY),
            Node::Time => self.well_known("io.k8s.apimachinery.pkg.apis.meta.v1.Time"),
            Node::MicroTime => self.well_known("io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime"),
            Node::Duration => self.well_known("io.k8s.apimachinery.pkg.apis.meta.v1.Duration"),
            Node::List(list) => {
                let mut value = json!({"type": "array", "items": self.reference(list.item)});
                match &list.kind {
                    ListKind::Atomic => {}
                    ListKind::Set => value["x-kubernetes-list-type"] = "set".into(),
                    ListKind::Map(keys) => {
                        value["x-kubernetes-list-type"] = "map".into();
                        value["x-kubernetes-list-map-keys"] = keys.iter().map(|k| Value::from(k.as_ref())).collect();
                    }
                }
                value
            }
            Node::Map(map) => {
                let mut value = json!({"type": "object", "additionalProperties": self.reference(map.value)});
                if map.atomic {
                    value["x-kubernetes-map-type"] = "atomic".into();
                }
                value
            }
            Node::Struct(_) => self.structure(at),
        }
    }

    fn structure(&mut self, at: TypeRef) -> Value {
        let Node::Struct(s) = self.schema(at).node() else { return json!({}) };
        let mut out = Map::new();
        out.insert("type".into(), "object".into());
        let mut properties = Map::new();
        for field in s.fields.iter() {
            let mut value = self.field(field);
            if s.name == OBJECT_META
                && let Some(text) = about_metadata(&field.name)
                && let Value::Object(map) = &mut value
            {
                map.insert("description".into(), text.into());
            }
            properties.insert(field.name.to_string(), value);
        }
        if !properties.is_empty() {
            out.insert("properties".into(), Value::Object(properties));
        }
        let required: Vec<Value> = s.fields.iter().filter(|f| f.required).map(|f| f.name.as_ref().into()).collect();
        if !required.is_empty() {
            out.insert("required".into(), required.into());
        }
        if s.atomic {
            out.insert("x-kubernetes-map-type".into(), "atomic".into());
        }
        if s.open {
            out.insert("x-kubernetes-preserve-unknown-fields".into(), true.into());
        }
        if let Some(kinds) = self.kinds.get(&at.0).filter(|_| std::ptr::eq(self.set, api::schemas())) {
            let list: Vec<Value> = kinds
                .iter()
                .map(|(group, version, kind)| json!({"group": group, "kind": kind, "version": version}))
                .collect();
            out.insert("x-kubernetes-group-version-kind".into(), list.into());
        }
        Value::Object(out)
    }

    fn field(&mut self, field: &Field) -> Value {
        let mut value = self.reference(field.ty);
        let mut beside = Map::new();
        if !field.default.is_empty()
            && let Ok(default) = serde_json::from_str::<Value>(&field.default)
        {
            beside.insert("default".into(), default);
        }
        if !field.values.is_empty() {
            let values: Value = field.values.iter().map(|v| Value::from(v.as_ref())).collect();
            // The values of a list are those of its items.
            match value.get_mut("items") {
                Some(items) => items["enum"] = values,
                None => drop(beside.insert("enum".into(), values)),
            }
        }
        let strategy = match (field.patch_merge, field.patch_retain_keys) {
            (true, true) => "merge,retainKeys",
            (true, false) => "merge",
            (false, true) => "retainKeys",
            (false, false) => "",
        };
        if !strategy.is_empty() {
            beside.insert("x-kubernetes-patch-strategy".into(), strategy.into());
        }
        if !field.patch_merge_key.is_empty() {
            beside.insert("x-kubernetes-patch-merge-key".into(), field.patch_merge_key.as_ref().into());
        }
        if self.flavor == Flavor::V2 {
            beside.remove("default");
        }
        // Nothing may stand beside a reference in version 3.
        if value.get("$ref").is_some() && self.flavor == Flavor::V3 {
            value = json!({"allOf": [value]});
        }
        if let Value::Object(map) = &mut value {
            map.append(&mut beside);
        }
        value
    }

    /// The definitions of all types referred to so far, and of those that they refer to.
    #[must_use]
    pub fn definitions(mut self) -> BTreeMap<String, Value> {
        let mut out = BTreeMap::new();
        while let Some(at) = self.waiting.pop() {
            if let Node::Struct(s) = self.schema(at).node() {
                let definition = self.structure(at);
                out.insert(s.name.to_string(), definition);
            }
        }
        for name in self.plain {
            out.insert(name.to_owned(), plain(name, self.flavor));
        }
        out
    }
}

/// Definitions of types that are no structs.
fn plain(name: &str, flavor: Flavor) -> Value {
    match (name.strip_prefix(META), flavor) {
        (Some(".Duration"), _) => json!({"type": "string"}),
        (Some(_), _) => json!({"type": "string", "format": "date-time"}),
        (None, Flavor::V3) if name == QUANTITY => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
        (None, Flavor::V3) => json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}),
        (None, Flavor::V2) if name == QUANTITY => json!({"type": "string"}),
        (None, Flavor::V2) => json!({"type": "string", "format": "int-or-string"}),
    }
}
