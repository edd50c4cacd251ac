//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g};
use apimachinery::schema::Field;

pub(super) static EXEMPT_PRIORITY_LEVEL_CONFIGURATION: [Field; 2] = [
    f("nominalConcurrencyShares", 1, 6, 1),
    f("lendablePercent", 1, 6, 2),
];

pub(super) static FLOW_DISTINGUISHER_METHOD: [Field; 1] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
];

pub(super) static FLOW_SCHEMA: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 428, 1, 2, "{}", &[], ""),
    g("status", 429, 0, 3, "{}", &[], ""),
];

pub(super) static FLOW_SCHEMA_CONDITION: [Field; 5] = [
    f("type", 0, 5, 1),
    f("status", 0, 4, 2),
    f("lastTransitionTime", 7, 0, 3),
    f("reason", 0, 4, 4),
    f("message", 0, 4, 5),
];

pub(super) static FLOW_SCHEMA_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 808, 1, 2),
];

pub(super) static FLOW_SCHEMA_SPEC: [Field; 4] = [
    g("priorityLevelConfiguration", 438, 1, 1, "{}", &[], ""),
    g("matchingPrecedence", 1, 0, 2, "0", &[], ""),
    f("distinguisherMethod", 424, 6, 3),
    f("rules", 809, 4, 4),
];

pub(super) static FLOW_SCHEMA_STATUS: [Field; 1] = [
    g("conditions", 810, 12, 1, "", &[], "type"),
];

pub(super) static GROUP_SUBJECT: [Field; 1] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
];

pub(super) static LIMIT_RESPONSE: [Field; 2] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    f("queuing", 441, 6, 2),
];

pub(super) static LIMITED_PRIORITY_LEVEL_CONFIGURATION: [Field; 4] = [
    f("nominalConcurrencyShares", 1, 2, 1),
    g("limitResponse", 431, 1, 2, "{}", &[], ""),
    f("lendablePercent", 1, 6, 3),
    f("borrowingLimitPercent", 1, 6, 4),
];

pub(super) static NON_RESOURCE_POLICY_RULE: [Field; 2] = [
    f("verbs", 667, 1, 1),
    f("nonResourceURLs", 667, 1, 6),
];

pub(super) static POLICY_RULES_WITH_SUBJECTS: [Field; 3] = [
    f("subjects", 811, 1, 1),
    f("resourceRules", 812, 4, 2),
    f("nonResourceRules", 813, 4, 3),
];

pub(super) static PRIORITY_LEVEL_CONFIGURATION: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 439, 1, 2, "{}", &[], ""),
    g("status", 440, 0, 3, "{}", &[], ""),
];

pub(super) static PRIORITY_LEVEL_CONFIGURATION_CONDITION: [Field; 5] = [
    f("type", 0, 5, 1),
    f("status", 0, 4, 2),
    f("lastTransitionTime", 7, 0, 3),
    f("reason", 0, 4, 4),
    f("message", 0, 4, 5),
];

pub(super) static PRIORITY_LEVEL_CONFIGURATION_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 814, 1, 2),
];

pub(super) static PRIORITY_LEVEL_CONFIGURATION_REFERENCE: [Field; 1] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
];

pub(super) static PRIORITY_LEVEL_CONFIGURATION_SPEC: [Field; 3] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    f("limited", 432, 6, 2),
    f("exempt", 423, 6, 3),
];

pub(super) static PRIORITY_LEVEL_CONFIGURATION_STATUS: [Field; 1] = [
    g("conditions", 815, 12, 1, "", &[], "type"),
];

pub(super) static QUEUING_CONFIGURATION: [Field; 3] = [
    g("queues", 1, 0, 1, "0", &[], ""),
    g("handSize", 1, 0, 2, "0", &[], ""),
    g("queueLengthLimit", 1, 0, 3, "0", &[], ""),
];

pub(super) static RESOURCE_POLICY_RULE: [Field; 5] = [
    f("verbs", 667, 1, 1),
    f("apiGroups", 667, 1, 2),
    f("resources", 667, 1, 3),
    f("clusterScope", 4, 4, 4),
    f("namespaces", 667, 0, 5),
];

pub(super) static SERVICE_ACCOUNT_SUBJECT: [Field; 2] = [
    g("namespace", 0, 1, 1, "\"\"", &[], ""),
    g("name", 0, 1, 2, "\"\"", &[], ""),
];

pub(super) static SUBJECT: [Field; 4] = [
    g("kind", 0, 1, 1, "\"\"", &[], ""),
    f("user", 445, 6, 2),
    f("group", 430, 6, 3),
    f("serviceAccount", 443, 6, 4),
];

pub(super) static USER_SUBJECT: [Field; 1] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
];

