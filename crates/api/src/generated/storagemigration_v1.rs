//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g};
use apimachinery::schema::Field;

pub(super) static STORAGE_VERSION_MIGRATION: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 589, 0, 2, "{}", &[], ""),
    g("status", 590, 0, 3, "{}", &[], ""),
];

pub(super) static STORAGE_VERSION_MIGRATION_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 880, 1, 2),
];

pub(super) static STORAGE_VERSION_MIGRATION_SPEC: [Field; 1] = [
    g("resource", 624, 1, 1, "{}", &[], ""),
];

pub(super) static STORAGE_VERSION_MIGRATION_STATUS: [Field; 2] = [
    g("conditions", 672, 12, 1, "", &[], "type"),
    f("resourceVersion", 0, 4, 2),
];

