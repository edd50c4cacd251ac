//! Jobs that are over go after the time that they ask for.

use std::{sync::Arc, time::Duration};

use client::{Change, DeleteOptions, Key, Next, Object, WorkQueue, run_controller};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::Job;

use crate::{Context, job::plan::condition};

const NAME: &str = "ttl-after-finished-controller";

/// When a job goes; `None`: it stays.
#[must_use]
pub fn due(job: &Job) -> Option<Timestamp> {
    let seconds = job.spec.as_ref()?.ttl_seconds_after_finished?;
    let status = job.status.as_ref()?;
    let over = condition(status, "Complete").or_else(|| condition(status, "Failed"))?;
    over.last_transition_time.as_ref()?.0.checked_add(SignedDuration::from_secs(i64::from(seconds))).ok()
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let client = context.client(NAME);
    let jobs = context.informers.get::<Job>();
    let queue = WorkQueue::new();
    let keys = queue.clone();
    jobs.on(move |change: &Change<'_, Job>| {
        change.new.filter(|j| due(j).is_some()).into_iter().for_each(|j| keys.add(j.key()));
    });
    jobs.has_synced().await;
    let env = context.env.clone();
    run_controller(NAME, 2, queue, env.clone(), move |key: Key| {
        let (client, jobs, env) = (client.clone(), jobs.clone(), env.clone());
        async move {
            let due = jobs.store().by_key(&key).filter(|j| !j.is_deleting()).as_deref().and_then(due);
            let Some(left) = due.map(|at| at.duration_since(env.now())) else {
                return Ok(Next::Done);
            };
            if left > SignedDuration::ZERO {
                return Ok(Next::After(Duration::try_from(left).unwrap_or(Duration::from_secs(1))));
            }
            // The truth: the time may have been prolonged meanwhile.
            let Some(live) = client.find::<Job>(&key.namespace, &key.name).await? else {
                return Ok(Next::Done);
            };
            if self::due(&live).is_none_or(|at| at > env.now()) {
                return Ok(Next::Done);
            }
            let options = DeleteOptions::uid(live.uid()).propagation("Foreground");
            match client.delete::<Job>(&key.namespace, &key.name, &options).await {
                Err(error) if !error.is_not_found() => Err(error),
                Ok(()) | Err(_) => Ok(Next::Done),
            }
        }
    })
    .await;
}
