//! The way from many callers to the one committer: bounded, and a thread may sleep on it.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use parking_lot::{Condvar, Mutex};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::port::{Change, Error, Guard, Revision};

/// Requests that may wait; more callers than this wait in line before the queue.
const WAITING: usize = 16_384;

/// What the committer is asked for.
pub(crate) enum Work {
    Commit(Vec<Guard>, Vec<Change>),
    Compact(Revision),
}

/// A piece of work with the way back.
pub(crate) struct Request {
    pub work: Work,
    pub reply: oneshot::Sender<Result<Revision, Error>>,
    /// The place in the line, free again when the request is done.
    _place: OwnedSemaphorePermit,
}

#[derive(Default)]
struct State {
    requests: VecDeque<Request>,
    woken: bool,
    closing: bool,
}

/// See the module.
pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    places: Arc<Semaphore>,
}

/// What the committer woke up for.
pub(crate) struct Taken {
    pub requests: Vec<Request>,
    /// Nothing will come any more.
    pub closing: bool,
}

impl Queue {
    pub fn new() -> Self {
        Self { state: Mutex::default(), filled: Condvar::new(), places: Arc::new(Semaphore::new(WAITING)) }
    }

    /// Hands work in and waits for the answer. Once handed in it is done even if the caller goes away.
    pub async fn ask(&self, work: Work) -> Result<Revision, Error> {
        let place = self.places.clone().acquire_owned().await.map_err(|_| Error::Closed)?;
        let (reply, answer) = oneshot::channel();
        {
            let mut state = self.state.lock();
            if state.closing {
                return Err(Error::Closed);
            }
            state.requests.push_back(Request { work, reply, _place: place });
        }
        self.filled.notify_one();
        answer.await.unwrap_or(Err(Error::Closed))
    }

    /// Waits for work, or until `wait` is over (none: for as long as it takes).
    pub fn take(&self, most: usize, wait: Option<Duration>) -> Taken {
        let mut state = self.state.lock();
        let idle = |s: &mut State| s.requests.is_empty() && !s.closing && !s.woken;
        match wait {
            Some(wait) => drop(self.filled.wait_while_for(&mut state, idle, wait)),
            None => self.filled.wait_while(&mut state, idle),
        }
        state.woken = false;
        let count = state.requests.len().min(most);
        Taken { requests: state.requests.drain(..count).collect(), closing: state.closing && state.requests.is_empty() }
    }

    /// Makes the committer look at its deadlines again.
    pub fn wake(&self) {
        self.state.lock().woken = true;
        self.filled.notify_one();
    }

    /// Takes nothing more; what was handed in is still done.
    pub fn close(&self) {
        self.state.lock().closing = true;
        self.places.close();
        self.filled.notify_one();
    }

    /// Answers whoever is left in line.
    pub fn abandon(&self) {
        self.close();
        self.state.lock().requests.clear();
    }
}
