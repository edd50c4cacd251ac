//! Pods.

use super::{Of, or};
use crate::access::{condition_is_true, count, flag, items, text, whole};
use apimachinery::time;
use serde_json::Value;
use std::collections::HashSet;

/// What containers say together.
#[derive(Default)]
struct Summary {
    reason: String,
    restarts: i64,
    ready: usize,
    last_restart: String,
}

impl Summary {
    fn restarted(&mut self, status: &Value) {
        self.restarts += whole(&status["restartCount"]);
        let finished = text(&status["lastState"]["terminated"]["finishedAt"]);
        // RFC 3339 in UTC with seconds sorts as text.
        if finished > self.last_restart.as_str() {
            finished.clone_into(&mut self.last_restart);
        }
    }
}

/// `Reason`, `Signal:9` or `ExitCode:1`.
fn ended(terminated: &Value, prefix: &str) -> String {
    let (reason, signal) = (text(&terminated["reason"]), whole(&terminated["signal"]));
    if !reason.is_empty() {
        format!("{prefix}{reason}")
    } else if signal != 0 {
        format!("{prefix}Signal:{signal}")
    } else {
        format!("{prefix}ExitCode:{}", whole(&terminated["exitCode"]))
    }
}

/// Init containers: what restarted, and whether the pod still initialises.
fn initializing(of: Of<'_>, sidecars: &HashSet<&str>, all: &mut Summary, lasting: &mut Summary) -> bool {
    let total = count(&of.spec()["initContainers"]);
    for (at, status) in items(&of.status()["initContainerStatuses"]).iter().enumerate() {
        let sidecar = sidecars.contains(text(&status["name"]));
        all.restarted(status);
        if sidecar {
            lasting.restarted(status);
        }
        let (terminated, waiting) = (&status["state"]["terminated"], &status["state"]["waiting"]);
        if terminated.is_object() && whole(&terminated["exitCode"]) == 0 {
            continue;
        }
        if sidecar && flag(&status["started"]) {
            if flag(&status["ready"]) {
                all.ready += 1;
            }
            continue;
        }
        let why = text(&waiting["reason"]);
        all.reason = if terminated.is_object() {
            ended(terminated, "Init:")
        } else if !why.is_empty() && why != "PodInitializing" {
            format!("Init:{why}")
        } else {
            format!("Init:{at}/{total}")
        };
        return true;
    }
    false
}

/// The containers proper.
fn running(of: Of<'_>, summary: &mut Summary) {
    let (mut has_running, mut failure) = (false, String::new());
    for status in items(&of.status()["containerStatuses"]).iter().rev() {
        summary.restarted(status);
        let (terminated, waiting) = (&status["state"]["terminated"], text(&status["state"]["waiting"]["reason"]));
        if !waiting.is_empty() {
            waiting.clone_into(&mut summary.reason);
        } else if terminated.is_object() {
            summary.reason = ended(terminated, "");
            if whole(&terminated["exitCode"]) != 0 {
                failure.clone_from(&summary.reason);
            }
        } else if flag(&status["ready"]) && status["state"]["running"].is_object() {
            has_running = true;
            summary.ready += 1;
        }
    }
    if summary.reason == "Completed" {
        if has_running && condition_is_true(of.object, "Ready") {
            summary.reason = "Running".into();
        } else if !failure.is_empty() {
            summary.reason = failure;
        } else if has_running {
            summary.reason = "NotReady".into();
        }
    }
}

fn summary(of: Of<'_>, sidecars: &HashSet<&str>) -> Summary {
    let (status, phase) = (of.status(), text(&of.status()["phase"]));
    let mut all = Summary { reason: or(&status["reason"], phase).to_owned(), ..Summary::default() };
    if items(&status["conditions"]).iter().any(|c| c["type"] == "PodScheduled" && c["reason"] == "SchedulingGated") {
        all.reason = "SchedulingGated".into();
    }
    let mut lasting = Summary::default();
    let initializing = initializing(of, sidecars, &mut all, &mut lasting);
    if !initializing || condition_is_true(of.object, "Initialized") {
        all.restarts = lasting.restarts;
        all.last_restart = lasting.last_restart;
        running(of, &mut all);
    }
    if of.is_being_deleted() {
        if status["reason"] == "NodeLost" {
            all.reason = "Unknown".into();
        } else if phase != "Succeeded" && phase != "Failed" {
            all.reason = "Terminating".into();
        }
    }
    all
}

pub(super) fn pod(of: Of<'_>) -> Vec<Value> {
    let (spec, status) = (of.spec(), of.status());
    let sidecars: HashSet<&str> = items(&spec["initContainers"])
        .iter()
        .filter(|c| c["restartPolicy"] == "Always")
        .map(|c| text(&c["name"]))
        .collect();
    let summary = summary(of, &sidecars);
    let total = count(&spec["containers"]) + sidecars.len();
    let restarts = match time::parse(&summary.last_restart) {
        Some(at) if summary.restarts != 0 => format!("{} ({} ago)", summary.restarts, super::human(at, of.now)),
        _ => summary.restarts.to_string(),
    };
    let gates = items(&spec["readinessGates"]);
    let open = gates.iter().filter(|g| condition_is_true(of.object, text(&g["conditionType"]))).count();
    vec![
        of.name(),
        format!("{}/{total}", summary.ready).into(),
        summary.reason.into(),
        restarts.into(),
        of.age(),
        or(&status["podIPs"][0]["ip"], "<none>").into(),
        or(&spec["nodeName"], "<none>").into(),
        or(&status["nominatedNodeName"], "<none>").into(),
        if gates.is_empty() { "<none>".into() } else { format!("{open}/{}", gates.len()).into() },
    ]
}
