//! Cron jobs: jobs by the clock.

pub mod plan;
pub mod schedule;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use client::{
    Change, Client, DeleteOptions, Env, Error, HasSynced, Informer, Key, Next, Object, Recorder, WorkQueue,
    events::Kind,
};
use jiff::tz::TimeZone;
use k8s_openapi::{
    api::batch::v1::{CronJob, CronJobStatus, Job},
    apimachinery::pkg::apis::meta::v1::Time,
};

use crate::{Context, flight::Written, job::plan::is_finished, loops::Loops};
use plan::{Plan, plan, reference};

const NAME: &str = "cronjob-controller";
const WORKERS: usize = 5;

struct Controller {
    client: Client,
    env: Env,
    recorder: Recorder,
    crons: Arc<Informer<CronJob>>,
    jobs: Arc<Informer<Job>>,
    written: Written,
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let client = context.client(NAME);
    let controller = Arc::new(Controller {
        recorder: context.recorder(&client, NAME),
        env: context.env.clone(),
        crons: context.informers.get(),
        jobs: context.informers.get(),
        written: Written::default(),
        client,
    });
    let queue = WorkQueue::new();
    let (keys, weak) = (queue.clone(), Arc::downgrade(&controller));
    controller.crons.on(move |change: &Change<'_, CronJob>| {
        if let Some(cron) = change.object() {
            keys.add(cron.key());
            weak.upgrade().filter(|_| change.is_deleted()).into_iter().for_each(|c| c.written.forget(cron.uid()));
        }
    });
    let (keys, weak) = (queue.clone(), Arc::downgrade(&controller));
    controller.jobs.on(move |change: &Change<'_, Job>| {
        for job in change.states() {
            if let Some(owner) = job.controller().filter(|o| o.kind == "CronJob") {
                keys.add(Key::new(job.namespace(), &owner.name));
            }
        }
        if let (Some(controller), Some(new)) = (weak.upgrade(), change.new)
            && is_finished(new)
            && change.old.is_some_and(|old| !is_finished(old))
        {
            controller.tell_end(new);
        }
    });
    let lists: &[&dyn HasSynced] = &[&*controller.crons, &*controller.jobs];
    let loops = Loops { name: NAME, workers: WORKERS, queue, env: context.env.clone() };
    loops.work(lists, &controller, |controller, key| Box::pin(controller.reconcile(key))).await;
}

fn zone(cron: &CronJob) -> Option<TimeZone> {
    match cron.spec.time_zone.as_deref() {
        None | Some("" | "UTC" | "Etc/UTC") => Some(TimeZone::UTC),
        Some(name) => TimeZone::get(name).ok(),
    }
}

impl Controller {
    fn tell_end(&self, job: &Job) {
        let Some(owner) = job.controller().filter(|o| o.kind == "CronJob") else {
            return;
        };
        if let Some(cron) = self.crons.store().get(job.namespace(), &owner.name) {
            let complete = job.status.as_ref().is_some_and(|s| crate::job::plan::condition(s, "Complete").is_some());
            let how = if complete { "Complete" } else { "Failed" };
            let message = format!("Saw completed job: {}, condition: {how}", job.name());
            self.recorder.normal(&*cron, "SawCompletedJob", &message);
        }
    }

    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        let Some(cron) = self.crons.store().by_key(key) else {
            return Ok(Next::Done);
        };
        if self.written.is_stale(&*cron) {
            return Ok(Next::After(Duration::from_secs(1)));
        }
        let mut jobs = self.jobs.store().owned_by(cron.uid());
        jobs.retain(|j| j.is_controlled_by(cron.uid()));
        let zone = zone(&cron);
        let plan = plan(&cron, &jobs, zone.as_ref(), self.env.now());
        self.apply(&cron, plan).await
    }

    async fn apply(&self, cron: &CronJob, plan: Plan) -> Result<Next, Error> {
        for said in &plan.say {
            let kind = if said.warning { Kind::Warning } else { Kind::Normal };
            self.recorder.event(cron, kind, said.reason, &said.message);
        }
        for job in &plan.delete {
            let options = DeleteOptions::uid(job.uid()).propagation("Background");
            match self.client.delete::<Job>(job.namespace(), job.name(), &options).await {
                Ok(()) => {
                    self.recorder.normal(cron, "SuccessfulDelete", &format!("Deleted job {}", job.name()));
                }
                Err(error) if error.is_not_found() || error.is_conflict() => {}
                Err(error) => return Err(error),
            }
        }
        let mut status = plan.status;
        if let Some(job) = plan.start {
            match self.client.create(&*job).await {
                Ok(created) => {
                    self.recorder.normal(cron, "SuccessfulCreate", &format!("Created job {}", created.name()));
                    status.active.get_or_insert_default().push(reference(&created));
                }
                // Made before a restart, or before the status was written.
                Err(error) if error.is_already_exists() || error.is_namespace_terminating() => {}
                Err(error) => {
                    let message = format!("Error creating job: {}", error.message());
                    self.recorder.warning(cron, "FailedCreate", &message);
                    return Err(error);
                }
            }
        }
        self.write_status(cron, status).await?;
        Ok(plan.next.map_or(Next::Done, Next::After))
    }

    async fn write_status(&self, cron: &CronJob, mut status: CronJobStatus) -> Result<(), Error> {
        // Times are kept in whole seconds.
        if let Some(Time(at)) = &mut status.last_schedule_time {
            *at = jiff::Timestamp::from_second(at.as_second()).unwrap_or(*at);
        }
        if cron.status.clone().unwrap_or_default() == status {
            return Ok(());
        }
        let changed = CronJob { status: Some(status), ..cron.clone() };
        match self.client.update_status(&changed).await {
            Err(error) if error.is_not_found() => Ok(()),
            other => other.map(|written| self.written.wrote(&written)),
        }
    }
}
