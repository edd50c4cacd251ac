//! Webhook configurations, and the rules that they share with admission policies.

use super::cursor::{At, Report};
use super::labels;
use crate::expressions::{Compiler, Names, Wanted};
use apimachinery::field::FieldError;
use apimachinery::names;
use serde_json::Value;

const REVIEW_VERSIONS: [&str; 2] = ["v1", "v1beta1"];
const FAILURE_POLICIES: [&str; 2] = ["Fail", "Ignore"];
const MATCH_POLICIES: [&str; 2] = ["Equivalent", "Exact"];
const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const SCOPES: [&str; 3] = ["*", "Cluster", "Namespaced"];
pub(super) const REINVOCATIONS: [&str; 2] = ["IfNeeded", "Never"];
const FORM: &str = "; desired format: https://host[/path]";
/// Longer lists of conditions are refused.
const CONDITIONS: usize = 64;

/// What an update may keep although it could no longer be made.
struct Kept {
    conditions: bool,
    side_effects: bool,
    review_versions: bool,
    names: bool,
    selectors: bool,
}

fn hooks(object: &Value) -> impl Iterator<Item = At<'_>> {
    At::root(object, "webhooks").items()
}

impl Kept {
    fn of(new: &Value, old: Option<&Value>) -> Self {
        let Some(old) = old else {
            return Kept {
                conditions: false,
                side_effects: false,
                review_versions: false,
                names: false,
                selectors: false,
            };
        };
        let conditions = |object| hooks(object).map(|h| h.field("matchConditions").clone()).collect::<Vec<_>>();
        let named: Vec<&str> = hooks(old).map(|h| h.get("name")).collect();
        let unique = named.iter().enumerate().all(|(i, name)| !named[..i].contains(name));
        let known =
            |h: &At<'_>| h.child("admissionReviewVersions").items().any(|v| REVIEW_VERSIONS.contains(&v.text()));
        let mut selectors = Report::default();
        for hook in hooks(old) {
            labels::selector(&hook.child("namespaceSelector"), &mut selectors);
            labels::selector(&hook.child("objectSelector"), &mut selectors);
        }
        Kept {
            conditions: conditions(new) == conditions(old),
            side_effects: !hooks(old).all(|h| matches!(h.get("sideEffects"), "None" | "NoneOnDryRun")),
            review_versions: hooks(old).any(|h| !known(&h) && h.child("admissionReviewVersions").count() > 0),
            names: !unique,
            selectors: !selectors.errors.is_empty(),
        }
    }
}

/// `MutatingWebhookConfiguration` and `ValidatingWebhookConfiguration`.
pub(super) fn configuration(new: &Value, old: Option<&Value>, report: &mut Report) {
    let kept = Kept::of(new, old);
    let mut seen = Vec::new();
    for hook in hooks(new) {
        webhook(&hook, &kept, report);
        review_versions(&hook.child("admissionReviewVersions"), &kept, report);
        let name = hook.child("name");
        if !kept.names && !name.text().is_empty() {
            if seen.contains(&name.text()) {
                report.duplicate(&name, name.text());
            }
            seen.push(name.text());
        }
    }
    reserved_name(new, old, report);
}

/// Names that only configurations in files may have.
pub(super) fn reserved_name(new: &Value, old: Option<&Value>, report: &mut Report) {
    let name = At::root(new, "metadata").child("name");
    if old.is_none() && name.text().ends_with(".static.k8s.io") {
        report.invalid(&name, "names ending with \".static.k8s.io\" are reserved for static manifest-based configurations and cannot be managed via the API");
    }
}

fn full_name(at: &At<'_>, report: &mut Report) {
    let text = at.text();
    let wrong = names::dns1123_subdomain(text);
    if text.is_empty() {
        report.required(at, "");
    } else if !wrong.is_empty() {
        report.invalid(at, wrong.join(","));
    } else if text.split('.').count() < 3 {
        report.invalid(at, "should be a domain with at least three segments separated by dots");
    }
}

fn webhook(hook: &At<'_>, kept: &Kept, report: &mut Report) {
    full_name(&hook.child("name"), report);
    for rule in hook.child("rules").items() {
        rule_with_operations(&rule, report);
    }
    report.maybe_one_of(&hook.child("failurePolicy"), &FAILURE_POLICIES);
    report.maybe_one_of(&hook.child("matchPolicy"), &MATCH_POLICIES);
    let allowed: &[&str] =
        if kept.side_effects { &["None", "NoneOnDryRun", "Some", "Unknown"] } else { &["None", "NoneOnDryRun"] };
    let effects = hook.child("sideEffects");
    if effects.is_absent() {
        report.required(&effects, &format!("must specify one of {}", allowed.join(", ")));
    }
    report.maybe_one_of(&effects, allowed);
    let timeout = hook.child("timeoutSeconds");
    if !timeout.is_absent() && !(1..=30).contains(&timeout.whole()) {
        report.invalid(&timeout, "the timeout value must be between 1 and 30 seconds");
    }
    if !kept.selectors {
        labels::selector(&hook.child("namespaceSelector"), report);
        labels::selector(&hook.child("objectSelector"), report);
    }
    report.maybe_one_of(&hook.child("reinvocationPolicy"), &REINVOCATIONS);
    client_config(&hook.child("clientConfig"), report);
    if !kept.conditions {
        conditions(&hook.child("matchConditions"), false, report);
    }
}

fn client_config(config: &At<'_>, report: &mut Report) {
    let (url, service) = (config.child("url"), config.child("service"));
    if url.is_absent() == service.is_absent() {
        report.required(config, "exactly one of url or service is required");
    } else if service.is_absent() {
        webhook_url(&url, report);
    } else {
        webhook_service(&service, report);
    }
}

fn webhook_url(at: &At<'_>, report: &mut Report) {
    let text = at.text();
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    if text.chars().any(|c| c.is_control() || c == ' ') {
        report.required(at, &format!("url must be a valid URL: parse {text:?}: invalid character in URL{FORM}"));
        return;
    }
    if scheme != "https" {
        report.invalid_value(at, scheme, format!("'https' is the only allowed URL scheme{FORM}"));
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = if scheme.is_empty() { "" } else { rest.split('/').next().unwrap_or_default() };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if host.is_empty() {
        report.invalid_value(at, host, format!("host must be specified{FORM}"));
    }
    if !user.is_empty() {
        report.invalid_value(at, user, "user information is not permitted in the URL");
    }
    if !fragment.is_empty() {
        report.invalid_value(at, fragment, "fragments are not permitted in the URL");
    }
    if !query.is_empty() {
        report.invalid_value(at, query, "query parameters are not permitted in the URL");
    }
}

fn webhook_service(service: &At<'_>, report: &mut Report) {
    for key in ["name", "namespace"] {
        let at = service.child(key);
        if at.text().is_empty() {
            report.required(&at, "");
        }
    }
    let port = service.child("port");
    let wrong = names::port_number(port.whole());
    if !wrong.is_empty() {
        report.invalid_value(&port, port.whole(), format!("port is not valid: {}", wrong.join(", ")));
    }
    service_path(&service.child("path"), report);
}

fn service_path(at: &At<'_>, report: &mut Report) {
    let path = at.text();
    if path.is_empty() || path == "/" {
        return;
    }
    if path == "//" {
        report.invalid(at, "segment[0] may not be empty");
        return;
    }
    if !path.starts_with('/') {
        report.invalid(at, "must start with a '/'");
    }
    let rest: String = path.chars().skip(1).collect();
    for (i, step) in rest.strip_suffix('/').unwrap_or(&rest).split('/').enumerate() {
        if step.is_empty() {
            report.invalid(at, format!("segment[{i}] may not be empty"));
            continue;
        }
        for wrong in names::dns1123_subdomain(step) {
            report.invalid(at, format!("segment[{i}]: {wrong}"));
        }
    }
}

fn review_versions(versions: &At<'_>, kept: &Kept, report: &mut Report) {
    let known = REVIEW_VERSIONS.join(", ");
    if versions.count() == 0 {
        report.required(versions, &format!("must specify one of {known}"));
        return;
    }
    let (mut seen, mut accepted) = (Vec::new(), false);
    for version in versions.items() {
        if seen.contains(&version.text()) {
            report.invalid(&version, "duplicate version");
            continue;
        }
        seen.push(version.text());
        report.messages(&version, names::dns1035_label(version.text()));
        accepted = accepted || REVIEW_VERSIONS.contains(&version.text());
    }
    if !kept.review_versions && !accepted {
        report.invalid(versions, format!("must include at least one of {known}"));
    }
}

fn wildcard(list: &At<'_>) -> bool {
    list.items().any(|item| item.text() == "*")
}

pub(super) fn rule_with_operations(rule: &At<'_>, report: &mut Report) {
    let operations = rule.child("operations");
    if operations.count() == 0 {
        report.required(&operations, "");
    }
    if operations.count() > 1 && wildcard(&operations) {
        report.invalid(&operations, "if '*' is present, must not specify other operations");
    }
    for operation in operations.items() {
        report.maybe_one_of(&operation, &OPERATIONS);
    }
    let (groups, versions) = (rule.child("apiGroups"), rule.child("apiVersions"));
    if groups.count() == 0 {
        report.required(&groups, "");
    }
    if groups.count() > 1 && wildcard(&groups) {
        report.invalid(&groups, "if '*' is present, must not specify other API groups");
    }
    if versions.count() == 0 {
        report.required(&versions, "");
    }
    if versions.count() > 1 && wildcard(&versions) {
        report.invalid(&versions, "if '*' is present, must not specify other API versions");
    }
    for version in versions.items().filter(|v| v.text().is_empty()) {
        report.required(&version, "");
    }
    resources(&rule.child("resources"), report);
    report.maybe_one_of(&rule.child("scope"), &SCOPES);
}

fn resources(list: &At<'_>, report: &mut Report) {
    if list.count() == 0 {
        report.required(list, "");
    }
    let (mut all_subs, mut all_resources) = (Vec::new(), Vec::new());
    let mut plain = false;
    for item in list.items() {
        let text = item.text();
        if text.is_empty() {
            report.required(&item, "");
            continue;
        }
        let Some((resource, sub)) = text.split_once('/') else {
            plain = text != "*";
            continue;
        };
        if all_subs.contains(&resource) {
            report.invalid(&item, format!("if '{resource}/*' is present, must not specify {text}"));
        }
        if all_resources.contains(&sub) {
            report.invalid(&item, format!("if '*/{sub}' is present, must not specify {text}"));
        }
        if sub == "*" {
            all_subs.push(resource);
        }
        if resource == "*" {
            all_resources.push(sub);
        }
    }
    if list.count() > 1 && list.items().any(|item| item.text() == "*/*") {
        report.invalid(list, "if '*/*' is present, must not specify other resources");
    }
    if wildcard(list) && plain {
        report.invalid(list, "if '*' is present, must not specify other resources without subresources");
    }
}

/// Match conditions; `params` says whether they may speak of parameters.
pub(super) fn conditions(list: &At<'_>, params: bool, report: &mut Report) {
    if list.count() > CONDITIONS {
        report.push(FieldError::too_many(&list.path, list.count(), CONDITIONS));
    }
    let mut seen = Vec::new();
    for condition in list.items() {
        let (name, expression) = (condition.child("name"), condition.child("expression"));
        let text = expression.text().trim();
        if text.is_empty() {
            report.required(&expression, "");
        } else {
            let names = Names { params, authorizer: true, patches: false };
            if let Err(detail) = Compiler::default().compile(text, names, Wanted::Bool) {
                report.invalid_value(&expression, text, detail);
            }
        }
        if name.text().is_empty() {
            report.required(&name, "");
            continue;
        }
        report.qualified(&name);
        if seen.contains(&name.text()) {
            report.duplicate(&name, name.text());
        }
        seen.push(name.text());
    }
}
