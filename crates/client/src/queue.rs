//! A queue of keys: each at most once, never worked on twice at a time, with delays and back-off.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet, VecDeque},
    hash::Hash,
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{sync::Notify, time::Instant};

const FIRST_DELAY: Duration = Duration::from_millis(5);
const LONGEST_DELAY: Duration = Duration::from_secs(300);

struct State<T> {
    waiting: VecDeque<T>,
    dirty: HashSet<T>,
    working: HashSet<T>,
    delayed: BinaryHeap<Reverse<(Instant, u64)>>,
    delayed_keys: HashMap<u64, T>,
    due: HashMap<T, (Instant, u64)>,
    failures: HashMap<T, u32>,
    sequence: u64,
    closed: bool,
}

struct Inner<T> {
    state: Mutex<State<T>>,
    wake: Notify,
    longest: Duration,
}

/// A queue of keys. Its size is bounded by the number of different keys.
pub struct WorkQueue<T> {
    inner: Arc<Inner<T>>,
}

impl<T> Clone for WorkQueue<T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<T: Clone + Eq + Hash> Default for WorkQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone + Eq + Hash> WorkQueue<T> {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self::with_longest_delay(LONGEST_DELAY)
    }

    /// An empty queue whose back-off ends at `longest`.
    #[must_use]
    pub fn with_longest_delay(longest: Duration) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            dirty: HashSet::new(),
            working: HashSet::new(),
            delayed: BinaryHeap::new(),
            delayed_keys: HashMap::new(),
            due: HashMap::new(),
            failures: HashMap::new(),
            sequence: 0,
            closed: false,
        };
        Self { inner: Arc::new(Inner { state: Mutex::new(state), wake: Notify::new(), longest }) }
    }

    /// Adds a key; one that is worked on comes again afterwards.
    pub fn add(&self, key: T) {
        let mut state = self.inner.state.lock();
        state.push(key);
        drop(state);
        self.inner.wake.notify_one();
    }

    /// Adds a key later; of several delays of one key the shortest counts.
    pub fn add_after(&self, key: T, delay: Duration) {
        if delay.is_zero() {
            self.add(key);
            return;
        }
        let mut state = self.inner.state.lock();
        let at = Instant::now() + delay;
        if state.closed || state.due.get(&key).is_some_and(|(known, _)| *known <= at) {
            return;
        }
        if let Some((_, old)) = state.due.remove(&key) {
            state.delayed_keys.remove(&old);
        }
        state.sequence += 1;
        let id = state.sequence;
        state.delayed.push(Reverse((at, id)));
        state.delayed_keys.insert(id, key.clone());
        state.due.insert(key, (at, id));
        drop(state);
        self.inner.wake.notify_one();
    }

    /// Adds a key after a delay that doubles with each failure.
    pub fn add_rate_limited(&self, key: T) {
        let failures = {
            let mut state = self.inner.state.lock();
            let failures = state.failures.entry(key.clone()).or_default();
            *failures = failures.saturating_add(1);
            *failures
        };
        let delay = FIRST_DELAY.saturating_mul(1u32 << (failures - 1).min(20)).min(self.inner.longest);
        self.add_after(key, delay);
    }

    /// Ends the back-off of a key.
    pub fn forget(&self, key: &T) {
        self.inner.state.lock().failures.remove(key);
    }

    /// How often a key failed in a row.
    #[must_use]
    pub fn failures(&self, key: &T) -> u32 {
        self.inner.state.lock().failures.get(key).copied().unwrap_or_default()
    }

    /// Waits for a key to work on; `None` when the queue is closed. [`WorkQueue::done`] must follow.
    pub async fn get(&self) -> Option<T> {
        loop {
            let woken = self.inner.wake.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            let next = {
                let mut state = self.inner.state.lock();
                if state.closed {
                    self.inner.wake.notify_one();
                    return None;
                }
                let next = state.ripen(Instant::now());
                if let Some(key) = state.waiting.pop_front() {
                    state.dirty.remove(&key);
                    state.working.insert(key.clone());
                    if !state.waiting.is_empty() || next.is_some() {
                        self.inner.wake.notify_one();
                    }
                    return Some(key);
                }
                next
            };
            match next {
                Some(at) => {
                    tokio::select! {
                        biased;
                        () = woken => {}
                        () = tokio::time::sleep_until(at) => {}
                    }
                }
                None => woken.await,
            }
        }
    }

    /// Says that a key is no longer worked on.
    pub fn done(&self, key: &T) {
        let mut state = self.inner.state.lock();
        state.working.remove(key);
        if state.dirty.contains(key) {
            state.waiting.push_back(key.clone());
            drop(state);
            self.inner.wake.notify_one();
        }
    }

    /// Ends all waiting.
    pub fn close(&self) {
        self.inner.state.lock().closed = true;
        self.inner.wake.notify_waiters();
        self.inner.wake.notify_one();
    }

    /// Keys that wait now, without the delayed ones.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.state.lock().waiting.len()
    }

    /// Whether none waits now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Clone + Eq + Hash> State<T> {
    fn push(&mut self, key: T) {
        if self.closed || !self.dirty.insert(key.clone()) {
            return;
        }
        if !self.working.contains(&key) {
            self.waiting.push_back(key);
        }
    }

    /// Moves what is due; the time of the next delayed key.
    fn ripen(&mut self, now: Instant) -> Option<Instant> {
        while let Some(Reverse((at, id))) = self.delayed.peek().copied() {
            if self.delayed_keys.contains_key(&id) && at > now {
                return Some(at);
            }
            self.delayed.pop();
            if let Some(key) = self.delayed_keys.remove(&id) {
                self.due.remove(&key);
                self.push(key);
            }
        }
        None
    }
}
