//! Exec, attach and connections into a pod: descriptors are passed, traffic never goes through here.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use cri::{
    Error, Result,
    runtime::{ContainerId, ExecConfig, SandboxId, Streams},
};
use rustix::{
    fs::MemfdFlags,
    pipe::{PipeFlags, pipe_with},
};
use tokio::{
    io::{Interest, unix::AsyncFd},
    sync::oneshot,
};

use crate::{
    agent::{Inner, containers::SOON, host},
    proto::{Exec, Reply, Request},
    spec::ExecSpec,
};

/// How long a program may take to be executed.
const START: Duration = Duration::from_secs(60);

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Room in the pipe of an attached session: what a slow client may be behind.
const ATTACH_BYTES: usize = 1 << 20;

const EXEC_FAILED: &str = "OCI runtime exec failed: exec failed: unable to start container process: ";

/// The ends of an exec's pipes: ours, theirs.
#[derive(Default)]
struct Pipes {
    ours: [Option<OwnedFd>; 3],
    theirs: [Option<OwnedFd>; 3],
}

fn pipes(config: &ExecConfig) -> io::Result<Pipes> {
    let mut pipes = Pipes::default();
    for (at, wanted) in [config.stdin, config.stdout, config.stderr].into_iter().enumerate() {
        if wanted {
            let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
            let (ours, theirs) = if at == 0 { (write, read) } else { (read, write) };
            (pipes.ours[at], pipes.theirs[at]) = (Some(ours), Some(theirs));
        }
    }
    Ok(pipes)
}

/// Text behind a descriptor: arguments may be larger than a packet.
fn memory(text: &[u8]) -> io::Result<OwnedFd> {
    use std::io::{Seek, Write};
    let mut file = std::fs::File::from(rustix::fs::memfd_create("exec", MemfdFlags::CLOEXEC)?);
    file.write_all(text)?;
    file.rewind()?;
    Ok(file.into())
}

impl Inner {
    /// Starts a process in a container.
    pub(super) async fn exec(
        self: &Arc<Self>,
        sandbox: &SandboxId,
        id: &ContainerId,
        config: &ExecConfig,
    ) -> Result<Streams> {
        let of = self.sandbox(sandbox)?;
        let link = of.link()?;
        let (group, oom_score_adj) = {
            let changing = of.changing.lock();
            let container = changing.containers.get(id);
            let container = container.ok_or_else(|| Error::NotFound { what: "container", name: id.0.to_string() })?;
            (container.group.clone(), container.oom_score_adj)
        };
        let number = self.execs.fetch_add(1, Ordering::Relaxed);
        let text = serde_json::to_vec(&ExecSpec::from(config)).map_err(host("preparing an exec"))?;
        let spec = memory(&text).map_err(host("preparing an exec"))?;
        let (pipes, socket) = if config.tty {
            (Pipes::default(), Some(sys::fdpass::pair().map_err(host("preparing an exec"))?))
        } else {
            (pipes(config).map_err(host("preparing an exec"))?, None)
        };
        let request = Request::Exec(Exec {
            exec: number,
            container: id.0.to_string(),
            tty: config.tty,
            stdin: pipes.theirs[0].is_some(),
            stdout: pipes.theirs[1].is_some(),
            stderr: pipes.theirs[2].is_some(),
            place: self.groups.place(&group),
            oom_score_adj,
        });
        let exit = link.expect(number);
        let fds: Vec<BorrowedFd<'_>> = std::iter::once(&spec)
            .chain(pipes.theirs.iter().flatten())
            .chain(socket.as_ref().map(|(_, theirs)| theirs))
            .map(AsFd::as_fd)
            .collect();
        let reply = link.call(request, &fds, START).await;
        drop(fds);
        drop(pipes.theirs);
        match reply {
            Ok((Reply::Started { .. }, _)) => {}
            other => {
                link.unexpect(number);
                return Err(exec_failed(other.map(|(reply, _)| reply), number));
            }
        }
        let terminal = socket.map(|(ours, _)| terminal(&ours)).transpose().map_err(host("receiving the terminal"))?;
        let kill = kill(&link, number);
        streams(pipes.ours, terminal, exit, Some(kill), config).map_err(host("preparing streams"))
    }

    /// Joins a container's own streams.
    pub(super) async fn attach(
        self: &Arc<Self>,
        sandbox: &SandboxId,
        id: &ContainerId,
        config: &ExecConfig,
    ) -> Result<Streams> {
        let of = self.sandbox(sandbox)?;
        let outputs = ExecConfig { stdin: false, ..config.clone() };
        let pipes = pipes(&outputs).map_err(host("preparing to attach"))?;
        for pipe in pipes.ours.iter().flatten() {
            // A smaller one does as well.
            let _ = rustix::pipe::fcntl_setpipe_size(pipe, ATTACH_BYTES);
        }
        let (sender, exit) = oneshot::channel();
        {
            let mut changing = of.changing.lock();
            let container = changing.containers.get_mut(id).filter(|container| container.runs());
            let container =
                container.ok_or_else(|| host(format!("attaching to container {}", id.0))("it does not run"))?;
            container.waiting.retain(|waiting| !waiting.is_closed());
            container.waiting.push(sender);
        }
        let fds: Vec<BorrowedFd<'_>> = pipes.theirs.iter().flatten().map(AsFd::as_fd).collect();
        let request = Request::Attach {
            container: id.0.to_string(),
            stdin: config.stdin,
            stdout: config.stdout,
            stderr: config.stderr,
        };
        let (reply, received) = of.link()?.call(request, &fds, SOON).await?;
        let Reply::Attached { stdin, terminal } = reply else {
            return Err(host(format!("attaching to container {}", id.0))("it does not run"));
        };
        let mut received = received.into_iter();
        let [_, stdout, stderr] = pipes.ours;
        Ok(Streams {
            stdin: if stdin { received.next() } else { None },
            terminal: if terminal { received.next() } else { None },
            stdout,
            stderr,
            exit,
            kill: None,
        })
    }

    /// Connects to a port on the pod's loopback, whichever family listens.
    pub(super) async fn connect(&self, sandbox: &SandboxId, port: u16) -> Result<TcpStream> {
        let link = self.sandbox(sandbox)?.link()?;
        let mut last = None;
        for address in [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))] {
            let (reply, mut fds) = link.call(Request::Socket { v6: address.is_ipv6() }, &[], SOON).await?;
            let (Reply::Done, Some(socket)) = (reply, fds.pop()) else { continue };
            match tokio::time::timeout(CONNECT, finish_connecting(socket, address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = last.or(Some(error)),
                Err(_) => {
                    return Err(Error::Timeout {
                        tried: format!("connecting to {address} in the pod"),
                        seconds: CONNECT.as_secs(),
                    });
                }
            }
        }
        let error = last.unwrap_or_else(|| io::ErrorKind::ConnectionRefused.into());
        Err(host(format!("connecting to port {port} in the pod"))(error))
    }
}

/// The stream stays non-blocking, as asynchronous users want it.
async fn finish_connecting(socket: OwnedFd, address: SocketAddr) -> io::Result<TcpStream> {
    match rustix::net::connect(&socket, &address) {
        Ok(()) => return Ok(TcpStream::from(socket)),
        Err(rustix::io::Errno::INPROGRESS) => {}
        Err(error) => return Err(error.into()),
    }
    #[expect(deprecated, reason = "its successor is unsafe; we own the socket and nobody closes it behind its back")]
    let socket = AsyncFd::with_interest(socket, Interest::WRITABLE)?;
    socket.writable().await?.retain_ready();
    rustix::net::sockopt::socket_error(&socket)??;
    Ok(TcpStream::from(socket.into_inner()))
}

fn exec_failed(reply: Result<Reply>, number: u64) -> Error {
    match reply {
        Ok(Reply::Failed(failure)) => Error::Start {
            message: format!(
                "failed to exec in container: failed to start exec \"{number:x}\": {EXEC_FAILED}{}",
                failure.message
            ),
            exit_code: failure.code,
        },
        Ok(_) => host("starting an exec")("the sandbox gave an answer that makes no sense"),
        Err(error) => error,
    }
}

/// The master end, sent before the program was executed, so it is there.
fn terminal(socket: &OwnedFd) -> io::Result<OwnedFd> {
    rustix::io::ioctl_fionbio(socket, true)?;
    let (_, mut fds) = sys::fdpass::receive(socket, &mut [0; 8])?;
    fds.pop().ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn kill(link: &Arc<crate::agent::link::Link>, exec: u64) -> Box<dyn FnOnce() + Send> {
    let (link, runtime) = (link.clone(), tokio::runtime::Handle::current());
    Box::new(move || {
        runtime.spawn(async move {
            let _ = link.call(Request::KillExec { exec }, &[], SOON).await;
        });
    })
}

fn streams(
    ours: [Option<OwnedFd>; 3],
    terminal: Option<OwnedFd>,
    exit: oneshot::Receiver<Result<i32>>,
    kill: Option<Box<dyn FnOnce() + Send>>,
    config: &ExecConfig,
) -> io::Result<Streams> {
    let [mut stdin, mut stdout, stderr] = ours;
    if let Some(terminal) = &terminal {
        if config.stdin {
            stdin = Some(terminal.try_clone()?);
        }
        stdout = Some(terminal.try_clone()?);
    }
    Ok(Streams { stdin, stdout, stderr, terminal, exit, kill })
}
