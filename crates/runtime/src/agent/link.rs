//! The connection to one sandbox.

use std::{
    collections::BTreeMap,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use cri::{Error, Result};
use parking_lot::Mutex;
use tokio::{
    io::{Interest, unix::AsyncFd},
    sync::oneshot,
};

use crate::{
    agent::host,
    proto::{AnyReply, Call, MOST_ANSWER_BYTES, MOST_BYTES, Message, Reply, Request},
};

/// Room for one packet, shared by all connections: they are many and mostly silent.
static ROOM: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn receive(socket: &OwnedFd) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
    let mut room = ROOM.lock();
    room.resize(MOST_ANSWER_BYTES, 0);
    let (length, fds) = sys::fdpass::receive(socket, &mut room)?;
    Ok((room[..length].to_vec(), fds))
}

type Answer = oneshot::Sender<(Reply, Vec<OwnedFd>)>;

/// An open connection.
pub(super) struct Link {
    socket: AsyncFd<OwnedFd>,
    next: AtomicU64,
    answers: Mutex<BTreeMap<u64, Answer>>,
    /// Who waits for the end of an exec.
    execs: Mutex<BTreeMap<u64, oneshot::Sender<Result<i32>>>>,
}

impl Link {
    pub(super) fn new(socket: OwnedFd) -> io::Result<Arc<Self>> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        #[expect(
            deprecated,
            reason = "its successor is unsafe; we own the socket and nobody closes it behind its back"
        )]
        let socket = AsyncFd::new(socket)?;
        Ok(Arc::new(Self { socket, next: AtomicU64::new(1), answers: Mutex::default(), execs: Mutex::default() }))
    }

    /// Asks and waits for the answer.
    pub(super) async fn call(
        &self,
        what: Request,
        fds: &[BorrowedFd<'_>],
        deadline: Duration,
    ) -> Result<(Reply, Vec<OwnedFd>)> {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let bytes = serde_json::to_vec(&Call { n, what }).map_err(host("writing a request"))?;
        if bytes.len() > MOST_BYTES {
            return Err(Error::Host { tried: "asking a sandbox".into(), reason: "the request is too large".into() });
        }
        let (sender, receiver) = oneshot::channel();
        self.answers.lock().insert(n, sender);
        let asked = async {
            let send = |socket: &OwnedFd| sys::fdpass::send(socket, &bytes, fds);
            self.socket.async_io(Interest::WRITABLE, send).await.map_err(host("asking a sandbox"))?;
            receiver
                .await
                .map_err(|_| Error::Host { tried: "asking a sandbox".into(), reason: "its process is gone".into() })
        };
        let result = tokio::time::timeout(deadline, asked).await;
        self.answers.lock().remove(&n);
        result.map_err(|_| Error::Timeout { tried: "asking a sandbox".into(), seconds: deadline.as_secs() })?
    }

    /// The next thing that happened on its own; answers are handed to those who asked. `None`: the connection ended.
    pub(super) async fn next(&self) -> Option<Message> {
        loop {
            let (packet, fds) = self.socket.async_io(Interest::READABLE, receive).await.ok()?;
            if packet.is_empty() {
                return None;
            }
            match serde_json::from_slice(&packet) {
                Ok(Message::Reply { n, reply }) => {
                    if let Some(answer) = self.answers.lock().remove(&n) {
                        let _ = answer.send((reply, fds));
                    }
                }
                Ok(Message::ExecEnded { exec, code }) => {
                    if let Some(waiting) = self.execs.lock().remove(&exec) {
                        let _ = waiting.send(Ok(code));
                    }
                }
                Ok(message @ Message::Exited { .. }) => return Some(message),
                Err(_) => self.not_understood(&packet),
            }
        }
    }

    /// A newer sandbox says more than this agent knows. Who waits for such an answer need not wait for ever.
    fn not_understood(&self, packet: &[u8]) {
        if let Ok(any) = serde_json::from_slice::<AnyReply>(packet)
            && let Some(answer) = self.answers.lock().remove(&any.reply.n)
        {
            let message = "it answers in words of a later version".into();
            let _ = answer.send((Reply::Refused { message }, Vec::new()));
        }
    }

    /// Announces an exec, whose end then comes here.
    pub(super) fn expect(&self, exec: u64) -> oneshot::Receiver<Result<i32>> {
        let (sender, receiver) = oneshot::channel();
        self.execs.lock().insert(exec, sender);
        receiver
    }

    /// It did not start.
    pub(super) fn unexpect(&self, exec: u64) {
        self.execs.lock().remove(&exec);
    }

    /// Nothing more comes: everybody who waits is told.
    pub(super) fn close(&self) {
        self.answers.lock().clear();
        for (_, waiting) in std::mem::take(&mut *self.execs.lock()) {
            let reason = "the sandbox process is gone".into();
            let _ = waiting.send(Err(Error::Host { tried: "waiting for a process".into(), reason }));
        }
    }
}

/// Connects to a sandbox by its socket, whose path may be too long for an address.
pub(super) fn connect(path: &std::path::Path) -> io::Result<OwnedFd> {
    use std::os::fd::AsRawFd;
    let directory = std::fs::File::open(path.parent().unwrap_or(path))?;
    let name = path.file_name().unwrap_or_default();
    let short = std::path::Path::new("/proc/self/fd").join(directory.as_fd().as_raw_fd().to_string()).join(name);
    sys::fdpass::connect(&short)
}
