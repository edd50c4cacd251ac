//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g};
use apimachinery::schema::Field;

pub(super) static OVERHEAD: [Field; 1] = [
    f("podFixed", 728, 4, 1),
];

pub(super) static RUNTIME_CLASS: [Field; 6] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("handler", 0, 1, 2, "\"\"", &[], ""),
    f("overhead", 480, 6, 3),
    f("scheduling", 483, 6, 4),
];

pub(super) static RUNTIME_CLASS_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 830, 1, 2),
];

pub(super) static SCHEDULING: [Field; 2] = [
    f("nodeSelector", 770, 4, 1),
    f("tolerations", 772, 4, 2),
];

