//! A runtime of its own for each test: instance, directories, image, and a clean end.
#![allow(dead_code)]

use std::{
    collections::BTreeMap,
    io::Read,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cri::runtime::{
    ContainerConfig, ContainerId, ContainerState, ExecConfig, Exit, NamespaceMode, Resources, Runtime, RuntimeEvent,
    SandboxConfig, SandboxId, Seccomp, User,
};
use runtime::{Config, PodiumRuntime};
use tokio::sync::mpsc;

/// How long anything may take on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A runtime with its image and its events.
pub struct Node {
    pub config: Config,
    pub runtime: PodiumRuntime,
    pub events: mpsc::Receiver<RuntimeEvent>,
    pub layer: PathBuf,
    pub dir: tempfile::TempDir,
}

fn busybox() -> &'static Path {
    let path = Path::new("/usr/bin/busybox");
    assert!(path.is_file(), "these tests need /usr/bin/busybox: install the Debian package busybox-static");
    path
}

/// A root file system with busybox and the usual files.
fn image(root: &Path) {
    for directory in ["bin", "etc", "proc", "sys", "dev", "tmp", "var", "root"] {
        std::fs::create_dir_all(root.join(directory)).unwrap();
    }
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(root.join("tmp"), std::fs::Permissions::from_mode(0o1777)).unwrap();
    std::fs::copy(busybox(), root.join("bin/busybox")).unwrap();
    let applets = std::process::Command::new(busybox()).arg("--list").output().unwrap();
    for applet in String::from_utf8(applets.stdout).unwrap().lines().filter(|applet| *applet != "busybox") {
        std::os::unix::fs::symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
    std::fs::write(root.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/var:/bin/sh\n").unwrap();
    std::fs::write(root.join("etc/group"), "root:x:0:\nwww:x:34:\nextra:x:50:web\n").unwrap();
    std::fs::write(root.join("bin/script"), "not a program").unwrap();
    std::fs::write(root.join("bin/data"), "not executable").unwrap();
    std::fs::set_permissions(root.join("bin/script"), std::fs::Permissions::from_mode(0o755)).unwrap();
}

impl Node {
    pub async fn new() -> Self {
        assert!(rustix::process::geteuid().is_root(), "these tests make namespaces and mounts: run them as root");
        let dir = tempfile::Builder::new().prefix("podium-runtime-").tempdir_in("/var/tmp").unwrap();
        let layer = dir.path().join("layer");
        image(&layer);
        let instance = dir.path().file_name().unwrap().to_str().unwrap().to_owned();
        let config = Config {
            cgroup_root: instance.clone(),
            instance,
            root: dir.path().join("state"),
            run: dir.path().join("run"),
            program: env!("CARGO_BIN_EXE_runtime-sandbox").into(),
            version: "test".into(),
            log: Arc::new(|line| eprintln!("runtime: {line}")),
        };
        let runtime = PodiumRuntime::open(config.clone()).await.unwrap();
        let events = runtime.events();
        Self { config, runtime, events, layer, dir }
    }

    /// As a new agent after the old one was killed: nothing but the files is handed over.
    pub async fn restart(&mut self) {
        self.runtime = PodiumRuntime::open(self.config.clone()).await.unwrap();
        self.events = self.runtime.events();
    }

    pub fn sandbox_config(&self, name: &str) -> SandboxConfig {
        SandboxConfig {
            id: SandboxId(id(name).into()),
            pod_uid: format!("uid-{name}"),
            pod_name: name.into(),
            pod_namespace: "default".into(),
            attempt: 0,
            hostname: name.into(),
            network: NamespaceMode::Pod,
            pid: NamespaceMode::Container,
            ipc: NamespaceMode::Pod,
            sysctls: BTreeMap::new(),
            cgroup: format!("kubepods/besteffort/pod{name}"),
            resources: Resources::default(),
            log_dir: self.dir.path().join("logs").join(name),
            shm_bytes: 64 << 20,
        }
    }

    pub async fn sandbox(&self, name: &str) -> SandboxId {
        let config = self.sandbox_config(name);
        self.runtime.run_sandbox(&config).await.unwrap();
        config.id
    }

    /// A container that runs a shell command.
    pub fn container(&self, name: &str, script: &str) -> ContainerConfig {
        ContainerConfig {
            id: ContainerId(id(name).into()),
            name: name.into(),
            attempt: 0,
            image: "test:1".into(),
            layers: vec![self.layer.clone()],
            args: vec!["sh".into(), "-c".into(), script.into()],
            env: vec!["PATH=/bin".into(), "COLOR=blue".into()],
            cwd: "/".into(),
            user: User::default(),
            mounts: Vec::new(),
            devices: Vec::new(),
            privileged: false,
            capabilities_add: Vec::new(),
            capabilities_drop: Vec::new(),
            no_new_privileges: false,
            read_only_rootfs: false,
            unmasked_proc: false,
            seccomp: Seccomp::Unconfined,
            target_pid: None,
            resources: Resources::default(),
            cgroup_name: id(name),
            tty: false,
            stdin: false,
            stdin_once: false,
            log_path: self.dir.path().join("logs").join(format!("{name}.log")),
            stop_signal: String::new(),
            annotations: [("note".to_owned(), "kept".to_owned())].into(),
        }
    }

    pub async fn start(&self, sandbox: &SandboxId, config: &ContainerConfig) -> ContainerState {
        self.runtime.start_container(sandbox, config).await.unwrap()
    }

    /// Waits for the end of a container.
    pub async fn exit_of(&mut self, id: &ContainerId) -> Exit {
        let wait = async {
            loop {
                match self.events.recv().await.expect("events end with the runtime") {
                    RuntimeEvent::ContainerExited(_, ended, exit) if ended == *id => return exit,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(DEADLINE, wait).await.expect("the container ends")
    }

    /// Runs to the end; exit and what it printed.
    pub async fn run(&mut self, sandbox: &SandboxId, config: &ContainerConfig) -> (Exit, String) {
        self.start(sandbox, config).await;
        let exit = self.exit_of(&config.id).await;
        (exit, self.log(config))
    }

    /// The lines of a container's log without their headers.
    pub fn log(&self, config: &ContainerConfig) -> String {
        let text = std::fs::read_to_string(&config.log_path).unwrap();
        let mut out = String::new();
        for line in text.lines() {
            let mut fields = line.splitn(4, ' ');
            let (_, _, tag, body) = (fields.next(), fields.next(), fields.next().unwrap(), fields.next().unwrap());
            out.push_str(body);
            if tag == "F" {
                out.push('\n');
            }
        }
        out
    }

    /// Runs a command in a container; exit code and both outputs.
    pub async fn exec(&self, sandbox: &SandboxId, id: &ContainerId, script: &str) -> (i32, String, String) {
        let config = ExecConfig {
            args: vec!["sh".into(), "-c".into(), script.into()],
            stdout: true,
            stderr: true,
            ..ExecConfig::default()
        };
        let streams = self.runtime.exec(sandbox, id, &config).await.unwrap();
        let (out, err) = (read_all(streams.stdout.unwrap()), read_all(streams.stderr.unwrap()));
        let code = tokio::time::timeout(DEADLINE, streams.exit).await.unwrap().unwrap().unwrap();
        (code, out.await.unwrap(), err.await.unwrap())
    }

    /// Waits until a container has printed something.
    pub async fn printed(&self, config: &ContainerConfig, text: &str) {
        let (log, text) = (config.log_path.clone(), text.to_owned());
        let directory = log.parent().unwrap().to_path_buf();
        let wait = tokio::task::spawn_blocking(move || {
            let watch = rustix::fs::inotify::init(rustix::fs::inotify::CreateFlags::CLOEXEC).unwrap();
            rustix::fs::inotify::add_watch(&watch, &directory, rustix::fs::inotify::WatchFlags::MODIFY).unwrap();
            let mut buffer = [0; 4096];
            let until = std::time::Instant::now() + DEADLINE;
            while !std::fs::read_to_string(&log).unwrap_or_default().contains(&text) {
                assert!(std::time::Instant::now() < until, "{text:?} is not printed");
                rustix::io::read(&watch, &mut buffer).unwrap();
            }
        });
        tokio::time::timeout(DEADLINE, wait).await.expect("printed in time").unwrap();
    }

    /// Everything goes, and nothing may be left.
    pub async fn end(self) {
        let config = self.config.clone();
        tokio::task::spawn_blocking(move || {
            runtime::cleanup(&config).unwrap();
            assert_eq!(remains(&config), Vec::<String>::new());
        })
        .await
        .unwrap();
    }
}

impl Drop for Node {
    /// Also after a test that failed.
    fn drop(&mut self) {
        if let Err(error) = runtime::cleanup(&self.config) {
            eprintln!("cleaning up: {error}");
        }
    }
}

/// What an instance has on the host: mounts, cgroups, directories.
pub fn remains(config: &Config) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for directory in [&config.root, &config.run] {
        found.extend(sys::mount::below(directory).unwrap().iter().map(|place| format!("mount {}", place.display())));
        if directory.exists() {
            found.push(format!("directory {}", directory.display()));
        }
    }
    let host = sys::cgroup::Host::detect().unwrap();
    for mount in host.legacy.iter().map(|h| &h.mount).chain(&host.unified) {
        if mount.join(&config.cgroup_root).exists() {
            found.push(format!("cgroup {}", mount.join(&config.cgroup_root).display()));
        }
    }
    found
}

/// 64 letters made of a name, as ids are.
pub fn id(name: &str) -> String {
    let mut text: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    text.push_str(&"0".repeat(64));
    text.truncate(64);
    text
}

/// Reads a pipe or terminal to its end, away from the asynchronous threads.
pub fn read_all(fd: OwnedFd) -> tokio::task::JoinHandle<String> {
    tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        // A terminal ends with an error.
        let _ = std::fs::File::from(fd).read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
