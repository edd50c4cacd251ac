//! Becoming a process beside a container's own.

use std::{
    io::Read,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::{Path, PathBuf},
};

use sys::process::Namespaces;

use crate::{
    child::{
        Outcome, Stdio, Tried, failure,
        process::{self, Process},
    },
    config::ContainerPaths,
    spec::{ContainerSpec, ExecSpec},
};

/// What the new process is given.
pub(crate) struct Exec {
    /// The container's state directory.
    pub directory: PathBuf,
    /// The [`ExecSpec`].
    pub spec: OwnedFd,
    /// The container's first process.
    pub target: OwnedFd,
    /// Standard descriptors.
    pub stdio: Stdio,
    /// Where to say what went wrong; closed by success.
    pub report: OwnedFd,
    /// Cgroups of version 1 to enter.
    pub legacy: Vec<PathBuf>,
    /// `oom_score_adj` if one is set.
    pub oom_score_adj: Option<i32>,
}

/// Never returns: either the program runs or the reason is reported.
pub(crate) fn run(exec: Exec) -> ! {
    let report = std::fs::File::from(exec.report);
    let what = Parts {
        directory: &exec.directory,
        legacy: &exec.legacy,
        oom_score_adj: exec.oom_score_adj,
        report: report.as_raw_fd(),
    };
    let failure = match start(&what, exec.spec, exec.target, exec.stdio) {
        Ok(never) => match never {},
        Err(failure) => failure,
    };
    let _ = serde_json::to_writer(&report, &failure);
    sys::process::leave(1)
}

struct Parts<'a> {
    directory: &'a Path,
    legacy: &'a [PathBuf],
    oom_score_adj: Option<i32>,
    report: i32,
}

fn start(what: &Parts<'_>, spec: OwnedFd, target: OwnedFd, stdio: Stdio) -> Outcome<std::convert::Infallible> {
    let mut keep = vec![what.report, spec.as_raw_fd(), target.as_raw_fd()];
    match &stdio {
        Stdio::Pipes(ends) => keep.extend(ends.iter().flatten().map(AsRawFd::as_raw_fd)),
        Stdio::Terminal(socket) => keep.push(socket.as_raw_fd()),
    }
    sys::process::close_all_but(&keep).tried("closing descriptors")?;
    let mut text = String::new();
    std::fs::File::from(spec).read_to_string(&mut text).tried("reading what to execute")?;
    let exec: ExecSpec = serde_json::from_str(&text).map_err(|error| failure("reading what to execute", error))?;
    let text =
        std::fs::read(ContainerPaths(what.directory.to_path_buf()).spec()).tried("reading the container's record")?;
    let container: ContainerSpec =
        serde_json::from_slice(&text).map_err(|error| failure("reading the container's record", error))?;
    let rights = process::rights(&container.config)?;
    if let Some(value) = what.oom_score_adj {
        // Refused where it would be lowered without the right to; the sandbox's own value then stays.
        let _ = std::fs::write("/proc/self/oom_score_adj", value.to_string());
    }
    for group in what.legacy {
        sys::cgroup::write(group, "cgroup.procs", "0")
            .tried(format_args!("entering the cgroup {}", group.display()))?;
    }
    let own = Namespaces { mount: true, cgroup: true, ..Namespaces::default() };
    sys::process::enter(target.as_fd(), own).tried("entering the container's namespaces")?;
    let process = Process { config: &container.config, args: &exec.args, hostname: &container.hostname, tty: exec.tty };
    Err(process::become_program(&process, &rights, stdio, None))
}
