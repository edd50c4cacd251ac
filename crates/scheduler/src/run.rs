//! The loop: take a pod, choose, assume, bind in the background.

use std::{sync::Arc, time::Duration};

use client::{Client, Env, Informers, Key, Object, Recorder};
use k8s_openapi::api::{
    core::v1::{Namespace, Node, Pod},
    policy::v1::PodDisruptionBudget,
};
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
    preempt::{Budget, Candidate, Hand, Verdict, plan},
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
    budgets: Arc<client::Informer<PodDisruptionBudget>>,
    writes: Semaphore,
}

/// Starts the scheduler; it stops when the handle is aborted. It writes with `client`; the informers may be shared with other
/// components of the process.
#[must_use]
pub fn start(informers: &Informers, client: Client, env: Env) -> JoinHandle<()> {
    let (nodes, namespaces, pods) = (informers.get::<Node>(), informers.get::<Namespace>(), informers.get::<Pod>());
    let budgets = informers.get::<PodDisruptionBudget>();
    let shared = Arc::new(Shared {
        inner: Mutex::new(Inner { cache: Cache::default(), queue: Queue::default() }),
        wake: Notify::new(),
        events: Recorder::new(client.clone(), env.clone(), NAME, ""),
        client,
        env,
        pods: pods.clone(),
        budgets: budgets.clone(),
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
            ("disruption budgets", budgets.has_synced_within(SYNC).await),
        ] {
            if !synced {
                shared.env.say(&format!("scheduler: still waits for the list of {what}"));
            }
        }
        // A half-known cluster must not be scheduled on: pods that are not listed yet hold room, budgets protect them.
        nodes.has_synced().await;
        pods.has_synced().await;
        budgets.has_synced().await;
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

/// What came of an attempt.
enum Outcome {
    /// It goes to this node.
    Placed(String),
    /// No node will do now.
    Failed(Failure),
}

/// What is to be done about a pod that found no node.
struct Failure {
    /// Why.
    message: String,
    /// The node that it is promised: another one, none (empty), or as before.
    nominated: Option<String>,
    /// Who must go for it, and who was promised their place.
    preemption: Option<(Candidate, Vec<Arc<PodInfo>>)>,
}

/// Tries one pod. Waits only for room among the writes in flight.
async fn one(shared: &Arc<Shared>, key: Key, turn: usize) {
    let Some(pod) = shared.pods.store().by_key(&key) else {
        shared.inner.lock().queue.remove(&key);
        return;
    };
    let Ok(_room) = shared.writes.acquire().await.map(tokio::sync::SemaphorePermit::forget) else { return };
    let outcome = decide(shared, &key, &Arc::new(PodInfo::new(pod.clone())), turn);
    let shared = shared.clone();
    tokio::spawn(async move {
        match outcome {
            Outcome::Placed(node) => place(&shared, &key, &pod, &node).await,
            Outcome::Failed(failure) => reject(&shared, &key, &pod, &failure).await,
        }
        shared.writes.add_permits(1);
    });
}

/// Chooses, and believes at once what was chosen: whatever happens from now on may help, also while it is being written.
fn decide(shared: &Shared, key: &Key, info: &Arc<PodInfo>, turn: usize) -> Outcome {
    let tie = shared.env.rng.next();
    let mut inner = shared.inner.lock();
    match choose(info, &inner.cache, turn, tie).map(|node| node.name().to_owned()) {
        Ok(node) => {
            inner.cache.assume(info.clone(), &node);
            Outcome::Placed(node)
        }
        Err(error) => Outcome::Failed(inner.give_up(key, info, error, shared)),
    }
}

impl Inner {
    /// Puts a pod aside, and plans who might go for it.
    fn give_up(&mut self, key: &Key, pod: &Arc<PodInfo>, error: FitError, shared: &Shared) -> Failure {
        let budgets = || shared.budgets.store().all().iter().filter_map(|b| Budget::new(b)).collect();
        let verdict = plan(pod, &self.cache, &error, budgets, shared.env.rng.next(), shared.env.now());
        let message = error.message(&verdict.message());
        self.queue.put_aside(key, error.plugins, Instant::now());
        let nominated = &mut self.cache.nominated;
        let (name, preemption) = match verdict {
            Verdict::NotEligible(_) => (None, None),
            Verdict::Hopeless(_) => {
                nominated.remove(pod.pod.uid());
                (Some(String::new()), None)
            }
            // It went while it was being tried: nobody would ever take a promise back.
            Verdict::Preempt(_) if !self.queue.wants(key, pod.pod.uid()) => (None, None),
            Verdict::Preempt(candidate) => {
                let weaker = |other: &&Arc<PodInfo>| other.priority < pod.priority;
                let displaced: Vec<_> = nominated.on(&candidate.node).iter().filter(weaker).cloned().collect();
                displaced.iter().for_each(|other| _ = nominated.remove(other.pod.uid()));
                nominated.set(pod.clone(), &candidate.node);
                self.queue.hold(key);
                (Some(candidate.node.clone()), Some((candidate, displaced)))
            }
        };
        Failure { message, nominated: name, preemption }
    }
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

/// Says why, and sends away who must go; both at the same time.
async fn reject(shared: &Shared, key: &Key, pod: &Pod, failure: &Failure) {
    shared.events.warning(pod, "FailedScheduling", &failure.message);
    let (nominated, now) = (failure.nominated.as_deref(), shared.env.now());
    let say = async {
        match write::unschedulable(&shared.client, pod, &failure.message, nominated, now).await {
            Err(error) if !error.is_not_found() => {
                shared.env.say(&format!("scheduler: the condition of {key}: {error}"));
            }
            Ok(()) | Err(_) => {}
        }
    };
    let send_away = async {
        let Some((candidate, displaced)) = &failure.preemption else { return };
        let hand = Hand { client: &shared.client, events: &shared.events, env: &shared.env };
        let done = hand.preempt(pod, candidate, displaced).await;
        shared.inner.lock().queue.release(key, pod.uid(), !done, Instant::now());
        shared.wake.notify_one();
    };
    futures_util::future::join(say, send_away).await;
}
