//! The sandbox's loop: one descriptor, one event, one handler.

use std::{
    collections::BTreeMap,
    mem::MaybeUninit,
    os::fd::{AsFd, OwnedFd},
    rc::Rc,
};

use rustix::event::{
    Timespec,
    epoll::{self, Event, EventData, EventFlags},
};

use crate::{
    config::SandboxPaths,
    proto::{Call, Known, MOST_BYTES, Numbered, REFUSES, Reply, Request, Version},
    sandbox::{Error, Tried, clients::Clients, containers::Container, execs::Process, pump::Buffers, setup::Pids},
};

/// What a descriptor belongs to.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Children ended.
    Signals,
    /// An agent wants to connect.
    Listener,
    /// An agent says something.
    Client,
    /// A container wrote something; which of its outputs.
    Output(Rc<str>, usize),
    /// A container's first process runs its program, or says why not.
    Started(Rc<str>),
    /// The same for a process beside it.
    Executed(u64),
}

/// The set of descriptors that are waited for.
pub(crate) struct Poll {
    epoll: OwnedFd,
    next: u64,
    sources: BTreeMap<u64, Source>,
}

impl Poll {
    fn new() -> std::io::Result<Self> {
        Ok(Self { epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?, next: 1, sources: BTreeMap::new() })
    }

    /// Adds one; the token names it from then on.
    pub(crate) fn watch<F: AsFd>(&mut self, fd: F, source: Source, flags: EventFlags) -> std::io::Result<u64> {
        let token = self.next;
        epoll::add(&self.epoll, fd, EventData::new_u64(token), flags)?;
        self.next += 1;
        self.sources.insert(token, source);
        Ok(token)
    }

    /// Removes one before it is closed: other processes may hold copies, which would keep it in the set.
    pub(crate) fn forget<F: AsFd>(&mut self, token: u64, fd: F) {
        self.sources.remove(&token);
        let _ = epoll::delete(&self.epoll, fd);
    }

    /// Waits for other things.
    pub(crate) fn change<F: AsFd>(&mut self, token: u64, fd: F, flags: EventFlags) {
        let _ = epoll::modify(&self.epoll, fd, EventData::new_u64(token), flags);
    }
}

/// Everything that a sandbox is.
pub(crate) struct Server {
    pub(crate) poll: Poll,
    pub(crate) paths: SandboxPaths,
    pub(crate) pids: Pids,
    /// This process, to come back to its own process namespace.
    pub(crate) own: OwnedFd,
    pub(crate) clients: Clients,
    pub(crate) containers: BTreeMap<Rc<str>, Container>,
    pub(crate) execs: BTreeMap<u64, Process>,
    pub(crate) buffers: Buffers,
    speaks: Version,
    signals: OwnedFd,
    listener: OwnedFd,
    quitting: bool,
}

impl Server {
    pub(crate) fn new(
        paths: SandboxPaths,
        pids: Pids,
        agent: OwnedFd,
        listener: OwnedFd,
        signals: OwnedFd,
        speaks: Version,
    ) -> Result<Self, Error> {
        let own = rustix::process::pidfd_open(rustix::process::getpid(), rustix::process::PidfdFlags::empty())
            .tried("opening this process")?;
        let mut server = Self {
            poll: Poll::new().tried("epoll")?,
            paths,
            pids,
            own,
            clients: Clients::default(),
            containers: BTreeMap::new(),
            execs: BTreeMap::new(),
            buffers: Buffers::default(),
            speaks,
            signals,
            listener,
            quitting: false,
        };
        rustix::io::ioctl_fionbio(&agent, true).tried("preparing the agent's socket")?;
        server.clients.add(&mut server.poll, agent).tried("watching the agent")?;
        server.poll.watch(&server.signals, Source::Signals, EventFlags::IN).tried("watching signals")?;
        server.poll.watch(&server.listener, Source::Listener, EventFlags::IN).tried("watching the listener")?;
        Ok(server)
    }

    /// Serves until it is told to quit and everything has ended.
    pub(crate) fn serve(mut self) -> Result<(), Error> {
        while !(self.quitting && self.all_ended()) {
            let mut events = [MaybeUninit::<Event>::uninit(); 16];
            let idle = Timespec { tv_sec: 0, tv_nsec: 0 };
            let mut ready: Vec<(u64, EventFlags)> = Vec::new();
            // Before it sleeps for long, it lets go of what it used while busy.
            let timeouts: &[Option<&Timespec>] = if self.buffers.held() { &[Some(&idle), None] } else { &[None] };
            for timeout in timeouts {
                if timeout.is_none() {
                    self.buffers.release();
                }
                match epoll::wait(&self.poll.epoll, &mut events[..], *timeout) {
                    Ok((found, _)) => ready.extend(found.iter().map(|event| (event.data.u64(), event.flags))),
                    Err(rustix::io::Errno::INTR) => {}
                    Err(error) => return Err(error).tried("waiting for events"),
                }
                if !ready.is_empty() {
                    break;
                }
            }
            for (token, flags) in ready {
                // An earlier event of this round may have removed it.
                if let Some(source) = self.poll.sources.get(&token).cloned() {
                    self.handle(token, source, flags);
                }
            }
        }
        let _ = std::fs::remove_file(self.paths.socket());
        Ok(())
    }

    fn handle(&mut self, token: u64, source: Source, flags: EventFlags) {
        match source {
            Source::Signals => self.children(),
            Source::Listener => self.accept(),
            Source::Client => {
                if flags.contains(EventFlags::OUT) {
                    self.clients.flush(&mut self.poll, token);
                }
                if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
                    self.receive(token);
                }
            }
            Source::Output(container, which) => self.pump(&container, which),
            Source::Started(container) => self.report(&container),
            Source::Executed(exec) => self.exec_report(exec),
        }
    }

    fn accept(&mut self) {
        while let Ok(Some(socket)) = sys::fdpass::accept(&self.listener) {
            let _ = self.clients.add(&mut self.poll, socket);
        }
    }

    fn receive(&mut self, token: u64) {
        let Some(socket) = self.clients.socket(token) else { return };
        let mut packet = vec![0; MOST_BYTES];
        let (length, fds) = match sys::fdpass::receive(socket, &mut packet) {
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::Interrupted) => {
                return;
            }
            Ok((0, _)) | Err(_) => return self.clients.remove(&mut self.poll, token),
            Ok(received) => received,
        };
        match serde_json::from_slice::<Call>(&packet[..length]) {
            Ok(call) => {
                drop(packet);
                self.answer(token, call, fds);
            }
            Err(_) => self.not_understood(token, &packet[..length]),
        }
    }

    /// A newer agent's request is refused; of somebody who speaks something else the socket is of no use.
    fn not_understood(&mut self, client: u64, packet: &[u8]) {
        match serde_json::from_slice::<Numbered>(packet) {
            Ok(call) if self.speaks >= REFUSES => {
                let message = format!("a sandbox of version {} does not know this request", self.speaks);
                self.clients.reply(&mut self.poll, client, call.n, Reply::Refused { message }, &[]);
            }
            _ => self.clients.remove(&mut self.poll, client),
        }
    }

    fn answer(&mut self, client: u64, call: Call, fds: Vec<OwnedFd>) {
        let n = call.n;
        let reply = match call.what {
            Request::Hello { .. } => {
                self.clients.greet(client);
                let pid = rustix::process::getpid().as_raw_nonzero().get();
                let Version { major: version, minor } = self.speaks;
                Reply::Hello { version, minor, pid, containers: self.known() }
            }
            Request::Start(start) => match self.start(client, n, *start) {
                Ok(()) => return,
                Err(failure) => Reply::Failed(failure),
            },
            Request::Exec(exec) => match self.exec(client, n, exec, fds) {
                Ok(()) => return,
                Err(failure) => Reply::Failed(failure),
            },
            Request::KillExec { exec } => self.kill_exec(exec),
            Request::Signal { container, signal } => self.signal(&container, signal),
            Request::Attach { container, stdin, stdout, stderr } => {
                return self.attach(client, n, &container, [stdin, stdout, stderr], fds);
            }
            Request::Reopen { container } => match self.containers.get_mut(container.as_str()) {
                None => Reply::Missing,
                Some(container) => refused(container.log.reopen(), "opening the log"),
            },
            Request::Forget { container } => self.forget(&container),
            Request::Socket { v6 } => match socket(v6) {
                Ok(socket) => return self.clients.reply(&mut self.poll, client, n, Reply::Done, &[socket.as_fd()]),
                Err(error) => Reply::Refused { message: format!("making a socket: {error}") },
            },
            Request::Quit => {
                self.quitting = true;
                self.kill_everything();
                Reply::Done
            }
        };
        self.clients.reply(&mut self.poll, client, n, reply, &[]);
    }

    fn children(&mut self) {
        sys::signal::pending(&self.signals);
        while let Ok(Some(ended)) = sys::process::reap() {
            if !self.container_ended(ended) {
                self.exec_ended(ended);
            }
        }
    }

    fn known(&self) -> Vec<Known> {
        self.containers.values().map(Container::known).collect()
    }

    fn all_ended(&self) -> bool {
        self.containers.values().all(Container::has_ended)
    }
}

fn socket(v6: bool) -> std::io::Result<OwnedFd> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType};
    let family = if v6 { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(rustix::net::socket_with(family, SocketType::STREAM, flags, None)?)
}

/// A reply for something that the system may refuse.
pub(crate) fn refused(result: std::io::Result<()>, tried: &str) -> Reply {
    match result {
        Ok(()) => Reply::Done,
        Err(error) => Reply::Refused { message: format!("{tried}: {error}") },
    }
}
