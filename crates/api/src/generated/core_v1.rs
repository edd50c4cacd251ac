//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g, nodes::*};
use apimachinery::schema::Field;

pub(super) static AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE: [Field; 4] = [
    g("volumeID", 0, 1, 1, "\"\"", &[], ""),
    f("fsType", 0, 4, 2),
    f("partition", 1, 4, 3),
    f("readOnly", 4, 4, 4),
];

pub(super) static AFFINITY: [Field; 3] = [
    f("nodeAffinity", 274, 6, 1),
    f("podAffinity", 311, 6, 2),
    f("podAntiAffinity", 313, 6, 3),
];

pub(super) static APP_ARMOR_PROFILE: [Field; 2] = [
    g("type", 0, 1, 1, "\"\"", &V20, ""),
    f("localhostProfile", 0, 6, 2),
];

pub(super) static ATTACHED_VOLUME: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("devicePath", 0, 1, 2, "\"\"", &[], ""),
];

pub(super) static AZURE_DISK_VOLUME_SOURCE: [Field; 6] = [
    g("diskName", 0, 1, 1, "\"\"", &[], ""),
    g("diskURI", 0, 1, 2, "\"\"", &[], ""),
    g("cachingMode", 0, 6, 3, "\"ReadWrite\"", &V21, ""),
    g("fsType", 0, 6, 4, "\"ext4\"", &[], ""),
    g("readOnly", 4, 6, 5, "false", &[], ""),
    g("kind", 0, 6, 6, "\"Shared\"", &V22, ""),
];

pub(super) static AZURE_FILE_PERSISTENT_VOLUME_SOURCE: [Field; 4] = [
    g("secretName", 0, 1, 1, "\"\"", &[], ""),
    g("shareName", 0, 1, 2, "\"\"", &[], ""),
    f("readOnly", 4, 4, 3),
    f("secretNamespace", 0, 2, 4),
];

pub(super) static AZURE_FILE_VOLUME_SOURCE: [Field; 3] = [
    g("secretName", 0, 1, 1, "\"\"", &[], ""),
    g("shareName", 0, 1, 2, "\"\"", &[], ""),
    f("readOnly", 4, 4, 3),
];

pub(super) static BINDING: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("target", 297, 1, 2, "{}", &[], ""),
];

pub(super) static CSI_PERSISTENT_VOLUME_SOURCE: [Field; 10] = [
    g("driver", 0, 1, 1, "\"\"", &[], ""),
    g("volumeHandle", 0, 1, 2, "\"\"", &[], ""),
    f("readOnly", 4, 4, 3),
    f("fsType", 0, 4, 4),
    f("volumeAttributes", 714, 4, 5),
    f("controllerPublishSecretRef", 373, 6, 6),
    f("nodeStageSecretRef", 373, 6, 7),
    f("nodePublishSecretRef", 373, 6, 8),
    f("controllerExpandSecretRef", 373, 6, 9),
    f("nodeExpandSecretRef", 373, 6, 10),
];

pub(super) static CSI_VOLUME_SOURCE: [Field; 5] = [
    g("driver", 0, 1, 1, "\"\"", &[], ""),
    f("readOnly", 4, 6, 2),
    f("fsType", 0, 6, 3),
    f("volumeAttributes", 714, 4, 4),
    f("nodePublishSecretRef", 263, 6, 5),
];

pub(super) static CAPABILITIES: [Field; 2] = [
    f("add", 662, 4, 1),
    f("drop", 662, 4, 2),
];

pub(super) static CEPH_FS_PERSISTENT_VOLUME_SOURCE: [Field; 6] = [
    f("monitors", 662, 1, 1),
    f("path", 0, 4, 2),
    f("user", 0, 4, 3),
    f("secretFile", 0, 4, 4),
    f("secretRef", 373, 6, 5),
    f("readOnly", 4, 4, 6),
];

pub(super) static CEPH_FS_VOLUME_SOURCE: [Field; 6] = [
    f("monitors", 662, 1, 1),
    f("path", 0, 4, 2),
    f("user", 0, 4, 3),
    f("secretFile", 0, 4, 4),
    f("secretRef", 263, 6, 5),
    f("readOnly", 4, 4, 6),
];

pub(super) static CINDER_PERSISTENT_VOLUME_SOURCE: [Field; 4] = [
    g("volumeID", 0, 1, 1, "\"\"", &[], ""),
    f("fsType", 0, 4, 2),
    f("readOnly", 4, 4, 3),
    f("secretRef", 373, 6, 4),
];

pub(super) static CINDER_VOLUME_SOURCE: [Field; 4] = [
    g("volumeID", 0, 1, 1, "\"\"", &[], ""),
    f("fsType", 0, 4, 2),
    f("readOnly", 4, 4, 3),
    f("secretRef", 263, 6, 4),
];

pub(super) static CLIENT_IP_CONFIG: [Field; 1] = [
    f("timeoutSeconds", 1, 6, 1),
];

pub(super) static CLUSTER_TRUST_BUNDLE_PROJECTION: [Field; 6] = [
    f("name", 0, 6, 1),
    f("signerName", 0, 6, 2),
    f("labelSelector", 627, 6, 3),
    f("optional", 4, 6, 5),
    g("path", 0, 1, 4, "\"\"", &[], ""),
    f("user", 2, 6, 6),
];

pub(super) static COMPONENT_CONDITION: [Field; 4] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    g("status", 0, 1, 2, "\"\"", &[], ""),
    f("message", 0, 4, 3),
    f("error", 0, 4, 4),
];

pub(super) static COMPONENT_STATUS: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("conditions", 716, 12, 2, "", &[], "type"),
];

pub(super) static COMPONENT_STATUS_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 717, 1, 2),
];

pub(super) static CONFIG_MAP: [Field; 6] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    f("immutable", 4, 6, 4),
    f("data", 714, 4, 2),
    f("binaryData", 718, 4, 3),
];

pub(super) static CONFIG_MAP_ENV_SOURCE: [Field; 2] = [
    g("name", 0, 4, 257, "\"\"", &[], ""),
    f("optional", 4, 6, 2),
];

pub(super) static CONFIG_MAP_KEY_SELECTOR: [Field; 3] = [
    g("name", 0, 4, 257, "\"\"", &[], ""),
    g("key", 0, 1, 2, "\"\"", &[], ""),
    f("optional", 4, 6, 3),
];

pub(super) static CONFIG_MAP_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 719, 1, 2),
];

pub(super) static CONFIG_MAP_NODE_CONFIG_SOURCE: [Field; 5] = [
    g("namespace", 0, 1, 1, "\"\"", &[], ""),
    g("name", 0, 1, 2, "\"\"", &[], ""),
    f("uid", 0, 4, 3),
    f("resourceVersion", 0, 4, 4),
    g("kubeletConfigKey", 0, 1, 5, "\"\"", &[], ""),
];

pub(super) static CONFIG_MAP_PROJECTION: [Field; 3] = [
    g("name", 0, 4, 257, "\"\"", &[], ""),
    f("items", 720, 4, 2),
    f("optional", 4, 6, 4),
];

pub(super) static CONFIG_MAP_VOLUME_SOURCE: [Field; 5] = [
    g("name", 0, 4, 257, "\"\"", &[], ""),
    f("items", 720, 4, 2),
    f("defaultMode", 1, 6, 3),
    f("optional", 4, 6, 4),
    f("defaultUser", 2, 6, 5),
];

pub(super) static CONTAINER: [Field; 25] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("image", 0, 4, 2),
    f("command", 662, 4, 3),
    f("args", 662, 4, 4),
    f("workingDir", 0, 4, 5),
    g("ports", 721, 12, 6, "", &[], "containerPort"),
    f("envFrom", 722, 4, 19),
    g("env", 723, 12, 7, "", &[], "name"),
    g("resources", 360, 0, 8, "{}", &[], ""),
    f("resizePolicy", 724, 4, 23),
    f("restartPolicy", 0, 6, 24),
    f("restartPolicyRules", 725, 4, 25),
    g("volumeMounts", 726, 12, 9, "", &[], "mountPath"),
    g("volumeDevices", 727, 12, 21, "", &[], "devicePath"),
    f("livenessProbe", 342, 6, 10),
    f("readinessProbe", 342, 6, 11),
    f("startupProbe", 342, 6, 22),
    f("lifecycle", 253, 6, 12),
    f("terminationMessagePath", 0, 4, 13),
    g("terminationMessagePolicy", 0, 4, 20, "", &V26, ""),
    g("imagePullPolicy", 0, 4, 14, "", &V27, ""),
    f("securityContext", 375, 6, 15),
    f("stdin", 4, 4, 16),
    f("stdinOnce", 4, 4, 17),
    f("tty", 4, 4, 18),
];

pub(super) static CONTAINER_EXTENDED_RESOURCE_REQUEST: [Field; 3] = [
    g("containerName", 0, 1, 1, "\"\"", &[], ""),
    g("resourceName", 0, 1, 2, "\"\"", &[], ""),
    g("requestName", 0, 1, 3, "\"\"", &[], ""),
];

pub(super) static CONTAINER_IMAGE: [Field; 2] = [
    f("names", 662, 0, 1),
    f("sizeBytes", 2, 4, 2),
];

pub(super) static CONTAINER_PORT: [Field; 5] = [
    f("name", 0, 4, 1),
    f("hostPort", 1, 4, 2),
    g("containerPort", 1, 1, 3, "0", &[], ""),
    g("protocol", 0, 4, 4, "\"TCP\"", &V28, ""),
    f("hostIP", 0, 4, 5),
];

pub(super) static CONTAINER_RESIZE_POLICY: [Field; 2] = [
    g("resourceName", 0, 1, 1, "\"\"", &[], ""),
    g("restartPolicy", 0, 1, 2, "\"\"", &[], ""),
];

pub(super) static CONTAINER_RESTART_RULE: [Field; 2] = [
    f("action", 0, 5, 1),
    f("exitCodes", 205, 6, 2),
];

pub(super) static CONTAINER_RESTART_RULE_ON_EXIT_CODES: [Field; 2] = [
    f("operator", 0, 5, 1),
    f("values", 707, 4, 2),
];

pub(super) static CONTAINER_STATE: [Field; 3] = [
    f("waiting", 209, 6, 1),
    f("running", 207, 6, 2),
    f("terminated", 208, 6, 3),
];

pub(super) static CONTAINER_STATE_RUNNING: [Field; 1] = [
    f("startedAt", 7, 0, 1),
];

pub(super) static CONTAINER_STATE_TERMINATED: [Field; 7] = [
    g("exitCode", 1, 1, 1, "0", &[], ""),
    f("signal", 1, 4, 2),
    f("reason", 0, 4, 3),
    f("message", 0, 4, 4),
    f("startedAt", 7, 0, 5),
    f("finishedAt", 7, 0, 6),
    f("containerID", 0, 4, 7),
];

pub(super) static CONTAINER_STATE_WAITING: [Field; 2] = [
    f("reason", 0, 4, 1),
    f("message", 0, 4, 2),
];

pub(super) static CONTAINER_STATUS: [Field; 15] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("state", 206, 0, 2, "{}", &[], ""),
    g("lastState", 206, 0, 3, "{}", &[], ""),
    g("ready", 4, 1, 4, "false", &[], ""),
    g("restartCount", 1, 1, 5, "0", &[], ""),
    g("image", 0, 1, 6, "\"\"", &[], ""),
    g("imageID", 0, 1, 7, "\"\"", &[], ""),
    f("containerID", 0, 4, 8),
    f("started", 4, 6, 9),
    f("allocatedResources", 728, 4, 10),
    f("resources", 360, 6, 11),
    g("volumeMounts", 729, 12, 12, "", &[], "mountPath"),
    f("user", 211, 6, 13),
    g("allocatedResourcesStatus", 730, 12, 14, "", &[], "name"),
    g("stopSignal", 0, 6, 15, "", &V29, ""),
];

pub(super) static CONTAINER_USER: [Field; 1] = [
    f("linux", 259, 6, 1),
];

pub(super) static DAEMON_ENDPOINT: [Field; 1] = [
    g("Port", 1, 1, 1, "0", &[], ""),
];

pub(super) static DOWNWARD_API_PROJECTION: [Field; 1] = [
    f("items", 731, 4, 1),
];

pub(super) static DOWNWARD_API_VOLUME_FILE: [Field; 5] = [
    g("path", 0, 1, 1, "\"\"", &[], ""),
    f("fieldRef", 295, 6, 2),
    f("resourceFieldRef", 354, 6, 3),
    f("mode", 1, 6, 4),
    f("user", 2, 6, 5),
];

pub(super) static DOWNWARD_API_VOLUME_SOURCE: [Field; 3] = [
    f("items", 731, 4, 1),
    f("defaultMode", 1, 6, 2),
    f("defaultUser", 2, 6, 3),
];

pub(super) static EMPTY_DIR_VOLUME_SOURCE: [Field; 3] = [
    f("medium", 0, 4, 1),
    f("sizeLimit", 6, 6, 2),
    f("mode", 1, 6, 3),
];

pub(super) static ENDPOINT_ADDRESS: [Field; 4] = [
    g("ip", 0, 1, 1, "\"\"", &[], ""),
    f("hostname", 0, 4, 3),
    f("nodeName", 0, 6, 4),
    f("targetRef", 297, 6, 2),
];

pub(super) static ENDPOINT_PORT: [Field; 4] = [
    f("name", 0, 4, 1),
    g("port", 1, 1, 2, "0", &[], ""),
    g("protocol", 0, 4, 3, "", &V28, ""),
    f("appProtocol", 0, 6, 4),
];

pub(super) static ENDPOINT_SUBSET: [Field; 3] = [
    f("addresses", 732, 4, 1),
    f("notReadyAddresses", 732, 4, 2),
    f("ports", 733, 4, 3),
];

pub(super) static ENDPOINTS: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    f("subsets", 734, 4, 2),
];

pub(super) static ENDPOINTS_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 735, 1, 2),
];

pub(super) static ENV_FROM_SOURCE: [Field; 3] = [
    f("prefix", 0, 4, 1),
    f("configMapRef", 193, 6, 2),
    f("secretRef", 369, 6, 3),
];

pub(super) static ENV_VAR: [Field; 3] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("value", 0, 4, 2),
    f("valueFrom", 224, 6, 3),
];

pub(super) static ENV_VAR_SOURCE: [Field; 5] = [
    f("fieldRef", 295, 6, 1),
    f("resourceFieldRef", 354, 6, 2),
    f("configMapKeyRef", 194, 6, 3),
    f("secretKeyRef", 370, 6, 4),
    f("fileKeyRef", 234, 6, 5),
];

pub(super) static EPHEMERAL_CONTAINER: [Field; 26] = [
    g("name", 0, 1, 257, "\"\"", &[], ""),
    f("image", 0, 4, 258),
    f("command", 662, 4, 259),
    f("args", 662, 4, 260),
    f("workingDir", 0, 4, 261),
    g("ports", 721, 12, 262, "", &[], "containerPort"),
    f("envFrom", 722, 4, 275),
    g("env", 723, 12, 263, "", &[], "name"),
    g("resources", 360, 0, 264, "{}", &[], ""),
    f("resizePolicy", 724, 4, 279),
    f("restartPolicy", 0, 6, 280),
    f("restartPolicyRules", 725, 4, 281),
    g("volumeMounts", 726, 12, 265, "", &[], "mountPath"),
    g("volumeDevices", 727, 12, 277, "", &[], "devicePath"),
    f("livenessProbe", 342, 6, 266),
    f("readinessProbe", 342, 6, 267),
    f("startupProbe", 342, 6, 278),
    f("lifecycle", 253, 6, 268),
    f("terminationMessagePath", 0, 4, 269),
    g("terminationMessagePolicy", 0, 4, 276, "", &V26, ""),
    g("imagePullPolicy", 0, 4, 270, "", &V27, ""),
    f("securityContext", 375, 6, 271),
    f("stdin", 4, 4, 272),
    f("stdinOnce", 4, 4, 273),
    f("tty", 4, 4, 274),
    f("targetContainerName", 0, 4, 2),
];

pub(super) static EPHEMERAL_VOLUME_SOURCE: [Field; 1] = [
    f("volumeClaimTemplate", 304, 6, 1),
];

pub(super) static EVENT: [Field; 17] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 1, 1, "{}", &[], ""),
    g("involvedObject", 297, 1, 2, "{}", &[], ""),
    f("reason", 0, 4, 3),
    f("message", 0, 4, 4),
    g("source", 230, 0, 5, "{}", &[], ""),
    f("firstTimestamp", 7, 0, 6),
    f("lastTimestamp", 7, 0, 7),
    f("count", 1, 4, 8),
    f("type", 0, 4, 9),
    f("eventTime", 8, 0, 10),
    f("series", 229, 6, 11),
    f("action", 0, 4, 12),
    f("related", 297, 6, 13),
    g("reportingComponent", 0, 0, 14, "\"\"", &[], ""),
    g("reportingInstance", 0, 0, 15, "\"\"", &[], ""),
];

pub(super) static EVENT_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 736, 1, 2),
];

pub(super) static EVENT_SERIES: [Field; 2] = [
    f("count", 1, 4, 1),
    f("lastObservedTime", 8, 0, 2),
];

pub(super) static EVENT_SOURCE: [Field; 2] = [
    f("component", 0, 4, 1),
    f("host", 0, 4, 2),
];

pub(super) static EVICTION_RESPONDER: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("priority", 1, 3, 2),
];

pub(super) static EXEC_ACTION: [Field; 1] = [
    f("command", 662, 4, 1),
];

pub(super) static FC_VOLUME_SOURCE: [Field; 5] = [
    f("targetWWNs", 662, 4, 1),
    f("lun", 1, 6, 2),
    f("fsType", 0, 4, 3),
    f("readOnly", 4, 4, 4),
    f("wwids", 662, 4, 5),
];

pub(super) static FILE_KEY_SELECTOR: [Field; 4] = [
    g("volumeName", 0, 1, 1, "\"\"", &[], ""),
    g("path", 0, 1, 2, "\"\"", &[], ""),
    g("key", 0, 1, 3, "\"\"", &[], ""),
    g("optional", 4, 6, 4, "false", &[], ""),
];

pub(super) static FLEX_PERSISTENT_VOLUME_SOURCE: [Field; 5] = [
    g("driver", 0, 1, 1, "\"\"", &[], ""),
    f("fsType", 0, 4, 2),
    f("secretRef", 373, 6, 3),
    f("readOnly", 4, 4, 4),
    f("options", 714, 4, 5),
];

pub(super) static FLEX_VOLUME_SOURCE: [Field; 5] = [
    g("driver", 0, 1, 1, "\"\"", &[], ""),
    f("fsType", 0, 4, 2),
    f("secretRef", 263, 6, 3),
    f("readOnly", 4, 4, 4),
    f("options", 714, 4, 5),
];

pub(super) static FLOCKER_VOLUME_SOURCE: [Field; 2] = [
    f("datasetName", 0, 4, 1),
    f("datasetUUID", 0, 4, 2),
];

pub(super) static GCE_PERSISTENT_DISK_VOLUME_SOURCE: [Field; 4] = [
    g("pdName", 0, 1, 1, "\"\"", &[], ""),
    f("fsType", 0, 4, 2),
    f("partition", 1, 4, 3),
    f("readOnly", 4, 4, 4),
];

pub(super) static GRPC_ACTION: [Field; 3] = [
    g("port", 1, 1, 1, "0", &[], ""),
    g("service", 0, 2, 2, "\"\"", &[], ""),
    g("mode", 0, 6, 3, "", &V30, ""),
];

pub(super) static GIT_REPO_VOLUME_SOURCE: [Field; 3] = [
    g("repository", 0, 1, 1, "\"\"", &[], ""),
    f("revision", 0, 4, 2),
    f("directory", 0, 4, 3),
];

pub(super) static GLUSTERFS_PERSISTENT_VOLUME_SOURCE: [Field; 4] = [
    g("endpoints", 0, 1, 1, "\"\"", &[], ""),
    g("path", 0, 1, 2, "\"\"", &[], ""),
    f("readOnly", 4, 4, 3),
    f("endpointsNamespace", 0, 6, 4),
];

pub(super) static GLUSTERFS_VOLUME_SOURCE: [Field; 3] = [
    g("endpoints", 0, 1, 1, "\"\"", &[], ""),
    g("path", 0, 1, 2, "\"\"", &[], ""),
    f("readOnly", 4, 4, 3),
];

pub(super) static HTTP_GET_ACTION: [Field; 6] = [
    f("path", 0, 4, 1),
    f("port", 5, 1, 2),
    f("host", 0, 4, 3),
    g("scheme", 0, 4, 4, "", &V31, ""),
    f("httpHeaders", 737, 4, 5),
    g("protocol", 0, 6, 6, "", &V32, ""),
];

pub(super) static HTTP_HEADER: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("value", 0, 1, 2, "\"\"", &[], ""),
];

pub(super) static HOST_ALIAS: [Field; 2] = [
    g("ip", 0, 1, 1, "\"\"", &[], ""),
    f("hostnames", 662, 4, 2),
];

pub(super) static HOST_IP: [Field; 1] = [
    g("ip", 0, 1, 1, "\"\"", &[], ""),
];

pub(super) static HOST_PATH_VOLUME_SOURCE: [Field; 2] = [
    g("path", 0, 1, 1, "\"\"", &[], ""),
    g("type", 0, 6, 2, "", &V33, ""),
];

pub(super) static ISCSI_PERSISTENT_VOLUME_SOURCE: [Field; 11] = [
    g("targetPortal", 0, 1, 1, "\"\"", &[], ""),
    g("iqn", 0, 1, 2, "\"\"", &[], ""),
    g("lun", 1, 1, 3, "0", &[], ""),
    g("iscsiInterface", 0, 4, 4, "\"default\"", &[], ""),
    f("fsType", 0, 4, 5),
    f("readOnly", 4, 4, 6),
    f("portals", 662, 4, 7),
    f("chapAuthDiscovery", 4, 4, 8),
    f("chapAuthSession", 4, 4, 11),
    f("secretRef", 373, 6, 10),
    f("initiatorName", 0, 6, 12),
];

pub(super) static ISCSI_VOLUME_SOURCE: [Field; 11] = [
    g("targetPortal", 0, 1, 1, "\"\"", &[], ""),
    g("iqn", 0, 1, 2, "\"\"", &[], ""),
    g("lun", 1, 1, 3, "0", &[], ""),
    g("iscsiInterface", 0, 4, 4, "\"default\"", &[], ""),
    f("fsType", 0, 4, 5),
    f("readOnly", 4, 4, 6),
    f("portals", 662, 4, 7),
    f("chapAuthDiscovery", 4, 4, 8),
    f("chapAuthSession", 4, 4, 11),
    f("secretRef", 263, 6, 10),
    f("initiatorName", 0, 6, 12),
];

pub(super) static IMAGE_VOLUME_SOURCE: [Field; 2] = [
    f("reference", 0, 4, 1),
    g("pullPolicy", 0, 4, 2, "", &V27, ""),
];

pub(super) static IMAGE_VOLUME_STATUS: [Field; 1] = [
    f("imageRef", 0, 5, 1),
];

pub(super) static KEY_TO_PATH: [Field; 4] = [
    g("key", 0, 1, 1, "\"\"", &[], ""),
    g("path", 0, 1, 2, "\"\"", &[], ""),
    f("mode", 1, 6, 3),
    f("user", 2, 6, 4),
];

pub(super) static LIFECYCLE: [Field; 3] = [
    f("postStart", 254, 6, 1),
    f("preStop", 254, 6, 2),
    g("stopSignal", 0, 6, 3, "", &V29, ""),
];

pub(super) static LIFECYCLE_HANDLER: [Field; 4] = [
    f("exec", 232, 6, 1),
    f("httpGet", 243, 6, 2),
    f("tcpSocket", 391, 6, 3),
    f("sleep", 387, 6, 4),
];

pub(super) static LIMIT_RANGE: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 258, 0, 2, "{}", &[], ""),
];

pub(super) static LIMIT_RANGE_ITEM: [Field; 6] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    f("max", 728, 4, 2),
    f("min", 728, 4, 3),
    f("default", 728, 4, 4),
    f("defaultRequest", 728, 4, 5),
    f("maxLimitRequestRatio", 728, 4, 6),
];

pub(super) static LIMIT_RANGE_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 738, 1, 2),
];

pub(super) static LIMIT_RANGE_SPEC: [Field; 1] = [
    f("limits", 739, 1, 1),
];

pub(super) static LINUX_CONTAINER_USER: [Field; 3] = [
    g("uid", 2, 1, 1, "0", &[], ""),
    g("gid", 2, 1, 2, "0", &[], ""),
    f("supplementalGroups", 740, 4, 3),
];

pub(super) static LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("metadata", 629, 0, 1),
    f("items", 741, 0, 2),
];

pub(super) static LOAD_BALANCER_INGRESS: [Field; 4] = [
    f("ip", 0, 4, 1),
    f("hostname", 0, 4, 2),
    f("ipMode", 0, 6, 3),
    f("ports", 742, 4, 4),
];

pub(super) static LOAD_BALANCER_STATUS: [Field; 1] = [
    f("ingress", 743, 4, 1),
];

pub(super) static LOCAL_OBJECT_REFERENCE: [Field; 1] = [
    g("name", 0, 4, 1, "\"\"", &[], ""),
];

pub(super) static LOCAL_VOLUME_SOURCE: [Field; 2] = [
    g("path", 0, 1, 1, "\"\"", &[], ""),
    f("fsType", 0, 6, 2),
];

pub(super) static MODIFY_VOLUME_STATUS: [Field; 2] = [
    f("targetVolumeAttributesClassName", 0, 4, 1),
    g("status", 0, 1, 2, "\"\"", &V34, ""),
];

pub(super) static NFS_VOLUME_SOURCE: [Field; 3] = [
    g("server", 0, 1, 1, "\"\"", &[], ""),
    g("path", 0, 1, 2, "\"\"", &[], ""),
    f("readOnly", 4, 4, 3),
];

pub(super) static NAMESPACE: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 270, 0, 2, "{}", &[], ""),
    g("status", 271, 0, 3, "{}", &[], ""),
];

pub(super) static NAMESPACE_CONDITION: [Field; 5] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    g("status", 0, 1, 2, "\"\"", &[], ""),
    f("lastTransitionTime", 7, 0, 4),
    f("reason", 0, 4, 5),
    f("message", 0, 4, 6),
];

pub(super) static NAMESPACE_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 744, 1, 2),
];

pub(super) static NAMESPACE_SPEC: [Field; 1] = [
    f("finalizers", 662, 4, 1),
];

pub(super) static NAMESPACE_STATUS: [Field; 2] = [
    g("phase", 0, 4, 1, "", &V35, ""),
    g("conditions", 745, 12, 2, "", &[], "type"),
];

pub(super) static NODE: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 291, 0, 2, "{}", &[], ""),
    g("status", 292, 0, 3, "{}", &[], ""),
];

pub(super) static NODE_ADDRESS: [Field; 2] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    g("address", 0, 1, 2, "\"\"", &[], ""),
];

pub(super) static NODE_AFFINITY: [Field; 2] = [
    f("requiredDuringSchedulingIgnoredDuringExecution", 288, 6, 1),
    f("preferredDuringSchedulingIgnoredDuringExecution", 746, 4, 2),
];

pub(super) static NODE_ALLOCATABLE_MAPPED_RESOURCES: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("quantity", 6, 3, 2),
];

pub(super) static NODE_ALLOCATABLE_OVERHEAD_RESOURCES: [Field; 3] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("perPod", 6, 6, 2),
    f("perContainer", 6, 6, 3),
];

pub(super) static NODE_ALLOCATABLE_RESOURCE_CLAIM_STATUS: [Field; 4] = [
    g("resourceClaimName", 0, 1, 1, "\"\"", &[], ""),
    f("containers", 667, 4, 2),
    g("mapping", 747, 12, 4, "", &[], "name"),
    g("overhead", 748, 12, 5, "", &[], "name"),
];

pub(super) static NODE_CONDITION: [Field; 6] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    g("status", 0, 1, 2, "\"\"", &[], ""),
    f("lastHeartbeatTime", 7, 0, 3),
    f("lastTransitionTime", 7, 0, 4),
    f("reason", 0, 4, 5),
    f("message", 0, 4, 6),
];

pub(super) static NODE_CONFIG_SOURCE: [Field; 1] = [
    f("configMap", 196, 6, 2),
];

pub(super) static NODE_CONFIG_STATUS: [Field; 4] = [
    f("assigned", 279, 6, 1),
    f("active", 279, 6, 2),
    f("lastKnownGood", 279, 6, 3),
    f("error", 0, 4, 4),
];

pub(super) static NODE_DAEMON_ENDPOINTS: [Field; 1] = [
    g("kubeletEndpoint", 212, 0, 1, "{}", &[], ""),
];

pub(super) static NODE_FEATURES: [Field; 1] = [
    f("supplementalGroupsPolicy", 4, 6, 1),
];

pub(super) static NODE_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 749, 1, 2),
];

pub(super) static NODE_POD_PREEMPTION_POLICY: [Field; 1] = [
    f("disableResizePreemption", 667, 4, 1),
];

pub(super) static NODE_PROXY_OPTIONS: [Field; 3] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("path", 0, 4, 1),
];

pub(super) static NODE_RUNTIME_HANDLER: [Field; 2] = [
    g("name", 0, 0, 1, "\"\"", &[], ""),
    f("features", 287, 6, 2),
];

pub(super) static NODE_RUNTIME_HANDLER_FEATURES: [Field; 2] = [
    f("recursiveReadOnlyMounts", 4, 6, 1),
    f("userNamespaces", 4, 6, 2),
];

pub(super) static NODE_SELECTOR: [Field; 1] = [
    f("nodeSelectorTerms", 750, 1, 1),
];

pub(super) static NODE_SELECTOR_REQUIREMENT: [Field; 3] = [
    g("key", 0, 1, 1, "\"\"", &[], ""),
    g("operator", 0, 1, 2, "\"\"", &V36, ""),
    f("values", 662, 4, 3),
];

pub(super) static NODE_SELECTOR_TERM: [Field; 2] = [
    f("matchExpressions", 751, 4, 1),
    f("matchFields", 751, 4, 2),
];

pub(super) static NODE_SPEC: [Field; 8] = [
    f("podCIDR", 0, 4, 1),
    f("podCIDRs", 667, 12, 7),
    f("providerID", 0, 4, 3),
    f("unschedulable", 4, 4, 4),
    f("taints", 752, 4, 5),
    f("configSource", 279, 6, 6),
    f("externalID", 0, 4, 2),
    f("podPreemptionPolicy", 284, 6, 8),
];

pub(super) static NODE_STATUS: [Field; 14] = [
    f("capacity", 728, 4, 1),
    f("allocatable", 728, 4, 2),
    g("phase", 0, 4, 3, "", &V37, ""),
    g("conditions", 753, 12, 4, "", &[], "type"),
    g("addresses", 754, 12, 5, "", &[], "type"),
    g("daemonEndpoints", 281, 0, 6, "{}", &[], ""),
    g("nodeInfo", 294, 0, 7, "{}", &[], ""),
    f("images", 755, 4, 8),
    f("volumesInUse", 662, 4, 9),
    f("volumesAttached", 756, 4, 10),
    f("config", 280, 6, 11),
    f("runtimeHandlers", 757, 4, 12),
    f("features", 282, 6, 13),
    f("declaredFeatures", 662, 4, 14),
];

pub(super) static NODE_SWAP_STATUS: [Field; 1] = [
    f("capacity", 2, 6, 1),
];

pub(super) static NODE_SYSTEM_INFO: [Field; 12] = [
    g("machineID", 0, 1, 1, "\"\"", &[], ""),
    g("systemUUID", 0, 1, 2, "\"\"", &[], ""),
    g("bootID", 0, 1, 3, "\"\"", &[], ""),
    g("kernelVersion", 0, 1, 4, "\"\"", &[], ""),
    g("osImage", 0, 1, 5, "\"\"", &[], ""),
    g("containerRuntimeVersion", 0, 1, 6, "\"\"", &[], ""),
    g("kubeletVersion", 0, 1, 7, "\"\"", &[], ""),
    g("kubeProxyVersion", 0, 1, 8, "\"\"", &[], ""),
    g("operatingSystem", 0, 1, 9, "\"\"", &[], ""),
    g("architecture", 0, 1, 10, "\"\"", &[], ""),
    f("swap", 293, 6, 11),
    f("runningInUserNamespace", 4, 6, 12),
];

pub(super) static OBJECT_FIELD_SELECTOR: [Field; 2] = [
    f("apiVersion", 0, 4, 1),
    g("fieldPath", 0, 1, 2, "\"\"", &[], ""),
];

pub(super) static OBJECT_REFERENCE: [Field; 7] = [
    f("kind", 0, 4, 1),
    f("namespace", 0, 4, 2),
    f("name", 0, 4, 3),
    f("uid", 0, 4, 4),
    f("apiVersion", 0, 4, 5),
    f("resourceVersion", 0, 4, 6),
    f("fieldPath", 0, 4, 7),
];

pub(super) static PERSISTENT_VOLUME: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 307, 0, 2, "{}", &[], ""),
    g("status", 308, 0, 3, "{}", &[], ""),
];

pub(super) static PERSISTENT_VOLUME_CLAIM: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 302, 0, 2, "{}", &[], ""),
    g("status", 303, 0, 3, "{}", &[], ""),
];

pub(super) static PERSISTENT_VOLUME_CLAIM_CONDITION: [Field; 6] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    g("status", 0, 1, 2, "\"\"", &[], ""),
    f("lastProbeTime", 7, 0, 3),
    f("lastTransitionTime", 7, 0, 4),
    f("reason", 0, 4, 5),
    f("message", 0, 4, 6),
];

pub(super) static PERSISTENT_VOLUME_CLAIM_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 688, 1, 2),
];

pub(super) static PERSISTENT_VOLUME_CLAIM_SPEC: [Field; 9] = [
    g("accessModes", 662, 4, 1, "", &V38, ""),
    f("selector", 627, 6, 4),
    g("resources", 407, 0, 2, "{}", &[], ""),
    f("volumeName", 0, 4, 3),
    f("storageClassName", 0, 6, 5),
    g("volumeMode", 0, 6, 6, "", &V39, ""),
    f("dataSource", 397, 6, 7),
    f("dataSourceRef", 398, 6, 8),
    f("volumeAttributesClassName", 0, 6, 9),
];

pub(super) static PERSISTENT_VOLUME_CLAIM_STATUS: [Field; 9] = [
    g("phase", 0, 4, 1, "", &V40, ""),
    g("accessModes", 662, 4, 2, "", &V38, ""),
    f("capacity", 728, 4, 3),
    g("conditions", 758, 12, 4, "", &[], "type"),
    f("allocatedResources", 728, 4, 5),
    f("allocatedResourceStatuses", 714, 4, 7),
    f("currentVolumeAttributesClassName", 0, 6, 8),
    f("modifyVolumeStatus", 265, 6, 9),
    f("healthStatus", 402, 6, 10),
];

pub(super) static PERSISTENT_VOLUME_CLAIM_TEMPLATE: [Field; 2] = [
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 302, 1, 2, "{}", &[], ""),
];

pub(super) static PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE: [Field; 2] = [
    g("claimName", 0, 1, 1, "\"\"", &[], ""),
    f("readOnly", 4, 4, 2),
];

pub(super) static PERSISTENT_VOLUME_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 759, 1, 2),
];

pub(super) static PERSISTENT_VOLUME_SPEC: [Field; 31] = [
    f("capacity", 728, 4, 1),
    f("gcePersistentDisk", 238, 6, 513),
    f("awsElasticBlockStore", 172, 6, 514),
    f("hostPath", 247, 6, 515),
    f("glusterfs", 241, 6, 516),
    f("nfs", 266, 6, 517),
    f("rbd", 345, 6, 518),
    f("iscsi", 248, 6, 519),
    f("cinder", 185, 6, 520),
    f("cephfs", 183, 6, 521),
    f("fc", 233, 6, 522),
    f("flocker", 237, 6, 523),
    f("flexVolume", 235, 6, 524),
    f("azureFile", 177, 6, 525),
    f("vsphereVolume", 409, 6, 526),
    f("quobyte", 344, 6, 527),
    f("azureDisk", 176, 6, 528),
    f("photonPersistentDisk", 309, 6, 529),
    f("portworxVolume", 340, 6, 530),
    f("scaleIO", 363, 6, 531),
    f("local", 264, 6, 532),
    f("storageos", 388, 6, 533),
    f("csi", 180, 6, 534),
    g("accessModes", 662, 4, 3, "", &V38, ""),
    f("claimRef", 296, 6, 4),
    g("persistentVolumeReclaimPolicy", 0, 4, 5, "", &V41, ""),
    f("storageClassName", 0, 4, 6),
    f("mountOptions", 662, 4, 7),
    g("volumeMode", 0, 6, 8, "", &V39, ""),
    f("nodeAffinity", 405, 6, 9),
    f("volumeAttributesClassName", 0, 6, 10),
];

pub(super) static PERSISTENT_VOLUME_STATUS: [Field; 4] = [
    g("phase", 0, 4, 1, "", &V42, ""),
    f("message", 0, 4, 2),
    f("reason", 0, 4, 3),
    f("lastPhaseTransitionTime", 7, 6, 4),
];

pub(super) static PHOTON_PERSISTENT_DISK_VOLUME_SOURCE: [Field; 2] = [
    g("pdID", 0, 1, 1, "\"\"", &[], ""),
    f("fsType", 0, 4, 2),
];

pub(super) static POD: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 333, 0, 2, "{}", &[], ""),
    g("status", 334, 0, 3, "{}", &[], ""),
];

pub(super) static POD_AFFINITY: [Field; 2] = [
    f("requiredDuringSchedulingIgnoredDuringExecution", 760, 4, 1),
    f("preferredDuringSchedulingIgnoredDuringExecution", 761, 4, 2),
];

pub(super) static POD_AFFINITY_TERM: [Field; 6] = [
    f("labelSelector", 627, 6, 1),
    f("namespaces", 662, 4, 2),
    g("topologyKey", 0, 1, 3, "\"\"", &[], ""),
    f("namespaceSelector", 627, 6, 4),
    f("matchLabelKeys", 662, 4, 5),
    f("mismatchLabelKeys", 662, 4, 6),
];

pub(super) static POD_ANTI_AFFINITY: [Field; 2] = [
    f("requiredDuringSchedulingIgnoredDuringExecution", 760, 4, 1),
    f("preferredDuringSchedulingIgnoredDuringExecution", 761, 4, 2),
];

pub(super) static POD_ATTACH_OPTIONS: [Field; 7] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("stdin", 4, 4, 1),
    f("stdout", 4, 4, 2),
    f("stderr", 4, 4, 3),
    f("tty", 4, 4, 4),
    f("container", 0, 4, 5),
];

pub(super) static POD_CERTIFICATE_PROJECTION: [Field; 8] = [
    f("signerName", 0, 5, 1),
    f("keyType", 0, 5, 2),
    f("maxExpirationSeconds", 1, 6, 3),
    f("credentialBundlePath", 0, 4, 4),
    f("keyPath", 0, 4, 5),
    f("certificateChainPath", 0, 4, 6),
    f("userAnnotations", 714, 4, 7),
    f("user", 2, 6, 8),
];

pub(super) static POD_CONDITION: [Field; 7] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    f("observedGeneration", 2, 4, 7),
    g("status", 0, 1, 2, "\"\"", &[], ""),
    f("lastProbeTime", 7, 0, 3),
    f("lastTransitionTime", 7, 0, 4),
    f("reason", 0, 4, 5),
    f("message", 0, 4, 6),
];

pub(super) static POD_DNS_CONFIG: [Field; 3] = [
    f("nameservers", 662, 4, 1),
    f("searches", 662, 4, 2),
    f("options", 762, 4, 3),
];

pub(super) static POD_DNS_CONFIG_OPTION: [Field; 2] = [
    f("name", 0, 4, 1),
    f("value", 0, 6, 2),
];

pub(super) static POD_EXEC_OPTIONS: [Field; 8] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("stdin", 4, 4, 1),
    f("stdout", 4, 4, 2),
    f("stderr", 4, 4, 3),
    f("tty", 4, 4, 4),
    f("container", 0, 4, 5),
    f("command", 662, 0, 6),
];

pub(super) static POD_EXTENDED_RESOURCE_CLAIM_STATUS: [Field; 2] = [
    f("requestMappings", 763, 1, 1),
    g("resourceClaimName", 0, 1, 2, "\"\"", &[], ""),
];

pub(super) static POD_IP: [Field; 1] = [
    g("ip", 0, 1, 1, "\"\"", &[], ""),
];

pub(super) static POD_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 764, 1, 2),
];

pub(super) static POD_LOG_OPTIONS: [Field; 12] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("container", 0, 4, 1),
    f("follow", 4, 4, 2),
    f("previous", 4, 4, 3),
    f("sinceSeconds", 2, 6, 4),
    f("sinceTime", 7, 6, 5),
    f("timestamps", 4, 4, 6),
    f("tailLines", 2, 6, 7),
    f("limitBytes", 2, 6, 8),
    f("insecureSkipTLSVerifyBackend", 4, 4, 9),
    f("stream", 0, 6, 10),
];

pub(super) static POD_OS: [Field; 1] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
];

pub(super) static POD_PORT_FORWARD_OPTIONS: [Field; 3] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("ports", 765, 4, 1),
];

pub(super) static POD_PROXY_OPTIONS: [Field; 3] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("path", 0, 4, 1),
];

pub(super) static POD_READINESS_GATE: [Field; 1] = [
    g("conditionType", 0, 1, 1, "\"\"", &[], ""),
];

pub(super) static POD_RESOURCE_CLAIM: [Field; 3] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("resourceClaimName", 0, 6, 3),
    f("resourceClaimTemplateName", 0, 6, 4),
];

pub(super) static POD_RESOURCE_CLAIM_STATUS: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("resourceClaimName", 0, 6, 2),
];

pub(super) static POD_SCHEDULING_GATE: [Field; 1] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
];

pub(super) static POD_SCHEDULING_GROUP: [Field; 1] = [
    f("podGroupName", 0, 6, 1),
];

pub(super) static POD_SECURITY_CONTEXT: [Field; 13] = [
    f("seLinuxOptions", 362, 6, 1),
    f("windowsOptions", 411, 6, 8),
    f("runAsUser", 2, 6, 2),
    f("runAsGroup", 2, 6, 6),
    f("runAsNonRoot", 4, 6, 3),
    f("supplementalGroups", 740, 4, 4),
    g("supplementalGroupsPolicy", 0, 6, 12, "", &V43, ""),
    f("fsGroup", 2, 6, 5),
    f("sysctls", 766, 4, 7),
    g("fsGroupChangePolicy", 0, 6, 9, "", &V44, ""),
    f("seccompProfile", 367, 6, 10),
    f("appArmorProfile", 174, 6, 11),
    f("seLinuxChangePolicy", 0, 6, 13),
];

pub(super) static POD_SPEC: [Field; 43] = [
    g("volumes", 767, 28, 1, "", &[], "name"),
    g("initContainers", 768, 12, 20, "", &[], "name"),
    g("containers", 768, 9, 2, "", &[], "name"),
    g("ephemeralContainers", 769, 12, 34, "", &[], "name"),
    g("restartPolicy", 0, 4, 3, "", &V45, ""),
    f("terminationGracePeriodSeconds", 2, 6, 4),
    f("activeDeadlineSeconds", 2, 6, 5),
    g("dnsPolicy", 0, 4, 6, "", &V46, ""),
    f("nodeSelector", 770, 4, 7),
    f("serviceAccountName", 0, 4, 8),
    f("serviceAccount", 0, 4, 9),
    f("automountServiceAccountToken", 4, 6, 21),
    f("nodeName", 0, 4, 10),
    f("hostNetwork", 4, 4, 11),
    f("hostPID", 4, 4, 12),
    f("hostIPC", 4, 4, 13),
    f("shareProcessNamespace", 4, 6, 27),
    f("securityContext", 332, 6, 14),
    g("imagePullSecrets", 771, 12, 15, "", &[], "name"),
    f("hostname", 0, 4, 16),
    f("subdomain", 0, 4, 17),
    f("affinity", 173, 6, 18),
    f("schedulerName", 0, 4, 19),
    f("tolerations", 772, 4, 22),
    g("hostAliases", 773, 12, 23, "", &[], "ip"),
    f("priorityClassName", 0, 4, 24),
    f("priority", 1, 6, 25),
    f("dnsConfig", 317, 6, 26),
    f("readinessGates", 774, 4, 28),
    f("runtimeClassName", 0, 6, 29),
    f("enableServiceLinks", 4, 6, 30),
    g("preemptionPolicy", 0, 6, 31, "", &V48, ""),
    f("overhead", 728, 4, 32),
    g("topologySpreadConstraints", 775, 12, 33, "", &[], "topologyKey"),
    f("setHostnameAsFQDN", 4, 6, 35),
    f("os", 324, 6, 36),
    f("hostUsers", 4, 6, 37),
    g("schedulingGates", 776, 12, 38, "", &[], "name"),
    g("resourceClaims", 777, 28, 39, "", &[], "name"),
    f("resources", 360, 6, 40),
    f("hostnameOverride", 0, 6, 41),
    f("schedulingGroup", 331, 6, 43),
    g("evictionResponders", 778, 12, 44, "", &[], "name"),
];

pub(super) static POD_STATUS: [Field; 22] = [
    f("observedGeneration", 2, 4, 17),
    g("phase", 0, 4, 1, "", &V50, ""),
    g("conditions", 779, 12, 2, "", &[], "type"),
    f("message", 0, 4, 3),
    f("reason", 0, 4, 4),
    f("nominatedNodeName", 0, 4, 11),
    f("hostIP", 0, 4, 5),
    g("hostIPs", 780, 12, 16, "", &[], "ip"),
    f("podIP", 0, 4, 6),
    g("podIPs", 781, 12, 12, "", &[], "ip"),
    f("startTime", 7, 6, 7),
    f("initContainerStatuses", 782, 4, 10),
    f("containerStatuses", 782, 4, 8),
    g("qosClass", 0, 4, 9, "", &V51, ""),
    f("ephemeralContainerStatuses", 782, 4, 13),
    f("resize", 0, 4, 14),
    g("resourceClaimStatuses", 783, 28, 15, "", &[], "name"),
    f("extendedResourceClaimStatus", 320, 6, 18),
    f("allocatedResources", 728, 4, 19),
    f("resources", 360, 6, 20),
    g("nodeAllocatableResourceClaimStatuses", 784, 12, 21, "", &[], "resourceClaimName"),
    f("volumeHealth", 785, 4, 22),
];

pub(super) static POD_TEMPLATE: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("template", 337, 0, 2, "{}", &[], ""),
];

pub(super) static POD_TEMPLATE_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 786, 1, 2),
];

pub(super) static POD_TEMPLATE_SPEC: [Field; 2] = [
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 333, 0, 2, "{}", &[], ""),
];

pub(super) static POD_VOLUME_HEALTH: [Field; 3] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("healthConditions", 787, 12, 2, "", &[], "status"),
    f("lastTransitionTime", 7, 0, 3),
];

pub(super) static PORT_STATUS: [Field; 3] = [
    g("port", 1, 1, 1, "0", &[], ""),
    g("protocol", 0, 1, 2, "\"\"", &V28, ""),
    f("error", 0, 6, 3),
];

pub(super) static PORTWORX_VOLUME_SOURCE: [Field; 3] = [
    g("volumeID", 0, 1, 1, "\"\"", &[], ""),
    f("fsType", 0, 4, 2),
    f("readOnly", 4, 4, 3),
];

pub(super) static PREFERRED_SCHEDULING_TERM: [Field; 2] = [
    g("weight", 1, 1, 1, "0", &[], ""),
    g("preference", 290, 1, 2, "{}", &[], ""),
];

pub(super) static PROBE: [Field; 10] = [
    f("exec", 232, 6, 257),
    f("httpGet", 243, 6, 258),
    f("tcpSocket", 391, 6, 259),
    f("grpc", 239, 6, 260),
    f("initialDelaySeconds", 1, 4, 2),
    f("timeoutSeconds", 1, 4, 3),
    f("periodSeconds", 1, 4, 4),
    f("successThreshold", 1, 4, 5),
    f("failureThreshold", 1, 4, 6),
    f("terminationGracePeriodSeconds", 2, 6, 7),
];

pub(super) static PROJECTED_VOLUME_SOURCE: [Field; 3] = [
    f("sources", 788, 0, 1),
    f("defaultMode", 1, 6, 2),
    f("defaultUser", 2, 6, 3),
];

pub(super) static QUOBYTE_VOLUME_SOURCE: [Field; 6] = [
    g("registry", 0, 1, 1, "\"\"", &[], ""),
    g("volume", 0, 1, 2, "\"\"", &[], ""),
    f("readOnly", 4, 4, 3),
    f("user", 0, 4, 4),
    f("group", 0, 4, 5),
    f("tenant", 0, 4, 6),
];

pub(super) static RBD_PERSISTENT_VOLUME_SOURCE: [Field; 8] = [
    f("monitors", 662, 1, 1),
    g("image", 0, 1, 2, "\"\"", &[], ""),
    f("fsType", 0, 4, 3),
    g("pool", 0, 4, 4, "\"rbd\"", &[], ""),
    g("user", 0, 4, 5, "\"admin\"", &[], ""),
    g("keyring", 0, 4, 6, "\"/etc/ceph/keyring\"", &[], ""),
    f("secretRef", 373, 6, 7),
    f("readOnly", 4, 4, 8),
];

pub(super) static RBD_VOLUME_SOURCE: [Field; 8] = [
    f("monitors", 662, 1, 1),
    g("image", 0, 1, 2, "\"\"", &[], ""),
    f("fsType", 0, 4, 3),
    g("pool", 0, 4, 4, "\"rbd\"", &[], ""),
    g("user", 0, 4, 5, "\"admin\"", &[], ""),
    g("keyring", 0, 4, 6, "\"/etc/ceph/keyring\"", &[], ""),
    f("secretRef", 263, 6, 7),
    f("readOnly", 4, 4, 8),
];

pub(super) static RANGE_ALLOCATION: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("metadata", 632, 0, 1),
    f("range", 0, 0, 2),
    f("data", 10, 0, 3),
];

pub(super) static REPLICATION_CONTROLLER: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 351, 0, 2, "{}", &[], ""),
    g("status", 352, 0, 3, "{}", &[], ""),
];

pub(super) static REPLICATION_CONTROLLER_CONDITION: [Field; 5] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    g("status", 0, 1, 2, "\"\"", &[], ""),
    f("lastTransitionTime", 7, 0, 3),
    f("reason", 0, 4, 4),
    f("message", 0, 4, 5),
];

pub(super) static REPLICATION_CONTROLLER_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 789, 1, 2),
];

pub(super) static REPLICATION_CONTROLLER_SPEC: [Field; 4] = [
    g("replicas", 1, 6, 1, "1", &[], ""),
    g("minReadySeconds", 1, 4, 4, "0", &[], ""),
    f("selector", 770, 4, 2),
    f("template", 337, 6, 3),
];

pub(super) static REPLICATION_CONTROLLER_STATUS: [Field; 6] = [
    g("replicas", 1, 1, 1, "0", &[], ""),
    f("fullyLabeledReplicas", 1, 4, 2),
    f("readyReplicas", 1, 4, 4),
    f("availableReplicas", 1, 4, 5),
    f("observedGeneration", 2, 4, 3),
    g("conditions", 790, 12, 6, "", &[], "type"),
];

pub(super) static RESOURCE_CLAIM: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("request", 0, 4, 2),
];

pub(super) static RESOURCE_FIELD_SELECTOR: [Field; 3] = [
    f("containerName", 0, 4, 1),
    g("resource", 0, 1, 2, "\"\"", &[], ""),
    f("divisor", 6, 0, 3),
];

pub(super) static RESOURCE_HEALTH: [Field; 3] = [
    g("resourceID", 0, 1, 1, "\"\"", &[], ""),
    f("health", 0, 4, 2),
    f("message", 0, 6, 6),
];

pub(super) static RESOURCE_QUOTA: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 358, 0, 2, "{}", &[], ""),
    g("status", 359, 0, 3, "{}", &[], ""),
];

pub(super) static RESOURCE_QUOTA_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 791, 1, 2),
];

pub(super) static RESOURCE_QUOTA_SPEC: [Field; 3] = [
    f("hard", 728, 4, 1),
    g("scopes", 662, 4, 2, "", &V54, ""),
    f("scopeSelector", 365, 6, 3),
];

pub(super) static RESOURCE_QUOTA_STATUS: [Field; 2] = [
    f("hard", 728, 4, 1),
    f("used", 728, 4, 2),
];

pub(super) static RESOURCE_REQUIREMENTS: [Field; 3] = [
    f("limits", 728, 4, 1),
    f("requests", 728, 4, 2),
    f("claims", 792, 4, 3),
];

pub(super) static RESOURCE_STATUS: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("resources", 793, 4, 2),
];

pub(super) static SE_LINUX_OPTIONS: [Field; 4] = [
    f("user", 0, 4, 1),
    f("role", 0, 4, 2),
    f("type", 0, 4, 3),
    f("level", 0, 4, 4),
];

pub(super) static SCALE_IO_PERSISTENT_VOLUME_SOURCE: [Field; 10] = [
    g("gateway", 0, 1, 1, "\"\"", &[], ""),
    g("system", 0, 1, 2, "\"\"", &[], ""),
    f("secretRef", 373, 3, 3),
    f("sslEnabled", 4, 4, 4),
    f("protectionDomain", 0, 4, 5),
    f("storagePool", 0, 4, 6),
    g("storageMode", 0, 4, 7, "\"ThinProvisioned\"", &[], ""),
    f("volumeName", 0, 4, 8),
    g("fsType", 0, 4, 9, "\"xfs\"", &[], ""),
    f("readOnly", 4, 4, 10),
];

pub(super) static SCALE_IO_VOLUME_SOURCE: [Field; 10] = [
    g("gateway", 0, 1, 1, "\"\"", &[], ""),
    g("system", 0, 1, 2, "\"\"", &[], ""),
    f("secretRef", 263, 3, 3),
    f("sslEnabled", 4, 4, 4),
    f("protectionDomain", 0, 4, 5),
    f("storagePool", 0, 4, 6),
    g("storageMode", 0, 4, 7, "\"ThinProvisioned\"", &[], ""),
    f("volumeName", 0, 4, 8),
    g("fsType", 0, 4, 9, "\"xfs\"", &[], ""),
    f("readOnly", 4, 4, 10),
];

pub(super) static SCOPE_SELECTOR: [Field; 1] = [
    f("matchExpressions", 794, 4, 1),
];

pub(super) static SCOPED_RESOURCE_SELECTOR_REQUIREMENT: [Field; 3] = [
    g("scopeName", 0, 1, 1, "\"\"", &V54, ""),
    g("operator", 0, 1, 2, "\"\"", &V56, ""),
    f("values", 662, 4, 3),
];

pub(super) static SECCOMP_PROFILE: [Field; 2] = [
    g("type", 0, 1, 1, "\"\"", &V20, ""),
    f("localhostProfile", 0, 6, 2),
];

pub(super) static SECRET: [Field; 7] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    f("immutable", 4, 6, 5),
    f("data", 718, 4, 2),
    f("stringData", 714, 4, 4),
    f("type", 0, 4, 3),
];

pub(super) static SECRET_ENV_SOURCE: [Field; 2] = [
    g("name", 0, 4, 257, "\"\"", &[], ""),
    f("optional", 4, 6, 2),
];

pub(super) static SECRET_KEY_SELECTOR: [Field; 3] = [
    g("name", 0, 4, 257, "\"\"", &[], ""),
    g("key", 0, 1, 2, "\"\"", &[], ""),
    f("optional", 4, 6, 3),
];

pub(super) static SECRET_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 795, 1, 2),
];

pub(super) static SECRET_PROJECTION: [Field; 3] = [
    g("name", 0, 4, 257, "\"\"", &[], ""),
    f("items", 720, 4, 2),
    f("optional", 4, 6, 4),
];

pub(super) static SECRET_REFERENCE: [Field; 2] = [
    f("name", 0, 4, 1),
    f("namespace", 0, 4, 2),
];

pub(super) static SECRET_VOLUME_SOURCE: [Field; 5] = [
    f("secretName", 0, 4, 1),
    f("items", 720, 4, 2),
    f("defaultMode", 1, 6, 3),
    f("optional", 4, 6, 4),
    f("defaultUser", 2, 6, 5),
];

pub(super) static SECURITY_CONTEXT: [Field; 12] = [
    f("capabilities", 182, 6, 1),
    f("privileged", 4, 6, 2),
    f("seLinuxOptions", 362, 6, 3),
    f("windowsOptions", 411, 6, 10),
    f("runAsUser", 2, 6, 4),
    f("runAsGroup", 2, 6, 8),
    f("runAsNonRoot", 4, 6, 5),
    f("readOnlyRootFilesystem", 4, 6, 6),
    f("allowPrivilegeEscalation", 4, 6, 7),
    g("procMount", 0, 6, 9, "", &V57, ""),
    f("seccompProfile", 367, 6, 11),
    f("appArmorProfile", 174, 6, 12),
];

pub(super) static SERIALIZED_REFERENCE: [Field; 3] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("reference", 297, 0, 1),
];

pub(super) static SERVICE: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 384, 0, 2, "{}", &[], ""),
    g("status", 385, 0, 3, "{}", &[], ""),
];

pub(super) static SERVICE_ACCOUNT: [Field; 6] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("secrets", 796, 12, 2, "", &[], "name"),
    f("imagePullSecrets", 797, 4, 3),
    f("automountServiceAccountToken", 4, 6, 4),
];

pub(super) static SERVICE_ACCOUNT_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 798, 1, 2),
];

pub(super) static SERVICE_ACCOUNT_TOKEN_PROJECTION: [Field; 4] = [
    f("audience", 0, 4, 1),
    f("expirationSeconds", 2, 6, 2),
    g("path", 0, 1, 3, "\"\"", &[], ""),
    f("user", 2, 6, 4),
];

pub(super) static SERVICE_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 799, 1, 2),
];

pub(super) static SERVICE_PORT: [Field; 6] = [
    f("name", 0, 4, 1),
    g("protocol", 0, 4, 2, "\"TCP\"", &V28, ""),
    f("appProtocol", 0, 6, 6),
    g("port", 1, 1, 3, "0", &[], ""),
    f("targetPort", 5, 0, 4),
    f("nodePort", 1, 4, 5),
];

pub(super) static SERVICE_PROXY_OPTIONS: [Field; 3] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("path", 0, 4, 1),
];

pub(super) static SERVICE_SPEC: [Field; 20] = [
    g("ports", 800, 12, 1, "", &[], "port"),
    f("selector", 770, 4, 2),
    f("clusterIP", 0, 4, 3),
    f("clusterIPs", 662, 4, 18),
    g("type", 0, 4, 4, "", &V59, ""),
    f("externalIPs", 662, 4, 5),
    g("sessionAffinity", 0, 4, 7, "", &V60, ""),
    f("loadBalancerIP", 0, 4, 8),
    f("loadBalancerSourceRanges", 662, 4, 9),
    f("externalName", 0, 4, 10),
    g("externalTrafficPolicy", 0, 4, 11, "", &V61, ""),
    f("healthCheckNodePort", 1, 4, 12),
    f("publishNotReadyAddresses", 4, 4, 13),
    f("sessionAffinityConfig", 386, 6, 14),
    g("ipFamilies", 662, 4, 19, "", &V62, ""),
    g("ipFamilyPolicy", 0, 6, 17, "", &V63, ""),
    f("allocateLoadBalancerNodePorts", 4, 6, 20),
    f("loadBalancerClass", 0, 6, 21),
    g("internalTrafficPolicy", 0, 6, 22, "", &V61, ""),
    f("trafficDistribution", 0, 6, 23),
];

pub(super) static SERVICE_STATUS: [Field; 2] = [
    g("loadBalancer", 262, 0, 1, "{}", &[], ""),
    g("conditions", 672, 12, 2, "", &[], "type"),
];

pub(super) static SESSION_AFFINITY_CONFIG: [Field; 1] = [
    f("clientIP", 187, 6, 1),
];

pub(super) static SLEEP_ACTION: [Field; 1] = [
    g("seconds", 2, 1, 1, "0", &[], ""),
];

pub(super) static STORAGE_OS_PERSISTENT_VOLUME_SOURCE: [Field; 5] = [
    f("volumeName", 0, 4, 1),
    f("volumeNamespace", 0, 4, 2),
    f("fsType", 0, 4, 3),
    f("readOnly", 4, 4, 4),
    f("secretRef", 297, 6, 5),
];

pub(super) static STORAGE_OS_VOLUME_SOURCE: [Field; 5] = [
    f("volumeName", 0, 4, 1),
    f("volumeNamespace", 0, 4, 2),
    f("fsType", 0, 4, 3),
    f("readOnly", 4, 4, 4),
    f("secretRef", 263, 6, 5),
];

pub(super) static SYSCTL: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("value", 0, 1, 2, "\"\"", &[], ""),
];

pub(super) static TCP_SOCKET_ACTION: [Field; 2] = [
    f("port", 5, 1, 1),
    f("host", 0, 4, 2),
];

pub(super) static TAINT: [Field; 4] = [
    g("key", 0, 1, 1, "\"\"", &[], ""),
    f("value", 0, 4, 2),
    g("effect", 0, 1, 3, "\"\"", &V64, ""),
    f("timeAdded", 7, 6, 4),
];

pub(super) static TOLERATION: [Field; 5] = [
    f("key", 0, 4, 1),
    g("operator", 0, 4, 2, "", &V65, ""),
    f("value", 0, 4, 3),
    g("effect", 0, 4, 4, "", &V64, ""),
    f("tolerationSeconds", 2, 6, 5),
];

pub(super) static TOPOLOGY_SELECTOR_LABEL_REQUIREMENT: [Field; 2] = [
    g("key", 0, 1, 1, "\"\"", &[], ""),
    f("values", 662, 1, 2),
];

pub(super) static TOPOLOGY_SELECTOR_TERM: [Field; 1] = [
    f("matchLabelExpressions", 801, 4, 1),
];

pub(super) static TOPOLOGY_SPREAD_CONSTRAINT: [Field; 8] = [
    g("maxSkew", 1, 1, 1, "0", &[], ""),
    g("topologyKey", 0, 1, 2, "\"\"", &[], ""),
    g("whenUnsatisfiable", 0, 1, 3, "\"\"", &V66, ""),
    f("labelSelector", 627, 6, 4),
    f("minDomains", 1, 6, 5),
    g("nodeAffinityPolicy", 0, 6, 6, "", &V67, ""),
    g("nodeTaintsPolicy", 0, 6, 7, "", &V67, ""),
    f("matchLabelKeys", 662, 4, 8),
];

pub(super) static TYPED_LOCAL_OBJECT_REFERENCE: [Field; 3] = [
    f("apiGroup", 0, 2, 1),
    g("kind", 0, 1, 2, "\"\"", &[], ""),
    g("name", 0, 1, 3, "\"\"", &[], ""),
];

pub(super) static TYPED_OBJECT_REFERENCE: [Field; 4] = [
    f("apiGroup", 0, 2, 1),
    g("kind", 0, 1, 2, "\"\"", &[], ""),
    g("name", 0, 1, 3, "\"\"", &[], ""),
    f("namespace", 0, 6, 4),
];

pub(super) static VOLUME: [Field; 31] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("hostPath", 247, 6, 513),
    f("emptyDir", 216, 6, 514),
    f("gcePersistentDisk", 238, 6, 515),
    f("awsElasticBlockStore", 172, 6, 516),
    f("gitRepo", 240, 6, 517),
    f("secret", 374, 6, 518),
    f("nfs", 266, 6, 519),
    f("iscsi", 249, 6, 520),
    f("glusterfs", 242, 6, 521),
    f("persistentVolumeClaim", 305, 6, 522),
    f("rbd", 346, 6, 523),
    f("flexVolume", 236, 6, 524),
    f("cinder", 186, 6, 525),
    f("cephfs", 184, 6, 526),
    f("flocker", 237, 6, 527),
    f("downwardAPI", 215, 6, 528),
    f("fc", 233, 6, 529),
    f("azureFile", 178, 6, 530),
    f("configMap", 198, 6, 531),
    f("vsphereVolume", 409, 6, 532),
    f("quobyte", 344, 6, 533),
    f("azureDisk", 176, 6, 534),
    f("photonPersistentDisk", 309, 6, 535),
    f("projected", 343, 6, 538),
    f("portworxVolume", 340, 6, 536),
    f("scaleIO", 364, 6, 537),
    f("storageos", 389, 6, 539),
    f("csi", 181, 6, 540),
    f("ephemeral", 226, 6, 541),
    f("image", 250, 6, 542),
];

pub(super) static VOLUME_DEVICE: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("devicePath", 0, 1, 2, "\"\"", &[], ""),
];

pub(super) static VOLUME_HEALTH_CONDITION: [Field; 3] = [
    g("status", 0, 1, 1, "\"\"", &V68, ""),
    g("reason", 0, 1, 2, "\"\"", &[], ""),
    f("message", 0, 4, 3),
];

pub(super) static VOLUME_HEALTH_STATUS: [Field; 2] = [
    g("healthConditions", 787, 12, 1, "", &[], "status"),
    f("lastTransitionTime", 7, 0, 2),
];

pub(super) static VOLUME_MOUNT: [Field; 8] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    f("readOnly", 4, 4, 2),
    f("recursiveReadOnly", 0, 6, 7),
    g("mountPath", 0, 1, 3, "\"\"", &[], ""),
    f("subPath", 0, 4, 4),
    g("mountPropagation", 0, 6, 5, "", &V69, ""),
    f("subPathExpr", 0, 4, 6),
    f("bindMountOptions", 667, 4, 8),
];

pub(super) static VOLUME_MOUNT_STATUS: [Field; 5] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("mountPath", 0, 1, 2, "\"\"", &[], ""),
    f("readOnly", 4, 4, 3),
    f("recursiveReadOnly", 0, 6, 4),
    f("volumeStatus", 408, 6, 5),
];

pub(super) static VOLUME_NODE_AFFINITY: [Field; 1] = [
    f("required", 288, 6, 1),
];

pub(super) static VOLUME_PROJECTION: [Field; 6] = [
    f("secret", 372, 6, 1),
    f("downwardAPI", 213, 6, 2),
    f("configMap", 197, 6, 3),
    f("serviceAccountToken", 380, 6, 4),
    f("clusterTrustBundle", 188, 6, 5),
    f("podCertificate", 315, 6, 6),
];

pub(super) static VOLUME_RESOURCE_REQUIREMENTS: [Field; 2] = [
    f("limits", 728, 4, 1),
    f("requests", 728, 4, 2),
];

pub(super) static VOLUME_STATUS: [Field; 1] = [
    f("image", 251, 6, 1),
];

pub(super) static VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE: [Field; 4] = [
    g("volumePath", 0, 1, 1, "\"\"", &[], ""),
    f("fsType", 0, 4, 2),
    f("storagePolicyName", 0, 4, 3),
    f("storagePolicyID", 0, 4, 4),
];

pub(super) static WEIGHTED_POD_AFFINITY_TERM: [Field; 2] = [
    g("weight", 1, 1, 1, "0", &[], ""),
    g("podAffinityTerm", 312, 1, 2, "{}", &[], ""),
];

pub(super) static WINDOWS_SECURITY_CONTEXT_OPTIONS: [Field; 4] = [
    f("gmsaCredentialSpecName", 0, 6, 1),
    f("gmsaCredentialSpec", 0, 6, 2),
    f("runAsUserName", 0, 6, 3),
    f("hostProcess", 4, 6, 4),
];

