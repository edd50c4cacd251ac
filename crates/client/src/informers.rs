//! One informer per kind and scope, shared by all who ask.

use std::{
    any::{Any, TypeId},
    collections::BTreeMap,
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::task::AbortHandle;

use crate::{
    client::{Client, path},
    dynamic::Gvr,
    env::Env,
    informer::{Informer, Transform},
    object::{Object, Partial, Stored},
    reflector::{Source, run},
};

/// Which objects of a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// Only of this namespace; empty: all.
    pub namespace: String,
    /// Only with these labels.
    pub labels: String,
    /// Only with these fields, `spec.nodeName=here` for example.
    pub fields: String,
}

impl Scope {
    /// All that a field selector matches.
    #[must_use]
    pub fn fields(selector: &str) -> Self {
        Self { fields: selector.to_owned(), ..Self::default() }
    }
}

type Id = (TypeId, String, Scope, usize);
/// An informer of any kind and its task.
type Started = (Arc<dyn Any + Send + Sync>, AbortHandle);

struct Inner {
    client: Client,
    env: Env,
    known: Mutex<BTreeMap<Id, Started>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        for (_, task) in self.known.get_mut().values() {
            task.abort();
        }
    }
}

/// Starts informers on first use and hands out the same one again. They stop when the last clone of this is dropped.
#[derive(Clone)]
pub struct Informers {
    inner: Arc<Inner>,
}

impl Informers {
    /// A factory over a client. Informers run as tasks of the current tokio runtime.
    #[must_use]
    pub fn new(client: Client, env: Env) -> Self {
        Self { inner: Arc::new(Inner { client, env, known: Mutex::new(BTreeMap::new()) }) }
    }

    /// The client below.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// All objects of a kind.
    #[must_use]
    pub fn get<K: Object>(&self) -> Arc<Informer<K>> {
        self.scoped(Scope::default(), None)
    }

    /// The objects of a kind in a scope; `transform` drops what nobody reads (beside managed fields, always dropped).
    #[must_use]
    pub fn scoped<K: Object>(&self, scope: Scope, transform: Option<Transform<K>>) -> Arc<Informer<K>> {
        let path = path::<K>(&scope.namespace, "", "");
        self.start(path, scope, transform)
    }

    /// Only the metadata of all objects of any kind.
    #[must_use]
    pub fn partial(&self, what: &Gvr) -> Arc<Informer<Partial>> {
        self.start(what.path("", "", ""), Scope::default(), None)
    }

    /// All objects of any kind, read into any shape.
    #[must_use]
    pub fn shaped<K: Stored>(&self, what: &Gvr) -> Arc<Informer<K>> {
        self.start(what.path("", "", ""), Scope::default(), None)
    }

    fn start<K: Stored>(&self, path: String, scope: Scope, transform: Option<Transform<K>>) -> Arc<Informer<K>> {
        let id = (TypeId::of::<K>(), path.clone(), scope.clone(), transform.map_or(0, |f| f as usize));
        let mut known = self.inner.known.lock();
        if let Some((informer, _)) = known.get(&id)
            && let Ok(informer) = informer.clone().downcast::<Informer<K>>()
        {
            return informer;
        }
        let informer = Arc::new(Informer::<K>::new(transform));
        let source = Source {
            client: self.inner.client.clone(),
            path,
            labels: scope.labels,
            fields: scope.fields,
            env: self.inner.env.clone(),
        };
        let task = tokio::spawn(run(source, informer.clone())).abort_handle();
        known.insert(id, (informer.clone(), task));
        informer
    }

    /// Stops the informer of a kind that went away (a custom resource).
    pub fn forget_partial(&self, what: &Gvr) {
        let id = (TypeId::of::<Partial>(), what.path("", "", ""), Scope::default(), 0);
        if let Some((_, task)) = self.inner.known.lock().remove(&id) {
            task.abort();
        }
    }
}
