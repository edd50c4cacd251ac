//! ResourceQuota: a namespace holds no more than its quotas allow. What is used is counted from the objects themselves, which are all in memory.

mod usage;

use std::{collections::HashSet, sync::Arc};

use apimachinery::{meta, quantity::Quantity, status::Status};
use parking_lot::Mutex;
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
    charges: Charges,
}

/// What was allowed and is not written yet: it counts as used, so that many who ask at once do not all get the last share.
type Charges = Arc<Mutex<Vec<Charge>>>;

/// One object's share of one quota.
struct Charge {
    quota: String,
    object: String,
    amounts: Amounts,
}

/// Gives an object's shares back when its write is over: from then on the object itself is counted.
struct Permit {
    charges: Charges,
    object: String,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.charges.lock().retain(|charge| charge.object != self.object);
    }
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

/// A pod must say how much it wants of what the quota limits.
fn speaks(attributes: &Attributes<'_>, object: &Value, name: &str, hard: &Amounts) -> Result<(), Status> {
    let silent = usage::silent(object, hard);
    if silent.is_empty() {
        return Ok(());
    }
    let parts: Vec<String> = silent.iter().map(|(what, who)| format!("{what} for: {}", who.join(","))).collect();
    Err(refuse(attributes, object, &format!("failed quota: {name}: must specify {}", parts.join("; "))))
}

impl ResourceQuota {
    pub fn new(reader: Arc<dyn Reader>) -> Self {
        Self { reader, charges: Charges::default() }
    }

    fn used(&self, attributes: &Attributes<'_>, quota: &Value, hard: &Amounts, charges: &[Charge]) -> Amounts {
        let (group, plural) = (&*attributes.resource.group, &*attributes.resource.plural);
        let mut used: Amounts = hard.keys().map(|name| (name.clone(), Quantity::new(0))).collect();
        let mut add = |amounts: Amounts| {
            for (name, quantity) in amounts {
                if let Some(sum) = used.get_mut(&name) {
                    *sum = sum.clone() + quantity;
                }
            }
        };
        let mut written = HashSet::new();
        for object in all(&*self.reader, group, plural, &attributes.info.namespace) {
            if counts(quota, plural, &object) {
                add(usage::of(group, plural, &object));
                written.insert(meta::uid(&object).to_owned());
            }
        }
        let waits = |c: &&Charge| c.quota == meta::uid(quota) && !written.contains(&c.object);
        charges.iter().filter(waits).for_each(|charge| add(charge.amounts.clone()));
        used
    }

    fn check(&self, attributes: &Attributes<'_>, object: &Value) -> Result<(), Status> {
        let (group, plural) = (&*attributes.resource.group, &*attributes.resource.plural);
        let mut charges = self.charges.lock();
        let mut new = Vec::new();
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
                speaks(attributes, object, name, &hard)?;
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
            let used = self.used(attributes, &quota, &hard, &charges);
            let exceeds = |what: &String| used[what].clone() + requested[what].clone() > hard[what];
            let failed: Vec<String> = requested.keys().filter(|what| exceeds(what)).cloned().collect();
            if failed.is_empty() {
                new.push(Charge {
                    quota: meta::uid(&quota).to_owned(),
                    object: meta::uid(object).to_owned(),
                    amounts: requested,
                });
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
        // An update's share is the difference to an object that is counted already: it is not held.
        if !new.is_empty() && attributes.old.is_none() && !attributes.dry_run {
            charges.extend(new);
            let object = meta::uid(object).to_owned();
            attributes.held.keep(Permit { charges: self.charges.clone(), object });
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
