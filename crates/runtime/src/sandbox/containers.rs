//! The containers of a sandbox, from their start to the end of their memory.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    rc::Rc,
};

use cri::runtime::Exit;
use rustix::process::Signal;
use sys::process::Ended;

use crate::{
    config::{ContainerPaths, write_whole},
    proto::{Failure, Known, Message, Place, Reply},
    sandbox::{
        log::Log,
        now_ns,
        server::{Server, refused},
        streams::{Attached, Output},
    },
    spec::Running,
};

/// An answer that is still owed for a start.
pub(crate) struct Pending {
    pub(crate) client: u64,
    pub(crate) n: u64,
    pub(crate) report: OwnedFd,
    pub(crate) token: u64,
    pub(crate) text: Vec<u8>,
    /// Where the terminal's master arrives.
    pub(crate) master: Option<OwnedFd>,
    pub(crate) remarks: Vec<String>,
    /// The process ended before the answer was sent.
    pub(crate) ended: Option<Ended>,
}

/// Where it stands.
pub(crate) enum State {
    Starting(Box<Pending>),
    Running,
    Exited(Exit),
}

/// A container.
pub(crate) struct Container {
    pub(crate) id: Rc<str>,
    pub(crate) directory: PathBuf,
    pub(crate) log: Log,
    pub(crate) state: State,
    pub(crate) pid: i32,
    pub(crate) pidfd: OwnedFd,
    pub(crate) started_at_ns: i64,
    pub(crate) place: Place,
    pub(crate) oom_counter: Option<PathBuf>,
    /// What it said at the start: an earlier container may have had the same group.
    pub(crate) oom_kills_before: u64,
    /// Others live in its process namespace, or it lives in another's: its end does not end what it started.
    pub(crate) shares_pids: bool,
    pub(crate) stdin: Option<OwnedFd>,
    pub(crate) stdin_once: bool,
    pub(crate) terminal: Option<OwnedFd>,
    pub(crate) outputs: [Option<Output>; 2],
    pub(crate) attached: Vec<Attached>,
}

impl Container {
    pub(crate) fn known(&self) -> Known {
        let exit = match &self.state {
            State::Starting(_) | State::Running => None,
            State::Exited(exit) => Some(exit.clone()),
        };
        Known { container: self.id.to_string(), pid: self.pid, started_at_ns: self.started_at_ns, exit }
    }

    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.state, State::Exited(_))
    }

    pub(crate) fn kill(&self, signal: i32) -> io::Result<()> {
        sys::signal::send(self.pidfd.as_fd(), signal)
    }

    fn oom_killed(&self) -> bool {
        oom_kills(self.oom_counter.as_deref()) > self.oom_kills_before
    }

    /// Processes that outlived the first one without a namespace that ends them.
    fn kill_rest(&self) {
        let groups = self.place.unified.iter().chain(self.place.legacy.first());
        for group in groups {
            if sys::cgroup::write(group, "cgroup.kill", "1").is_ok() {
                return;
            }
            for pid in sys::cgroup::processes(group).unwrap_or_default() {
                if let Some(pid) = rustix::process::Pid::from_raw(pid) {
                    let _ = rustix::process::kill_process(pid, Signal::KILL);
                }
            }
        }
    }
}

impl Server {
    /// The report pipe of a starting container has something, or closed: then its program runs.
    pub(crate) fn report(&mut self, id: &str) {
        let Some(container) = self.containers.get_mut(id) else { return };
        let State::Starting(pending) = &mut container.state else { return };
        if !drained(&pending.report, &mut pending.text) {
            return;
        }
        let State::Starting(pending) = std::mem::replace(&mut container.state, State::Running) else { return };
        let pending = *pending;
        self.poll.forget(pending.token, &pending.report);
        if !pending.text.is_empty() {
            let failure = serde_json::from_slice(&pending.text).unwrap_or_else(|_| Failure {
                message: String::from_utf8_lossy(&pending.text).into_owned(),
                code: 128,
            });
            return self.not_started(id, pending.client, pending.n, failure);
        }
        container.started_at_ns = now_ns();
        if let Some(socket) = &pending.master {
            container.terminal = sys::fdpass::receive(socket, &mut [0; 8]).ok().and_then(|(_, mut fds)| fds.pop());
            container.adopt_terminal(&mut self.poll);
        }
        let running = Running { pid: container.pid, started_at_ns: container.started_at_ns };
        let record = serde_json::to_vec(&running).unwrap_or_default();
        let _ = write_whole(&ContainerPaths(container.directory.clone()).running(), &record);
        let reply = Reply::Started { pid: container.pid, at_ns: container.started_at_ns, remarks: pending.remarks };
        self.clients.reply(&mut self.poll, pending.client, pending.n, reply, &[]);
        if let Some(ended) = pending.ended {
            self.finish(id, ended);
        }
    }

    fn not_started(&mut self, id: &str, client: u64, n: u64, failure: Failure) {
        if let Some(container) = self.containers.get_mut(id) {
            let exit = Exit {
                started_at_ns: 0,
                finished_at_ns: now_ns(),
                code: failure.code,
                signal: 0,
                oom_killed: false,
                unknown: false,
            };
            container.end(&mut self.poll, &mut self.buffers, exit.clone());
            if self.clients.socket(client).is_none() {
                // Who asked for it is gone; a later agent takes it for running.
                self.clients.tell(&mut self.poll, &Message::Exited { container: id.to_owned(), exit });
            }
        }
        self.clients.reply(&mut self.poll, client, n, Reply::Failed(failure), &[]);
    }

    /// A child ended; false when it is none of the containers' first processes.
    pub(crate) fn container_ended(&mut self, ended: Ended) -> bool {
        let found = self.containers.values_mut().find(|c| c.pid == ended.pid && !c.has_ended());
        let Some(container) = found else { return false };
        match &mut container.state {
            // Whether its program ran shows when the report pipe closes.
            State::Starting(pending) => pending.ended = Some(ended),
            State::Running | State::Exited(_) => {
                let id = container.id.clone();
                self.finish(&id, ended);
            }
        }
        true
    }

    fn finish(&mut self, id: &str, ended: Ended) {
        let Some(container) = self.containers.get_mut(id) else { return };
        if container.shares_pids {
            container.kill_rest();
        }
        let exit = Exit {
            started_at_ns: container.started_at_ns,
            finished_at_ns: now_ns(),
            code: ended.code,
            signal: ended.signal,
            oom_killed: container.oom_killed(),
            unknown: false,
        };
        container.end(&mut self.poll, &mut self.buffers, exit.clone());
        self.clients.tell(&mut self.poll, &Message::Exited { container: id.to_owned(), exit });
    }

    pub(crate) fn signal(&mut self, id: &str, signal: i32) -> Reply {
        match self.containers.get(id) {
            Some(container) if !container.has_ended() => match container.kill(signal) {
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => Reply::Missing,
                result => refused(result, "sending a signal"),
            },
            _ => Reply::Missing,
        }
    }

    pub(crate) fn forget(&mut self, id: &str) -> Reply {
        match self.containers.get(id) {
            Some(container) if !container.has_ended() => Reply::Refused { message: "the container still runs".into() },
            Some(_) => {
                self.containers.remove(id);
                sys::process::trim_heap();
                Reply::Done
            }
            None => Reply::Missing,
        }
    }

    pub(crate) fn kill_everything(&mut self) {
        for container in self.containers.values().filter(|container| !container.has_ended()) {
            let _ = container.kill(Signal::KILL.as_raw());
        }
        self.kill_all_execs();
    }
}

impl Container {
    /// Nothing more happens with it: what it wrote last goes to the log, everything is closed, the end is recorded.
    fn end(
        &mut self,
        poll: &mut crate::sandbox::server::Poll,
        buffers: &mut crate::sandbox::pump::Buffers,
        exit: Exit,
    ) {
        self.drain(poll, buffers);
        self.stdin = None;
        self.terminal = None;
        self.attached.clear();
        self.log.close();
        let record = serde_json::to_vec(&exit).unwrap_or_default();
        let _ = write_whole(&ContainerPaths(self.directory.clone()).exit(), &record);
        self.state = State::Exited(exit);
    }
}

/// How often the out-of-memory killer struck, by a file of a cgroup.
pub(crate) fn oom_kills(counter: Option<&Path>) -> u64 {
    let text = counter.and_then(|file| std::fs::read_to_string(file).ok());
    text.and_then(|text| sys::cgroup::key_of(&text, "oom_kill")).unwrap_or(0)
}

/// Reads what a pipe has without waiting; true when its other end is closed.
pub(crate) fn drained(pipe: &OwnedFd, text: &mut Vec<u8>) -> bool {
    const MOST: usize = 64 * 1024;
    let mut chunk = [0; 1024];
    loop {
        match rustix::io::read(pipe.as_fd(), &mut chunk[..]) {
            Ok(0) => return true,
            Ok(length) if text.len() < MOST => text.extend_from_slice(&chunk[..length]),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => return false,
            Err(_) => return true,
        }
    }
}
