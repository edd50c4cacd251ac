//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g, nodes::*};
use apimachinery::schema::Field;

pub(super) static CSI_DRIVER: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 565, 1, 2, "{}", &[], ""),
];

pub(super) static CSI_DRIVER_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 869, 1, 2),
];

pub(super) static CSI_DRIVER_SPEC: [Field; 11] = [
    f("attachRequired", 4, 6, 1),
    f("podInfoOnMount", 4, 6, 2),
    f("volumeLifecycleModes", 667, 4, 3),
    f("storageCapacity", 4, 6, 4),
    f("fsGroupPolicy", 0, 6, 5),
    f("tokenRequests", 870, 4, 6),
    f("requiresRepublish", 4, 6, 7),
    f("seLinuxMount", 4, 6, 8),
    f("nodeAllocatableUpdatePeriodSeconds", 2, 6, 9),
    f("serviceAccountTokenInSecrets", 4, 6, 10),
    f("preventPodSchedulingIfMissing", 4, 6, 11),
];

pub(super) static CSI_NODE: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 569, 1, 2, "{}", &[], ""),
    g("status", 570, 0, 3, "{}", &[], ""),
];

pub(super) static CSI_NODE_DRIVER: [Field; 4] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("nodeID", 0, 1, 2, "\"\"", &[], ""),
    f("topologyKeys", 662, 0, 3),
    f("allocatable", 586, 6, 4),
];

pub(super) static CSI_NODE_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 871, 1, 2),
];

pub(super) static CSI_NODE_SPEC: [Field; 1] = [
    g("drivers", 872, 9, 1, "", &[], "name"),
];

pub(super) static CSI_NODE_STATUS: [Field; 1] = [
    g("storageHealth", 873, 12, 1, "", &[], "name"),
];

pub(super) static CSI_STORAGE_CAPACITY: [Field; 7] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    f("nodeTopology", 627, 6, 2),
    g("storageClassName", 0, 1, 3, "\"\"", &[], ""),
    f("capacity", 6, 6, 4),
    f("maximumVolumeSize", 6, 6, 5),
];

pub(super) static CSI_STORAGE_CAPACITY_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 874, 1, 2),
];

pub(super) static STORAGE_CLASS: [Field; 10] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("provisioner", 0, 1, 2, "\"\"", &[], ""),
    f("parameters", 714, 4, 3),
    g("reclaimPolicy", 0, 6, 4, "", &V41, ""),
    f("mountOptions", 662, 4, 5),
    f("allowVolumeExpansion", 4, 6, 6),
    g("volumeBindingMode", 0, 6, 7, "", &V81, ""),
    f("allowedTopologies", 875, 4, 8),
];

pub(super) static STORAGE_CLASS_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 876, 1, 2),
];

pub(super) static STORAGE_HEALTH: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("healthConditions", 877, 4, 2),
];

pub(super) static STORAGE_HEALTH_CONDITION: [Field; 6] = [
    g("status", 0, 1, 1, "\"\"", &V82, ""),
    g("reason", 0, 1, 2, "\"\"", &[], ""),
    f("message", 0, 4, 3),
    g("accessMode", 0, 6, 4, "", &V38, ""),
    g("volumeMode", 0, 6, 5, "", &V39, ""),
    f("lastTransitionTime", 7, 0, 6),
];

pub(super) static TOKEN_REQUEST: [Field; 2] = [
    g("audience", 0, 1, 1, "\"\"", &[], ""),
    f("expirationSeconds", 2, 6, 2),
];

pub(super) static VOLUME_ATTACHMENT: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 581, 1, 2, "{}", &[], ""),
    g("status", 582, 0, 3, "{}", &[], ""),
];

pub(super) static VOLUME_ATTACHMENT_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 878, 1, 2),
];

pub(super) static VOLUME_ATTACHMENT_SOURCE: [Field; 2] = [
    f("persistentVolumeName", 0, 6, 1),
    f("inlineVolumeSpec", 307, 6, 2),
];

pub(super) static VOLUME_ATTACHMENT_SPEC: [Field; 3] = [
    g("attacher", 0, 1, 1, "\"\"", &[], ""),
    g("source", 580, 1, 2, "{}", &[], ""),
    g("nodeName", 0, 1, 3, "\"\"", &[], ""),
];

pub(super) static VOLUME_ATTACHMENT_STATUS: [Field; 4] = [
    g("attached", 4, 1, 1, "false", &[], ""),
    f("attachmentMetadata", 714, 4, 2),
    f("attachError", 585, 6, 3),
    f("detachError", 585, 6, 4),
];

pub(super) static VOLUME_ATTRIBUTES_CLASS: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("driverName", 0, 1, 2, "\"\"", &[], ""),
    f("parameters", 714, 4, 3),
];

pub(super) static VOLUME_ATTRIBUTES_CLASS_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 879, 1, 2),
];

pub(super) static VOLUME_ERROR: [Field; 3] = [
    f("time", 7, 0, 1),
    f("message", 0, 4, 2),
    f("errorCode", 1, 6, 3),
];

pub(super) static VOLUME_NODE_RESOURCES: [Field; 1] = [
    f("count", 1, 6, 1),
];

