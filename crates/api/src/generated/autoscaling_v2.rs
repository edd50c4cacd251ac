//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g};
use apimachinery::schema::Field;

pub(super) static CONTAINER_RESOURCE_METRIC_SOURCE: [Field; 3] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("target", 131, 1, 2, "{}", &[], ""),
    g("container", 0, 1, 3, "\"\"", &[], ""),
];

pub(super) static CONTAINER_RESOURCE_METRIC_STATUS: [Field; 3] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("current", 132, 1, 2, "{}", &[], ""),
    g("container", 0, 1, 3, "\"\"", &[], ""),
];

pub(super) static CROSS_VERSION_OBJECT_REFERENCE: [Field; 3] = [
    g("kind", 0, 1, 1, "\"\"", &[], ""),
    g("name", 0, 1, 2, "\"\"", &[], ""),
    f("apiVersion", 0, 4, 3),
];

pub(super) static EXTERNAL_METRIC_SOURCE: [Field; 2] = [
    g("metric", 128, 1, 1, "{}", &[], ""),
    g("target", 131, 1, 2, "{}", &[], ""),
];

pub(super) static EXTERNAL_METRIC_STATUS: [Field; 2] = [
    g("metric", 128, 1, 1, "{}", &[], ""),
    g("current", 132, 1, 2, "{}", &[], ""),
];

pub(super) static HPA_SCALING_POLICY: [Field; 3] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    g("value", 1, 1, 2, "0", &[], ""),
    g("periodSeconds", 1, 1, 3, "0", &[], ""),
];

pub(super) static HPA_SCALING_RULES: [Field; 4] = [
    f("stabilizationWindowSeconds", 1, 6, 3),
    f("selectPolicy", 0, 6, 1),
    f("policies", 696, 4, 2),
    f("tolerance", 6, 6, 4),
];

pub(super) static HORIZONTAL_POD_AUTOSCALER: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 126, 1, 2, "{}", &[], ""),
    g("status", 127, 0, 3, "{}", &[], ""),
];

pub(super) static HORIZONTAL_POD_AUTOSCALER_BEHAVIOR: [Field; 2] = [
    f("scaleUp", 121, 6, 1),
    f("scaleDown", 121, 6, 2),
];

pub(super) static HORIZONTAL_POD_AUTOSCALER_CONDITION: [Field; 6] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    g("status", 0, 1, 2, "\"\"", &[], ""),
    f("lastTransitionTime", 7, 0, 3),
    f("reason", 0, 4, 4),
    f("message", 0, 4, 5),
    f("observedGeneration", 2, 6, 6),
];

pub(super) static HORIZONTAL_POD_AUTOSCALER_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 697, 1, 2),
];

pub(super) static HORIZONTAL_POD_AUTOSCALER_SPEC: [Field; 5] = [
    g("scaleTargetRef", 117, 1, 1, "{}", &[], ""),
    f("minReplicas", 1, 6, 2),
    g("maxReplicas", 1, 1, 3, "0", &[], ""),
    f("metrics", 698, 4, 4),
    f("behavior", 123, 6, 5),
];

pub(super) static HORIZONTAL_POD_AUTOSCALER_STATUS: [Field; 6] = [
    f("observedGeneration", 2, 6, 1),
    f("lastScaleTime", 7, 6, 2),
    f("currentReplicas", 1, 4, 3),
    g("desiredReplicas", 1, 1, 4, "0", &[], ""),
    f("currentMetrics", 699, 0, 5),
    g("conditions", 700, 12, 6, "", &[], "type"),
];

pub(super) static METRIC_IDENTIFIER: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("selector", 627, 6, 2),
];

pub(super) static METRIC_SPEC: [Field; 6] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    f("object", 133, 6, 2),
    f("pods", 135, 6, 3),
    f("resource", 137, 6, 4),
    f("containerResource", 115, 6, 7),
    f("external", 118, 6, 5),
];

pub(super) static METRIC_STATUS: [Field; 6] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    f("object", 134, 6, 2),
    f("pods", 136, 6, 3),
    f("resource", 138, 6, 4),
    f("containerResource", 116, 6, 7),
    f("external", 119, 6, 5),
];

pub(super) static METRIC_TARGET: [Field; 4] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    f("value", 6, 6, 2),
    f("averageValue", 6, 6, 3),
    f("averageUtilization", 1, 6, 4),
];

pub(super) static METRIC_VALUE_STATUS: [Field; 3] = [
    f("value", 6, 6, 1),
    f("averageValue", 6, 6, 2),
    f("averageUtilization", 1, 6, 3),
];

pub(super) static OBJECT_METRIC_SOURCE: [Field; 3] = [
    g("describedObject", 117, 1, 1, "{}", &[], ""),
    g("target", 131, 1, 2, "{}", &[], ""),
    g("metric", 128, 1, 3, "{}", &[], ""),
];

pub(super) static OBJECT_METRIC_STATUS: [Field; 3] = [
    g("metric", 128, 1, 1, "{}", &[], ""),
    g("current", 132, 1, 2, "{}", &[], ""),
    g("describedObject", 117, 1, 3, "{}", &[], ""),
];

pub(super) static PODS_METRIC_SOURCE: [Field; 2] = [
    g("metric", 128, 1, 1, "{}", &[], ""),
    g("target", 131, 1, 2, "{}", &[], ""),
];

pub(super) static PODS_METRIC_STATUS: [Field; 2] = [
    g("metric", 128, 1, 1, "{}", &[], ""),
    g("current", 132, 1, 2, "{}", &[], ""),
];

pub(super) static RESOURCE_METRIC_SOURCE: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("target", 131, 1, 2, "{}", &[], ""),
];

pub(super) static RESOURCE_METRIC_STATUS: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("current", 132, 1, 2, "{}", &[], ""),
];

