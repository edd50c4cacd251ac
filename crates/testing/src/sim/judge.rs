//! Sees every write and every container, and says what must not be.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write as _,
    sync::Arc,
};

use client::Clock;
use cri::runtime::{ContainerConfig, SandboxConfig};
use parking_lot::Mutex;
use serde_json::Value;
use sha2::{Digest, Sha256};
use storage::{Batch, Event};

use super::objects::{is_deleting, is_over, list, number, text, uid};

/// Violations and notes that are kept.
const KEPT: usize = 60;
/// A kubelet that hears everything knows of a deletion within this time.
const HEARS_MS: i64 = 3_000;
/// A kubelet whose watch may be lost knows of a deletion within this time.
const HEARS_LATE_MS: i64 = 12 * 60_000;

const PODS: &str = "/registry/core/pods/";
const NODES: &str = "/registry/core/nodes/";
const LEASES: &str = "/registry/coordination.k8s.io/leases/kube-node-lease/";
const EVENTS: &str = "/registry/core/events/";

/// What is known of a pod.
#[derive(Default)]
struct Seen {
    name: String,
    node: String,
    /// Since when it is being deleted, or gone, in milliseconds.
    leaving_ms: Option<i64>,
    gone: bool,
    over: String,
    restarts: BTreeMap<String, i64>,
}

#[derive(Default)]
struct State {
    hash: Sha256,
    writes: u64,
    pods: BTreeMap<String, Seen>,
    /// (UID, container) → node.
    running: BTreeMap<(String, String), String>,
    attempts: BTreeMap<(String, String), u32>,
    /// Keys that nobody may delete but the user.
    wanted: BTreeSet<String>,
    /// UIDs that the user deleted without grace.
    forced: BTreeSet<String>,
    nodes: BTreeSet<String>,
    /// Until when what a node knows may be old.
    blind: BTreeMap<String, i64>,
    resting: bool,
    violations: Vec<String>,
    newest: VecDeque<String>,
}

/// See the module.
pub struct Judge {
    clock: Arc<dyn Clock>,
    verbose: bool,
    state: Mutex<State>,
}

impl Judge {
    /// A judge with this clock; a verbose one notes every container and write.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, verbose: bool) -> Self {
        Self { clock, verbose, state: Mutex::default() }
    }

    fn now_ms(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// Notes what happens, for who reads about a violation later.
    pub fn note(&self, what: &str) {
        let line = format!("{} {what}", self.clock.now());
        self.keep(&mut self.state.lock(), line);
    }

    fn keep(&self, state: &mut State, line: String) {
        if self.verbose {
            state.newest.push_back(line);
            return;
        }
        if state.newest.len() >= KEPT {
            state.newest.pop_front();
        }
        state.newest.push_back(line);
    }

    /// What was noted last.
    #[must_use]
    pub fn newest(&self) -> Vec<String> {
        self.state.lock().newest.iter().cloned().collect()
    }

    /// Something is as it must not be.
    pub fn violate(&self, what: &str) {
        self.against(&mut self.state.lock(), what);
    }

    fn against(&self, state: &mut State, what: &str) {
        if state.violations.len() < KEPT {
            state.violations.push(format!("{} {what}", self.clock.now()));
        }
    }

    /// Nothing is wrong so far.
    #[must_use]
    pub fn is_content(&self) -> bool {
        self.state.lock().violations.is_empty()
    }

    /// What was wrong.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.state.lock().violations.clone()
    }

    /// Commits so far.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.state.lock().writes
    }

    /// Over everything that happened so far, in order.
    #[must_use]
    pub fn hash(&self) -> String {
        let digest = self.state.lock().hash.clone().finalize();
        digest.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// From now on (or no more) every write but heartbeats is one too many.
    pub fn rest(&self, resting: bool) {
        self.state.lock().resting = resting;
    }

    /// The user wants what lies under this key (or no more).
    pub fn want(&self, key: &str, wanted: bool) {
        let mut state = self.state.lock();
        if wanted {
            state.wanted.insert(key.to_owned());
        } else {
            // Also everything in a namespace: `/registry/core/namespaces/x`.
            state.wanted.remove(key);
            if let Some(namespace) = key.strip_prefix("/registry/core/namespaces/") {
                let part = format!("/{namespace}/");
                state.wanted.retain(|key| !key.contains(&part));
            }
        }
    }

    /// What the user wants.
    #[must_use]
    pub fn wanted(&self) -> Vec<String> {
        self.state.lock().wanted.iter().cloned().collect()
    }

    /// The user took this pod away without waiting for its node.
    pub fn force(&self, uid: &str) {
        self.state.lock().forced.insert(uid.to_owned());
    }

    /// What this node knows may be so old from now on.
    pub fn blind(&self, node: &str, for_ms: i64) {
        let until = self.now_ms() + for_ms;
        let mut state = self.state.lock();
        let known = state.blind.entry(node.to_owned()).or_default();
        *known = until.max(*known);
    }

    /// A machine lost power: how often its containers had run is known only as far as the API was told.
    pub fn lost_power(&self, node: &str) {
        let mut state = self.state.lock();
        let state = &mut *state;
        state.attempts.retain(|(uid, _), _| state.pods.get(uid).is_some_and(|seen| seen.node != node));
    }

    /// A program runs.
    pub fn started(&self, node: &str, pod: &SandboxConfig, container: &ContainerConfig) {
        let now = self.now_ms();
        let what = format!("{}/{}", pod.pod_namespace, pod.pod_name);
        let mut state = self.state.lock();
        state.hash.update(format!("start {now} {node} {what} {} {}", container.name, container.attempt));
        let line = format!(
            "{} {node} starts {what} {} {} ({})",
            self.clock.now(),
            container.name,
            container.attempt,
            pod.pod_uid
        );
        self.keep(&mut state, line);
        let id = (pod.pod_uid.clone(), container.name.clone());
        if let Some(other) = state.running.insert(id.clone(), node.to_owned()) {
            self.against(&mut state, &format!("{what} runs twice: on {other}, and now on {node}"));
        }
        if let Some(before) = state.attempts.insert(id, container.attempt)
            && before >= container.attempt
        {
            let message = format!("{what}: attempt {} of {} after {before}", container.attempt, container.name);
            self.against(&mut state, &message);
        }
        let blind = state.blind.get(node).copied().unwrap_or(0) > now;
        let slack = if blind { HEARS_LATE_MS } else { HEARS_MS };
        let Some(seen) = state.pods.get(&pod.pod_uid) else { return };
        if let Some(since) = seen.leaving_ms
            && now - since > slack
        {
            let message = format!("{what} is started on {node} {} ms after its deletion", now - since);
            self.against(&mut state, &message);
        }
    }

    /// A program ended.
    pub fn ended(&self, node: &str, pod: &SandboxConfig, container: &ContainerConfig, code: i32) {
        let mut state = self.state.lock();
        state.hash.update(format!("end {} {node} {} {} {code}", self.now_ms(), pod.pod_name, container.name));
        let what = format!("{}/{}", pod.pod_namespace, pod.pod_name);
        let line =
            format!("{} {node} ended {what} {} {} with {code}", self.clock.now(), container.name, container.attempt);
        self.keep(&mut state, line);
        state.running.remove(&(pod.pod_uid.clone(), container.name.clone()));
    }

    /// Takes in a commit.
    pub fn batch(&self, batch: &Batch) {
        let mut state = self.state.lock();
        state.writes += 1;
        for event in batch.events.iter() {
            let key = &*event.entry.key;
            state.hash.update(batch.revision.0.to_le_bytes());
            state.hash.update(key.as_bytes());
            state.hash.update([u8::from(event.deleted)]);
            state.hash.update(&event.entry.value);
            if key.starts_with(PODS) {
                self.pod(&mut state, event);
            } else if let Some(name) = key.strip_prefix(NODES) {
                if event.deleted {
                    state.nodes.remove(name)
                } else {
                    state.nodes.insert(name.to_owned())
                };
            }
            if event.deleted && state.wanted.remove(key) {
                self.against(&mut state, &format!("{key} is gone, and nobody deleted it"));
            }
            if state.resting && !is_heartbeat(event) {
                self.against(&mut state, &format!("a write while all should rest: {} {key}", batch.revision.0));
            }
        }
    }

    fn pod(&self, state: &mut State, event: &Event) {
        let value = if event.deleted { event.previous.as_ref().map(|p| &p.value) } else { Some(&event.entry.value) };
        let Some(pod) = value.and_then(|v| serde_json::from_slice::<Value>(v).ok()) else { return };
        let (now, uid) = (self.now_ms(), uid(&pod).to_owned());
        let mut seen = state.pods.remove(&uid).unwrap_or_default();
        let what = event.entry.key.trim_start_matches(PODS);
        what.clone_into(&mut seen.name);
        if event.deleted {
            self.pod_gone(state, &uid, &seen);
            seen.gone = true;
        }
        if event.deleted || is_deleting(&pod) {
            seen.leaving_ms.get_or_insert(now);
        }
        let node = text(&pod, "/spec/nodeName");
        if !seen.node.is_empty() && seen.node != node {
            self.against(state, &format!("{what} moves from {} to {node}", seen.node));
        }
        node.clone_into(&mut seen.node);
        let phase = text(&pod, "/status/phase");
        if !seen.over.is_empty() && seen.over != phase {
            self.against(state, &format!("{what} was {} and is {phase}", seen.over));
        }
        if is_over(&pod) {
            phase.clone_into(&mut seen.over);
        }
        for status in list(&pod, "/status/containerStatuses") {
            let (name, count) = (text(status, "/name").to_owned(), number(status, "/restartCount"));
            let before = seen.restarts.insert(name.clone(), count).unwrap_or(0);
            if before > count {
                self.against(state, &format!("{what}: restarts of {name} go from {before} to {count}"));
            }
        }
        state.pods.insert(uid, seen);
    }

    /// A pod leaves the API only when nothing of it runs, unless its node is gone or somebody insisted.
    fn pod_gone(&self, state: &mut State, uid: &str, seen: &Seen) {
        let runs = state.running.range((uid.to_owned(), String::new())..).next().is_some_and(|((of, _), _)| of == uid);
        if runs && !state.forced.contains(uid) && state.nodes.contains(&seen.node) {
            self.against(state, &format!("{} left the API while it runs on {}", seen.name, seen.node));
        }
    }
}

/// Writes that go on for ever: leases of nodes, their status every few minutes, and events that are forgotten.
fn is_heartbeat(event: &Event) -> bool {
    let key = &*event.entry.key;
    if key.starts_with(LEASES) || (key.starts_with(EVENTS) && event.deleted) {
        return true;
    }
    let Some(before) = event.previous.as_ref().filter(|_| key.starts_with(NODES) && !event.deleted) else {
        return false;
    };
    let bare = |bytes: &[u8]| {
        let mut node: Value = serde_json::from_slice(bytes).unwrap_or_default();
        for condition in node.pointer_mut("/status/conditions").and_then(Value::as_array_mut).into_iter().flatten() {
            condition["lastHeartbeatTime"] = Value::Null;
        }
        node["metadata"]["managedFields"] = Value::Null;
        node["metadata"]["resourceVersion"] = Value::Null;
        node
    };
    bare(&before.value) == bare(&event.entry.value)
}
