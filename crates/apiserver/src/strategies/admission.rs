//! Webhook configurations: rules that do nothing.

use apimachinery::field::Path;
use serde_json::Value;

use super::json::{list, text};
use crate::{
    admission::matching::is_virtual,
    contract::{Context, Strategy},
};

/// `MutatingWebhookConfiguration` and `ValidatingWebhookConfiguration`.
pub struct WebhookConfigurations;

/// The reviews that a rule names: no webhook sees them.
fn named(rule: &Value) -> Vec<String> {
    let has_wildcard = |pointer: &str| list(rule, pointer).iter().any(|item| item == "*");
    if has_wildcard("/apiGroups") || has_wildcard("/resources") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for group in list(rule, "/apiGroups").iter().filter_map(Value::as_str) {
        for resource in list(rule, "/resources").iter().filter_map(Value::as_str) {
            let shown = format!("{resource}.{group}");
            if is_virtual(group, resource) && !found.contains(&shown) {
                found.push(shown);
            }
        }
    }
    found
}

/// The name of static configurations' end.
const STATIC: &str = ".static.k8s.io";

impl Strategy for WebhookConfigurations {
    fn warnings(&self, _: &Context<'_>, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut warnings = Vec::new();
        if old.is_some() && text(object, "/metadata/name").ends_with(STATIC) {
            warnings.push(format!(
                "metadata.name: names ending with {STATIC:?} are reserved for static manifest-based configurations and cannot be managed via the API"
            ));
        }
        for (i, hook) in list(object, "/webhooks").iter().enumerate() {
            for (j, rule) in list(hook, "/rules").iter().enumerate() {
                let path = Path::new("webhooks").index(i).child("rules").index(j);
                let text = |resource| {
                    format!("{path}: {resource} is excluded from admission webhooks; this rule will have no effect")
                };
                warnings.extend(named(rule).into_iter().map(text));
            }
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::User;
    use serde_json::json;

    #[test]
    fn rules_that_do_nothing() {
        let resource = api::find("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations").expect("row");
        let user = User::default();
        let context =
            Context { resource, subresource: "", user: &user, now: jiff::Timestamp::UNIX_EPOCH, dry_run: false };
        let object = json!({"metadata": {"name": "v"}, "webhooks": [{"rules": [
            {"apiGroups": ["*"], "resources": ["tokenreviews"]},
            {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"]}]}]});
        assert_eq!(
            WebhookConfigurations.warnings(&context, &object, None),
            [
                "webhooks[0].rules[1]: tokenreviews.authentication.k8s.io is excluded from admission webhooks; this rule will have no effect"
            ]
        );
    }
}
