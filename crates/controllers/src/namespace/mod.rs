//! The end of a namespace: pods first, then everything else, then the namespace itself.

pub mod plan;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use client::{
    Change, Client, DeleteOptions, Env, Error, HasSynced, Informer, Key, ListOptions, Next, Object, Partial, WorkQueue,
};
use k8s_openapi::api::core::v1::Namespace;

use crate::{
    Context,
    loops::Loops,
    resources::{Definition, Kept, definitions, kept},
};
use plan::Found;

const NAME: &str = "namespace-controller";
const WORKERS: usize = 4;
/// Looks again so often while something remains, beside looking whenever something goes.
const AGAIN: Duration = Duration::from_secs(5);

struct Controller {
    client: Client,
    env: Env,
    namespaces: Arc<Informer<Namespace>>,
    kinds: Vec<Kept>,
    custom: Arc<Informer<Definition>>,
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let mut kinds: Vec<Kept> = kept().into_iter().filter(|k| k.namespaced).collect();
    // Pods go first: what they need must outlive them.
    kinds.sort_by_key(|k| k.kind != "Pod");
    let controller = Arc::new(Controller {
        client: context.client(NAME),
        env: context.env.clone(),
        namespaces: context.informers.get(),
        kinds,
        custom: definitions(&context.informers),
    });
    let queue = WorkQueue::new();
    let keys = queue.clone();
    controller.namespaces.on(move |change: &Change<'_, Namespace>| {
        if let Some(namespace) = change.new.filter(|n| n.is_deleting()) {
            keys.add(Key::new("", namespace.name()));
        }
    });
    for kind in controller.kinds.iter().filter(|k| k.kind != "Event") {
        let (keys, namespaces) = (queue.clone(), controller.namespaces.clone());
        context.informers.partial(&kind.gvr).on(move |change: &Change<'_, Partial>| {
            if !change.is_deleted() {
                return;
            }
            if let Some(gone) = change.object()
                && namespaces.store().get("", &gone.metadata.namespace).is_some_and(|n| n.is_deleting())
            {
                keys.add(Key::new("", &gone.metadata.namespace));
            }
        });
    }
    let lists: &[&dyn HasSynced] = &[&*controller.namespaces, &*controller.custom];
    let loops = Loops { name: NAME, workers: WORKERS, queue, env: context.env.clone() };
    loops.work(lists, &controller, |controller, key| Box::pin(controller.reconcile(key))).await;
}

impl Controller {
    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        if self.namespaces.store().by_key(key).is_none_or(|n| !n.is_deleting()) {
            return Ok(Next::Done);
        }
        // The truth, not the informer: content must not be deleted because of an old picture of a namespace.
        let Some(namespace) = self.client.find::<Namespace>("", &key.name).await? else {
            return Ok(Next::Done);
        };
        let finalizers = namespace.spec.as_ref().and_then(|s| s.finalizers.clone()).unwrap_or_default();
        if !namespace.is_deleting() || !finalizers.iter().any(|f| f == "kubernetes") {
            return Ok(Next::Done);
        }
        let found = self.empty(namespace.name()).await;
        if found.is_empty() {
            return self.finalize(namespace).await;
        }
        let old = namespace.status.clone().unwrap_or_default();
        if let Some(status) = plan::status(&old, &found, self.env.now()) {
            let changed = Namespace { status: Some(status), ..namespace };
            match self.client.update_status(&changed).await {
                Err(error) if !error.is_not_found() => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(Next::After(AGAIN))
    }

    /// Deletes what is there; what remains is still on its way out.
    async fn empty(&self, namespace: &str) -> Found {
        let mut found = Found::default();
        let custom = self.custom.store().all().into_iter().filter_map(|definition| definition.kept());
        let custom: Vec<Kept> = custom.filter(|kind| kind.namespaced).collect();
        for kind in self.kinds.iter().chain(&custom) {
            if let Err(error) = self.empty_kind(namespace, kind, &mut found).await {
                found.errors.push(error.message());
            }
            if kind.kind == "Pod" && !found.is_empty() {
                break;
            }
        }
        found
    }

    async fn list(&self, namespace: &str, kind: &Kept) -> Result<Vec<Partial>, Error> {
        match self.client.list_dynamic::<Partial>(&kind.gvr, namespace, &ListOptions::default()).await {
            // A kind that is not served has no objects.
            Err(error) if error.is_not_found() || error.code() == 405 => Ok(Vec::new()),
            other => other,
        }
    }

    async fn empty_kind(&self, namespace: &str, kind: &Kept, found: &mut Found) -> Result<(), Error> {
        let objects = self.list(namespace, kind).await?;
        if objects.iter().any(|o| o.metadata.deletion_timestamp.is_none()) {
            self.delete(namespace, kind, &objects).await?;
        } else if objects.is_empty() {
            return Ok(());
        }
        let left = self.list(namespace, kind).await?;
        if left.is_empty() {
            return Ok(());
        }
        let Kept { gvr, .. } = kind;
        found.remaining.insert(format!("{}.{}", gvr.plural, gvr.group), left.len());
        for finalizer in left.iter().flat_map(|o| &o.metadata.finalizers) {
            *found.finalizers.entry(finalizer.clone()).or_default() += 1;
        }
        Ok(())
    }

    async fn delete(&self, namespace: &str, kind: &Kept, objects: &[Partial]) -> Result<(), Error> {
        let options = DeleteOptions::default().propagation("Background");
        if kind.collective {
            let all = ListOptions::default();
            return self.client.delete_collection_dynamic(&kind.gvr, namespace, &options, &all).await;
        }
        for object in objects.iter().filter(|o| o.metadata.deletion_timestamp.is_none()) {
            match self.client.delete_dynamic(&kind.gvr, namespace, &object.metadata.name, &options).await {
                Err(error) if !error.is_not_found() => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    async fn finalize(&self, mut namespace: Namespace) -> Result<Next, Error> {
        if let Some(finalizers) = namespace.spec.as_mut().and_then(|s| s.finalizers.as_mut()) {
            finalizers.retain(|f| f != "kubernetes");
        }
        let name = namespace.name().to_owned();
        let done = self.client.update_part::<Namespace, _, serde_json::Value>("", &name, "finalize", &namespace).await;
        match done {
            Err(error) if !error.is_not_found() => Err(error),
            Ok(_) | Err(_) => Ok(Next::Done),
        }
    }
}
