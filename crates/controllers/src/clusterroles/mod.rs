//! Roles that are made of others (`admin`, `edit`, `view`) have the rules of those.

pub mod plan;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use client::{Change, Informer, Key, Next, Object, WorkQueue, run_controller};
use k8s_openapi::api::rbac::v1::ClusterRole;
use serde_json::json;

use crate::Context;

const NAME: &str = "clusterrole-aggregation-controller";

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let client = context.client(NAME);
    let roles: Arc<Informer<ClusterRole>> = context.informers.get();
    let queue = WorkQueue::new();
    let (keys, weak) = (queue.clone(), Arc::downgrade(&roles));
    roles.on(move |change: &Change<'_, ClusterRole>| {
        let Some(roles) = weak.upgrade() else {
            return;
        };
        // Any role may be part of any aggregated one; there are few of those.
        let made = |r: &ClusterRole| r.aggregation_rule.is_some();
        change.new.filter(|r| made(r)).into_iter().for_each(|r| keys.add(r.key()));
        roles.store().filter(made).iter().for_each(|r| keys.add(r.key()));
    });
    roles.has_synced().await;
    run_controller(NAME, 1, queue, context.env.clone(), move |key: Key| {
        let (client, roles) = (client.clone(), roles.clone());
        async move {
            let Some(role) = roles.store().by_key(&key) else {
                return Ok(Next::Done);
            };
            let Some(rules) = plan::plan(&role, &roles.store().all()) else {
                return Ok(Next::Done);
            };
            let patch = json!({ "metadata": { "resourceVersion": role.version() }, "rules": rules });
            match client.merge::<ClusterRole>("", role.name(), &patch).await {
                Err(error) if !error.is_not_found() => Err(error),
                Ok(_) | Err(_) => Ok(Next::Done),
            }
        }
    })
    .await;
}
