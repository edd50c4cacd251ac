//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g};
use apimachinery::schema::Field;

pub(super) static API_GROUP: [Field; 6] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("name", 0, 0, 1),
    f("versions", 890, 0, 2),
    f("preferredVersion", 625, 0, 3),
    f("serverAddressByClientCIDRs", 891, 4, 4),
];

pub(super) static API_GROUP_LIST: [Field; 3] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("groups", 892, 0, 1),
];

pub(super) static API_RESOURCE: [Field; 10] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("singularName", 0, 1, 6, "\"\"", &[], ""),
    g("namespaced", 4, 1, 2, "false", &[], ""),
    f("group", 0, 4, 8),
    f("version", 0, 4, 9),
    g("kind", 0, 1, 3, "\"\"", &[], ""),
    f("verbs", 662, 1, 67108868),
    f("shortNames", 662, 4, 5),
    f("categories", 662, 4, 7),
    f("storageVersionHash", 0, 4, 10),
];

pub(super) static API_RESOURCE_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("groupVersion", 0, 1, 1, "\"\"", &[], ""),
    f("resources", 893, 1, 2),
];

pub(super) static API_VERSIONS: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("versions", 662, 0, 1),
    f("serverAddressByClientCIDRs", 891, 0, 2),
];

pub(super) static CONDITION: [Field; 6] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    g("status", 0, 1, 2, "\"\"", &[], ""),
    f("observedGeneration", 2, 4, 3),
    f("lastTransitionTime", 7, 1, 4),
    g("reason", 0, 1, 5, "\"\"", &[], ""),
    g("message", 0, 1, 6, "\"\"", &[], ""),
];

pub(super) static CREATE_OPTIONS: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("dryRun", 662, 4, 1),
    f("fieldManager", 0, 4, 3),
    f("fieldValidation", 0, 4, 4),
];

pub(super) static DELETE_OPTIONS: [Field; 8] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("gracePeriodSeconds", 2, 6, 1),
    f("preconditions", 637, 6, 2),
    f("orphanDependents", 4, 6, 3),
    f("propagationPolicy", 0, 6, 4),
    f("dryRun", 662, 4, 5),
    f("ignoreStoreReadErrorWithClusterBreakingPotential", 4, 6, 6),
];

pub(super) static FIELD_SELECTOR_REQUIREMENT: [Field; 3] = [
    g("key", 0, 1, 1, "\"\"", &[], ""),
    g("operator", 0, 1, 2, "\"\"", &[], ""),
    f("values", 662, 4, 3),
];

pub(super) static GET_OPTIONS: [Field; 3] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("resourceVersion", 0, 4, 1),
];

pub(super) static GROUP_RESOURCE: [Field; 2] = [
    g("group", 0, 1, 1, "\"\"", &[], ""),
    g("resource", 0, 1, 2, "\"\"", &[], ""),
];

pub(super) static GROUP_VERSION_FOR_DISCOVERY: [Field; 2] = [
    f("groupVersion", 0, 0, 1),
    f("version", 0, 0, 2),
];

pub(super) static GROUP_VERSION_KIND: [Field; 3] = [
    f("group", 0, 0, 1),
    f("version", 0, 0, 2),
    f("kind", 0, 0, 3),
];

pub(super) static LABEL_SELECTOR: [Field; 2] = [
    f("matchLabels", 714, 4, 1),
    f("matchExpressions", 692, 4, 2),
];

pub(super) static LABEL_SELECTOR_REQUIREMENT: [Field; 3] = [
    g("key", 0, 1, 1, "\"\"", &[], ""),
    g("operator", 0, 1, 2, "\"\"", &[], ""),
    f("values", 662, 4, 3),
];

pub(super) static LIST_META: [Field; 5] = [
    f("selfLink", 0, 4, 1),
    f("resourceVersion", 0, 4, 2),
    f("continue", 0, 4, 3),
    f("remainingItemCount", 2, 6, 4),
    f("shardInfo", 639, 6, 5),
];

pub(super) static LIST_OPTIONS: [Field; 13] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("labelSelector", 0, 4, 1),
    f("fieldSelector", 0, 4, 2),
    f("watch", 4, 4, 3),
    f("allowWatchBookmarks", 4, 4, 9),
    f("resourceVersion", 0, 4, 4),
    f("resourceVersionMatch", 0, 4, 10),
    f("timeoutSeconds", 2, 6, 5),
    f("limit", 2, 4, 7),
    f("continue", 0, 4, 8),
    f("sendInitialEvents", 4, 6, 11),
    f("shardSelector", 0, 4, 15),
];

pub(super) static MANAGED_FIELDS_ENTRY: [Field; 7] = [
    f("manager", 0, 4, 1),
    f("operation", 0, 4, 2),
    f("apiVersion", 0, 4, 3),
    f("time", 7, 6, 4),
    f("fieldsType", 0, 4, 6),
    f("fieldsV1", 11, 6, 7),
    f("subresource", 0, 4, 8),
];

pub(super) static OBJECT_META: [Field; 15] = [
    f("name", 0, 4, 1),
    f("generateName", 0, 4, 2),
    f("namespace", 0, 4, 3),
    f("selfLink", 0, 4, 4),
    f("uid", 0, 4, 5),
    f("resourceVersion", 0, 4, 6),
    f("generation", 2, 4, 7),
    f("creationTimestamp", 7, 4, 8),
    f("deletionTimestamp", 7, 6, 9),
    f("deletionGracePeriodSeconds", 2, 6, 10),
    f("labels", 714, 4, 11),
    f("annotations", 714, 4, 12),
    g("ownerReferences", 894, 12, 13, "", &[], "uid"),
    f("finalizers", 667, 12, 14),
    f("managedFields", 895, 4, 17),
];

pub(super) static OWNER_REFERENCE: [Field; 6] = [
    g("apiVersion", 0, 1, 5, "\"\"", &[], ""),
    g("kind", 0, 1, 1, "\"\"", &[], ""),
    g("name", 0, 1, 3, "\"\"", &[], ""),
    g("uid", 0, 1, 4, "\"\"", &[], ""),
    f("controller", 4, 6, 6),
    f("blockOwnerDeletion", 4, 6, 7),
];

pub(super) static PARTIAL_OBJECT_METADATA: [Field; 3] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("metadata", 632, 0, 1),
];

pub(super) static PARTIAL_OBJECT_METADATA_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("metadata", 629, 0, 1),
    f("items", 896, 0, 2),
];

pub(super) static PATCH_OPTIONS: [Field; 6] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("dryRun", 662, 4, 1),
    f("force", 4, 6, 2),
    f("fieldManager", 0, 4, 3),
    f("fieldValidation", 0, 4, 4),
];

pub(super) static PRECONDITIONS: [Field; 2] = [
    f("uid", 0, 6, 1),
    f("resourceVersion", 0, 6, 2),
];

pub(super) static SERVER_ADDRESS_BY_CLIENT_CIDR: [Field; 2] = [
    f("clientCIDR", 0, 0, 1),
    f("serverAddress", 0, 0, 2),
];

pub(super) static SHARD_INFO: [Field; 1] = [
    g("selector", 0, 1, 1, "\"\"", &[], ""),
];

pub(super) static STATUS: [Field; 8] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("status", 0, 4, 2),
    f("message", 0, 4, 3),
    f("reason", 0, 4, 4),
    f("details", 642, 6, 5),
    f("code", 1, 4, 6),
];

pub(super) static STATUS_CAUSE: [Field; 3] = [
    f("reason", 0, 4, 1),
    f("message", 0, 4, 2),
    f("field", 0, 4, 3),
];

pub(super) static STATUS_DETAILS: [Field; 6] = [
    f("name", 0, 4, 1),
    f("group", 0, 4, 2),
    f("kind", 0, 4, 3),
    f("uid", 0, 4, 6),
    f("causes", 897, 4, 4),
    f("retryAfterSeconds", 1, 4, 5),
];

pub(super) static TABLE: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("metadata", 629, 0, 0),
    f("columnDefinitions", 898, 0, 0),
    f("rows", 899, 0, 0),
];

pub(super) static TABLE_COLUMN_DEFINITION: [Field; 5] = [
    f("name", 0, 0, 0),
    f("type", 0, 0, 0),
    f("format", 0, 0, 0),
    f("description", 0, 0, 0),
    f("priority", 1, 0, 0),
];

pub(super) static TABLE_ROW: [Field; 3] = [
    f("cells", 741, 0, 0),
    f("conditions", 900, 4, 0),
    f("object", 11, 0, 0),
];

pub(super) static TABLE_ROW_CONDITION: [Field; 4] = [
    f("type", 0, 0, 0),
    f("status", 0, 0, 0),
    f("reason", 0, 4, 0),
    f("message", 0, 4, 0),
];

pub(super) static UPDATE_OPTIONS: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("dryRun", 662, 4, 1),
    f("fieldManager", 0, 4, 2),
    f("fieldValidation", 0, 4, 3),
];

pub(super) static WATCH_EVENT: [Field; 2] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    f("object", 11, 1, 2),
];

