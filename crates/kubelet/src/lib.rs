//! The kubelet: pods on this node.
//!
//! [`start`] registers the node, takes over what runs from before, and runs one worker per pod. A worker is a state
//! machine: messages in, a pure plan, actions that report back by messages; see `pods::plan` and `pods::worker`.

mod certificates;
mod container;
mod context;
mod env;
mod files;
mod images;
mod logs;
mod node;
mod objects;
mod pem;
mod pods;
mod probes;
mod server;
mod status;
mod streaming;
mod volumes;

use std::{io, sync::Arc};

use client::{Client, Env, Informers, Recorder, Scope};
use cri::{image::Images, network::PodNetwork, runtime::Runtime};
use k8s_openapi::api::core::v1::{Node, Pod, Service};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::AbortHandle,
};

pub use context::Config;
pub use node::facts::Facts;
pub use server::listener::{Tls, TlsError};

use crate::{
    context::Context,
    node::keep::Keeper,
    pods::manager::Directory,
    server::{Server, Trust},
};

/// The running kubelet. Dropping it stops its loops; containers go on.
pub struct Kubelet {
    context: Arc<Context>,
    directory: Arc<Directory>,
    tasks: Mutex<Vec<AbortHandle>>,
    _informers: Informers,
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.directory.close();
        for task in self.tasks.get_mut() {
            task.abort();
        }
    }
}

impl Kubelet {
    fn server(&self) -> Server {
        Server { context: self.context.clone(), directory: self.directory.clone() }
    }

    /// Speaks the kubelet's API (HTTP/1.1 with upgrades) on a stream of a trusted caller, the API server in the same
    /// process, until the stream ends.
    pub fn serve<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
        &self,
        stream: S,
    ) -> impl Future<Output = ()> + Send + use<S> {
        server::serve(self.server(), Trust::Full, stream)
    }

    /// Serves the same API over TLS to anybody who can prove that it may be used, until the kubelet is dropped.
    pub fn listen(&self, listener: TcpListener, tls: Tls) -> Result<(), TlsError> {
        let acceptor = server::listener::acceptor(tls)?;
        self.tasks
            .lock()
            .push(tokio::spawn(server::listener::listen(self.server(), listener, acceptor)).abort_handle());
        Ok(())
    }

    /// The list of images changed: the node's status tells it.
    pub fn images_changed(&self) {
        self.context.keeper.poke();
    }

    /// Ends every pod as its deletion would (hooks, signal, grace period), but the API is told nothing: the next kubelet
    /// starts what then ended anew, with `RESTARTS` one higher. Returns when the last one has ended; pods that come
    /// meanwhile are not started.
    pub async fn end_pods(&self) {
        self.directory.halt().await;
    }

    /// The longest grace period among the pods that run: [`Kubelet::end_pods`] takes about as long at most.
    #[must_use]
    pub fn longest_grace(&self) -> std::time::Duration {
        self.directory.longest_grace()
    }

    /// Pods on this node that have a living sandbox.
    #[must_use]
    pub fn running_pods(&self) -> usize {
        self.directory.all().iter().filter(|entry| entry.view.active().is_some()).count()
    }
}

/// What keeps the kubelet from starting.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A directory of its own could not be made.
    #[error("cannot prepare {path}: {source}")]
    Directory {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Starts it: returns when it knows its pods, and the node is registered and Ready.
pub async fn start(
    config: Config,
    client: Client,
    runtime: Arc<dyn Runtime>,
    images: Arc<dyn Images>,
    network: Arc<dyn PodNetwork>,
    env: Env,
) -> Result<Kubelet, Error> {
    prepare(&config)?;
    let informers = Informers::new(client.clone(), env.clone());
    let name = config.node_name.clone();
    let resolver = files::resolv::parse(&std::fs::read_to_string(&config.resolv_conf).unwrap_or_default());
    let pods = informers.scoped::<Pod>(Scope::fields(&format!("spec.nodeName={name}")), None);
    let context = Arc::new(Context {
        facts: config.machine.clone().unwrap_or_else(|| Facts::read(&config.root_dir)),
        events: Recorder::new(client.clone(), env.clone(), "kubelet", &name),
        services: informers.get::<Service>(),
        node: informers.scoped::<Node>(Scope::fields(&format!("metadata.name={name}")), None),
        objects: objects::Watched::new(client.clone(), env.clone(), &name),
        puller: images::Puller::default(),
        start: env.now(),
        keeper: Keeper::default(),
        resolver,
        config,
        client,
        runtime,
        images,
        network,
        env,
    });
    follow_pod_cidr(&context);
    node::keep::answer_others(&context);
    // A node that says it is Ready, or answers at all, knows its pods and has found their sandboxes again. How long that
    // may take is the caller's to say: a node that was here before waits for its server as long as it takes.
    context.services.has_synced().await;
    context.node.has_synced().await;
    let directory = pods::manager::start(&context, &pods).await;
    pods.has_synced().await;
    let registered = node::keep::register(&context).await;
    let tasks = vec![
        tokio::spawn(node::keep::keep_status(context.clone(), registered.clone())).abort_handle(),
        tokio::spawn(node::keep::keep_lease(context.clone(), registered)).abort_handle(),
        tokio::spawn(logs::rotate::keep(context.clone(), directory.clone())).abort_handle(),
    ];
    Ok(Kubelet { context, directory, tasks: Mutex::new(tasks), _informers: informers })
}

/// The network learns the range of this node's pods as soon as the control plane gave it.
fn follow_pod_cidr(context: &Arc<Context>) {
    let (weak, runtime) = (Arc::downgrade(context), tokio::runtime::Handle::current());
    let known = parking_lot::Mutex::new(String::new());
    context.node.on(move |change| {
        let cidr =
            change.new.and_then(|node| node.spec.as_ref()).and_then(|spec| spec.pod_cidr.clone()).unwrap_or_default();
        let mut known = known.lock();
        if cidr.is_empty() || *known == cidr {
            return;
        }
        known.clone_from(&cidr);
        let Some(context) = weak.upgrade() else { return };
        runtime.spawn(async move {
            if let Err(error) = context.network.set_pod_cidr(&cidr).await {
                context.say(&format!("range of pods {cidr}: {error}"));
            }
        });
    });
}

fn prepare(config: &Config) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    for (path, mode) in [
        (config.root_dir.clone(), 0o755),
        (config.root_dir.join("pods"), 0o750),
        (config.memory_dir(), 0o711),
        (config.log_dir.clone(), 0o755),
    ] {
        let failed = |source| Error::Directory { path: path.clone(), source };
        std::fs::create_dir_all(&path).map_err(failed)?;
        if path == config.memory_dir() {
            mount_memory(&path).map_err(failed)?;
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).map_err(failed)?;
    }
    Ok(())
}

/// One tmpfs for the small volumes of all pods. Without the right to mount (tests) they live on the disk.
fn mount_memory(path: &std::path::Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    use rustix::mount::{MountFlags, mount};
    let parent = path.parent().unwrap_or(path);
    if std::fs::metadata(path)?.dev() != std::fs::metadata(parent)?.dev() {
        return Ok(());
    }
    match mount("tmpfs", path, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC, Some(c"mode=0711"))
    {
        Ok(()) | Err(rustix::io::Errno::PERM | rustix::io::Errno::ACCESS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
