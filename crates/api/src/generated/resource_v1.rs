//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g, nodes::*};
use apimachinery::schema::Field;

pub(super) static ALLOCATED_DEVICE_STATUS: [Field; 7] = [
    g("driver", 0, 1, 1, "\"\"", &[], ""),
    g("pool", 0, 1, 2, "\"\"", &[], ""),
    g("device", 0, 1, 3, "\"\"", &[], ""),
    f("shareID", 0, 6, 7),
    f("conditions", 672, 0, 4),
    f("data", 11, 6, 5),
    f("networkData", 535, 6, 6),
];

pub(super) static ALLOCATION_RESULT: [Field; 3] = [
    g("devices", 511, 0, 1, "{}", &[], ""),
    f("nodeSelector", 288, 6, 3),
    f("allocationTimestamp", 7, 6, 5),
];

pub(super) static CEL_DEVICE_SELECTOR: [Field; 1] = [
    g("expression", 0, 1, 1, "\"\"", &[], ""),
];

pub(super) static CAPACITY_REQUEST_POLICY: [Field; 3] = [
    f("default", 6, 2, 1),
    f("validValues", 840, 4, 3),
    f("validRange", 505, 6, 4),
];

pub(super) static CAPACITY_REQUEST_POLICY_RANGE: [Field; 3] = [
    f("min", 6, 7, 1),
    f("max", 6, 6, 2),
    f("step", 6, 6, 3),
];

pub(super) static CAPACITY_REQUIREMENTS: [Field; 1] = [
    f("requests", 728, 4, 1),
];

pub(super) static COUNTER: [Field; 1] = [
    f("value", 6, 1, 1),
];

pub(super) static COUNTER_SET: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("counters", 841, 5, 2),
];

pub(super) static DEVICE: [Field; 13] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("attributes", 842, 4, 2),
    f("capacity", 843, 4, 3),
    f("consumesCounters", 844, 4, 4),
    f("nodeName", 0, 6, 5),
    f("nodeSelector", 288, 6, 6),
    f("allNodes", 4, 6, 7),
    f("taints", 845, 4, 8),
    f("bindsToNode", 4, 6, 9),
    f("bindingConditions", 662, 4, 10),
    f("bindingFailureConditions", 662, 4, 11),
    f("allowMultipleAllocations", 4, 6, 12),
    f("nodeAllocatableResources", 846, 4, 14),
];

pub(super) static DEVICE_ALLOCATION_CONFIGURATION: [Field; 3] = [
    g("source", 0, 1, 1, "\"\"", &V74, ""),
    f("requests", 662, 4, 2),
    f("opaque", 539, 6, 769),
];

pub(super) static DEVICE_ALLOCATION_RESULT: [Field; 2] = [
    f("results", 847, 4, 1),
    f("config", 848, 4, 2),
];

pub(super) static DEVICE_ATTRIBUTE: [Field; 8] = [
    f("int", 2, 6, 2),
    f("bool", 4, 6, 3),
    f("string", 0, 6, 4),
    f("version", 0, 6, 5),
    f("ints", 740, 4, 6),
    f("bools", 849, 4, 7),
    f("strings", 662, 4, 8),
    f("versions", 662, 4, 9),
];

pub(super) static DEVICE_CAPACITY: [Field; 2] = [
    f("value", 6, 1, 1),
    f("requestPolicy", 504, 6, 2),
];

pub(super) static DEVICE_CLAIM: [Field; 3] = [
    f("requests", 850, 0, 1),
    f("constraints", 851, 4, 2),
    f("config", 852, 4, 3),
];

pub(super) static DEVICE_CLAIM_CONFIGURATION: [Field; 2] = [
    f("requests", 662, 4, 1),
    f("opaque", 539, 6, 513),
];

pub(super) static DEVICE_CLASS: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 519, 0, 2, "{}", &[], ""),
];

pub(super) static DEVICE_CLASS_CONFIGURATION: [Field; 1] = [
    f("opaque", 539, 6, 257),
];

pub(super) static DEVICE_CLASS_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 853, 1, 2),
];

pub(super) static DEVICE_CLASS_SPEC: [Field; 3] = [
    f("selectors", 854, 4, 1),
    f("config", 855, 4, 2),
    f("extendedResourceName", 0, 6, 4),
];

pub(super) static DEVICE_CONSTRAINT: [Field; 3] = [
    f("requests", 662, 4, 1),
    f("matchAttribute", 0, 6, 2),
    f("distinctAttribute", 0, 6, 3),
];

pub(super) static DEVICE_COUNTER_CONSUMPTION: [Field; 3] = [
    g("counterSet", 0, 1, 1, "\"\"", &[], ""),
    f("counters", 841, 5, 2),
    f("compatibilityGroups", 662, 4, 3),
];

pub(super) static DEVICE_DERIVED_ATTRIBUTE: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("expression", 0, 1, 2, "\"\"", &[], ""),
];

pub(super) static DEVICE_REQUEST: [Field; 3] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("exactly", 534, 6, 2),
    f("firstAvailable", 856, 4, 3),
];

pub(super) static DEVICE_REQUEST_ALLOCATION_RESULT: [Field; 11] = [
    g("request", 0, 1, 1, "\"\"", &[], ""),
    g("driver", 0, 1, 2, "\"\"", &[], ""),
    g("pool", 0, 1, 3, "\"\"", &[], ""),
    g("device", 0, 1, 4, "\"\"", &[], ""),
    f("adminAccess", 4, 6, 5),
    f("tolerations", 857, 4, 6),
    f("bindingConditions", 662, 4, 7),
    f("bindingFailureConditions", 662, 4, 8),
    f("shareID", 0, 6, 9),
    f("consumedCapacity", 728, 4, 10),
    g("skipNodeOperations", 667, 4, 11, "", &V75, ""),
];

pub(super) static DEVICE_SELECTOR: [Field; 1] = [
    f("cel", 503, 6, 1),
];

pub(super) static DEVICE_SUB_REQUEST: [Field; 8] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("deviceClassName", 0, 1, 2, "\"\"", &[], ""),
    f("selectors", 854, 4, 3),
    g("allocationMode", 0, 4, 4, "", &V76, ""),
    f("count", 2, 4, 5),
    f("tolerations", 857, 4, 6),
    f("capacity", 506, 6, 7),
    f("derivedAttributes", 858, 4, 8),
];

pub(super) static DEVICE_TAINT: [Field; 4] = [
    g("key", 0, 1, 1, "\"\"", &[], ""),
    f("value", 0, 4, 2),
    g("effect", 0, 1, 3, "\"\"", &V77, ""),
    f("timeAdded", 7, 6, 4),
];

pub(super) static DEVICE_TAINT_RULE: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 530, 1, 2, "{}", &[], ""),
    g("status", 531, 0, 3, "{}", &[], ""),
];

pub(super) static DEVICE_TAINT_RULE_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 859, 1, 2),
];

pub(super) static DEVICE_TAINT_RULE_SPEC: [Field; 2] = [
    f("deviceSelector", 532, 6, 1),
    g("taint", 527, 1, 2, "{}", &[], ""),
];

pub(super) static DEVICE_TAINT_RULE_STATUS: [Field; 1] = [
    g("conditions", 672, 12, 1, "", &[], "type"),
];

pub(super) static DEVICE_TAINT_SELECTOR: [Field; 3] = [
    f("driver", 0, 6, 2),
    f("pool", 0, 6, 3),
    f("device", 0, 6, 4),
];

pub(super) static DEVICE_TOLERATION: [Field; 5] = [
    f("key", 0, 4, 1),
    g("operator", 0, 4, 2, "\"Equal\"", &V78, ""),
    f("value", 0, 4, 3),
    g("effect", 0, 4, 4, "", &V77, ""),
    f("tolerationSeconds", 2, 6, 5),
];

pub(super) static EXACT_DEVICE_REQUEST: [Field; 8] = [
    g("deviceClassName", 0, 1, 1, "\"\"", &[], ""),
    f("selectors", 854, 4, 2),
    g("allocationMode", 0, 4, 3, "", &V76, ""),
    f("count", 2, 4, 4),
    f("adminAccess", 4, 6, 5),
    f("tolerations", 857, 4, 6),
    f("capacity", 506, 6, 7),
    f("derivedAttributes", 858, 4, 8),
];

pub(super) static NETWORK_DEVICE_DATA: [Field; 3] = [
    f("interfaceName", 0, 4, 1),
    f("ips", 662, 4, 2),
    f("hardwareAddress", 0, 4, 3),
];

pub(super) static NODE_ALLOCATABLE_MAPPING: [Field; 3] = [
    f("capacityKey", 0, 6, 1),
    f("capacityMultiplier", 6, 6, 2),
    f("deviceMultiplier", 6, 6, 3),
];

pub(super) static NODE_ALLOCATABLE_OVERHEAD: [Field; 2] = [
    f("perPod", 6, 6, 1),
    f("perContainer", 6, 6, 2),
];

pub(super) static NODE_ALLOCATABLE_RESOURCE: [Field; 2] = [
    f("mapping", 536, 6, 3),
    f("overhead", 537, 6, 4),
];

pub(super) static OPAQUE_DEVICE_CONFIGURATION: [Field; 2] = [
    g("driver", 0, 1, 1, "\"\"", &[], ""),
    f("parameters", 11, 1, 2),
];

pub(super) static RESOURCE_CLAIM: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 543, 0, 2, "{}", &[], ""),
    g("status", 544, 0, 3, "{}", &[], ""),
];

pub(super) static RESOURCE_CLAIM_CONSUMER_REFERENCE: [Field; 4] = [
    f("apiGroup", 0, 4, 1),
    g("resource", 0, 1, 3, "\"\"", &[], ""),
    g("name", 0, 1, 4, "\"\"", &[], ""),
    g("uid", 0, 1, 5, "\"\"", &[], ""),
];

pub(super) static RESOURCE_CLAIM_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 860, 1, 2),
];

pub(super) static RESOURCE_CLAIM_SPEC: [Field; 1] = [
    g("devices", 514, 0, 1, "{}", &[], ""),
];

pub(super) static RESOURCE_CLAIM_STATUS: [Field; 3] = [
    f("allocation", 502, 6, 1),
    g("reservedFor", 861, 12, 2, "", &[], "uid"),
    f("devices", 862, 4, 4),
];

pub(super) static RESOURCE_CLAIM_TEMPLATE: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 547, 0, 2, "{}", &[], ""),
];

pub(super) static RESOURCE_CLAIM_TEMPLATE_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 863, 1, 2),
];

pub(super) static RESOURCE_CLAIM_TEMPLATE_SPEC: [Field; 2] = [
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 543, 0, 2, "{}", &[], ""),
];

pub(super) static RESOURCE_POOL: [Field; 3] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("generation", 2, 1, 2, "0", &[], ""),
    g("resourceSliceCount", 2, 1, 3, "0", &[], ""),
];

pub(super) static RESOURCE_SLICE: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 551, 1, 2, "{}", &[], ""),
];

pub(super) static RESOURCE_SLICE_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 864, 1, 2),
];

pub(super) static RESOURCE_SLICE_SPEC: [Field; 10] = [
    g("driver", 0, 1, 1, "\"\"", &[], ""),
    g("pool", 548, 1, 2, "{}", &[], ""),
    f("nodeName", 0, 6, 3),
    f("nodeSelector", 288, 6, 4),
    f("allNodes", 4, 6, 5),
    f("devices", 865, 4, 6),
    f("perDeviceNodeSelection", 4, 6, 7),
    f("sharedCounters", 866, 4, 8),
    f("partitionTypeAttribute", 0, 6, 9),
    g("skipNodeOperations", 667, 4, 10, "", &V75, ""),
];

