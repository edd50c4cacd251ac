//! A netlink socket: send requests, gather the answers.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, getsockname,
    netlink::{self, SocketAddrNetlink},
    recv, send, socket_with,
    sockopt::{Timeout, set_socket_recv_buffer_size_force, set_socket_send_buffer_size_force, set_socket_timeout},
};

use super::message::{Buffer, Message, as_text, attribute, messages};

/// Kernel answers come within the call; a socket that stays silent this long has lost one.
const PATIENCE: Duration = Duration::from_secs(10);
const ERROR: u16 = 2;
const DONE: u16 = 3;
const INTERRUPTED: u16 = 0x10;
const WITH_DETAILS: u16 = 0x200;

/// What went wrong on the way to the kernel, or what it answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The socket itself.
    #[error("netlink socket: {tried}: {source}")]
    Socket {
        /// What was tried.
        tried: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// The kernel refused a request.
    #[error("{tried}: {source}{}{details}", if details.is_empty() { "" } else { ": " })]
    Refused {
        /// What was asked for.
        tried: String,
        /// The system's answer.
        source: io::Error,
        /// The kernel's own words, where it has some.
        details: String,
        /// The number of the message that it is about.
        sequence: u32,
    },
}

impl Error {
    /// The error number, where there is one.
    #[must_use]
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Socket { source, .. } | Self::Refused { source, .. } => source.raw_os_error(),
        }
    }

    /// Whether the thing that was asked for is not there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self.errno(), Some(libc::ENOENT | libc::ENODEV | libc::ESRCH | libc::EADDRNOTAVAIL))
    }

    /// Whether it is there already.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.errno() == Some(libc::EEXIST)
    }
}

/// Which part of the kernel to talk to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Links, addresses, routes.
    Route,
    /// Packet filters, connection tracking.
    Netfilter,
}

/// An open socket. It belongs to the network namespace in which it was opened, wherever it is used.
#[derive(Debug)]
pub struct Socket {
    fd: OwnedFd,
    port: u32,
}

impl Socket {
    /// A socket in the caller's network namespace.
    pub fn open(family: Family) -> Result<Self, Error> {
        Self::with_groups(family, 0)
    }

    /// A socket in the network namespace of process `pid`.
    pub fn open_in(family: Family, pid: i32) -> Result<Self, Error> {
        in_namespace_of(pid, || Self::open(family))?
    }

    /// A socket that hears what happens (`groups`: a bit per group, the first is bit 0). It does not block: wait until it is readable.
    pub fn listen(family: Family, groups: u32) -> Result<Self, Error> {
        let socket = Self::with_groups(family, groups)?;
        rustix::io::ioctl_fionbio(&socket.fd, true).map_err(|e| failed("make it non-blocking", e))?;
        Ok(socket)
    }

    fn with_groups(family: Family, groups: u32) -> Result<Self, Error> {
        let protocol = match family {
            // Routing is protocol 0.
            Family::Route => None,
            Family::Netfilter => Some(netlink::NETFILTER),
        };
        let fd = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)
            .map_err(|e| failed("open", e))?;
        bind(&fd, &SocketAddrNetlink::new(0, groups)).map_err(|e| failed("bind", e))?;
        set_socket_timeout(&fd, Timeout::Recv, Some(PATIENCE)).map_err(|e| failed("set a deadline", e))?;
        // Without these rights in a user namespace the defaults have to do.
        let _ = set_socket_send_buffer_size_force(&fd, 64 << 20);
        let _ = set_socket_recv_buffer_size_force(&fd, 8 << 20);
        set_flag(&fd, libc::NETLINK_EXT_ACK);
        set_flag(&fd, libc::NETLINK_CAP_ACK);
        let name = getsockname(&fd).map_err(|e| failed("ask for its name", e))?;
        let port = SocketAddrNetlink::try_from(name).map_err(|e| failed("ask for its name", e))?.pid();
        Ok(Self { fd, port })
    }

    /// The number under which others hear of what this socket does.
    #[must_use]
    pub fn port(&self) -> u32 {
        self.port
    }

    /// Sends messages that each ask for an acknowledgement, and waits for all of them. All are tried; the first error is returned.
    pub fn acknowledged(&self, buffer: &Buffer, tried: impl Fn() -> String) -> Result<(), Error> {
        // The kernel takes an empty message for an error.
        if buffer.bytes().is_empty() {
            return Ok(());
        }
        self.send(buffer)?;
        let count = messages(buffer.bytes()).len();
        let (mut answered, mut first) = (0, None);
        while answered < count {
            for message in self.receive()? {
                if message.kind != ERROR {
                    continue;
                }
                answered += 1;
                if let Some(error) = refusal(&message, &tried) {
                    first.get_or_insert(error);
                }
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// Sends a transaction whose last message asks for an acknowledgement. Collects all errors until then.
    pub fn transaction(&self, buffer: &Buffer, last: u32, tried: impl Fn() -> String) -> Result<(), Vec<Error>> {
        self.send(buffer).map_err(|e| vec![e])?;
        let mut errors = Vec::new();
        loop {
            // Everything was answered within the call; after an error there may be no acknowledgement to wait for.
            let received = match self.receive_now() {
                Ok(received) if received.is_empty() && errors.is_empty() => {
                    return Err(vec![failed("wait for the answer", rustix::io::Errno::TIMEDOUT)]);
                }
                Ok(received) if received.is_empty() => return Err(errors),
                Ok(received) => received,
                Err(error) => return Err(vec![error]),
            };
            for message in received.iter().filter(|m| m.kind == ERROR) {
                match refusal(message, &tried) {
                    Some(error) => errors.push(error),
                    None if message.sequence == last && errors.is_empty() => return Ok(()),
                    None => {}
                }
            }
        }
    }

    /// Sends one request for a list and gathers it.
    pub fn dump(&self, buffer: &Buffer, tried: impl Fn() -> String) -> Result<Vec<Message>, Error> {
        'again: for _ in 0..16 {
            self.send(buffer)?;
            let (mut all, mut torn) = (Vec::new(), false);
            loop {
                for message in self.receive()? {
                    torn |= message.flags & INTERRUPTED != 0;
                    match message.kind {
                        DONE if torn => continue 'again,
                        DONE => return Ok(all),
                        ERROR => match refusal(&message, &tried) {
                            Some(error) => return Err(error),
                            None => return Ok(all),
                        },
                        _ => all.push(message),
                    }
                }
            }
        }
        Err(failed("read a list that does not change meanwhile", rustix::io::Errno::INTR))
    }

    fn send(&self, buffer: &Buffer) -> Result<(), Error> {
        // What is left of an earlier request that ended in an error must not answer this one.
        while self.receive_now().is_ok_and(|m| !m.is_empty()) {}
        send(&self.fd, buffer.bytes(), SendFlags::empty()).map_err(|e| failed("send", e))?;
        Ok(())
    }

    fn receive(&self) -> Result<Vec<Message>, Error> {
        self.receive_with(RecvFlags::empty()).map_err(|e| failed("receive", e))
    }

    /// What is there at this moment; nothing where there is nothing.
    pub fn receive_now(&self) -> Result<Vec<Message>, Error> {
        match self.receive_with(RecvFlags::DONTWAIT) {
            Err(rustix::io::Errno::AGAIN) => Ok(Vec::new()),
            other => other.map_err(|e| failed("receive", e)),
        }
    }

    fn receive_with(&self, flags: RecvFlags) -> rustix::io::Result<Vec<Message>> {
        let mut bytes = vec![0; 64 << 10];
        loop {
            match recv(&self.fd, &mut bytes, flags) {
                Ok((length, _)) => return Ok(messages(&bytes[..length])),
                Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e),
            }
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> i32 {
        self.fd.as_raw_fd()
    }
}

fn failed(tried: &'static str, error: rustix::io::Errno) -> Error {
    Error::Socket { tried, source: error.into() }
}

fn set_flag(fd: &OwnedFd, option: i32) {
    let on: libc::c_int = 1;
    // SAFETY: the value is an int that lives during the call, and its size is given.
    // Both options only make answers better; kernels without them do as well.
    let _ = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_NETLINK,
            option,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
}

/// Reads an error message; an error of 0 is an acknowledgement.
fn refusal(message: &Message, tried: &impl Fn() -> String) -> Option<Error> {
    let code = message.payload.get(..4).and_then(|b| b.try_into().ok()).map_or(0, i32::from_ne_bytes);
    if code == 0 {
        return None;
    }
    // The request's header follows, then what the kernel has to say about it.
    let details =
        if message.flags & WITH_DETAILS == 0 { None } else { message.payload.get(20..).and_then(|b| attribute(b, 1)) };
    Some(Error::Refused {
        tried: tried(),
        source: io::Error::from_raw_os_error(-code),
        details: details.map(as_text).unwrap_or_default(),
        sequence: message.sequence,
    })
}

/// Runs `work` in the network namespace of process `pid`, in a thread of its own that ends afterwards.
pub fn in_namespace_of<T: Send>(pid: i32, work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    let path = format!("/proc/{pid}/ns/net");
    let namespace =
        std::fs::File::open(path).map_err(|source| Error::Socket { tried: "open the network namespace", source })?;
    std::thread::scope(|scope| {
        let thread = scope.spawn(move || {
            let kind = Some(rustix::thread::LinkNameSpaceType::Network);
            rustix::thread::move_into_link_name_space(namespace.as_fd(), kind)
                .map_err(|e| failed("enter the network namespace", e))?;
            Ok(work())
        });
        thread.join().unwrap_or(Err(failed("work in the network namespace", rustix::io::Errno::CANCELED)))
    })
}
