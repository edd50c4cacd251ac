//! A container's streams and who else listens to them.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, epoll::EventFlags};

use crate::{
    proto::Reply,
    sandbox::{
        containers::{Container, State},
        log::Cutter,
        server::{Poll, Server, Source},
    },
};

/// How long one that does not keep up may hold a container's output back before it is dropped.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 500_000_000 };

/// One stream of output.
pub(crate) struct Output {
    pub(crate) fd: OwnedFd,
    pub(crate) token: u64,
    pub(crate) name: &'static str,
    pub(crate) cutter: Cutter,
}

/// Somebody who is attached: its pipes for stdout and stderr.
pub(crate) struct Attached {
    pub(crate) pipes: [Option<OwnedFd>; 2],
}

impl Attached {
    /// Whether anybody still holds a reading end.
    fn heard(&self) -> bool {
        self.pipes.iter().flatten().any(|pipe| {
            let mut state = [PollFd::new(pipe, PollFlags::empty())];
            let now = Timespec { tv_sec: 0, tv_nsec: 0 };
            rustix::event::poll(&mut state, Some(&now)).is_ok() && !state[0].revents().contains(PollFlags::ERR)
        })
    }

    /// Passes output on; false when it is gone or too slow.
    pub(crate) fn pass(&self, which: usize, data: &[u8]) -> bool {
        self.pipes[which].as_ref().is_none_or(|pipe| pass(pipe.as_fd(), data))
    }
}

fn pass(pipe: BorrowedFd<'_>, mut data: &[u8]) -> bool {
    while !data.is_empty() {
        match rustix::io::write(pipe, data) {
            Ok(length) => data = &data[length..],
            Err(rustix::io::Errno::INTR) => {}
            // The pipe itself is its buffer. It is full: wait a little, so that a client which is merely slow gets all.
            Err(rustix::io::Errno::AGAIN) => {
                let mut wanted = [PollFd::from_borrowed_fd(pipe, PollFlags::OUT)];
                if !matches!(rustix::event::poll(&mut wanted, Some(&PATIENCE)), Ok(1..)) {
                    return false;
                }
            }
            Err(_) => return false,
        }
    }
    true
}

impl Container {
    /// Reads from the terminal from now on, as from a pipe for stdout.
    pub(crate) fn adopt_terminal(&mut self, poll: &mut Poll) {
        let Some(copy) = self.terminal.as_ref().and_then(|terminal| terminal.try_clone().ok()) else { return };
        if rustix::io::ioctl_fionbio(&copy, true).is_err() {
            return;
        }
        if let Ok(token) = poll.watch(&copy, Source::Output(self.id.clone(), 0), EventFlags::IN) {
            self.outputs[0] = Some(Output { fd: copy, token, name: "stdout", cutter: Cutter::default() });
        }
    }
}

impl Server {
    /// Adds a listener; answers with stdin and the terminal.
    pub(crate) fn attach(&mut self, client: u64, n: u64, id: &str, wants: [bool; 3], fds: Vec<OwnedFd>) {
        let Some(container) = self.containers.get_mut(id).filter(|c| matches!(c.state, State::Running)) else {
            return self.clients.reply(&mut self.poll, client, n, Reply::Missing, &[]);
        };
        let mut fds = fds.into_iter();
        let mut pipes = [None, None];
        for (pipe, wanted) in pipes.iter_mut().zip(&wants[1..]) {
            if *wanted {
                *pipe = fds.next();
            }
            if let Some(pipe) = pipe {
                let _ = rustix::io::ioctl_fionbio(&*pipe, true);
            }
        }
        // Without output nobody would notice that earlier ones left.
        container.attached.retain(Attached::heard);
        container.attached.push(Attached { pipes });
        let terminal = container.terminal.as_ref().and_then(|terminal| terminal.try_clone().ok());
        let stdin = match (wants[0], &terminal) {
            (false, _) => None,
            (true, Some(_)) => container.terminal.as_ref().and_then(|t| t.try_clone().ok()),
            // The only copy goes away: when that session ends, so does the container's input.
            (true, None) if container.stdin_once => container.stdin.take(),
            (true, None) => container.stdin.as_ref().and_then(|stdin| stdin.try_clone().ok()),
        };
        let reply = Reply::Attached { stdin: stdin.is_some(), terminal: terminal.is_some() };
        let fds: Vec<BorrowedFd<'_>> = stdin.iter().chain(&terminal).map(AsFd::as_fd).collect();
        self.clients.reply(&mut self.poll, client, n, reply, &fds);
    }
}
