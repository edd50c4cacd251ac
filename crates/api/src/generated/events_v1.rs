//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g};
use apimachinery::schema::Field;

pub(super) static EVENT: [Field; 17] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    f("eventTime", 8, 1, 2),
    f("series", 422, 6, 3),
    f("reportingController", 0, 4, 4),
    f("reportingInstance", 0, 4, 5),
    f("action", 0, 4, 6),
    f("reason", 0, 4, 7),
    g("regarding", 297, 0, 8, "{}", &[], ""),
    f("related", 297, 6, 9),
    f("note", 0, 4, 10),
    f("type", 0, 4, 11),
    g("deprecatedSource", 230, 0, 12, "{}", &[], ""),
    f("deprecatedFirstTimestamp", 7, 0, 13),
    f("deprecatedLastTimestamp", 7, 0, 14),
    f("deprecatedCount", 1, 4, 15),
];

pub(super) static EVENT_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 807, 1, 2),
];

pub(super) static EVENT_SERIES: [Field; 2] = [
    g("count", 1, 1, 1, "0", &[], ""),
    f("lastObservedTime", 8, 1, 2),
];

