//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g, nodes::*};
use apimachinery::schema::Field;

pub(super) static HTTP_INGRESS_PATH: [Field; 3] = [
    f("path", 0, 4, 1),
    g("pathType", 0, 3, 3, "", &V71, ""),
    g("backend", 453, 1, 2, "{}", &[], ""),
];

pub(super) static HTTP_INGRESS_RULE_VALUE: [Field; 1] = [
    f("paths", 816, 1, 1),
];

pub(super) static IP_ADDRESS: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 450, 1, 2, "{}", &[], ""),
];

pub(super) static IP_ADDRESS_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 817, 1, 2),
];

pub(super) static IP_ADDRESS_SPEC: [Field; 1] = [
    f("parentRef", 474, 7, 1),
];

pub(super) static IP_BLOCK: [Field; 2] = [
    g("cidr", 0, 1, 1, "\"\"", &[], ""),
    f("except", 662, 4, 2),
];

pub(super) static INGRESS: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 464, 0, 2, "{}", &[], ""),
    g("status", 465, 0, 3, "{}", &[], ""),
];

pub(super) static INGRESS_BACKEND: [Field; 2] = [
    f("service", 463, 6, 4),
    f("resource", 397, 6, 3),
];

pub(super) static INGRESS_CLASS: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 457, 0, 2, "{}", &[], ""),
];

pub(super) static INGRESS_CLASS_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 818, 1, 2),
];

pub(super) static INGRESS_CLASS_PARAMETERS_REFERENCE: [Field; 5] = [
    f("apiGroup", 0, 6, 1),
    g("kind", 0, 1, 2, "\"\"", &[], ""),
    g("name", 0, 1, 3, "\"\"", &[], ""),
    f("scope", 0, 2, 4),
    f("namespace", 0, 6, 5),
];

pub(super) static INGRESS_CLASS_SPEC: [Field; 2] = [
    f("controller", 0, 4, 1),
    f("parameters", 456, 6, 2),
];

pub(super) static INGRESS_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 819, 1, 2),
];

pub(super) static INGRESS_LOAD_BALANCER_INGRESS: [Field; 3] = [
    f("ip", 0, 4, 1),
    f("hostname", 0, 4, 2),
    f("ports", 820, 4, 4),
];

pub(super) static INGRESS_LOAD_BALANCER_STATUS: [Field; 1] = [
    f("ingress", 821, 4, 1),
];

pub(super) static INGRESS_PORT_STATUS: [Field; 3] = [
    g("port", 1, 1, 1, "0", &[], ""),
    g("protocol", 0, 1, 2, "\"\"", &V28, ""),
    f("error", 0, 6, 3),
];

pub(super) static INGRESS_RULE: [Field; 2] = [
    f("host", 0, 4, 1),
    f("http", 447, 6, 513),
];

pub(super) static INGRESS_SERVICE_BACKEND: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("port", 475, 0, 2, "{}", &[], ""),
];

pub(super) static INGRESS_SPEC: [Field; 4] = [
    f("ingressClassName", 0, 6, 4),
    f("defaultBackend", 453, 6, 1),
    f("tls", 822, 4, 2),
    f("rules", 823, 4, 3),
];

pub(super) static INGRESS_STATUS: [Field; 1] = [
    g("loadBalancer", 460, 0, 1, "{}", &[], ""),
];

pub(super) static INGRESS_TLS: [Field; 2] = [
    f("hosts", 662, 4, 1),
    f("secretName", 0, 4, 2),
];

pub(super) static NETWORK_POLICY: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 473, 0, 2, "{}", &[], ""),
];

pub(super) static NETWORK_POLICY_EGRESS_RULE: [Field; 2] = [
    f("ports", 824, 4, 1),
    f("to", 825, 4, 2),
];

pub(super) static NETWORK_POLICY_INGRESS_RULE: [Field; 2] = [
    f("ports", 824, 4, 1),
    f("from", 825, 4, 2),
];

pub(super) static NETWORK_POLICY_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 826, 1, 2),
];

pub(super) static NETWORK_POLICY_PEER: [Field; 3] = [
    f("podSelector", 627, 6, 1),
    f("namespaceSelector", 627, 6, 2),
    f("ipBlock", 451, 6, 3),
];

pub(super) static NETWORK_POLICY_PORT: [Field; 3] = [
    g("protocol", 0, 6, 1, "", &V28, ""),
    f("port", 5, 6, 2),
    f("endPort", 1, 6, 3),
];

pub(super) static NETWORK_POLICY_SPEC: [Field; 4] = [
    g("podSelector", 627, 0, 1, "{}", &[], ""),
    f("ingress", 827, 4, 2),
    f("egress", 828, 4, 3),
    g("policyTypes", 662, 4, 4, "", &V72, ""),
];

pub(super) static PARENT_REFERENCE: [Field; 4] = [
    f("group", 0, 4, 1),
    f("resource", 0, 5, 2),
    f("namespace", 0, 4, 3),
    f("name", 0, 5, 4),
];

pub(super) static SERVICE_BACKEND_PORT: [Field; 2] = [
    f("name", 0, 4, 1),
    f("number", 1, 4, 2),
];

pub(super) static SERVICE_CIDR: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 478, 0, 2, "{}", &[], ""),
    g("status", 479, 0, 3, "{}", &[], ""),
];

pub(super) static SERVICE_CIDR_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 829, 1, 2),
];

pub(super) static SERVICE_CIDR_SPEC: [Field; 1] = [
    f("cidrs", 662, 4, 1),
];

pub(super) static SERVICE_CIDR_STATUS: [Field; 1] = [
    g("conditions", 672, 12, 1, "", &[], "type"),
];

