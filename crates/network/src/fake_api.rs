//! An API server for tests: lists that are given, and watches that the test feeds.

use std::{collections::HashMap, sync::Arc};

use client::transport::{Call, EventKind, RawEvent, Request, Response, Transport, TransportError, WatchStream};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;

pub(crate) const SERVICES: &str = "/api/v1/services";
pub(crate) const SLICES: &str = "/apis/discovery.k8s.io/v1/endpointslices";
pub(crate) const NAMESPACES: &str = "/api/v1/namespaces";

#[derive(Default)]
pub(crate) struct Api {
    lists: HashMap<&'static str, Vec<Json>>,
    watches: Mutex<HashMap<String, mpsc::Sender<RawEvent>>>,
    version: Mutex<u64>,
}

impl Api {
    pub fn with(mut self, path: &'static str, objects: Vec<Json>) -> Self {
        self.lists.insert(path, objects);
        self
    }

    /// Tells the watchers of `path`; they must be there.
    pub async fn tell(&self, path: &str, kind: EventKind, mut object: Json) {
        let version = {
            let mut version = self.version.lock();
            *version += 1;
            *version + 100
        };
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        let watch = self.watches.lock().get(path).cloned().expect("somebody watches");
        let event = RawEvent { kind, object: object.to_string().into() };
        watch.send(event).await.expect("the watch is open");
    }
}

fn path(uri: &str) -> &str {
    uri.split('?').next().unwrap_or(uri)
}

impl Transport for Api {
    fn send(&self, request: Request) -> Call<'_, Result<Response, TransportError>> {
        let items = self.lists.get(path(&request.uri)).cloned().unwrap_or_default();
        let list = json!({"metadata": {"resourceVersion": "100"}, "items": items});
        Box::pin(async move { Ok(Response { code: 200, body: list.to_string().into() }) })
    }
    fn watch(&self, uri: String) -> Call<'_, Result<Result<WatchStream, Response>, TransportError>> {
        let (tell, hear) = mpsc::channel(16);
        self.watches.lock().insert(path(&uri).to_owned(), tell);
        Box::pin(async move { Ok(Ok(hear)) })
    }
}

pub(crate) fn informers(api: &Arc<Api>) -> client::Informers {
    client::Informers::new(client::Client::new(api.clone()), client::Env::system(1))
}
