//! The durable log: every state of every key by revision, in redb. Appending touches only the right edge of the tree.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use redb::{Builder, Database, ReadableDatabase, TableDefinition};

use crate::{
    core::{Commit, Core},
    disk::{Boxed, Disk, Home, damaged, io_error},
    index::{RecordId, Version},
    options::Options,
    port::{Entry, Error, Event, Revision},
    record::Record,
};

const RECORDS: TableDefinition<RecordId, &[u8]> = TableDefinition::new("records");
const FACTS: TableDefinition<&str, u64> = TableDefinition::new("facts");
const COMPACTED: &str = "compacted";

/// One durable step.
#[derive(Debug, Default)]
pub(crate) struct Step<'a> {
    pub commits: &'a [Commit],
    /// Records that nobody can read any more.
    pub garbage: &'a [RecordId],
    /// The oldest readable revision.
    pub oldest: u64,
    /// Write down which pages are free, so that opening after a crash need not look for them.
    pub checkpoint: bool,
}

/// An open log.
pub(crate) struct Log {
    path: PathBuf,
    db: Database,
    oldest: u64,
}

impl Log {
    /// Opens the log of a store, and makes a new one where there is none.
    pub fn open(home: &Home, options: &Options) -> Result<Self, Error> {
        let path = home.file();
        let there = path.try_exists().map_err(|e| io_error("look for the datastore", &path, &e))?;
        if !there {
            drop(Self::create(&home.cradle(), options)?);
            home.settle()?;
        }
        Self::over(&path, Disk::open(&path)?, options)
    }

    /// Makes a new log at `path`.
    pub fn create(path: &Path, options: &Options) -> Result<Self, Error> {
        let mut log = Self::over(path, Disk::create(path)?, options)?;
        log.guarded(|log| {
            let txn = log.db.begin_write()?;
            txn.open_table(RECORDS)?;
            txn.open_table(FACTS)?;
            txn.commit()?;
            Ok(())
        })?;
        Ok(log)
    }

    fn over(path: &Path, disk: Disk, options: &Options) -> Result<Self, Error> {
        let mut backend: Box<dyn redb::StorageBackend> = Box::new(disk);
        if let Some(wrap) = &options.wrap {
            backend = wrap(backend);
        }
        // redb may panic over a damaged file; that is an answer like any other.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            Builder::new().set_cache_size(options.cache_bytes).create_with_backend(Boxed(backend))
        }));
        let db = match opened {
            Ok(Ok(db)) => db,
            Ok(Err(e)) => return Err(translate("open the datastore", path, e.into())),
            Err(panic) => return Err(damaged(path, words(&*panic))),
        };
        Ok(Self { path: path.to_owned(), db, oldest: 0 })
    }

    /// Runs a piece of redb work; panics over damaged pages become errors.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, redb::Error>) -> Result<T, Error> {
        match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(e)) => Err(translate("write the datastore", &self.path, e)),
            Err(panic) => Err(damaged(&self.path, words(&*panic))),
        }
    }

    /// Makes a step durable, or none of it as far as one can tell: after an error the log must be opened anew.
    pub fn write(&mut self, step: &Step<'_>) -> Result<(), Error> {
        self.guarded(|log| {
            let mut txn = log.db.begin_write()?;
            txn.set_quick_repair(step.checkpoint);
            {
                let mut records = txn.open_table(RECORDS)?;
                for commit in step.commits {
                    append(&mut records, commit)?;
                }
                for id in step.garbage {
                    records.remove(*id)?;
                }
                if step.oldest != log.oldest {
                    txn.open_table(FACTS)?.insert(COMPACTED, step.oldest)?;
                }
            }
            txn.commit()?;
            log.oldest = step.oldest;
            Ok(())
        })
    }

    /// Writes encoded records as they are, and from which revision on the store can be read.
    pub fn import(&mut self, records: &[(RecordId, Vec<u8>)], oldest: u64) -> Result<(), Error> {
        self.guarded(|log| {
            let txn = log.db.begin_write()?;
            {
                let mut table = txn.open_table(RECORDS)?;
                for (id, record) in records {
                    table.insert(*id, &record[..])?;
                }
                txn.open_table(FACTS)?.insert(COMPACTED, oldest)?;
            }
            txn.commit()?;
            Ok(())
        })
    }

    /// Reads the whole state back. The second value is what a crash left behind of a compaction.
    pub fn load(&mut self, now_ms: u64) -> Result<(Core, Vec<RecordId>), Error> {
        let (mut core, mut garbage) = (Core::default(), Vec::new());
        let oldest =
            self.guarded(|log| Ok(log.db.begin_read()?.open_table(FACTS)?.get(COMPACTED)?.map_or(0, |v| v.value())))?;
        self.oldest = oldest;
        core.oldest = oldest;
        let mut group = Group::default();
        self.scan(0, |revision, index, record| {
            if revision <= oldest {
                core.restore(record.key, version(revision, index, &record), &mut garbage);
            } else if let Some(commit) = group.add(revision, record) {
                core.apply(&commit.link(&core), now_ms);
            }
        })?;
        if let Some(commit) = group.take() {
            core.apply(&commit.link(&core), now_ms);
        }
        core.revision = core.revision.max(oldest);
        Ok((core, garbage))
    }

    /// What the log holds beyond `core`: commits whose write ended in an error and got through all the same.
    pub fn beyond(&mut self, core: &Core) -> Result<Vec<Loose>, Error> {
        let (mut loose, mut group, mut last) = (Vec::new(), Group::default(), 0);
        self.oldest =
            self.guarded(|log| Ok(log.db.begin_read()?.open_table(FACTS)?.get(COMPACTED)?.map_or(0, |v| v.value())))?;
        self.scan(core.revision, |revision, _, record| {
            last = revision;
            if revision > core.revision {
                loose.extend(group.add(revision, record));
            }
        })?;
        loose.extend(group.take());
        if last.max(self.oldest) < core.revision {
            let reason = format!(
                "it ends at revision {} although revision {} had been written",
                last.max(self.oldest),
                core.revision
            );
            return Err(damaged(&self.path, reason));
        }
        Ok(loose)
    }

    fn scan(&mut self, from: u64, mut each: impl FnMut(u64, u32, Record<'_>)) -> Result<(), Error> {
        let problem = self.guarded(|log| {
            let records = log.db.begin_read()?.open_table(RECORDS)?;
            for item in records.range((from, 0)..)? {
                let (id, bytes) = item?;
                let (revision, index) = id.value();
                match Record::decode(bytes.value()) {
                    Ok(record) => each(revision, index, record),
                    Err(problem) => return Ok(Some(problem)),
                }
            }
            Ok(None)
        })?;
        problem.map_or(Ok(()), |problem| Err(damaged(&self.path, problem)))
    }
}

fn append(records: &mut redb::Table<'_, RecordId, &'static [u8]>, commit: &Commit) -> Result<(), redb::Error> {
    for (place, event) in commit.events.iter().enumerate() {
        let record = Record {
            created: event.entry.created.0,
            expires: commit.expires.get(place).copied().unwrap_or(0),
            key: &event.entry.key,
            value: (!event.deleted).then_some(&event.entry.value[..]),
        };
        let id = (commit.revision, u32::try_from(place).unwrap_or(u32::MAX));
        record.encode(records.insert_reserve(id, record.len())?.as_mut());
    }
    Ok(())
}

fn version(revision: u64, index: u32, record: &Record<'_>) -> Version {
    Version { modified: revision, created: record.created, value: record.bytes(), expires: record.expires, index }
}

/// A commit as read back: the states before are not known yet.
pub(crate) struct Loose {
    revision: u64,
    states: Vec<(Arc<str>, Version)>,
}

impl Loose {
    /// Finds the states before, which makes it a commit again.
    pub fn link(self, core: &Core) -> Commit {
        let expires = self.states.iter().map(|(_, v)| v.expires).collect();
        let event = |(key, version): (Arc<str>, Version)| {
            let previous = core.index.live(&key);
            let key = previous.as_ref().map_or(key, |p| p.key.clone());
            let deleted = version.value.is_none();
            let value = version.value.unwrap_or_else(Bytes::new);
            let entry = Entry { key, value, modified: Revision(version.modified), created: Revision(version.created) };
            Event { entry, previous, deleted }
        };
        Commit { revision: self.revision, events: self.states.into_iter().map(event).collect(), expires }
    }
}

/// Joins records of one revision.
#[derive(Default)]
struct Group(Option<Loose>);

impl Group {
    /// Returns the commit before when this record begins another.
    fn add(&mut self, revision: u64, record: Record<'_>) -> Option<Loose> {
        let done = if self.0.as_ref().is_some_and(|g| g.revision != revision) { self.0.take() } else { None };
        let group = self.0.get_or_insert_with(|| Loose { revision, states: Vec::new() });
        let index = u32::try_from(group.states.len()).unwrap_or(u32::MAX);
        group.states.push((record.key.into(), version(revision, index, &record)));
        done
    }

    fn take(&mut self) -> Option<Loose> {
        self.0.take()
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("reading it failed: {}", text.unwrap_or("no reason given"))
}

fn translate(tried: &'static str, path: &Path, error: redb::Error) -> Error {
    match error {
        redb::Error::Io(e) => io_error(tried, path, &e),
        redb::Error::Corrupted(reason) => damaged(path, reason),
        redb::Error::UpgradeRequired(version) => damaged(path, format!("its redb file has version {version}")),
        redb::Error::DatabaseAlreadyOpen => Error::Io {
            tried,
            path: path.display().to_string(),
            reason: "another process is using this datastore".into(),
        },
        other => Error::Io { tried, path: path.display().to_string(), reason: other.to_string() },
    }
}
