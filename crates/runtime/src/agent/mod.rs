//! The node's side: knows every sandbox, speaks to each over its socket, and keeps what the kubelet may ask.

mod cleanup;
mod containers;
mod events;
mod link;
mod port;
mod recover;
mod sandboxes;
mod spawn;
mod state;
mod streams;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64},
    },
};

use cri::{Error, Result, runtime::SandboxId};
use parking_lot::Mutex;

pub use cleanup::cleanup;

use crate::{agent::state::Sandbox, cgroups::Groups, config::Config};

/// The runtime of a node.
#[derive(Clone)]
pub struct PodiumRuntime {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    groups: Groups,
    /// What is executed for a sandbox: a read-only mount of the program, so that no container can write to it.
    program: PathBuf,
    sandboxes: Mutex<BTreeMap<SandboxId, Arc<Sandbox>>>,
    /// Groups of pods whose processes are being ended now, and by how many: nothing new may start there meanwhile.
    ending: tokio::sync::watch::Sender<BTreeMap<String, usize>>,
    events: Arc<events::Events>,
    /// Numbers for execs; begins at the time, for a sandbox may remember those of an earlier agent.
    execs: AtomicU64,
    /// What a host refuses every time was said.
    remarked: AtomicBool,
}

impl PodiumRuntime {
    /// Takes over what an earlier agent left, or begins. To be called within a tokio runtime.
    pub async fn open(config: Config) -> Result<Self> {
        let groups = Groups::new(&config.cgroup_root).map_err(host("looking for cgroups"))?;
        let program = spawn::prepare(&config)?;
        let inner = Arc::new(Inner {
            groups,
            program,
            sandboxes: Mutex::default(),
            ending: tokio::sync::watch::Sender::default(),
            events: Arc::default(),
            execs: AtomicU64::new(now_ns() as u64),
            remarked: AtomicBool::new(false),
            config,
        });
        inner.recover().await?;
        Ok(Self { inner })
    }
}

/// The error of a call that the host refused.
fn host<E: std::fmt::Display>(tried: impl Into<String>) -> impl FnOnce(E) -> Error {
    move |error| Error::Host { tried: tried.into(), reason: error.to_string() }
}

fn now_ns() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

/// Runs what waits for the disk or the kernel where it holds nobody up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(host("running in the background"))
}
