//! The durable log: every state of every key by revision, in redb. Appending touches only the right edge of the tree.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use redb::{Builder, Database, ReadableDatabase, ReadableTableMetadata, TableDefinition};

use crate::{
    core::{Commit, Core},
    disk::{Disk, Home, VERSION, damaged, io_error},
    first_format,
    guard::guarded,
    index::{RecordId, Version},
    options::Options,
    port::{Entry, Error, Event, Revision},
    record::{Record, SEAL},
};

/// All states by revision, and the [`META`] record.
pub(crate) const RECORDS: TableDefinition<RecordId, &[u8]> = TableDefinition::new("records");
/// The first record: its `created` is the oldest revision that can be read.
const META: RecordId = (0, 0);

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
    disk: Disk,
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
        let (mut disk, version) = Disk::open(&path, &options.medium)?;
        if version < VERSION {
            convert(home, disk, options)?;
            (disk, _) = Disk::open(&path, &options.medium)?;
        }
        Self::over(&path, disk, options)
    }

    /// Makes a new log at `path`.
    pub fn create(path: &Path, options: &Options) -> Result<Self, Error> {
        let mut log = Self::over(path, Disk::create(path, &options.medium)?, options)?;
        log.import(&[], 0)?;
        Ok(log)
    }

    /// The file below.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    pub(crate) fn over(path: &Path, disk: Disk, options: &Options) -> Result<Self, Error> {
        let below = disk.clone();
        let opened = guarded(|| Builder::new().set_cache_size(options.cache_bytes).create_with_backend(below));
        let db = match opened {
            Ok(Ok(db)) => db,
            Ok(Err(e)) => return Err(translate("open the datastore", path, e.into())),
            Err(panic) => return Err(damaged(path, panic)),
        };
        Ok(Self { path: path.to_owned(), db, disk, oldest: 0 })
    }

    /// Runs a piece of redb work; panics over damaged pages become errors.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, redb::Error>) -> Result<T, Error> {
        match guarded(|| work(self)) {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(e)) => Err(translate("write the datastore", &self.path, e)),
            Err(panic) => Err(damaged(&self.path, panic)),
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
                    put_meta(&mut records, step.oldest)?;
                }
            }
            txn.commit()?;
            log.oldest = step.oldest;
            if let Some(last) = step.commits.last() {
                // If that fails, the mark stays behind, where it does no harm.
                let _ = log.disk.mark(last.revision);
            }
            Ok(())
        })
    }

    /// Writes records as they are, and from which revision on the store can be read.
    pub fn import(&mut self, records: &[(RecordId, Vec<u8>)], oldest: u64) -> Result<(), Error> {
        self.guarded(|log| {
            let txn = log.db.begin_write()?;
            {
                let mut table = txn.open_table(RECORDS)?;
                for (id, sealed) in records {
                    table.insert(*id, &sealed[..])?;
                }
                put_meta(&mut table, oldest)?;
            }
            txn.commit()?;
            Ok(())
        })
    }

    /// Reads the whole state back. The second value is what a crash left behind of a compaction.
    pub fn load(&mut self, steady_ms: u64) -> Result<(Core, Vec<RecordId>), Error> {
        let (mut core, mut garbage) = (Core::default(), Vec::new());
        let oldest = self.read_meta()?;
        core.oldest = oldest;
        let mut group = Group::default();
        let found = self.scan((0, 0), |revision, index, record| {
            if revision <= oldest {
                core.restore(record.key, version(revision, index, &record), &mut garbage);
            } else if let Some(commit) = group.add(revision, record) {
                core.apply(&commit.link(&core), steady_ms);
            }
        })?;
        if let Some(commit) = group.take() {
            core.apply(&commit.link(&core), steady_ms);
        }
        core.revision = core.revision.max(oldest);
        let expected = self.guarded(|log| Ok(log.db.begin_read()?.open_table(RECORDS)?.len()?))?;
        if found + 1 != expected {
            return Err(damaged(&self.path, format!("it holds {} records where {expected} belong", found + 1)));
        }
        self.reaches(core.revision, self.disk.marked(&self.path)?)?;
        Ok((core, garbage))
    }

    /// What the log holds beyond `core`: commits whose write ended in an error and got through all the same.
    pub fn beyond(&mut self, core: &Core) -> Result<Vec<Loose>, Error> {
        let (mut loose, mut group, mut last) = (Vec::new(), Group::default(), self.read_meta()?);
        self.scan((core.revision, 0), |revision, _, record| {
            last = last.max(revision);
            if revision > core.revision {
                loose.extend(group.add(revision, record));
            }
        })?;
        loose.extend(group.take());
        self.reaches(last, core.revision)?;
        Ok(loose)
    }

    /// Whether the log has come as far as it must.
    fn reaches(&self, last: u64, written: u64) -> Result<(), Error> {
        if last >= written {
            return Ok(());
        }
        Err(damaged(&self.path, format!("it ends at revision {last} although revision {written} had been written")))
    }

    fn read_meta(&mut self) -> Result<u64, Error> {
        let oldest = self.guarded(|log| {
            let records = log.db.begin_read()?.open_table(RECORDS)?;
            let Some(meta) = records.get(META)? else { return Ok(Err("its first record is missing")) };
            Ok(Record::unseal(META, meta.value()).map(|record| record.created))
        })?;
        self.oldest = oldest.map_err(|problem| damaged(&self.path, problem))?;
        Ok(self.oldest)
    }

    /// Hands out the records from `from` on, and counts them.
    fn scan(&mut self, from: RecordId, mut each: impl FnMut(u64, u32, Record<'_>)) -> Result<u64, Error> {
        let counted = self.guarded(|log| {
            let records = log.db.begin_read()?.open_table(RECORDS)?;
            let (mut count, mut last) = (0, META);
            for item in records.range(from.max((0, 1))..)? {
                let (id, bytes) = item?;
                let id = id.value();
                if id <= last {
                    return Ok(Err("its records are out of order"));
                }
                (count, last) = (count + 1, id);
                match Record::unseal(id, bytes.value()) {
                    Ok(record) => each(id.0, id.1, record),
                    Err(problem) => return Ok(Err(problem)),
                }
            }
            Ok(Ok(count))
        })?;
        counted.map_err(|problem| damaged(&self.path, problem))
    }
}

/// Makes a log of today's format from one of version 1, and puts it in its place.
fn convert(home: &Home, disk: Disk, options: &Options) -> Result<(), Error> {
    let mut old = Log::over(&home.file(), disk, options)?;
    let (records, oldest) = old.guarded(|old| first_format::read(&old.db))?.map_err(|p| damaged(&old.path, p))?;
    let mut new = Log::create(&home.cradle(), options)?;
    new.import(&records, oldest)?;
    drop((old, new));
    home.settle()
}

/// A record as it lies in the log.
pub(crate) fn sealed(id: RecordId, record: &Record<'_>) -> Vec<u8> {
    let mut out = vec![0; SEAL + record.len()];
    record.seal(id, &mut out);
    out
}

fn put_meta(records: &mut redb::Table<'_, RecordId, &'static [u8]>, oldest: u64) -> Result<(), redb::Error> {
    let meta = Record { created: oldest, expires: 0, key: "", value: None };
    records.insert(META, &sealed(META, &meta)[..])?;
    Ok(())
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
        record.seal(id, records.insert_reserve(id, SEAL + record.len())?.as_mut());
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

fn translate(tried: &'static str, path: &Path, error: redb::Error) -> Error {
    match error {
        redb::Error::Io(e) => io_error(tried, path, &e),
        redb::Error::Corrupted(reason) => damaged(path, reason),
        redb::Error::UpgradeRequired(version) => damaged(path, format!("its redb file has version {version}")),
        other => Error::Io { tried, path: path.display().to_string(), reason: other.to_string() },
    }
}
