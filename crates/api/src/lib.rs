//! The resource table: every built-in kind with its facts, and what is special about each: defaults, validation,
//! columns, selectable fields, pure questions. See ARCHITECTURE.md.
//!
//! Everything here is pure: values in, values out; no clock, no IO.

mod access;
pub mod bootstrap_token;
pub mod columns;
pub mod cron;
pub mod custom;
pub mod defaults;
pub mod expressions;
pub mod fields;
mod generated;
pub mod normalize;
pub mod pod;
pub mod resource;
pub mod validation;

pub use resource::{Column, Resource, Schemas, Storage, Subresource};

use apimachinery::protobuf::Messages;
use apimachinery::schema::{Schema, SchemaSet, TypeRef};
use std::borrow::Cow;
use std::sync::LazyLock;

static SCHEMAS: SchemaSet = SchemaSet { nodes: Cow::Borrowed(&generated::nodes::NODES) };

/// The same types as messages of protobuf.
static MESSAGES: LazyLock<Messages> = LazyLock::new(|| Messages::new(&SCHEMAS));

/// All built-in resources.
#[must_use]
pub fn table() -> &'static [Resource] {
    &generated::resources::RESOURCES
}

/// The types of all built-in kinds.
#[must_use]
pub fn schemas() -> &'static SchemaSet {
    &SCHEMAS
}

/// The messages of all built-in kinds.
#[must_use]
pub fn messages() -> &'static Messages {
    &MESSAGES
}

/// A built-in resource by the parts of its path.
#[must_use]
pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    table().iter().find(|r| r.plural == plural && r.group == group && r.version == version)
}

/// A built-in resource by kind.
#[must_use]
pub fn by_kind(group: &str, version: &str, kind: &str) -> Option<&'static Resource> {
    table().iter().find(|r| r.kind == kind && r.group == group && r.version == version)
}

/// The type of any kind that a client may send or ask for, stored or not (`Scale`, `Eviction`, `DeleteOptions`,
/// `Table`, lists). Option kinds that every group-version knows are found under the core group, version `v1`.
#[must_use]
pub fn kind_schema(group: &str, version: &str, kind: &str) -> Option<Schema<'static>> {
    let kinds = &generated::kinds::KINDS;
    let at = kinds.binary_search_by(|row| (row.0, row.1, row.2).cmp(&(group, version, kind))).ok()?;
    Some(Schema { set: &SCHEMAS, at: TypeRef(kinds[at].3) })
}

/// Every kind as (group, version, kind, type), sorted.
#[must_use]
pub fn kinds() -> &'static [(&'static str, &'static str, &'static str, u32)] {
    &generated::kinds::KINDS
}

/// What a fresh server holds: a JSON array of objects (namespaces, RBAC roles and bindings, flow schemas, priority
/// levels, priority classes) as upstream makes them.
#[must_use]
pub fn bootstrap_objects() -> &'static [u8] {
    include_bytes!("generated/objects.json")
}
