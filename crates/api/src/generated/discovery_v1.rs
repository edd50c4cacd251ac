//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g, nodes::*};
use apimachinery::schema::Field;

pub(super) static ENDPOINT: [Field; 8] = [
    f("addresses", 667, 1, 1),
    g("conditions", 413, 0, 2, "{}", &[], ""),
    f("hostname", 0, 6, 3),
    f("targetRef", 297, 6, 4),
    f("deprecatedTopology", 714, 4, 5),
    f("nodeName", 0, 6, 6),
    f("zone", 0, 6, 7),
    f("hints", 414, 6, 8),
];

pub(super) static ENDPOINT_CONDITIONS: [Field; 3] = [
    f("ready", 4, 6, 1),
    f("serving", 4, 6, 2),
    f("terminating", 4, 6, 3),
];

pub(super) static ENDPOINT_HINTS: [Field; 2] = [
    f("forZones", 802, 4, 1),
    f("forNodes", 803, 4, 2),
];

pub(super) static ENDPOINT_PORT: [Field; 4] = [
    f("name", 0, 6, 1),
    g("protocol", 0, 6, 2, "", &V28, ""),
    f("port", 1, 6, 3),
    f("appProtocol", 0, 6, 4),
];

pub(super) static ENDPOINT_SLICE: [Field; 6] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("addressType", 0, 1, 4, "\"\"", &V70, ""),
    f("endpoints", 804, 0, 2),
    f("ports", 805, 0, 3),
];

pub(super) static ENDPOINT_SLICE_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 806, 1, 2),
];

pub(super) static FOR_NODE: [Field; 1] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
];

pub(super) static FOR_ZONE: [Field; 1] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
];

