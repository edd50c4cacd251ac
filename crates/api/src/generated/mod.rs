//! Tables made by `cargo xtask codegen` from upstream's facts; do not edit.

#[rustfmt::skip]
pub(crate) mod admissionregistration_v1;
#[rustfmt::skip]
pub(crate) mod apidiscovery_v2;
#[rustfmt::skip]
pub(crate) mod apiextensions_v1;
#[rustfmt::skip]
pub(crate) mod apiregistration_v1;
#[rustfmt::skip]
pub(crate) mod apps_v1;
#[rustfmt::skip]
pub(crate) mod authentication_v1;
#[rustfmt::skip]
pub(crate) mod authorization_v1;
#[rustfmt::skip]
pub(crate) mod autoscaling_v1;
#[rustfmt::skip]
pub(crate) mod autoscaling_v2;
#[rustfmt::skip]
pub(crate) mod batch_v1;
#[rustfmt::skip]
pub(crate) mod certificates_v1;
#[rustfmt::skip]
pub(crate) mod coordination_v1;
#[rustfmt::skip]
pub(crate) mod core_v1;
#[rustfmt::skip]
pub(crate) mod discovery_v1;
#[rustfmt::skip]
pub(crate) mod events_v1;
#[rustfmt::skip]
pub(crate) mod flowcontrol_v1;
#[rustfmt::skip]
pub(crate) mod kinds;
#[rustfmt::skip]
pub(crate) mod meta_v1;
#[rustfmt::skip]
pub(crate) mod networking_v1;
#[rustfmt::skip]
pub(crate) mod node_v1;
#[rustfmt::skip]
pub(crate) mod nodes;
#[rustfmt::skip]
pub(crate) mod policy_v1;
#[rustfmt::skip]
pub(crate) mod rbac_v1;
#[rustfmt::skip]
pub(crate) mod resource_v1;
#[rustfmt::skip]
pub(crate) mod resources;
#[rustfmt::skip]
pub(crate) mod scheduling_v1;
#[rustfmt::skip]
pub(crate) mod scheduling_v1alpha3;
#[rustfmt::skip]
pub(crate) mod storage_v1;
#[rustfmt::skip]
pub(crate) mod storagemigration_v1;

use apimachinery::schema::{Field, List, ListKind, Map, Node, Str, Struct, TypeRef};
use std::borrow::Cow;

const REQUIRED: u8 = 1;
const POINTER: u8 = 2;
const OMIT_EMPTY: u8 = 4;
const PATCH_MERGE: u8 = 8;
const PATCH_RETAIN_KEYS: u8 = 16;

/// A string.
const fn s(text: &'static str) -> Str {
    Cow::Borrowed(text)
}

/// A field without default, values or merge key.
const fn f(name: &'static str, ty: u32, flags: u8, proto: u32) -> Field {
    g(name, ty, flags, proto, "", &[], "")
}

/// A field with everything.
const fn g(
    name: &'static str,
    ty: u32,
    flags: u8,
    proto: u32,
    default: &'static str,
    values: &'static [Str],
    merge_key: &'static str,
) -> Field {
    Field {
        name: s(name),
        ty: TypeRef(ty),
        required: flags & REQUIRED != 0,
        pointer: flags & POINTER != 0,
        omit_empty: flags & OMIT_EMPTY != 0,
        default: s(default),
        values: Cow::Borrowed(values),
        patch_merge: flags & PATCH_MERGE != 0,
        patch_retain_keys: flags & PATCH_RETAIN_KEYS != 0,
        patch_merge_key: s(merge_key),
        proto,
    }
}

/// A struct.
const fn st(name: &'static str, fields: &'static [Field], atomic: bool) -> Node {
    Node::Struct(Struct { name: s(name), fields: Cow::Borrowed(fields), atomic, open: false })
}

/// An atomic list.
const fn la(item: u32) -> Node {
    Node::List(List { item: TypeRef(item), kind: ListKind::Atomic })
}

/// A set.
const fn ls(item: u32) -> Node {
    Node::List(List { item: TypeRef(item), kind: ListKind::Set })
}

/// A list by keys.
const fn lm(item: u32, keys: &'static [Str]) -> Node {
    Node::List(List { item: TypeRef(item), kind: ListKind::Map(Cow::Borrowed(keys)) })
}

/// A map.
const fn mp(value: u32, atomic: bool) -> Node {
    Node::Map(Map { value: TypeRef(value), atomic })
}
