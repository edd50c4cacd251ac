//! Two machines: a cluster, and a node that joins it by a token over a network. Each is a network namespace of its own, tied
//! to a bridge in a third. Real processes, real containers.
//!
//! One test, because the two take their time to come up; its steps are functions.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const IMAGE: &str = "podium.local/busybox:1";
/// A place where programs of the test may be run: an address of the bridge is there.
const OUTSIDE: usize = 0;

/// The namespaces (the bridge's, then two machines') and the directories; all go with the value.
struct Hosts {
    dir: tempfile::TempDir,
    kubectl: PathBuf,
    id: u32,
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn ok(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Waits for something that no command waits for.
fn eventually(what: &str, holds: &dyn Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(40);
    while !holds() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

impl Hosts {
    fn new() -> Self {
        let root = ok(Command::new("id").arg("-u")) == "0";
        assert!(root, "the tests start real containers: run them as root (scripts/test)");
        let kubectl = std::env::var_os("KUBECTL").map(PathBuf::from).or_else(|| {
            std::env::split_paths(&std::env::var_os("PATH")?).map(|d| d.join("kubectl")).find(|p| p.exists())
        });
        let kubectl = kubectl.expect("a kubectl on PATH or in $KUBECTL (scripts/kubectl fetches one)");
        let hosts = Self { dir: tempfile::tempdir().unwrap(), kubectl, id: std::process::id() };
        for n in 0..3 {
            ok(Command::new("ip").args(["netns", "add", &hosts.namespace(n)]));
            hosts.ip(n, "link set lo up");
        }
        hosts.ip(OUTSIDE, "link add br0 type bridge");
        hosts.ip(OUTSIDE, "link set br0 up");
        hosts.ip(OUTSIDE, "addr add 198.18.7.254/24 dev br0");
        for n in 1..3 {
            hosts.ip(OUTSIDE, &format!("link add v{n} type veth peer name eth0 netns {}", hosts.namespace(n)));
            hosts.ip(OUTSIDE, &format!("link set v{n} master br0 up"));
            hosts.ip(n, &format!("addr add 198.18.7.{n}/24 dev eth0"));
            hosts.ip(n, "link set eth0 up");
            hosts.ip(n, "route add default via 198.18.7.254");
        }
        hosts
    }

    fn namespace(&self, n: usize) -> String {
        format!("podium-two-{}-{n}", self.id)
    }

    /// A program on a machine. `ip netns exec` would hide the cgroups behind a new /sys.
    fn on(&self, n: usize, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{}", self.namespace(n))).arg(program);
        command.env("KUBECONFIG", self.dir.path().join("user.kubeconfig"));
        command
    }

    fn ip(&self, n: usize, args: &str) {
        ok(self.on(n, "ip").args(args.split(' ')));
    }

    fn data(&self, n: usize) -> PathBuf {
        self.dir.path().join(format!("node-{n}"))
    }

    fn podium(&self, n: usize, args: &[&str]) -> Output {
        self.on(n, env!("CARGO_BIN_EXE_podium")).args(args).arg("--data-dir").arg(self.data(n)).output().unwrap()
    }

    fn podium_ok(&self, n: usize, args: &[&str]) -> String {
        let output = self.podium(n, args);
        assert!(output.status.success(), "podium {args:?}: {}", text(&output));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The words of a failure.
    fn podium_fails(&self, n: usize, args: &[&str]) -> String {
        let output = self.podium(n, args);
        assert!(!output.status.success(), "podium {args:?}: {}", text(&output));
        text(&output)
    }

    fn kubectl(&self, args: &[&str]) -> String {
        let mut command = self.on(1, self.kubectl.to_str().unwrap());
        ok(command.arg("--kubeconfig").arg(self.data(1).join("admin.kubeconfig")).args(args))
    }

    fn apply(&self, object: &Value) {
        let file = self.dir.path().join("object.json");
        fs::write(&file, object.to_string()).unwrap();
        self.kubectl(&["apply", "-f", file.to_str().unwrap()]);
    }

    /// Ends the program of a machine without a word.
    fn kill(&self, n: usize) {
        let status: Value = serde_json::from_str(&self.podium_ok(n, &["status", "-o", "json"])).unwrap();
        ok(Command::new("kill").args(["-9", &status["pid"].to_string()]));
    }

    /// What a server answers to a program on a machine.
    fn fetch(&self, n: usize, url: &str) -> String {
        ok(self.on(n, "timeout").args(["5", "busybox", "wget", "-q", "-O", "-", url]))
    }

    /// What a server answers to a pod.
    fn fetch_in_pod(&self, pod: &str, url: &str) -> String {
        self.in_pod(pod, &["timeout", "5", "wget", "-q", "-O", "-", url])
    }

    /// A program in the pod on a node.
    fn in_pod(&self, pod: &str, args: &[&str]) -> String {
        self.kubectl(&[&["exec", pod, "--"], args].concat())
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for n in (1..3).rev() {
            let reset = self.podium(n, &["reset", "--yes"]);
            if !reset.status.success() && !std::thread::panicking() {
                panic!("{}", text(&reset));
            }
        }
        for n in 0..3 {
            let _ = Command::new("ip").args(["netns", "del", &self.namespace(n)]).output();
        }
    }
}

/// An image with nothing but busybox, as a docker archive.
fn image(dir: &Path) -> PathBuf {
    let root = dir.join("root");
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::copy("/bin/busybox", root.join("bin/busybox")).expect("busybox-static (scripts/test installs it)");
    for applet in ["sh", "httpd", "wget", "nslookup", "sleep", "timeout", "hostname", "nc"] {
        std::os::unix::fs::symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
    let layer = dir.join("layer.tar");
    ok(Command::new("tar").arg("-C").arg(&root).arg("-cf").arg(&layer).arg("."));
    let hash = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let config = json!({"architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }, "os": "linux", "config": {"Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", hash(&fs::read(&layer).unwrap()))]}});
    fs::write(dir.join("config.json"), config.to_string()).unwrap();
    let manifest = json!([{"Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]);
    fs::write(dir.join("manifest.json"), manifest.to_string()).unwrap();
    let archive = dir.join("image.tar");
    let files = ["layer.tar", "config.json", "manifest.json"];
    ok(Command::new("tar").arg("-C").arg(dir).arg("-cf").arg(&archive).args(files));
    archive
}

#[test]
fn a_second_machine_joins_and_is_lost() {
    let hosts = Hosts::new();
    let archive = image(hosts.dir.path());
    hosts.podium_ok(1, &["up", "--detach", "--node-name", "one", "--node-monitor-grace-period", "20s"]);
    hosts.podium_ok(1, &["image", "import", archive.to_str().unwrap()]);
    let token = hosts.podium_ok(1, &["token", "create"]);
    wrong_ways_in_are_named(&hosts, &token);
    let server = ["agent", "--detach", "--server", "https://198.18.7.1:6443", "--token", &token];
    hosts.podium_ok(2, &[&server[..], &["--node-name", "two"]].concat());
    hosts.podium_ok(2, &["image", "import", archive.to_str().unwrap()]);
    let pods = pods_on_both(&hosts);
    pods_reach_each_other(&hosts, &pods);
    services_work_on_both(&hosts, &pods);
    nodes_may_only_what_is_theirs(&hosts);
    the_agent_comes_back(&hosts, &pods);
    a_lost_node_loses_its_pods(&hosts);
}

/// The address of the server is right, and nothing else.
fn wrong_ways_in_are_named(hosts: &Hosts, token: &str) {
    let (bare, pin) = token.split_once('@').unwrap();
    let other = format!("{}0@{pin}", &bare[..bare.len() - 1]);
    let stranger = format!("{bare}@sha256:{}", "0".repeat(64));
    let join = |server: &str, token: &str, name: &str| {
        hosts.podium_fails(2, &["agent", "--server", server, "--token", token, "--node-name", name])
    };
    let here = "https://198.18.7.1:6443";
    for (server, token, name, words) in [
        (here, &*other, "two", "refuses the token"),
        (here, &*stranger, "two", "another hash"),
        (here, bare, "two", "does not say which server to trust"),
        (here, token, "one", "has a node one already"),
        ("https://198.18.7.1:6444", token, "two", "cannot reach the server"),
        (here, "nonsense", "two", "the token is none"),
    ] {
        let said = join(server, token, name);
        assert!(said.contains(words), "{server} {words}: {said}");
        assert!(!said.contains(token.split_once('.').map_or("-", |(_, secret)| secret)), "a secret is shown: {said}");
    }
    let id = &bare[..6];
    assert!(hosts.podium_ok(1, &["token", "list"]).contains(id));
    let gone = hosts.podium_ok(1, &["token", "create", "--description", "for nobody"]);
    hosts.podium_ok(1, &["token", "delete", &gone]);
    assert!(!hosts.podium_ok(1, &["token", "list"]).contains("for nobody"));
}

/// A pod on each machine, and their addresses.
struct Pods {
    names: [String; 2],
    addresses: [String; 2],
}

fn pods_on_both(hosts: &Hosts) -> Pods {
    hosts.kubectl(&["wait", "node", "one", "two", "--for=condition=Ready", "--timeout=30s"]);
    let shell = "hostname > /tmp/index.html; echo $NODE serves; exec httpd -f -h /tmp -p 8080";
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [{
        "name": "web", "image": IMAGE, "command": ["sh", "-c", shell],
        "env": [{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
        "readinessProbe": {"httpGet": {"port": 8080}, "periodSeconds": 1}}], "volumes": [{"name": "tmp", "emptyDir": {}}]}});
    hosts.apply(&json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template}}));
    hosts.apply(&json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080, "nodePort": 30080}]}}));
    hosts.kubectl(&["rollout", "status", "daemonset/web", "--timeout=60s"]);
    let get = |node: &str, what: &str| {
        let field = format!("spec.nodeName={node}");
        let path = format!("jsonpath={{.items[0].{what}}}");
        hosts.kubectl(&["get", "pods", "-l", "app=web", "--field-selector", &field, "-o", &path])
    };
    let both = |what: &str| ["one", "two"].map(|node| get(node, what));
    Pods { names: both("metadata.name"), addresses: both("status.podIP") }
}

fn pods_reach_each_other(hosts: &Hosts, pods: &Pods) {
    for (from, to) in [(0, 1), (1, 0), (1, 1)] {
        let url = format!("http://{}:8080/", pods.addresses[to]);
        let said = hosts.fetch_in_pod(&pods.names[from], &url);
        assert_eq!(said, pods.names[to], "from {from} to {to}");
    }
    assert!(hosts.kubectl(&["logs", &pods.names[1]]).contains("two serves"));
    // By the API server to a pod and to a kubelet on the other machine.
    let path = format!("/api/v1/namespaces/default/pods/{}:8080/proxy/", pods.names[1]);
    assert_eq!(hosts.kubectl(&["get", "--raw", &path]), pods.names[1]);
    assert_eq!(hosts.kubectl(&["get", "--raw", "/api/v1/nodes/two/proxy/healthz"]), "ok");
}

fn services_work_on_both(hosts: &Hosts, pods: &Pods) {
    let answers = |ask: &dyn Fn() -> String, what: &str| {
        // Each connection goes to any of the two: that one is never chosen in so many is less likely than a broken disk.
        let mut left: Vec<&String> = pods.names.iter().collect();
        for _ in 0..60 {
            let said = ask();
            left.retain(|name| **name != said);
        }
        assert!(left.is_empty(), "{what} never leads to {left:?}");
    };
    let service = hosts.kubectl(&["get", "service", "web", "-o", "jsonpath={.spec.clusterIP}"]);
    for pod in &pods.names {
        let found = hosts.in_pod(pod, &["nslookup", "web.default.svc.cluster.local"]);
        assert!(found.contains(&service), "{found}");
        assert!(pods.names.contains(&hosts.fetch_in_pod(pod, &format!("http://{service}/"))));
        // The API takes a connection; busybox speaks no TLS that it does.
        hosts.in_pod(pod, &["sh", "-c", "echo | timeout 5 nc 10.96.0.1 443"]);
    }
    for n in 1..3 {
        let url = format!("http://198.18.7.{n}:30080/");
        answers(&|| hosts.fetch(OUTSIDE, &url), &url);
    }
}

/// What node two's own key may do.
fn nodes_may_only_what_is_theirs(hosts: &Hosts) {
    let pki = hosts.data(2).join("pki");
    let as_node = |args: &[&str]| {
        let mut command = hosts.on(2, hosts.kubectl.to_str().unwrap());
        command.args(["--kubeconfig", "/dev/null", "--server", "https://198.18.7.1:6443", "--certificate-authority"]);
        command.arg(pki.join("ca.crt")).arg("--client-certificate").arg(pki.join("kubelet-client.crt"));
        text(&command.arg("--client-key").arg(pki.join("kubelet-client.key")).args(args).output().unwrap())
    };
    for (args, words) in [
        (&["get", "node", "one", "-o", "name"][..], "node/one"),
        (&["label", "node", "two", "x=y"][..], "labeled"),
        (&["label", "node", "one", "x=y"][..], "forbidden"),
        (&["label", "node", "two", "node-restriction.kubernetes.io/x=y"][..], "is not allowed to modify labels"),
        (&["taint", "node", "two", "x=y:NoSchedule"][..], "is not allowed to modify taints"),
        (&["delete", "node", "one"][..], "forbidden"),
        (&["get", "secrets", "-A"][..], "forbidden"),
        (&["get", "pods", "-A", "--field-selector", "spec.nodeName=one"][..], "forbidden"),
        (&["get", "pods", "-A", "--field-selector", "spec.nodeName=two", "-o", "name"][..], "pod/web-"),
    ] {
        let said = as_node(args);
        assert!(said.contains(words), "{args:?}: {said}");
    }
}

fn the_agent_comes_back(hosts: &Hosts, pods: &Pods) {
    let started = || {
        let path = "jsonpath={.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}";
        hosts.kubectl(&["get", "pod", &pods.names[1], "-o", path])
    };
    let before = started();
    hosts.kill(2);
    // Without an agent the pod goes on and is reached.
    let url = format!("http://{}:8080/", pods.addresses[1]);
    assert_eq!(hosts.fetch(1, &url), pods.names[1]);
    // It knows where it belongs, also while its server is away.
    hosts.kill(1);
    let alone = hosts.podium_ok(2, &["agent", "--detach"]);
    assert!(alone.contains("does not answer yet"), "{alone}");
    assert!(hosts.podium_ok(2, &["status"]).contains("waits for server"));
    hosts.podium_ok(1, &["up", "--detach", "--node-name", "one", "--node-monitor-grace-period", "20s"]);
    // What the API says of the node is from before: the agent itself knows whether it is back. Then it has its pod.
    eventually("the agent is back", &|| {
        let status: Value = serde_json::from_str(&hosts.podium_ok(2, &["status", "-o", "json"])).unwrap();
        status["ready"] == true
    });
    assert!(hosts.podium_ok(2, &["status"]).contains("two, 1 pods"));
    assert_eq!(hosts.in_pod(&pods.names[1], &["hostname"]), pods.names[1]);
    assert_eq!(started(), before, "the container is the same");
    let other = hosts.podium_fails(2, &["up"]);
    assert!(other.contains("joined another cluster"), "{other}");
}

fn a_lost_node_loses_its_pods(hosts: &Hosts) {
    let soon = |key: &str| json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1});
    hosts.apply(&json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "roamer"}, "spec": {
        "selector": {"matchLabels": {"app": "roamer"}}, "template": {"metadata": {"labels": {"app": "roamer"}}, "spec": {
            "terminationGracePeriodSeconds": 0,
            "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference":
                {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["two"]}]}}]}},
            "tolerations": [soon("node.kubernetes.io/unreachable"), soon("node.kubernetes.io/not-ready")],
            "containers": [{"name": "c", "image": IMAGE, "command": ["sleep", "1000"]}]}}}}));
    hosts.kubectl(&["rollout", "status", "deployment/roamer", "--timeout=30s"]);
    let nodes = || hosts.kubectl(&["get", "pods", "-l", "app=roamer", "-o", "jsonpath={.items[*].spec.nodeName}"]);
    assert_eq!(nodes(), "two");
    hosts.kill(2);
    hosts.kubectl(&["wait", "node", "two", "--for=condition=Ready=Unknown", "--timeout=60s"]);
    eventually("the pod runs on the other node", &|| nodes() == "one");
    hosts.kubectl(&["rollout", "status", "deployment/roamer", "--timeout=30s"]);
    let taints = hosts.kubectl(&["get", "node", "two", "-o", "jsonpath={.spec.taints[*].key}"]);
    assert!(taints.contains("node.kubernetes.io/unreachable"), "{taints}");
}
