//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g, nodes::*};
use apimachinery::schema::Field;

pub(super) static CONTROLLER_REVISION: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    f("data", 11, 1, 2),
    g("revision", 2, 0, 3, "0", &[], ""),
];

pub(super) static CONTROLLER_REVISION_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 680, 1, 2),
];

pub(super) static DAEMON_SET: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 57, 1, 2, "{}", &[], ""),
    g("status", 58, 0, 3, "{}", &[], ""),
];

pub(super) static DAEMON_SET_CONDITION: [Field; 5] = [
    g("type", 0, 0, 1, "\"\"", &[], ""),
    g("status", 0, 0, 2, "\"\"", &[], ""),
    f("lastTransitionTime", 7, 0, 3),
    f("reason", 0, 4, 4),
    f("message", 0, 4, 5),
];

pub(super) static DAEMON_SET_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 681, 1, 2),
];

pub(super) static DAEMON_SET_SPEC: [Field; 5] = [
    f("selector", 627, 3, 1),
    g("template", 337, 1, 2, "{}", &[], ""),
    g("updateStrategy", 59, 0, 3, "{}", &[], ""),
    f("minReadySeconds", 1, 4, 4),
    f("revisionHistoryLimit", 1, 6, 6),
];

pub(super) static DAEMON_SET_STATUS: [Field; 10] = [
    g("currentNumberScheduled", 1, 1, 1, "0", &[], ""),
    g("numberMisscheduled", 1, 1, 2, "0", &[], ""),
    g("desiredNumberScheduled", 1, 1, 3, "0", &[], ""),
    g("numberReady", 1, 1, 4, "0", &[], ""),
    f("observedGeneration", 2, 4, 5),
    f("updatedNumberScheduled", 1, 4, 6),
    f("numberAvailable", 1, 4, 7),
    f("numberUnavailable", 1, 4, 8),
    f("collisionCount", 1, 6, 9),
    g("conditions", 682, 12, 10, "", &[], "type"),
];

pub(super) static DAEMON_SET_UPDATE_STRATEGY: [Field; 2] = [
    g("type", 0, 4, 1, "", &V10, ""),
    f("rollingUpdate", 71, 6, 2),
];

pub(super) static DEPLOYMENT: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 63, 1, 2, "{}", &[], ""),
    g("status", 64, 0, 3, "{}", &[], ""),
];

pub(super) static DEPLOYMENT_CONDITION: [Field; 6] = [
    g("type", 0, 0, 1, "\"\"", &[], ""),
    g("status", 0, 0, 2, "\"\"", &[], ""),
    f("lastUpdateTime", 7, 0, 6),
    f("lastTransitionTime", 7, 0, 7),
    f("reason", 0, 4, 4),
    f("message", 0, 4, 5),
];

pub(super) static DEPLOYMENT_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 683, 1, 2),
];

pub(super) static DEPLOYMENT_SPEC: [Field; 8] = [
    f("replicas", 1, 6, 1),
    f("selector", 627, 3, 2),
    g("template", 337, 1, 3, "{}", &[], ""),
    g("strategy", 65, 16, 4, "{}", &[], ""),
    f("minReadySeconds", 1, 4, 5),
    f("revisionHistoryLimit", 1, 6, 6),
    f("paused", 4, 4, 7),
    f("progressDeadlineSeconds", 1, 6, 9),
];

pub(super) static DEPLOYMENT_STATUS: [Field; 9] = [
    f("observedGeneration", 2, 4, 1),
    f("replicas", 1, 4, 2),
    f("updatedReplicas", 1, 4, 3),
    f("readyReplicas", 1, 4, 7),
    f("availableReplicas", 1, 4, 4),
    f("unavailableReplicas", 1, 4, 5),
    f("terminatingReplicas", 1, 6, 9),
    g("conditions", 684, 12, 6, "", &[], "type"),
    f("collisionCount", 1, 6, 8),
];

pub(super) static DEPLOYMENT_STRATEGY: [Field; 2] = [
    g("type", 0, 4, 1, "", &V11, ""),
    f("rollingUpdate", 72, 6, 2),
];

pub(super) static REPLICA_SET: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 69, 1, 2, "{}", &[], ""),
    g("status", 70, 0, 3, "{}", &[], ""),
];

pub(super) static REPLICA_SET_CONDITION: [Field; 5] = [
    g("type", 0, 0, 1, "\"\"", &[], ""),
    g("status", 0, 0, 2, "\"\"", &[], ""),
    f("lastTransitionTime", 7, 0, 3),
    f("reason", 0, 4, 4),
    f("message", 0, 4, 5),
];

pub(super) static REPLICA_SET_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 685, 1, 2),
];

pub(super) static REPLICA_SET_SPEC: [Field; 4] = [
    f("replicas", 1, 6, 1),
    f("minReadySeconds", 1, 4, 4),
    f("selector", 627, 3, 2),
    g("template", 337, 0, 3, "{}", &[], ""),
];

pub(super) static REPLICA_SET_STATUS: [Field; 7] = [
    g("replicas", 1, 1, 1, "0", &[], ""),
    f("fullyLabeledReplicas", 1, 4, 2),
    f("readyReplicas", 1, 4, 4),
    f("availableReplicas", 1, 4, 5),
    f("terminatingReplicas", 1, 6, 7),
    f("observedGeneration", 2, 4, 3),
    g("conditions", 686, 12, 6, "", &[], "type"),
];

pub(super) static ROLLING_UPDATE_DAEMON_SET: [Field; 2] = [
    f("maxUnavailable", 5, 6, 1),
    f("maxSurge", 5, 6, 2),
];

pub(super) static ROLLING_UPDATE_DEPLOYMENT: [Field; 2] = [
    f("maxUnavailable", 5, 6, 1),
    f("maxSurge", 5, 6, 2),
];

pub(super) static ROLLING_UPDATE_STATEFUL_SET_STRATEGY: [Field; 2] = [
    f("partition", 1, 6, 1),
    f("maxUnavailable", 5, 6, 2),
];

pub(super) static STATEFUL_SET: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 79, 1, 2, "{}", &[], ""),
    g("status", 80, 0, 3, "{}", &[], ""),
];

pub(super) static STATEFUL_SET_CONDITION: [Field; 5] = [
    g("type", 0, 0, 1, "\"\"", &[], ""),
    g("status", 0, 0, 2, "\"\"", &[], ""),
    f("lastTransitionTime", 7, 0, 3),
    f("reason", 0, 4, 4),
    f("message", 0, 4, 5),
];

pub(super) static STATEFUL_SET_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 687, 1, 2),
];

pub(super) static STATEFUL_SET_ORDINALS: [Field; 1] = [
    g("start", 1, 0, 1, "0", &[], ""),
];

pub(super) static STATEFUL_SET_PERSISTENT_VOLUME_CLAIM_RETENTION_POLICY: [Field; 2] = [
    f("whenDeleted", 0, 4, 1),
    f("whenScaled", 0, 4, 2),
];

pub(super) static STATEFUL_SET_SPEC: [Field; 11] = [
    f("replicas", 1, 6, 1),
    f("selector", 627, 3, 2),
    g("template", 337, 1, 3, "{}", &[], ""),
    f("volumeClaimTemplates", 688, 4, 4),
    g("serviceName", 0, 0, 5, "\"\"", &[], ""),
    g("podManagementPolicy", 0, 4, 6, "", &V12, ""),
    g("updateStrategy", 81, 0, 7, "{}", &[], ""),
    f("revisionHistoryLimit", 1, 6, 8),
    f("minReadySeconds", 1, 4, 9),
    f("persistentVolumeClaimRetentionPolicy", 78, 6, 10),
    f("ordinals", 77, 6, 11),
];

pub(super) static STATEFUL_SET_STATUS: [Field; 10] = [
    f("observedGeneration", 2, 4, 1),
    g("replicas", 1, 1, 2, "0", &[], ""),
    f("readyReplicas", 1, 4, 3),
    f("currentReplicas", 1, 4, 4),
    f("updatedReplicas", 1, 4, 5),
    f("currentRevision", 0, 4, 6),
    f("updateRevision", 0, 4, 7),
    f("collisionCount", 1, 6, 9),
    g("conditions", 689, 12, 10, "", &[], "type"),
    g("availableReplicas", 1, 0, 11, "0", &[], ""),
];

pub(super) static STATEFUL_SET_UPDATE_STRATEGY: [Field; 2] = [
    g("type", 0, 4, 1, "", &V13, ""),
    f("rollingUpdate", 73, 6, 2),
];

