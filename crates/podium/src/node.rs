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
use cri::{
    image::{Images, Progress},
    runtime::Runtime,
};
use k8s_openapi::api::core::v1::Node as NodeObject;
use kubelet::Kubelet;
use parking_lot::Mutex;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::{net::TcpListener, sync::mpsc, task::AbortHandle};

use crate::{
    certs::Pki,
    commands::up::Plan,
    control::{Answer, Request},
    control_plane::ControlPlane,
    demo_image,
    instance::Instance,
    log::Log,
    nodes::Cluster,
};

/// The node must become Ready within this time.
const READY: Duration = Duration::from_secs(60);
/// Beyond the grace period of its pods a node may take this long to end them.
const AFTER_GRACE: Duration = Duration::from_secs(20);

/// The parts of the node, for as long as it runs.
pub struct Node {
    name: String,
    images: Arc<image::Store>,
    runtime: Arc<dyn Runtime>,
    kubelet: Mutex<Option<Arc<Kubelet>>>,
    tasks: Vec<AbortHandle>,
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
    let IpAddr::V4(dns_ip) = plan.args.cluster_dns else {
        anyhow::bail!("--cluster-dns {} is no IPv4 address", plan.args.cluster_dns)
    };
    let resolv = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    Ok(network::Config {
        instance: plan.instance.id.clone(),
        node_name: plan.node.clone(),
        node_ip,
        node_port_ips: vec![Ipv4Addr::LOCALHOST],
        data_dir: plan.instance.dir.join("network"),
        cluster_cidr: plan.args.pod_cidr.parse()?,
        dns_ip,
        cluster_domain: plan.args.cluster_domain.clone(),
        upstream: network::resolvers(&resolv, dns_ip),
        log,
    })
}

impl Node {
    /// Starts everything of the node; returns when the kubelet has registered.
    pub async fn start(
        plan: &Plan,
        control: &ControlPlane,
        pki: &Pki,
        nodes: &Arc<Cluster>,
        log: Log,
    ) -> anyhow::Result<Self> {
        let images = image::Store::open(&plan.instance.dir.join("images"), plan.registries.clone())?;
        plan.instance.make_run_dir()?;
        let runtime: Arc<dyn Runtime> =
            Arc::new(runtime::PodiumRuntime::open(runtime_config(&plan.instance, log.clone())).await?);
        let mut tasks = Vec::new();
        let network = network_config(plan, log.clone())?;
        std::fs::create_dir_all(&network.data_dir)?;
        let rules = network::Rules::open(network.clone()).await.context("nftables")?;
        let pods: Arc<dyn cri::network::PodNetwork> =
            Arc::new(network::Pods::open(network.clone(), rules.clone()).await?);
        let proxy = network::Proxy::new(network.clone(), rules.clone(), &control.informers);
        let dns = network::Dns::bind(&network, &rules, &control.informers).await.context("cluster DNS")?;
        tasks.push(tokio::spawn(proxy.run()).abort_handle());
        tasks.push(tokio::spawn(dns.run()).abort_handle());
        let say = log.clone();
        let guard = rules.clone();
        tasks.push(
            tokio::spawn(async move {
                if let Err(error) = guard.guard().await {
                    say(&format!("the guard of the service rules: {error}"));
                }
            })
            .abort_handle(),
        );
        let mut config = kubelet::Config::new(&plan.node, &plan.instance.dir.join("kubelet"));
        config.node_ips = vec![plan.address];
        config.cluster_dns = vec![plan.args.cluster_dns.to_string()];
        config.cluster_domain.clone_from(&plan.args.cluster_domain);
        config.port = plan.args.kubelet_port;
        let user = format!("system:node:{}", plan.node);
        let client = control.client(&user, &["system:nodes"]).with_manager("kubelet");
        let kubelet =
            kubelet::start(config, client, runtime.clone(), images.clone(), pods, control.env.clone()).await?;
        let kubelet = serve_kubelet(plan, pki, nodes, kubelet).await?;
        let ready = Arc::new(AtomicBool::new(false));
        let informer = control.informers.get::<NodeObject>();
        Ok(Self {
            name: plan.node.clone(),
            images,
            runtime,
            kubelet: Mutex::new(Some(kubelet)),
            tasks,
            ready,
            work: plan.instance.dir.clone(),
            informer,
        })
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
        if !keep_pods && let Ok(all) = self.runtime.list().await {
            let living = all.iter().filter(|sandbox| sandbox.ready);
            let ends = living.map(|sandbox| self.runtime.stop_sandbox(&sandbox.config.id));
            futures_util::future::join_all(ends).await;
        }
        for task in &self.tasks {
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

/// The kubelet's API: in this process by a pipe, from outside on its port.
async fn serve_kubelet(plan: &Plan, pki: &Pki, nodes: &Cluster, mut kubelet: Kubelet) -> anyhow::Result<Arc<Kubelet>> {
    let port = plan.args.kubelet_port;
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
        .await
        .with_context(|| format!("cannot listen on port {port} (--kubelet-port)"))?;
    let tls = kubelet::Tls {
        certificates: CertificateDer::pem_slice_iter(pki.kubelet.cert.as_bytes()).collect::<Result<_, _>>()?,
        key: PrivateKeyDer::from_pem_slice(pki.kubelet.key.as_bytes())?,
        client_ca: CertificateDer::pem_slice_iter(pki.ca.cert.as_bytes()).collect::<Result<_, _>>()?,
    };
    kubelet.listen(listener, tls)?;
    let kubelet = Arc::new(kubelet);
    let weak = Arc::downgrade(&kubelet);
    nodes.set_local(Arc::new(move |stream| {
        if let Some(kubelet) = weak.upgrade() {
            tokio::spawn(kubelet.serve(stream));
        }
    }));
    Ok(kubelet)
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
