//! Made by `cargo xtask codegen`; do not edit.

use super::s;
use crate::resource::{Column, Resource, Schemas, Storage, Subresource};
use apimachinery::schema::{Str, TypeRef};
use std::borrow::Cow;

static R0_VERBS: [Str; 1] = [s("create")];
static R1_VERBS: [Str; 2] = [s("get"), s("list")];
static R1_SHORT: [Str; 1] = [s("cs")];
static R1_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R1_COLUMNS: [Column; 4] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Status"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Message"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Error"), kind: s("string"), format: s(""), priority: 0 },
];
static R2_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R2_SHORT: [Str; 1] = [s("cm")];
static R2_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R2_COLUMNS: [Column; 3] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Data"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R3_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R3_SHORT: [Str; 1] = [s("ep")];
static R3_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R3_COLUMNS: [Column; 3] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Endpoints"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R4_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R4_SHORT: [Str; 1] = [s("ev")];
static R4_FIELDS: [Str; 13] = [s("metadata.name"), s("metadata.namespace"), s("type"), s("involvedObject.kind"), s("involvedObject.namespace"), s("involvedObject.name"), s("involvedObject.uid"), s("involvedObject.apiVersion"), s("involvedObject.resourceVersion"), s("involvedObject.fieldPath"), s("reason"), s("reportingComponent"), s("source")];
static R4_COLUMNS: [Column; 10] = [
    Column { name: s("Last Seen"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Type"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Reason"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Object"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Subobject"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Source"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Message"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("First Seen"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Count"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 1 },
];
static R5_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R5_SHORT: [Str; 1] = [s("limits")];
static R5_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R5_COLUMNS: [Column; 2] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Created At"), kind: s("date"), format: s(""), priority: 0 },
];
static R6_VERBS: [Str; 7] = [s("create"), s("delete"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R6_SHORT: [Str; 1] = [s("ns")];
static R6_FIELDS: [Str; 2] = [s("metadata.name"), s("status.phase")];
static R6_SUB0_VERBS: [Str; 1] = [s("update")];
static R6_SUB1_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R6_SUB: [Subresource; 2] = [
    Subresource { name: s("finalize"), group: s(""), version: s("v1"), kind: s("Namespace"), verbs: Cow::Borrowed(&R6_SUB0_VERBS) },
    Subresource { name: s("status"), group: s(""), version: s("v1"), kind: s("Namespace"), verbs: Cow::Borrowed(&R6_SUB1_VERBS) },
];
static R6_COLUMNS: [Column; 3] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Status"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R7_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R7_SHORT: [Str; 1] = [s("no")];
static R7_FIELDS: [Str; 2] = [s("metadata.name"), s("spec.unschedulable")];
static R7_SUB0_VERBS: [Str; 5] = [s("create"), s("delete"), s("get"), s("patch"), s("update")];
static R7_SUB1_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R7_SUB: [Subresource; 2] = [
    Subresource { name: s("proxy"), group: s(""), version: s("v1"), kind: s("NodeProxyOptions"), verbs: Cow::Borrowed(&R7_SUB0_VERBS) },
    Subresource { name: s("status"), group: s(""), version: s("v1"), kind: s("Node"), verbs: Cow::Borrowed(&R7_SUB1_VERBS) },
];
static R7_COLUMNS: [Column; 10] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Status"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Roles"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Version"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Internal-IP"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("External-IP"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("OS-Image"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Kernel-Version"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Container-Runtime"), kind: s("string"), format: s(""), priority: 1 },
];
static R8_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R8_SHORT: [Str; 1] = [s("pvc")];
static R8_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R8_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R8_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s(""), version: s("v1"), kind: s("PersistentVolumeClaim"), verbs: Cow::Borrowed(&R8_SUB0_VERBS) },
];
static R8_COLUMNS: [Column; 9] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Status"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Volume"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Capacity"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Access Modes"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("StorageClass"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("VolumeAttributesClass"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("VolumeMode"), kind: s("string"), format: s(""), priority: 1 },
];
static R9_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R9_SHORT: [Str; 1] = [s("pv")];
static R9_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R9_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R9_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s(""), version: s("v1"), kind: s("PersistentVolume"), verbs: Cow::Borrowed(&R9_SUB0_VERBS) },
];
static R9_COLUMNS: [Column; 11] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Capacity"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Access Modes"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Reclaim Policy"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Status"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Claim"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("StorageClass"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("VolumeAttributesClass"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Reason"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("VolumeMode"), kind: s("string"), format: s(""), priority: 1 },
];
static R10_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R10_SHORT: [Str; 1] = [s("po")];
static R10_CATEGORIES: [Str; 1] = [s("all")];
static R10_FIELDS: [Str; 11] = [s("metadata.name"), s("metadata.namespace"), s("spec.nodeName"), s("spec.restartPolicy"), s("spec.schedulerName"), s("spec.serviceAccountName"), s("spec.hostNetwork"), s("status.phase"), s("status.podIP"), s("status.podIPs"), s("status.nominatedNodeName")];
static R10_SUB0_VERBS: [Str; 2] = [s("create"), s("get")];
static R10_SUB1_VERBS: [Str; 1] = [s("create")];
static R10_SUB2_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R10_SUB3_VERBS: [Str; 1] = [s("create")];
static R10_SUB4_VERBS: [Str; 2] = [s("create"), s("get")];
static R10_SUB5_VERBS: [Str; 1] = [s("get")];
static R10_SUB6_VERBS: [Str; 2] = [s("create"), s("get")];
static R10_SUB7_VERBS: [Str; 5] = [s("create"), s("delete"), s("get"), s("patch"), s("update")];
static R10_SUB8_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R10_SUB9_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R10_SUB: [Subresource; 10] = [
    Subresource { name: s("attach"), group: s(""), version: s("v1"), kind: s("PodAttachOptions"), verbs: Cow::Borrowed(&R10_SUB0_VERBS) },
    Subresource { name: s("binding"), group: s(""), version: s("v1"), kind: s("Binding"), verbs: Cow::Borrowed(&R10_SUB1_VERBS) },
    Subresource { name: s("ephemeralcontainers"), group: s(""), version: s("v1"), kind: s("Pod"), verbs: Cow::Borrowed(&R10_SUB2_VERBS) },
    Subresource { name: s("eviction"), group: s("policy"), version: s("v1"), kind: s("Eviction"), verbs: Cow::Borrowed(&R10_SUB3_VERBS) },
    Subresource { name: s("exec"), group: s(""), version: s("v1"), kind: s("PodExecOptions"), verbs: Cow::Borrowed(&R10_SUB4_VERBS) },
    Subresource { name: s("log"), group: s(""), version: s("v1"), kind: s("Pod"), verbs: Cow::Borrowed(&R10_SUB5_VERBS) },
    Subresource { name: s("portforward"), group: s(""), version: s("v1"), kind: s("PodPortForwardOptions"), verbs: Cow::Borrowed(&R10_SUB6_VERBS) },
    Subresource { name: s("proxy"), group: s(""), version: s("v1"), kind: s("PodProxyOptions"), verbs: Cow::Borrowed(&R10_SUB7_VERBS) },
    Subresource { name: s("resize"), group: s(""), version: s("v1"), kind: s("Pod"), verbs: Cow::Borrowed(&R10_SUB8_VERBS) },
    Subresource { name: s("status"), group: s(""), version: s("v1"), kind: s("Pod"), verbs: Cow::Borrowed(&R10_SUB9_VERBS) },
];
static R10_COLUMNS: [Column; 9] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Ready"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Status"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Restarts"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("IP"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Node"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Nominated Node"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Readiness Gates"), kind: s("string"), format: s(""), priority: 1 },
];
static R11_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R11_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R11_COLUMNS: [Column; 4] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Containers"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Images"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Pod Labels"), kind: s("string"), format: s(""), priority: 0 },
];
static R12_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R12_SHORT: [Str; 1] = [s("rc")];
static R12_CATEGORIES: [Str; 1] = [s("all")];
static R12_FIELDS: [Str; 3] = [s("metadata.name"), s("metadata.namespace"), s("status.replicas")];
static R12_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R12_SUB1_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R12_SUB: [Subresource; 2] = [
    Subresource { name: s("scale"), group: s("autoscaling"), version: s("v1"), kind: s("Scale"), verbs: Cow::Borrowed(&R12_SUB0_VERBS) },
    Subresource { name: s("status"), group: s(""), version: s("v1"), kind: s("ReplicationController"), verbs: Cow::Borrowed(&R12_SUB1_VERBS) },
];
static R12_COLUMNS: [Column; 8] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Desired"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Current"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Ready"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Containers"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Images"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Selector"), kind: s("string"), format: s(""), priority: 1 },
];
static R13_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R13_SHORT: [Str; 1] = [s("quota")];
static R13_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R13_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R13_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s(""), version: s("v1"), kind: s("ResourceQuota"), verbs: Cow::Borrowed(&R13_SUB0_VERBS) },
];
static R13_COLUMNS: [Column; 4] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Request"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Limit"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R14_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R14_FIELDS: [Str; 3] = [s("metadata.name"), s("metadata.namespace"), s("type")];
static R14_COLUMNS: [Column; 4] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Type"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Data"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R15_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R15_SHORT: [Str; 1] = [s("sa")];
static R15_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R15_SUB0_VERBS: [Str; 1] = [s("create")];
static R15_SUB: [Subresource; 1] = [
    Subresource { name: s("token"), group: s("authentication.k8s.io"), version: s("v1"), kind: s("TokenRequest"), verbs: Cow::Borrowed(&R15_SUB0_VERBS) },
];
static R15_COLUMNS: [Column; 2] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R16_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R16_SHORT: [Str; 1] = [s("svc")];
static R16_CATEGORIES: [Str; 1] = [s("all")];
static R16_FIELDS: [Str; 4] = [s("metadata.name"), s("metadata.namespace"), s("spec.clusterIP"), s("spec.type")];
static R16_SUB0_VERBS: [Str; 5] = [s("create"), s("delete"), s("get"), s("patch"), s("update")];
static R16_SUB1_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R16_SUB: [Subresource; 2] = [
    Subresource { name: s("proxy"), group: s(""), version: s("v1"), kind: s("ServiceProxyOptions"), verbs: Cow::Borrowed(&R16_SUB0_VERBS) },
    Subresource { name: s("status"), group: s(""), version: s("v1"), kind: s("Service"), verbs: Cow::Borrowed(&R16_SUB1_VERBS) },
];
static R16_COLUMNS: [Column; 7] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Type"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Cluster-IP"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("External-IP"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Port(s)"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Selector"), kind: s("string"), format: s(""), priority: 1 },
];
static R17_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R17_CATEGORIES: [Str; 1] = [s("api-extensions")];
static R17_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R17_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R17_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("apiregistration.k8s.io"), version: s("v1"), kind: s("APIService"), verbs: Cow::Borrowed(&R17_SUB0_VERBS) },
];
static R17_COLUMNS: [Column; 4] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Service"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Available"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R18_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R18_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R18_COLUMNS: [Column; 4] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Controller"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Revision"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R19_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R19_SHORT: [Str; 1] = [s("ds")];
static R19_CATEGORIES: [Str; 1] = [s("all")];
static R19_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R19_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R19_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("apps"), version: s("v1"), kind: s("DaemonSet"), verbs: Cow::Borrowed(&R19_SUB0_VERBS) },
];
static R19_COLUMNS: [Column; 11] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Desired"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Current"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Ready"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Up-to-date"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Available"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Node Selector"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Containers"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Images"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Selector"), kind: s("string"), format: s(""), priority: 1 },
];
static R20_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R20_SHORT: [Str; 1] = [s("deploy")];
static R20_CATEGORIES: [Str; 1] = [s("all")];
static R20_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R20_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R20_SUB1_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R20_SUB: [Subresource; 2] = [
    Subresource { name: s("scale"), group: s("autoscaling"), version: s("v1"), kind: s("Scale"), verbs: Cow::Borrowed(&R20_SUB0_VERBS) },
    Subresource { name: s("status"), group: s("apps"), version: s("v1"), kind: s("Deployment"), verbs: Cow::Borrowed(&R20_SUB1_VERBS) },
];
static R20_COLUMNS: [Column; 8] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Ready"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Up-to-date"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Available"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Containers"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Images"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Selector"), kind: s("string"), format: s(""), priority: 1 },
];
static R21_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R21_SHORT: [Str; 1] = [s("rs")];
static R21_CATEGORIES: [Str; 1] = [s("all")];
static R21_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R21_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R21_SUB1_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R21_SUB: [Subresource; 2] = [
    Subresource { name: s("scale"), group: s("autoscaling"), version: s("v1"), kind: s("Scale"), verbs: Cow::Borrowed(&R21_SUB0_VERBS) },
    Subresource { name: s("status"), group: s("apps"), version: s("v1"), kind: s("ReplicaSet"), verbs: Cow::Borrowed(&R21_SUB1_VERBS) },
];
static R21_COLUMNS: [Column; 8] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Desired"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Current"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Ready"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Containers"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Images"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Selector"), kind: s("string"), format: s(""), priority: 1 },
];
static R22_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R22_SHORT: [Str; 1] = [s("sts")];
static R22_CATEGORIES: [Str; 1] = [s("all")];
static R22_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R22_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R22_SUB1_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R22_SUB: [Subresource; 2] = [
    Subresource { name: s("scale"), group: s("autoscaling"), version: s("v1"), kind: s("Scale"), verbs: Cow::Borrowed(&R22_SUB0_VERBS) },
    Subresource { name: s("status"), group: s("apps"), version: s("v1"), kind: s("StatefulSet"), verbs: Cow::Borrowed(&R22_SUB1_VERBS) },
];
static R22_COLUMNS: [Column; 5] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Ready"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Containers"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Images"), kind: s("string"), format: s(""), priority: 1 },
];
static R23_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R23_SHORT: [Str; 1] = [s("ev")];
static R23_FIELDS: [Str; 8] = [s("metadata.name"), s("metadata.namespace"), s("type"), s("reason"), s("regarding.kind"), s("regarding.name"), s("regarding.namespace"), s("reportingController")];
static R23_COLUMNS: [Column; 10] = [
    Column { name: s("Last Seen"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Type"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Reason"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Object"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Subobject"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Source"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Message"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("First Seen"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Count"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 1 },
];
static R24_VERBS: [Str; 1] = [s("create")];
static R25_VERBS: [Str; 1] = [s("create")];
static R26_VERBS: [Str; 1] = [s("create")];
static R27_VERBS: [Str; 1] = [s("create")];
static R28_VERBS: [Str; 1] = [s("create")];
static R29_VERBS: [Str; 1] = [s("create")];
static R30_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R30_SHORT: [Str; 1] = [s("hpa")];
static R30_CATEGORIES: [Str; 1] = [s("all")];
static R30_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R30_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R30_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("autoscaling"), version: s("v2"), kind: s("HorizontalPodAutoscaler"), verbs: Cow::Borrowed(&R30_SUB0_VERBS) },
];
static R30_COLUMNS: [Column; 7] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Reference"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Targets"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("MinPods"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("MaxPods"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Replicas"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R31_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R31_SHORT: [Str; 1] = [s("hpa")];
static R31_CATEGORIES: [Str; 1] = [s("all")];
static R31_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R31_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R31_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("autoscaling"), version: s("v1"), kind: s("HorizontalPodAutoscaler"), verbs: Cow::Borrowed(&R31_SUB0_VERBS) },
];
static R31_COLUMNS: [Column; 7] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Reference"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Targets"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("MinPods"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("MaxPods"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Replicas"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R32_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R32_SHORT: [Str; 1] = [s("cj")];
static R32_CATEGORIES: [Str; 1] = [s("all")];
static R32_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R32_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R32_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("batch"), version: s("v1"), kind: s("CronJob"), verbs: Cow::Borrowed(&R32_SUB0_VERBS) },
];
static R32_COLUMNS: [Column; 10] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Schedule"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Timezone"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Suspend"), kind: s("boolean"), format: s(""), priority: 0 },
    Column { name: s("Active"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Last Schedule"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Containers"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Images"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Selector"), kind: s("string"), format: s(""), priority: 1 },
];
static R33_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R33_CATEGORIES: [Str; 1] = [s("all")];
static R33_FIELDS: [Str; 3] = [s("metadata.name"), s("metadata.namespace"), s("status.successful")];
static R33_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R33_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("batch"), version: s("v1"), kind: s("Job"), verbs: Cow::Borrowed(&R33_SUB0_VERBS) },
];
static R33_COLUMNS: [Column; 8] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Status"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Completions"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Duration"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Containers"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Images"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Selector"), kind: s("string"), format: s(""), priority: 1 },
];
static R34_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R34_SHORT: [Str; 1] = [s("csr")];
static R34_FIELDS: [Str; 2] = [s("metadata.name"), s("spec.signerName")];
static R34_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R34_SUB1_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R34_SUB: [Subresource; 2] = [
    Subresource { name: s("approval"), group: s("certificates.k8s.io"), version: s("v1"), kind: s("CertificateSigningRequest"), verbs: Cow::Borrowed(&R34_SUB0_VERBS) },
    Subresource { name: s("status"), group: s("certificates.k8s.io"), version: s("v1"), kind: s("CertificateSigningRequest"), verbs: Cow::Borrowed(&R34_SUB1_VERBS) },
];
static R34_COLUMNS: [Column; 6] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("SignerName"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Requestor"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("RequestedDuration"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Condition"), kind: s("string"), format: s(""), priority: 0 },
];
static R35_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R35_FIELDS: [Str; 2] = [s("metadata.name"), s("spec.signerName")];
static R35_COLUMNS: [Column; 2] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("SignerName"), kind: s("string"), format: s(""), priority: 0 },
];
static R36_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R36_FIELDS: [Str; 4] = [s("metadata.name"), s("spec.nodeName"), s("spec.signerName"), s("spec.podName")];
static R36_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R36_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("certificates.k8s.io"), version: s("v1"), kind: s("PodCertificateRequest"), verbs: Cow::Borrowed(&R36_SUB0_VERBS) },
];
static R36_COLUMNS: [Column; 7] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("PodName"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("ServiceAccountName"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("NodeName"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("SignerName"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("State"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("UnverifiedUserAnnotations"), kind: s("string"), format: s(""), priority: 0 },
];
static R37_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R37_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R37_COLUMNS: [Column; 4] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Controller"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Parameters"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R38_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R38_SHORT: [Str; 1] = [s("ing")];
static R38_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R38_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R38_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("networking.k8s.io"), version: s("v1"), kind: s("Ingress"), verbs: Cow::Borrowed(&R38_SUB0_VERBS) },
];
static R38_COLUMNS: [Column; 6] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Class"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Hosts"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Address"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Ports"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R39_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R39_SHORT: [Str; 1] = [s("ip")];
static R39_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R39_COLUMNS: [Column; 2] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("ParentRef"), kind: s("string"), format: s(""), priority: 0 },
];
static R40_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R40_SHORT: [Str; 1] = [s("netpol")];
static R40_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R40_COLUMNS: [Column; 3] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Pod-Selector"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R41_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R41_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R41_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R41_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("networking.k8s.io"), version: s("v1"), kind: s("ServiceCIDR"), verbs: Cow::Borrowed(&R41_SUB0_VERBS) },
];
static R41_COLUMNS: [Column; 3] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("CIDRs"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R42_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R42_SHORT: [Str; 1] = [s("pdb")];
static R42_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R42_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R42_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("policy"), version: s("v1"), kind: s("PodDisruptionBudget"), verbs: Cow::Borrowed(&R42_SUB0_VERBS) },
];
static R42_COLUMNS: [Column; 5] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Min Available"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Max Unavailable"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Allowed Disruptions"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R43_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R43_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R43_COLUMNS: [Column; 6] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Role"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Users"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Groups"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("ServiceAccounts"), kind: s("string"), format: s(""), priority: 1 },
];
static R44_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R44_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R44_COLUMNS: [Column; 2] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Created At"), kind: s("date"), format: s(""), priority: 0 },
];
static R45_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R45_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R45_COLUMNS: [Column; 6] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Role"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Users"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Groups"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("ServiceAccounts"), kind: s("string"), format: s(""), priority: 1 },
];
static R46_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R46_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R46_COLUMNS: [Column; 2] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Created At"), kind: s("date"), format: s(""), priority: 0 },
];
static R47_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R47_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R47_COLUMNS: [Column; 8] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("AttachRequired"), kind: s("boolean"), format: s(""), priority: 0 },
    Column { name: s("PodInfoOnMount"), kind: s("boolean"), format: s(""), priority: 0 },
    Column { name: s("StorageCapacity"), kind: s("boolean"), format: s(""), priority: 0 },
    Column { name: s("TokenRequests"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("RequiresRepublish"), kind: s("boolean"), format: s(""), priority: 0 },
    Column { name: s("Modes"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R48_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R48_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R48_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R48_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("storage.k8s.io"), version: s("v1"), kind: s("CSINode"), verbs: Cow::Borrowed(&R48_SUB0_VERBS) },
];
static R48_COLUMNS: [Column; 3] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Drivers"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R49_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R49_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R49_COLUMNS: [Column; 2] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Created At"), kind: s("date"), format: s(""), priority: 0 },
];
static R50_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R50_SHORT: [Str; 1] = [s("sc")];
static R50_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R50_COLUMNS: [Column; 6] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Provisioner"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("ReclaimPolicy"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("VolumeBindingMode"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("AllowVolumeExpansion"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R51_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R51_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R51_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R51_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("storage.k8s.io"), version: s("v1"), kind: s("VolumeAttachment"), verbs: Cow::Borrowed(&R51_SUB0_VERBS) },
];
static R51_COLUMNS: [Column; 6] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Attacher"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("PV"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Node"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Attached"), kind: s("boolean"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R52_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R52_SHORT: [Str; 1] = [s("vac")];
static R52_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R52_COLUMNS: [Column; 3] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("DriverName"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R53_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R53_CATEGORIES: [Str; 1] = [s("api-extensions")];
static R53_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R53_COLUMNS: [Column; 4] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Mutations"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("ParamKind"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R54_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R54_CATEGORIES: [Str; 1] = [s("api-extensions")];
static R54_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R54_COLUMNS: [Column; 4] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("PolicyName"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("ParamRef"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R55_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R55_CATEGORIES: [Str; 1] = [s("api-extensions")];
static R55_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R55_COLUMNS: [Column; 3] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Webhooks"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R56_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R56_CATEGORIES: [Str; 1] = [s("api-extensions")];
static R56_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R56_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R56_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("admissionregistration.k8s.io"), version: s("v1"), kind: s("ValidatingAdmissionPolicy"), verbs: Cow::Borrowed(&R56_SUB0_VERBS) },
];
static R56_COLUMNS: [Column; 4] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Validations"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("ParamKind"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R57_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R57_CATEGORIES: [Str; 1] = [s("api-extensions")];
static R57_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R57_COLUMNS: [Column; 4] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("PolicyName"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("ParamRef"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R58_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R58_CATEGORIES: [Str; 1] = [s("api-extensions")];
static R58_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R58_COLUMNS: [Column; 3] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Webhooks"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R59_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R59_SHORT: [Str; 2] = [s("crd"), s("crds")];
static R59_CATEGORIES: [Str; 1] = [s("api-extensions")];
static R59_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R59_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R59_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("apiextensions.k8s.io"), version: s("v1"), kind: s("CustomResourceDefinition"), verbs: Cow::Borrowed(&R59_SUB0_VERBS) },
];
static R59_COLUMNS: [Column; 8] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Scope"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Versions"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Created At"), kind: s("date"), format: s(""), priority: 0 },
    Column { name: s("Group"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Kind"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("ShortNames"), kind: s("string"), format: s(""), priority: 1 },
    Column { name: s("Established"), kind: s("boolean"), format: s(""), priority: 1 },
];
static R60_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R60_SHORT: [Str; 1] = [s("pc")];
static R60_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R60_COLUMNS: [Column; 5] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Value"), kind: s("integer"), format: s(""), priority: 0 },
    Column { name: s("Global-Default"), kind: s("boolean"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("PreemptionPolicy"), kind: s("string"), format: s(""), priority: 0 },
];
static R61_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R61_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R61_COLUMNS: [Column; 3] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Holder"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R62_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R62_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R62_COLUMNS: [Column; 3] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Handler"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R63_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R63_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R63_COLUMNS: [Column; 5] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("AddressType"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Ports"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Endpoints"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R64_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R64_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R64_COLUMNS: [Column; 2] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R65_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R65_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R65_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R65_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("resource.k8s.io"), version: s("v1"), kind: s("DeviceTaintRule"), verbs: Cow::Borrowed(&R65_SUB0_VERBS) },
];
static R65_COLUMNS: [Column; 6] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Key"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Value"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Effect"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("TimeAdded"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R66_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R66_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R66_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R66_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("resource.k8s.io"), version: s("v1"), kind: s("ResourceClaim"), verbs: Cow::Borrowed(&R66_SUB0_VERBS) },
];
static R66_COLUMNS: [Column; 3] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("State"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R67_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R67_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R67_COLUMNS: [Column; 2] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R68_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R68_FIELDS: [Str; 4] = [s("metadata.name"), s("spec.nodeName"), s("spec.driver"), s("spec.pool.name")];
static R68_COLUMNS: [Column; 5] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Node"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Driver"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Pool"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R69_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R69_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R69_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R69_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("flowcontrol.apiserver.k8s.io"), version: s("v1"), kind: s("FlowSchema"), verbs: Cow::Borrowed(&R69_SUB0_VERBS) },
];
static R69_COLUMNS: [Column; 6] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("PriorityLevel"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("MatchingPrecedence"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("DistinguisherMethod"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("MissingPL"), kind: s("string"), format: s(""), priority: 0 },
];
static R70_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R70_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R70_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R70_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("flowcontrol.apiserver.k8s.io"), version: s("v1"), kind: s("PriorityLevelConfiguration"), verbs: Cow::Borrowed(&R70_SUB0_VERBS) },
];
static R70_COLUMNS: [Column; 7] = [
    Column { name: s("Name"), kind: s("string"), format: s("name"), priority: 0 },
    Column { name: s("Type"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("NominalConcurrencyShares"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Queues"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("HandSize"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("QueueLengthLimit"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Age"), kind: s("string"), format: s(""), priority: 0 },
];
static R71_VERBS: [Str; 8] = [s("create"), s("delete"), s("deletecollection"), s("get"), s("list"), s("patch"), s("update"), s("watch")];
static R71_FIELDS: [Str; 2] = [s("metadata.name"), s("metadata.namespace")];
static R71_SUB0_VERBS: [Str; 3] = [s("get"), s("patch"), s("update")];
static R71_SUB: [Subresource; 1] = [
    Subresource { name: s("status"), group: s("storagemigration.k8s.io"), version: s("v1"), kind: s("StorageVersionMigration"), verbs: Cow::Borrowed(&R71_SUB0_VERBS) },
];
static R71_COLUMNS: [Column; 3] = [
    Column { name: s("Name"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Resource"), kind: s("string"), format: s(""), priority: 0 },
    Column { name: s("Status"), kind: s("string"), format: s(""), priority: 0 },
];

pub(crate) static RESOURCES: [Resource; 72] = [
    Resource { group: s(""), version: s("v1"), kind: s("Binding"), list_kind: s(""), plural: s("bindings"), singular: s("binding"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R0_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&[]), columns: Cow::Borrowed(&[]), schema: TypeRef(179), schemas: Schemas::BuiltIn,
      storage: Storage { stored: false, group: s(""), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s(""), version: s("v1"), kind: s("ComponentStatus"), list_kind: s("ComponentStatusList"), plural: s("componentstatuses"), singular: s("componentstatus"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R1_VERBS), short_names: Cow::Borrowed(&R1_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R1_FIELDS), columns: Cow::Borrowed(&R1_COLUMNS), schema: TypeRef(190), schemas: Schemas::BuiltIn,
      storage: Storage { stored: false, group: s(""), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s(""), version: s("v1"), kind: s("ConfigMap"), list_kind: s("ConfigMapList"), plural: s("configmaps"), singular: s("configmap"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R2_VERBS), short_names: Cow::Borrowed(&R2_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R2_FIELDS), columns: Cow::Borrowed(&R2_COLUMNS), schema: TypeRef(192), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s(""), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s(""), version: s("v1"), kind: s("Endpoints"), list_kind: s("EndpointsList"), plural: s("endpoints"), singular: s("endpoints"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R3_VERBS), short_names: Cow::Borrowed(&R3_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R3_FIELDS), columns: Cow::Borrowed(&R3_COLUMNS), schema: TypeRef(220), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s(""), version: s("v1"), create_on_update: true, unconditional_update: true, generation: false } },
    Resource { group: s(""), version: s("v1"), kind: s("Event"), list_kind: s("EventList"), plural: s("events"), singular: s("event"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R4_VERBS), short_names: Cow::Borrowed(&R4_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R4_FIELDS), columns: Cow::Borrowed(&R4_COLUMNS), schema: TypeRef(227), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s(""), version: s("v1"), create_on_update: true, unconditional_update: true, generation: false } },
    Resource { group: s(""), version: s("v1"), kind: s("LimitRange"), list_kind: s("LimitRangeList"), plural: s("limitranges"), singular: s("limitrange"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R5_VERBS), short_names: Cow::Borrowed(&R5_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R5_FIELDS), columns: Cow::Borrowed(&R5_COLUMNS), schema: TypeRef(255), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s(""), version: s("v1"), create_on_update: true, unconditional_update: true, generation: false } },
    Resource { group: s(""), version: s("v1"), kind: s("Namespace"), list_kind: s("NamespaceList"), plural: s("namespaces"), singular: s("namespace"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R6_VERBS), short_names: Cow::Borrowed(&R6_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R6_SUB),
      selectable_fields: Cow::Borrowed(&R6_FIELDS), columns: Cow::Borrowed(&R6_COLUMNS), schema: TypeRef(267), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s(""), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s(""), version: s("v1"), kind: s("Node"), list_kind: s("NodeList"), plural: s("nodes"), singular: s("node"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R7_VERBS), short_names: Cow::Borrowed(&R7_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R7_SUB),
      selectable_fields: Cow::Borrowed(&R7_FIELDS), columns: Cow::Borrowed(&R7_COLUMNS), schema: TypeRef(272), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s(""), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s(""), version: s("v1"), kind: s("PersistentVolumeClaim"), list_kind: s("PersistentVolumeClaimList"), plural: s("persistentvolumeclaims"), singular: s("persistentvolumeclaim"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R8_VERBS), short_names: Cow::Borrowed(&R8_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R8_SUB),
      selectable_fields: Cow::Borrowed(&R8_FIELDS), columns: Cow::Borrowed(&R8_COLUMNS), schema: TypeRef(299), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s(""), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s(""), version: s("v1"), kind: s("PersistentVolume"), list_kind: s("PersistentVolumeList"), plural: s("persistentvolumes"), singular: s("persistentvolume"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R9_VERBS), short_names: Cow::Borrowed(&R9_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R9_SUB),
      selectable_fields: Cow::Borrowed(&R9_FIELDS), columns: Cow::Borrowed(&R9_COLUMNS), schema: TypeRef(298), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s(""), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s(""), version: s("v1"), kind: s("Pod"), list_kind: s("PodList"), plural: s("pods"), singular: s("pod"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R10_VERBS), short_names: Cow::Borrowed(&R10_SHORT), categories: Cow::Borrowed(&R10_CATEGORIES), subresources: Cow::Borrowed(&R10_SUB),
      selectable_fields: Cow::Borrowed(&R10_FIELDS), columns: Cow::Borrowed(&R10_COLUMNS), schema: TypeRef(310), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s(""), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s(""), version: s("v1"), kind: s("PodTemplate"), list_kind: s("PodTemplateList"), plural: s("podtemplates"), singular: s("podtemplate"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R11_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R11_FIELDS), columns: Cow::Borrowed(&R11_COLUMNS), schema: TypeRef(335), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s(""), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s(""), version: s("v1"), kind: s("ReplicationController"), list_kind: s("ReplicationControllerList"), plural: s("replicationcontrollers"), singular: s("replicationcontroller"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R12_VERBS), short_names: Cow::Borrowed(&R12_SHORT), categories: Cow::Borrowed(&R12_CATEGORIES), subresources: Cow::Borrowed(&R12_SUB),
      selectable_fields: Cow::Borrowed(&R12_FIELDS), columns: Cow::Borrowed(&R12_COLUMNS), schema: TypeRef(348), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s(""), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s(""), version: s("v1"), kind: s("ResourceQuota"), list_kind: s("ResourceQuotaList"), plural: s("resourcequotas"), singular: s("resourcequota"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R13_VERBS), short_names: Cow::Borrowed(&R13_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R13_SUB),
      selectable_fields: Cow::Borrowed(&R13_FIELDS), columns: Cow::Borrowed(&R13_COLUMNS), schema: TypeRef(356), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s(""), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s(""), version: s("v1"), kind: s("Secret"), list_kind: s("SecretList"), plural: s("secrets"), singular: s("secret"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R14_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R14_FIELDS), columns: Cow::Borrowed(&R14_COLUMNS), schema: TypeRef(368), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s(""), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s(""), version: s("v1"), kind: s("ServiceAccount"), list_kind: s("ServiceAccountList"), plural: s("serviceaccounts"), singular: s("serviceaccount"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R15_VERBS), short_names: Cow::Borrowed(&R15_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R15_SUB),
      selectable_fields: Cow::Borrowed(&R15_FIELDS), columns: Cow::Borrowed(&R15_COLUMNS), schema: TypeRef(378), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s(""), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s(""), version: s("v1"), kind: s("Service"), list_kind: s("ServiceList"), plural: s("services"), singular: s("service"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R16_VERBS), short_names: Cow::Borrowed(&R16_SHORT), categories: Cow::Borrowed(&R16_CATEGORIES), subresources: Cow::Borrowed(&R16_SUB),
      selectable_fields: Cow::Borrowed(&R16_FIELDS), columns: Cow::Borrowed(&R16_COLUMNS), schema: TypeRef(377), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s(""), version: s("v1"), create_on_update: true, unconditional_update: true, generation: false } },
    Resource { group: s("apiregistration.k8s.io"), version: s("v1"), kind: s("APIService"), list_kind: s("APIServiceList"), plural: s("apiservices"), singular: s("apiservice"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R17_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&R17_CATEGORIES), subresources: Cow::Borrowed(&R17_SUB),
      selectable_fields: Cow::Borrowed(&R17_FIELDS), columns: Cow::Borrowed(&R17_COLUMNS), schema: TypeRef(649), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("apiregistration.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: false, generation: false } },
    Resource { group: s("apps"), version: s("v1"), kind: s("ControllerRevision"), list_kind: s("ControllerRevisionList"), plural: s("controllerrevisions"), singular: s("controllerrevision"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R18_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R18_FIELDS), columns: Cow::Borrowed(&R18_COLUMNS), schema: TypeRef(52), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("apps"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s("apps"), version: s("v1"), kind: s("DaemonSet"), list_kind: s("DaemonSetList"), plural: s("daemonsets"), singular: s("daemonset"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R19_VERBS), short_names: Cow::Borrowed(&R19_SHORT), categories: Cow::Borrowed(&R19_CATEGORIES), subresources: Cow::Borrowed(&R19_SUB),
      selectable_fields: Cow::Borrowed(&R19_FIELDS), columns: Cow::Borrowed(&R19_COLUMNS), schema: TypeRef(54), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("apps"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("apps"), version: s("v1"), kind: s("Deployment"), list_kind: s("DeploymentList"), plural: s("deployments"), singular: s("deployment"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R20_VERBS), short_names: Cow::Borrowed(&R20_SHORT), categories: Cow::Borrowed(&R20_CATEGORIES), subresources: Cow::Borrowed(&R20_SUB),
      selectable_fields: Cow::Borrowed(&R20_FIELDS), columns: Cow::Borrowed(&R20_COLUMNS), schema: TypeRef(60), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("apps"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("apps"), version: s("v1"), kind: s("ReplicaSet"), list_kind: s("ReplicaSetList"), plural: s("replicasets"), singular: s("replicaset"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R21_VERBS), short_names: Cow::Borrowed(&R21_SHORT), categories: Cow::Borrowed(&R21_CATEGORIES), subresources: Cow::Borrowed(&R21_SUB),
      selectable_fields: Cow::Borrowed(&R21_FIELDS), columns: Cow::Borrowed(&R21_COLUMNS), schema: TypeRef(66), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("apps"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("apps"), version: s("v1"), kind: s("StatefulSet"), list_kind: s("StatefulSetList"), plural: s("statefulsets"), singular: s("statefulset"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R22_VERBS), short_names: Cow::Borrowed(&R22_SHORT), categories: Cow::Borrowed(&R22_CATEGORIES), subresources: Cow::Borrowed(&R22_SUB),
      selectable_fields: Cow::Borrowed(&R22_FIELDS), columns: Cow::Borrowed(&R22_COLUMNS), schema: TypeRef(74), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("apps"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("events.k8s.io"), version: s("v1"), kind: s("Event"), list_kind: s("EventList"), plural: s("events"), singular: s("event"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R23_VERBS), short_names: Cow::Borrowed(&R23_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R23_FIELDS), columns: Cow::Borrowed(&R23_COLUMNS), schema: TypeRef(420), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s(""), version: s("v1"), create_on_update: true, unconditional_update: true, generation: false } },
    Resource { group: s("authentication.k8s.io"), version: s("v1"), kind: s("SelfSubjectReview"), list_kind: s(""), plural: s("selfsubjectreviews"), singular: s("selfsubjectreview"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R24_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&[]), columns: Cow::Borrowed(&[]), schema: TypeRef(83), schemas: Schemas::BuiltIn,
      storage: Storage { stored: false, group: s("authentication.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s("authentication.k8s.io"), version: s("v1"), kind: s("TokenReview"), list_kind: s(""), plural: s("tokenreviews"), singular: s("tokenreview"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R25_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&[]), columns: Cow::Borrowed(&[]), schema: TypeRef(88), schemas: Schemas::BuiltIn,
      storage: Storage { stored: false, group: s("authentication.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s("authorization.k8s.io"), version: s("v1"), kind: s("LocalSubjectAccessReview"), list_kind: s(""), plural: s("localsubjectaccessreviews"), singular: s("localsubjectaccessreview"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R26_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&[]), columns: Cow::Borrowed(&[]), schema: TypeRef(94), schemas: Schemas::BuiltIn,
      storage: Storage { stored: false, group: s("authorization.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s("authorization.k8s.io"), version: s("v1"), kind: s("SelfSubjectAccessReview"), list_kind: s(""), plural: s("selfsubjectaccessreviews"), singular: s("selfsubjectaccessreview"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R27_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&[]), columns: Cow::Borrowed(&[]), schema: TypeRef(99), schemas: Schemas::BuiltIn,
      storage: Storage { stored: false, group: s("authorization.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s("authorization.k8s.io"), version: s("v1"), kind: s("SelfSubjectRulesReview"), list_kind: s(""), plural: s("selfsubjectrulesreviews"), singular: s("selfsubjectrulesreview"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R28_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&[]), columns: Cow::Borrowed(&[]), schema: TypeRef(101), schemas: Schemas::BuiltIn,
      storage: Storage { stored: false, group: s("authorization.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s("authorization.k8s.io"), version: s("v1"), kind: s("SubjectAccessReview"), list_kind: s(""), plural: s("subjectaccessreviews"), singular: s("subjectaccessreview"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R29_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&[]), columns: Cow::Borrowed(&[]), schema: TypeRef(103), schemas: Schemas::BuiltIn,
      storage: Storage { stored: false, group: s("authorization.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s("autoscaling"), version: s("v2"), kind: s("HorizontalPodAutoscaler"), list_kind: s("HorizontalPodAutoscalerList"), plural: s("horizontalpodautoscalers"), singular: s("horizontalpodautoscaler"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R30_VERBS), short_names: Cow::Borrowed(&R30_SHORT), categories: Cow::Borrowed(&R30_CATEGORIES), subresources: Cow::Borrowed(&R30_SUB),
      selectable_fields: Cow::Borrowed(&R30_FIELDS), columns: Cow::Borrowed(&R30_COLUMNS), schema: TypeRef(122), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("autoscaling"), version: s("v2"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("autoscaling"), version: s("v1"), kind: s("HorizontalPodAutoscaler"), list_kind: s("HorizontalPodAutoscalerList"), plural: s("horizontalpodautoscalers"), singular: s("horizontalpodautoscaler"), namespaced: true, preferred: false,
      verbs: Cow::Borrowed(&R31_VERBS), short_names: Cow::Borrowed(&R31_SHORT), categories: Cow::Borrowed(&R31_CATEGORIES), subresources: Cow::Borrowed(&R31_SUB),
      selectable_fields: Cow::Borrowed(&R31_FIELDS), columns: Cow::Borrowed(&R31_COLUMNS), schema: TypeRef(108), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("autoscaling"), version: s("v2"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("batch"), version: s("v1"), kind: s("CronJob"), list_kind: s("CronJobList"), plural: s("cronjobs"), singular: s("cronjob"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R32_VERBS), short_names: Cow::Borrowed(&R32_SHORT), categories: Cow::Borrowed(&R32_CATEGORIES), subresources: Cow::Borrowed(&R32_SUB),
      selectable_fields: Cow::Borrowed(&R32_FIELDS), columns: Cow::Borrowed(&R32_COLUMNS), schema: TypeRef(139), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("batch"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("batch"), version: s("v1"), kind: s("Job"), list_kind: s("JobList"), plural: s("jobs"), singular: s("job"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R33_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&R33_CATEGORIES), subresources: Cow::Borrowed(&R33_SUB),
      selectable_fields: Cow::Borrowed(&R33_FIELDS), columns: Cow::Borrowed(&R33_COLUMNS), schema: TypeRef(143), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("batch"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("certificates.k8s.io"), version: s("v1"), kind: s("CertificateSigningRequest"), list_kind: s("CertificateSigningRequestList"), plural: s("certificatesigningrequests"), singular: s("certificatesigningrequest"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R34_VERBS), short_names: Cow::Borrowed(&R34_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R34_SUB),
      selectable_fields: Cow::Borrowed(&R34_FIELDS), columns: Cow::Borrowed(&R34_COLUMNS), schema: TypeRef(157), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("certificates.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s("certificates.k8s.io"), version: s("v1"), kind: s("ClusterTrustBundle"), list_kind: s("ClusterTrustBundleList"), plural: s("clustertrustbundles"), singular: s("clustertrustbundle"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R35_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R35_FIELDS), columns: Cow::Borrowed(&R35_COLUMNS), schema: TypeRef(162), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("certificates.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: false, generation: false } },
    Resource { group: s("certificates.k8s.io"), version: s("v1"), kind: s("PodCertificateRequest"), list_kind: s("PodCertificateRequestList"), plural: s("podcertificaterequests"), singular: s("podcertificaterequest"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R36_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R36_SUB),
      selectable_fields: Cow::Borrowed(&R36_FIELDS), columns: Cow::Borrowed(&R36_COLUMNS), schema: TypeRef(165), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("certificates.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: false, generation: false } },
    Resource { group: s("networking.k8s.io"), version: s("v1"), kind: s("IngressClass"), list_kind: s("IngressClassList"), plural: s("ingressclasses"), singular: s("ingressclass"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R37_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R37_FIELDS), columns: Cow::Borrowed(&R37_COLUMNS), schema: TypeRef(454), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("networking.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("networking.k8s.io"), version: s("v1"), kind: s("Ingress"), list_kind: s("IngressList"), plural: s("ingresses"), singular: s("ingress"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R38_VERBS), short_names: Cow::Borrowed(&R38_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R38_SUB),
      selectable_fields: Cow::Borrowed(&R38_FIELDS), columns: Cow::Borrowed(&R38_COLUMNS), schema: TypeRef(452), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("networking.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("networking.k8s.io"), version: s("v1"), kind: s("IPAddress"), list_kind: s("IPAddressList"), plural: s("ipaddresses"), singular: s("ipaddress"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R39_VERBS), short_names: Cow::Borrowed(&R39_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R39_FIELDS), columns: Cow::Borrowed(&R39_COLUMNS), schema: TypeRef(448), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("networking.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s("networking.k8s.io"), version: s("v1"), kind: s("NetworkPolicy"), list_kind: s("NetworkPolicyList"), plural: s("networkpolicies"), singular: s("networkpolicy"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R40_VERBS), short_names: Cow::Borrowed(&R40_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R40_FIELDS), columns: Cow::Borrowed(&R40_COLUMNS), schema: TypeRef(467), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("networking.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("networking.k8s.io"), version: s("v1"), kind: s("ServiceCIDR"), list_kind: s("ServiceCIDRList"), plural: s("servicecidrs"), singular: s("servicecidr"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R41_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R41_SUB),
      selectable_fields: Cow::Borrowed(&R41_FIELDS), columns: Cow::Borrowed(&R41_COLUMNS), schema: TypeRef(476), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("networking.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s("policy"), version: s("v1"), kind: s("PodDisruptionBudget"), list_kind: s("PodDisruptionBudgetList"), plural: s("poddisruptionbudgets"), singular: s("poddisruptionbudget"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R42_VERBS), short_names: Cow::Borrowed(&R42_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R42_SUB),
      selectable_fields: Cow::Borrowed(&R42_FIELDS), columns: Cow::Borrowed(&R42_COLUMNS), schema: TypeRef(485), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("policy"), version: s("v1"), create_on_update: false, unconditional_update: false, generation: true } },
    Resource { group: s("rbac.authorization.k8s.io"), version: s("v1"), kind: s("ClusterRoleBinding"), list_kind: s("ClusterRoleBindingList"), plural: s("clusterrolebindings"), singular: s("clusterrolebinding"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R43_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R43_FIELDS), columns: Cow::Borrowed(&R43_COLUMNS), schema: TypeRef(491), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("rbac.authorization.k8s.io"), version: s("v1"), create_on_update: true, unconditional_update: true, generation: false } },
    Resource { group: s("rbac.authorization.k8s.io"), version: s("v1"), kind: s("ClusterRole"), list_kind: s("ClusterRoleList"), plural: s("clusterroles"), singular: s("clusterrole"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R44_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R44_FIELDS), columns: Cow::Borrowed(&R44_COLUMNS), schema: TypeRef(490), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("rbac.authorization.k8s.io"), version: s("v1"), create_on_update: true, unconditional_update: true, generation: false } },
    Resource { group: s("rbac.authorization.k8s.io"), version: s("v1"), kind: s("RoleBinding"), list_kind: s("RoleBindingList"), plural: s("rolebindings"), singular: s("rolebinding"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R45_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R45_FIELDS), columns: Cow::Borrowed(&R45_COLUMNS), schema: TypeRef(496), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("rbac.authorization.k8s.io"), version: s("v1"), create_on_update: true, unconditional_update: true, generation: false } },
    Resource { group: s("rbac.authorization.k8s.io"), version: s("v1"), kind: s("Role"), list_kind: s("RoleList"), plural: s("roles"), singular: s("role"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R46_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R46_FIELDS), columns: Cow::Borrowed(&R46_COLUMNS), schema: TypeRef(495), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("rbac.authorization.k8s.io"), version: s("v1"), create_on_update: true, unconditional_update: true, generation: false } },
    Resource { group: s("storage.k8s.io"), version: s("v1"), kind: s("CSIDriver"), list_kind: s("CSIDriverList"), plural: s("csidrivers"), singular: s("csidriver"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R47_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R47_FIELDS), columns: Cow::Borrowed(&R47_COLUMNS), schema: TypeRef(563), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("storage.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: false, generation: true } },
    Resource { group: s("storage.k8s.io"), version: s("v1"), kind: s("CSINode"), list_kind: s("CSINodeList"), plural: s("csinodes"), singular: s("csinode"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R48_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R48_SUB),
      selectable_fields: Cow::Borrowed(&R48_FIELDS), columns: Cow::Borrowed(&R48_COLUMNS), schema: TypeRef(566), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("storage.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: false, generation: false } },
    Resource { group: s("storage.k8s.io"), version: s("v1"), kind: s("CSIStorageCapacity"), list_kind: s("CSIStorageCapacityList"), plural: s("csistoragecapacities"), singular: s("csistoragecapacity"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R49_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R49_FIELDS), columns: Cow::Borrowed(&R49_COLUMNS), schema: TypeRef(571), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("storage.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: false, generation: false } },
    Resource { group: s("storage.k8s.io"), version: s("v1"), kind: s("StorageClass"), list_kind: s("StorageClassList"), plural: s("storageclasses"), singular: s("storageclass"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R50_VERBS), short_names: Cow::Borrowed(&R50_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R50_FIELDS), columns: Cow::Borrowed(&R50_COLUMNS), schema: TypeRef(573), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("storage.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s("storage.k8s.io"), version: s("v1"), kind: s("VolumeAttachment"), list_kind: s("VolumeAttachmentList"), plural: s("volumeattachments"), singular: s("volumeattachment"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R51_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R51_SUB),
      selectable_fields: Cow::Borrowed(&R51_FIELDS), columns: Cow::Borrowed(&R51_COLUMNS), schema: TypeRef(578), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("storage.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: false, generation: false } },
    Resource { group: s("storage.k8s.io"), version: s("v1"), kind: s("VolumeAttributesClass"), list_kind: s("VolumeAttributesClassList"), plural: s("volumeattributesclasses"), singular: s("volumeattributesclass"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R52_VERBS), short_names: Cow::Borrowed(&R52_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R52_FIELDS), columns: Cow::Borrowed(&R52_COLUMNS), schema: TypeRef(583), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("storage.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s("admissionregistration.k8s.io"), version: s("v1"), kind: s("MutatingAdmissionPolicy"), list_kind: s("MutatingAdmissionPolicyList"), plural: s("mutatingadmissionpolicies"), singular: s("mutatingadmissionpolicy"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R53_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&R53_CATEGORIES), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R53_FIELDS), columns: Cow::Borrowed(&R53_COLUMNS), schema: TypeRef(18), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("admissionregistration.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: false, generation: true } },
    Resource { group: s("admissionregistration.k8s.io"), version: s("v1"), kind: s("MutatingAdmissionPolicyBinding"), list_kind: s("MutatingAdmissionPolicyBindingList"), plural: s("mutatingadmissionpolicybindings"), singular: s("mutatingadmissionpolicybinding"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R54_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&R54_CATEGORIES), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R54_FIELDS), columns: Cow::Borrowed(&R54_COLUMNS), schema: TypeRef(19), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("admissionregistration.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: false, generation: true } },
    Resource { group: s("admissionregistration.k8s.io"), version: s("v1"), kind: s("MutatingWebhookConfiguration"), list_kind: s("MutatingWebhookConfigurationList"), plural: s("mutatingwebhookconfigurations"), singular: s("mutatingwebhookconfiguration"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R55_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&R55_CATEGORIES), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R55_FIELDS), columns: Cow::Borrowed(&R55_COLUMNS), schema: TypeRef(25), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("admissionregistration.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: false, generation: true } },
    Resource { group: s("admissionregistration.k8s.io"), version: s("v1"), kind: s("ValidatingAdmissionPolicy"), list_kind: s("ValidatingAdmissionPolicyList"), plural: s("validatingadmissionpolicies"), singular: s("validatingadmissionpolicy"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R56_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&R56_CATEGORIES), subresources: Cow::Borrowed(&R56_SUB),
      selectable_fields: Cow::Borrowed(&R56_FIELDS), columns: Cow::Borrowed(&R56_COLUMNS), schema: TypeRef(34), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("admissionregistration.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: false, generation: true } },
    Resource { group: s("admissionregistration.k8s.io"), version: s("v1"), kind: s("ValidatingAdmissionPolicyBinding"), list_kind: s("ValidatingAdmissionPolicyBindingList"), plural: s("validatingadmissionpolicybindings"), singular: s("validatingadmissionpolicybinding"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R57_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&R57_CATEGORIES), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R57_FIELDS), columns: Cow::Borrowed(&R57_COLUMNS), schema: TypeRef(35), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("admissionregistration.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: false, generation: true } },
    Resource { group: s("admissionregistration.k8s.io"), version: s("v1"), kind: s("ValidatingWebhookConfiguration"), list_kind: s("ValidatingWebhookConfigurationList"), plural: s("validatingwebhookconfigurations"), singular: s("validatingwebhookconfiguration"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R58_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&R58_CATEGORIES), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R58_FIELDS), columns: Cow::Borrowed(&R58_COLUMNS), schema: TypeRef(42), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("admissionregistration.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: false, generation: true } },
    Resource { group: s("apiextensions.k8s.io"), version: s("v1"), kind: s("CustomResourceDefinition"), list_kind: s("CustomResourceDefinitionList"), plural: s("customresourcedefinitions"), singular: s("customresourcedefinition"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R59_VERBS), short_names: Cow::Borrowed(&R59_SHORT), categories: Cow::Borrowed(&R59_CATEGORIES), subresources: Cow::Borrowed(&R59_SUB),
      selectable_fields: Cow::Borrowed(&R59_FIELDS), columns: Cow::Borrowed(&R59_COLUMNS), schema: TypeRef(596), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("apiextensions.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: false, generation: true } },
    Resource { group: s("scheduling.k8s.io"), version: s("v1"), kind: s("PriorityClass"), list_kind: s("PriorityClassList"), plural: s("priorityclasses"), singular: s("priorityclass"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R60_VERBS), short_names: Cow::Borrowed(&R60_SHORT), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R60_FIELDS), columns: Cow::Borrowed(&R60_COLUMNS), schema: TypeRef(552), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("scheduling.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("coordination.k8s.io"), version: s("v1"), kind: s("Lease"), list_kind: s("LeaseList"), plural: s("leases"), singular: s("lease"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R61_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R61_FIELDS), columns: Cow::Borrowed(&R61_COLUMNS), schema: TypeRef(169), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("coordination.k8s.io"), version: s("v1"), create_on_update: true, unconditional_update: false, generation: false } },
    Resource { group: s("node.k8s.io"), version: s("v1"), kind: s("RuntimeClass"), list_kind: s("RuntimeClassList"), plural: s("runtimeclasses"), singular: s("runtimeclass"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R62_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R62_FIELDS), columns: Cow::Borrowed(&R62_COLUMNS), schema: TypeRef(481), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("node.k8s.io"), version: s("v1"), create_on_update: true, unconditional_update: false, generation: false } },
    Resource { group: s("discovery.k8s.io"), version: s("v1"), kind: s("EndpointSlice"), list_kind: s("EndpointSliceList"), plural: s("endpointslices"), singular: s("endpointslice"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R63_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R63_FIELDS), columns: Cow::Borrowed(&R63_COLUMNS), schema: TypeRef(416), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("discovery.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("resource.k8s.io"), version: s("v1"), kind: s("DeviceClass"), list_kind: s("DeviceClassList"), plural: s("deviceclasses"), singular: s("deviceclass"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R64_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R64_FIELDS), columns: Cow::Borrowed(&R64_COLUMNS), schema: TypeRef(516), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("resource.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("resource.k8s.io"), version: s("v1"), kind: s("DeviceTaintRule"), list_kind: s("DeviceTaintRuleList"), plural: s("devicetaintrules"), singular: s("devicetaintrule"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R65_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R65_SUB),
      selectable_fields: Cow::Borrowed(&R65_FIELDS), columns: Cow::Borrowed(&R65_COLUMNS), schema: TypeRef(528), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("resource.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("resource.k8s.io"), version: s("v1"), kind: s("ResourceClaim"), list_kind: s("ResourceClaimList"), plural: s("resourceclaims"), singular: s("resourceclaim"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R66_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R66_SUB),
      selectable_fields: Cow::Borrowed(&R66_FIELDS), columns: Cow::Borrowed(&R66_COLUMNS), schema: TypeRef(540), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("resource.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s("resource.k8s.io"), version: s("v1"), kind: s("ResourceClaimTemplate"), list_kind: s("ResourceClaimTemplateList"), plural: s("resourceclaimtemplates"), singular: s("resourceclaimtemplate"), namespaced: true, preferred: true,
      verbs: Cow::Borrowed(&R67_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R67_FIELDS), columns: Cow::Borrowed(&R67_COLUMNS), schema: TypeRef(545), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("resource.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: false } },
    Resource { group: s("resource.k8s.io"), version: s("v1"), kind: s("ResourceSlice"), list_kind: s("ResourceSliceList"), plural: s("resourceslices"), singular: s("resourceslice"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R68_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&[]),
      selectable_fields: Cow::Borrowed(&R68_FIELDS), columns: Cow::Borrowed(&R68_COLUMNS), schema: TypeRef(549), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("resource.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("flowcontrol.apiserver.k8s.io"), version: s("v1"), kind: s("FlowSchema"), list_kind: s("FlowSchemaList"), plural: s("flowschemas"), singular: s("flowschema"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R69_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R69_SUB),
      selectable_fields: Cow::Borrowed(&R69_FIELDS), columns: Cow::Borrowed(&R69_COLUMNS), schema: TypeRef(425), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("flowcontrol.apiserver.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("flowcontrol.apiserver.k8s.io"), version: s("v1"), kind: s("PriorityLevelConfiguration"), list_kind: s("PriorityLevelConfigurationList"), plural: s("prioritylevelconfigurations"), singular: s("prioritylevelconfiguration"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R70_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R70_SUB),
      selectable_fields: Cow::Borrowed(&R70_FIELDS), columns: Cow::Borrowed(&R70_COLUMNS), schema: TypeRef(435), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("flowcontrol.apiserver.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: true, generation: true } },
    Resource { group: s("storagemigration.k8s.io"), version: s("v1"), kind: s("StorageVersionMigration"), list_kind: s("StorageVersionMigrationList"), plural: s("storageversionmigrations"), singular: s("storageversionmigration"), namespaced: false, preferred: true,
      verbs: Cow::Borrowed(&R71_VERBS), short_names: Cow::Borrowed(&[]), categories: Cow::Borrowed(&[]), subresources: Cow::Borrowed(&R71_SUB),
      selectable_fields: Cow::Borrowed(&R71_FIELDS), columns: Cow::Borrowed(&R71_COLUMNS), schema: TypeRef(587), schemas: Schemas::BuiltIn,
      storage: Storage { stored: true, group: s("storagemigration.k8s.io"), version: s("v1"), create_on_update: false, unconditional_update: false, generation: false } },
];
