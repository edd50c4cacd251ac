//! All objects of a kind, for pods that refer to some of them by more than a name: watched from the first pod that asks
//! until the last one is gone. A node whose pods do not ask pays nothing.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use client::{Client, Env, Informer, Informers, Object, Scope};
use parking_lot::Mutex;

/// How long a first list may take before a pod hears of it.
const FIRST_LIST: Duration = Duration::from_secs(10);

/// Told of each object that came, changed or went.
pub(crate) type OnObject<K> = Arc<dyn Fn(&K) + Send + Sync>;

type Subscribers<K> = Arc<Mutex<BTreeMap<u64, OnObject<K>>>>;

/// A kind that may be watched.
pub(crate) struct List<K> {
    client: Client,
    env: Env,
    scope: Scope,
    running: Mutex<Weak<Running<K>>>,
    next_id: AtomicU64,
}

/// The watch; it ends with the last lease.
struct Running<K> {
    informer: Arc<Informer<K>>,
    subscribers: Subscribers<K>,
    _informers: Informers,
}

/// A share of the watch.
pub(crate) struct ListLease<K> {
    running: Arc<Running<K>>,
    id: u64,
}

impl<K> Drop for ListLease<K> {
    fn drop(&mut self) {
        self.running.subscribers.lock().remove(&self.id);
    }
}

impl<K: Object> List<K> {
    pub(super) fn new(client: Client, env: Env, scope: Scope) -> Self {
        Self { client, env, scope, running: Mutex::default(), next_id: AtomicU64::new(1) }
    }

    /// Joins the watch, or begins it. `tell` hears of what changes from now on.
    pub(super) fn lease(&self, tell: OnObject<K>) -> ListLease<K> {
        let mut known = self.running.lock();
        let running = known.upgrade().unwrap_or_else(|| {
            let running = Arc::new(self.start());
            *known = Arc::downgrade(&running);
            running
        });
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        running.subscribers.lock().insert(id, tell);
        ListLease { running, id }
    }

    fn start(&self) -> Running<K> {
        let informers = Informers::new(self.client.clone(), self.env.clone());
        let informer = informers.scoped::<K>(self.scope.clone(), None);
        let subscribers = Subscribers::<K>::default();
        let all = subscribers.clone();
        informer.on(move |change| {
            let Some(object) = change.object() else { return };
            let subscribers: Vec<_> = all.lock().values().cloned().collect();
            for tell in subscribers {
                tell(object);
            }
        });
        Running { informer, subscribers, _informers: informers }
    }

    #[cfg(test)]
    fn is_watched(&self) -> bool {
        self.running.lock().strong_count() > 0
    }
}

impl<K: Object> ListLease<K> {
    /// Those that `wanted` accepts, in order of name; `None` where the first list is not to be had.
    pub(super) async fn read(&self, wanted: impl Fn(&K) -> bool) -> Option<Vec<Arc<K>>> {
        let informer = &self.running.informer;
        informer.has_synced_within(FIRST_LIST).await.then(|| informer.store().filter(|object| wanted(object)))
    }
}

#[cfg(test)]
mod tests {
    use client::transport::{Call, EventKind, RawEvent, Request, Response, Transport, TransportError, WatchStream};
    use k8s_openapi::api::certificates::v1::ClusterTrustBundle;
    use serde_json::{Value, json};
    use tokio::sync::{Notify, mpsc};

    use super::*;

    /// An API with one bundle.
    #[derive(Default)]
    struct Api {
        uris: Mutex<Vec<String>>,
        watches: Mutex<Vec<mpsc::Sender<RawEvent>>>,
    }

    fn bundle(name: &str, version: u32) -> Value {
        let metadata = json!({"name": name, "uid": name, "resourceVersion": version.to_string()});
        json!({"metadata": metadata, "spec": {"trustBundle": "x"}})
    }

    impl Transport for Api {
        fn send(&self, request: Request) -> Call<'_, Result<Response, TransportError>> {
            self.uris.lock().push(request.uri);
            let list = json!({"metadata": {"resourceVersion": "1"}, "items": [bundle("a", 1)]});
            Box::pin(std::future::ready(Ok(Response { code: 200, body: list.to_string().into() })))
        }

        fn watch(&self, uri: String) -> Call<'_, Result<Result<WatchStream, Response>, TransportError>> {
            let (sender, stream) = mpsc::channel(8);
            self.uris.lock().push(uri);
            self.watches.lock().push(sender);
            Box::pin(std::future::ready(Ok(Ok(stream))))
        }
    }

    fn names(list: Option<Vec<Arc<ClusterTrustBundle>>>) -> Vec<String> {
        list.unwrap_or_default().iter().map(|bundle| Object::name(bundle.as_ref()).to_owned()).collect()
    }

    #[tokio::test]
    async fn one_watch_for_all_who_ask_and_none_for_nobody() {
        let api = Arc::new(Api::default());
        let scope = Scope::fields("spec.nodeName=n");
        let list = List::<ClusterTrustBundle>::new(Client::new(api.clone()), Env::system(1), scope);
        let (told, silent): (Arc<Notify>, OnObject<ClusterTrustBundle>) = (Arc::default(), Arc::new(|_| {}));
        let telling = {
            let told = told.clone();
            move || -> OnObject<ClusterTrustBundle> {
                let told = told.clone();
                Arc::new(move |_| told.notify_one())
            }
        };
        assert!(!list.is_watched() && api.uris.lock().is_empty(), "nobody asked yet");
        let (one, two) = (list.lease(telling()), list.lease(silent));
        assert_eq!(names(one.read(|_| true).await), ["a"]);
        told.notified().await;
        assert!(two.read(|bundle| bundle.metadata.uid.is_none()).await.is_some_and(|found| found.is_empty()));
        let watch = loop {
            if let Some(watch) = api.watches.lock().first() {
                break watch.clone();
            }
            tokio::task::yield_now().await;
        };
        let object = bundle("b", 2).to_string().into();
        watch.send(RawEvent { kind: EventKind::Added, object }).await.unwrap();
        told.notified().await;
        assert_eq!(names(two.read(|_| true).await), ["a", "b"]);
        assert!(api.uris.lock().iter().all(|uri| uri.contains("fieldSelector=spec.nodeName%3Dn")), "{:?}", api.uris);
        assert_eq!(api.watches.lock().len(), 1);
        drop(one);
        assert!(list.is_watched());
        drop(two);
        assert!(!list.is_watched());
        watch.closed().await;
        drop(list.lease(telling()).read(|_| true).await);
        assert_eq!(api.uris.lock().iter().filter(|uri| !uri.contains("watch=")).count(), 2, "listed anew");
    }
}
