//! A machine for the real thing: a network namespace and a data directory of its own, and what tests do there.
#![allow(dead_code)]

pub mod image;
pub mod load;

use std::{
    path::PathBuf,
    process::{Command, Output},
    sync::atomic::{AtomicU32, Ordering},
};

use rustix::process::{Pid, PidfdFlags, Signal};
use serde_json::Value;

/// A network namespace with a way out that leads nowhere, and a data directory; both go with the value.
pub struct Machine {
    pub namespace: String,
    pub dir: tempfile::TempDir,
    pub kubectl: PathBuf,
    /// The binary; a copy, so that it can be replaced.
    pub program: PathBuf,
}

static MACHINES: AtomicU32 = AtomicU32::new(0);

impl Machine {
    pub fn new() -> Self {
        let root = String::from_utf8_lossy(&Command::new("id").arg("-u").output().unwrap().stdout).trim() == "0";
        assert!(root, "the tests start real containers: run them as root (scripts/test)");
        let kubectl = std::env::var_os("KUBECTL").map(PathBuf::from).or_else(|| {
            std::env::split_paths(&std::env::var_os("PATH")?).map(|d| d.join("kubectl")).find(|p| p.exists())
        });
        let dir = tempfile::tempdir().unwrap();
        let machine = Self {
            namespace: format!("podium-test-{}-{}", std::process::id(), MACHINES.fetch_add(1, Ordering::Relaxed)),
            program: dir.path().join("podium"),
            dir,
            kubectl: kubectl.expect("a kubectl on PATH or in $KUBECTL (scripts/kubectl fetches one)"),
        };
        machine.install();
        machine.connect();
        machine
    }

    /// Puts the binary in its place; where it was there before, as a package manager replaces it.
    pub fn install(&self) {
        let new = self.program.with_extension("new");
        std::fs::copy(env!("CARGO_BIN_EXE_podium"), &new).unwrap();
        std::fs::rename(new, &self.program).unwrap();
    }

    /// Makes the network.
    pub fn connect(&self) {
        ok(Command::new("ip").args(["netns", "add", &self.namespace]));
        for command in [
            "link set lo up",
            "link add up0 type veth peer name world0",
            "addr add 198.18.9.2/24 dev up0",
            "link set up0 up",
            "link set world0 up",
            "route add default via 198.18.9.1",
        ] {
            ok(self.inside("ip").args(command.split(' ')));
        }
    }

    /// A program within the namespace. `ip netns exec` would hide the cgroups behind a new /sys.
    pub fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{}", self.namespace)).arg(program);
        command.env("KUBECONFIG", self.dir.path().join("user.kubeconfig"));
        command
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn podium(&self, args: &[&str]) -> Output {
        self.inside(self.program.to_str().unwrap()).args(args).arg("--data-dir").arg(self.data()).output().unwrap()
    }

    /// `podium COMMAND`, which must succeed.
    pub fn must(&self, args: &[&str]) -> String {
        let output = self.podium(args);
        assert!(output.status.success(), "podium {args:?}: {}", text(&output));
        text(&output)
    }

    pub fn kubectl(&self, args: &[&str]) -> String {
        let mut command = self.inside(self.kubectl.to_str().unwrap());
        ok(command.arg("--kubeconfig").arg(self.data().join("admin.kubeconfig")).args(args))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.podium(&["reset", "--yes"]);
        let _ = Command::new("ip").args(["netns", "del", &self.namespace]).output();
    }
}

pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub fn ok(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Waits until something holds, and says what if it does not.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !holds() {
        assert!(std::time::Instant::now() < until, "{what}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// A machine with a cluster that has an image.
pub fn started() -> Machine {
    let machine = Machine::new();
    machine.must(&["up", "--detach"]);
    let archive = machine.dir.path().join("busybox.tar");
    image::busybox(&archive);
    machine.must(&["image", "import", archive.to_str().unwrap()]);
    machine
}

/// `kubectl apply` of a text.
pub fn apply(machine: &Machine, manifest: &str) {
    let file = machine.dir.path().join("manifest.yaml");
    // What begins with a brace would be taken for JSON.
    std::fs::write(&file, format!("---\n{manifest}")).unwrap();
    machine.kubectl(&["apply", "-f", file.to_str().unwrap()]);
}

/// `kubectl get -o json`.
pub fn get(machine: &Machine, args: &[&str]) -> Value {
    serde_json::from_str(&machine.kubectl(&[&["get", "-o", "json"], args].concat())).unwrap()
}

/// The server's process.
pub fn server(machine: &Machine) -> Pid {
    let status: Value = serde_json::from_str(&machine.must(&["status", "-o", "json"])).unwrap();
    Pid::from_raw(i32::try_from(status["pid"].as_i64().unwrap()).unwrap()).unwrap()
}

/// Sends a signal to a process and waits until it is gone.
pub fn end(process: Pid, signal: Signal) {
    let handle = rustix::process::pidfd_open(process, PidfdFlags::empty()).unwrap();
    rustix::process::pidfd_send_signal(&handle, signal).unwrap();
    let mut wait = [rustix::event::PollFd::new(&handle, rustix::event::PollFlags::IN)];
    let limit = rustix::time::Timespec { tv_sec: 60, tv_nsec: 0 };
    assert_eq!(rustix::event::poll(&mut wait, Some(&limit)).unwrap(), 1, "it ends");
}

/// Processes that belong to the machine: the binary's, and what lives in its pods.
pub fn processes(machine: &Machine) -> Vec<String> {
    let data = machine.data();
    let all = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let lines = all.filter_map(|path| std::fs::read(path.join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(data.to_str().unwrap()) && line.contains("podium")).collect()
}

/// The instance's groups in every hierarchy.
pub fn groups(machine: &Machine) -> Vec<String> {
    let ours = format!("*/podium-{}*", id(machine));
    let mut find = Command::new("find");
    // Some may go while it looks: that is no failure.
    let found = find.args(["/sys/fs/cgroup", "-depth", "-type", "d", "-path", &ours]).output().unwrap();
    String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect()
}

/// The instance's id: the first digits of its path's digest.
pub fn id(machine: &Machine) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(machine.data().to_str().unwrap().as_bytes());
    digest[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}
