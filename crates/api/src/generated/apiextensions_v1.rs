//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g, nodes::*};
use apimachinery::schema::Field;

pub(super) static CONVERSION_REQUEST: [Field; 3] = [
    f("uid", 0, 0, 1),
    f("desiredAPIVersion", 0, 0, 2),
    f("objects", 741, 0, 3),
];

pub(super) static CONVERSION_RESPONSE: [Field; 3] = [
    f("uid", 0, 0, 1),
    f("convertedObjects", 741, 0, 2),
    f("result", 640, 0, 3),
];

pub(super) static CONVERSION_REVIEW: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    f("request", 591, 6, 1),
    f("response", 592, 6, 2),
];

pub(super) static CUSTOM_RESOURCE_COLUMN_DEFINITION: [Field; 6] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("type", 0, 1, 2, "\"\"", &[], ""),
    f("format", 0, 4, 3),
    f("description", 0, 4, 4),
    f("priority", 1, 4, 5),
    g("jsonPath", 0, 1, 6, "\"\"", &[], ""),
];

pub(super) static CUSTOM_RESOURCE_CONVERSION: [Field; 2] = [
    g("strategy", 0, 1, 1, "\"\"", &[], ""),
    f("webhook", 613, 6, 2),
];

pub(super) static CUSTOM_RESOURCE_DEFINITION: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 600, 1, 2, "{}", &[], ""),
    g("status", 601, 0, 3, "{}", &[], ""),
];

pub(super) static CUSTOM_RESOURCE_DEFINITION_CONDITION: [Field; 6] = [
    g("type", 0, 1, 1, "\"\"", &[], ""),
    g("status", 0, 1, 2, "\"\"", &[], ""),
    f("lastTransitionTime", 7, 0, 3),
    f("reason", 0, 4, 4),
    f("message", 0, 4, 5),
    f("observedGeneration", 2, 4, 6),
];

pub(super) static CUSTOM_RESOURCE_DEFINITION_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 881, 1, 2),
];

pub(super) static CUSTOM_RESOURCE_DEFINITION_NAMES: [Field; 6] = [
    g("plural", 0, 1, 1, "\"\"", &[], ""),
    f("singular", 0, 4, 2),
    f("shortNames", 662, 4, 3),
    g("kind", 0, 1, 4, "\"\"", &[], ""),
    f("listKind", 0, 4, 5),
    f("categories", 662, 4, 6),
];

pub(super) static CUSTOM_RESOURCE_DEFINITION_SPEC: [Field; 6] = [
    g("group", 0, 1, 1, "\"\"", &[], ""),
    g("names", 599, 1, 3, "{}", &[], ""),
    g("scope", 0, 1, 4, "\"\"", &[], ""),
    f("versions", 882, 1, 7),
    f("conversion", 595, 6, 9),
    f("preserveUnknownFields", 4, 4, 10),
];

pub(super) static CUSTOM_RESOURCE_DEFINITION_STATUS: [Field; 4] = [
    f("conditions", 883, 0, 1),
    g("acceptedNames", 599, 0, 2, "{}", &[], ""),
    f("storedVersions", 662, 0, 3),
    f("observedGeneration", 2, 4, 4),
];

pub(super) static CUSTOM_RESOURCE_DEFINITION_VERSION: [Field; 9] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("served", 4, 1, 2, "false", &[], ""),
    g("storage", 4, 1, 3, "false", &[], ""),
    f("deprecated", 4, 4, 7),
    f("deprecationWarning", 0, 6, 8),
    f("schema", 606, 6, 4),
    f("subresources", 605, 6, 5),
    f("additionalPrinterColumns", 884, 4, 6),
    f("selectableFields", 885, 4, 9),
];

pub(super) static CUSTOM_RESOURCE_SUBRESOURCE_SCALE: [Field; 3] = [
    g("specReplicasPath", 0, 1, 1, "\"\"", &[], ""),
    g("statusReplicasPath", 0, 1, 2, "\"\"", &[], ""),
    f("labelSelectorPath", 0, 6, 3),
];

pub(super) static CUSTOM_RESOURCE_SUBRESOURCE_STATUS: [Field; 0] = [
];

pub(super) static CUSTOM_RESOURCE_SUBRESOURCES: [Field; 2] = [
    f("status", 604, 6, 1),
    f("scale", 603, 6, 2),
];

pub(super) static CUSTOM_RESOURCE_VALIDATION: [Field; 1] = [
    f("openAPIV3Schema", 608, 6, 1),
];

pub(super) static EXTERNAL_DOCUMENTATION: [Field; 2] = [
    f("description", 0, 4, 1),
    f("url", 0, 4, 2),
];

pub(super) static JSON_SCHEMA_PROPS: [Field; 44] = [
    f("id", 0, 4, 1),
    f("$schema", 0, 4, 2),
    f("$ref", 0, 6, 3),
    f("description", 0, 4, 4),
    f("type", 0, 4, 5),
    f("format", 0, 4, 6),
    f("title", 0, 4, 7),
    f("default", 11, 6, 8),
    f("maximum", 3, 6, 9),
    f("exclusiveMaximum", 4, 4, 10),
    f("minimum", 3, 6, 11),
    f("exclusiveMinimum", 4, 4, 12),
    f("maxLength", 2, 6, 13),
    f("minLength", 2, 6, 14),
    f("pattern", 0, 4, 15),
    f("maxItems", 2, 6, 16),
    f("minItems", 2, 6, 17),
    f("uniqueItems", 4, 4, 18),
    f("multipleOf", 3, 6, 19),
    f("enum", 741, 4, 20),
    f("maxProperties", 2, 6, 21),
    f("minProperties", 2, 6, 22),
    f("required", 662, 4, 23),
    f("items", 11, 6, 33554456),
    f("allOf", 886, 4, 25),
    f("oneOf", 886, 4, 26),
    f("anyOf", 886, 4, 27),
    f("not", 608, 6, 28),
    f("properties", 887, 4, 29),
    f("additionalProperties", 11, 6, 16777246),
    f("patternProperties", 887, 4, 31),
    f("dependencies", 888, 4, 50331680),
    f("additionalItems", 11, 6, 16777249),
    f("definitions", 887, 4, 34),
    f("externalDocs", 607, 6, 35),
    f("example", 11, 6, 36),
    f("nullable", 4, 4, 37),
    f("x-kubernetes-preserve-unknown-fields", 4, 6, 38),
    f("x-kubernetes-embedded-resource", 4, 4, 39),
    f("x-kubernetes-int-or-string", 4, 4, 40),
    f("x-kubernetes-list-map-keys", 662, 4, 41),
    f("x-kubernetes-list-type", 0, 6, 42),
    f("x-kubernetes-map-type", 0, 6, 43),
    g("x-kubernetes-validations", 889, 12, 44, "", &[], "rule"),
];

pub(super) static SELECTABLE_FIELD: [Field; 1] = [
    g("jsonPath", 0, 1, 1, "\"\"", &[], ""),
];

pub(super) static SERVICE_REFERENCE: [Field; 4] = [
    g("namespace", 0, 1, 1, "\"\"", &[], ""),
    g("name", 0, 1, 2, "\"\"", &[], ""),
    f("path", 0, 6, 3),
    f("port", 1, 6, 4),
];

pub(super) static VALIDATION_RULE: [Field; 6] = [
    g("rule", 0, 1, 1, "\"\"", &[], ""),
    f("message", 0, 4, 2),
    f("messageExpression", 0, 4, 3),
    g("reason", 0, 6, 4, "", &V84, ""),
    f("fieldPath", 0, 4, 5),
    f("optionalOldSelf", 4, 6, 6),
];

pub(super) static WEBHOOK_CLIENT_CONFIG: [Field; 3] = [
    f("url", 0, 6, 3),
    f("service", 610, 6, 1),
    f("caBundle", 10, 4, 2),
];

pub(super) static WEBHOOK_CONVERSION: [Field; 2] = [
    f("clientConfig", 612, 6, 2),
    f("conversionReviewVersions", 662, 1, 3),
];

