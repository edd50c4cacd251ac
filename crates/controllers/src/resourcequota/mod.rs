//! Resource quotas: what a namespace uses of what it may.

pub mod plan;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use client::{
    Change, Client, Error, Informer, Informers, Key, Next, Object, Partial, Stored, WorkQueue, run_controller,
};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, ResourceQuota, ResourceQuotaStatus, Service};
use parking_lot::RwLock;

use crate::{
    Context,
    flight::Written,
    resources::{Definition, Kept, definitions, kept},
};
use plan::{Content, used};

const NAME: &str = "resourcequota-controller";

struct Controller {
    client: Client,
    quotas: Arc<Informer<ResourceQuota>>,
    pods: Arc<Informer<Pod>>,
    services: Arc<Informer<Service>>,
    claims: Arc<Informer<PersistentVolumeClaim>>,
    counts: RwLock<BTreeMap<String, Arc<Informer<Partial>>>>,
    written: Written,
}

fn countable(kept: &Kept) -> String {
    let plural = &kept.gvr.plural;
    if kept.gvr.group.is_empty() { plural.clone() } else { format!("{plural}.{}", kept.gvr.group) }
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let kinds = kept().into_iter().filter(|k| k.namespaced && k.kind != "Event");
    let controller = Arc::new(Controller {
        client: context.client(NAME),
        quotas: context.informers.get(),
        pods: context.informers.get(),
        services: context.informers.get(),
        claims: context.informers.get(),
        counts: RwLock::new(kinds.map(|k| (countable(&k), context.informers.partial(&k.gvr))).collect()),
        written: Written::default(),
    });
    let queue = WorkQueue::new();
    let (keys, weak) = (queue.clone(), Arc::downgrade(&controller));
    controller.quotas.on(move |change: &Change<'_, ResourceQuota>| {
        if let Some(quota) = change.object() {
            keys.add(quota.key());
            weak.upgrade().filter(|_| change.is_deleted()).into_iter().for_each(|c| c.written.forget(quota.uid()));
        }
    });
    // Objects of any kind come and go; pods, services and claims also change what they use.
    let built_in: Vec<Arc<Informer<Partial>>> = controller.counts.read().values().cloned().collect();
    built_in.iter().for_each(|informer| wake_by(informer, &controller.quotas, &queue, false));
    let (keys, weak, informers) = (queue.clone(), Arc::downgrade(&controller), context.informers.clone());
    definitions(&context.informers).on(move |change: &Change<'_, Definition>| {
        if let Some(controller) = weak.upgrade() {
            controller.defined(change, &informers, &keys);
        }
    });
    wake_by(&controller.pods, &controller.quotas, &queue, true);
    wake_by(&controller.services, &controller.quotas, &queue, true);
    wake_by(&controller.claims, &controller.quotas, &queue, true);
    controller.quotas.has_synced().await;
    controller.pods.has_synced().await;
    controller.services.has_synced().await;
    controller.claims.has_synced().await;
    for informer in &built_in {
        informer.has_synced().await;
    }
    run_controller(NAME, 2, queue, context.env.clone(), move |key| {
        let controller = controller.clone();
        async move { controller.reconcile(&key).await }
    })
    .await;
}

fn wake_by<K: Stored>(
    informer: &Informer<K>,
    quotas: &Arc<Informer<ResourceQuota>>,
    queue: &WorkQueue<Key>,
    changes: bool,
) {
    let (keys, quotas) = (queue.clone(), quotas.clone());
    informer.on(move |change: &Change<'_, K>| {
        if change.old.is_some() && change.new.is_some() && !changes {
            return;
        }
        if let Some(object) = change.object() {
            quotas.store().in_namespace(object.stored_namespace()).iter().for_each(|q| keys.add(q.key()));
        }
    });
}

impl Controller {
    /// Objects of custom resources count too.
    fn defined(&self, change: &Change<'_, Definition>, informers: &Informers, queue: &WorkQueue<Key>) {
        let kept = |definition: &Arc<Definition>| definition.kept().filter(|k| k.namespaced);
        let (old, new) = (change.old.and_then(kept), change.new.and_then(kept));
        if old == new {
            return;
        }
        if let Some(old) = old {
            self.counts.write().remove(&countable(&old));
        }
        if let Some(new) = new {
            let informer = informers.partial(&new.gvr);
            wake_by(&informer, &self.quotas, queue, false);
            self.counts.write().insert(countable(&new), informer);
        }
    }

    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        let Some(quota) = self.quotas.store().by_key(key).filter(|q| !q.is_deleting()) else {
            return Ok(Next::Done);
        };
        if self.written.is_stale(&*quota) {
            return Ok(Next::After(Duration::from_secs(1)));
        }
        let status = {
            let namespace = key.namespace.as_str();
            let count = |kind: &str| Some(self.counts.read().get(kind)?.store().in_namespace(namespace).len());
            let content = Content {
                pods: &self.pods.store().in_namespace(namespace),
                services: &self.services.store().in_namespace(namespace),
                claims: &self.claims.store().in_namespace(namespace),
                count: &count,
            };
            let hard = quota.spec.as_ref().and_then(|s| s.hard.clone());
            ResourceQuotaStatus { used: Some(used(&quota, &content)), hard }
        };
        if quota.status.as_ref() == Some(&status) {
            return Ok(Next::Done);
        }
        let changed = ResourceQuota { status: Some(status), ..ResourceQuota::clone(&quota) };
        match self.client.update_status(&changed).await {
            Err(error) if error.is_not_found() => {}
            other => self.written.wrote(&other?),
        }
        Ok(Next::Done)
    }
}
