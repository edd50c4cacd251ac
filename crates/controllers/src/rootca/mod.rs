//! Every namespace has the authority's certificate, in the config map `kube-root-ca.crt`, for its pods.

use std::{collections::BTreeMap, sync::Arc};

use client::{Change, Client, Error, HasSynced, Informer, Key, Next, Object, Scope, WorkQueue};
use k8s_openapi::{
    api::core::v1::{ConfigMap, Namespace},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::{Context, loops::Loops};

const NAME: &str = "root-ca-cert-publisher";
/// Name of the config map.
pub const MAP: &str = "kube-root-ca.crt";
const DESCRIPTION: &str = "kubernetes.io/description";
const TEXT: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";
const WORKERS: usize = 2;

struct Controller {
    client: Client,
    namespaces: Arc<Informer<Namespace>>,
    maps: Arc<Informer<ConfigMap>>,
    data: BTreeMap<String, String>,
}

/// Runs the controller.
pub async fn run(context: Arc<Context>) {
    let controller = Arc::new(Controller {
        client: context.client(NAME),
        namespaces: context.informers.get(),
        maps: context.informers.scoped(Scope::fields(&format!("metadata.name={MAP}")), None),
        data: BTreeMap::from([("ca.crt".to_owned(), context.config.root_ca.clone())]),
    });
    let queue = WorkQueue::new();
    let keys = queue.clone();
    controller.namespaces.on(move |change: &Change<'_, Namespace>| {
        change.new.into_iter().for_each(|n| keys.add(Key::new("", n.name())));
    });
    let keys = queue.clone();
    controller.maps.on(move |change: &Change<'_, ConfigMap>| {
        let maps = change.object().filter(|m| m.name() == MAP);
        maps.into_iter().for_each(|m| keys.add(Key::new("", m.namespace())));
    });
    let lists: &[&dyn HasSynced] = &[&*controller.namespaces, &*controller.maps];
    let loops = Loops { name: NAME, workers: WORKERS, queue, env: context.env.clone() };
    loops.work(lists, &controller, |controller, key| Box::pin(controller.reconcile(key))).await;
}

impl Controller {
    async fn reconcile(&self, key: &Key) -> Result<Next, Error> {
        if self.namespaces.store().by_key(key).is_none_or(|n| n.is_deleting()) {
            return Ok(Next::Done);
        }
        let result = match self.maps.store().get(&key.name, MAP) {
            Some(map) if map.data.as_ref() == Some(&self.data) && map.annotation(DESCRIPTION) == Some(TEXT) => {
                return Ok(Next::Done);
            }
            Some(map) => {
                let mut map = ConfigMap::clone(&map);
                map.data = Some(self.data.clone());
                map.metadata.annotations.get_or_insert_default().insert(DESCRIPTION.to_owned(), TEXT.to_owned());
                self.client.update(&map).await
            }
            None => self.client.create(&self.fresh(&key.name)).await,
        };
        match result {
            Ok(_) => Ok(Next::Done),
            Err(error) if error.is_already_exists() || error.is_namespace_terminating() => Ok(Next::Done),
            Err(error) => Err(error),
        }
    }

    fn fresh(&self, namespace: &str) -> ConfigMap {
        ConfigMap {
            metadata: ObjectMeta {
                name: Some(MAP.to_owned()),
                namespace: Some(namespace.to_owned()),
                annotations: Some(BTreeMap::from([(DESCRIPTION.to_owned(), TEXT.to_owned())])),
                ..ObjectMeta::default()
            },
            data: Some(self.data.clone()),
            ..ConfigMap::default()
        }
    }
}
