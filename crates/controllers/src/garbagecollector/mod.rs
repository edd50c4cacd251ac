//! Objects go when their owners are gone; owners wait for dependents, or set them free, as their deletion asked.
//!
//! The graph of owners and dependents is in the stores of metadata-only informers of all kinds. What a store says about an
//! absent owner is checked with the server before anything is deleted.

pub mod plan;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use client::{
    Change, Client, DeleteOptions, Error, Informer, Informers, Key, Next, Partial, PatchKind, WorkQueue,
    client::Preconditions, object::PartialMeta, run_controller,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};

use crate::{
    Context,
    resources::{Definition, Kept, definitions, kept},
};
use plan::{Action, FOREGROUND, ORPHAN, Owner, is_orphaning, is_waiting, plan};

const NAME: &str = "generic-garbage-collector";
const WORKERS: usize = 8;
/// Owners known to be absent.
const ABSENT: usize = 1000;
/// The first list of a custom resource is waited for so long.
const CUSTOM_WAIT: Duration = Duration::from_secs(5);

/// An object of the graph.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Node {
    resource: usize,
    key: Key,
    uid: String,
    task: Task,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Task {
    Collect,
    Orphan,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.key, self.uid)
    }
}

struct Resource {
    kept: Kept,
    informer: Arc<Informer<Partial>>,
}

struct Collector {
    client: Client,
    informers: Informers,
    /// Numbers in nodes never change: what goes leaves its place empty.
    resources: RwLock<Vec<Option<Arc<Resource>>>>,
    by_kind: RwLock<HashMap<(String, String), usize>>,
    absent: Mutex<HashSet<String>>,
    queue: WorkQueue<Node>,
}

/// Runs the collector.
pub async fn run(context: Arc<Context>) {
    let queue = WorkQueue::new();
    let collector = Arc::new(Collector {
        client: context.client(NAME),
        informers: context.informers.clone(),
        resources: RwLock::default(),
        by_kind: RwLock::default(),
        absent: Mutex::default(),
        queue: queue.clone(),
    });
    // Events belong to nobody, live for an hour and would be most of the graph.
    let built_in: Vec<Arc<Resource>> =
        kept().into_iter().filter(|k| k.kind != "Event").map(|kept| collector.add(kept)).collect();
    for resource in &built_in {
        resource.informer.has_synced().await;
    }
    let custom = definitions(&context.informers);
    let weak = Arc::downgrade(&collector);
    custom.on(move |change: &Change<'_, Definition>| {
        if let Some(collector) = weak.upgrade() {
            collector.defined(change);
        }
    });
    custom.has_synced().await;
    for resource in collector.all() {
        // A kind that cannot be listed must not stop the others.
        resource.1.informer.has_synced_within(CUSTOM_WAIT).await;
    }
    run_controller(NAME, WORKERS, queue, context.env.clone(), move |node| {
        let collector = collector.clone();
        async move { collector.process(&node).await.map(|()| Next::Done) }
    })
    .await;
}

fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

impl Collector {
    /// Takes in a kind.
    fn add(self: &Arc<Self>, kept: Kept) -> Arc<Resource> {
        let resource = Arc::new(Resource { informer: self.informers.partial(&kept.gvr), kept });
        let at = {
            let mut resources = self.resources.write();
            resources.push(Some(resource.clone()));
            resources.len() - 1
        };
        self.by_kind.write().insert((resource.kept.gvr.group.clone(), resource.kept.kind.clone()), at);
        let weak = Arc::downgrade(self);
        resource.informer.on(move |change: &Change<'_, Partial>| {
            if let Some(collector) = weak.upgrade() {
                collector.changed(at, change);
            }
        });
        resource
    }

    /// A definition of a custom resource came, changed or went.
    fn defined(self: &Arc<Self>, change: &Change<'_, Definition>) {
        let old = change.old.and_then(|definition| definition.kept());
        let new = change.new.and_then(|definition| definition.kept());
        if old == new {
            return;
        }
        if let Some(old) = old {
            self.remove(&old);
        }
        if let Some(new) = new {
            self.add(new);
        }
    }

    /// Lets go of a kind; what its objects owned is looked at.
    fn remove(&self, kept: &Kept) {
        let Some(at) = self.by_kind.write().remove(&(kept.gvr.group.clone(), kept.kind.clone())) else { return };
        let gone = self.resources.write()[at].take();
        self.informers.forget_partial(&kept.gvr);
        for object in gone.iter().flat_map(|resource| resource.informer.store().all()) {
            self.collect_dependents(&object.metadata.uid);
        }
    }

    /// All kinds with their numbers.
    fn all(&self) -> Vec<(usize, Arc<Resource>)> {
        let resources = self.resources.read();
        resources.iter().enumerate().filter_map(|(at, r)| r.clone().map(|r| (at, r))).collect()
    }

    fn at(&self, at: usize) -> Option<Arc<Resource>> {
        self.resources.read().get(at).cloned().flatten()
    }

    fn node(&self, resource: usize, meta: &PartialMeta, task: Task) -> Node {
        Node { resource, key: Key::new(&meta.namespace, &meta.name), uid: meta.uid.clone(), task }
    }

    fn changed(&self, at: usize, change: &Change<'_, Partial>) {
        let facts = |p: &Arc<Partial>| {
            (p.metadata.owner_references.clone(), p.metadata.finalizers.clone(), p.metadata.deletion_timestamp)
        };
        match (change.old, change.new) {
            (Some(old), Some(new)) if facts(old) == facts(new) => return,
            (Some(gone), None) => {
                let mut absent = self.absent.lock();
                if absent.len() >= ABSENT {
                    absent.clear();
                }
                absent.insert(gone.metadata.uid.clone());
                drop(absent);
                self.collect_dependents(&gone.metadata.uid);
            }
            (Some(_) | None, Some(new)) => {
                if is_orphaning(&new.metadata) {
                    self.queue.add(self.node(at, &new.metadata, Task::Orphan));
                }
                let waits = is_waiting(&new.metadata);
                if waits || (new.metadata.deletion_timestamp.is_none() && self.lacks_owner(&new.metadata)) {
                    self.queue.add(self.node(at, &new.metadata, Task::Collect));
                }
            }
            (None, None) => {}
        }
        // An owner that waits for this object looks again.
        for state in change.states() {
            for owner in &state.metadata.owner_references {
                if let Some((resource, known)) = self.known(owner, &state.metadata.namespace)
                    && is_waiting(&known.metadata)
                {
                    self.queue.add(self.node(resource, &known.metadata, Task::Collect));
                }
            }
        }
    }

    /// Whether an owner is not known to be there, or waits for its dependents.
    fn lacks_owner(&self, meta: &PartialMeta) -> bool {
        meta.owner_references
            .iter()
            .any(|owner| self.known(owner, &meta.namespace).is_none_or(|(_, known)| is_waiting(&known.metadata)))
    }

    fn dependents(&self, uid: &str) -> Vec<(usize, Arc<Partial>)> {
        let resources = self.resources.read();
        let all = resources.iter().enumerate().filter_map(|(at, r)| r.as_ref().map(|r| (at, r)));
        all.flat_map(|(at, r)| r.informer.store().owned_by(uid).into_iter().map(move |p| (at, p))).collect()
    }

    fn collect_dependents(&self, uid: &str) {
        for (at, dependent) in self.dependents(uid) {
            self.queue.add(self.node(at, &dependent.metadata, Task::Collect));
        }
    }

    fn resource(&self, owner: &OwnerReference) -> Option<usize> {
        self.by_kind.read().get(&(group_of(&owner.api_version).to_owned(), owner.kind.clone())).copied()
    }

    /// The owner as the stores know it, if it is the very one that the reference means.
    fn known(&self, owner: &OwnerReference, namespace: &str) -> Option<(usize, Arc<Partial>)> {
        let at = self.resource(owner)?;
        let resource = self.at(at)?;
        let namespace = if resource.kept.namespaced { namespace } else { "" };
        let found = resource.informer.store().get(namespace, &owner.name)?;
        (found.metadata.uid == owner.uid).then_some((at, found))
    }

    async fn live(&self, node: &Node) -> Result<Option<Partial>, Error> {
        let Some(resource) = self.at(node.resource) else { return Ok(None) };
        let gvr = &resource.kept.gvr;
        match self.client.get_dynamic::<Partial>(gvr, &node.key.namespace, &node.key.name).await {
            Ok(found) => Ok((found.metadata.uid == node.uid).then_some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn process(&self, node: &Node) -> Result<(), Error> {
        let Some(live) = self.live(node).await? else {
            return Ok(());
        };
        let meta = live.metadata;
        match node.task {
            Task::Orphan if is_orphaning(&meta) => self.orphan(node, &meta).await,
            Task::Orphan => Ok(()),
            Task::Collect if is_waiting(&meta) => self.wait_for_dependents(node, &meta).await,
            Task::Collect if meta.deletion_timestamp.is_some() => Ok(()),
            Task::Collect => self.collect(node, &meta).await,
        }
    }

    async fn collect(&self, node: &Node, meta: &PartialMeta) -> Result<(), Error> {
        let mut owners = Vec::new();
        for owner in &meta.owner_references {
            owners.push(self.ask(owner, &meta.namespace).await?);
        }
        let dependents = self.dependents(&node.uid);
        match plan(meta, &owners, !dependents.is_empty()) {
            Action::Keep => Ok(()),
            Action::SetOwners(left) => self.set_owners(node, meta, &left).await,
            Action::Delete { policy, unblock } => {
                if unblock {
                    for (at, dependent) in dependents.iter().filter(|(_, d)| is_waiting(&d.metadata)) {
                        self.unblock(*at, &dependent.metadata, &node.uid).await?;
                    }
                }
                self.delete(node, meta, policy).await
            }
        }
    }

    /// How an owner is, by the stores when they know it, else by the server.
    async fn ask(&self, owner: &OwnerReference, namespace: &str) -> Result<Owner, Error> {
        let state = |meta: &PartialMeta| if is_waiting(meta) { Owner::Waiting } else { Owner::Solid };
        if let Some((_, known)) = self.known(owner, namespace) {
            return Ok(state(&known.metadata));
        }
        if self.absent.lock().contains(&owner.uid) {
            return Ok(Owner::Gone);
        }
        let Some(at) = self.resource(owner) else {
            // A kind that this server does not know may be back tomorrow: nothing is deleted for its sake.
            return Ok(Owner::Solid);
        };
        let Some(resource) = self.at(at) else { return Ok(Owner::Solid) };
        let namespaced = resource.kept.namespaced;
        if namespaced && namespace.is_empty() {
            return Ok(Owner::Solid);
        }
        let key = Key::new(if namespaced { namespace } else { "" }, &owner.name);
        let node = Node { resource: at, key, uid: owner.uid.clone(), task: Task::Collect };
        Ok(self.live(&node).await?.map_or(Owner::Gone, |found| state(&found.metadata)))
    }

    async fn wait_for_dependents(&self, node: &Node, meta: &PartialMeta) -> Result<(), Error> {
        let blocks = |d: &Partial| {
            let mut owners = d.metadata.owner_references.iter();
            owners.any(|o| o.uid == node.uid && o.block_owner_deletion == Some(true))
        };
        let blocking: Vec<_> = self.dependents(&node.uid).into_iter().filter(|(_, d)| blocks(d)).collect();
        if blocking.is_empty() {
            // The ones that do not block it still have to go.
            self.collect_dependents(&node.uid);
            return self.remove_finalizer(node, meta, FOREGROUND).await;
        }
        for (at, dependent) in self.dependents(&node.uid) {
            if dependent.metadata.deletion_timestamp.is_none() {
                self.queue.add(self.node(at, &dependent.metadata, Task::Collect));
            }
        }
        Ok(())
    }

    async fn orphan(&self, node: &Node, meta: &PartialMeta) -> Result<(), Error> {
        for (at, dependent) in self.dependents(&node.uid) {
            let dependent = self.node(at, &dependent.metadata, Task::Collect);
            let Some(live) = self.live(&dependent).await? else {
                continue;
            };
            let owners = live.metadata.owner_references.iter().filter(|o| o.uid != node.uid).cloned();
            let left: Vec<_> = owners.collect();
            if left.len() < live.metadata.owner_references.len() {
                self.set_owners(&dependent, &live.metadata, &left).await?;
            }
        }
        self.remove_finalizer(node, meta, ORPHAN).await
    }

    async fn patch(&self, node: &Node, meta: &PartialMeta, part: Value) -> Result<(), Error> {
        let mut patch = json!({ "metadata": { "uid": meta.uid, "resourceVersion": meta.resource_version } });
        if let (Some(all), Value::Object(part)) = (patch["metadata"].as_object_mut(), part) {
            all.extend(part);
        }
        let Some(resource) = self.at(node.resource) else { return Ok(()) };
        let gvr = &resource.kept.gvr;
        let at = (node.key.namespace.as_str(), node.key.name.as_str(), "");
        match self.client.patch_dynamic::<Partial>(gvr, at, PatchKind::Merge, &patch).await {
            Err(error) if !error.is_not_found() => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn set_owners(&self, node: &Node, meta: &PartialMeta, left: &[OwnerReference]) -> Result<(), Error> {
        let owners = if left.is_empty() { Value::Null } else { json!(left) };
        self.patch(node, meta, json!({ "ownerReferences": owners })).await
    }

    async fn remove_finalizer(&self, node: &Node, meta: &PartialMeta, finalizer: &str) -> Result<(), Error> {
        let left: Vec<&String> = meta.finalizers.iter().filter(|f| *f != finalizer).collect();
        let finalizers = if left.is_empty() { Value::Null } else { json!(left) };
        self.patch(node, meta, json!({ "finalizers": finalizers })).await
    }

    async fn unblock(&self, at: usize, meta: &PartialMeta, owner: &str) -> Result<(), Error> {
        let mut owners = meta.owner_references.clone();
        owners.iter_mut().filter(|o| o.uid == owner).for_each(|o| o.block_owner_deletion = Some(false));
        if owners == meta.owner_references {
            return Ok(());
        }
        let node = self.node(at, meta, Task::Collect);
        self.set_owners(&node, meta, &owners).await
    }

    async fn delete(&self, node: &Node, meta: &PartialMeta, policy: &'static str) -> Result<(), Error> {
        // The version too: owners that were added meanwhile count.
        let options = DeleteOptions {
            preconditions: Some(Preconditions {
                uid: Some(meta.uid.clone()),
                resource_version: Some(meta.resource_version.clone()),
            }),
            ..DeleteOptions::default()
        }
        .propagation(policy);
        let Some(resource) = self.at(node.resource) else { return Ok(()) };
        let gvr = &resource.kept.gvr;
        match self.client.delete_dynamic(gvr, &node.key.namespace, &node.key.name, &options).await {
            Err(error) if !error.is_not_found() => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
