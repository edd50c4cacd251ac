//! From a fresh program to a sandbox with its namespaces.

use std::{io, os::fd::OwnedFd, path::Path};

use cri::runtime::NamespaceMode;
use sys::{
    mount::{self, Attributes},
    process::Namespaces,
};

use crate::{
    config::{SandboxPaths, read_json},
    proto::Version,
    sandbox::{Error, Tried, pause, server::Server},
    spec::SandboxRecord,
};

/// The namespaces of processes of a sandbox.
pub(crate) enum Pids {
    /// Each container has its own.
    Container,
    /// The host's.
    Host,
    /// One for all, held by this process.
    Pod(OwnedFd),
}

/// Makes the namespaces and all that belongs to the pod as a whole.
pub(crate) fn prepare(directory: &Path, speaks: Version) -> Result<Server, Error> {
    let agent = sys::process::take_standard_input().tried("taking the agent's socket")?;
    rustix::process::setsid().tried("setsid")?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).tried("becoming a subreaper")?;
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .tried("protecting memory")?;
    let _ = rustix::thread::set_name(c"podium-sandbox");
    sys::signal::reset();
    sys::signal::ignore_broken_pipes();
    let children = rustix::process::Signal::CHILD.as_raw();
    let signals = sys::signal::watch(&[children]).tried("watching for children")?;
    let record: SandboxRecord =
        read_json(&directory.join("sandbox.json")).ok_or_else(|| Error::Record(directory.to_path_buf()))?;
    let config = &record.config;
    let own_net = config.network != NamespaceMode::Host;
    let own_ipc = config.ipc != NamespaceMode::Host;
    // A pod in the host's network has the host's name, as everywhere.
    let own = Namespaces { net: own_net, ipc: own_ipc, uts: own_net, ..Namespaces::default() };
    sys::process::unshare(own).tried("making namespaces")?;
    if own_net {
        sys::iface::loopback_up().tried("bringing lo up")?;
        rustix::system::sethostname(config.hostname.as_bytes()).tried("setting the host name")?;
        for (name, value) in
            [("net.ipv4.ip_unprivileged_port_start", "0"), ("net.ipv4.ping_group_range", "0 2147483647")]
        {
            if !config.sysctls.contains_key(name) {
                // A convenience that other runtimes have by default; not worth failing for.
                let _ = sysctl(name, value);
            }
        }
    }
    for (name, value) in &config.sysctls {
        sysctl(name, value).tried("setting a sysctl")?;
    }
    let paths = SandboxPaths { state: directory.to_path_buf(), run: record.run.clone() };
    shared_memory(&paths, own_ipc, config.shm_bytes).tried("mounting shared memory")?;
    let pids = match config.pid {
        NamespaceMode::Pod => Pids::Pod(pause::start()?),
        NamespaceMode::Container => Pids::Container,
        NamespaceMode::Host => Pids::Host,
    };
    let _ = std::fs::remove_file(paths.socket());
    let listener = listen(&paths.socket()).tried("listening for agents")?;
    Server::new(paths, pids, agent, listener, signals, speaks)
}

/// Binds relative to the directory: the length of socket paths is limited.
fn listen(path: &Path) -> io::Result<OwnedFd> {
    let (parent, name) = (path.parent().unwrap_or(Path::new("/")), path.file_name().unwrap_or_default());
    rustix::process::chdir(parent)?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let listener = sys::fdpass::listen(Path::new(name));
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    rustix::process::chdir("/")?;
    listener
}

fn sysctl(name: &str, value: &str) -> io::Result<()> {
    // Both spellings are in use: dots, or slashes where a part has dots of its own.
    let path = if name.contains('/') { name.to_owned() } else { name.replace('.', "/") };
    if path.split('/').any(|part| part == ".." || part.is_empty()) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    std::fs::write(Path::new("/proc/sys").join(path), value)
}

fn shared_memory(paths: &SandboxPaths, own_ipc: bool, bytes: u64) -> io::Result<()> {
    let place = paths.shm();
    std::fs::create_dir_all(&place)?;
    let tree = if own_ipc {
        let size = bytes.to_string();
        let options = [("source", "shm"), ("mode", "1777"), ("size", size.as_str())];
        mount::create("tmpfs", &options, Attributes::INERT)?
    } else {
        mount::copy(Path::new("/dev/shm"), false)?
    };
    let target = std::fs::File::open(&place)?;
    mount::attach(std::os::fd::AsFd::as_fd(&tree), std::os::fd::AsFd::as_fd(&target))
}
