//! Power failures: the disk forgets any part of what was not synced, at any moment. What was acknowledged must be there
//! afterwards, and a commit wholly or not at all. A seed replays a run.
use std::{
    io,
    ops::Bound,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use storage::{Change, Embedded, Options, Revision, StorageBackend, Store};

const SEEDS: u64 = 24;
const FAILURES: usize = 4;
const WRITERS: usize = 4;

struct Rng(u64);

impl Rng {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

enum Step {
    Write(u64, Vec<u8>),
    Length(u64),
}

fn apply(image: &mut Vec<u8>, step: &Step) {
    match step {
        Step::Length(length) => image.resize(*length as usize, 0),
        Step::Write(at, bytes) => {
            let end = *at as usize + bytes.len();
            if image.len() < end {
                image.resize(end, 0);
            }
            image[*at as usize..end].copy_from_slice(bytes);
        }
    }
}

/// A disk in memory with a cache that power failures empty.
struct Platter {
    durable: Vec<u8>,
    current: Vec<u8>,
    cached: Vec<Step>,
    /// Steps until the power fails.
    left: u64,
    rng: Rng,
}

impl Platter {
    fn step(&mut self, step: Step) -> io::Result<()> {
        if self.left == 0 {
            return Err(io::Error::other("the power is off"));
        }
        self.left -= 1;
        apply(&mut self.current, &step);
        self.cached.push(step);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.left == 0 {
            return Err(io::Error::other("the power is off"));
        }
        for step in self.cached.drain(..) {
            apply(&mut self.durable, &step);
        }
        Ok(())
    }

    /// The power comes back: of what was cached some arrived, perhaps in part.
    fn power_on(&mut self, steps: u64) {
        for mut step in std::mem::take(&mut self.cached) {
            if let Step::Write(_, bytes) = &mut step
                && self.rng.below(4) == 0
            {
                // Sectors arrive whole.
                let sectors = (bytes.len() / 512) as u64;
                bytes.truncate(self.rng.below(sectors + 1) as usize * 512);
            }
            if self.rng.below(2) == 0 {
                apply(&mut self.durable, &step);
            }
        }
        self.current.clone_from(&self.durable);
        self.left = steps;
    }
}

#[derive(Clone)]
struct Drive(Arc<Mutex<Platter>>);

impl std::fmt::Debug for Drive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Drive")
    }
}

impl StorageBackend for Drive {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().current.len() as u64)
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let platter = self.0.lock();
        let at = offset as usize;
        let bytes = platter.current.get(at..at + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.lock().step(Step::Length(len))
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.lock().sync()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.lock().step(Step::Write(offset, data.to_vec()))
    }
    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, redb::BackendError> {
        Ok(true)
    }
    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), redb::BackendError> {
        Ok(())
    }
    fn query_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, redb::BackendError> {
        Ok(false)
    }
}

/// What a writer knows: the last number that was acknowledged, and the last that it tried.
#[derive(Default)]
struct Known {
    acknowledged: AtomicU64,
    tried: AtomicU64,
}

fn put(key: String, n: u64) -> Change {
    Change::Put { key: key.into(), value: n.to_string().into_bytes().into(), ttl_seconds: None }
}

async fn number(store: &Embedded, key: &str) -> u64 {
    let entry = store.get(key).await.expect("readable");
    entry.map_or(0, |e| String::from_utf8_lossy(&e.value).parse().expect("a number"))
}

/// Writes two keys at a time until the power fails, and compacts now and then.
async fn write_until_it_fails(store: Arc<Embedded>, writer: usize, known: Arc<Known>, last: Arc<AtomicU64>) {
    for n in known.tried.load(Ordering::SeqCst) + 1.. {
        known.tried.store(n, Ordering::SeqCst);
        let changes = vec![put(format!("/a/{writer}"), n), put(format!("/b/{writer}"), n)];
        let Ok(revision) = store.commit(vec![], changes).await else { return };
        known.acknowledged.store(n, Ordering::SeqCst);
        last.fetch_max(revision.0, Ordering::SeqCst);
        if n.is_multiple_of(20) && store.compact(Revision(revision.0 - 10)).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives() {
    // redb's complaints about a disk without power are expected.
    for seed in 1..=SEEDS {
        let dir = tempfile::tempdir().expect("a directory");
        let platter = Platter { durable: vec![], current: vec![], cached: vec![], left: u64::MAX, rng: Rng(seed) };
        let drive = Drive(Arc::new(Mutex::new(platter)));
        let wrap = {
            let drive = drive.clone();
            Arc::new(move |_| Box::new(drive.clone()) as Box<dyn StorageBackend>)
        };
        let options = || Options { wrap: Some(wrap.clone()), ..Options::default() };
        let known: Vec<Arc<Known>> = (0..WRITERS).map(|_| Arc::default()).collect();
        let last = Arc::new(AtomicU64::new(0));
        for failure in 0..FAILURES {
            let store = Arc::new(Embedded::open(dir.path(), options()).expect("opens"));
            assert!(store.revision().0 >= last.load(Ordering::SeqCst), "seed {seed}, failure {failure}");
            for (writer, known) in known.iter().enumerate() {
                let (a, b) =
                    (number(&store, &format!("/a/{writer}")).await, number(&store, &format!("/b/{writer}")).await);
                let (low, high) = (known.acknowledged.load(Ordering::SeqCst), known.tried.load(Ordering::SeqCst));
                assert_eq!(a, b, "seed {seed}, failure {failure}: a commit is whole");
                assert!((low..=high).contains(&a), "seed {seed}, failure {failure}: {low} <= {a} <= {high}");
            }
            let steps = { drive.0.lock().rng.below(600) + 1 };
            drive.0.lock().left = steps;
            let tasks: Vec<_> = known
                .iter()
                .enumerate()
                .map(|(n, known)| tokio::spawn(write_until_it_fails(store.clone(), n, known.clone(), last.clone())))
                .collect();
            for task in tasks {
                task.await.expect("the writer ends");
            }
            drop(store);
            drive.0.lock().power_on(u64::MAX);
        }
    }
}
