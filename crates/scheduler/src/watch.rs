//! From informer events to cache and queue.

use std::sync::Arc;

use client::{Key, Object, informer::Change};
use k8s_openapi::{
    api::core::v1::{Namespace, Node, Pod},
    apimachinery::pkg::apis::meta::v1::Time,
};
use tokio::time::Instant;

use crate::{
    plugins::Cause,
    pod::PodInfo,
    preempt::plan::is_ending,
    run::{Inner, NAME, Shared},
    write::nominated_node,
};

/// A node came, changed or went.
pub fn node(shared: &Shared, change: &Change<'_, Node>) {
    let now = Instant::now();
    let mut inner = shared.inner.lock();
    match (change.old, change.new) {
        (_, None) => {
            if let Some(node) = change.old {
                inner.cache.remove_node(node.name());
            }
            return;
        }
        (None, Some(node)) => {
            inner.cache.set_node(node.clone());
            inner.queue.wake(Cause::NodeAdded, now);
        }
        (Some(old), Some(new)) => {
            let causes = node_causes(old, new);
            if causes.is_empty() && images(old) == images(new) {
                return; // a heartbeat
            }
            inner.cache.set_node(new.clone());
            for cause in causes {
                inner.queue.wake(cause, now);
            }
        }
    }
    drop(inner);
    shared.wake.notify_one();
}

fn images(node: &Node) -> usize {
    node.status.as_ref().and_then(|s| s.images.as_ref()).map_or(0, Vec::len)
}

fn node_causes(old: &Node, new: &Node) -> Vec<Cause> {
    let mut causes = Vec::new();
    if old.metadata.labels != new.metadata.labels {
        causes.push(Cause::NodeLabels);
    }
    let spec = |n: &Node| n.spec.as_ref().map(|s| (s.taints.clone(), s.unschedulable));
    if spec(old) != spec(new) {
        causes.push(Cause::NodeTaints);
    }
    let allocatable = |n: &Node| n.status.as_ref().and_then(|s| s.allocatable.clone());
    if allocatable(old) != allocatable(new) {
        causes.push(Cause::NodeAllocatable);
    }
    causes
}

/// A namespace's labels matter to affinity terms with a namespace selector.
pub fn namespace(shared: &Shared, change: &Change<'_, Namespace>) {
    let Some(namespace) = change.object() else { return };
    let labels = change.new.map(|n| n.metadata.labels.clone().unwrap_or_default());
    let mut inner = shared.inner.lock();
    let name = namespace.name().to_owned();
    let known = inner.cache.namespaces.get(&name);
    if known == labels.as_ref() {
        return;
    }
    match labels {
        Some(labels) => inner.cache.namespaces.insert(name, labels),
        None => inner.cache.namespaces.remove(&name),
    };
    inner.queue.wake(Cause::Namespace, Instant::now());
    drop(inner);
    shared.wake.notify_one();
}

/// Where a pod is in its life, as far as scheduling goes.
enum Stage {
    /// Wants a node.
    Waiting,
    /// Has one and takes room there.
    Placed(String),
    /// Not our business: ended, gated, or another scheduler's.
    Out,
}

fn stage(pod: &Pod) -> Stage {
    let phase = pod.status.as_ref().and_then(|s| s.phase.as_deref()).unwrap_or_default();
    let Some(spec) = &pod.spec else { return Stage::Out };
    if phase == "Succeeded" || phase == "Failed" {
        return Stage::Out;
    }
    match spec.node_name.as_deref() {
        Some(node) if !node.is_empty() => Stage::Placed(node.to_owned()),
        _ if pod.metadata.deletion_timestamp.is_some() => Stage::Out,
        _ if spec.scheduling_gates.as_ref().is_some_and(|g| !g.is_empty()) => Stage::Out,
        _ if spec.scheduler_name.as_deref().unwrap_or(NAME) != NAME => Stage::Out,
        _ => Stage::Waiting,
    }
}

/// A pod came, changed or went.
pub fn pod(shared: &Shared, change: &Change<'_, Pod>) {
    let Some(pod) = change.object() else { return };
    let (key, now) = (Key::new(pod.namespace(), pod.name()), Instant::now());
    let stage = if change.is_deleted() { Stage::Out } else { stage(pod) };
    let mut inner = shared.inner.lock();
    match stage {
        Stage::Waiting => {
            nominated(&mut inner, change, pod, now);
            if change.old.is_none_or(|old| matters(old, pod)) && !inner.cache.has_pod(pod.uid()) {
                let priority = pod.spec.as_ref().and_then(|s| s.priority).unwrap_or(0);
                inner.queue.put(key, pod.uid(), priority, now);
            }
        }
        Stage::Placed(node) => {
            inner.queue.remove(&key);
            let known = inner.cache.has_pod(pod.uid());
            let settled =
                change.old.is_some_and(|old| old.spec == pod.spec && old.metadata.labels == pod.metadata.labels);
            if known && settled {
                // Only its status changed: seldom so that it matters, and never so that it helps others.
                if change.old.is_some_and(|old| fate(old) != fate(pod)) {
                    inner.cache.set_pod(Arc::new(PodInfo::new(pod.clone())), &node);
                }
                return;
            }
            inner.cache.nominated.remove(pod.uid());
            inner.cache.set_pod(Arc::new(PodInfo::new(pod.clone())), &node);
            inner.queue.wake(Cause::PodPlaced, now);
        }
        Stage::Out => {
            inner.queue.remove(&key);
            let promised = inner.cache.nominated.remove(pod.uid());
            if inner.cache.remove_pod(pod.uid()) || promised {
                inner.queue.wake(Cause::PodGone, now);
            }
        }
    }
    drop(inner);
    shared.wake.notify_one();
}

/// What preemption and spreading want to know of a placed pod beside its specification: whether it ends, and by whose
/// will, and since when it runs.
fn fate(pod: &Pod) -> (bool, bool, Option<&Time>) {
    let ends = pod.metadata.deletion_timestamp.is_some();
    (ends, ends && is_ending(pod), pod.status.as_ref().and_then(|s| s.start_time.as_ref()))
}

/// A waiting pod's promise as the API has it; where the API has had none yet, the scheduler's own belief stays. A promise
/// that is given up helps others as if the pod had left the node.
fn nominated(inner: &mut Inner, change: &Change<'_, Pod>, pod: &Arc<Pod>, now: Instant) {
    let (before, after) = (change.old.map_or("", |old| nominated_node(old)), nominated_node(pod));
    let believed = inner.cache.nominated.node_of(pod.uid()).unwrap_or_default();
    let node = if before.is_empty() && after.is_empty() { believed } else { after };
    if node.is_empty() && believed.is_empty() || inner.cache.has_pod(pod.uid()) {
        return;
    }
    let node = node.to_owned();
    if node.is_empty() {
        inner.cache.nominated.remove(pod.uid());
    } else {
        inner.cache.nominated.set(Arc::new(PodInfo::new(pod.clone())), &node);
    }
    if !before.is_empty() && before != after {
        inner.queue.wake(Cause::PodGone, now);
    }
}

/// A change of a waiting pod that may make it schedulable; its own condition is none.
fn matters(old: &Pod, new: &Pod) -> bool {
    old.spec != new.spec || old.metadata.labels != new.metadata.labels || old.uid() != new.uid()
}
