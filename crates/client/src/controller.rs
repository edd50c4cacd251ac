//! The loop that all controllers share: a key from the queue, reconcile, back-off when it fails.

use std::{fmt::Display, future::Future, hash::Hash, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::task::JoinSet;

use crate::{env::Env, queue::WorkQueue};

/// What follows a successful reconciliation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing, until something changes.
    Done,
    /// Look again after this time, whatever happens.
    After(Duration),
    /// Look again with back-off: something in between is missing.
    Retry,
}

/// Works on the keys of `queue` with `workers` tasks until the queue is closed or this future is dropped.
pub async fn run_controller<T, F, Fut, E>(
    name: &'static str,
    workers: usize,
    queue: WorkQueue<T>,
    env: Env,
    reconcile: F,
) where
    T: Clone + Eq + Hash + Display + Send + Sync + 'static,
    F: Fn(T) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Next, E>> + Send + 'static,
    E: Display + Send + 'static,
{
    let reconcile = Arc::new(reconcile);
    let mut tasks = JoinSet::new();
    for _ in 0..workers.max(1) {
        let (queue, env, reconcile) = (queue.clone(), env.clone(), reconcile.clone());
        tasks.spawn(async move {
            while let Some(key) = queue.get().await {
                let result = AssertUnwindSafe(reconcile(key.clone())).catch_unwind().await;
                settle(name, &queue, &env, &key, result);
                queue.done(&key);
            }
        });
    }
    while tasks.join_next().await.is_some() {}
}

fn settle<T, E, P>(name: &str, queue: &WorkQueue<T>, env: &Env, key: &T, result: Result<Result<Next, E>, P>)
where
    T: Clone + Eq + Hash + Display,
    E: Display,
{
    match result {
        Ok(Ok(Next::Done)) => queue.forget(key),
        Ok(Ok(Next::After(delay))) => {
            queue.forget(key);
            queue.add_after(key.clone(), delay);
        }
        Ok(Ok(Next::Retry)) => queue.add_rate_limited(key.clone()),
        Ok(Err(error)) => {
            // A first failure is mostly a conflict with a fresher state that is on its way.
            if queue.failures(key) >= 2 {
                env.say(&format!("{name} {key}: {error}"));
            }
            queue.add_rate_limited(key.clone());
        }
        Err(_) => {
            env.say(&format!("{name} {key}: panicked; trying again"));
            queue.add_rate_limited(key.clone());
        }
    }
}
