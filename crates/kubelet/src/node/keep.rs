//! Keeps the node in the API: registered, its status current, its lease renewed.

use std::{sync::Arc, time::Duration};

use client::{Object, PatchKind, events::Kind as EventKind, lease::Holder};
use k8s_openapi::{
    api::core::v1::{Node, NodeStatus, ObjectReference},
    apimachinery::pkg::apis::meta::v1::OwnerReference,
};
use serde_json::{Value, json};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use super::object::{self, Health};
use crate::context::Context;

const STATUS_EVERY: Duration = Duration::from_secs(300);
const LEASE_SECONDS: i32 = 40;
const LEASE_EVERY: Duration = Duration::from_secs(10);
const RETRY: [u64; 6] = [20, 50, 200, 1_000, 3_000, 7_000];
const NAMESPACE: &str = "kube-node-lease";

/// The node's keeper: others tell it when something changed.
#[derive(Default)]
pub(crate) struct Keeper {
    changed: Notify,
}

impl Keeper {
    /// The status is to be looked at again (an image came, a disk is full).
    pub(crate) fn poke(&self) {
        self.changed.notify_one();
    }
}

/// Registers the node with its first status; tries until it succeeds.
pub(crate) async fn register(context: &Context) -> Node {
    let mut attempt = 0;
    loop {
        match try_register(context).await {
            Ok(node) => return node,
            Err(error) => {
                if attempt > 2 {
                    context.say(&format!("register node {}: {error}", context.config.node_name));
                }
                context.client.pause(Duration::from_millis(RETRY[attempt.min(RETRY.len() - 1)])).await;
                attempt += 1;
            }
        }
    }
}

async fn try_register(context: &Context) -> Result<Node, client::Error> {
    let mut wanted = object::new(&context.config, &context.facts);
    wanted.status = Some(status(context, None).await);
    match context.client.create(&wanted).await {
        Ok(node) => {
            // Some API servers drop the status of a new object.
            let has_status =
                node.status.as_ref().and_then(|status| status.conditions.as_ref()).is_some_and(|list| !list.is_empty());
            let node = if has_status { node } else { return_to(context, node).await? };
            greet(context, &node);
            Ok(node)
        }
        Err(error) if error.is_already_exists() => {
            let known: Node = context.client.get("", &context.config.node_name).await?;
            let node = return_to(context, known).await?;
            greet(context, &node);
            Ok(node)
        }
        Err(error) => Err(error),
    }
}

/// The node was here before: labels of the machine and the status are brought up to date.
async fn return_to(context: &Context, known: Node) -> Result<Node, client::Error> {
    let labels = object::standard_labels(&context.config, &context.facts);
    let has =
        |key: &String, value: &String| known.metadata.labels.as_ref().and_then(|labels| labels.get(key)) == Some(value);
    if !labels.iter().all(|(key, value)| has(key, value)) {
        context.client.merge::<Node>("", &context.config.node_name, &json!({"metadata": {"labels": labels}})).await?;
    }
    let boot = known
        .status
        .as_ref()
        .and_then(|status| status.node_info.as_ref())
        .map(|info| info.boot_id.clone())
        .unwrap_or_default();
    if !boot.is_empty() && boot != context.facts.boot_id {
        let text = format!("Node {} has been rebooted, boot id: {}", context.config.node_name, context.facts.boot_id);
        context.events.about(reference(context), EventKind::Warning, "Rebooted", &text);
    }
    let new = status(context, known.status.as_ref()).await;
    write(context, known.status.as_ref(), &new).await
}

/// Events name a node by its name as UID, as Kubernetes does.
fn reference(context: &Context) -> ObjectReference {
    ObjectReference {
        kind: Some("Node".into()),
        name: Some(context.config.node_name.clone()),
        uid: Some(context.config.node_name.clone()),
        ..ObjectReference::default()
    }
}

fn greet(context: &Context, _: &Node) {
    let about = reference(context);
    let name = &context.config.node_name;
    context.events.about(about.clone(), EventKind::Normal, "Starting", "Starting kubelet.");
    for (reason, kind) in [
        ("NodeHasSufficientMemory", EventKind::Normal),
        ("NodeHasNoDiskPressure", EventKind::Normal),
        ("NodeHasSufficientPID", EventKind::Normal),
        ("NodeReady", EventKind::Normal),
    ] {
        context.events.about(about.clone(), kind, reason, &format!("Node {name} status is now: {reason}"));
    }
}

async fn status(context: &Context, old: Option<&NodeStatus>) -> NodeStatus {
    let images =
        timeout(Duration::from_secs(5), context.images.list()).await.ok().and_then(Result::ok).unwrap_or_default();
    let version = match context.runtime.version() {
        version if version.contains("://") => version,
        version => format!("podium://{version}"),
    };
    object::status(&context.config, &context.facts, &version, &images, &health(context), old, context.env.now())
}

fn health(context: &Context) -> Health {
    if context.config.machine.is_some() {
        return Health::default();
    }
    let (size, free) = super::facts::disk(&context.config.root_dir);
    let available = std::fs::read_to_string("/proc/meminfo")
        .map(|text| super::facts::meminfo(&text, "MemAvailable:"))
        .unwrap_or(u64::MAX);
    Health {
        not_ready: None,
        // Kubernetes' hard limits: 100 MiB of memory, a tenth of the disk.
        memory_pressure: available < 100 << 20,
        disk_pressure: size > 0 && free < size / 10,
        pid_pressure: false,
    }
}

/// Writes what differs; heartbeat times alone are worth a write only every five minutes.
async fn write(context: &Context, old: Option<&NodeStatus>, new: &NodeStatus) -> Result<Node, client::Error> {
    let patch = json!({"status": difference(old, new)});
    context.client.patch_status::<Node>("", &context.config.node_name, PatchKind::Strategic, &patch).await
}

/// What a strategic merge patch must say. Of the resources only what differs: others change theirs at the same time.
fn difference(old: Option<&NodeStatus>, new: &NodeStatus) -> Value {
    let value = |status: &NodeStatus| serde_json::to_value(status).unwrap_or_default();
    let (before, mut after) = (old.map(value).unwrap_or_else(|| json!({})), value(new));
    // Lists that merge by key are replaced as a whole.
    for key in ["addresses"] {
        if before.get(key).is_some_and(|list| Some(list) != after.get(key))
            && let Some(list) = after.get_mut(key).and_then(Value::as_array_mut)
        {
            list.push(json!({"$patch": "replace"}));
        }
    }
    if let Some(map) = after.as_object_mut() {
        map.retain(|key, value| before.get(key) != Some(value));
    }
    for key in ["capacity", "allocatable"] {
        let (Some(was), Some(is)) = (before[key].as_object(), after.get_mut(key).and_then(Value::as_object_mut)) else {
            continue;
        };
        for (name, amount) in was {
            if is.get(name) == Some(amount) {
                is.remove(name);
            } else if !is.contains_key(name) {
                is.insert(name.clone(), Value::Null);
            }
        }
    }
    after
}

/// When the control plane has given the node up, it is told otherwise at once, not with the next heartbeat; and resources
/// that somebody adds to the node's capacity can be had at once.
pub(crate) fn answer_others(context: &Arc<Context>) {
    let weak = Arc::downgrade(context);
    context.node.on(move |change| {
        let Some(status) = change.new.and_then(|node| node.status.as_ref()) else { return };
        let lost = status.conditions.iter().flatten().any(|c| c.status == "Unknown");
        if let Some(context) = weak.upgrade().filter(|_| lost || object::others_differ(status)) {
            context.keeper.poke();
        }
    });
}

fn version(node: &Node) -> u64 {
    node.version().parse().unwrap_or_default()
}

/// Status every five minutes and upon change, events of transitions.
pub(crate) async fn keep_status(context: Arc<Context>, node: Node) {
    let mut written = version(&node);
    let mut known = node.status.unwrap_or_default();
    loop {
        let poked = timeout(STATUS_EVERY, context.keeper.changed.notified()).await.is_ok();
        let shown = context.node.store().get("", &context.config.node_name);
        if let Some(shown) = shown.filter(|shown| version(shown) > written) {
            // Others write conditions over ours, and resources beside them.
            let status = shown.status.as_ref();
            known.conditions = status.and_then(|status| status.conditions.clone());
            known.capacity = status.and_then(|status| status.capacity.clone());
            known.allocatable = status.and_then(|status| status.allocatable.clone());
        }
        let new = status(&context, Some(&known)).await;
        if poked && without_heartbeats(&new) == without_heartbeats(&known) {
            continue;
        }
        match write(&context, Some(&known), &new).await {
            Ok(node) => {
                tell_transitions(&context, &known, &new);
                written = version(&node);
                known = new;
            }
            Err(error) if error.is_not_found() => {
                let node = register(&context).await;
                written = version(&node);
                known = node.status.unwrap_or_default();
            }
            Err(error) => {
                context.say(&format!("status of node {}: {error}", context.config.node_name));
                sleep(Duration::from_secs(5)).await;
                context.keeper.poke();
            }
        }
    }
}

fn without_heartbeats(status: &NodeStatus) -> NodeStatus {
    let mut out = status.clone();
    for condition in out.conditions.iter_mut().flatten() {
        condition.last_heartbeat_time = None;
    }
    out
}

fn tell_transitions(context: &Context, old: &NodeStatus, new: &NodeStatus) {
    let name = &context.config.node_name;
    for condition in new.conditions.iter().flatten() {
        let before = old.conditions.iter().flatten().find(|known| known.type_ == condition.type_);
        if before.is_some_and(|before| before.status == condition.status) {
            continue;
        }
        let (yes, no) = match condition.type_.as_str() {
            "MemoryPressure" => ("NodeHasInsufficientMemory", "NodeHasSufficientMemory"),
            "DiskPressure" => ("NodeHasDiskPressure", "NodeHasNoDiskPressure"),
            "PIDPressure" => ("NodeHasInsufficientPID", "NodeHasSufficientPID"),
            _ => ("NodeReady", "NodeNotReady"),
        };
        let reason = if condition.status == "True" { yes } else { no };
        context.events.about(
            reference(context),
            EventKind::Normal,
            reason,
            &format!("Node {name} status is now: {reason}"),
        );
    }
}

/// The heartbeat.
pub(crate) async fn keep_lease(context: Arc<Context>, node: Node) {
    let name = context.config.node_name.clone();
    let owner = OwnerReference {
        api_version: "v1".into(),
        kind: "Node".into(),
        name: name.clone(),
        uid: node.metadata.uid.unwrap_or_default(),
        ..OwnerReference::default()
    };
    Holder::new(context.client.clone(), context.env.clone(), NAMESPACE, &name, &name, LEASE_SECONDS)
        .owned_by(owner)
        .keep(LEASE_EVERY)
        .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

    fn status(capacity: &[(&str, &str)], allocatable: &[(&str, &str)]) -> NodeStatus {
        let list = |of: &[(&str, &str)]| {
            Some(of.iter().map(|(name, amount)| ((*name).to_owned(), Quantity((*amount).to_owned()))).collect())
        };
        NodeStatus { capacity: list(capacity), allocatable: list(allocatable), ..NodeStatus::default() }
    }

    #[test]
    fn only_resources_that_differ_are_written() {
        let cpu = ("cpu", "2");
        for (what, old, new, expected) in [
            ("all the same", status(&[cpu], &[cpu]), status(&[cpu], &[cpu]), json!({})),
            (
                "one changed",
                status(&[cpu, ("pods", "1")], &[cpu]),
                status(&[cpu, ("pods", "2")], &[cpu]),
                json!({"capacity": {"pods": "2"}}),
            ),
            (
                "somebody's resource can be had now",
                status(&[cpu, ("a/b", "3")], &[cpu]),
                status(&[cpu, ("a/b", "3")], &[cpu, ("a/b", "3")]),
                json!({"allocatable": {"a/b": "3"}}),
            ),
            (
                "somebody's resource is gone",
                status(&[cpu], &[cpu, ("a/b", "3")]),
                status(&[cpu], &[cpu]),
                json!({"allocatable": {"a/b": null}}),
            ),
        ] {
            assert_eq!(difference(Some(&old), &new), expected, "{what}");
        }
        assert_eq!(difference(None, &status(&[cpu], &[])), json!({"capacity": {"cpu": "2"}, "allocatable": {}}));
    }
}
