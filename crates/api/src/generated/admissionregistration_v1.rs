//! Made by `cargo xtask codegen`; do not edit.

use super::{f, g, nodes::*};
use apimachinery::schema::Field;

pub(super) static APPLY_CONFIGURATION: [Field; 1] = [
    f("expression", 0, 4, 1),
];

pub(super) static AUDIT_ANNOTATION: [Field; 2] = [
    g("key", 0, 1, 1, "\"\"", &[], ""),
    g("valueExpression", 0, 1, 2, "\"\"", &[], ""),
];

pub(super) static EXPRESSION_WARNING: [Field; 2] = [
    g("fieldRef", 0, 1, 2, "\"\"", &[], ""),
    g("warning", 0, 1, 3, "\"\"", &[], ""),
];

pub(super) static JSON_PATCH: [Field; 1] = [
    f("expression", 0, 4, 1),
];

pub(super) static MATCH_CONDITION: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("expression", 0, 1, 2, "\"\"", &[], ""),
];

pub(super) static MATCH_RESOURCES: [Field; 5] = [
    f("namespaceSelector", 627, 6, 1),
    f("objectSelector", 627, 6, 2),
    f("resourceRules", 655, 4, 3),
    f("excludeResourceRules", 655, 4, 4),
    g("matchPolicy", 0, 6, 7, "", &V0, ""),
];

pub(super) static MUTATING_ADMISSION_POLICY: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 23, 0, 2, "{}", &[], ""),
];

pub(super) static MUTATING_ADMISSION_POLICY_BINDING: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 21, 0, 2, "{}", &[], ""),
];

pub(super) static MUTATING_ADMISSION_POLICY_BINDING_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 656, 1, 2),
];

pub(super) static MUTATING_ADMISSION_POLICY_BINDING_SPEC: [Field; 3] = [
    f("policyName", 0, 4, 1),
    f("paramRef", 30, 6, 2),
    f("matchResources", 17, 6, 3),
];

pub(super) static MUTATING_ADMISSION_POLICY_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 657, 1, 2),
];

pub(super) static MUTATING_ADMISSION_POLICY_SPEC: [Field; 7] = [
    f("paramKind", 29, 6, 1),
    f("matchConstraints", 17, 6, 2),
    f("variables", 658, 4, 3),
    f("mutations", 659, 4, 4),
    g("failurePolicy", 0, 6, 5, "", &V1, ""),
    g("matchConditions", 660, 12, 6, "", &[], "name"),
    g("reinvocationPolicy", 0, 4, 7, "", &V3, ""),
];

pub(super) static MUTATING_WEBHOOK: [Field; 12] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("clientConfig", 46, 1, 2, "{}", &[], ""),
    f("rules", 661, 4, 3),
    g("failurePolicy", 0, 6, 4, "", &V1, ""),
    g("matchPolicy", 0, 6, 9, "", &V0, ""),
    f("namespaceSelector", 627, 6, 5),
    f("objectSelector", 627, 6, 11),
    g("sideEffects", 0, 3, 6, "", &V4, ""),
    f("timeoutSeconds", 1, 6, 7),
    f("admissionReviewVersions", 662, 1, 8),
    g("reinvocationPolicy", 0, 6, 10, "", &V3, ""),
    g("matchConditions", 660, 12, 12, "", &[], "name"),
];

pub(super) static MUTATING_WEBHOOK_CONFIGURATION: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("webhooks", 663, 12, 2, "", &[], "name"),
];

pub(super) static MUTATING_WEBHOOK_CONFIGURATION_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 664, 1, 2),
];

pub(super) static MUTATION: [Field; 3] = [
    g("patchType", 0, 1, 2, "\"\"", &V5, ""),
    f("applyConfiguration", 12, 6, 3),
    f("jsonPatch", 15, 6, 4),
];

pub(super) static NAMED_RULE_WITH_OPERATIONS: [Field; 6] = [
    f("resourceNames", 662, 4, 1),
    g("operations", 662, 4, 513, "", &V6, ""),
    f("apiGroups", 662, 4, 131585),
    f("apiVersions", 662, 4, 131586),
    f("resources", 662, 4, 131587),
    g("scope", 0, 6, 131588, "", &V7, ""),
];

pub(super) static PARAM_KIND: [Field; 2] = [
    f("apiVersion", 0, 4, 1),
    f("kind", 0, 4, 2),
];

pub(super) static PARAM_REF: [Field; 4] = [
    f("name", 0, 4, 1),
    f("namespace", 0, 4, 2),
    f("selector", 627, 6, 3),
    f("parameterNotFoundAction", 0, 6, 4),
];

pub(super) static RULE_WITH_OPERATIONS: [Field; 5] = [
    g("operations", 662, 4, 1, "", &V6, ""),
    f("apiGroups", 662, 4, 513),
    f("apiVersions", 662, 4, 514),
    f("resources", 662, 4, 515),
    g("scope", 0, 6, 516, "", &V7, ""),
];

pub(super) static SERVICE_REFERENCE: [Field; 4] = [
    g("namespace", 0, 1, 1, "\"\"", &[], ""),
    g("name", 0, 1, 2, "\"\"", &[], ""),
    f("path", 0, 6, 3),
    f("port", 1, 6, 4),
];

pub(super) static TYPE_CHECKING: [Field; 1] = [
    f("expressionWarnings", 665, 4, 1),
];

pub(super) static VALIDATING_ADMISSION_POLICY: [Field; 5] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 39, 0, 2, "{}", &[], ""),
    g("status", 40, 0, 3, "{}", &[], ""),
];

pub(super) static VALIDATING_ADMISSION_POLICY_BINDING: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("spec", 37, 1, 2, "{}", &[], ""),
];

pub(super) static VALIDATING_ADMISSION_POLICY_BINDING_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 666, 1, 2),
];

pub(super) static VALIDATING_ADMISSION_POLICY_BINDING_SPEC: [Field; 4] = [
    f("policyName", 0, 5, 1),
    f("paramRef", 30, 6, 2),
    f("matchResources", 17, 6, 3),
    g("validationActions", 667, 5, 4, "", &V8, ""),
];

pub(super) static VALIDATING_ADMISSION_POLICY_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 668, 1, 2),
];

pub(super) static VALIDATING_ADMISSION_POLICY_SPEC: [Field; 7] = [
    f("paramKind", 29, 6, 1),
    f("matchConstraints", 17, 6, 2),
    f("validations", 669, 4, 3),
    g("failurePolicy", 0, 6, 4, "", &V1, ""),
    f("auditAnnotations", 670, 4, 5),
    g("matchConditions", 660, 12, 6, "", &[], "name"),
    g("variables", 671, 12, 7, "", &[], "name"),
];

pub(super) static VALIDATING_ADMISSION_POLICY_STATUS: [Field; 3] = [
    f("observedGeneration", 2, 4, 1),
    f("typeChecking", 33, 6, 2),
    f("conditions", 672, 4, 3),
];

pub(super) static VALIDATING_WEBHOOK: [Field; 11] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("clientConfig", 46, 1, 2, "{}", &[], ""),
    f("rules", 661, 4, 3),
    g("failurePolicy", 0, 6, 4, "", &V1, ""),
    g("matchPolicy", 0, 6, 9, "", &V0, ""),
    f("namespaceSelector", 627, 6, 5),
    f("objectSelector", 627, 6, 10),
    g("sideEffects", 0, 3, 6, "", &V4, ""),
    f("timeoutSeconds", 1, 6, 7),
    f("admissionReviewVersions", 662, 1, 8),
    g("matchConditions", 660, 12, 11, "", &[], "name"),
];

pub(super) static VALIDATING_WEBHOOK_CONFIGURATION: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 632, 0, 1, "{}", &[], ""),
    g("webhooks", 673, 12, 2, "", &[], "name"),
];

pub(super) static VALIDATING_WEBHOOK_CONFIGURATION_LIST: [Field; 4] = [
    f("kind", 0, 4, 0),
    f("apiVersion", 0, 4, 0),
    g("metadata", 629, 0, 1, "{}", &[], ""),
    f("items", 674, 1, 2),
];

pub(super) static VALIDATION: [Field; 4] = [
    g("expression", 0, 1, 1, "\"\"", &[], ""),
    f("message", 0, 4, 2),
    f("reason", 0, 6, 3),
    f("messageExpression", 0, 4, 4),
];

pub(super) static VARIABLE: [Field; 2] = [
    g("name", 0, 1, 1, "\"\"", &[], ""),
    g("expression", 0, 1, 2, "\"\"", &[], ""),
];

pub(super) static WEBHOOK_CLIENT_CONFIG: [Field; 3] = [
    f("url", 0, 6, 3),
    f("service", 32, 6, 1),
    f("caBundle", 10, 4, 2),
];

