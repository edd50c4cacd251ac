//! The engine with a file: state in memory, every commit in the log before it is answered.

use std::{path::Path, sync::Arc, thread::JoinHandle};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::{
    committer::Committer,
    disk::{Home, io_error},
    log::Log,
    options::Options,
    port::{Attachment, Change, Entry, Error, Guard, Page, Reply, Revision, Store, Watch},
    queue::{Queue, Work},
    shared::Shared,
    snapshot,
};

/// A store in a directory of its own. One thread writes; reads are served from memory.
pub struct Embedded {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
    file: std::path::PathBuf,
}

impl Embedded {
    /// Opens the store in directory `dir`; makes both where they are missing. Reads everything once, so call it where blocking is allowed.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<Self, Error> {
        let (store, committer) = Self::at_rest(dir.as_ref(), options)?;
        let thread = std::thread::Builder::new()
            .name("storage".into())
            .spawn(move || committer.run())
            .map_err(|e| io_error("start the thread", &store.file, &e))?;
        *store.thread.lock() = Some(thread);
        Ok(store)
    }

    /// The store, and the committer that is not running yet.
    pub(crate) fn at_rest(dir: &Path, options: Options) -> Result<(Self, Committer), Error> {
        let home = Home::open(dir)?;
        let mut log = Log::open(&home, &options)?;
        let (core, garbage) = log.load(options.clock.steady_ms())?;
        let file = home.file();
        let shared = Shared::new(core, options);
        let queue = Arc::new(Queue::new());
        let committer = Committer::new(shared.clone(), queue.clone(), home, log, garbage);
        Ok((Self { shared, queue, thread: Mutex::new(None), file }, committer))
    }

    /// Writes what was handed in, makes a checkpoint, ends all watches, lets go of the file. Everything answers [`Error::Closed`] afterwards.
    pub fn close(&self) {
        self.queue.close();
        if let Some(thread) = self.thread.lock().take() {
            // A panic of the thread has closed the store as well.
            let _ = thread.join();
        }
        self.shared.close();
    }

    /// Makes the store look at its clock again; only needed with a clock that jumps.
    pub fn wake(&self) {
        self.queue.wake();
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.close();
    }
}

impl Store for Embedded {
    fn revision(&self) -> Revision {
        self.shared.revision()
    }
    fn get<'a>(&'a self, key: &'a str) -> Reply<'a, Option<Entry>> {
        Box::pin(std::future::ready(self.shared.get(key)))
    }
    fn list<'a>(&'a self, prefix: &'a str, from: &'a str, limit: usize, at: Revision) -> Reply<'a, Page> {
        Box::pin(self.shared.list(prefix, from, limit, at))
    }
    fn commit(&self, guards: Vec<Guard>, changes: Vec<Change>) -> Reply<'_, Revision> {
        Box::pin(self.queue.ask(Work::Commit(guards, changes)))
    }
    fn watch<'a>(&'a self, prefix: &'a str, after: Revision) -> Reply<'a, Watch> {
        Box::pin(async move { self.shared.watch(prefix, after) })
    }
    fn compact(&self, revision: Revision) -> Reply<'_, ()> {
        Box::pin(async move { self.queue.ask(Work::Compact(revision)).await.map(drop) })
    }
    fn snapshot<'a>(&'a self, to: &'a Path, with: Vec<Attachment>) -> Reply<'a, Revision> {
        let (shared, to) = (self.shared.clone(), to.to_owned());
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            let file = to.clone();
            std::thread::Builder::new()
                .name("snapshot".into())
                .spawn(move || reply.send(snapshot::write(&shared, &to, &with)))
                .map_err(|e| io_error("start the thread", &file, &e))?;
            answer.await.unwrap_or(Err(Error::Closed))
        })
    }
    fn size_bytes(&self) -> u64 {
        std::fs::metadata(&self.file).map_or(0, |m| m.len())
    }
}
