//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g, nodes::*};
use apimachinery::schema::Field;

pub(super) static EVICTION: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    f("deleteOptions", 621, 6, 2),
];

pub(super) static POD_DISRUPTION_BUDGET: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 487, 0, 2, "{}", &[], ""),
    g("status", 488, 0, 3, "{}", &[], ""),
];

pub(super) static POD_DISRUPTION_BUDGET_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 831, 1, 2),
];

pub(super) static POD_DISRUPTION_BUDGET_SPEC: [Field; 4] = [
    f("minAvailable", 5, 6, 1),
    f("selector", 627, 6, 2),
    f("maxUnavailable", 5, 6, 3),
    g("unhealthyPodEvictionPolicy", 0, 6, 4, "", &V73, ""),
];

pub(super) static POD_DISRUPTION_BUDGET_STATUS: [Field; 7] = [
    f("observedGeneration", 2, 4, 1),
    f("disruptedPods", 832, 4, 2),
    g("disruptionsAllowed", 1, 0, 3, "0", &[], ""),
    g("currentHealthy", 1, 0, 4, "0", &[], ""),
    g("desiredHealthy", 1, 0, 5, "0", &[], ""),
    g("expectedPods", 1, 0, 6, "0", &[], ""),
    g("conditions", 672, 12, 7, "", &[], "type"),
];

