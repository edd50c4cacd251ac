//! The next step of a stateful set: pods come in order, go in reverse order, and are updated from the last to the first.

use std::{collections::BTreeMap, sync::Arc};

use client::Object;
use jiff::Timestamp;
use k8s_openapi::api::{
    apps::v1::{StatefulSet, StatefulSetStatus},
    core::v1::Pod,
};

use super::identity::{ordinal, start};
use crate::{history::REVISION_LABEL, pods, scaled};

/// What a stateful set is compared with.
pub struct Input<'a> {
    /// The set.
    pub set: &'a StatefulSet,
    /// Its pods.
    pub pods: &'a [Arc<Pod>],
    /// Name of the revision that pods have that are not yet updated.
    pub current: &'a str,
    /// Name of the revision of the template.
    pub update: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Make the pod with this number, of the new revision or of the current one.
    Create {
        /// The number.
        ordinal: i32,
        /// Of the new revision.
        updated: bool,
    },
    /// Delete a pod.
    Delete {
        /// The pod.
        pod: Arc<Pod>,
        /// Why.
        why: Why,
    },
}

/// Why a pod is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It ended; it will be made again.
    Ended,
    /// The set shrank.
    Surplus,
    /// It is of an old revision.
    Outdated,
}

struct View<'a> {
    input: &'a Input<'a>,
    wanted: BTreeMap<i32, Option<Arc<Pod>>>,
    surplus: Vec<Arc<Pod>>,
    monotonic: bool,
}

fn replicas(set: &StatefulSet) -> i32 {
    set.spec.replicas.unwrap_or(1)
}

fn is_created(pod: &Pod) -> bool {
    !pods::phase(pod).is_empty()
}

fn is_running_and_ready(pod: &Pod) -> bool {
    pods::phase(pod) == "Running" && pods::is_ready(pod)
}

fn revision(pod: &Pod) -> &str {
    pod.label(REVISION_LABEL).unwrap_or_default()
}

/// Living pods of a revision.
fn count_of(pods: &[Arc<Pod>], name: &str) -> i32 {
    let living = pods.iter().filter(|p| is_created(p) && !p.is_deleting() && revision(p) == name);
    i32::try_from(living.count()).unwrap_or(i32::MAX)
}

fn is_rolling(set: &StatefulSet) -> bool {
    set.spec.update_strategy.as_ref().and_then(|s| s.type_.as_deref()) != Some("OnDelete")
}

fn partition(set: &StatefulSet) -> Option<i32> {
    set.spec.update_strategy.as_ref()?.rolling_update.as_ref()?.partition
}

impl<'a> View<'a> {
    fn new(input: &'a Input<'a>) -> Self {
        let set = input.set;
        let first = start(set);
        let mut wanted: BTreeMap<i32, Option<Arc<Pod>>> = (first..first + replicas(set)).map(|n| (n, None)).collect();
        let mut surplus = Vec::new();
        for pod in input.pods {
            match ordinal(set, pod) {
                Some(number) if wanted.contains_key(&number) => {
                    wanted.insert(number, Some(pod.clone()));
                }
                Some(_) => surplus.push(pod.clone()),
                None => {}
            }
        }
        surplus.sort_by_key(|p| ordinal(set, p));
        let monotonic = set.spec.pod_management_policy.as_deref() != Some("Parallel");
        Self { input, wanted, surplus, monotonic }
    }

    fn is_available(&self, pod: &Pod) -> bool {
        let seconds = self.input.set.spec.min_ready_seconds.unwrap_or_default();
        is_running_and_ready(pod) && pods::is_available(pod, seconds, self.input.now)
    }

    /// Whether a pod that is made now shall be of the current revision: the update has not come to it.
    fn is_current_needed(&self, number: i32) -> bool {
        let set = self.input.set;
        if !is_rolling(set) {
            return false;
        }
        let kept = partition(set).filter(|p| *p > 0).unwrap_or_else(|| count_of(self.input.pods, self.input.current));
        number < start(set) + kept
    }

    /// Makes what is missing; `false`: a pod has to come up before anything else.
    fn complete(&self, actions: &mut Vec<Action>) -> bool {
        for (number, pod) in &self.wanted {
            let Some(pod) = pod else {
                actions.push(Action::Create { ordinal: *number, updated: !self.is_current_needed(*number) });
                if self.monotonic {
                    return false;
                }
                continue;
            };
            if pods::is_terminal(pod) {
                if !pod.is_deleting() {
                    actions.push(Action::Delete { pod: pod.clone(), why: Why::Ended });
                }
                if self.monotonic {
                    return false;
                }
            } else if self.monotonic && (pod.is_deleting() || !self.is_available(pod)) {
                return false;
            }
        }
        true
    }

    /// Removes what is too much, last first; `false`: one has to go before anything else.
    fn shrink(&self, actions: &mut Vec<Action>) -> bool {
        let lame = |p: &&Arc<Pod>| p.is_deleting() || !is_running_and_ready(p);
        let first_lame = self.wanted.values().flatten().chain(&self.surplus).find(lame).map(|p| p.uid().to_owned());
        for pod in self.surplus.iter().rev() {
            if pod.is_deleting() {
                if self.monotonic {
                    return false;
                }
                continue;
            }
            // A pod that does not serve only goes first when it is the only one.
            if self.monotonic && !is_running_and_ready(pod) && first_lame.as_deref() != Some(pod.uid()) {
                return false;
            }
            actions.push(Action::Delete { pod: pod.clone(), why: Why::Surplus });
            if self.monotonic {
                return false;
            }
        }
        true
    }

    /// Replaces pods of old revisions, last first, as many at a time as may be missing.
    fn update(&self, actions: &mut Vec<Action>) {
        let set = self.input.set;
        let rolling = set.spec.update_strategy.as_ref().and_then(|s| s.rolling_update.as_ref());
        let most = rolling.and_then(|r| r.max_unavailable.as_ref());
        let most = scaled::value(most, replicas(set), true).unwrap_or(1).max(1);
        let from = start(set).max(partition(set).unwrap_or_default());
        let pods: Vec<&Arc<Pod>> =
            self.wanted.iter().filter(|(n, _)| **n >= from).filter_map(|(_, p)| p.as_ref()).collect();
        let mut missing = self
            .wanted
            .values()
            .filter(|p| p.as_ref().is_none_or(|p| !self.is_available(p) || p.is_deleting()))
            .count();
        for pod in pods.into_iter().rev() {
            let lame = pod.is_deleting() || !self.is_available(pod);
            if revision(pod) != self.input.update && !pod.is_deleting() {
                if !lame && missing >= usize::try_from(most).unwrap_or(1) {
                    return;
                }
                actions.push(Action::Delete { pod: pod.clone(), why: Why::Outdated });
                missing += usize::from(!lame);
                if most == 1 {
                    return;
                }
            } else if lame && most == 1 {
                return;
            }
        }
    }
}

/// The next steps; what they change comes back as events.
#[must_use]
pub fn plan(input: &Input<'_>) -> Vec<Action> {
    let view = View::new(input);
    let mut actions = Vec::new();
    if view.complete(&mut actions) && view.shrink(&mut actions) && actions.is_empty() && is_rolling(input.set) {
        view.update(&mut actions);
    }
    actions
}

/// The status.
#[must_use]
pub fn status(input: &Input<'_>) -> StatefulSetStatus {
    let set = input.set;
    let view = View::new(input);
    let count =
        |keep: &dyn Fn(&Pod) -> bool| i32::try_from(input.pods.iter().filter(|p| keep(p)).count()).unwrap_or(i32::MAX);
    let of = |name: &str| count_of(input.pods, name);
    let old = set.status.clone().unwrap_or_default();
    let mut status = StatefulSetStatus {
        replicas: count(&is_created),
        ready_replicas: Some(count(&is_running_and_ready)).filter(|n| *n != 0),
        available_replicas: Some(count(&|p| view.is_available(p))),
        current_replicas: Some(of(input.current)).filter(|n| *n != 0),
        updated_replicas: Some(of(input.update)).filter(|n| *n != 0),
        current_revision: Some(input.current.to_owned()),
        update_revision: Some(input.update.to_owned()),
        observed_generation: set.metadata.generation,
        ..old
    };
    let done = is_rolling(set)
        && status.updated_replicas.unwrap_or_default() == status.replicas
        && status.ready_replicas.unwrap_or_default() == status.replicas
        && status.replicas == replicas(set);
    if done {
        status.current_replicas = status.updated_replicas;
        status.current_revision.clone_from(&status.update_revision);
    }
    status
}
