//! The way to the API under a node's certificate, which is renewed while the node runs.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use client::{
    https::{Config, Https, HttpsError},
    kubeconfig::Credentials,
    transport::{Call, Request, Response, Transport, TransportError, WatchStream},
};
use parking_lot::{Mutex, RwLock};

/// Where the server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its address: names are resolved before, because a static program has no resolver of the C library.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// The name or address that its certificate must have.
    pub name: String,
    /// PEM of its authority.
    pub ca: String,
}

impl Server {
    /// A way to it.
    pub fn https(&self, credentials: Credentials) -> Result<Https, HttpsError> {
        let host = match self.address {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        Https::new(&Config {
            server: format!("https://{host}:{}", self.port),
            ca: self.ca.clone().into_bytes(),
            server_name: Some(self.name.clone()),
            credentials,
            agent: concat!("podium-agent/", env!("CARGO_PKG_VERSION")).to_owned(),
        })
    }
}

/// A transport whose credentials can be replaced.
pub struct Way {
    current: RwLock<Arc<Https>>,
    answered: Mutex<Option<Instant>>,
}

/// The node's heartbeat asks every ten seconds: one that is missing is chance.
const SILENCE: Duration = Duration::from_secs(25);

impl Way {
    /// A way with the first credentials.
    pub fn new(first: Https) -> Arc<Self> {
        Arc::new(Self { current: RwLock::new(Arc::new(first)), answered: Mutex::new(None) })
    }

    /// From now on this one; what goes on over the old one ends with it.
    pub fn replace(&self, next: Https) {
        *self.current.write() = Arc::new(next);
    }

    /// The last request was answered, a moment ago.
    pub fn is_reached(&self) -> bool {
        self.answered.lock().is_some_and(|at| at.elapsed() < SILENCE)
    }
}

impl Transport for Way {
    fn send(&self, request: Request) -> Call<'_, Result<Response, TransportError>> {
        let current = self.current.read().clone();
        Box::pin(async move {
            let answer = current.send(request).await;
            *self.answered.lock() = answer.is_ok().then(Instant::now);
            answer
        })
    }

    fn watch(&self, uri: String) -> Call<'_, Result<Result<WatchStream, Response>, TransportError>> {
        let current = self.current.read().clone();
        Box::pin(async move { current.watch(uri).await })
    }
}
