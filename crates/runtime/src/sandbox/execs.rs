//! Processes beside a container's own. Their streams belong to the agent; only their ends matter here.

use std::{
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::event::epoll::EventFlags;
use sys::process::{Ended, Namespaces};

use crate::{
    child::{self, Stdio},
    proto::{Exec, Failure, Message, Reply},
    sandbox::{
        containers::{State, drained},
        launch::{failed, pipe},
        now_ns,
        server::{Server, Source, refused},
    },
};

/// A process that an agent asked for.
pub(crate) struct Process {
    pid: i32,
    pidfd: OwnedFd,
    /// The answer that is still owed.
    pending: Option<Pending>,
    ended: Option<Ended>,
}

struct Pending {
    client: u64,
    n: u64,
    report: OwnedFd,
    token: u64,
    text: Vec<u8>,
}

impl Server {
    /// Starts a process in a container; the answer is sent when its program runs.
    pub(crate) fn exec(&mut self, client: u64, n: u64, exec: Exec, fds: Vec<OwnedFd>) -> Result<(), Failure> {
        let gone = || Failure { message: format!("container {:?} is not running", exec.container), code: 128 };
        let container = self.containers.get(exec.container.as_str()).filter(|c| matches!(c.state, State::Running));
        let container = container.ok_or_else(gone)?;
        let target = container.pidfd.try_clone().map_err(failed("copying a descriptor"))?;
        let (directory, first) = (container.directory.clone(), container.pid);
        let missing = || Failure { message: "a descriptor is missing".into(), code: 128 };
        let mut fds = fds.into_iter();
        let spec = fds.next().ok_or_else(missing)?;
        let stdio = if exec.tty {
            Stdio::Terminal(fds.next().ok_or_else(missing)?)
        } else {
            let mut take = |wanted: bool| if wanted { fds.next().map(Some).ok_or_else(missing) } else { Ok(None) };
            Stdio::Pipes([take(exec.stdin)?, take(exec.stdout)?, take(exec.stderr)?])
        };
        let (report, report_end) = pipe()?;
        rustix::io::ioctl_fionbio(&report, true).map_err(failed("making a pipe"))?;
        let pid_target = target.try_clone().map_err(failed("copying a descriptor"))?;
        let child = child::Exec {
            directory,
            spec,
            target,
            stdio,
            report: report_end,
            legacy: exec.place.legacy,
            oom_score_adj: exec.oom_score_adj,
        };
        let group = exec.place.unified.map(|group| inner_group(group, first));
        let (pid, pidfd) =
            self.copy(Namespaces::default(), Some(&pid_target), group.as_deref(), || child::exec(child))?;
        let token =
            self.poll.watch(&report, Source::Executed(exec.exec), EventFlags::IN).map_err(failed("watching a pipe"))?;
        let pending = Some(Pending { client, n, report, token, text: Vec::new() });
        self.execs.insert(exec.exec, Process { pid, pidfd, pending, ended: None });
        Ok(())
    }

    /// The report pipe has something, or closed: then the program runs.
    pub(crate) fn exec_report(&mut self, number: u64) {
        let Some(process) = self.execs.get_mut(&number) else { return };
        let Some(pending) = &mut process.pending else { return };
        if !drained(&pending.report, &mut pending.text) {
            return;
        }
        let Some(pending) = process.pending.take() else { return };
        self.poll.forget(pending.token, &pending.report);
        let (pid, ended) = (process.pid, process.ended);
        if !pending.text.is_empty() {
            self.execs.remove(&number);
            let failure = serde_json::from_slice(&pending.text).unwrap_or_else(|_| Failure {
                message: String::from_utf8_lossy(&pending.text).into_owned(),
                code: 128,
            });
            return self.clients.reply(&mut self.poll, pending.client, pending.n, Reply::Failed(failure), &[]);
        }
        let reply = Reply::Started { pid, at_ns: now_ns(), remarks: Vec::new() };
        self.clients.reply(&mut self.poll, pending.client, pending.n, reply, &[]);
        if let Some(ended) = ended {
            self.exec_over(number, ended);
        }
    }

    /// A child ended that is no container's first process.
    pub(crate) fn exec_ended(&mut self, ended: Ended) {
        let found = self.execs.iter_mut().find(|(_, process)| process.pid == ended.pid);
        // Otherwise an orphan of a container, or a helper.
        let Some((number, process)) = found else { return };
        let number = *number;
        if process.pending.is_some() {
            process.ended = Some(ended);
        } else {
            self.exec_over(number, ended);
        }
    }

    fn exec_over(&mut self, number: u64, ended: Ended) {
        self.execs.remove(&number);
        self.clients.tell(&mut self.poll, &Message::ExecEnded { exec: number, code: ended.code });
    }

    pub(crate) fn kill_exec(&mut self, number: u64) -> Reply {
        match self.execs.get(&number) {
            Some(process) => refused(sys::signal::send(process.pidfd.as_fd(), 9), "killing a process"),
            None => Reply::Missing,
        }
    }

    pub(crate) fn kill_all_execs(&mut self) {
        for process in self.execs.values() {
            let _ = sys::signal::send(process.pidfd.as_fd(), 9);
        }
    }
}

/// The group to be born in. A container that divides its own group (an init system does) keeps no processes in it: then
/// it is the one of the container's first process.
fn inner_group(group: PathBuf, first: i32) -> PathBuf {
    let divided = std::fs::read_to_string(group.join("cgroup.subtree_control")).is_ok_and(|on| !on.trim().is_empty());
    if !divided {
        return group;
    }
    let text = std::fs::read_to_string(format!("/proc/{first}/cgroup")).unwrap_or_default();
    let path = text.lines().find_map(|line| line.strip_prefix("0::")).map(Path::new).unwrap_or(Path::new("/"));
    let name = group.file_name();
    let below = path.components().skip_while(|part| Some(part.as_os_str()) != name).skip(1);
    group.join(below.collect::<PathBuf>())
}
