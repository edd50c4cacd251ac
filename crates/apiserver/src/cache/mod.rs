//! The watch cache: all objects in memory, fed by one watch of the store. Reads, lists and watches are answered from here.

pub mod kind;
pub mod object;
pub mod select;
pub mod watch;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use storage::{Batch, Entry, Error, Revision, Store};
use tokio::sync::oneshot;

use self::{kind::Kind, object::Obj};
use crate::{
    config::Log,
    contract::{Job, Reader},
    registry::{
        keys,
        rows::{Row, Rows},
    },
};

/// All kinds.
pub struct Cache {
    store: Arc<dyn Store>,
    rows: Arc<Rows>,
    kinds: RwLock<BTreeMap<String, Arc<Kind>>>,
    progress: Progress,
    closed: AtomicBool,
    /// Held while events are taken in, and while a kind comes, changes or goes.
    feeding: tokio::sync::Mutex<()>,
}

/// How far the cache has come, and who waits for it to come further.
#[derive(Default)]
struct Progress {
    revision: AtomicU64,
    waiting: Mutex<BTreeMap<u64, Vec<oneshot::Sender<()>>>>,
}

impl Progress {
    fn advance(&self, to: u64) {
        self.revision.store(to, Ordering::Release);
        let mut waiting = self.waiting.lock();
        while let Some(first) = waiting.first_entry() {
            if *first.key() > to {
                break;
            }
            for waiter in first.remove() {
                // A waiter that has gone is no concern.
                let _ = waiter.send(());
            }
        }
    }

    /// `None`: already there.
    fn wait(&self, for_revision: u64) -> Option<oneshot::Receiver<()>> {
        if self.revision.load(Ordering::Acquire) >= for_revision {
            return None;
        }
        let mut waiting = self.waiting.lock();
        // `advance` publishes before it takes the lock: either it sees the waiter, or the waiter sees the revision.
        if self.revision.load(Ordering::Acquire) >= for_revision {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        waiting.entry(for_revision).or_default().push(sender);
        Some(receiver)
    }
}

/// The cache did not come to a revision in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Too large resource version: {wanted}, current: {current}")]
pub struct Behind {
    /// As asked.
    pub wanted: u64,
    /// How far it is.
    pub current: u64,
}

/// What became of a burst of the store's watch; everything before the end of the watch is in.
enum Taken {
    /// The watch goes on.
    All,
    /// We were too slow for the store: what follows is missing.
    CutOff,
    /// The store is closed: nothing will follow.
    Closed,
}

/// How long a read waits for the cache, as upstream does.
const WAIT: Duration = Duration::from_secs(3);
/// Threads that read headers at the start, at most, and how many entries are worth them.
const FILLERS: usize = 8;
const WORTH_THREADS: usize = 2048;
/// Batches that are taken in before waiters are woken.
const BURST: usize = 256;

impl Cache {
    /// A cache that is full and follows the store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn start(store: Arc<dyn Store>, rows: Arc<Rows>, log: Log) -> Result<Arc<Self>, Error> {
        let cache = Arc::new(Cache {
            store,
            rows,
            kinds: RwLock::default(),
            progress: Progress::default(),
            closed: AtomicBool::new(false),
            feeding: tokio::sync::Mutex::default(),
        });
        for row in cache.rows.all_stored() {
            cache.kinds.write().entry(keys::prefix(&row)).or_insert_with(|| Arc::new(Kind::new(row)));
        }
        let at = cache.fill().await?;
        let mut watch = cache.store.watch("", at).await?;
        let feeder = Arc::downgrade(&cache);
        tokio::spawn(async move {
            let mut burst = Vec::with_capacity(BURST);
            loop {
                burst.clear();
                if watch.recv_many(&mut burst, BURST).await == 0 {
                    return;
                }
                let Some(cache) = feeder.upgrade() else { return };
                let _feeding = cache.feeding.lock().await;
                match cache.take(&burst) {
                    Taken::All => continue,
                    Taken::Closed => return,
                    Taken::CutOff => log("the watch cache fell behind the datastore and fills itself again"),
                }
                match cache.refill().await {
                    Some(next) => watch = next,
                    None => return,
                }
            }
        });
        Ok(cache)
    }

    /// Takes in a kind that came at run time, or another form of one that is there.
    ///
    /// # Errors
    /// Its objects cannot be read.
    pub async fn put_kind(&self, row: Row) -> Result<(), Error> {
        let _feeding = self.feeding.lock().await;
        let prefix = keys::prefix(&row);
        let known = self.kinds.read().get(&prefix).cloned();
        let kind = match &known {
            Some(known) => known.renewed(row),
            None => self.read_kind(row, &prefix).await?,
        };
        self.kinds.write().insert(prefix, Arc::new(kind));
        if let Some(known) = known {
            known.close();
        }
        Ok(())
    }

    /// The objects of a kind at the revision up to which events have been taken in.
    async fn read_kind(&self, row: Row, prefix: &str) -> Result<Kind, Error> {
        let at = Revision(self.revision());
        let page = match self.store.list(prefix, "", 0, at).await {
            // Events up to here come once more: each brings an object to its newest state in the end.
            Err(Error::Compacted { .. }) => self.store.list(prefix, "", 0, Revision(0)).await?,
            other => other?,
        };
        let kind = Kind::new(row);
        let objects = page.entries.iter().filter_map(|entry| kind.read(entry));
        kind.replace(objects.map(|object| (object.key.clone(), object)).collect(), page.revision.0);
        Ok(kind)
    }

    /// Lets go of a kind that is served no more.
    pub async fn remove_kind(&self, row: &api::Resource) {
        let _feeding = self.feeding.lock().await;
        let gone = self.kinds.write().remove(&keys::prefix(row));
        if let Some(gone) = gone {
            gone.close();
        }
    }

    async fn refill(&self) -> Option<storage::Watch> {
        // The store answers `Closed` when it is closed: the loop then ends. Other errors pass with time.
        let mut pause = Duration::from_millis(10);
        loop {
            let tried = match self.fill().await {
                Ok(at) => self.store.watch("", at).await,
                Err(error) => Err(error),
            };
            match tried {
                Ok(watch) => return Some(watch),
                Err(Error::Closed) => return None,
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    /// Reads everything.
    async fn fill(&self) -> Result<Revision, Error> {
        let page = self.store.list(keys::ROOT, "", 0, Revision(0)).await?;
        let mut found: BTreeMap<String, BTreeMap<Arc<str>, Arc<Obj>>> = BTreeMap::new();
        for (kind, object) in self.read_headers(&page.entries) {
            found.entry(keys::prefix(&kind.row)).or_default().insert(object.key.clone(), object);
        }
        for (prefix, kind) in self.kinds.read().iter() {
            kind.replace(found.remove(prefix).unwrap_or_default(), page.revision.0);
        }
        self.progress.advance(page.revision.0);
        Ok(page.revision)
    }

    /// The objects of entries, with their kinds. Of many it is most of the time until the server serves: every core takes a part.
    fn read_headers(&self, entries: &[Entry]) -> Vec<(Arc<Kind>, Arc<Obj>)> {
        let read = |part: &[Entry]| -> Vec<_> {
            part.iter()
                .filter_map(|entry| {
                    let kind = self.kind_of(&entry.key)?;
                    let object = kind.read(entry)?;
                    Some((kind, object))
                })
                .collect()
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from).min(FILLERS);
        if cores == 1 || entries.len() < WORTH_THREADS {
            return read(entries);
        }
        std::thread::scope(|scope| {
            let parts: Vec<_> =
                entries.chunks(entries.len().div_ceil(cores)).map(|part| scope.spawn(move || read(part))).collect();
            // A panic goes on where it would have been without the thread.
            parts.into_iter().flat_map(|part| part.join().unwrap_or_else(|p| std::panic::resume_unwind(p))).collect()
        })
    }

    /// Takes in what the store sent.
    fn take(&self, burst: &[Result<Batch, Error>]) -> Taken {
        let (mut reached, mut taken) = (None, Taken::All);
        for batch in burst {
            match batch {
                Ok(batch) => {
                    self.apply(batch);
                    reached = Some(batch.revision.0);
                }
                Err(Error::Closed) => taken = Taken::Closed,
                Err(_) => taken = Taken::CutOff,
            }
        }
        if let Some(revision) = reached {
            self.progress.advance(revision);
        }
        taken
    }

    fn apply(&self, batch: &Batch) {
        let mut rest = &batch.events[..];
        while let Some(first) = rest.first() {
            let Some(kind) = self.kind_of(&first.entry.key) else {
                rest = &rest[1..];
                continue;
            };
            let prefix = keys::prefix(&kind.row);
            let count = rest.iter().take_while(|e| e.entry.key.starts_with(&prefix)).count();
            kind.apply(rest[..count].iter(), batch.revision.0);
            rest = &rest[count..];
        }
    }

    fn kind_of(&self, key: &str) -> Option<Arc<Kind>> {
        let (_, _, rest) = keys::parse(key)?;
        self.kinds.read().get(&key[..key.len() - rest.len()]).cloned()
    }

    /// The kind of a row.
    #[must_use]
    pub fn kind(&self, row: &api::Resource) -> Option<Arc<Kind>> {
        self.kinds.read().get(&keys::prefix(row)).cloned()
    }

    /// All kinds, for metrics and tidying.
    #[must_use]
    pub fn kinds(&self) -> Vec<Arc<Kind>> {
        self.kinds.read().values().cloned().collect()
    }

    /// Ends all watches, so that connections can close.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.kinds.read().values().for_each(|kind| kind.wake());
    }

    /// Watches end now.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// How far the cache has come.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.progress.revision.load(Ordering::Acquire)
    }

    /// Waits until a revision is in.
    ///
    /// # Errors
    /// It does not come in time.
    pub async fn wait(&self, revision: u64) -> Result<(), Behind> {
        if let Some(receiver) = self.progress.wait(revision) {
            // Closed senders do not happen while `self` lives; the check below decides either way.
            let _ = tokio::time::timeout(WAIT, receiver).await;
        }
        let current = self.revision();
        if current >= revision { Ok(()) } else { Err(Behind { wanted: revision, current }) }
    }

    /// Waits until everything that the store has acknowledged is in.
    ///
    /// # Errors
    /// It does not come in time.
    pub async fn fresh(&self) -> Result<(), Behind> {
        let newest = self.store.revision().0;
        if self.revision() >= newest {
            return Ok(());
        }
        self.wait(newest).await
    }
}

/// Reads for authorizers, admission and strategies.
pub struct CacheReader(pub Arc<Cache>);

impl CacheReader {
    fn kind(&self, group: &str, resource: &str) -> Option<Arc<Kind>> {
        let prefix = keys::prefix_of(if group.is_empty() { "core" } else { group }, resource);
        if let Some(kind) = self.0.kinds.read().get(&prefix) {
            return Some(kind.clone());
        }
        self.0.rows.stored(group, resource).and_then(|row| self.0.kind(&row))
    }
}

impl Reader for CacheReader {
    fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Bytes> {
        let kind = self.kind(group, resource)?;
        kind.get(&keys::key(&kind.row, namespace, name)).map(|o| o.json())
    }

    fn list(&self, group: &str, resource: &str, namespace: &str) -> Vec<Bytes> {
        let Some(kind) = self.kind(group, resource) else { return Vec::new() };
        let (objects, _) = kind.list(&keys::namespace_prefix(&kind.row, namespace));
        objects.iter().map(|o| o.json()).collect()
    }

    fn generation(&self, group: &str, resource: &str) -> u64 {
        self.kind(group, resource).map_or(0, |kind| kind.generation())
    }

    fn changed<'a>(&'a self, group: &'a str, resource: &'a str, since: u64) -> Job<'a, ()> {
        let kind = self.kind(group, resource);
        Box::pin(async move {
            match kind {
                Some(kind) => kind.changed_from(since).await,
                None => std::future::pending().await,
            }
        })
    }
}
