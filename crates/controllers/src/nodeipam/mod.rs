//! Every node gets a part of the cluster's pod addresses.

pub mod plan;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use client::{Change, Key, Next, Object, WorkQueue, run_controller};
use k8s_openapi::api::core::v1::Node;
use parking_lot::Mutex;
use serde_json::json;

use crate::Context;
use plan::Cidr;

const IDENTITY: &str = "node-controller";
const NAME: &str = "cidrAllocator";

fn cidrs(node: &Node) -> Vec<Cidr> {
    let spec = node.spec.as_ref();
    let listed = spec.and_then(|s| s.pod_cidrs.as_ref()).into_iter().flatten();
    listed.chain(spec.and_then(|s| s.pod_cidr.as_ref())).filter_map(|c| Cidr::parse(c)).collect()
}

/// Runs the controller. One worker, so that no part is given twice.
pub async fn run(context: Arc<Context>) {
    let Some(cluster) = Cidr::parse(&context.config.cluster_cidr) else {
        context.env.say(&format!("no pod addresses: {:?} is not an IPv4 range", context.config.cluster_cidr));
        return;
    };
    let length = context.config.node_mask;
    let client = context.client(IDENTITY);
    let recorder = context.recorder(&client, NAME);
    let nodes = context.informers.get::<Node>();
    // Given, but perhaps not yet shown by the informer.
    let given: Arc<Mutex<HashMap<String, Cidr>>> = Arc::default();
    let queue = WorkQueue::new();
    let (keys, gone) = (queue.clone(), given.clone());
    nodes.on(move |change: &Change<'_, Node>| match (change.new, change.old) {
        (Some(node), _) => keys.add(node.key()),
        (None, Some(node)) => drop(gone.lock().remove(node.name())),
        (None, None) => {}
    });
    nodes.has_synced().await;
    run_controller(NAME, 1, queue, context.env.clone(), move |key: Key| {
        let (client, recorder, nodes, given) = (client.clone(), recorder.clone(), nodes.clone(), given.clone());
        async move {
            let Some(node) = nodes.store().by_key(&key).filter(|n| cidrs(n).is_empty()) else {
                return Ok(Next::Done);
            };
            let known = given.lock().get(&key.name).copied();
            let mut taken: HashSet<Cidr> = nodes.store().all().iter().flat_map(|n| cidrs(n)).collect();
            taken.extend(given.lock().iter().filter(|(name, _)| **name != key.name).map(|(_, c)| *c));
            let Some(part) = known.or_else(|| plan::next_free(cluster, length, &taken)) else {
                let message = format!("Node {} status is now: CIDRNotAvailable", node.name());
                recorder.normal(&*node, "CIDRNotAvailable", &message);
                return Ok(Next::Retry);
            };
            given.lock().insert(key.name.clone(), part);
            let part = part.to_string();
            let patch = json!({ "metadata": { "uid": node.uid() }, "spec": { "podCIDR": part, "podCIDRs": [part] } });
            match client.merge::<Node>("", node.name(), &patch).await {
                Err(error) if !error.is_not_found() => Err(error),
                Ok(_) | Err(_) => Ok(Next::Done),
            }
        }
    })
    .await;
}
