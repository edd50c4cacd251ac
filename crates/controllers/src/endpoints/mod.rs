//! The older form of a service's endpoints, one object per service.

pub mod plan;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc, time::Duration};

use client::{
    Change, Client, DeleteOptions, Error, HasSynced, Informer, Key, Matcher, Next, Object, Recorder, WorkQueue,
};
use k8s_openapi::api::core::v1::{Endpoints, Pod, Service};
use parking_lot::Mutex;

use crate::{
    Context,
    endpointslice::wake_by_pods,
    flight::Written,
    loops::Loops,
    services::{self, Triggers},
};

const NAME: &str = "endpoint-controller";
const WORKERS: usize = 5;
/// Endpoints that are locks of a leader election belong to nobody's service.
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";

struct Controller {
    client: Client,
    recorder: Recorder,
    services: Arc<Informer<Service>>,
    pods: Arc<Informer<Pod>>,
    endpoints: Arc<Informer<Endpoints>>,
    triggers: Mutex<HashMap<Key, Triggers>>,
    written: Written,
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let client = context.client(NAME);
    let controller = Arc::new(Controller {
        recorder: context.recorder(&client, NAME),
        services: context.informers.get(),
        pods: context.informers.get(),
        endpoints: context.informers.get(),
        triggers: Mutex::default(),
        written: Written::default(),
        client,
    });
    let queue = WorkQueue::new();
    let keys = queue.clone();
    controller.services.on(move |change: &Change<'_, Service>| {
        change.object().into_iter().for_each(|s| keys.add(s.key()));
    });
    let keys = queue.clone();
    // Those that somebody makes without a service are left alone while this runs, as Kubernetes does.
    controller.endpoints.on(move |change: &Change<'_, Endpoints>| {
        change.object().filter(|_| change.is_deleted()).into_iter().for_each(|e| keys.add(e.key()));
    });
    wake_by_pods(&controller.pods, &controller.services, &queue);
    controller.services.has_synced().await;
    controller.endpoints.has_synced().await;
    // Of services that went while this did not run.
    controller.endpoints.store().all().iter().for_each(|e| queue.add(e.key()));
    let lists: &[&dyn HasSynced] = &[&*controller.services, &*controller.pods, &*controller.endpoints];
    let loops = Loops { name: NAME, workers: WORKERS, queue, env: context.env.clone() };
    loops.work(lists, &controller, |controller, key| Box::pin(controller.reconcile(key))).await;
}

impl Controller {
    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        let current = self.endpoints.store().by_key(key);
        let Some(service) = self.services.store().by_key(key) else {
            self.triggers.lock().remove(key);
            let leftover = current.filter(|e| e.annotation(LEADER).is_none());
            return self.delete(key, leftover).await;
        };
        let Some(spec) = services::selecting(&service) else {
            return Ok(Next::Done);
        };
        if current.as_ref().is_some_and(|c| self.written.is_stale(&**c)) {
            return Ok(Next::After(Duration::from_secs(1)));
        }
        let matcher = Matcher::from_labels(spec.selector.as_ref());
        let mut pods = self.pods.store().in_namespace(&key.namespace);
        pods.retain(|p| matcher.matches(p.metadata.labels.as_ref()));
        let known = self.triggers.lock().get(key).cloned().unwrap_or_default();
        let (trigger, triggers) = known.next(&service, pods.iter().map(|p| &**p));
        if let Some(endpoints) = plan::plan(&service, spec, &pods, current.as_deref(), trigger) {
            self.write(&service, &endpoints, current.is_some()).await?;
        }
        self.triggers.lock().insert(key.clone(), triggers);
        Ok(Next::Done)
    }

    async fn delete(&self, key: &Key, leftover: Option<Arc<Endpoints>>) -> Result<Next, Error> {
        let Some(leftover) = leftover else {
            return Ok(Next::Done);
        };
        let options = DeleteOptions::uid(leftover.uid());
        match self.client.delete::<Endpoints>(&key.namespace, &key.name, &options).await {
            Err(error) if !error.is_not_found() => Err(error),
            Ok(()) | Err(_) => Ok(Next::Done),
        }
    }

    async fn write(&self, service: &Service, endpoints: &Endpoints, exists: bool) -> Result<(), Error> {
        let result = if exists { self.client.update(endpoints).await } else { self.client.create(endpoints).await };
        match result {
            Ok(written) => self.written.wrote(&written),
            Err(error) if error.is_namespace_terminating() => {}
            // Somebody else was faster: the informer will show it.
            Err(error) if error.is_already_exists() || error.is_conflict() => return Err(error),
            Err(error) => {
                let (namespace, name, why) = (service.namespace(), service.name(), error.message());
                let (reason, message) = if exists {
                    ("FailedToUpdateEndpoint", format!("Failed to update endpoint {namespace}/{name}: {why}"))
                } else {
                    let text = format!("Failed to create endpoint for service {namespace}/{name}: {why}");
                    ("FailedToCreateEndpoint", text)
                };
                self.recorder.warning(endpoints, reason, &message);
                return Err(error);
            }
        }
        Ok(())
    }
}
