//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g};
use apimachinery::schema::Field;

pub(super) static FIELD_SELECTOR_ATTRIBUTES: [Field; 2] = [
    f("rawSelector", 0, 4, 1),
    f("requirements", 691, 4, 2),
];

pub(super) static LABEL_SELECTOR_ATTRIBUTES: [Field; 2] = [
    f("rawSelector", 0, 4, 1),
    f("requirements", 692, 4, 2),
];

pub(super) static LOCAL_SUBJECT_ACCESS_REVIEW: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 104, 1, 2, "{}", &[], ""),
    g("status", 105, 0, 3, "{}", &[], ""),
];

pub(super) static NON_RESOURCE_ATTRIBUTES: [Field; 2] = [
    f("path", 0, 4, 1),
    f("verb", 0, 4, 2),
];

pub(super) static NON_RESOURCE_RULE: [Field; 2] = [
    f("verbs", 662, 1, 1),
    f("nonResourceURLs", 662, 4, 2),
];

pub(super) static RESOURCE_ATTRIBUTES: [Field; 9] = [
    f("namespace", 0, 4, 1),
    f("verb", 0, 4, 2),
    f("group", 0, 4, 3),
    f("version", 0, 4, 4),
    f("resource", 0, 4, 5),
    f("subresource", 0, 4, 6),
    f("name", 0, 4, 7),
    f("fieldSelector", 92, 6, 8),
    f("labelSelector", 93, 6, 9),
];

pub(super) static RESOURCE_RULE: [Field; 4] = [
    f("verbs", 662, 1, 1),
    f("apiGroups", 662, 4, 2),
    f("resources", 662, 4, 3),
    f("resourceNames", 662, 4, 4),
];

pub(super) static SELF_SUBJECT_ACCESS_REVIEW: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 100, 1, 2, "{}", &[], ""),
    g("status", 105, 0, 3, "{}", &[], ""),
];

pub(super) static SELF_SUBJECT_ACCESS_REVIEW_SPEC: [Field; 2] = [
    f("resourceAttributes", 97, 6, 1),
    f("nonResourceAttributes", 95, 6, 2),
];

pub(super) static SELF_SUBJECT_RULES_REVIEW: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 102, 1, 2, "{}", &[], ""),
    g("status", 106, 0, 3, "{}", &[], ""),
];

pub(super) static SELF_SUBJECT_RULES_REVIEW_SPEC: [Field; 1] = [
    f("namespace", 0, 4, 1),
];

pub(super) static SUBJECT_ACCESS_REVIEW: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 104, 1, 2, "{}", &[], ""),
    g("status", 105, 0, 3, "{}", &[], ""),
];

pub(super) static SUBJECT_ACCESS_REVIEW_SPEC: [Field; 6] = [
    f("resourceAttributes", 97, 6, 1),
    f("nonResourceAttributes", 95, 6, 2),
    f("user", 0, 4, 3),
    f("groups", 662, 4, 4),
    f("extra", 690, 4, 5),
    f("uid", 0, 4, 6),
];

pub(super) static SUBJECT_ACCESS_REVIEW_STATUS: [Field; 4] = [
    g("allowed", 4, 1, 1, "false", &[], ""),
    f("denied", 4, 4, 4),
    f("reason", 0, 4, 2),
    f("evaluationError", 0, 4, 3),
];

pub(super) static SUBJECT_RULES_REVIEW_STATUS: [Field; 4] = [
    f("resourceRules", 693, 1, 1),
    f("nonResourceRules", 694, 1, 2),
    g("incomplete", 4, 1, 3, "false", &[], ""),
    f("evaluationError", 0, 4, 4),
];

