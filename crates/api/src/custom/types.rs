//! The facts of a custom schema in the form that merges and managed fields take.

use super::structural::{Additional, Structural};
use apimachinery::schema::{Field, List, ListKind, Map, Node, Schema, SchemaSet, Str, Struct, TypeRef};
use std::{borrow::Cow, collections::HashMap};

/// The type of all metadata.
pub(super) fn object_meta() -> Option<Schema<'static>> {
    crate::by_kind("", "v1", "Pod").and_then(|pod| pod.schema().child("metadata"))
}

/// A set with the type of the objects of a schema.
pub(super) fn build(schema: &Structural) -> (SchemaSet, TypeRef) {
    let mut build = Build::default();
    let meta = object_meta().map(|meta| build.import(meta));
    build.meta = meta;
    let at = build.of(schema, true);
    (SchemaSet { nodes: Cow::Owned(build.nodes) }, at)
}

#[derive(Default)]
struct Build {
    nodes: Vec<Node>,
    imported: HashMap<u32, TypeRef>,
    meta: Option<TypeRef>,
}

impl Build {
    fn push(&mut self, node: Node) -> TypeRef {
        self.nodes.push(node);
        TypeRef(u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX))
    }

    /// A built-in type with all that it needs.
    fn import(&mut self, schema: Schema<'static>) -> TypeRef {
        if let Some(known) = self.imported.get(&schema.at.0) {
            return *known;
        }
        let at = self.push(Node::Any);
        self.imported.insert(schema.at.0, at);
        let mut node = schema.node().clone();
        match &mut node {
            Node::Struct(s) => {
                for field in s.fields.to_mut() {
                    field.ty = self.import(schema.to(field.ty));
                }
            }
            Node::List(list) => list.item = self.import(schema.to(list.item)),
            Node::Map(map) => map.value = self.import(schema.to(map.value)),
            _ => {}
        }
        self.nodes[at.0 as usize] = node;
        at
    }

    fn of(&mut self, schema: &Structural, resource: bool) -> TypeRef {
        let node = match schema.kind.as_str() {
            _ if schema.int_or_string => Node::IntOrString,
            "string" => Node::String,
            "integer" => Node::Integer { bits: 64 },
            "number" => Node::Number,
            "boolean" => Node::Boolean,
            "array" => match &schema.items {
                None => Node::Any,
                Some(item) => Node::List(List { item: self.of(item, item.embedded), kind: list_kind(schema) }),
            },
            "object" => return self.object(schema, resource),
            _ if resource => return self.object(schema, resource),
            _ => Node::Any,
        };
        self.push(node)
    }

    fn object(&mut self, schema: &Structural, resource: bool) -> TypeRef {
        let atomic = schema.map_type == "atomic";
        if schema.properties.is_empty()
            && !resource
            && let Some(additional) = &schema.additional
        {
            let value = match additional {
                Additional::Any(_) => self.push(Node::Any),
                Additional::Schema(other) => self.of(other, other.embedded),
            };
            return self.push(Node::Map(Map { value, atomic }));
        }
        let mut fields = Vec::new();
        if resource {
            for name in ["apiVersion", "kind"] {
                let ty = self.push(Node::String);
                fields.push(field(name, ty, ""));
            }
            if let Some(meta) = self.meta {
                fields.push(field("metadata", meta, ""));
            }
        }
        for (name, below) in &schema.properties {
            if resource && super::prune::is_meta(name) {
                continue;
            }
            let ty = self.of(below, below.embedded);
            let default = below.default.as_ref().map(ToString::to_string).unwrap_or_default();
            fields.push(field(name, ty, &default));
        }
        // A schema without any field says nothing about fields.
        let open = schema.preserve;
        self.push(Node::Struct(Struct { name: Str::default(), fields: fields.into(), atomic, open }))
    }
}

fn list_kind(schema: &Structural) -> ListKind {
    match schema.list_type.as_str() {
        "set" => ListKind::Set,
        "map" => ListKind::Map(schema.list_keys.iter().map(|k| Str::Owned(k.clone())).collect()),
        _ => ListKind::Atomic,
    }
}

fn field(name: &str, ty: TypeRef, default: &str) -> Field {
    Field {
        name: Str::Owned(name.to_owned()),
        ty,
        required: false,
        // What a client wrote stays: there is no Go type behind it that leaves zeros out.
        pointer: true,
        omit_empty: true,
        default: Str::Owned(default.to_owned()),
        values: Cow::Borrowed(&[]),
        patch_merge: false,
        patch_retain_keys: false,
        patch_merge_key: Str::default(),
        proto: 0,
    }
}
