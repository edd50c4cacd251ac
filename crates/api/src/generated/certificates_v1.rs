//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g, nodes::*};
use apimachinery::schema::Field;

pub(super) static CERTIFICATE_SIGNING_REQUEST: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 160, 1, 2, "{}", &[], ""),
    g("status", 161, 0, 3, "{}", &[], ""),
];

pub(super) static CERTIFICATE_SIGNING_REQUEST_CONDITION: [Field; 6] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    g("status", 0, 1, 6, "\"\"", &[], ""),
    f("reason", 0, 4, 2),
    f("message", 0, 4, 3),
    f("lastUpdateTime", 7, 0, 4),
    f("lastTransitionTime", 7, 0, 5),
];

pub(super) static CERTIFICATE_SIGNING_REQUEST_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 710, 1, 2),
];

pub(super) static CERTIFICATE_SIGNING_REQUEST_SPEC: [Field; 8] = [
    f("request", 10, 1, 1),
    g("signerName", 0, 1, 7, "\"\"", &[], ""),
    f("expirationSeconds", 1, 6, 8),
    g("usages", 662, 4, 5, "", &V19, ""),
    f("username", 0, 4, 2),
    f("uid", 0, 4, 3),
    f("groups", 662, 4, 4),
    f("extra", 690, 4, 6),
];

pub(super) static CERTIFICATE_SIGNING_REQUEST_STATUS: [Field; 2] = [
    f("conditions", 711, 4, 1),
    f("certificate", 10, 4, 2),
];

pub(super) static CLUSTER_TRUST_BUNDLE: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 164, 1, 2, "{}", &[], ""),
];

pub(super) static CLUSTER_TRUST_BUNDLE_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 712, 1, 2),
];

pub(super) static CLUSTER_TRUST_BUNDLE_SPEC: [Field; 2] = [
    f("signerName", 0, 4, 1),
    g("trustBundle", 0, 1, 2, "\"\"", &[], ""),
];

pub(super) static POD_CERTIFICATE_REQUEST: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 167, 1, 2, "{}", &[], ""),
    g("status", 168, 0, 3, "{}", &[], ""),
];

pub(super) static POD_CERTIFICATE_REQUEST_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 713, 1, 2),
];

pub(super) static POD_CERTIFICATE_REQUEST_SPEC: [Field; 10] = [
    g("signerName", 0, 1, 1, "\"\"", &[], ""),
    g("podName", 0, 1, 2, "\"\"", &[], ""),
    g("podUID", 0, 1, 3, "\"\"", &[], ""),
    g("serviceAccountName", 0, 1, 4, "\"\"", &[], ""),
    g("serviceAccountUID", 0, 1, 5, "\"\"", &[], ""),
    g("nodeName", 0, 1, 6, "\"\"", &[], ""),
    g("nodeUID", 0, 1, 7, "\"\"", &[], ""),
    g("maxExpirationSeconds", 1, 6, 8, "86400", &[], ""),
    f("stubPKCS10Request", 10, 1, 12),
    f("unverifiedUserAnnotations", 714, 4, 11),
];

pub(super) static POD_CERTIFICATE_REQUEST_STATUS: [Field; 5] = [
    g("conditions", 672, 12, 1, "", &[], "type"),
    f("certificateChain", 0, 4, 2),
    f("notBefore", 7, 6, 4),
    f("beginRefreshAt", 7, 6, 5),
    f("notAfter", 7, 6, 6),
];

