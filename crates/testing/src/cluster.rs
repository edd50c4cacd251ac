//! A whole cluster in one process: memory engine, API server, controllers, scheduler, one node.

use std::{sync::Arc, time::Duration};

use apiserver::{authn::TokenSigner, config::Config, server::ApiServer};
use client::{Blocking, Client, Clock, Env, Informers, Object, Rng, Store, TokioClock, transport::SharedTransport};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, ServiceAccount};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::{
    node::{FakeNode, Way},
    transport::InProcess,
};

/// A condition must hold within this time of tokio's clock; with paused time it takes none.
const LIMIT: Duration = Duration::from_secs(900);
/// When the simulation begins.
pub(crate) const EPOCH_SECONDS: i64 = 1_800_000_000;
/// Name of the node.
const NODE: &str = "node-1";

/// A running cluster. Everything in it stops when it is dropped.
pub struct Cluster {
    /// The API server.
    pub server: Arc<ApiServer>,
    /// The datastore.
    pub store: Arc<storage::Memory>,
    /// Informers of the control plane; tests look through them too.
    pub informers: Informers,
    /// Clock, randomness.
    pub env: Env,
    /// The node.
    pub node: FakeNode,
    /// A client that may do everything.
    pub admin: Client,
    _controllers: controllers::Handle,
    scheduler: JoinHandle<()>,
    housekeeping: JoinHandle<()>,
}

/// The store's clock, from the cluster's.
pub(crate) struct StoreClock(pub(crate) Arc<dyn Clock>);

impl storage::Clock for StoreClock {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.0.now().as_millisecond()).unwrap_or(0)
    }
}

/// An object from JSON.
///
/// # Panics
/// It is none of this kind.
#[must_use]
pub fn object<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).expect("an object of the kind")
}

impl Cluster {
    /// Starts everything: returns when the node is ready for pods and the default namespace has its service account.
    ///
    /// # Panics
    /// Something of it does not start.
    pub async fn start(seed: u64) -> Self {
        let start = Timestamp::from_second(EPOCH_SECONDS).expect("a time");
        let env = Env {
            clock: Arc::new(TokioClock::new(start)),
            rng: Rng::new(seed),
            log: quiet(),
            blocking: Blocking::Inline,
        };
        let options = storage::Options::default().with_clock(Arc::new(StoreClock(env.clock.clone())));
        let store = Arc::new(storage::Memory::new(options));
        let housekeeping = tokio::spawn(store.clone().housekeeping());
        let way = Arc::new(Way::default());
        let node = FakeNode::new(1, &env, way.clone());
        let server =
            ApiServer::start(config(&env, TokenSigner::generate().expect("a signing key")), store.clone(), way)
                .await
                .expect("the API server starts");
        let informers = Informers::new(client(&server, "system:kube-controller-manager", &[]), env.clone());
        let door = server.clone();
        let transports: controllers::context::Transports = Arc::new(move |user| InProcess::shared(&door, user, &[]));
        let settings = controllers::Config { root_ca: "no authority".to_owned(), ..controllers::Config::default() };
        let context = controllers::Context::new(transports, informers.clone(), env.clone(), settings);
        let controllers = controllers::start(context);
        let writer = client(&server, "system:kube-scheduler", &[]).with_manager("kube-scheduler");
        let scheduler = scheduler::start(&informers, writer, env.clone());
        let admin = client(&server, "admin", &["system:masters"]);
        let cluster =
            Self { server, store, informers, env, node, admin, _controllers: controllers, scheduler, housekeeping };
        cluster.start_kubelet().await;
        cluster.eventually::<Node>("the node is ready", |nodes| nodes.get("", NODE).is_some_and(|n| ready(&n))).await;
        let account = |accounts: &Store<ServiceAccount>| accounts.get("default", "default").is_some();
        cluster.eventually("the default service account is there", account).await;
        cluster
    }

    /// A client under a name with groups; `system:authenticated` is added.
    #[must_use]
    pub fn client(&self, user: &str, groups: &[&str]) -> Client {
        client(&self.server, user, groups)
    }

    /// Starts the kubelet, in the place of the one that runs, above the same fakes.
    pub async fn start_kubelet(&self) {
        self.start_kubelet_over(|way| way).await;
    }

    /// The same, over a way to the API that `wrap` makes of the usual one.
    pub async fn start_kubelet_over(&self, wrap: impl FnOnce(SharedTransport) -> SharedTransport) {
        let user = format!("system:node:{NODE}");
        let way = self.client(&user, &["system:nodes"]).transport().clone();
        let client = Client::new(wrap(way)).with_manager("kubelet");
        self.node.start(|_| client, self.env.clone()).await;
    }

    /// Creates an object as administrator; JSON in, the object as it was stored out.
    ///
    /// # Panics
    /// The API server refuses it.
    pub async fn create<K: Object>(&self, value: Value) -> K {
        match self.admin.create(&object::<K>(value)).await {
            Ok(created) => created,
            Err(error) => panic!("create {}: {error}", K::KIND),
        }
    }

    /// Waits until the objects of a kind fulfil a condition. It is looked at after each change of one of them, never by
    /// the clock.
    ///
    /// # Panics
    /// The condition does not hold within fifteen minutes (of tokio's clock); the message shows the objects.
    pub async fn eventually<K: Object>(&self, what: &str, condition: impl Fn(&Store<K>) -> bool) {
        let informer = self.informers.get::<K>();
        let wait = async {
            informer.has_synced().await;
            let changes = informer.subscribe();
            while !condition(informer.store()) {
                changes.changed().await;
            }
        };
        if tokio::time::timeout(LIMIT, wait).await.is_err() {
            let objects: Vec<_> = informer.store().all().iter().map(|o| serde_json::to_string(&**o)).collect();
            panic!(
                "never: {what}; {} objects: {objects:#?}\nthe runtime was asked {:?}",
                K::KIND,
                self.node.runtime.calls()
            );
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.node.stop();
        self.scheduler.abort();
        self.server.stop();
        self.store.close();
        self.housekeeping.abort();
    }
}

fn client(server: &Arc<ApiServer>, user: &str, groups: &[&str]) -> Client {
    Client::new(InProcess::shared(server, user, groups))
}

pub(crate) fn quiet() -> client::Log {
    Arc::new(|_| {})
}

/// The API server's configuration: seeded, with this key for tokens.
pub(crate) fn config(env: &Env, key: Vec<u8>) -> Config {
    let mut config = Config::minimal(env.clock.clone(), key);
    let rng = env.rng.clone();
    config.random = Arc::new(move |buffer| {
        for part in buffer.chunks_mut(8) {
            let bytes = rng.next().to_le_bytes();
            part.copy_from_slice(&bytes[..part.len()]);
        }
    });
    config
}

fn ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    let taints = node.spec.as_ref().and_then(|s| s.taints.as_deref()).unwrap_or_default();
    conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True") && taints.is_empty()
}
