//! The loops of a controller: its lists first, then its keys.

use std::{future::Future, pin::Pin, sync::Arc};

use client::{Env, Error, HasSynced, Key, Next, WorkQueue, run_controller};

/// The future of a reconciliation.
pub type Reconciling<'a> = Pin<Box<dyn Future<Output = Result<Next, Error>> + Send + 'a>>;

/// What the loops of a controller need beside the controller.
pub struct Loops {
    /// Its name, for messages.
    pub name: &'static str,
    /// Keys that are worked on at the same time.
    pub workers: usize,
    /// The keys.
    pub queue: WorkQueue<Key>,
    /// Where it says what fails.
    pub env: Env,
}

impl Loops {
    /// Waits until the lists are complete: half a picture must not be acted on. Then works on the keys, for ever.
    pub async fn work<C: Send + Sync + 'static>(
        self,
        lists: &[&dyn HasSynced],
        controller: &Arc<C>,
        reconcile: for<'a> fn(&'a C, &'a Key) -> Reconciling<'a>,
    ) {
        for list in lists {
            list.synced().await;
        }
        let controller = controller.clone();
        run_controller(self.name, self.workers, self.queue, self.env, move |key| {
            let controller = controller.clone();
            async move { reconcile(&controller, &key).await }
        })
        .await;
    }
}
