//! A node of the simulation: the real kubelet above fakes.

use std::sync::Arc;

use apiserver::contract::{NodeStream, Nodes};
use client::{Client, Env};
use kubelet::Kubelet;
use parking_lot::Mutex;
use tempfile::TempDir;

use crate::{FakeImages, FakeNetwork, FakeRuntime};

/// Bytes that wait in the pipe to the kubelet.
const PIPE: usize = 64 * 1024;

/// A boxed future, as the port to nodes wants it.
type Job<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A node: what outlives its kubelet, and the kubelet.
pub struct FakeNode {
    /// Its name.
    pub name: String,
    /// What runs on it.
    pub runtime: FakeRuntime,
    /// Its images.
    pub images: FakeImages,
    /// Its addresses.
    pub network: FakeNetwork,
    way: Arc<Way>,
    files: TempDir,
    // Below the kubelet's directory it would mount a tmpfs of its own, which nobody would take away again.
    _memory: Option<TempDir>,
}

/// The way from the API server to the kubelet.
#[derive(Default)]
pub(crate) struct Way {
    kubelet: Mutex<Option<Arc<Kubelet>>>,
}

impl Nodes for Way {
    fn connect<'a>(
        &'a self,
        _: &'a serde_json::Value,
    ) -> Job<'a, Result<Box<dyn NodeStream>, apimachinery::status::Status>> {
        let kubelet = self.kubelet.lock().clone();
        Box::pin(async move {
            let Some(kubelet) = kubelet else {
                return Err(apimachinery::status::Status::unavailable("the kubelet is stopped"));
            };
            let (ours, theirs) = tokio::io::duplex(PIPE);
            tokio::spawn(kubelet.serve(theirs));
            Ok(Box::new(ours) as Box<dyn NodeStream>)
        })
    }
}

impl FakeNode {
    pub(crate) fn new(name: &str, env: &Env, way: Arc<Way>) -> Self {
        let files = tempfile::tempdir().expect("a directory for the kubelet");
        let memory = tempfile::tempdir_in("/dev/shm").ok();
        if let Some(memory) = &memory {
            std::os::unix::fs::symlink(memory.path(), files.path().join("memory"))
                .expect("a link to the memory volumes");
        }
        Self {
            name: name.to_owned(),
            runtime: FakeRuntime::with_clock(env.clock.clone()),
            images: FakeImages::default(),
            network: FakeNetwork::default(),
            way,
            files,
            _memory: memory,
        }
    }

    /// Starts the kubelet, in the place of the one before: returns when it has taken over what runs.
    pub(crate) async fn start(&self, client: Client, env: Env) {
        self.stop();
        let mut config = kubelet::Config::new(&self.name, self.files.path());
        config.node_ips = vec![std::net::Ipv4Addr::new(192, 0, 2, 1).into()];
        let (runtime, images) = (Arc::new(self.runtime.clone()), Arc::new(self.images.clone()));
        let started = kubelet::start(config, client, runtime, images, Arc::new(self.network.clone()), env).await;
        *self.way.kubelet.lock() = Some(Arc::new(started.expect("the kubelet starts")));
    }

    /// Drops the kubelet; containers go on.
    pub fn stop(&self) {
        drop(self.way.kubelet.lock().take());
    }
}

impl Drop for FakeNode {
    fn drop(&mut self) {
        self.stop();
    }
}
