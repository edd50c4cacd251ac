//! Admission policies and their bindings.

use super::cursor::{At, Report};
use super::{labels, webhooks};
use crate::expressions::{Compiler, Names, Wanted};
use apimachinery::names;
use serde_json::Value;

const MOST_ANNOTATIONS: usize = 20;
const LONGEST_ANNOTATION: usize = 5 * 1024;
const MUTATING_OPERATIONS: [&str; 4] = ["*", "CONNECT", "CREATE", "UPDATE"];
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// What both kinds of policies have in common; gives the compiler that knows the variables.
fn common(new: &Value, old: Option<&Value>, report: &mut Report) -> (Compiler, Names) {
    let spec = At::root(new, "spec");
    report.one_of(&spec.child("failurePolicy"), &["Fail", "Ignore"]);
    let params = spec.has("paramKind");
    if params {
        param_kind(&spec.child("paramKind"), report);
    }
    let constraints = spec.child("matchConstraints");
    if constraints.is_absent() {
        report.required(&constraints, "");
    } else {
        match_resources(&constraints, report);
        let rules = constraints.child("resourceRules");
        if rules.count() == 0 {
            report.required(&rules, "");
        }
    }
    let same = |key: &str| old.is_some_and(|old| old["spec"][key] == *spec.field(key));
    if !(same("paramKind") && same("matchConditions")) {
        webhooks::conditions(&spec.child("matchConditions"), params, report);
    }
    let names = Names { params, authorizer: true, patches: false };
    let mut compiler = Compiler::default();
    for variable in spec.child("variables").items() {
        let (name, expression) = (variable.child("name"), variable.child("expression"));
        if name.text().trim().is_empty() {
            report.required(&name, "name is not specified");
        } else if !is_identifier(name.text()) {
            report.invalid(&name, "must be a valid CEL identifier");
        }
        if expression.text().trim().is_empty() {
            report.required(&expression, "expression is not specified");
        } else if let Err(detail) = compiler.variable(name.text(), expression.text(), names) {
            report.invalid(&expression, detail);
        }
    }
    (compiler, names)
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())
        && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())
        && !RESERVED.contains(&name)
}

fn param_kind(kind: &At<'_>, report: &mut Report) {
    let version = kind.child("apiVersion");
    match version.text().split('/').collect::<Vec<_>>().as_slice() {
        [""] => report.required(&version, ""),
        [plain] => group_version(&version, "", plain, report),
        [group, plain] => group_version(&version, group, plain, report),
        _ => report.invalid(&version, format!("unexpected GroupVersion string: {}", version.text())),
    }
    let name = kind.child("kind");
    let wrong = names::dns1035_label(&name.text().to_lowercase());
    if name.text().is_empty() {
        report.required(&name, "");
    } else if !wrong.is_empty() {
        report.invalid(&name, format!("may have mixed case, but should otherwise match: {}", wrong.join(",")));
    }
}

fn group_version(at: &At<'_>, group: &str, version: &str, report: &mut Report) {
    let wrong = if group.is_empty() { Vec::new() } else { names::dns1123_subdomain(group) };
    if !wrong.is_empty() {
        report.invalid_value(at, group, wrong.join(","));
    }
    let wrong = names::dns1035_label(version);
    if version.is_empty() {
        report.invalid(at, "version must be specified");
    } else if !wrong.is_empty() {
        report.invalid_value(at, version, wrong.join(","));
    }
}

fn match_resources(resources: &At<'_>, report: &mut Report) {
    report.one_of(&resources.child("matchPolicy"), &["Equivalent", "Exact"]);
    for key in ["namespaceSelector", "objectSelector"] {
        let selector = resources.child(key);
        if selector.is_absent() {
            report.required(&selector, "");
        } else {
            labels::selector(&selector, report);
        }
    }
    for key in ["resourceRules", "excludeResourceRules"] {
        for rule in resources.child(key).items() {
            named_rule(&rule, report);
        }
    }
}

fn named_rule(rule: &At<'_>, report: &mut Report) {
    let mut seen = Vec::new();
    for name in rule.child("resourceNames").items() {
        report.messages(&name, names::path_segment(name.text()));
        if seen.contains(&name.text()) {
            report.duplicate(&name, name.text());
        }
        seen.push(name.text());
    }
    webhooks::rule_with_operations(rule, report);
}

/// It is only possible to change what is created or updated.
fn mutating_rules(resources: &At<'_>, report: &mut Report) {
    for rule in resources.child("resourceRules").items() {
        let place = resources.child("resourceRules").child("operations").path;
        for operation in rule.child("operations").items() {
            let at = At::new(operation.value, place.clone());
            report.maybe_one_of(&at, &MUTATING_OPERATIONS);
        }
    }
}

fn compiled(at: &At<'_>, text: &str, compiler: &Compiler, names: Names, wanted: Wanted, report: &mut Report) {
    if let Err(detail) = compiler.compile(text, names, wanted) {
        report.invalid_value(at, text, detail);
    }
}

/// `ValidatingAdmissionPolicy`.
pub(super) fn validating(new: &Value, old: Option<&Value>, report: &mut Report) {
    let (compiler, names) = common(new, old, report);
    webhooks::reserved_name(new, old, report);
    let spec = At::root(new, "spec");
    let (validations, annotations) = (spec.child("validations"), spec.child("auditAnnotations"));
    if validations.count() + annotations.count() == 0 {
        let detail = "validations or auditAnnotations must contain at least one item";
        report.required(&validations, detail);
        report.required(&annotations, detail);
        return;
    }
    for one in validations.items() {
        validation(&one, &compiler, names, report);
    }
    if annotations.count() > MOST_ANNOTATIONS {
        report.invalid(&annotations, format!("must not have more than {MOST_ANNOTATIONS} auditAnnotations"));
    }
    let policy = new["metadata"]["name"].as_str().unwrap_or_default();
    let mut seen = Vec::new();
    for annotation in annotations.items() {
        let (key, value) = (annotation.child("key"), annotation.child("valueExpression"));
        if policy.is_empty() {
            report.invalid(&key, "requires metadata.name be non-empty");
        } else {
            for message in names::qualified_name(&format!("{policy}/{}", key.text())) {
                report.invalid_value(&key, format!("{policy}/{}", key.text()), message);
            }
        }
        let text = value.text().trim();
        if text.is_empty() {
            report.required(&value, "valueExpression is not specified");
        } else if text.len() > LONGEST_ANNOTATION {
            report.required(&value, &format!("must not exceed {LONGEST_ANNOTATION} bytes in length"));
        } else if let Err(detail) = compiler.compile(text, names, Wanted::TextOrNull) {
            report.invalid(&value, detail);
        }
        if seen.contains(&key.text()) {
            report.duplicate(&key, key.text());
        }
        seen.push(key.text());
    }
}

fn validation(one: &At<'_>, compiler: &Compiler, names: Names, report: &mut Report) {
    let (expression, message) = (one.child("expression"), one.child("message"));
    if expression.text().trim().is_empty() {
        report.required(&expression, "expression is not specified");
    } else {
        compiled(&expression, expression.text(), compiler, names, Wanted::Bool, report);
    }
    let by_expression = one.child("messageExpression");
    if !by_expression.text().is_empty() && by_expression.text().trim().is_empty() {
        report.invalid(&by_expression, "must be non-empty if specified");
    } else if !by_expression.text().is_empty() {
        let names = Names { authorizer: false, ..names };
        compiled(&by_expression, by_expression.text(), compiler, names, Wanted::Text, report);
    }
    if !message.text().is_empty() && message.text().trim().is_empty() {
        report.invalid(&message, "must be non-empty if specified");
    } else if message.text().trim().contains(['\n', '\r']) {
        report.invalid(&message, "must not contain line breaks");
    }
    report.maybe_one_of(&one.child("reason"), &["Forbidden", "Invalid", "RequestEntityTooLarge"]);
}

/// `MutatingAdmissionPolicy`.
pub(super) fn mutating(new: &Value, old: Option<&Value>, report: &mut Report) {
    let (compiler, names) = common(new, old, report);
    webhooks::reserved_name(new, old, report);
    let spec = At::root(new, "spec");
    mutating_rules(&spec.child("matchConstraints"), report);
    let mutations = spec.child("mutations");
    if mutations.count() == 0 {
        report.required(&mutations, "mutations must contain at least one item");
    }
    let names = Names { patches: true, ..names };
    for mutation in mutations.items() {
        let forms =
            [("JSONPatch", "jsonPatch", Wanted::Patches), ("ApplyConfiguration", "applyConfiguration", Wanted::Object)];
        let kind = mutation.child("patchType");
        report.one_of(&kind, &["ApplyConfiguration", "JSONPatch"]);
        let Some((name, _, _)) = forms.iter().find(|(name, _, _)| *name == kind.text()) else { continue };
        for (form, field, wanted) in forms {
            let at = mutation.child(field);
            if form != *name {
                if !at.is_absent() {
                    let value = format!("{{{field}}}");
                    report.invalid_value(&at, value, format!("must not be specified when patchType is {name}"));
                }
                continue;
            }
            let expression = at.child("expression");
            if at.is_absent() {
                report.required(&at, &format!("must be specified when patchType is {name}"));
            } else if expression.text().trim().is_empty() {
                report.required(&expression, "");
            } else {
                compiled(&expression, expression.text().trim(), &compiler, names, wanted, report);
            }
        }
    }
    report.one_of(&spec.child("reinvocationPolicy"), &webhooks::REINVOCATIONS);
}

fn binding(spec: &At<'_>, report: &mut Report) {
    report.required_subdomain(&spec.child("policyName"));
    let params = spec.child("paramRef");
    if !params.is_absent() {
        param_ref(&params, report);
    }
    let resources = spec.child("matchResources");
    if !resources.is_absent() {
        match_resources(&resources, report);
    }
}

fn param_ref(at: &At<'_>, report: &mut Report) {
    let (name, selector) = (at.child("name"), at.child("selector"));
    let both = "name and selector are mutually exclusive";
    if !name.text().is_empty() {
        report.messages(&name, names::path_segment(name.text()));
        if !selector.is_absent() {
            report.forbidden(&name, both);
        }
    }
    if !selector.is_absent() {
        labels::selector(&selector, report);
        if !name.text().is_empty() {
            report.forbidden(&selector, both);
        }
    }
    if name.text().is_empty() && selector.is_absent() {
        report.required(at, "one of name or selector must be specified");
    }
    report.one_of(&at.child("parameterNotFoundAction"), &["Deny", "Allow"]);
}

/// `ValidatingAdmissionPolicyBinding`.
pub(super) fn validating_binding(new: &Value, old: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    binding(&spec, report);
    webhooks::reserved_name(new, old, report);
    let actions = spec.child("validationActions");
    let mut seen = Vec::new();
    for action in actions.items() {
        report.maybe_one_of(&action, &["Audit", "Deny", "Warn"]);
        if seen.contains(&action.text()) {
            report.duplicate(&action, action.text());
        }
        seen.push(action.text());
    }
    if seen.contains(&"Deny") && seen.contains(&"Warn") {
        report.invalid(&actions, "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)");
    }
    if seen.is_empty() {
        report.required(&actions, "at least one validation action is required");
    }
}

/// `MutatingAdmissionPolicyBinding`.
pub(super) fn mutating_binding(new: &Value, old: Option<&Value>, report: &mut Report) {
    let spec = At::root(new, "spec");
    binding(&spec, report);
    webhooks::reserved_name(new, old, report);
    mutating_rules(&spec.child("matchResources"), report);
}
