//! Facts about the shape of objects, in one form for built-in kinds (a generated table) and custom resources (made at run
//! time). Generic walks (merge, prune, managed fields, defaults, OpenAPI) need nothing else.

use std::borrow::Cow;

/// A string that is static for built-in kinds and owned for custom ones.
pub type Str = Cow<'static, str>;

/// Index of a node in its [`SchemaSet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeRef(pub u32);

/// A set of types that refer to each other.
#[derive(Debug, Clone, Default)]
pub struct SchemaSet {
    /// All nodes; [`TypeRef`] is an index here.
    pub nodes: Cow<'static, [Node]>,
}

/// One type.
#[derive(Debug, Clone)]
pub enum Node {
    /// A string; `format` as OpenAPI says it (empty, `date-time`, `byte`, `int-or-string`, `quantity` have nodes of their own below).
    String,
    /// An integer of 32 or 64 bits.
    Integer {
        /// 32 or 64.
        bits: u8,
    },
    /// A floating-point number.
    Number,
    /// A boolean.
    Boolean,
    /// A string or an integer.
    IntOrString,
    /// `resource.Quantity`: a string, or a number on input.
    Quantity,
    /// RFC 3339, seconds.
    Time,
    /// RFC 3339, microseconds.
    MicroTime,
    /// A Go duration as a string (`1h0m0s`).
    Duration,
    /// Base64.
    Bytes,
    /// Anything (RawExtension, FieldsV1, JSON): kept as it is, atomic for merges.
    Any,
    /// An object with known fields.
    Struct(Struct),
    /// A list.
    List(List),
    /// An object with free keys.
    Map(Map),
}

/// An object with known fields.
#[derive(Debug, Clone, Default)]
pub struct Struct {
    /// Name of the OpenAPI definition (`io.k8s.api.core.v1.PodSpec`); empty for inline ones.
    pub name: Str,
    /// Fields in the order of the Go type, inlined structs flattened.
    pub fields: Cow<'static, [Field]>,
    /// `x-kubernetes-map-type: atomic`.
    pub atomic: bool,
    /// `x-kubernetes-preserve-unknown-fields`: unknown fields are kept.
    pub open: bool,
}

/// One field.
#[derive(Debug, Clone)]
pub struct Field {
    /// JSON name.
    pub name: Str,
    /// Its type.
    pub ty: TypeRef,
    /// Must be present (OpenAPI `required`).
    pub required: bool,
    /// Go pointer, or otherwise able to tell "absent" from "zero".
    pub pointer: bool,
    /// `omitempty` or `omitzero`: the zero value is not written.
    pub omit_empty: bool,
    /// OpenAPI `default`, as JSON text; empty: none.
    pub default: Str,
    /// Allowed values, where OpenAPI has an `enum`.
    pub values: Cow<'static, [Str]>,
    /// `x-kubernetes-patch-strategy` contains `merge`.
    pub patch_merge: bool,
    /// `x-kubernetes-patch-strategy` contains `retainKeys`.
    pub patch_retain_keys: bool,
    /// `x-kubernetes-patch-merge-key`; empty: none (a list of scalars with `patch_merge` is a set).
    pub patch_merge_key: Str,
    /// Place in protobuf, as [`crate::protobuf::Place`] reads it; 0: none.
    pub proto: u32,
}

/// A list.
#[derive(Debug, Clone)]
pub struct List {
    /// Type of the items.
    pub item: TypeRef,
    /// How it merges on apply and what its items are called in managed fields.
    pub kind: ListKind,
}

/// `x-kubernetes-list-type`.
#[derive(Debug, Clone, PartialEq)]
pub enum ListKind {
    /// As a whole.
    Atomic,
    /// A set of scalars.
    Set,
    /// By these keys.
    Map(Cow<'static, [Str]>),
}

/// An object with free keys.
#[derive(Debug, Clone)]
pub struct Map {
    /// Type of the values.
    pub value: TypeRef,
    /// `x-kubernetes-map-type: atomic`.
    pub atomic: bool,
}

/// A type within its set: what the generic walks take.
#[derive(Debug, Clone, Copy)]
pub struct Schema<'s> {
    /// The set.
    pub set: &'s SchemaSet,
    /// The type.
    pub at: TypeRef,
}

impl<'s> Schema<'s> {
    /// The node itself.
    #[must_use]
    pub fn node(self) -> &'s Node {
        &self.set.nodes[self.at.0 as usize]
    }

    /// The same set, another type.
    #[must_use]
    pub fn to(self, at: TypeRef) -> Self {
        Schema { set: self.set, at }
    }

    /// A struct's field by JSON name.
    #[must_use]
    pub fn field(self, name: &str) -> Option<&'s Field> {
        match self.node() {
            Node::Struct(s) => s.fields.iter().find(|f| f.name == name),
            _ => None,
        }
    }

    /// The type below an object's key: a field's, or a map's value.
    #[must_use]
    pub fn child(self, name: &str) -> Option<Self> {
        match self.node() {
            Node::Struct(_) => self.field(name).map(|f| self.to(f.ty)),
            Node::Map(m) => Some(self.to(m.value)),
            _ => None,
        }
    }

    /// The type of a list's items.
    #[must_use]
    pub fn item(self) -> Option<Self> {
        match self.node() {
            Node::List(l) => Some(self.to(l.item)),
            _ => None,
        }
    }
}
