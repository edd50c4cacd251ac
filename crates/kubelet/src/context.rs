//! What every part of the kubelet shares.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use client::{Client, Env, Informer, Recorder, events::Kind};
use cri::{image::Images, network::PodNetwork, runtime::Runtime};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, ObjectReference, Pod, Service};

use crate::{
    env::fields,
    files::resolv::Resolver,
    images::Puller,
    node::{facts::Facts, keep::Keeper},
    objects::Watched,
    pods::spec,
};

/// How the kubelet is set up. `podium` fills it in.
#[derive(Debug, Clone)]
pub struct Config {
    /// Name of the node.
    pub node_name: String,
    /// Addresses of the node; the first is its `InternalIP`.
    pub node_ips: Vec<IpAddr>,
    /// Labels of the node beside the standard ones.
    pub labels: std::collections::BTreeMap<String, String>,
    /// Where pods have their files; made when missing.
    pub root_dir: PathBuf,
    /// Where containers write their logs.
    pub log_dir: PathBuf,
    /// Addresses of the cluster's DNS.
    pub cluster_dns: Vec<String>,
    /// Domain of the cluster.
    pub cluster_domain: String,
    /// The host's resolver configuration.
    pub resolv_conf: PathBuf,
    /// Most pods on this node.
    pub max_pods: u32,
    /// Port of the kubelet's API, as the node's status names it.
    pub port: u16,
    /// Size at which a log is rotated, in bytes.
    pub log_max_bytes: u64,
    /// Log files kept per container.
    pub log_max_files: u32,
    /// Processes per pod; `None` for no limit.
    pub pod_pids_limit: Option<i64>,
    /// Memory that pods do not get, in bytes.
    pub reserved_memory_bytes: u64,
    /// CPU that pods do not get, in thousandths.
    pub reserved_cpu_milli: u64,
    /// What the machine is; `None`: it is read, and its memory and disk are looked after. A simulation says it.
    pub machine: Option<Facts>,
}

impl Config {
    /// Kubernetes' own defaults.
    #[must_use]
    pub fn new(node_name: &str, root_dir: &Path) -> Self {
        Self {
            node_name: node_name.to_owned(),
            node_ips: Vec::new(),
            labels: std::collections::BTreeMap::new(),
            root_dir: root_dir.to_owned(),
            log_dir: root_dir.join("logs"),
            cluster_dns: vec!["10.96.0.10".into()],
            cluster_domain: "cluster.local".into(),
            resolv_conf: PathBuf::from("/etc/resolv.conf"),
            max_pods: 110,
            port: 10250,
            log_max_bytes: 10 << 20,
            log_max_files: 5,
            pod_pids_limit: None,
            reserved_memory_bytes: 0,
            reserved_cpu_milli: 0,
            machine: None,
        }
    }

    pub(crate) fn pod_dir(&self, uid: &str) -> PathBuf {
        self.root_dir.join("pods").join(uid)
    }

    /// A tmpfs for secrets, tokens and the like of all pods.
    pub(crate) fn memory_dir(&self) -> PathBuf {
        self.root_dir.join("memory")
    }

    pub(crate) fn pod_logs(&self, pod: &Pod) -> PathBuf {
        self.log_dir.join(format!("{}_{}_{}", spec::namespace(pod), spec::name(pod), spec::uid(pod)))
    }
}

/// Shared by all pod workers, the node's own loops and the server.
pub(crate) struct Context {
    pub(crate) config: Config,
    pub(crate) client: Client,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) images: Arc<dyn Images>,
    pub(crate) network: Arc<dyn PodNetwork>,
    pub(crate) env: Env,
    pub(crate) events: Recorder,
    pub(crate) services: Arc<Informer<Service>>,
    pub(crate) node: Arc<Informer<Node>>,
    pub(crate) objects: Watched,
    pub(crate) facts: Facts,
    pub(crate) puller: Puller,
    pub(crate) resolver: Resolver,
    pub(crate) start: Timestamp,
    pub(crate) keeper: Keeper,
}

impl Context {
    /// An event about a pod.
    pub(crate) fn pod_event(&self, pod: &Pod, kind: Kind, reason: &str, message: &str) {
        self.events.event(pod, kind, reason, message);
    }

    /// An event about a container of a pod.
    pub(crate) fn container_event(&self, pod: &Pod, container: &str, kind: Kind, reason: &str, message: &str) {
        let mut about: ObjectReference = client::reference(pod);
        about.field_path = Some(spec::field_path(pod, container)).filter(|path| !path.is_empty());
        self.events.about(about, kind, reason, message);
    }

    /// What environment and downward API need beside the pod.
    pub(crate) fn field_facts(&self, pod_ips: &[IpAddr]) -> fields::Facts {
        fields::Facts {
            pod_ips: pod_ips.to_vec(),
            host_ips: self.config.node_ips.clone(),
            cpu_milli: i128::from(self.facts.cpu_count) * 1000 - i128::from(self.config.reserved_cpu_milli),
            memory_bytes: i128::from(self.facts.memory_bytes) - i128::from(self.config.reserved_memory_bytes),
            ephemeral_bytes: i128::from(self.facts.disk_bytes),
        }
    }

    /// Ids as container runtimes make them: 64 hex digits.
    pub(crate) fn new_id(&self) -> Arc<str> {
        // The time makes ids differ between runs whose generators were seeded alike.
        let time = self.env.now().as_nanosecond() as u64;
        (0..4)
            .map(|part: u32| format!("{:016x}", self.env.rng.next() ^ time.rotate_left(part * 16)))
            .collect::<String>()
            .into()
    }

    pub(crate) fn say(&self, message: &str) {
        self.env.say(message);
    }
}
