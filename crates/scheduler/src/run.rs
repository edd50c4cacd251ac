//! The loop: take a pod, choose, assume, bind in the background.

use std::{sync::Arc, time::Duration};

use client::{Client, Env, Informers, Key, Object, Recorder};
use k8s_openapi::api::core::v1::{Namespace, Node, Pod};
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinHandle,
    time::Instant,
};

use crate::{
    cache::Cache,
    cycle::{FitError, choose},
    plugins::Cause,
    pod::PodInfo,
    queue::{Next, Queue},
    watch, write,
};

/// `spec.schedulerName` of the pods that this scheduler places.
pub const NAME: &str = "default-scheduler";
/// Bindings and status writes in flight at most.
const WRITES: usize = 64;
/// The first list must arrive within this time, or it is said.
const SYNC: Duration = Duration::from_secs(30);

/// What handlers and the loop share; held for short moments only.
pub(crate) struct Inner {
    pub(crate) cache: Cache,
    pub(crate) queue: Queue,
}

pub(crate) struct Shared {
    pub(crate) inner: Mutex<Inner>,
    pub(crate) wake: Notify,
    client: Client,
    events: Recorder,
    env: Env,
    pods: Arc<client::Informer<Pod>>,
    writes: Semaphore,
}

/// Starts the scheduler; it stops when the handle is aborted. It writes with `client`; the informers may be shared with other
/// components of the process.
#[must_use]
pub fn start(informers: &Informers, client: Client, env: Env) -> JoinHandle<()> {
    let (nodes, namespaces, pods) = (informers.get::<Node>(), informers.get::<Namespace>(), informers.get::<Pod>());
    let shared = Arc::new(Shared {
        inner: Mutex::new(Inner { cache: Cache::default(), queue: Queue::default() }),
        wake: Notify::new(),
        events: Recorder::new(client.clone(), env.clone(), NAME, ""),
        client,
        env,
        pods: pods.clone(),
        writes: Semaphore::new(WRITES),
    });
    let s = shared.clone();
    nodes.on(move |change| watch::node(&s, change));
    let s = shared.clone();
    namespaces.on(move |change| watch::namespace(&s, change));
    let s = shared.clone();
    pods.on(move |change| watch::pod(&s, change));
    tokio::spawn(async move {
        for (what, synced) in [
            ("nodes", nodes.has_synced_within(SYNC).await),
            ("namespaces", namespaces.has_synced_within(SYNC).await),
            ("pods", pods.has_synced_within(SYNC).await),
        ] {
            if !synced {
                shared.env.say(&format!("scheduler: still waits for the list of {what}"));
            }
        }
        // A half-known cluster must not be scheduled on: pods that are not listed yet hold room.
        nodes.has_synced().await;
        pods.has_synced().await;
        run(shared).await;
    })
}

async fn run(shared: Arc<Shared>) {
    let mut turn = 0usize;
    loop {
        let next = shared.inner.lock().queue.next(Instant::now());
        match next {
            Next::Pod(key) => {
                turn = turn.wrapping_add(1);
                one(&shared, key, turn).await;
            }
            Next::Wait(until) => {
                let _ = tokio::time::timeout_at(until, shared.wake.notified()).await;
            }
            Next::Idle => shared.wake.notified().await,
        }
    }
}

/// Tries one pod. Waits only for room among the writes in flight.
async fn one(shared: &Arc<Shared>, key: Key, turn: usize) {
    let Some(pod) = shared.pods.store().by_key(&key) else {
        shared.inner.lock().queue.remove(&key);
        return;
    };
    let Ok(_room) = shared.writes.acquire().await.map(tokio::sync::SemaphorePermit::forget) else { return };
    let info = Arc::new(PodInfo::new(pod.clone()));
    let tie = shared.env.rng.next();
    let chosen = {
        let mut inner = shared.inner.lock();
        let chosen = choose(&info, &inner.cache, turn, tie).map(|node| node.name().to_owned());
        match &chosen {
            Ok(node) => inner.cache.assume(info.clone(), node),
            // At once: what happens from now on may help it, also while the condition is being written.
            Err(error) => inner.queue.put_aside(&key, error.plugins.clone(), Instant::now()),
        }
        chosen
    };
    let shared = shared.clone();
    tokio::spawn(async move {
        match chosen {
            Ok(node) => place(&shared, &key, &pod, &node).await,
            Err(error) => reject(&shared, &key, &pod, &error).await,
        }
        shared.writes.add_permits(1);
    });
}

async fn place(shared: &Shared, key: &Key, pod: &Pod, node: &str) {
    match write::bind(&shared.client, pod, node).await {
        Ok(()) => {
            shared.inner.lock().queue.placed(key, pod.uid());
            shared.events.normal(pod, "Scheduled", &write::assigned(key, node));
        }
        Err(error) => {
            let mut inner = shared.inner.lock();
            inner.cache.forget(pod.uid());
            inner.queue.wake(Cause::PodGone, Instant::now());
            if error.is_not_found() {
                inner.queue.placed(key, pod.uid());
            } else {
                // A conflict means that somebody else bound it: the watch will tell, and take it out of the queue.
                inner.queue.retry(key, pod.uid(), Instant::now());
            }
            drop(inner);
            shared.env.say(&format!("scheduler: binding {key} to {node}: {error}"));
            shared.wake.notify_one();
        }
    }
}

async fn reject(shared: &Shared, key: &Key, pod: &Pod, error: &FitError) {
    let written = write::unschedulable(&shared.client, &shared.events, pod, &error.message(), shared.env.now()).await;
    if let Err(error) = written
        && !error.is_not_found()
    {
        shared.env.say(&format!("scheduler: the condition of {key}: {error}"));
    }
}
