//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g};
use apimachinery::schema::Field;

pub(super) static CROSS_VERSION_OBJECT_REFERENCE: [Field; 3] = [
    g("kind", 0, 1, 1, "\"\"", &[], ""),
    g("name", 0, 1, 2, "\"\"", &[], ""),
    f("apiVersion", 0, 4, 3),
];

pub(super) static HORIZONTAL_POD_AUTOSCALER: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 110, 1, 2, "{}", &[], ""),
    g("status", 111, 0, 3, "{}", &[], ""),
];

pub(super) static HORIZONTAL_POD_AUTOSCALER_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 695, 1, 2),
];

pub(super) static HORIZONTAL_POD_AUTOSCALER_SPEC: [Field; 4] = [
    g("scaleTargetRef", 107, 1, 1, "{}", &[], ""),
    f("minReplicas", 1, 6, 2),
    g("maxReplicas", 1, 1, 3, "0", &[], ""),
    f("targetCPUUtilizationPercentage", 1, 6, 4),
];

pub(super) static HORIZONTAL_POD_AUTOSCALER_STATUS: [Field; 5] = [
    f("observedGeneration", 2, 6, 1),
    f("lastScaleTime", 7, 6, 2),
    g("currentReplicas", 1, 1, 3, "0", &[], ""),
    g("desiredReplicas", 1, 1, 4, "0", &[], ""),
    f("currentCPUUtilizationPercentage", 1, 6, 5),
];

pub(super) static SCALE: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 113, 0, 2, "{}", &[], ""),
    g("status", 114, 0, 3, "{}", &[], ""),
];

pub(super) static SCALE_SPEC: [Field; 1] = [
    g("replicas", 1, 4, 1, "0", &[], ""),
];

pub(super) static SCALE_STATUS: [Field; 2] = [
    g("replicas", 1, 1, 1, "0", &[], ""),
    f("selector", 0, 4, 2),
];

