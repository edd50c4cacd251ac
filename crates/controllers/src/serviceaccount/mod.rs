//! Every namespace has a service account named `default`.

use std::sync::Arc;

use client::{Change, Key, Next, Object, WorkQueue, run_controller};
use k8s_openapi::{
    api::core::v1::{Namespace, ServiceAccount},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::Context;

const NAME: &str = "service-account-controller";
const ACCOUNT: &str = "default";
const WORKERS: usize = 2;

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let client = context.client(NAME);
    let namespaces = context.informers.get::<Namespace>();
    let accounts = context.informers.get::<ServiceAccount>();
    let queue = WorkQueue::new();
    let keys = queue.clone();
    namespaces.on(move |change: &Change<'_, Namespace>| {
        change.new.into_iter().for_each(|n| keys.add(Key::new("", n.name())));
    });
    let keys = queue.clone();
    accounts.on(move |change: &Change<'_, ServiceAccount>| {
        let gone = change.object().filter(|a| change.is_deleted() && a.name() == ACCOUNT);
        gone.into_iter().for_each(|a| keys.add(Key::new("", a.namespace())));
    });
    namespaces.has_synced().await;
    accounts.has_synced().await;
    run_controller(NAME, WORKERS, queue, context.env.clone(), move |key: Key| {
        let (client, namespaces, accounts) = (client.clone(), namespaces.clone(), accounts.clone());
        async move {
            let live = namespaces.store().by_key(&key).is_some_and(|n| !n.is_deleting());
            if !live || accounts.store().get(&key.name, ACCOUNT).is_some() {
                return Ok(Next::Done);
            }
            let account = ServiceAccount {
                metadata: ObjectMeta {
                    name: Some(ACCOUNT.to_owned()),
                    namespace: Some(key.name),
                    ..ObjectMeta::default()
                },
                ..ServiceAccount::default()
            };
            match client.create(&account).await {
                Ok(_) => Ok(Next::Done),
                Err(error) if error.is_already_exists() || error.is_namespace_terminating() => Ok(Next::Done),
                Err(error) => Err(error),
            }
        }
    })
    .await;
}
