//! Bootstrap tokens go when they end.

use std::{sync::Arc, time::Duration};

use api::bootstrap_token::Expiry;
use client::{Change, DeleteOptions, Key, Next, Object, WorkQueue, run_controller};
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::Secret;

use crate::{
    Context,
    bootstrapsigner::{plan::token, tokens},
};

const NAME: &str = "token-cleaner-controller";
const ACCOUNT: &str = "token-cleaner";

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let client = context.client(ACCOUNT);
    let secrets = tokens(&context);
    let queue = WorkQueue::new();
    let keys = queue.clone();
    secrets.on(move |change: &Change<'_, Secret>| change.new.into_iter().for_each(|s| keys.add(s.key())));
    secrets.has_synced().await;
    let env = context.env.clone();
    run_controller(NAME, 1, queue, env.clone(), move |key: Key| {
        let (client, secrets, env) = (client.clone(), secrets.clone(), env.clone());
        async move {
            let Some(secret) = secrets.store().by_key(&key) else { return Ok(Next::Done) };
            let expiry = token(&secret).expiry;
            if !expiry.is_over(env.now()) {
                return Ok(match expiry {
                    Expiry::At(at) => after(at.duration_since(env.now())),
                    Expiry::Never | Expiry::Unreadable => Next::Done,
                });
            }
            match client.delete::<Secret>(&key.namespace, &key.name, &DeleteOptions::uid(secret.uid())).await {
                Err(error) if !error.is_not_found() && !error.is_conflict() => Err(error),
                Ok(()) | Err(_) => Ok(Next::Done),
            }
        }
    })
    .await;
}

fn after(left: SignedDuration) -> Next {
    Next::After(Duration::try_from(left).unwrap_or(Duration::from_secs(1)))
}
