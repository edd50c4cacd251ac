//! What pods of this node refer to: ConfigMaps and Secrets, each watched by its name, and what they find by other means
//! (`list`), as long as somebody needs it.

mod list;

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use client::{Client, Env, ListOptions, Object, Scope, transport::EventKind};
use k8s_openapi::api::{
    certificates::v1::{ClusterTrustBundle, PodCertificateRequest},
    core::v1::{ConfigMap, Pod, Secret},
};
use parking_lot::Mutex;
use tokio::{sync::Notify, task::AbortHandle, time::sleep};

use self::list::{List, ListLease};
use crate::{env::build::Missing, pods::spec};

/// How long a first read may take before a pod hears of it.
const FIRST_READ: Duration = Duration::from_secs(10);
const RETRY: [u64; 4] = [100, 500, 2_000, 5_000];
/// A watch is renewed after this many seconds.
const WATCH_SECONDS: u64 = 600;

/// Told when an object changed.
pub(crate) type OnChange = Arc<dyn Fn() + Send + Sync>;

#[derive(Debug)]
enum State<K> {
    Unknown,
    Absent,
    There(Arc<K>),
}

struct Shared<K> {
    state: Mutex<State<K>>,
    changed: Notify,
    subscribers: Mutex<BTreeMap<u64, OnChange>>,
}

impl<K> Shared<K> {
    fn set(&self, state: State<K>) {
        *self.state.lock() = state;
        self.changed.notify_waiters();
        let subscribers: Vec<_> = self.subscribers.lock().values().cloned().collect();
        for tell in subscribers {
            tell();
        }
    }
}

struct Entry<K> {
    shared: Arc<Shared<K>>,
    task: AbortHandle,
}

impl<K> Drop for Entry<K> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A watched object; the watch ends with the last lease.
pub(crate) struct Lease<K> {
    entry: Arc<Entry<K>>,
    id: u64,
    kind: &'static str,
    name: String,
}

impl<K> Drop for Lease<K> {
    fn drop(&mut self) {
        self.entry.shared.subscribers.lock().remove(&self.id);
    }
}

impl<K> Lease<K> {
    /// The object, waited for until its first read is done.
    pub(crate) async fn read(&self) -> Result<Arc<K>, Missing> {
        let known = async {
            let shared = &self.entry.shared;
            loop {
                let changed = shared.changed.notified();
                if !matches!(*shared.state.lock(), State::Unknown) {
                    return;
                }
                changed.await;
            }
        };
        if tokio::time::timeout(FIRST_READ, known).await.is_err() {
            let message = format!("failed to sync {} cache: timed out waiting for the condition", self.kind);
            return Err(Missing::Unreadable(message));
        }
        self.of(&self.entry.shared.state.lock())
    }

    fn of(&self, state: &State<K>) -> Result<Arc<K>, Missing> {
        match state {
            State::There(object) => Ok(object.clone()),
            State::Absent => Err(Missing::NotFound(format!("{} {:?} not found", self.kind, self.name))),
            State::Unknown => Err(Missing::Unreadable(format!("{} {:?} was not read yet", self.kind, self.name))),
        }
    }
}

type Known<K> = Mutex<BTreeMap<(String, String), Weak<Entry<K>>>>;

struct Cache<K> {
    kind: &'static str,
    known: Known<K>,
}

impl<K: Object> Cache<K> {
    fn lease(&self, client: &Client, namespace: &str, name: &str, id: u64, tell: OnChange) -> Lease<K> {
        let mut known = self.known.lock();
        known.retain(|_, entry| entry.strong_count() > 0);
        let key = (namespace.to_owned(), name.to_owned());
        let entry = known.get(&key).and_then(Weak::upgrade).unwrap_or_else(|| {
            let shared = Arc::new(Shared {
                state: Mutex::new(State::Unknown),
                changed: Notify::new(),
                subscribers: Mutex::default(),
            });
            let task = tokio::spawn(follow::<K>(client.clone(), namespace.to_owned(), name.to_owned(), shared.clone()))
                .abort_handle();
            let entry = Arc::new(Entry { shared, task });
            known.insert(key, Arc::downgrade(&entry));
            entry
        });
        entry.shared.subscribers.lock().insert(id, tell);
        Lease { entry, id, kind: self.kind, name: name.to_owned() }
    }
}

/// Lists the one object and watches it from there; begins anew when the watch ends.
async fn follow<K: Object>(client: Client, namespace: String, name: String, shared: Arc<Shared<K>>) {
    let mut failures = 0;
    loop {
        if once(&client, &namespace, &name, &shared).await.is_ok() {
            failures = 0;
        }
        sleep(Duration::from_millis(RETRY[failures.min(RETRY.len() - 1)])).await;
        failures += 1;
    }
}

async fn once<K: Object>(
    client: &Client,
    namespace: &str,
    name: &str,
    shared: &Shared<K>,
) -> Result<(), client::Error> {
    let selector = format!("metadata.name={name}");
    let mut page = client.page::<K>(namespace, &ListOptions::with_fields(&selector)).await?;
    let version = page.version().to_owned();
    let found = page.items.pop().map(Arc::new);
    let same = match (&*shared.state.lock(), &found) {
        (State::There(old), Some(new)) => old.version() == new.version() && old.uid() == new.uid(),
        (State::Absent, None) => true,
        _ => false,
    };
    if !same {
        shared.set(found.map_or(State::Absent, State::There));
    }
    let mut uri = client::client::path::<K>(namespace, "", "");
    let seconds = WATCH_SECONDS.to_string();
    for (key, value) in
        [("watch", "1"), ("fieldSelector", &selector), ("resourceVersion", &version), ("timeoutSeconds", &seconds)]
    {
        client::client::parameter(&mut uri, key, value);
    }
    let mut events = client.raw_watch(uri).await?;
    // A watch that is lost without a word must not be waited on for ever.
    let limit = tokio::time::Instant::now() + Duration::from_secs(WATCH_SECONDS + 30);
    while let Ok(Some(event)) = tokio::time::timeout_at(limit, events.recv()).await {
        match event.kind {
            EventKind::Added | EventKind::Modified => {
                if let Ok(object) = serde_json::from_slice::<K>(&event.object) {
                    shared.set(State::There(Arc::new(object)));
                }
            }
            EventKind::Deleted => shared.set(State::Absent),
            EventKind::Bookmark => {}
            EventKind::Error => break,
        }
    }
    Ok(())
}

/// Watches of all kinds.
pub(crate) struct Watched {
    client: Client,
    config_maps: Cache<ConfigMap>,
    secrets: Cache<Secret>,
    bundles: List<ClusterTrustBundle>,
    requests: List<PodCertificateRequest>,
    next_id: std::sync::atomic::AtomicU64,
    env: Env,
    order: OnceLock<u64>,
}

/// What a pod refers to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct References {
    /// Names of ConfigMaps.
    pub(crate) config_maps: Vec<String>,
    /// Names of Secrets.
    pub(crate) secrets: Vec<String>,
    /// It has volumes of ClusterTrustBundles.
    pub(crate) bundles: bool,
    /// It has volumes of pod certificates.
    pub(crate) certificates: bool,
}

impl Watched {
    pub(crate) fn new(client: Client, env: Env, node: &str) -> Self {
        let own = Scope::fields(&format!("spec.nodeName={node}"));
        Self {
            config_maps: Cache { kind: "configmap", known: Mutex::default() },
            secrets: Cache { kind: "secret", known: Mutex::default() },
            bundles: List::new(client.clone(), env.clone(), Scope::default()),
            requests: List::new(client.clone(), env.clone(), own),
            next_id: std::sync::atomic::AtomicU64::new(1),
            client,
            env,
            order: OnceLock::new(),
        }
    }

    fn id(&self) -> u64 {
        self.next_id.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }

    /// Everything that a pod refers to.
    pub(crate) fn leases(&self, pod: &Pod, references: &References, tell: &OnChange) -> Leases {
        let namespace = spec::namespace(pod);
        let mut leases = Leases { uid: spec::uid(pod).to_owned(), ..Leases::default() };
        for name in &references.config_maps {
            let lease = self.config_maps.lease(&self.client, namespace, name, self.id(), tell.clone());
            leases.config_maps.insert(name.clone(), lease);
        }
        for name in &references.secrets {
            let lease = self.secrets.lease(&self.client, namespace, name, self.id(), tell.clone());
            leases.secrets.insert(name.clone(), lease);
        }
        if references.bundles {
            let tell = tell.clone();
            leases.bundles = Some(self.bundles.lease(Arc::new(move |_| tell())));
            leases.order = *self.order.get_or_init(|| self.env.rng.next());
        }
        if references.certificates {
            let (tell, uid) = (tell.clone(), leases.uid.clone());
            leases.requests = Some(self.requests.lease(Arc::new(move |request: &PodCertificateRequest| {
                if request.spec.pod_uid == uid {
                    tell();
                }
            })));
        }
        leases
    }
}

/// What one pod refers to.
#[derive(Default)]
pub(crate) struct Leases {
    config_maps: BTreeMap<String, Lease<ConfigMap>>,
    secrets: BTreeMap<String, Lease<Secret>>,
    bundles: Option<ListLease<ClusterTrustBundle>>,
    requests: Option<ListLease<PodCertificateRequest>>,
    uid: String,
    order: u64,
}

impl Leases {
    /// Reads all of it once, so that what follows needs no waiting.
    pub(crate) async fn snapshot(&self) -> Snapshot {
        let config_maps = futures_util::future::join_all(
            self.config_maps.iter().map(|(name, lease)| async move { (name.clone(), lease.read().await) }),
        )
        .await;
        let secrets = futures_util::future::join_all(
            self.secrets.iter().map(|(name, lease)| async move { (name.clone(), lease.read().await) }),
        )
        .await;
        let bundles = match &self.bundles {
            Some(lease) => lease.read(|_| true).await,
            None => None,
        };
        let requests = match &self.requests {
            Some(lease) => lease.read(|request| request.spec.pod_uid == self.uid).await,
            None => None,
        };
        Snapshot {
            config_maps: config_maps.into_iter().collect(),
            secrets: secrets.into_iter().collect(),
            bundles,
            requests: requests.unwrap_or_default(),
            order: self.order,
        }
    }
}

/// Objects as they were at one time.
#[derive(Default, Clone)]
pub(crate) struct Snapshot {
    pub(crate) config_maps: BTreeMap<String, Result<Arc<ConfigMap>, Missing>>,
    pub(crate) secrets: BTreeMap<String, Result<Arc<Secret>, Missing>>,
    /// All there are; `None` when they were not read.
    pub(crate) bundles: Option<Vec<Arc<ClusterTrustBundle>>>,
    /// Those of the pod.
    pub(crate) requests: Vec<Arc<PodCertificateRequest>>,
    /// Orders trust anchors: the same as long as the kubelet runs.
    pub(crate) order: u64,
}

impl crate::env::build::Objects for Snapshot {
    fn config_map(&self, name: &str) -> Result<Arc<ConfigMap>, Missing> {
        self.config_maps
            .get(name)
            .cloned()
            .unwrap_or_else(|| Err(Missing::NotFound(format!("configmap {name:?} not found"))))
    }

    fn secret(&self, name: &str) -> Result<Arc<Secret>, Missing> {
        self.secrets.get(name).cloned().unwrap_or_else(|| Err(Missing::NotFound(format!("secret {name:?} not found"))))
    }
}
