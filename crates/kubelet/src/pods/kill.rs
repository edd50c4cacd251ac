//! Ends a container: preStop hook, signal, grace period, kill.

use std::{sync::Arc, time::Duration};

use client::events::Kind;
use cri::runtime::{ContainerId, SandboxId};
use k8s_openapi::api::core::v1::{Container, Pod};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

use super::{
    hooks,
    message::{Mailbox, Message},
    plan::Stop,
};
use crate::{context::Context, probes::run::Place};

/// Even without a grace period a container gets this long.
const LEAST_SECONDS: i64 = 2;
/// After a kill the end must come; if not, the worker thinks again.
const AFTER_KILL: Duration = Duration::from_secs(30);

/// What the worker tells an end that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// The container ended.
    pub(crate) exited: bool,
    /// The grace period was shortened: all of it counted from now.
    pub(crate) hurry_seconds: Option<i64>,
}

/// Everything that an end needs.
pub(crate) struct Job {
    pub(crate) context: Arc<Context>,
    pub(crate) pod: Arc<Pod>,
    pub(crate) container: Arc<Container>,
    pub(crate) sandbox: SandboxId,
    pub(crate) stop: Stop,
    pub(crate) signal: String,
    pub(crate) pod_ip: String,
    pub(crate) progress: watch::Receiver<Progress>,
    pub(crate) mailbox: Arc<Mailbox>,
}

/// Does it and tells the worker.
pub(crate) async fn end(mut job: Job) {
    job.context.container_event(&job.pod, &job.stop.name, Kind::Normal, "Killing", &job.stop.message);
    let begun = Instant::now();
    let grace = job.stop.grace_seconds;
    let deadline = begun + Duration::from_secs(u64::try_from(grace).unwrap_or(0));
    if grace > 0 && job.stop.run_pre_stop {
        pre_stop(&mut job, deadline).await;
    }
    // Always a moment for a clean end.
    let least = Instant::now() + Duration::from_secs(LEAST_SECONDS.unsigned_abs());
    if !job.progress.borrow().exited {
        signal_and_wait(&mut job, deadline.max(least)).await;
    }
    job.mailbox.push(Message::Stopped(job.stop.name.clone()));
}

async fn pre_stop(job: &mut Job, deadline: Instant) {
    let Some(hook) = job.container.lifecycle.as_ref().and_then(|hooks| hooks.pre_stop.clone()) else { return };
    let place = Place {
        runtime: job.context.runtime.clone(),
        sandbox: job.sandbox.clone(),
        id: job.stop.id.clone(),
        container: job.container.clone(),
        pod_ip: job.pod_ip.clone(),
    };
    let pod = job.pod.clone();
    let result = tokio::select! {
        biased;
        result = hooks::run(&place, &pod, &hook) => result,
        () = over(&mut job.progress, deadline) => return,
    };
    if let Err(message) = result {
        job.context.say(&message);
        job.context.container_event(&job.pod, &job.stop.name, Kind::Warning, "FailedPreStopHook", "PreStopHook failed");
    }
}

/// Until the container ended or the deadline (also a shortened one) passed.
async fn over(progress: &mut watch::Receiver<Progress>, deadline: Instant) {
    let mut deadline = deadline;
    loop {
        let now = *progress.borrow_and_update();
        if now.exited {
            return;
        }
        if let Some(seconds) = now.hurry_seconds {
            deadline = deadline.min(Instant::now() + Duration::from_secs(u64::try_from(seconds.max(0)).unwrap_or(0)));
        }
        tokio::select! {
            biased;
            changed = progress.changed() => if changed.is_err() { return },
            () = sleep_until(deadline) => return,
        }
    }
}

async fn signal_and_wait(job: &mut Job, deadline: Instant) {
    let (runtime, sandbox, id) = (job.context.runtime.clone(), job.sandbox.clone(), job.stop.id.clone());
    if let Err(error) = runtime.signal_container(&sandbox, &id, &job.signal).await {
        job.context.say(&format!("signal {} to container {}: {error}", job.signal, job.stop.name));
    }
    over(&mut job.progress, deadline).await;
    if job.progress.borrow().exited {
        return;
    }
    kill(job, &sandbox, &id).await;
}

async fn kill(job: &mut Job, sandbox: &SandboxId, id: &ContainerId) {
    let kill = job.context.runtime.kill_container(sandbox, id);
    match timeout(AFTER_KILL, kill).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => job.context.say(&format!("kill container {}: {error}", job.stop.name)),
        Err(_) => job.context.say(&format!("kill container {}: no answer", job.stop.name)),
    }
    let _ = timeout(AFTER_KILL, job.progress.wait_for(|progress| progress.exited)).await;
}
