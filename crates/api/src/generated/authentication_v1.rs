//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g};
use apimachinery::schema::Field;

pub(super) static BOUND_OBJECT_REFERENCE: [Field; 4] = [
    f("kind", 0, 4, 1),
    f("apiVersion", 0, 4, 2),
    f("name", 0, 4, 3),
    f("uid", 0, 4, 4),
];

pub(super) static SELF_SUBJECT_REVIEW: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("status", 84, 0, 2, "{}", &[], ""),
];

pub(super) static SELF_SUBJECT_REVIEW_STATUS: [Field; 1] = [
    g("userInfo", 91, 0, 1, "{}", &[], ""),
];

pub(super) static TOKEN_REQUEST: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 86, 0, 2, "{}", &[], ""),
    g("status", 87, 0, 3, "{}", &[], ""),
];

pub(super) static TOKEN_REQUEST_SPEC: [Field; 4] = [
    f("audiences", 662, 0, 1),
    f("expirationSeconds", 2, 2, 4),
    f("boundObjectRef", 82, 2, 3),
    f("attestations", 690, 4, 5),
];

pub(super) static TOKEN_REQUEST_STATUS: [Field; 2] = [
    g("token", 0, 0, 1, "\"\"", &[], ""),
    f("expirationTimestamp", 7, 0, 2),
];

pub(super) static TOKEN_REVIEW: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 89, 1, 2, "{}", &[], ""),
    g("status", 90, 0, 3, "{}", &[], ""),
];

pub(super) static TOKEN_REVIEW_SPEC: [Field; 2] = [
    f("token", 0, 5, 1),
    f("audiences", 662, 4, 2),
];

pub(super) static TOKEN_REVIEW_STATUS: [Field; 4] = [
    f("authenticated", 4, 4, 1),
    g("user", 91, 0, 2, "{}", &[], ""),
    f("audiences", 662, 4, 4),
    f("error", 0, 4, 3),
];

pub(super) static USER_INFO: [Field; 4] = [
    f("username", 0, 4, 1),
    f("uid", 0, 4, 2),
    f("groups", 662, 4, 3),
    f("extra", 690, 4, 4),
];

