//! The life of one probe: delay, attempts at its period, verdicts told to the pod's worker.

use std::{sync::Arc, time::Duration};

use client::{Env, events::Kind as EventKind};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, Probe};
use tokio::time::sleep;

use super::{
    Answer, Kind, Verdict,
    run::{Place, attempt},
    threshold::Threshold,
};
use crate::context::Context;

/// A container that has just started is asked a few times in its first second, so that it is ready when it is and not
/// a whole period later. Failures of these attempts do not count.
const EAGER: [u64; 5] = [20, 60, 150, 300, 500];
const RETRIES: usize = 3;

/// Everything of one probe.
pub(crate) struct Task {
    pub(crate) context: Arc<Context>,
    pub(crate) pod: Arc<Pod>,
    pub(crate) place: Place,
    pub(crate) probe: Probe,
    pub(crate) kind: Kind,
    pub(crate) started_at: Timestamp,
    /// It was already good before the agent was restarted.
    pub(crate) known_good: bool,
}

/// Runs until its verdict is final or it is aborted.
pub(crate) async fn run(task: Task, tell: impl Fn(Verdict) + Send) {
    let seconds =
        |value: Option<i32>, default: u64| value.and_then(|value| u64::try_from(value).ok()).unwrap_or(default);
    let period = Duration::from_secs(seconds(task.probe.period_seconds, 10).max(1));
    let count = |value: Option<i32>, default: u32| value.and_then(|value| u32::try_from(value).ok()).unwrap_or(default);
    let (success, failure) = (count(task.probe.success_threshold, 1), count(task.probe.failure_threshold, 3));
    let mut threshold = if task.known_good && task.kind == Kind::Readiness {
        Threshold::known_good(task.kind, success, failure)
    } else {
        Threshold::new(task.kind, success, failure)
    };
    sleep(initial_delay(
        &task.env(),
        task.started_at,
        Duration::from_secs(seconds(task.probe.initial_delay_seconds, 0)),
    ))
    .await;
    if task.kind == Kind::Liveness {
        sleep(period).await;
    } else if !task.known_good && eager(&task, &mut threshold, period, &tell).await {
        return;
    }
    loop {
        let begun = tokio::time::Instant::now();
        let answer = tried(&task).await;
        report(&task, &answer);
        if let Some(verdict) = threshold.add(&answer) {
            tell(verdict);
            // A failed liveness or startup probe ends the container, a successful startup probe is done for good.
            if matches!((task.kind, verdict), (Kind::Startup, _) | (Kind::Liveness, Verdict::Failure)) {
                return;
            }
        }
        sleep(period.saturating_sub(begun.elapsed())).await;
    }
}

impl Task {
    fn env(&self) -> Env {
        self.context.env.clone()
    }
}

fn initial_delay(env: &Env, started_at: Timestamp, delay: Duration) -> Duration {
    let passed = Duration::try_from(env.now().duration_since(started_at)).unwrap_or(Duration::ZERO);
    delay.saturating_sub(passed)
}

/// The first attempts; whether the probe is done.
async fn eager(task: &Task, threshold: &mut Threshold, period: Duration, tell: &(impl Fn(Verdict) + Send)) -> bool {
    let begun = tokio::time::Instant::now();
    for delay in EAGER {
        let answer = attempt(&task.place, &task.probe).await;
        if matches!(answer, Answer::Success | Answer::Warning(_)) {
            report(task, &answer);
            if let Some(verdict) = threshold.add(&answer) {
                tell(verdict);
                if task.kind == Kind::Startup {
                    return true;
                }
            }
            break;
        }
        sleep(Duration::from_millis(delay)).await;
    }
    if threshold.verdict() == Verdict::Success {
        sleep(period.saturating_sub(begun.elapsed())).await;
    }
    false
}

/// An attempt that could not be made is made again at once, a few times.
async fn tried(task: &Task) -> Answer {
    let mut answer = attempt(&task.place, &task.probe).await;
    for _ in 1..RETRIES {
        if !matches!(answer, Answer::Error(_)) {
            break;
        }
        answer = attempt(&task.place, &task.probe).await;
    }
    answer
}

fn report(task: &Task, answer: &Answer) {
    let name = task.kind.as_str();
    let (reason, text) = match answer {
        Answer::Success => return,
        Answer::Warning(text) => ("ProbeWarning", format!("{name} probe warning: {text}")),
        Answer::Failure(text) => ("Unhealthy", format!("{name} probe failed: {text}")),
        Answer::Error(text) => ("Unhealthy", format!("{name} probe errored and resulted in unknown state: {text}")),
    };
    task.context.container_event(&task.pod, &task.place.container.name, EventKind::Warning, reason, &text);
}
