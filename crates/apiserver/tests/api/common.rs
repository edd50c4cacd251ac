//! A whole API server over the in-memory store, called without a socket.

use std::sync::Arc;

use apimachinery::status::Status;
use apiserver::{
    body::{Body, EventKind, WatchEvent},
    config::Config,
    contract::{Caller, Job, NodeStream, Nodes, User},
    server::ApiServer,
};
use futures_util::StreamExt;
use http::{HeaderMap, Request};
use serde_json::{Value, json};

pub struct SystemClock;
impl apimachinery::time::Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

pub struct NoNodes;
impl Nodes for NoNodes {
    fn connect<'a>(&'a self, _: &'a Value) -> Job<'a, Result<Box<dyn NodeStream>, Status>> {
        Box::pin(async { Err(Status::unavailable("no nodes in this test")) })
    }
}

pub struct Cluster {
    pub server: Arc<ApiServer>,
    pub store: Arc<storage::Memory>,
    pub user: Arc<User>,
}

#[derive(Debug)]
pub struct Answer {
    pub code: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_default().to_owned()
    }

    /// The body, if the code is as wanted.
    #[track_caller]
    pub fn is(self, code: u16) -> Value {
        assert_eq!(self.code, code, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }
}

pub fn signing_key() -> Vec<u8> {
    let random = ring::rand::SystemRandom::new();
    ring::signature::EcdsaKeyPair::generate_pkcs8(&ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING, &random)
        .expect("key")
        .as_ref()
        .to_vec()
}

impl Answer {
    #[track_caller]
    pub fn is_status(&self, code: u16) {
        assert_eq!(self.code, code, "{}", String::from_utf8_lossy(&self.body));
    }
}

impl Cluster {
    pub async fn start() -> Self {
        Self::over(Arc::new(storage::Memory::new(storage::Options::default()))).await
    }

    pub async fn over(store: Arc<storage::Memory>) -> Self {
        let config = Config::minimal(Arc::new(SystemClock), signing_key());
        let server = ApiServer::start(config, store.clone(), Arc::new(NoNodes)).await.expect("start");
        let user = User {
            name: "admin".into(),
            groups: vec!["system:masters".into(), "system:authenticated".into()],
            ..User::default()
        };
        let cluster = Cluster { server, store, user: Arc::new(user) };
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "t"}});
        let made = cluster.call("POST", "/api/v1/namespaces", Some(namespace)).await;
        assert!(matches!(made.code, 201 | 409), "{made:?}");
        cluster
    }

    pub async fn send(
        &self,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> http::Response<Body> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.server.handle(request.body(body.into()).expect("request"), Caller::Component(self.user.clone())).await
    }

    pub async fn raw(&self, method: &str, uri: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let (parts, body) = self.send(method, uri, headers, body).await.into_parts();
        let body = body.collect(usize::MAX).await.expect("body").to_vec();
        Answer { code: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub async fn call(&self, method: &str, uri: &str, body: Option<Value>) -> Answer {
        let bytes = body.map(|b| b.to_string().into_bytes()).unwrap_or_default();
        self.raw(method, uri, &[("content-type", "application/json")], bytes).await
    }

    pub async fn patch(&self, uri: &str, kind: &str, body: Value) -> Answer {
        self.raw("PATCH", uri, &[("content-type", &format!("application/{kind}"))], body.to_string().into_bytes()).await
    }

    /// Events of a watch until there are so many (or it ends).
    pub async fn watch(&self, uri: &str, count: usize) -> Vec<(EventKind, Value)> {
        let response = self.send("GET", uri, &[], Body::Empty).await;
        assert_eq!(response.status(), 200, "{uri}");
        let events = response.into_body().into_watch().expect("watch");
        let wait = events.take(count).collect::<Vec<WatchEvent>>();
        let events = tokio::time::timeout(std::time::Duration::from_secs(10), wait).await.expect("events in time");
        events.into_iter().map(|e| (e.kind, serde_json::from_slice(&e.object).expect("json"))).collect()
    }
}

pub fn cm(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

pub fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

pub fn version(object: &Value) -> &str {
    object["metadata"]["resourceVersion"].as_str().unwrap_or_default()
}
