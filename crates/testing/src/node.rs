//! A node of the simulation: the real kubelet above fakes.

use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc};

use apiserver::contract::{NodeStream, Nodes};
use client::{Client, Env};
use kubelet::{Facts, Kubelet};
use parking_lot::Mutex;
use tempfile::TempDir;

use crate::{FakeImages, FakeNetwork, FakeRuntime, clock::JumpingClock, faults::Cut, life::Life};

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
    /// Its clock.
    pub clock: JumpingClock,
    /// Whether the API server is out of its reach.
    pub cut: Cut,
    ip: Ipv4Addr,
    way: Arc<Way>,
    life: Mutex<Life>,
    files: TempDir,
    // Below the kubelet's directory it would mount a tmpfs of its own, which nobody would take away again.
    _memory: Option<TempDir>,
}

/// The ways from the API server to the kubelets.
#[derive(Default)]
pub(crate) struct Way {
    kubelets: Mutex<BTreeMap<String, Arc<Kubelet>>>,
}

impl Nodes for Way {
    fn connect<'a>(
        &'a self,
        node: &'a serde_json::Value,
    ) -> Job<'a, Result<Box<dyn NodeStream>, apimachinery::status::Status>> {
        let name = node["metadata"]["name"].as_str().unwrap_or_default();
        let kubelet = self.kubelets.lock().get(name).cloned();
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

/// A machine that is the same everywhere: simulations must not depend on where they run.
fn machine() -> Facts {
    Facts {
        cpu_count: 16,
        memory_bytes: 64 << 30,
        disk_bytes: 1 << 40,
        machine_id: "simulated".into(),
        boot_id: "simulated".into(),
        system_uuid: "simulated".into(),
        kernel: "6.1.0".into(),
        os_image: "Simulation".into(),
        architecture: "amd64",
        ..Facts::default()
    }
}

impl FakeNode {
    /// The `number`th node, from 1 on.
    pub(crate) fn new(number: u8, env: &Env, way: Arc<Way>) -> Self {
        let files = tempfile::tempdir().expect("a directory for the kubelet");
        let memory = tempfile::tempdir_in("/dev/shm").ok();
        if let Some(memory) = &memory {
            std::os::unix::fs::symlink(memory.path(), files.path().join("memory"))
                .expect("a link to the memory volumes");
        }
        let clock = JumpingClock::new(env.clock.clone());
        Self {
            name: format!("node-{number}"),
            runtime: FakeRuntime::with_clock(Arc::new(clock.clone())),
            images: FakeImages::default(),
            network: FakeNetwork::default(),
            clock,
            cut: Cut::default(),
            ip: Ipv4Addr::new(192, 0, 2, number),
            way,
            life: Mutex::default(),
            files,
            _memory: memory,
        }
    }

    /// Starts the kubelet, in the place of the one before: returns when it has taken over what runs. Its client comes
    /// from `client`, for the life that begins.
    pub(crate) async fn start(&self, client: impl FnOnce(&Life) -> Client, env: Env) {
        self.stop();
        let life = self.life.lock().clone();
        let mut config = kubelet::Config::new(&self.name, self.files.path());
        config.node_ips = vec![self.ip.into()];
        config.machine = Some(machine());
        config.resolv_conf = self.files.path().join("no-resolver");
        let env = env.with_clock(Arc::new(self.clock.clone()));
        let (runtime, images) = (Arc::new(self.runtime.during(&life)), Arc::new(self.images.clone()));
        let client = client(&life);
        let started = kubelet::start(config, client, runtime, images, Arc::new(self.network.clone()), env).await;
        // Another start may have begun meanwhile: then this one is over already.
        if !life.is_over() {
            self.way.kubelets.lock().insert(self.name.clone(), Arc::new(started.expect("the kubelet starts")));
        }
    }

    /// Its kubelet runs.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.way.kubelets.lock().contains_key(&self.name)
    }

    /// Ends the kubelet's process; containers go on.
    pub fn stop(&self) {
        std::mem::take(&mut *self.life.lock()).end();
        let kubelet = self.way.kubelets.lock().remove(&self.name);
        drop(kubelet);
    }

    /// The machine loses power: the kubelet ends, and nothing of what ran is left.
    pub fn lose_power(&self) {
        self.stop();
        self.runtime.lose_power();
        self.network.lose_power();
    }
}

impl Drop for FakeNode {
    fn drop(&mut self) {
        self.stop();
    }
}
