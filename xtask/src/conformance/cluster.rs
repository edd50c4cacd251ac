//! A fresh cluster in network namespaces of its own, with a registry that holds the suite's images; and its removal.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context;

use super::{On, processes, suite};

/// Where one cluster lives: its folder, its network namespaces, its lock. Two of different names live side by side.
pub struct Place {
    name: String,
    /// Everything that the cluster and the tests write.
    pub dir: PathBuf,
}

/// What a test process needs to know about a running cluster.
pub struct Cluster {
    /// The network namespace that reaches it.
    pub net: PathBuf,
    /// The administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    /// Logs of its servers.
    pub logs: Vec<PathBuf>,
    /// How many nodes it has.
    pub nodes: u32,
}

/// What to start.
pub struct Wanted<'a> {
    /// Podium or upstream.
    pub on: On,
    /// The podium binary.
    pub podium: &'a Path,
    /// The folder of the registry's images.
    pub images: &'a Path,
    /// `../shared/upstream`, where the reference is asked for.
    pub upstream: Option<PathBuf>,
}

const REGISTRY: &str = "127.0.0.1:5001";
/// Names of the nodes and, with the place's name, of their network namespaces; the first is the server's.
const NODES: [&str; 2] = ["node-1", "node-2"];
/// What ties them together.
const LAN: &str = "lan";
/// The server's address.
const SERVER: &str = "198.18.7.2";
/// The network namespace that `../shared/upstream` uses.
const UPSTREAM_NET: &str = "podium-acc";
const UPSTREAM_DIR: &str = "/var/tmp/podium-upstream";

impl Place {
    /// The place of that name.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), dir: suite::cache().join(format!("run-{name}")) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Holds the place for this process, or says that another has it.
    pub fn lock(&self, wait: bool) -> anyhow::Result<File> {
        std::fs::create_dir_all(suite::cache())?;
        let path = self.dir.with_extension("lock");
        let file = File::create(&path).with_context(|| path.display().to_string())?;
        // A run that was just ended is still being cleaned up for some seconds.
        let end = Instant::now() + if wait { Duration::from_secs(24 * 3600) } else { Duration::from_secs(40) };
        while let Err(error) = file.try_lock() {
            if Instant::now() > end {
                let busy = format!("the cluster \"{}\" is in use (--name takes another)", self.name);
                return Err(error).context(busy);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(file)
    }

    /// Starts it, on a place that was cleared before.
    pub fn start(&self, wanted: &Wanted) -> anyhow::Result<Cluster> {
        std::fs::create_dir_all(self.dir.join("tmp"))?;
        match (wanted.on, &wanted.upstream) {
            (On::Podium, _) => self.start_podium(wanted),
            (On::Upstream, Some(folder)) => self.start_upstream(folder, wanted.images),
            (On::Upstream, None) => anyhow::bail!("--on upstream needs ../shared/upstream beside the checkout"),
        }
    }

    fn start_podium(&self, wanted: &Wanted) -> anyhow::Result<Cluster> {
        let podium = self.dir.join("podium");
        std::fs::copy(wanted.podium, &podium).with_context(|| wanted.podium.display().to_string())?;
        self.network()?;
        let registries = self.dir.join("registries.yaml");
        std::fs::write(&registries, format!("mirrors:\n  registry.k8s.io:\n    endpoint: [\"http://{REGISTRY}\"]\n"))?;
        let [one, two] = NODES.map(|node| self.net(node));
        let [data, second] = NODES.map(|node| self.data(node));
        let podium = |net: &Path, words: &[&str], data: &Path| {
            let mut command = inside(net, &podium);
            command.args(words).arg("--data-dir").arg(data);
            command.env("KUBECONFIG", self.dir.join("kubeconfig")).stdin(Stdio::null());
            command
        };
        self.registry(&one, wanted.images)?;
        let mut up = podium(&one, &["up", "--detach", "--node-name", NODES[0]], &data);
        processes::finish(up.arg("--registries").arg(&registries), Duration::from_secs(90)).context("podium up")?;

        // The second node joins as any machine does, over the network, with a registry of its own on its loopback.
        self.registry(&two, wanted.images)?;
        let token = podium(&one, &["token", "create"], &data).output().context("podium token create")?;
        let said = String::from_utf8_lossy(&token.stderr);
        anyhow::ensure!(token.status.success(), "podium token create: {}", said.trim());
        let token = String::from_utf8(token.stdout)?;
        let server = format!("https://{SERVER}:6443");
        let join = ["agent", "--detach", "--node-name", NODES[1], "--server", &server, "--token", token.trim()];
        let mut agent = podium(&two, &join, &second);
        processes::finish(agent.arg("--registries").arg(&registries), Duration::from_secs(90))
            .context("podium agent")?;
        let logs = vec![data.join("podium.log"), second.join("podium.log")];
        Ok(Cluster { net: one, kubeconfig: data.join("admin.kubeconfig"), logs, nodes: 2 })
    }

    fn start_upstream(&self, folder: &Path, images: &Path) -> anyhow::Result<Cluster> {
        processes::finish(&mut Command::new(folder.join("build")), Duration::from_secs(3600))
            .context("upstream/build")?;
        std::fs::write(self.dir.join("upstream"), folder.as_os_str().as_encoded_bytes())?;
        processes::finish(&mut Command::new(folder.join("up")), Duration::from_secs(300)).context("upstream/up")?;
        let net = Path::new("/run/netns").join(UPSTREAM_NET);
        self.registry(&net, images)?;
        let log = |name: &str| Path::new(UPSTREAM_DIR).join("log").join(format!("{name}.log"));
        let logs = ["kube-apiserver", "kube-controller-manager", "kubelet"].map(log).to_vec();
        Ok(Cluster { net, kubeconfig: Path::new(UPSTREAM_DIR).join("pki/admin.kubeconfig"), logs, nodes: 1 })
    }

    /// The nodes' namespaces, and one whose bridge ties them together and has the address of the default route: the
    /// outside of this cluster.
    fn network(&self) -> anyhow::Result<()> {
        let lan = self.namespace(LAN);
        let mut script = format!(
            "ip netns add {lan}; ip -n {lan} link set lo up
             ip -n {lan} link add lan type bridge; ip -n {lan} addr add 198.18.7.1/24 dev lan; ip -n {lan} link set lan up"
        );
        for (name, address) in NODES.into_iter().zip([SERVER, "198.18.7.3"]) {
            let node = self.namespace(name);
            script += &format!(
                "\nip netns add {node}; ip -n {node} link set lo up
                 ip link add up0 netns {node} type veth peer name {name} netns {lan}
                 ip -n {lan} link set {name} master lan up
                 ip -n {node} addr add {address}/24 dev up0; ip -n {node} link set up0 up
                 ip -n {node} route add default via 198.18.7.1"
            );
        }
        processes::finish(Command::new("sh").args(["-ec", &script]), Duration::from_secs(30))
            .context("network namespaces")
    }

    fn namespace(&self, what: &str) -> String {
        format!("podium-{}-{what}", self.name)
    }

    fn net(&self, node: &str) -> PathBuf {
        Path::new("/run/netns").join(self.namespace(node))
    }

    /// Where a node's process keeps its things.
    fn data(&self, node: &str) -> PathBuf {
        self.dir.join(if node == NODES[0] { "data" } else { node })
    }

    fn registry(&self, net: &Path, images: &Path) -> anyhow::Result<()> {
        let config = self.dir.join("registry.yml");
        std::fs::write(&config, suite::registry_config(images, REGISTRY))?;
        let mut serve = inside(net, Path::new("docker-registry"));
        let log = File::options().create(true).append(true).open(self.dir.join("registry.log"))?;
        self.mark(&mut serve).arg("serve").arg(config).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        serve.spawn().context("docker-registry (Debian's package of that name)")?;
        let mut wait = inside(net, Path::new("bash"));
        processes::finish(wait.args(["-c", suite::KNOCK]), Duration::from_secs(30))
            .context("docker-registry does not answer")
    }

    /// Marks a process, and with it its children, as one of this place: `clear` ends it.
    pub fn mark<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let temporary = self.dir.join("tmp");
        command.env(processes::MARK, &self.dir).env("TMPDIR", temporary).env("HOME", &self.dir)
    }

    /// Ends and removes everything of this place. Goes on where something fails; the last error is told.
    pub fn clear(&self) -> anyhow::Result<()> {
        let mut result = processes::end_marked(&self.dir);
        let mut note = |step: anyhow::Result<()>| {
            if step.is_err() {
                result = step;
            }
        };
        if let Ok(folder) = std::fs::read_to_string(self.dir.join("upstream")) {
            let mut down = Command::new(Path::new(&folder).join("down"));
            note(processes::finish(&mut down, Duration::from_secs(120)).context("upstream/down"));
        }
        let podium = self.dir.join("podium");
        for node in NODES.into_iter().rev() {
            let net = self.net(node);
            if podium.exists() && net.exists() {
                let mut reset = inside(&net, &podium);
                reset
                    .args(["reset", "--yes", "--data-dir"])
                    .arg(self.data(node))
                    .env("KUBECONFIG", self.dir.join("kubeconfig"));
                note(processes::finish(&mut reset, Duration::from_secs(120)).context("podium reset"));
            }
        }
        for name in [NODES[0], NODES[1], LAN] {
            if self.net(name).exists() {
                let mut delete = Command::new("ip");
                delete.args(["netns", "del", &self.namespace(name)]);
                note(processes::finish(&mut delete, Duration::from_secs(30)));
            }
        }
        if self.dir.exists() {
            note(std::fs::remove_dir_all(&self.dir).with_context(|| self.dir.display().to_string()));
        }
        result
    }
}

/// A command inside of a network namespace, without the new view of /sys that `ip netns exec` makes: cgroups lie there.
pub fn inside(net: &Path, program: &Path) -> Command {
    let mut command = Command::new("nsenter");
    let mut flag = std::ffi::OsString::from("--net=");
    flag.push(net);
    command.arg(flag).arg(program);
    command
}
