//! The node of this process: runtime, images, network, kubelet.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use client::{Client, Env, Informers};
use cri::{
    image::{Images, Progress},
    runtime::Runtime,
};
use k8s_openapi::api::core::v1::Node as NodeObject;
use kubelet::Kubelet;
use parking_lot::Mutex;
use tokio::{net::TcpListener, sync::mpsc, task::AbortHandle};

use crate::{
    control::{Answer, Request},
    demo_image,
    instance::Instance,
    join::ClusterFacts,
    log::Log,
    nodes::Cluster,
};

/// The node must become Ready within this time.
const READY: Duration = Duration::from_secs(60);
/// Beyond the grace period of its pods a node may take this long to end them.
const AFTER_GRACE: Duration = Duration::from_secs(20);

/// What a node is told.
pub struct Plan {
    /// Its data directory.
    pub instance: Instance,
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
    /// Port of its API.
    pub kubelet_port: u16,
    /// What all nodes of the cluster know.
    pub cluster: ClusterFacts,
    /// Registries.
    pub registries: image::Registries,
}

/// How a node reaches the API.
pub struct Access {
    /// Under the node's own name.
    pub kubelet: Client,
    /// What the network looks through.
    pub informers: Informers,
    /// Clock, randomness, log.
    pub env: Env,
}

/// The parts of the node, for as long as it runs.
pub struct Node {
    name: String,
    images: Arc<image::Store>,
    runtime: Arc<dyn Runtime>,
    kubelet: Mutex<Option<Arc<Kubelet>>>,
    tasks: Tasks,
    ready: Arc<AtomicBool>,
    work: PathBuf,
    informer: Arc<client::Informer<NodeObject>>,
}

/// Where the runtime keeps its things.
pub fn runtime_config(instance: &Instance, log: Log) -> runtime::Config {
    runtime::Config {
        instance: instance.id.clone(),
        root: instance.dir.join("runtime"),
        run: instance.run_dir().join("pods"),
        cgroup_root: format!("podium-{}", instance.id),
        program: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe")),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        log,
    }
}

fn network_config(plan: &Plan, log: Log) -> anyhow::Result<network::Config> {
    let IpAddr::V4(node_ip) = plan.address else {
        anyhow::bail!("the node's address {} is no IPv4 address", plan.address)
    };
    let IpAddr::V4(dns_ip) = plan.cluster.cluster_dns else {
        anyhow::bail!("the address {} of the cluster's DNS is no IPv4 address", plan.cluster.cluster_dns)
    };
    let resolv = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    Ok(network::Config {
        instance: plan.instance.id.clone(),
        node_name: plan.name.clone(),
        node_ip,
        node_port_ips: vec![Ipv4Addr::LOCALHOST],
        data_dir: plan.instance.dir.join("network"),
        cluster_cidr: plan.cluster.pod_cidr.parse()?,
        service_cidr: plan.cluster.service_cidr.parse()?,
        dns_ip,
        cluster_domain: plan.cluster.cluster_domain.clone(),
        overlay: network::Overlay { id: plan.cluster.overlay_id, port: plan.cluster.overlay_port },
        upstream: network::resolvers(&resolv, dns_ip),
        log,
    })
}

/// Starts what belongs to the network; the tasks run until aborted.
async fn start_network(
    plan: &Plan,
    informers: &Informers,
    log: Log,
) -> anyhow::Result<(Arc<dyn cri::network::PodNetwork>, Vec<AbortHandle>)> {
    let network = network_config(plan, log.clone())?;
    std::fs::create_dir_all(&network.data_dir)?;
    let rules = network::Rules::open(network.clone()).await.context("nftables")?;
    let pods: Arc<dyn cri::network::PodNetwork> = Arc::new(network::Pods::open(network.clone(), rules.clone()).await?);
    let proxy = network::Proxy::new(network.clone(), rules.clone(), informers);
    let dns = network::Dns::bind(&network, &rules, informers).await.context("cluster DNS")?;
    let peers = network::Peers::new(network, informers);
    let guard = async move {
        if let Err(error) = rules.guard().await {
            log(&format!("the guard of the service rules: {error}"));
        }
    };
    let tasks = [tokio::spawn(proxy.run()), tokio::spawn(dns.run()), tokio::spawn(peers.run()), tokio::spawn(guard)];
    Ok((pods, tasks.iter().map(tokio::task::JoinHandle::abort_handle).collect()))
}

impl Node {
    /// Starts everything of the node; returns when the kubelet has registered.
    pub async fn start(plan: &Plan, access: &Access, log: Log) -> anyhow::Result<Self> {
        let images = image::Store::open(&plan.instance.dir.join("images"), plan.registries.clone())?;
        plan.instance.make_run_dir()?;
        let runtime: Arc<dyn Runtime> =
            Arc::new(runtime::PodiumRuntime::open(runtime_config(&plan.instance, log.clone())).await?);
        let (pods, tasks) = start_network(plan, &access.informers, log).await?;
        let tasks = Tasks(tasks);
        let mut config = kubelet::Config::new(&plan.name, &plan.instance.dir.join("kubelet"));
        config.node_ips = vec![plan.address];
        config.cluster_dns = vec![plan.cluster.cluster_dns.to_string()];
        config.cluster_domain.clone_from(&plan.cluster.cluster_domain);
        config.port = plan.kubelet_port;
        let kubelet =
            kubelet::start(config, access.kubelet.clone(), runtime.clone(), images.clone(), pods, access.env.clone())
                .await?;
        Ok(Self {
            name: plan.name.clone(),
            images,
            runtime,
            kubelet: Mutex::new(Some(Arc::new(kubelet))),
            tasks,
            ready: Arc::new(AtomicBool::new(false)),
            work: plan.instance.dir.clone(),
            informer: access.informers.get::<NodeObject>(),
        })
    }

    /// Serves the kubelet's API on its port from now on.
    pub async fn listen(&self, port: u16, tls: kubelet::Tls) -> anyhow::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
            .await
            .with_context(|| format!("cannot listen on port {port} (--kubelet-port)"))?;
        let kubelet = self.kubelet.lock().clone().context("the node is stopping")?;
        Ok(kubelet.listen(listener, tls)?)
    }

    /// Serves the kubelet's API to the API server of this process, by a pipe.
    pub fn serve_locally(&self, nodes: &Cluster) {
        let weak = self.kubelet.lock().as_ref().map(Arc::downgrade).unwrap_or_default();
        nodes.set_local(Arc::new(move |stream| {
            if let Some(kubelet) = weak.upgrade() {
                tokio::spawn(kubelet.serve(stream));
            }
        }));
    }

    /// Waits until the node is Ready and nothing keeps pods away.
    pub async fn ready(&self) -> anyhow::Result<()> {
        let changes = self.informer.subscribe();
        let wait = async {
            while !self.informer.store().get("", &self.name).is_some_and(|node| is_ready(&node)) {
                changes.changed().await;
            }
        };
        tokio::time::timeout(READY, wait)
            .await
            .with_context(|| format!("node {} did not become Ready within {READY:?}", self.name))?;
        self.ready.store(true, Ordering::Release);
        Ok(())
    }

    /// It was Ready once, and is now.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
            && self.informer.store().get("", &self.name).is_some_and(|node| is_ready(&node))
    }

    /// How many pods run here.
    pub fn pods(&self) -> usize {
        self.kubelet.lock().as_ref().map_or(0, |kubelet| kubelet.running_pods())
    }

    /// How long [`Node::end_pods`] takes at most.
    pub fn ending_takes(&self) -> Duration {
        self.kubelet.lock().as_ref().map_or(Duration::ZERO, |kubelet| kubelet.longest_grace()) + AFTER_GRACE
    }

    /// Ends every pod with its own grace period.
    pub async fn end_pods(&self) {
        let limit = self.ending_takes();
        let Some(kubelet) = self.kubelet.lock().clone() else { return };
        // What is not over then is killed by `stop`.
        let _ = tokio::time::timeout(limit, kubelet.end_pods()).await;
    }

    /// Stops the kubelet, and kills what still runs unless it is to be kept.
    pub async fn stop(&self, keep_pods: bool) {
        drop(self.kubelet.lock().take());
        if !keep_pods {
            kill_pods(&*self.runtime).await;
        }
        for task in &self.tasks.0 {
            task.abort();
        }
    }

    /// Loads the demo's image, if it is not there yet.
    pub async fn import_demo_image(&self) -> anyhow::Result<()> {
        let file = self.work.join("demo-image.tar");
        demo_image::write(&file)?;
        let result = self.images.import(&file).await;
        let _ = std::fs::remove_file(&file);
        result?;
        Ok(())
    }

    /// Carries out one of the image commands.
    pub async fn image_request(&self, request: Request, out: &mpsc::Sender<Answer>) -> Answer {
        let result = match request {
            Request::ImageImport(file) => {
                self.images.import(&file).await.map(|names| format!("imported {}", names.join(", ")))
            }
            Request::ImageList => self.images.list().await.map(|all| image_table(&all)),
            Request::ImageRemove(name) => self.images.remove(&name).await.map(|()| format!("removed {name}")),
            Request::ImagePull(name) => {
                let tell = |p: Progress| {
                    // A reader that is slow misses a line; nothing waits for it.
                    let _ = out.try_send(Answer::Progress(format!(
                        "{name}: {} of {} KiB",
                        p.done_bytes >> 10,
                        p.total_bytes >> 10
                    )));
                };
                self.images.pull(&name, &[], &tell).await.map(|image| format!("{name}: {}", image.id))
            }
            Request::Status | Request::Down { .. } | Request::Backup(_) | Request::Restart { .. } => {
                return Answer::Failed("not a question about images".to_owned());
            }
        };
        result.map_or_else(|e| Answer::Failed(e.to_string()), Answer::Done)
    }
}

/// Tasks that end with their owner, also where a start is given up half way.
struct Tasks(Vec<AbortHandle>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

/// Kills what still runs of all pods of a runtime.
pub async fn kill_pods(runtime: &dyn Runtime) {
    let Ok(all) = runtime.list().await else { return };
    let living = all.iter().filter(|sandbox| sandbox.ready);
    futures_util::future::join_all(living.map(|sandbox| runtime.stop_sandbox(&sandbox.config.id))).await;
}

fn is_ready(node: &NodeObject) -> bool {
    let condition = node
        .status
        .as_ref()
        .and_then(|s| s.conditions.as_ref())
        .is_some_and(|all| all.iter().any(|c| c.type_ == "Ready" && c.status == "True"));
    let taints = node.spec.as_ref().and_then(|s| s.taints.as_ref());
    // Pressure and cordons taint it as well: they are no reason to call it not ready.
    let away = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
    condition && !taints.is_some_and(|all| all.iter().any(|t| away.contains(&t.key.as_str())))
}

fn image_table(images: &[Arc<cri::image::Image>]) -> String {
    let mut lines = vec![format!("{:<60} {:<14} {:>10}", "IMAGE", "ID", "SIZE")];
    for image in images {
        let id = image.id.trim_start_matches("sha256:").get(..12).unwrap_or_default();
        let names = if image.tags.is_empty() { vec!["<none>".to_owned()] } else { image.tags.clone() };
        for name in names {
            lines.push(format!("{name:<60} {id:<14} {:>7} KiB", image.size_bytes >> 10));
        }
    }
    lines.join("\n")
}
