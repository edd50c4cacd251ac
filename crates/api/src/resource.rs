//! A row of the resource table: one served resource, built-in or custom.

use apimachinery::schema::{Schema, Str, TypeRef};
use std::borrow::Cow;
use std::sync::Arc;

/// A list of strings that is static for built-in kinds and owned for custom ones.
pub type Strs = Cow<'static, [Str]>;

/// One resource in one version. Routing, discovery, OpenAPI, RBAC names, columns and the client derive from it.
#[derive(Debug, Clone)]
pub struct Resource {
    /// API group; empty for core.
    pub group: Str,
    /// Version.
    pub version: Str,
    /// Kind.
    pub kind: Str,
    /// Kind of its list; empty where it cannot be listed.
    pub list_kind: Str,
    /// Name in paths (`pods`).
    pub plural: Str,
    /// Name in the singular.
    pub singular: Str,
    /// Lives in a namespace.
    pub namespaced: bool,
    /// The preferred version of its group.
    pub preferred: bool,
    /// `create`, `delete`, `deletecollection`, `get`, `list`, `patch`, `update`, `watch`.
    pub verbs: Strs,
    /// Short names (`po`).
    pub short_names: Strs,
    /// Categories (`all`).
    pub categories: Strs,
    /// Subresources.
    pub subresources: Cow<'static, [Subresource]>,
    /// Paths that a field selector may name.
    pub selectable_fields: Strs,
    /// Columns of its Table.
    pub columns: Cow<'static, [Column]>,
    /// Its type.
    pub schema: TypeRef,
    /// The set that its type lives in.
    pub schemas: Schemas,
    /// How it is stored and which updates are allowed.
    pub storage: Storage,
}

/// Where the types of a resource live.
#[derive(Debug, Clone)]
pub enum Schemas {
    /// In the generated table.
    BuiltIn,
    /// In a set of its own: a version of a custom resource.
    Own(Arc<crate::custom::Version>),
}

/// A subresource.
#[derive(Debug, Clone)]
pub struct Subresource {
    /// Name in the path (`status`).
    pub name: Str,
    /// Group of its kind.
    pub group: Str,
    /// Version of its kind.
    pub version: Str,
    /// The kind that it takes and gives.
    pub kind: Str,
    /// Verbs.
    pub verbs: Strs,
}

/// A column of a Table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Heading.
    pub name: Str,
    /// OpenAPI type of the cells.
    pub kind: Str,
    /// OpenAPI format.
    pub format: Str,
    /// 0: always shown; higher: with `-o wide`.
    pub priority: i32,
}

/// Facts of the registry.
#[derive(Debug, Clone)]
pub struct Storage {
    /// Objects of this resource are kept (reviews and bindings are only answered).
    pub stored: bool,
    /// The group in whose form objects are stored: rows that show the same objects share it.
    pub group: Str,
    /// The version in whose form objects are stored.
    pub version: Str,
    /// `PUT` on a name that does not exist makes the object.
    pub create_on_update: bool,
    /// An update may come without a resourceVersion.
    pub unconditional_update: bool,
    /// `metadata.generation` counts changes outside metadata and status.
    pub generation: bool,
}

impl Resource {
    /// The type of its objects.
    #[must_use]
    pub fn schema(&self) -> Schema<'_> {
        let set = match &self.schemas {
            Schemas::BuiltIn => crate::schemas(),
            Schemas::Own(version) => &version.set,
        };
        Schema { set, at: self.schema }
    }

    /// `v1` or `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        apimachinery::gvk::api_version(&self.group, &self.version)
    }

    /// A subresource by name.
    #[must_use]
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|s| s.name == name)
    }

    /// Has `status` as a subresource, so that the main resource does not change it.
    #[must_use]
    pub fn has_status(&self) -> bool {
        self.subresource("status").is_some()
    }

    /// Allows a verb.
    #[must_use]
    pub fn allows(&self, verb: &str) -> bool {
        self.verbs.iter().any(|v| v == verb)
    }

    /// Is it this kind? A short question that strategies ask often.
    #[must_use]
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }
}
