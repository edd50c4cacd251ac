//! `Endpoints` that somebody made by hand are shown as endpoint slices too: service proxies read only those.

pub mod plan;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use client::{Change, Client, DeleteOptions, Error, HasSynced, Informer, Key, Next, Object, WorkQueue};
use k8s_openapi::api::{
    core::v1::{Endpoints, Service},
    discovery::v1::EndpointSlice,
};

use crate::{
    Context,
    endpointslice::plan::{MANAGED_BY, SERVICE_NAME},
    flight::{Flight, Written},
    loops::Loops,
};
use plan::{Action, MANAGER, is_shown};

const NAME: &str = "endpointslicemirroring-controller";
const BY_ENDPOINTS: &str = "mirrored";

struct Controller {
    client: Client,
    services: Arc<Informer<Service>>,
    endpoints: Arc<Informer<Endpoints>>,
    slices: Arc<Informer<EndpointSlice>>,
    flight: Flight,
    written: Written,
}

fn shown_for(slice: &EndpointSlice) -> Option<Key> {
    let name = slice.label(SERVICE_NAME).filter(|_| slice.label(MANAGED_BY) == Some(MANAGER))?;
    Some(Key::new(slice.namespace(), name))
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let controller = Arc::new(Controller {
        client: context.client(NAME),
        services: context.informers.get(),
        endpoints: context.informers.get(),
        slices: context.informers.get(),
        flight: Flight::default(),
        written: Written::default(),
    });
    controller.slices.index(BY_ENDPOINTS, |slice| shown_for(slice).map(|k| k.to_string()).into_iter().collect());
    let queue = WorkQueue::new();
    let keys = queue.clone();
    controller.services.on(move |change: &Change<'_, Service>| {
        let selector = |s: Option<&Arc<Service>>| s.and_then(|s| s.spec.as_ref()?.selector.clone());
        if let Some(service) = change.object()
            && (change.old.is_none() || change.new.is_none() || selector(change.old) != selector(change.new))
        {
            keys.add(service.key());
        }
    });
    let keys = queue.clone();
    controller.endpoints.on(move |change: &Change<'_, Endpoints>| {
        change.object().into_iter().for_each(|e| keys.add(e.key()));
    });
    let (keys, weak) = (queue.clone(), Arc::downgrade(&controller));
    controller.slices.on(move |change: &Change<'_, EndpointSlice>| {
        for slice in change.states() {
            shown_for(slice).into_iter().for_each(|key| keys.add(key));
            weak.upgrade().filter(|_| change.is_deleted()).into_iter().for_each(|c| c.written.forget(slice.uid()));
        }
    });
    let lists: &[&dyn HasSynced] = &[&*controller.services, &*controller.endpoints, &*controller.slices];
    let loops = Loops { name: NAME, workers: 2, queue, env: context.env.clone() };
    loops.work(lists, &controller, |controller, key| Box::pin(controller.reconcile(key))).await;
}

impl Controller {
    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        let service = self.services.store().by_key(key);
        let endpoints = self.endpoints.store().by_key(key).filter(|e| is_shown(e, service.as_deref()));
        let owner = endpoints.as_ref().map_or_else(|| key.to_string(), |e| e.uid().to_owned());
        let seen = self.slices.seen();
        let mut slices = self.slices.store().by_index(BY_ENDPOINTS, &key.to_string());
        let view = self.flight.view(&owner, seen, &slices, |s| s.is_deleting());
        if view.missing > 0 || slices.iter().any(|s| self.written.is_stale(&**s)) {
            return Ok(Next::After(Duration::from_secs(1)));
        }
        slices.retain(|s| !s.is_deleting() && !view.deleted.contains(s.uid()));
        for action in plan::plan(endpoints.as_deref(), &slices) {
            self.act(&owner, action).await?;
        }
        Ok(Next::Done)
    }

    async fn act(&self, owner: &str, action: Action) -> Result<(), Error> {
        match action {
            Action::Create(slice) => match self.client.create(&*slice).await {
                Ok(created) => self.flight.created(owner, &created),
                Err(error) if error.is_namespace_terminating() => {}
                Err(error) => return Err(error),
            },
            Action::Update(slice) => self.written.wrote(&self.client.update(&*slice).await?),
            Action::Delete(slice) => {
                let options = DeleteOptions::uid(slice.uid());
                match self.client.delete::<EndpointSlice>(slice.namespace(), slice.name(), &options).await {
                    Err(error) if !error.is_not_found() => return Err(error),
                    Ok(()) | Err(_) => self.flight.deleted(owner, slice.uid()),
                }
            }
        }
        Ok(())
    }
}
