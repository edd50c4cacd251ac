//! What goes wrong between a component and the API server: calls that are slow, refused or whose answers are lost,
//! conflicts, watches that lag, break or fall silent, a server that restarts, a node that nobody reaches.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use apiserver::server::ApiServer;
use client::{
    Rng,
    transport::{Call, RawEvent, Request, Response, SharedTransport, Transport, TransportError, WatchStream},
};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};

use crate::{life::Life, transport::InProcess};

/// Events that wait behind a watch that lags; the server's own bound follows behind it.
const LAGGING: usize = 1024;
/// How long a call into the void takes to fail.
const NO_ROUTE: Duration = Duration::from_secs(5);
const REFUSED: Duration = Duration::from_millis(50);

/// How much goes wrong, per thousand. A clone is the same.
#[derive(Clone)]
pub struct Faults(Arc<Rates>);

struct Rates {
    rng: Rng,
    calls: AtomicU64,
    watches: AtomicU64,
    commits: AtomicU64,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Good,
    /// It is slow.
    Slow(Duration),
    /// It never gets there.
    Lost,
    /// It is done, and the answer does not come back.
    AnswerLost,
    /// Somebody else was quicker.
    Conflict,
    /// The server is not well.
    Unavailable,
}

/// What happens to a watch.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    /// What comes after a silence comes late by this.
    Lags(Duration),
    /// It breaks after so many events.
    Breaks(u64),
    /// After so many events nothing comes any more, and it does not end.
    Silent(u64),
}

impl Faults {
    /// Nothing goes wrong until it is told to.
    #[must_use]
    pub fn none(rng: Rng) -> Self {
        Self(Arc::new(Rates { rng, calls: AtomicU64::new(0), watches: AtomicU64::new(0), commits: AtomicU64::new(0) }))
    }

    /// So many of a thousand calls, watches and commits go wrong from now on.
    pub fn set(&self, calls: u64, watches: u64, commits: u64) {
        self.0.calls.store(calls, Ordering::Relaxed);
        self.0.watches.store(watches, Ordering::Relaxed);
        self.0.commits.store(commits, Ordering::Relaxed);
    }

    fn hit(&self, rate: &AtomicU64) -> bool {
        let rate = rate.load(Ordering::Relaxed);
        rate > 0 && self.0.rng.below(1000) < rate
    }

    /// This commit fails.
    pub(crate) fn commit_fails(&self) -> bool {
        self.hit(&self.0.commits)
    }

    fn of_call(&self, method: &str) -> Fate {
        if !self.hit(&self.0.calls) {
            return Fate::Good;
        }
        match self.0.rng.below(6) {
            0 => Fate::Lost,
            1 => Fate::AnswerLost,
            2 if matches!(method, "PUT" | "PATCH") => Fate::Conflict,
            3 => Fate::Unavailable,
            _ => Fate::Slow(Duration::from_millis(self.0.rng.below(3_000))),
        }
    }

    fn of_watch(&self) -> Option<Trouble> {
        if !self.hit(&self.0.watches) {
            return None;
        }
        let after = self.0.rng.below(40);
        Some(match self.0.rng.below(4) {
            0 => Trouble::Breaks(after),
            1 => Trouble::Silent(after),
            _ => Trouble::Lags(Duration::from_millis(self.0.rng.below(5_000))),
        })
    }
}

/// The way to the API server, which may be down. A clone is the same door.
#[derive(Clone, Default)]
pub struct Door(Arc<Frame>);

#[derive(Default)]
struct Frame {
    server: Mutex<(u64, Option<Arc<ApiServer>>)>,
    changed: Notify,
}

impl Door {
    /// A server stands behind it (or none); whoever waits for an answer of the one before waits in vain.
    pub fn set(&self, server: Option<Arc<ApiServer>>) {
        let mut known = self.0.server.lock();
        *known = (known.0 + 1, server);
        drop(known);
        self.0.changed.notify_waiters();
    }

    fn server(&self) -> (u64, Option<Arc<ApiServer>>) {
        self.0.server.lock().clone()
    }

    async fn other_than(&self, number: u64) {
        loop {
            let changed = self.0.changed.notified();
            if self.0.server.lock().0 != number {
                return;
            }
            changed.await;
        }
    }
}

/// Whether a node is cut off. A clone is the same cut.
#[derive(Clone, Default)]
pub struct Cut(Arc<(AtomicBool, Notify)>);

impl Cut {
    /// Cuts off, or joins again.
    pub fn set(&self, cut: bool) {
        self.0.0.store(cut, Ordering::Release);
        self.0.1.notify_waiters();
    }

    /// It is cut off.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.0.load(Ordering::Acquire)
    }

    async fn becomes(&self, cut: bool) {
        loop {
            let changed = self.0.1.notified();
            if self.is_set() == cut {
                return;
            }
            changed.await;
        }
    }
}

/// A component's way to the API server.
pub struct Line {
    /// Where the server is.
    pub door: Door,
    /// Under which name.
    pub user: String,
    /// In which groups.
    pub groups: Vec<String>,
    /// What goes wrong.
    pub faults: Faults,
    /// Of the component's process.
    pub life: Life,
    /// Of its node.
    pub cut: Cut,
    /// The transport to the server of this number.
    pub known: Mutex<Option<(u64, SharedTransport)>>,
}

impl Line {
    fn transport(&self) -> (u64, Option<SharedTransport>) {
        let (number, server) = self.door.server();
        let Some(server) = server else { return (number, None) };
        let mut known = self.known.lock();
        if let Some((of, transport)) = &*known
            && *of == number
        {
            return (number, Some(transport.clone()));
        }
        let groups: Vec<&str> = self.groups.iter().map(String::as_str).collect();
        let transport = InProcess::shared(&server, &self.user, &groups);
        *known = Some((number, transport.clone()));
        (number, Some(transport))
    }

    async fn call(&self, request: Request) -> Result<Response, TransportError> {
        let (method, uri) = (request.method, request.uri.clone());
        let failed = |reason: &str| TransportError { method, uri: uri.clone(), reason: reason.to_owned() };
        let status = |code: u16, reason: &str, message: &str| {
            let status = serde_json::json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": message, "reason": reason, "code": code});
            Response { code, body: status.to_string().into() }
        };
        if self.cut.is_set() {
            tokio::time::sleep(NO_ROUTE).await;
            return Err(failed("no route to host"));
        }
        let fate = self.faults.of_call(method);
        match fate {
            Fate::Lost => return Err(failed("connection reset by peer")),
            Fate::Conflict => {
                let message = "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again";
                return Ok(status(409, "Conflict", message));
            }
            Fate::Unavailable => return Ok(status(503, "ServiceUnavailable", "the server is not well")),
            Fate::Slow(by) => tokio::time::sleep(by).await,
            Fate::Good | Fate::AnswerLost => {}
        }
        let (number, transport) = self.transport();
        let Some(transport) = transport else {
            tokio::time::sleep(REFUSED).await;
            return Err(failed("connection refused"));
        };
        let answer = tokio::select! {
            biased;
            answer = transport.send(request) => answer?,
            () = self.door.other_than(number) => return Err(failed("unexpected EOF")),
        };
        if fate == Fate::AnswerLost || self.cut.is_set() {
            return Err(failed("connection lost"));
        }
        Ok(answer)
    }

    async fn open(&self, uri: String) -> Result<Result<WatchStream, Response>, TransportError> {
        let failed = |reason: &str| TransportError { method: "GET", uri: uri.clone(), reason: reason.to_owned() };
        if self.cut.is_set() {
            tokio::time::sleep(NO_ROUTE).await;
            return Err(failed("no route to host"));
        }
        let (_, Some(transport)) = self.transport() else {
            tokio::time::sleep(REFUSED).await;
            return Err(failed("connection refused"));
        };
        let stream = match transport.watch(uri.clone()).await? {
            Ok(stream) => stream,
            Err(refused) => return Ok(Err(refused)),
        };
        let (sender, receiver) = mpsc::channel(LAGGING);
        tokio::spawn(carry(stream, sender, self.faults.of_watch(), self.cut.clone(), self.life.clone()));
        Ok(Ok(receiver))
    }
}

async fn carry(mut from: WatchStream, to: mpsc::Sender<RawEvent>, trouble: Option<Trouble>, cut: Cut, life: Life) {
    let mut count = 0;
    loop {
        let event = tokio::select! {
            biased;
            () = cut.becomes(true) => {
                // Nothing comes, nothing ends; when there is a way again the other side knows nothing of this stream.
                cut.becomes(false).await;
                return;
            }
            () = to.closed() => return,
            event = from.recv() => event,
        };
        let Some(event) = event else { return };
        match trouble {
            Some(Trouble::Lags(by)) if from.is_empty() => tokio::time::sleep(by).await,
            Some(Trouble::Breaks(after)) if count >= after => return,
            Some(Trouble::Silent(after)) if count >= after => return to.closed().await,
            Some(_) | None => {}
        }
        count += 1;
        if life.is_over() || to.send(event).await.is_err() {
            return;
        }
    }
}

impl Transport for Line {
    fn send(&self, request: Request) -> Call<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            self.life.holds().await;
            let answer = self.call(request).await;
            self.life.holds().await;
            answer
        })
    }

    fn watch(&self, uri: String) -> Call<'_, Result<Result<WatchStream, Response>, TransportError>> {
        Box::pin(async move {
            self.life.holds().await;
            self.open(uri).await
        })
    }
}
