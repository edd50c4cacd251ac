//! Made by `cargo xtask codegen`; do not edit.

use super::{f};
use apimachinery::schema::Field;

pub(super) static API_GROUP_DISCOVERY: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("metadata", 632, 0, 1),
    f("versions", 675, 4, 2),
];

pub(super) static API_GROUP_DISCOVERY_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("metadata", 629, 0, 1),
    f("items", 676, 0, 2),
];

pub(super) static API_RESOURCE_DISCOVERY: [Field; 8] = [
    f("resource", 0, 0, 1),
    f("responseKind", 626, 6, 2),
    f("scope", 0, 0, 3),
    f("singularResource", 0, 0, 4),
    f("verbs", 662, 0, 5),
    f("shortNames", 662, 4, 6),
    f("categories", 662, 4, 7),
    f("subresources", 677, 4, 8),
];

pub(super) static API_SUBRESOURCE_DISCOVERY: [Field; 4] = [
    f("subresource", 0, 0, 1),
    f("responseKind", 626, 6, 2),
    f("acceptedTypes", 678, 4, 3),
    f("verbs", 662, 0, 4),
];

pub(super) static API_VERSION_DISCOVERY: [Field; 3] = [
    f("version", 0, 0, 1),
    f("resources", 679, 4, 2),
    f("freshness", 0, 4, 3),
];

