//! Made by `cargo xtask codegen`; do not edit.

use super::{f};
use apimachinery::schema::Field;

pub(super) static API_GROUP_DISCOVERY: [Field; 4] = [
    f("kind", 0, 4, 1),
    f("apiVersion", 0, 4, 2),
    f("metadata", 631, 0, 1),
    f("versions", 674, 4, 2),
];

pub(super) static API_GROUP_DISCOVERY_LIST: [Field; 4] = [
    f("kind", 0, 4, 1),
    f("apiVersion", 0, 4, 2),
    f("metadata", 628, 0, 1),
    f("items", 675, 0, 2),
];

pub(super) static API_RESOURCE_DISCOVERY: [Field; 8] = [
    f("resource", 0, 0, 1),
    f("responseKind", 625, 6, 2),
    f("scope", 0, 0, 3),
    f("singularResource", 0, 0, 4),
    f("verbs", 661, 0, 5),
    f("shortNames", 661, 4, 6),
    f("categories", 661, 4, 7),
    f("subresources", 676, 4, 8),
];

pub(super) static API_SUBRESOURCE_DISCOVERY: [Field; 4] = [
    f("subresource", 0, 0, 1),
    f("responseKind", 625, 6, 2),
    f("acceptedTypes", 677, 4, 3),
    f("verbs", 661, 0, 4),
];

pub(super) static API_VERSION_DISCOVERY: [Field; 3] = [
    f("version", 0, 0, 1),
    f("resources", 678, 4, 2),
    f("freshness", 0, 4, 3),
];

