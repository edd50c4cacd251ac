//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g, nodes::*};
use apimachinery::schema::Field;

pub(super) static PRIORITY_CLASS: [Field; 7] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("value", 1, 0, 2, "0", &[], ""),
    f("globalDefault", 4, 4, 3),
    f("description", 0, 4, 4),
    g("preemptionPolicy", 0, 6, 5, "", &V48, ""),
];

pub(super) static PRIORITY_CLASS_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 867, 1, 2),
];

