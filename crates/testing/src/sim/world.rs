//! The cluster that is simulated: everything that runs, and how it is broken and healed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use apiserver::{authn::TokenSigner, server::ApiServer};
use client::{Blocking, Client, Env, Informers, Rng, TokioClock};
use jiff::Timestamp;
use k8s_openapi::api::{batch::v1::CronJob, core::v1::Node};
use parking_lot::Mutex;
use serde_json::{Value, json};
use storage::Store as _;
use tokio::task::JoinHandle;

use super::{
    judge::Judge,
    objects::{text, uid},
    script::Actors,
};
use crate::{
    cluster::{EPOCH_SECONDS, StoreClock, config},
    fault_store::FaultyStore,
    faults::{Cut, Door, Faults, Line},
    life::Life,
    node::{FakeNode, Way},
};

/// Nodes of a simulated cluster.
const NODES: u8 = 3;
/// Lines of components that are kept.
const SAID: usize = 200;
/// After trouble with its watch a kubelet may not know what happened for so long.
const BLIND_MS: i64 = 12 * 60_000;

/// A controller manager or a scheduler that runs.
struct Process<T> {
    life: Life,
    task: T,
    _informers: Informers,
}

/// Stops a task when it goes.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// See the module.
pub struct World {
    /// Time, randomness, log.
    pub env: Env,
    /// What the user, and chance, decide.
    pub rng: Rng,
    /// Sees everything.
    pub judge: Arc<Judge>,
    /// The nodes.
    pub nodes: Vec<Arc<FakeNode>>,
    /// Calls and watches that go wrong.
    pub faults: Faults,
    /// A client that may do everything and has no bad luck.
    pub admin: Client,
    /// The datastore, for looking at it.
    pub store: Arc<storage::Memory>,
    /// The way to the API server.
    door: Door,
    below: Arc<FaultyStore>,
    way: Arc<Way>,
    key: Vec<u8>,
    calm: Arc<AtomicBool>,
    server: Mutex<Option<Arc<ApiServer>>>,
    controllers: Mutex<Option<Process<controllers::Handle>>>,
    scheduler: Mutex<Option<Process<Task>>>,
    said: Arc<Mutex<std::collections::VecDeque<String>>>,
    tasks: Mutex<Vec<Task>>,
    began: Timestamp,
}

impl World {
    /// Starts everything.
    ///
    /// # Panics
    /// The API server does not start on an empty datastore.
    pub async fn start(seed: u64, verbose: bool) -> Self {
        let began = Timestamp::from_second(EPOCH_SECONDS).expect("a time");
        let clock = Arc::new(TokioClock::new(began));
        let said: Arc<Mutex<std::collections::VecDeque<String>>> = Arc::default();
        let (sink, time) = (said.clone(), clock.clone());
        let log: client::Log = Arc::new(move |line| {
            let mut said = sink.lock();
            if said.len() >= SAID {
                said.pop_front();
            }
            said.push_back(format!("{} {line}", client::Clock::now(&*time)));
        });
        let rng = Rng::new(seed);
        let own = || Rng::new(rng.next());
        let env = Env { clock, rng: own(), log, blocking: Blocking::Inline };
        let options = storage::Options::default().with_clock(Arc::new(StoreClock(env.clock.clone())));
        let store = Arc::new(storage::Memory::new(options));
        let faults = Faults::none(own());
        let judge = Arc::new(Judge::new(env.clock.clone(), verbose));
        let (calm, way, door) = (Arc::new(AtomicBool::new(false)), Arc::new(Way::default()), Door::default());
        let nodes = (1..=NODES)
            .map(|number| {
                let mut node = FakeNode::new(number, &env, way.clone());
                let (name, judge) = (node.name.clone(), judge.clone());
                let actors = Actors { node: name, rng: own(), calm: calm.clone(), judge };
                node.runtime = node.runtime.clone().scripted(Arc::new(actors));
                Arc::new(node)
            })
            .collect();
        let admin = line(&door, "admin", &["system:masters"], &Faults::none(own()), &Life::default(), &Cut::default());
        let world = Self {
            below: Arc::new(FaultyStore::new(store.clone(), faults.clone())),
            key: TokenSigner::generate().expect("a signing key"),
            admin: Client::new(admin),
            rng: own(),
            env,
            judge,
            nodes,
            faults,
            store,
            door,
            way,
            calm,
            server: Mutex::default(),
            controllers: Mutex::default(),
            scheduler: Mutex::default(),
            said,
            tasks: Mutex::default(),
            began,
        };
        world.watch().await;
        world.start_server().await;
        world.start_controllers();
        world.start_scheduler();
        (0..world.nodes.len()).for_each(|node| world.start_kubelet(node));
        world
    }

    /// The judge sees every commit.
    async fn watch(&self) {
        let mut watch = self.store.watch("", storage::Revision(0)).await.expect("a watch of an empty store");
        let judge = self.judge.clone();
        let follow = tokio::spawn(async move {
            while let Some(Ok(batch)) = watch.recv().await {
                judge.batch(&batch);
            }
        });
        self.tasks.lock().extend([Task(follow), Task(tokio::spawn(self.store.clone().housekeeping()))]);
    }

    /// The simulated time so far.
    pub fn passed(&self) -> Duration {
        Duration::try_from(self.env.now().duration_since(self.began)).unwrap_or_default()
    }

    /// The newest of what components said.
    pub fn said(&self) -> Vec<String> {
        self.said.lock().iter().cloned().collect()
    }

    /// Starts the API server, in the place of the one before.
    pub async fn start_server(&self) {
        self.stop_server();
        let mut config = config(&self.env, self.key.clone());
        config.log = self.env.log.clone();
        loop {
            match ApiServer::start(config.clone(), self.below.clone(), self.way.clone()).await {
                Ok(server) => {
                    *self.server.lock() = Some(server.clone());
                    return self.door.set(Some(server));
                }
                // The datastore may fail just now; a supervisor starts it again.
                Err(error) => self.judge.note(&format!("the API server does not start: {}", error.message)),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Ends the API server: calls in flight get no answer.
    pub fn stop_server(&self) {
        self.door.set(None);
        if let Some(server) = self.server.lock().take() {
            server.stop();
        }
    }

    /// Starts the controllers, in the place of those before.
    pub fn start_controllers(&self) {
        self.stop_controllers();
        let (life, door, faults) = (Life::default(), self.door.clone(), self.faults.clone());
        let reader = line(&door, "system:kube-controller-manager", &[], &faults, &life, &Cut::default());
        let informers = Informers::new(Client::new(reader), self.env.clone());
        let of = life.clone();
        let transports: controllers::context::Transports =
            Arc::new(move |user| line(&door, user, &[], &faults, &of, &Cut::default()));
        let settings = controllers::Config { root_ca: "no authority".to_owned(), ..controllers::Config::default() };
        let context = controllers::Context::new(transports, informers.clone(), self.env.clone(), settings);
        let task = controllers::start(context);
        *self.controllers.lock() = Some(Process { life, task, _informers: informers });
    }

    /// Ends the controllers' process.
    pub fn stop_controllers(&self) {
        if let Some(Process { life, task, .. }) = self.controllers.lock().take() {
            life.end();
            drop(task);
        }
    }

    /// Starts the scheduler, in the place of the one before.
    pub fn start_scheduler(&self) {
        self.stop_scheduler();
        let life = Life::default();
        let client = Client::new(line(&self.door, "system:kube-scheduler", &[], &self.faults, &life, &Cut::default()));
        let informers = Informers::new(client.clone(), self.env.clone());
        let client = client.with_manager("kube-scheduler");
        let task = Task(scheduler::start(&informers, client, self.env.clone()));
        *self.scheduler.lock() = Some(Process { life, task, _informers: informers });
    }

    /// Ends the scheduler's process.
    pub fn stop_scheduler(&self) {
        if let Some(Process { life, task, .. }) = self.scheduler.lock().take() {
            life.end();
            drop(task);
        }
    }

    /// Starts a kubelet, in the place of the one before.
    pub fn start_kubelet(&self, node: usize) {
        let (node, env) = (self.nodes[node].clone(), self.env.clone());
        let (door, faults) = (self.door.clone(), self.faults.clone());
        let start = async move {
            let (name, cut) = (format!("system:node:{}", node.name), node.cut.clone());
            let client = |life: &Life| {
                Client::new(line(&door, &name, &["system:nodes"], &faults, life, &cut)).with_manager("kubelet")
            };
            node.start(client, env).await;
        };
        self.tasks.lock().retain(|task| !task.0.is_finished());
        self.tasks.lock().push(Task(tokio::spawn(start)));
    }

    /// The store tells the API server's cache that it was too slow.
    pub fn cut_store_watches(&self) {
        self.below.cut_watches();
    }

    /// What a node knows may be old from now on, until it is healed and a while longer.
    pub fn blind(&self, node: usize, for_ms: i64) {
        self.judge.blind(&self.nodes[node].name, for_ms + BLIND_MS);
    }

    /// All objects, by key.
    pub fn objects(&self) -> std::collections::BTreeMap<String, Value> {
        let page = futures_util::FutureExt::now_or_never(self.store.list("/registry/", "", 0, storage::Revision(0)));
        let entries = page.and_then(Result::ok).map(|page| page.entries).unwrap_or_default();
        entries.into_iter().filter_map(|e| Some((e.key.to_string(), serde_json::from_slice(&e.value).ok()?))).collect()
    }

    /// Ends all trouble: every component runs and is well, every node is there and takes pods, nothing is done by the clock.
    pub async fn heal(&self) {
        self.judge.note("all is healed");
        self.faults.set(0, 0, 0);
        self.calm.store(true, Ordering::Relaxed);
        if self.server.lock().is_none() {
            self.start_server().await;
        }
        if self.controllers.lock().is_none() {
            self.start_controllers();
        }
        if self.scheduler.lock().is_none() {
            self.start_scheduler();
        }
        for (at, node) in self.nodes.iter().enumerate() {
            node.cut.set(false);
            node.clock.jump_to(0);
            if !node.is_up() {
                self.start_kubelet(at);
            }
        }
        let objects = self.objects();
        let all = |prefix: &'static str| objects.iter().filter(move |(key, _)| key.starts_with(prefix)).map(|(_, o)| o);
        for node in all("/registry/core/nodes/").filter(|n| n["spec"]["unschedulable"] == true) {
            let _ = self
                .admin
                .merge::<Node>("", text(node, "/metadata/name"), &json!({"spec": {"unschedulable": null}}))
                .await;
        }
        for job in all("/registry/batch/cronjobs/") {
            let (namespace, name) = (text(job, "/metadata/namespace"), text(job, "/metadata/name"));
            let patch = json!({"metadata": {"uid": uid(job)}, "spec": {"suspend": true}});
            let _ = self.admin.merge::<CronJob>(namespace, name, &patch).await;
        }
    }

    /// Ends everything.
    pub fn stop(&self) {
        self.stop_controllers();
        self.stop_scheduler();
        self.nodes.iter().for_each(|node| node.stop());
        self.stop_server();
        self.store.close();
        self.tasks.lock().clear();
    }
}

fn line(
    door: &Door,
    user: &str,
    groups: &[&str],
    faults: &Faults,
    life: &Life,
    cut: &Cut,
) -> client::transport::SharedTransport {
    Arc::new(Line {
        door: door.clone(),
        user: user.to_owned(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        faults: faults.clone(),
        life: life.clone(),
        cut: cut.clone(),
        known: Mutex::default(),
    })
}
