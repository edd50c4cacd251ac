//! Endpoint slices of services that select pods.

pub mod plan;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc, time::Duration};

use client::{Change, Client, DeleteOptions, Env, Error, HasSynced, Informer, Key, Matcher, Next, Object, WorkQueue};
use k8s_openapi::api::{
    core::v1::{Node, Pod, Service},
    discovery::v1::EndpointSlice,
};
use parking_lot::Mutex;

use crate::{
    Context,
    flight::{Flight, Written},
    loops::Loops,
    services::{self, Triggers},
};
use plan::{Action, Input, MANAGED_BY, MANAGER, SERVICE_NAME};

const NAME: &str = "endpointslice-controller";
const WORKERS: usize = 5;
const BY_SERVICE: &str = "service";

struct Controller {
    client: Client,
    env: Env,
    services: Arc<Informer<Service>>,
    pods: Arc<Informer<Pod>>,
    nodes: Arc<Informer<Node>>,
    slices: Arc<Informer<EndpointSlice>>,
    triggers: Mutex<HashMap<Key, Triggers>>,
    flight: Flight,
    written: Written,
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let controller = Arc::new(Controller {
        client: context.client(NAME),
        env: context.env.clone(),
        services: context.informers.get(),
        pods: context.informers.get(),
        nodes: context.informers.get(),
        slices: context.informers.get(),
        triggers: Mutex::default(),
        flight: Flight::default(),
        written: Written::default(),
    });
    controller.slices.index(BY_SERVICE, |slice: &EndpointSlice| {
        let service = slice.label(SERVICE_NAME).filter(|_| slice.label(MANAGED_BY) == Some(MANAGER));
        service.map(|s| format!("{}/{s}", slice.namespace())).into_iter().collect()
    });
    let queue = WorkQueue::new();
    watch(&controller, &queue);
    let lists: &[&dyn HasSynced] = &[&*controller.services, &*controller.pods, &*controller.nodes, &*controller.slices];
    let loops = Loops { name: NAME, workers: WORKERS, queue, env: controller.env.clone() };
    loops.work(lists, &controller, |controller, key| Box::pin(controller.reconcile(key))).await;
}

/// Wakes the services of pods whose endpoints may have changed.
pub fn wake_by_pods(pods: &Informer<Pod>, services: &Arc<Informer<Service>>, queue: &WorkQueue<Key>) {
    let (keys, services) = (queue.clone(), services.clone());
    pods.on(move |change: &Change<'_, Pod>| {
        if let (Some(old), Some(new)) = (change.old, change.new)
            && services::same_for_endpoints(old, new)
        {
            return;
        }
        for pod in change.states() {
            services::of_pod(services.store(), pod).into_iter().for_each(|key| keys.add(key));
        }
    });
}

fn watch(controller: &Arc<Controller>, queue: &WorkQueue<Key>) {
    let (keys, weak) = (queue.clone(), Arc::downgrade(controller));
    controller.services.on(move |change: &Change<'_, Service>| {
        if let Some(service) = change.object() {
            keys.add(service.key());
            if let Some(controller) = weak.upgrade().filter(|_| change.is_deleted()) {
                controller.flight.forget(service.uid());
                controller.triggers.lock().remove(&service.key());
            }
        }
    });
    wake_by_pods(&controller.pods, &controller.services, queue);
    let (keys, weak) = (queue.clone(), Arc::downgrade(controller));
    controller.slices.on(move |change: &Change<'_, EndpointSlice>| {
        for slice in change.states().filter(|s| s.label(MANAGED_BY) == Some(MANAGER)) {
            if let Some(service) = slice.label(SERVICE_NAME) {
                keys.add(Key::new(slice.namespace(), service));
            }
            if let Some(controller) = weak.upgrade().filter(|_| change.is_deleted()) {
                controller.written.forget(slice.uid());
            }
        }
    });
}

impl Controller {
    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        let Some(service) = self.services.store().by_key(key).filter(|s| !s.is_deleting()) else {
            return Ok(Next::Done);
        };
        let Some(spec) = services::selecting(&service) else {
            return Ok(Next::Done);
        };
        let seen = self.slices.seen();
        let mut slices = self.slices.store().by_index(BY_SERVICE, &key.to_string());
        let view = self.flight.view(service.uid(), seen, &slices, |s| s.is_deleting());
        if view.missing > 0 || slices.iter().any(|s| self.written.is_stale(&**s)) {
            return Ok(Next::After(Duration::from_secs(1)));
        }
        slices.retain(|s| !s.is_deleting() && !view.deleted.contains(s.uid()));
        let matcher = Matcher::from_labels(spec.selector.as_ref());
        let mut pods = self.pods.store().in_namespace(&key.namespace);
        pods.retain(|p| matcher.matches(p.metadata.labels.as_ref()));
        let (trigger, triggers) = {
            let known = self.triggers.lock();
            known.get(key).cloned().unwrap_or_default().next(&service, pods.iter().map(|p| &**p))
        };
        let zone = |node: &str| {
            let node = self.nodes.store().get("", node)?;
            node.label("topology.kubernetes.io/zone").map(str::to_owned)
        };
        let actions =
            plan::plan(&Input { service: &service, spec, pods: &pods, slices: &slices, zone: &zone, trigger });
        for action in actions {
            self.act(&service, action).await?;
        }
        self.triggers.lock().insert(key.clone(), triggers);
        Ok(Next::Done)
    }

    async fn act(&self, service: &Service, action: Action) -> Result<(), Error> {
        match action {
            Action::Create(slice) => match self.client.create(&*slice).await {
                Ok(created) => self.flight.created(service.uid(), &created),
                Err(error) if error.is_namespace_terminating() => {}
                Err(error) => return Err(error),
            },
            Action::Update(slice) => self.written.wrote(&self.client.update(&*slice).await?),
            Action::Delete(slice) => {
                let options = DeleteOptions::uid(slice.uid());
                match self.client.delete::<EndpointSlice>(slice.namespace(), slice.name(), &options).await {
                    Err(error) if !error.is_not_found() => return Err(error),
                    Ok(()) | Err(_) => self.flight.deleted(service.uid(), slice.uid()),
                }
            }
        }
        Ok(())
    }
}
