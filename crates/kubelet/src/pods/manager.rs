//! Workers of all pods of this node, and who is told what.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use client::Informer;
use cri::runtime::{NamespaceMode, RuntimeEvent, SandboxId, SandboxState};
use k8s_openapi::{
    api::core::v1::{Container, Node, Pod, PodSpec},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use parking_lot::Mutex;
use tokio::{
    sync::watch,
    time::{Duration, timeout},
};

use super::{
    admit, apply,
    message::{Mailbox, Message},
    spec, teardown,
    view::{View, annotation},
    worker::Worker,
};
use crate::{context::Context, status::Override};

const TAKE_OVER: Duration = Duration::from_secs(30);

struct Known {
    mailbox: Arc<Mailbox>,
    pod: Arc<Pod>,
    view: Arc<View>,
    admitted: bool,
    changed: watch::Sender<()>,
}

/// All pods of this node by UID, as their workers see them.
#[derive(Default)]
pub(crate) struct Directory {
    pods: Mutex<BTreeMap<String, Known>>,
    sandboxes: Mutex<BTreeMap<SandboxId, String>>,
    closed: AtomicBool,
    /// Says that a pod is gone.
    removed: watch::Sender<()>,
}

/// A pod as others may see it.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) pod: Arc<Pod>,
    pub(crate) view: Arc<View>,
    /// Says that something changed.
    pub(crate) changed: watch::Receiver<()>,
    directory: std::sync::Weak<Directory>,
}

impl Entry {
    /// The pod as it is now; `None`: it is gone.
    pub(crate) fn current(&self) -> Option<Arc<View>> {
        self.directory.upgrade()?.pods.lock().get(spec::uid(&self.pod)).map(|known| known.view.clone())
    }
}

impl Directory {
    /// A pod by name, and by UID if one is given.
    pub(crate) fn find(self: &Arc<Self>, namespace: &str, name: &str, uid: Option<&str>) -> Option<Entry> {
        let pods = self.pods.lock();
        let matches = |known: &&Known| {
            spec::namespace(&known.pod) == namespace
                && spec::name(&known.pod) == name
                && uid.is_none_or(|uid| spec::uid(&known.pod) == uid)
        };
        // After a quick deletion two may have the name: the newer one is meant.
        pods.values()
            .filter(matches)
            .max_by_key(|known| known.pod.metadata.creation_timestamp.clone())
            .map(|known| known.entry(self))
    }

    /// All pods.
    pub(crate) fn all(self: &Arc<Self>) -> Vec<Entry> {
        self.pods.lock().values().map(|known| known.entry(self)).collect()
    }

    /// The agent stops: no worker does anything any more.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        for known in self.pods.lock().values() {
            known.mailbox.push(Message::Quit);
        }
    }

    /// Ends every pod with its own grace period, and returns when the last one has. The API hears nothing of it.
    pub(crate) async fn halt(&self) {
        self.closed.store(true, Ordering::Release);
        let mut removed = self.removed.subscribe();
        for known in self.pods.lock().values() {
            known.mailbox.push(Message::Halt);
        }
        while !self.pods.lock().is_empty() {
            if removed.changed().await.is_err() {
                return;
            }
        }
    }

    /// The longest grace period of a pod that runs.
    pub(crate) fn longest_grace(&self) -> Duration {
        let pods = self.pods.lock();
        let running = pods.values().filter(|known| known.view.running().next().is_some());
        let seconds = running.map(|known| spec::spec(&known.pod).termination_grace_period_seconds.unwrap_or(30)).max();
        Duration::from_secs(u64::try_from(seconds.unwrap_or(0)).unwrap_or(0))
    }

    pub(super) fn remove(&self, uid: &str) {
        self.pods.lock().remove(uid);
        self.removed.send_replace(());
    }

    pub(super) fn add_sandbox(&self, id: &SandboxId, uid: &str) {
        self.sandboxes.lock().insert(id.clone(), uid.to_owned());
    }

    pub(super) fn forget_sandbox(&self, id: &SandboxId) {
        self.sandboxes.lock().remove(id);
    }

    /// Makes visible what a worker knows.
    pub(super) fn publish(&self, pod: &Arc<Pod>, view: &View) {
        let mut pods = self.pods.lock();
        let Some(known) = pods.get_mut(spec::uid(pod)) else { return };
        known.pod = pod.clone();
        if *known.view != *view {
            known.view = Arc::new(view.clone());
            known.changed.send_replace(());
        }
    }

    /// Takes a pod in, if it fits beside the others.
    pub(super) fn admit(&self, context: &Context, pod: &Pod) -> Result<(), Override> {
        let mut pods = self.pods.lock();
        let node: Option<Arc<Node>> = context.node.store().get("", &context.config.node_name);
        let active = |known: &&Known| {
            known.admitted
                && spec::uid(&known.pod) != spec::uid(pod)
                && !spec::is_terminal_phase(spec::phase(&known.pod))
        };
        let others: Vec<&Pod> = pods.values().filter(active).map(|known| known.pod.as_ref()).collect();
        admit::check(pod, node.as_deref(), &others)?;
        if let Some(known) = pods.get_mut(spec::uid(pod)) {
            known.admitted = true;
        }
        Ok(())
    }

    fn tell(&self, uid: &str, message: Message) {
        let mailbox = self.pods.lock().get(uid).map(|known| known.mailbox.clone());
        if let Some(mailbox) = mailbox {
            mailbox.push(message);
        }
    }

    fn tell_sandbox(&self, sandbox: &SandboxId, message: Message) {
        let uid = self.sandboxes.lock().get(sandbox).cloned();
        if let Some(uid) = uid {
            self.tell(&uid, message);
        }
    }
}

impl Known {
    fn entry(&self, directory: &Arc<Directory>) -> Entry {
        Entry {
            pod: self.pod.clone(),
            view: self.view.clone(),
            changed: self.changed.subscribe(),
            directory: Arc::downgrade(directory),
        }
    }
}

/// Starts workers for what is there and for what comes.
pub(crate) async fn start(context: &Arc<Context>, pods: &Arc<Informer<Pod>>) -> Arc<Directory> {
    let directory = Arc::new(Directory::default());
    // Exits from now on are heard; what ended before is in the list.
    let events = context.runtime.events();
    let views = take_over(context, &directory).await;
    let views = Arc::new(Mutex::new(views));
    {
        let (context, directory, views) = (context.clone(), directory.clone(), views.clone());
        pods.on(move |change| match (change.new, change.old) {
            (Some(pod), _) => route(&context, &directory, &views, pod),
            (None, Some(pod)) => {
                directory.tell(spec::uid(pod), Message::Pod(pod.clone()));
                directory.tell(spec::uid(pod), Message::Gone);
            }
            (None, None) => {}
        });
    }
    tokio::spawn(hear(directory.clone(), events));
    tokio::spawn(orphans(context.clone(), directory.clone(), pods.clone(), views));
    directory
}

type Views = Mutex<BTreeMap<String, View>>;

fn route(context: &Arc<Context>, directory: &Arc<Directory>, views: &Arc<Views>, pod: &Arc<Pod>) {
    if directory.closed.load(Ordering::Acquire) {
        return;
    }
    let uid = spec::uid(pod);
    let mut known = directory.pods.lock();
    if let Some(known) = known.get(uid) {
        known.mailbox.push(Message::Pod(pod.clone()));
        return;
    }
    let view = views.lock().remove(uid).unwrap_or_default();
    known.insert(uid.to_owned(), fresh(pod, &view));
    let mailbox = known.get(uid).map(|known| known.mailbox.clone()).unwrap_or_default();
    drop(known);
    let worker = Worker::new(context.clone(), directory.clone(), mailbox, pod.clone(), view);
    tokio::spawn(worker.run());
}

fn fresh(pod: &Arc<Pod>, view: &View) -> Known {
    // What has a sandbox was admitted before.
    Known {
        mailbox: Arc::default(),
        pod: pod.clone(),
        view: Arc::new(view.clone()),
        admitted: !view.sandboxes.is_empty(),
        changed: watch::channel(()).0,
    }
}

async fn hear(directory: Arc<Directory>, mut events: tokio::sync::mpsc::Receiver<RuntimeEvent>) {
    while let Some(event) = events.recv().await {
        match event {
            RuntimeEvent::ContainerExited(sandbox, id, exit) => {
                directory.tell_sandbox(&sandbox, Message::Exited(id, exit))
            }
            RuntimeEvent::SandboxGone(sandbox) => {
                directory.tell_sandbox(&sandbox, Message::SandboxGone(sandbox.clone()))
            }
        }
    }
}

/// What runs from before: its addresses are kept, its sandboxes known.
async fn take_over(context: &Arc<Context>, directory: &Directory) -> BTreeMap<String, View> {
    let list = match timeout(TAKE_OVER, context.runtime.list()).await {
        Ok(Ok(list)) => list,
        Ok(Err(error)) => {
            context.say(&format!("list of sandboxes: {error}"));
            Vec::new()
        }
        Err(_) => Vec::new(),
    };
    for state in &list {
        directory.add_sandbox(&state.config.id, &state.config.pod_uid);
    }
    let living: Vec<SandboxId> = list
        .iter()
        .filter(|state| state.ready && state.config.network != NamespaceMode::Host)
        .map(|state| state.config.id.clone())
        .collect();
    if let Err(error) = context.network.restore(&living).await {
        context.say(&format!("addresses of running pods: {error}"));
    }
    let asked = list
        .iter()
        .filter(|state| state.ready && state.config.network != NamespaceMode::Host)
        .map(|state| address(context, state));
    let ips: BTreeMap<SandboxId, Vec<IpAddr>> =
        futures_util::future::join_all(asked).await.into_iter().flatten().collect();
    teardown::views(list, &ips)
}

async fn address(context: &Context, state: &SandboxState) -> Option<(SandboxId, Vec<IpAddr>)> {
    let pod = context
        .client
        .find::<Pod>(&state.config.pod_namespace, &state.config.pod_name)
        .await
        .ok()
        .flatten()
        .filter(|pod| spec::uid(pod) == state.config.pod_uid);
    let ports = pod.as_ref().map(apply::host_ports).unwrap_or_default();
    match timeout(TAKE_OVER, context.network.attach(&state.config.id, state.pid, &ports)).await {
        Ok(Ok(addresses)) => Some((state.config.id.clone(), addresses.ips)),
        Ok(Err(error)) => {
            context.say(&format!("address of pod {}: {error}", state.config.pod_name));
            None
        }
        Err(_) => None,
    }
}

/// What runs and is in the API no more is ended, with its own grace period.
async fn orphans(context: Arc<Context>, directory: Arc<Directory>, pods: Arc<Informer<Pod>>, views: Arc<Views>) {
    pods.has_synced().await;
    let left = std::mem::take(&mut *views.lock());
    if left.is_empty() {
        return;
    }
    let names: BTreeMap<String, SandboxState> = match context.runtime.list().await {
        Ok(list) => list.into_iter().map(|state| (state.config.pod_uid.clone(), state)).collect(),
        Err(error) => return context.say(&format!("list of sandboxes: {error}")),
    };
    for (uid, view) in left {
        let Some(state) = names.get(&uid) else { continue };
        let pod = Arc::new(remembered(state, &view));
        let mut known = directory.pods.lock();
        let entry = fresh(&pod, &view);
        let mailbox = entry.mailbox.clone();
        known.insert(uid, entry);
        drop(known);
        mailbox.push(Message::Gone);
        tokio::spawn(Worker::new(context.clone(), directory.clone(), mailbox, pod, view).run());
    }
}

/// As much of a pod as its sandbox tells.
fn remembered(state: &SandboxState, view: &View) -> Pod {
    let grace = view
        .containers
        .iter()
        .find_map(|instance| instance.state.annotations.get(annotation::GRACE)?.parse::<i64>().ok());
    let mut names: Vec<_> = view.containers.iter().map(|instance| instance.state.name.clone()).collect();
    names.sort();
    names.dedup();
    let now = k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(super::view::time_of(state.created_at_ns));
    Pod {
        metadata: ObjectMeta {
            name: Some(state.config.pod_name.clone()),
            namespace: Some(state.config.pod_namespace.clone()),
            uid: Some(state.config.pod_uid.clone()),
            deletion_grace_period_seconds: grace,
            deletion_timestamp: Some(now),
            ..ObjectMeta::default()
        },
        spec: Some(PodSpec {
            containers: names.into_iter().map(|name| Container { name, ..Container::default() }).collect(),
            termination_grace_period_seconds: grace,
            host_network: Some(state.config.network == NamespaceMode::Host),
            ..PodSpec::default()
        }),
        status: None,
    }
}
