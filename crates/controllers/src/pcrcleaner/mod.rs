//! Requests for pods' certificates go a quarter of an hour after they were made: whoever made one has its answer by then,
//! or makes another.

pub mod plan;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use client::{Change, DeleteOptions, Key, Next, Object, WorkQueue, run_controller};
use jiff::SignedDuration;
use k8s_openapi::api::certificates::v1::PodCertificateRequest;

use crate::Context;

const NAME: &str = "podcertificaterequest-cleaner-controller";
const ACCOUNT: &str = "podcertificaterequestcleaner";

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let client = context.client(ACCOUNT);
    let requests = context.informers.get::<PodCertificateRequest>();
    let queue = WorkQueue::new();
    let keys = queue.clone();
    requests.on(move |change: &Change<'_, PodCertificateRequest>| {
        if change.old.is_none() {
            change.new.into_iter().for_each(|request| keys.add(request.key()));
        }
    });
    requests.has_synced().await;
    let env = context.env.clone();
    run_controller(NAME, 1, queue, env.clone(), move |key: Key| {
        let (client, requests, env) = (client.clone(), requests.clone(), env.clone());
        async move {
            let Some(request) = requests.store().by_key(&key) else { return Ok(Next::Done) };
            let Some(left) = plan::due(&request).map(|at| at.duration_since(env.now())) else {
                return Ok(Next::Done);
            };
            if left > SignedDuration::ZERO {
                return Ok(Next::After(Duration::try_from(left).unwrap_or(Duration::from_secs(1))));
            }
            let options = DeleteOptions::uid(request.uid());
            match client.delete::<PodCertificateRequest>(&key.namespace, &key.name, &options).await {
                Err(error) if !error.is_not_found() && !error.is_conflict() => Err(error),
                Ok(()) | Err(_) => Ok(Next::Done),
            }
        }
    })
    .await;
}
