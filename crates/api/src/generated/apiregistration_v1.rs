//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g};
use apimachinery::schema::Field;

pub(super) static API_SERVICE: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 652, 0, 2, "{}", &[], ""),
    g("status", 653, 0, 3, "{}", &[], ""),
];

pub(super) static API_SERVICE_CONDITION: [Field; 5] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    g("status", 0, 1, 2, "\"\"", &[], ""),
    f("lastTransitionTime", 7, 0, 3),
    f("reason", 0, 4, 4),
    f("message", 0, 4, 5),
];

pub(super) static API_SERVICE_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 901, 1, 2),
];

pub(super) static API_SERVICE_SPEC: [Field; 7] = [
    f("service", 654, 6, 1),
    f("group", 0, 4, 2),
    f("version", 0, 4, 3),
    f("insecureSkipTLSVerify", 4, 4, 4),
    f("caBundle", 10, 4, 5),
    g("groupPriorityMinimum", 1, 1, 7, "0", &[], ""),
    g("versionPriority", 1, 1, 8, "0", &[], ""),
];

pub(super) static API_SERVICE_STATUS: [Field; 1] = [
    g("conditions", 902, 12, 1, "", &[], "type"),
];

pub(super) static SERVICE_REFERENCE: [Field; 3] = [
    f("namespace", 0, 4, 1),
    f("name", 0, 4, 2),
    f("port", 1, 6, 3),
];

