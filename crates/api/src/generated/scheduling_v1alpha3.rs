//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g};
use apimachinery::schema::Field;

pub(super) static TOPOLOGY_CONSTRAINT: [Field; 1] = [
    g("key", 0, 1, 1, "\"\"", &[], ""),
];

pub(super) static WORKLOAD_POD_GROUP_ALL_DISRUPTION_MODE: [Field; 0] = [
];

pub(super) static WORKLOAD_POD_GROUP_BASIC_SCHEDULING_POLICY: [Field; 0] = [
];

pub(super) static WORKLOAD_POD_GROUP_DISRUPTION_MODE: [Field; 2] = [
    f("single", 562, 6, 1),
    f("all", 555, 6, 2),
];

pub(super) static WORKLOAD_POD_GROUP_GANG_SCHEDULING_POLICY: [Field; 1] = [
    f("minCount", 1, 6, 1),
];

pub(super) static WORKLOAD_POD_GROUP_RESOURCE_CLAIM: [Field; 3] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("resourceClaimName", 0, 6, 2),
    f("resourceClaimTemplateName", 0, 6, 3),
];

pub(super) static WORKLOAD_POD_GROUP_SCHEDULING_CONSTRAINTS: [Field; 1] = [
    f("topology", 868, 4, 1),
];

pub(super) static WORKLOAD_POD_GROUP_SCHEDULING_POLICY: [Field; 2] = [
    f("basic", 556, 6, 1),
    f("gang", 558, 6, 2),
];

pub(super) static WORKLOAD_POD_GROUP_SINGLE_DISRUPTION_MODE: [Field; 0] = [
];

