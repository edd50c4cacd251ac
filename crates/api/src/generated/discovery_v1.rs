//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g, nodes::*};
use apimachinery::schema::Field;

pub(super) static ENDPOINT: [Field; 8] = [
    f("addresses", 666, 1, 1),
    g("conditions", 412, 0, 2, "{}", &[], ""),
    f("hostname", 0, 6, 3),
    f("targetRef", 296, 6, 4),
    f("deprecatedTopology", 713, 4, 5),
    f("nodeName", 0, 6, 6),
    f("zone", 0, 6, 7),
    f("hints", 413, 6, 8),
];

pub(super) static ENDPOINT_CONDITIONS: [Field; 3] = [
    f("ready", 4, 6, 1),
    f("serving", 4, 6, 2),
    f("terminating", 4, 6, 3),
];

pub(super) static ENDPOINT_HINTS: [Field; 2] = [
    f("forZones", 801, 4, 1),
    f("forNodes", 802, 4, 2),
];

pub(super) static ENDPOINT_PORT: [Field; 4] = [
    f("name", 0, 6, 1),
    g("protocol", 0, 6, 2, "", &V28, ""),
    f("port", 1, 6, 3),
    f("appProtocol", 0, 6, 4),
];

pub(super) static ENDPOINT_SLICE: [Field; 6] = [
    f("kind", 0, 4, 1),
    f("apiVersion", 0, 4, 2),
    g("metadata", 631, 0, 1, "{}", &[], ""),
    g("addressType", 0, 1, 4, "\"\"", &V70, ""),
    f("endpoints", 803, 0, 2),
    f("ports", 804, 0, 3),
];

pub(super) static ENDPOINT_SLICE_LIST: [Field; 4] = [
    f("kind", 0, 4, 1),
    f("apiVersion", 0, 4, 2),
    g("metadata", 628, 0, 1, "{}", &[], ""),
    f("items", 805, 1, 2),
];

pub(super) static FOR_NODE: [Field; 1] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
];

pub(super) static FOR_ZONE: [Field; 1] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
];

