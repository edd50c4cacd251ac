//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g};
use apimachinery::schema::Field;

pub(super) static LEASE: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 171, 0, 2, "{}", &[], ""),
];

pub(super) static LEASE_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 715, 1, 2),
];

pub(super) static LEASE_SPEC: [Field; 7] = [
    f("holderIdentity", 0, 6, 1),
    f("leaseDurationSeconds", 1, 6, 2),
    f("acquireTime", 8, 6, 3),
    f("renewTime", 8, 6, 4),
    f("leaseTransitions", 1, 6, 5),
    f("strategy", 0, 6, 6),
    f("preferredHolder", 0, 6, 7),
];

