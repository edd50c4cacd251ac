//! Starting containers: a copy of this process becomes the program, another one moves it into its cgroups meanwhile.

use std::{
    convert::Infallible,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    rc::Rc,
};

use rustix::{event::epoll::EventFlags, pipe::PipeFlags};
use sys::process::{Fork, Namespaces};

use crate::{
    child::{self, Stdio, words},
    proto::{Failure, Start},
    sandbox::{
        containers::{Container, Pending, State, oom_kills},
        log::{Cutter, Log},
        server::{Server, Source},
        setup::Pids,
        streams::Output,
    },
};

/// Makes a [`Failure`] of an error of the system.
pub(crate) fn failed<E: Into<std::io::Error>>(tried: &str) -> impl Fn(E) -> Failure {
    move |error| Failure { message: format!("{tried}: {}", words(&error.into())), code: 128 }
}

pub(crate) fn pipe() -> Result<(OwnedFd, OwnedFd), Failure> {
    rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(failed("making a pipe"))
}

/// Both ends of what a container is connected to.
struct Wires {
    stdio: Stdio,
    stdin: Option<OwnedFd>,
    outputs: [Option<OwnedFd>; 2],
    master: Option<OwnedFd>,
}

impl Wires {
    fn new(tty: bool, stdin: bool) -> Result<Self, Failure> {
        if tty {
            let (ours, theirs) = sys::fdpass::pair().map_err(failed("making a socket"))?;
            return Ok(Self { stdio: Stdio::Terminal(theirs), stdin: None, outputs: [None, None], master: Some(ours) });
        }
        let (input, ours) = if stdin { pipe().map(|(read, write)| (Some(read), Some(write)))? } else { (None, None) };
        let (out, out_end) = pipe()?;
        let (err, err_end) = pipe()?;
        for output in [&out, &err] {
            rustix::io::ioctl_fionbio(output, true).map_err(failed("making a pipe"))?;
        }
        let stdio = Stdio::Pipes([input, Some(out_end), Some(err_end)]);
        Ok(Self { stdio, stdin: ours, outputs: [Some(out), Some(err)], master: None })
    }
}

impl Server {
    /// Starts a container; the answer is sent when its program runs.
    pub(crate) fn start(&mut self, client: u64, n: u64, start: Start) -> Result<(), Failure> {
        let id: Rc<str> = start.container.as_str().into();
        if self.containers.contains_key(&id) {
            return Err(Failure { message: format!("container {id} was started before"), code: 128 });
        }
        let directory = self.paths.container(&id).0;
        let log = Log::open(&start.log).map_err(failed("opening the log"))?;
        let target = self.target(&start)?;
        let wires = Wires::new(start.tty, start.stdin)?;
        let (report, report_end) = pipe()?;
        rustix::io::ioctl_fionbio(&report, true).map_err(failed("making a pipe"))?;
        let (gate, gate_end) =
            if start.place.legacy.is_empty() { (None, None) } else { pipe().map(|(r, w)| (Some(r), Some(w)))? };
        let shares_pids = target.is_some() || !matches!(self.pids, Pids::Container);
        let own = Namespaces {
            mount: true,
            pid: target.is_none() && matches!(self.pids, Pids::Container),
            ..Namespaces::default()
        };
        let child = child::Container { directory: directory.clone(), stdio: wires.stdio, report: report_end, gate };
        let (pid, pidfd) =
            self.copy(own, target.as_ref(), start.place.unified.as_deref(), || child::container(child))?;
        if let Some(gate) = gate_end {
            move_into(pid, start.place.legacy.clone(), gate)?;
        }
        let mut remarks = Vec::new();
        if let Some(value) = start.oom_score_adj {
            remarks.extend(oom_score_adj(pid, value));
        }
        let token =
            self.poll.watch(&report, Source::Started(id.clone()), EventFlags::IN).map_err(failed("watching a pipe"))?;
        let pending =
            Pending { client, n, report, token, text: Vec::new(), master: wires.master, remarks, ended: None };
        let mut container = Container {
            id: id.clone(),
            directory,
            log,
            state: State::Starting(Box::new(pending)),
            pid,
            pidfd,
            started_at_ns: 0,
            place: start.place,
            oom_kills_before: oom_kills(start.oom_counter.as_deref()),
            oom_counter: start.oom_counter,
            shares_pids,
            stdin: wires.stdin,
            stdin_once: start.stdin_once,
            terminal: None,
            outputs: [None, None],
            attached: Vec::new(),
        };
        for (which, (fd, name)) in wires.outputs.into_iter().zip(["stdout", "stderr"]).enumerate() {
            let Some(fd) = fd else { continue };
            if let Ok(token) = self.poll.watch(&fd, Source::Output(id.clone(), which), EventFlags::IN) {
                container.outputs[which] = Some(Output { fd, token, name, cutter: Cutter::default() });
            }
        }
        self.containers.insert(id, container);
        Ok(())
    }

    /// Whose process namespace a new container joins.
    fn target(&self, start: &Start) -> Result<Option<OwnedFd>, Failure> {
        let copy = |fd: &OwnedFd| fd.try_clone().map(Some).map_err(failed("copying a descriptor"));
        match (&self.pids, &start.target) {
            (Pids::Pod(first), _) => copy(first),
            (Pids::Host, _) | (Pids::Container, None) => Ok(None),
            (Pids::Container, Some(id)) => match self.containers.get(id.as_str()) {
                Some(container) if matches!(container.state, State::Running) => copy(&container.pidfd),
                _ => Err(Failure { message: format!("target container {id:?} does not run"), code: 128 }),
            },
        }
    }

    /// Copies this process, into the process namespace of `target` if one is given. The copy never comes back.
    pub(crate) fn copy(
        &self,
        own: Namespaces,
        target: Option<&OwnedFd>,
        group: Option<&Path>,
        child: impl FnOnce() -> Infallible,
    ) -> Result<(i32, OwnedFd), Failure> {
        let group = match group {
            Some(path) => Some(std::fs::File::open(path).map_err(failed("opening the cgroup"))?),
            None => None,
        };
        let pids = Namespaces { pid: true, ..Namespaces::default() };
        if let Some(target) = target {
            sys::process::enter(target.as_fd(), pids).map_err(failed("entering the process namespace"))?;
        }
        let result = sys::process::fork(own, group.as_ref().map(AsFd::as_fd));
        if let Ok(Fork::Child) = result {
            child();
        }
        if target.is_some() {
            sys::process::enter(self.own.as_fd(), pids).map_err(failed("leaving the process namespace"))?;
        }
        match result.map_err(failed("starting a process"))? {
            Fork::Parent { pid, pidfd } => Ok((pid, pidfd)),
            Fork::Child => sys::process::leave(1),
        }
    }
}

/// Moves a process into cgroups of version 1 from a process beside it: the first move waits for the kernel for
/// about ten milliseconds, in which the new process builds its file system.
fn move_into(pid: i32, groups: Vec<PathBuf>, gate: OwnedFd) -> Result<(), Failure> {
    match sys::process::fork(Namespaces::default(), None).map_err(failed("starting a process"))? {
        Fork::Parent { .. } => Ok(()),
        Fork::Child => {
            let fd = std::os::fd::AsRawFd::as_raw_fd(&gate);
            let _ = sys::process::close_all_but(&[fd]);
            let pid = pid.to_string();
            let mut answer = String::from("k");
            for group in groups {
                if let Err(error) = sys::cgroup::write(&group, "cgroup.procs", &pid) {
                    answer = format!(
                        "unable to apply cgroup configuration: failed to write {pid} to {}: {}",
                        group.display(),
                        words(&error)
                    );
                    break;
                }
            }
            let _ = rustix::io::write(gate.as_fd(), answer.as_bytes());
            sys::process::leave(0)
        }
    }
}

/// Sets it as far as the host allows; a remark where that is not all the way.
fn oom_score_adj(pid: i32, value: i32) -> Option<String> {
    let file = format!("/proc/{pid}/oom_score_adj");
    let error = std::fs::write(&file, value.to_string()).err()?;
    let now = std::fs::read_to_string(&file).unwrap_or_default();
    Some(format!("oom_score_adj {value} refused ({error}), it stays at {}", now.trim()))
}
