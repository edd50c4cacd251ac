//! Evictions: deletions that disruption budgets may refuse.

use std::sync::Arc;

use apimachinery::{
    meta,
    selector::labels::Selector,
    status::{Cause, Status},
    time,
};
use serde_json::{Value, json};

use super::done;
use crate::{
    registry::{Call, Outcome, verbs::delete::DeleteOptions},
    server::ApiServer,
    strategies::{
        json::{list, map, number, text},
        pod,
    },
};

const WOULD_VIOLATE: &str = "Cannot evict pod as it would violate the pod's disruption budget.";
/// More disrupted pods than this are not kept in a budget's status.
const MAX_DISRUPTED: usize = 2000;

fn with_cause(mut status: Status, message: String) -> Status {
    status.details.get_or_insert_default().causes.push(Cause {
        reason: "DisruptionBudget".into(),
        message,
        field: String::new(),
    });
    status
}

fn condition<'v>(object: &'v Value, kind: &str) -> Option<&'v Value> {
    list(object, "/status/conditions").iter().find(|c| c["type"] == kind)
}

/// Why a budget that allows no disruption does not.
fn exhausted(budget: &Value) -> Status {
    let name = meta::name(budget);
    let (desired, healthy) = (number(budget, "/status/desiredHealthy"), number(budget, "/status/currentHealthy"));
    let failed =
        condition(budget, "DisruptionAllowed").filter(|c| c["status"] == "False" && !text(c, "/message").is_empty());
    let message = match failed {
        Some(c) if c["reason"] == "SyncFailed" => format!(
            "The disruption budget {name} does not allow evicting pods currently because it failed sync: {}",
            text(c, "/message")
        ),
        _ if healthy <= desired => {
            format!("The disruption budget {name} needs {desired} healthy pods and has {healthy} currently")
        }
        Some(c) => format!(
            "The disruption budget {name} does not allow evicting pods currently ({}): {}",
            text(c, "/reason"),
            text(c, "/message")
        ),
        None => format!("The disruption budget {name} does not allow evicting pods currently"),
    };
    with_cause(Status::too_many_requests(WOULD_VIOLATE, 0), message)
}

/// Takes one disruption from a budget.
fn take(budget: &mut Value, pod: &str, now: jiff::Timestamp) -> Result<(), Status> {
    let name = meta::name(budget).to_owned();
    if number(budget, "/status/observedGeneration") < meta::generation(budget) {
        return Err(with_cause(
            Status::too_many_requests(WOULD_VIOLATE, 10),
            format!("The disruption budget {name} is still being processed by the server."),
        ));
    }
    let allowed = number(budget, "/status/disruptionsAllowed");
    let forbidden = |reason: &str, why: &str| {
        with_cause(
            Status::forbidden("policy", "poddisruptionbudget", &name, reason),
            format!("The disruption budget {name} does not allow evicting pods currently: {why}"),
        )
    };
    if allowed < 0 {
        return Err(forbidden("pdb disruptions allowed is negative", "pdb disruptions allowed is negative"));
    }
    if budget.pointer("/status/disruptedPods").and_then(Value::as_object).is_some_and(|d| d.len() > MAX_DISRUPTED) {
        return Err(forbidden(
            "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
            "too many pending evictions not confirmed by PDB controller",
        ));
    }
    if allowed == 0 {
        return Err(exhausted(budget));
    }
    let stamp = time::seconds(now);
    let generation = meta::generation(budget);
    let status = map(budget, "status");
    status.insert("disruptionsAllowed".into(), (allowed - 1).into());
    let disrupted = status.entry("disruptedPods").or_insert(Value::Null);
    meta::ensure_map(disrupted).insert(pod.to_owned(), stamp.as_str().into());
    if allowed == 1
        && let Some(Value::Array(conditions)) = status.get_mut("conditions")
    {
        conditions.retain(|c| c["type"] != "DisruptionAllowed");
        conditions.push(json!({"type": "DisruptionAllowed", "status": "False", "reason": "InsufficientPods", "message": "", "lastTransitionTime": stamp, "observedGeneration": generation}));
    }
    Ok(())
}

/// What the budgets say.
enum Verdict {
    /// The pod may go.
    Go,
    /// It may go as it is now: it is not healthy.
    GoUnchanged,
    /// A budget must give a disruption.
    Ask(String),
}

fn verdict(server: &ApiServer, pod: &Value) -> Result<Verdict, Status> {
    if matches!(text(pod, "/status/phase"), "Succeeded" | "Failed" | "Pending") || meta::is_being_deleted(pod) {
        return Ok(Verdict::Go);
    }
    let row = server.registry.row("policy", "v1", "poddisruptionbudgets").ok_or_else(Status::generic_not_found)?;
    let labels = meta::labels(pod).cloned().unwrap_or_default();
    let selects = |budget: &Value| {
        budget
            .pointer("/spec/selector")
            .is_some_and(|s| Selector::from_label_selector(s).is_ok_and(|s| s.matches_map(&labels)))
    };
    let budgets: Vec<Value> =
        server.registry.list_values(&row, meta::namespace(pod)).into_iter().filter(selects).collect();
    let budget = match budgets.as_slice() {
        [] => return Ok(Verdict::Go),
        [one] => one,
        _ => {
            return Err(Status::failure(
                500,
                "",
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            ));
        }
    };
    let ready = condition(pod, "Ready").is_some_and(|c| c["status"] == "True");
    let (healthy, desired) = (number(budget, "/status/currentHealthy"), number(budget, "/status/desiredHealthy"));
    if !ready
        && (text(budget, "/spec/unhealthyPodEvictionPolicy") == "AlwaysAllow" || (healthy >= desired && desired > 0))
    {
        return Ok(Verdict::GoUnchanged);
    }
    Ok(Verdict::Ask(meta::name(budget).to_owned()))
}

async fn ask(server: &Arc<ApiServer>, call: &Call, budget: &str, dry_run: bool) -> Result<(), Status> {
    let mut update =
        server.registry.internal(("policy", "v1", "poddisruptionbudgets"), "update", &call.info.namespace, budget)?;
    update.info.subresource = "status".into();
    update.options.dry_run = dry_run;
    update.options.inner = true;
    server.registry.modify(&update, &|object| take(object, &call.info.name, call.now)).await?;
    Ok(())
}

pub async fn evict(server: &Arc<ApiServer>, call: &Call, eviction: &Value) -> Result<Outcome, Status> {
    let name = call.info.name.as_str();
    if meta::name(eviction) != name {
        return Err(Status::bad_request("name in URL does not match name in Eviction object"));
    }
    let mut options = eviction.get("deleteOptions").map(DeleteOptions::from_value).unwrap_or_default();
    if call.options.dry_run && options.dry_run.is_empty() {
        options.dry_run.push("All".into());
    }
    let dry_run = !options.dry_run.is_empty();
    let row = server.registry.row("", "v1", "pods").ok_or_else(Status::generic_not_found)?;
    let get = call.about(&row, "get", "", &call.info.namespace, name);
    let found = server.registry.current(&get).await?.value();
    match verdict(server, &found)? {
        Verdict::Go => {}
        Verdict::GoUnchanged => {
            let version = meta::resource_version(&found).to_owned();
            options.resource_version.get_or_insert(version);
        }
        Verdict::Ask(budget) => ask(server, call, &budget, dry_run).await?,
    }
    if !dry_run {
        let wanted = options.clone();
        let mut mark = call.about(&row, "update", "status", &call.info.namespace, name);
        mark.options.inner = true;
        mark.user = server.registry.internal(("", "v1", "pods"), "update", "", "")?.user;
        let change = |object: &mut Value| {
            let conflict = |what: &str, wanted: &str, found: &str, happened: &str| {
                Err(Status::conflict(
                    "",
                    "Pod",
                    name,
                    &format!(
                        "the {what} in the precondition ({wanted}) does not match the {what} in record ({found}). The object might have been {happened}"
                    ),
                ))
            };
            match (&wanted.uid, &wanted.resource_version) {
                (Some(uid), _) if uid != meta::uid(object) => {
                    return conflict("UID", uid, meta::uid(object), "deleted and then recreated");
                }
                (_, Some(version)) if version != meta::resource_version(object) => {
                    return conflict("ResourceVersion", version, meta::resource_version(object), "modified");
                }
                _ => {}
            }
            let target = json!({"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"});
            pod::set_condition(object, target, call.now);
            Ok(())
        };
        let marked = server.registry.modify(&mark, &change).await?.into_value();
        if options.resource_version.is_some() {
            options.resource_version = Some(meta::resource_version(&marked).to_owned());
        }
    }
    let delete = call.about(&row, "delete", "", &call.info.namespace, name);
    server.registry.delete(&delete, &options).await?;
    Ok(done())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_gives_until_it_has_none() {
        let mut budget = json!({"metadata": {"name": "b", "generation": 1}, "status": {"observedGeneration": 1, "disruptionsAllowed": 1, "desiredHealthy": 2, "currentHealthy": 2, "conditions": []}});
        let now = jiff::Timestamp::UNIX_EPOCH;
        assert!(take(&mut budget, "p", now).is_ok());
        assert_eq!(
            (&budget["status"]["disruptionsAllowed"], &budget["status"]["disruptedPods"]["p"]),
            (&json!(0), &json!("1970-01-01T00:00:00Z"))
        );
        let refused = take(&mut budget, "q", now).expect_err("none is left");
        assert_eq!((refused.code, refused.message.as_str()), (429, WOULD_VIOLATE));
        assert_eq!(
            refused.details.expect("details").causes[0].message,
            "The disruption budget b needs 2 healthy pods and has 2 currently"
        );
        budget["metadata"]["generation"] = json!(2);
        assert_eq!(
            take(&mut budget, "q", now).expect_err("not seen yet").details.expect("details").retry_after_seconds,
            10
        );
    }
}
