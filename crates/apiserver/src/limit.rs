//! A bound on the requests in flight. Long-running requests are not counted.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use apimachinery::status::Status;

use crate::contract::{RequestInfo, User};

/// Counts requests in flight.
#[derive(Debug)]
pub struct Limiter {
    reads: Arc<Gate>,
    writes: Arc<Gate>,
}

#[derive(Debug)]
struct Gate {
    bound: usize,
    inside: AtomicUsize,
}

/// Holds a place until it is dropped.
#[derive(Debug)]
pub struct Place(Arc<Gate>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Limiter {
    /// With these bounds.
    #[must_use]
    pub fn new(reads: usize, writes: usize) -> Self {
        let gate = |bound| Arc::new(Gate { bound, inside: AtomicUsize::new(0) });
        Limiter { reads: gate(reads), writes: gate(writes) }
    }

    /// A place for a request.
    ///
    /// # Errors
    /// 429: there is none.
    pub fn enter(&self, user: &User, info: &RequestInfo) -> Result<Option<Place>, Status> {
        if long_running(info) || user.groups.iter().any(|g| g == "system:masters") {
            return Ok(None);
        }
        let gate = if matches!(info.verb, "get" | "list" | "head" | "options") { &self.reads } else { &self.writes };
        let before = gate.inside.fetch_add(1, Ordering::AcqRel);
        let place = Place(gate.clone());
        if before >= gate.bound {
            return Err(Status::too_many_requests("Too many requests, please try again later.", 1));
        }
        Ok(Some(place))
    }

    /// Reads and writes in flight.
    #[must_use]
    pub fn inside(&self) -> (usize, usize) {
        (self.reads.inside.load(Ordering::Relaxed), self.writes.inside.load(Ordering::Relaxed))
    }
}

/// Requests that may last: no timeout, no place.
#[must_use]
pub fn long_running(info: &RequestInfo) -> bool {
    info.verb == "watch" || matches!(info.subresource.as_str(), "proxy" | "exec" | "attach" | "log" | "portforward")
}
