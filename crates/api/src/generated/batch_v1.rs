//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g, nodes::*};
use apimachinery::schema::Field;

pub(super) static CRON_JOB: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 141, 1, 2, "{}", &[], ""),
    g("status", 142, 0, 3, "{}", &[], ""),
];

pub(super) static CRON_JOB_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 701, 1, 2),
];

pub(super) static CRON_JOB_SPEC: [Field; 8] = [
    g("schedule", 0, 1, 1, "\"\"", &[], ""),
    f("timeZone", 0, 6, 8),
    f("startingDeadlineSeconds", 2, 6, 2),
    g("concurrencyPolicy", 0, 4, 3, "", &V14, ""),
    f("suspend", 4, 6, 4),
    g("jobTemplate", 149, 1, 5, "{}", &[], ""),
    f("successfulJobsHistoryLimit", 1, 6, 6),
    f("failedJobsHistoryLimit", 1, 6, 7),
];

pub(super) static CRON_JOB_STATUS: [Field; 3] = [
    f("active", 702, 4, 1),
    f("lastScheduleTime", 7, 6, 4),
    f("lastSuccessfulTime", 7, 6, 5),
];

pub(super) static JOB: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 147, 0, 2, "{}", &[], ""),
    g("status", 148, 0, 3, "{}", &[], ""),
];

pub(super) static JOB_CONDITION: [Field; 6] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    g("status", 0, 1, 2, "\"\"", &[], ""),
    f("lastProbeTime", 7, 0, 3),
    f("lastTransitionTime", 7, 0, 4),
    f("reason", 0, 4, 5),
    f("message", 0, 4, 6),
];

pub(super) static JOB_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 703, 1, 2),
];

pub(super) static JOB_SCHEDULING_CONFIGURATION: [Field; 4] = [
    f("schedulingPolicy", 561, 6, 1),
    f("schedulingConstraints", 560, 6, 2),
    f("disruptionMode", 557, 6, 3),
    g("resourceClaims", 704, 12, 4, "", &[], "name"),
];

pub(super) static JOB_SPEC: [Field; 17] = [
    f("parallelism", 1, 6, 1),
    f("completions", 1, 6, 2),
    f("activeDeadlineSeconds", 2, 6, 3),
    f("podFailurePolicy", 150, 6, 11),
    f("successPolicy", 154, 6, 16),
    f("backoffLimit", 1, 6, 7),
    f("backoffLimitPerIndex", 1, 6, 12),
    f("maxFailedIndexes", 1, 6, 13),
    f("selector", 627, 6, 4),
    f("manualSelector", 4, 6, 5),
    g("template", 337, 1, 6, "{}", &[], ""),
    f("ttlSecondsAfterFinished", 1, 6, 8),
    g("completionMode", 0, 6, 9, "", &V15, ""),
    f("suspend", 4, 6, 10),
    g("podReplacementPolicy", 0, 6, 14, "", &V16, ""),
    f("managedBy", 0, 6, 15),
    f("scheduling", 146, 6, 17),
];

pub(super) static JOB_STATUS: [Field; 11] = [
    g("conditions", 705, 12, 1, "", &[], "type"),
    f("startTime", 7, 6, 2),
    f("completionTime", 7, 6, 3),
    f("active", 1, 4, 4),
    f("succeeded", 1, 4, 5),
    f("failed", 1, 4, 6),
    f("terminating", 1, 6, 11),
    f("completedIndexes", 0, 4, 7),
    f("failedIndexes", 0, 6, 10),
    f("uncountedTerminatedPods", 156, 6, 8),
    f("ready", 1, 6, 9),
];

pub(super) static JOB_TEMPLATE_SPEC: [Field; 2] = [
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 147, 0, 2, "{}", &[], ""),
];

pub(super) static POD_FAILURE_POLICY: [Field; 1] = [
    f("rules", 706, 1, 1),
];

pub(super) static POD_FAILURE_POLICY_ON_EXIT_CODES_REQUIREMENT: [Field; 3] = [
    f("containerName", 0, 6, 1),
    g("operator", 0, 1, 2, "\"\"", &V17, ""),
    f("values", 707, 1, 3),
];

pub(super) static POD_FAILURE_POLICY_ON_POD_CONDITIONS_PATTERN: [Field; 2] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    g("status", 0, 0, 2, "\"\"", &[], ""),
];

pub(super) static POD_FAILURE_POLICY_RULE: [Field; 3] = [
    g("action", 0, 1, 1, "\"\"", &V18, ""),
    f("onExitCodes", 151, 6, 2),
    f("onPodConditions", 708, 4, 3),
];

pub(super) static SUCCESS_POLICY: [Field; 1] = [
    f("rules", 709, 1, 1),
];

pub(super) static SUCCESS_POLICY_RULE: [Field; 2] = [
    f("succeededIndexes", 0, 6, 1),
    f("succeededCount", 1, 6, 2),
];

pub(super) static UNCOUNTED_TERMINATED_PODS: [Field; 2] = [
    f("succeeded", 667, 4, 1),
    f("failed", 667, 4, 2),
];

