//! Signs the config map `cluster-info` with every bootstrap token that is made for it: who has a token can tell by that
//! whether the authority in it is the cluster's.

pub mod plan;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use client::{Change, Client, Env, Error, Informer, Key, Next, Scope, WorkQueue, run_controller};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};

use crate::Context;

const NAME: &str = "bootstrap-signer-controller";
const ACCOUNT: &str = "bootstrap-signer";
const NAMESPACE: &str = "kube-public";
const MAP: &str = "cluster-info";

struct Controller {
    client: Client,
    env: Env,
    secrets: Arc<Informer<Secret>>,
    maps: Arc<Informer<ConfigMap>>,
}

/// The Secrets of bootstrap tokens, as two controllers look at them.
pub(crate) fn tokens(context: &Context) -> Arc<Informer<Secret>> {
    let fields = format!("type={}", api::bootstrap_token::TYPE);
    let scope = Scope { namespace: api::bootstrap_token::NAMESPACE.to_owned(), fields, ..Scope::default() };
    context.informers.scoped(scope, None)
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let scope = Scope { namespace: NAMESPACE.to_owned(), ..Scope::fields(&format!("metadata.name={MAP}")) };
    let controller = Arc::new(Controller {
        client: context.client(ACCOUNT),
        env: context.env.clone(),
        secrets: tokens(&context),
        maps: context.informers.scoped(scope, None),
    });
    let queue = WorkQueue::new();
    let (by_map, by_secret) = (queue.clone(), queue.clone());
    controller.maps.on(move |_: &Change<'_, ConfigMap>| by_map.add(Key::new(NAMESPACE, MAP)));
    controller.secrets.on(move |_: &Change<'_, Secret>| by_secret.add(Key::new(NAMESPACE, MAP)));
    controller.maps.has_synced().await;
    controller.secrets.has_synced().await;
    run_controller(NAME, 1, queue, context.env.clone(), move |key| {
        let controller = controller.clone();
        async move { controller.reconcile(&key).await }
    })
    .await;
}

impl Controller {
    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        let Some(map) = self.maps.store().by_key(key) else { return Ok(Next::Done) };
        let secrets = self.secrets.store().all();
        let tokens: Vec<_> = secrets.iter().filter_map(|s| plan::signing_token(s, self.env.now())).collect();
        let Some(data) = plan::signed(map.data.as_ref(), &tokens) else { return Ok(Next::Done) };
        let mut map = ConfigMap::clone(&map);
        map.data = Some(data);
        match self.client.update(&map).await {
            Err(error) if !error.is_not_found() => Err(error),
            Ok(_) | Err(_) => Ok(Next::Done),
        }
    }
}
