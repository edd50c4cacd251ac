//! Becoming the first process of a container.

use std::{
    io::Read,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::PathBuf,
};

use sys::process::Namespaces;

use crate::{
    child::{
        Outcome, Stdio, Tried, failure,
        process::{self, Process},
        rootfs,
    },
    config::ContainerPaths,
    proto::Failure,
    spec::ContainerSpec,
};

/// What the new process is given.
pub(crate) struct Container {
    /// The container's state directory.
    pub directory: PathBuf,
    /// Standard descriptors.
    pub stdio: Stdio,
    /// Where to say what went wrong; closed by success.
    pub report: OwnedFd,
    /// One byte arrives when this process is in its cgroups, anything else is why not. `None`: it was born there.
    pub gate: Option<OwnedFd>,
}

/// Never returns: either the program runs or the reason is reported.
pub(crate) fn run(container: Container) -> ! {
    let report = std::fs::File::from(container.report);
    let failure = match start(&container.directory, container.stdio, container.gate, report.as_raw_fd()) {
        Ok(never) => match never {},
        Err(failure) => failure,
    };
    let _ = serde_json::to_writer(&report, &failure);
    sys::process::leave(1)
}

fn start(
    directory: &std::path::Path,
    stdio: Stdio,
    gate: Option<OwnedFd>,
    report: i32,
) -> Outcome<std::convert::Infallible> {
    let mut keep: Vec<i32> = gate.iter().map(AsRawFd::as_raw_fd).chain([report]).collect();
    match &stdio {
        Stdio::Pipes(ends) => keep.extend(ends.iter().flatten().map(AsRawFd::as_raw_fd)),
        Stdio::Terminal(socket) => keep.push(socket.as_raw_fd()),
    }
    sys::process::close_all_but(&keep).tried("closing descriptors")?;
    let text = std::fs::read(ContainerPaths(directory.to_path_buf()).spec()).tried("reading the container's record")?;
    let spec: ContainerSpec =
        serde_json::from_slice(&text).map_err(|error| failure("reading the container's record", error))?;
    let rights = process::rights(&spec.config)?;
    rustix::process::chdir(directory).tried("entering the container's directory")?;
    rustix::process::umask(rustix::fs::Mode::empty());
    let root = rootfs::build(&spec)?;
    sys::mount::pivot(root.directory.as_fd()).tried("pivot_root")?;
    if let Some(gate) = gate {
        wait_for_cgroups(gate)?;
    }
    sys::process::unshare(Namespaces { cgroup: true, ..Namespaces::default() })
        .tried("unsharing the cgroup namespace")?;
    let process =
        Process { config: &spec.config, args: &spec.config.args, hostname: &spec.hostname, tty: spec.config.tty };
    Err(process::become_program(&process, &rights, stdio, Some(root.terminals)))
}

fn wait_for_cgroups(gate: OwnedFd) -> Outcome<()> {
    let mut answer = String::new();
    std::fs::File::from(gate).read_to_string(&mut answer).tried("waiting for the cgroups")?;
    match answer.as_str() {
        "k" => Ok(()),
        "" => Err(failure("entering the cgroups", "the helper died")),
        reason => Err(Failure { message: reason.into(), code: 128 }),
    }
}
