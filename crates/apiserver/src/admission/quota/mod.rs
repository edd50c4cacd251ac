//! ResourceQuota: a namespace holds no more than its quotas allow. What is used is counted from the objects themselves, which are all in memory.

mod usage;

use std::sync::Arc;

use apimachinery::{meta, quantity::Quantity, status::Status};
use serde_json::Value;

use super::{
    all, creates,
    limits::{Amounts, amounts},
    refuse, updates,
};
use crate::{
    contract::{Admission, Attributes, Job, Reader},
    strategies::json::{list, text},
};

/// The plugin.
pub struct ResourceQuota {
    reader: Arc<dyn Reader>,
}

/// One condition on the objects that a quota counts.
fn in_scope(object: &Value, scope: &str, operator: &str, values: &[Value]) -> bool {
    let best_effort = || api::pod::qos_class(object) == "BestEffort";
    let ends = || object.pointer("/spec/activeDeadlineSeconds").and_then(Value::as_i64).is_some_and(|s| s >= 0);
    let across = || {
        let terms = ["podAffinity", "podAntiAffinity"].into_iter().map(|k| &object["spec"]["affinity"][k]);
        terms
            .flat_map(|a| {
                let preferred =
                    list(a, "/preferredDuringSchedulingIgnoredDuringExecution").iter().map(|t| &t["podAffinityTerm"]);
                list(a, "/requiredDuringSchedulingIgnoredDuringExecution").iter().chain(preferred)
            })
            .any(|term| !list(term, "/namespaces").is_empty() || !term["namespaceSelector"].is_null())
    };
    match scope {
        "Terminating" => ends(),
        "NotTerminating" => !ends(),
        "BestEffort" => best_effort(),
        "NotBestEffort" => !best_effort(),
        "CrossNamespacePodAffinity" => across(),
        "PriorityClass" => {
            let class = text(object, "/spec/priorityClassName");
            let named = values.iter().any(|v| v == class);
            match operator {
                "In" => named,
                "NotIn" => !named,
                "DoesNotExist" => class.is_empty(),
                _ => !class.is_empty(),
            }
        }
        _ => false,
    }
}

/// The quota counts this object.
fn counts(quota: &Value, plural: &str, object: &Value) -> bool {
    let scopes = list(quota, "/spec/scopes").iter().filter_map(Value::as_str).map(|s| (s, "Exists", [].as_slice()));
    let selectors = list(quota, "/spec/scopeSelector/matchExpressions")
        .iter()
        .map(|e| (text(e, "/scopeName"), text(e, "/operator"), list(e, "/values")));
    let mut conditions = scopes.chain(selectors).peekable();
    // Scopes speak of pods: a quota with one counts nothing else.
    (conditions.peek().is_none() || plural == "pods")
        && conditions.all(|(scope, operator, values)| in_scope(object, scope, operator, values))
}

fn shown(amounts: &Amounts) -> String {
    amounts.iter().map(|(name, quantity)| format!("{name}={quantity}")).collect::<Vec<_>>().join(",")
}

impl ResourceQuota {
    pub fn new(reader: Arc<dyn Reader>) -> Self {
        Self { reader }
    }

    fn used(&self, attributes: &Attributes<'_>, quota: &Value, hard: &Amounts) -> Amounts {
        let (group, plural) = (&*attributes.resource.group, &*attributes.resource.plural);
        let mut used: Amounts = hard.keys().map(|name| (name.clone(), Quantity::new(0))).collect();
        for object in all(&*self.reader, group, plural, &attributes.info.namespace) {
            if !counts(quota, plural, &object) {
                continue;
            }
            for (name, quantity) in usage::of(group, plural, &object) {
                if let Some(sum) = used.get_mut(&name) {
                    *sum = sum.clone() + quantity;
                }
            }
        }
        used
    }

    fn check(&self, attributes: &Attributes<'_>, object: &Value) -> Result<(), Status> {
        let (group, plural) = (&*attributes.resource.group, &*attributes.resource.plural);
        for quota in all(&*self.reader, "", "resourcequotas", &attributes.info.namespace) {
            if !counts(&quota, plural, object) {
                continue;
            }
            let mut hard = amounts(quota.pointer("/spec/hard"));
            hard.retain(|name, _| usage::concerns(group, plural, name));
            if hard.is_empty() {
                continue;
            }
            let name = meta::name(&quota);
            if plural == "pods" && creates(attributes) {
                let silent = usage::silent(object, &hard);
                if !silent.is_empty() {
                    let parts: Vec<String> =
                        silent.iter().map(|(what, who)| format!("{what} for: {}", who.join(","))).collect();
                    return Err(refuse(
                        attributes,
                        object,
                        &format!("failed quota: {name}: must specify {}", parts.join("; ")),
                    ));
                }
            }
            let mut requested = usage::of(group, plural, object);
            if let Some(old) = attributes.old.filter(|old| counts(&quota, plural, old)) {
                for (what, before) in usage::of(group, plural, old) {
                    if let Some(now) = requested.get_mut(&what) {
                        *now = now.clone() - before;
                    }
                }
            }
            requested
                .retain(|what, quantity| hard.contains_key(what) && !quantity.is_zero() && !quantity.is_negative());
            if requested.is_empty() {
                continue;
            }
            let used = self.used(attributes, &quota, &hard);
            let exceeds = |what: &String| used[what].clone() + requested[what].clone() > hard[what];
            let failed: Vec<String> = requested.keys().filter(|what| exceeds(what)).cloned().collect();
            if failed.is_empty() {
                continue;
            }
            let only = |of: &Amounts| {
                shown(&of.iter().filter(|(k, _)| failed.contains(k)).map(|(k, v)| (k.clone(), v.clone())).collect())
            };
            let message = format!(
                "exceeded quota: {name}, requested: {}, used: {}, limited: {}",
                only(&requested),
                only(&used),
                only(&hard)
            );
            return Err(refuse(attributes, object, &message));
        }
        Ok(())
    }
}

impl Admission for ResourceQuota {
    fn name(&self) -> &'static str {
        "ResourceQuota"
    }

    fn validate<'a>(&'a self, attributes: &'a Attributes<'a>, object: &'a Value) -> Job<'a, Result<(), Status>> {
        let whole = attributes.info.subresource.is_empty();
        let changes = whole
            && updates(attributes)
            && matches!(&*attributes.resource.plural, "services" | "persistentvolumeclaims");
        let resized = attributes.resource.is("", "Pod") && attributes.info.subresource == "resize";
        let applies = attributes.resource.namespaced
            && attributes.resource.storage.stored
            && ((whole && creates(attributes)) || changes || resized);
        let answer = if applies { self.check(attributes, object) } else { Ok(()) };
        Box::pin(async { answer })
    }
}
