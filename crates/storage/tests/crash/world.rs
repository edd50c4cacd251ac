//! A run of a store on a bad disk: what happens follows from the seed alone.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use storage::{Change, Clock, Error, Guard, ManualClock, Options, Revision, Store, Watch, contract::Stepped};

use crate::{
    model::{Model, Seen, seen},
    platter::{BLOCK, Drive, Fault, Rng},
};

type Answer = Pin<Box<dyn Future<Output = Result<Revision, Error>>>>;

/// The answer of something that does not wait.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it had to be ready"),
    }
}

struct Watcher {
    prefix: &'static str,
    after: u64,
    seen: Vec<Seen>,
    watch: Option<Watch>,
}

/// What kinds of trouble a run may have.
#[derive(Debug, Clone, Copy)]
pub struct Trouble {
    pub faults: bool,
    pub full: bool,
    pub jumps: bool,
}

/// The run.
pub struct World {
    dir: tempfile::TempDir,
    pub drive: Drive,
    pub clock: Arc<ManualClock>,
    pub store: Option<Stepped>,
    pub model: Model,
    watchers: Vec<Watcher>,
    pending: Vec<(usize, Answer)>,
    rng: Rng,
    large: bool,
    /// How often the process ended against its will.
    pub ends: u64,
}

const EPOCH: u64 = 1_700_000_000_000;
const PREFIXES: [&str; 4] = ["", "/a/", "/b/", "/a/1"];

impl World {
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let place = std::path::Path::new("/dev/shm");
        let dir = if place.is_dir() { tempfile::tempdir_in(place) } else { tempfile::tempdir() };
        Self {
            dir: dir.expect("a directory"),
            drive: Drive::new(4096, Rng::new(!seed)),
            clock: Arc::new(ManualClock::at(EPOCH)),
            store: None,
            model: Model::default(),
            watchers: Vec::new(),
            pending: Vec::new(),
            large: rng.one_in(2),
            rng,
            ends: 0,
        }
    }

    fn options(&self) -> Options {
        Options {
            reserve_bytes: 64 * BLOCK,
            headroom_bytes: 128 * BLOCK,
            history: Duration::from_secs(60),
            cache_bytes: 64 << 10,
            // Half of the runs make checkpoints.
            checkpoint_over_bytes: if self.large { 0 } else { u64::MAX },
            ..Options::default()
        }
        .with_clock(self.clock.clone())
        .with_medium(Arc::new(self.drive.clone()))
    }

    /// Opens the store, however often the disk ends that, and checks what is there.
    pub fn open(&mut self, again: Option<(u64, Fault)>) {
        self.drive.lock().arm(again);
        for _ in 0..8 {
            match Stepped::open(self.dir.path(), self.options()) {
                Ok(store) => {
                    self.model.audit(store.store());
                    self.store = Some(store);
                    return self.rewatch();
                }
                // The disk that cannot do it now can do it later.
                Err(Error::Io { .. } | Error::NoSpace { .. }) => self.drive.lock().fill(None),
                Err(e) => panic!("a disk that only forgets what was not synced does no damage: {e}"),
            }
            self.drive.lock().restart();
        }
        panic!("it does not open");
    }

    fn rewatch(&mut self) {
        let mut watchers = std::mem::take(&mut self.watchers);
        for watcher in &mut watchers {
            self.check_watcher(watcher);
            let from = watcher.seen.last().map_or(watcher.after, |(r, _)| *r);
            watcher.watch = self.watch(watcher.prefix, from);
        }
        watchers.retain(|w| w.watch.is_some());
        self.watchers = watchers;
    }

    fn watch(&self, prefix: &str, after: u64) -> Option<Watch> {
        let store = self.store.as_ref()?.store();
        match now(store.watch(prefix, Revision(after))) {
            Ok(watch) => Some(watch),
            Err(Error::Compacted { asked, oldest }) if asked < oldest && after < self.model.compacted => None,
            Err(e) => panic!("a watch from {after}: {e}"),
        }
    }

    fn check_watcher(&self, watcher: &Watcher) {
        let until = watcher.seen.last().map_or(watcher.after, |(r, _)| *r);
        let expected = self.model.expected(watcher.prefix, watcher.after, until);
        assert_eq!(watcher.seen, expected, "a watch below {:?} after {}", watcher.prefix, watcher.after);
    }

    /// Reads all watches and compares them with the account.
    fn check_watchers(&mut self) {
        let mut watchers = std::mem::take(&mut self.watchers);
        for watcher in &mut watchers {
            let Some(watch) = &mut watcher.watch else { continue };
            while let Ok(item) = watch.try_recv() {
                watcher.seen.push(seen(&item.expect("nobody lags here")));
            }
            self.check_watcher(watcher);
            let due = self.model.expected(watcher.prefix, watcher.after, self.model.revision);
            assert_eq!(watcher.seen.len(), due.len(), "a watch below {:?} has seen all", watcher.prefix);
        }
        self.watchers = watchers;
    }

    /// Lets the store work, takes its answers, and checks everything.
    pub fn step(&mut self) {
        let before = self.model.revision;
        let Some(store) = &mut self.store else { return };
        self.model.wall_max = self.model.wall_max.max(self.clock.now_ms());
        store.step();
        let mut context = Context::from_waker(Waker::noop());
        let mut answers = Vec::new();
        for (number, mut answer) in std::mem::take(&mut self.pending) {
            match answer.as_mut().poll(&mut context) {
                Poll::Ready(answer) => answers.push((number, answer)),
                Poll::Pending => panic!("a step answers all"),
            }
        }
        for (number, answer) in &answers {
            match answer {
                Ok(revision) => self.model.acknowledged(*number, revision.0),
                Err(Error::Conflict { .. }) => self.model.refused(*number),
                // Nobody knows.
                Err(Error::NoSpace { .. } | Error::Io { .. }) => {}
                Err(e) => panic!("{e}"),
            }
        }
        self.model.audit(store.store());
        for (number, answer) in answers {
            match answer {
                Ok(revision) => self.model.check_acknowledged(number, revision.0),
                Err(Error::Conflict { key, found }) => {
                    self.model.check_conflict(&key, found.as_ref(), before, self.model.revision);
                }
                Err(_) => {}
            }
        }
        self.check_watchers();
        if self.drive.lock().is_off() {
            self.crash();
        }
    }

    /// The process is gone; the next one finds what the disk has.
    fn crash(&mut self) {
        self.ends += 1;
        self.store = None;
        self.pending.clear();
        for watcher in &mut self.watchers {
            watcher.watch = None;
        }
        self.drive.lock().restart();
        let again = self.rng.one_in(3).then(|| (self.rng.below(40), self.end()));
        self.open(again);
    }

    fn end(&mut self) -> Fault {
        if self.rng.one_in(2) { Fault::Kill } else { Fault::Power }
    }

    pub fn submit(&mut self, guards: Vec<Guard>, changes: Vec<Change>) {
        let Some(store) = self.store.as_ref().map(|s| s.store().clone()) else { return };
        let number = self.model.attempt(guards.clone(), changes.clone(), self.clock.now_ms());
        let mut answer: Answer = Box::pin(async move { store.commit(guards, changes).await });
        let waiting = answer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending();
        assert!(waiting, "an answer before the step");
        self.pending.push((number, answer));
    }

    pub fn put(&mut self, key: &str, ttl_seconds: Option<u64>) -> Change {
        let length = if self.rng.one_in(12) { 40_000 } else { self.rng.below(1500) };
        let mut value = format!("{} ", self.model.attempts.len() * 8 + self.rng.below(8) as usize).into_bytes();
        value.resize(value.len() + length as usize, b'x');
        Change::Put { key: key.into(), value: Bytes::from(value), ttl_seconds }
    }

    fn some_key(&mut self) -> String {
        let folder = if self.rng.one_in(2) { "a" } else { "b" };
        format!("/{folder}/{}", self.rng.below(16))
    }

    fn some_commit(&mut self) {
        let count = if self.rng.one_in(4) { 2 + self.rng.below(3) } else { 1 };
        let (mut guards, mut changes): (Vec<Guard>, Vec<Change>) = (Vec::new(), Vec::new());
        let known = self.model.keys();
        for _ in 0..count {
            let key = self.some_key();
            let same = |c: &Change| matches!(c, Change::Put { key: k, .. } | Change::Delete { key: k } if **k == *key);
            if changes.iter().any(same) {
                continue;
            }
            let modified = known.iter().find(|(k, _)| *k == key).map(|(_, at)| *at);
            if self.rng.one_in(2) {
                guards.push(match modified {
                    Some(at) => Guard::Unchanged(key.as_str().into(), Revision(at)),
                    None => Guard::Absent(key.as_str().into()),
                });
            }
            changes.push(match self.rng.below(8) {
                0..3 => Change::Delete { key: key.as_str().into() },
                3 => {
                    let ttl = 1 + self.rng.below(40);
                    self.put_one_of(&key, Some(ttl), changes.len())
                }
                _ => self.put_one_of(&key, None, changes.len()),
            });
        }
        self.submit(guards, changes);
    }

    /// A value of its own for each key of a commit.
    fn put_one_of(&mut self, key: &str, ttl: Option<u64>, place: usize) -> Change {
        match self.put(key, ttl) {
            Change::Put { key, value, ttl_seconds } => {
                Change::Put { key, value: [format!("{place}:").as_bytes(), &value].concat().into(), ttl_seconds }
            }
            other => other,
        }
    }

    fn pass_time(&mut self, jumps: bool) {
        match self.rng.below(if jumps { 5 } else { 3 }) {
            0 => self.clock.advance(Duration::from_millis(self.rng.below(3000))),
            1 => self.clock.advance(Duration::from_secs(self.rng.below(90))),
            2 => self.clock.advance(Duration::from_secs(31)),
            3 => self.clock.jump(EPOCH + self.rng.below(1 << 40)),
            _ => self.clock.jump(self.rng.below(EPOCH)),
        }
        // Old history may go by itself now.
        self.model.compacted = self.model.revision;
    }

    fn compact(&mut self) {
        let Some(store) = self.store.as_ref().map(|s| s.store().clone()) else { return };
        let at = self.rng.below(self.model.revision + 1);
        let mut answer: Pin<Box<dyn Future<Output = Result<(), Error>>>> =
            Box::pin(async move { store.compact(Revision(at)).await });
        let mut context = Context::from_waker(Waker::noop());
        assert!(answer.as_mut().poll(&mut context).is_pending());
        self.model.compacted = self.model.compacted.max(at);
        self.step();
        assert!(answer.as_mut().poll(&mut context).is_ready());
    }

    fn new_watcher(&mut self) {
        let after = self.rng.below(self.model.revision + 1);
        let prefix = PREFIXES[self.rng.below(4) as usize];
        if let Some(watch) = self.watch(prefix, after) {
            self.watchers.push(Watcher { prefix, after, seen: Vec::new(), watch: Some(watch) });
        }
    }

    fn reopen(&mut self) {
        self.step();
        if let Some(store) = self.store.take() {
            for watcher in &mut self.watchers {
                watcher.watch = None;
            }
            store.close();
        }
        if self.drive.lock().is_off() {
            self.ends += 1;
        }
        self.drive.lock().restart();
        self.open(None);
    }

    fn arm(&mut self) {
        let fault = match self.rng.below(4) {
            0 => Fault::Write,
            1 => Fault::Sync,
            _ => self.end(),
        };
        let steps = self.rng.below(60);
        let mut platter = self.drive.lock();
        if !platter.armed() {
            platter.arm(Some((steps, fault)));
        }
    }

    /// One thing that happens.
    pub fn happen(&mut self, trouble: Trouble) {
        match self.rng.below(24) {
            0..14 => {
                for _ in 0..=self.rng.below(4) {
                    self.some_commit();
                }
                self.step();
            }
            14 => self.pass_time(trouble.jumps),
            15 => self.compact(),
            16 => self.new_watcher(),
            17 if self.rng.one_in(3) => self.reopen(),
            18 if trouble.full => {
                let left = self.rng.below(80);
                self.drive.lock().fill(Some(left));
            }
            19 if trouble.full => self.drive.lock().fill(None),
            20..22 if trouble.faults => self.arm(),
            _ => {
                let at = self.rng.below(self.model.revision + 1);
                if let Some(store) = &self.store {
                    self.model.check_list(store.store(), at);
                }
                self.step();
            }
        }
    }

    /// All is well again: everything works without a restart, and what should have gone goes.
    pub fn heal(&mut self) {
        {
            let mut platter = self.drive.lock();
            platter.fill(None);
            platter.arm(None);
        }
        self.step();
        let change = self.put("/healed", None);
        self.submit(vec![], vec![change]);
        self.step();
        assert!(self.model.keys().iter().any(|(k, _)| k == "/healed"), "it is well again");
        self.clock.advance(Duration::from_secs(120));
        self.model.compacted = self.model.revision;
        for _ in 0..3 {
            self.step();
        }
        let overdue = self.model.overdue(self.clock.now_ms());
        assert!(overdue.is_empty(), "{overdue:?} should have gone");
        self.reopen();
        self.step();
    }
}
