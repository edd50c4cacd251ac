//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g};
use apimachinery::schema::Field;

pub(super) static AGGREGATION_RULE: [Field; 1] = [
    f("clusterRoleSelectors", 833, 4, 1),
];

pub(super) static CLUSTER_ROLE: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    f("rules", 834, 0, 2),
    f("aggregationRule", 489, 6, 3),
];

pub(super) static CLUSTER_ROLE_BINDING: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    f("subjects", 835, 4, 2),
    g("roleRef", 499, 1, 3, "{}", &[], ""),
];

pub(super) static CLUSTER_ROLE_BINDING_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 836, 1, 2),
];

pub(super) static CLUSTER_ROLE_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 837, 1, 2),
];

pub(super) static POLICY_RULE: [Field; 5] = [
    f("verbs", 662, 1, 1),
    f("apiGroups", 662, 4, 2),
    f("resources", 662, 4, 3),
    f("resourceNames", 662, 4, 4),
    f("nonResourceURLs", 662, 4, 5),
];

pub(super) static ROLE: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    f("rules", 834, 0, 2),
];

pub(super) static ROLE_BINDING: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    f("subjects", 835, 4, 2),
    g("roleRef", 499, 1, 3, "{}", &[], ""),
];

pub(super) static ROLE_BINDING_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 838, 1, 2),
];

pub(super) static ROLE_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 839, 1, 2),
];

pub(super) static ROLE_REF: [Field; 3] = [
    g("apiGroup", 0, 0, 1, "\"\"", &[], ""),
    g("kind", 0, 1, 2, "\"\"", &[], ""),
    g("name", 0, 1, 3, "\"\"", &[], ""),
];

pub(super) static SUBJECT: [Field; 4] = [
    g("kind", 0, 1, 1, "\"\"", &[], ""),
    f("apiGroup", 0, 4, 2),
    g("name", 0, 1, 3, "\"\"", &[], ""),
    f("namespace", 0, 4, 4),
];

