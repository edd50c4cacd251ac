//! The file below redb: a page of our own in front says whose file it is and of which version, before anything touches it,
//! and how far the store had come.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use redb::{StorageBackend, backends::FileBackend};

use crate::{
    checksum::crc32c,
    medium::{Medium, free_bytes},
    port::Error,
};

const MAGIC: &[u8; 8] = b"PODIUMDB";
/// The version of the file's format. Version 1 had records without checksums and no mark; it is converted when it is opened.
pub(crate) const VERSION: u32 = 2;
const FRONT: u64 = 4096;
/// Where the mark lies in the front page, within one sector.
const MARK: u64 = 16;

pub(crate) fn io_error(tried: &'static str, path: &Path, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::StorageFull || error.kind() == io::ErrorKind::QuotaExceeded {
        return no_space(path, free_bytes(path).unwrap_or(0));
    }
    Error::Io { tried, path: path.display().to_string(), reason: error.to_string() }
}

pub(crate) fn no_space(path: &Path, free_bytes: u64) -> Error {
    Error::NoSpace { free_bytes, path: path.display().to_string() }
}

pub(crate) fn damaged(path: &Path, reason: impl Into<String>) -> Error {
    Error::Damaged { path: path.display().to_string(), reason: reason.into() }
}

pub(crate) fn other_version(path: &Path, found: u32, known: u32) -> Error {
    Error::OtherVersion { path: path.display().to_string(), found, known }
}

/// The directory of a store, locked for this process.
#[derive(Debug)]
pub(crate) struct Home {
    dir: PathBuf,
    /// Holds the lock as long as it is open.
    _lock: File,
}

impl Home {
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let fail = |tried, e: &io::Error| io_error(tried, dir, e);
        let meta = match std::fs::metadata(dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                std::fs::create_dir_all(dir).map_err(|e| fail("create the directory", &e))?;
                std::fs::metadata(dir)
            }
            other => other,
        };
        if !meta.map_err(|e| fail("look at the directory", &e))?.is_dir() {
            return Err(fail("open the directory", &io::Error::from(io::ErrorKind::NotADirectory)));
        }
        let lock = File::open(dir).map_err(|e| fail("open the directory", &e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { dir: dir.to_owned(), _lock: lock }),
            Err(std::fs::TryLockError::WouldBlock) => {
                let reason = "another process is using this datastore".into();
                Err(Error::Io { tried: "lock the directory", path: dir.display().to_string(), reason })
            }
            Err(std::fs::TryLockError::Error(e)) => Err(fail("lock the directory", &e)),
        }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn file(&self) -> PathBuf {
        self.dir.join("store")
    }

    /// Where a new store grows up before it gets its name.
    pub fn cradle(&self) -> PathBuf {
        self.dir.join("store.new")
    }

    /// Gives a new store its name for good.
    pub fn settle(&self) -> Result<(), Error> {
        std::fs::rename(self.cradle(), self.file())
            .map_err(|e| io_error("rename the new datastore", &self.file(), &e))?;
        sync_directory(&self.dir)
    }
}

pub(crate) fn sync_directory(dir: &Path) -> Result<(), Error> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(|e| io_error("sync the directory", dir, &e))
}

/// redb's file without our page in front. Clones are the same file.
#[derive(Clone)]
pub(crate) struct Disk {
    path: PathBuf,
    medium: Arc<dyn Medium>,
    below: Arc<dyn StorageBackend>,
    /// The end of what was ever written.
    reach: Arc<AtomicU64>,
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disk").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Disk {
    /// Makes a new file with our page in front.
    pub fn create(path: &Path, medium: &Arc<dyn Medium>) -> Result<Self, Error> {
        let fail = |e: io::Error| io_error("create the datastore", path, &e);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)
            .map_err(fail)?;
        let disk = Self::over(path, file, medium)?;
        let mut front = vec![0; FRONT as usize];
        front[..8].copy_from_slice(MAGIC);
        front[8..12].copy_from_slice(&VERSION.to_le_bytes());
        // The layer below may know the file from an earlier attempt.
        disk.below.set_len(0).and_then(|()| disk.below.set_len(FRONT)).map_err(fail)?;
        disk.below.write(0, &front).and_then(|()| disk.mark(0)).map_err(fail)?;
        Ok(disk)
    }

    /// Opens a file after a look at its first page. Says its version too.
    pub fn open(path: &Path, medium: &Arc<dyn Medium>) -> Result<(Self, u32), Error> {
        let fail = |e: io::Error| io_error("open the datastore", path, &e);
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(fail)?;
        let disk = Self::over(path, file, medium)?;
        if disk.below.len().map_err(fail)? < FRONT {
            return Err(damaged(path, "it is too short to be a Podium datastore"));
        }
        let mut front = [0; 12];
        disk.below.read(0, &mut front).map_err(fail)?;
        if &front[..8] != MAGIC {
            return Err(damaged(path, "it is not a Podium datastore"));
        }
        let version = front[8..12].try_into().map_or(0, u32::from_le_bytes);
        if version == 0 || version > VERSION {
            return Err(other_version(path, version, VERSION));
        }
        Ok((disk, version))
    }

    fn over(path: &Path, file: File, medium: &Arc<dyn Medium>) -> Result<Self, Error> {
        let file = FileBackend::new(file).map_err(|e| damaged(path, e.to_string()))?;
        let below: Arc<dyn StorageBackend> = Arc::from(medium.wrap(Box::new(file)));
        let reach = below.len().map_err(|e| io_error("look at the datastore", path, &e))?;
        Ok(Self { path: path.to_owned(), medium: medium.clone(), below, reach: Arc::new(AtomicU64::new(reach)) })
    }

    /// Makes it look like a file of version 1.
    #[cfg(test)]
    pub fn as_first_version(&self) {
        self.below.write(8, &1u32.to_le_bytes()).unwrap();
        self.below.write(MARK, &[0; 16]).unwrap();
    }

    /// Notes in the front page that the store has come to `revision`. Not synced: it reaches the disk with the next commit or by
    /// itself, and is never ahead of what is durable.
    pub fn mark(&self, revision: u64) -> io::Result<()> {
        let mut mark = [0; 16];
        mark[..8].copy_from_slice(&revision.to_le_bytes());
        let sum = crc32c(&[&mark[..8]]);
        mark[8..12].copy_from_slice(&sum.to_le_bytes());
        self.below.write(MARK, &mark)
    }

    /// The revision that the file says it has come to, at least.
    pub fn marked(&self, path: &Path) -> Result<u64, Error> {
        let mut mark = [0; 16];
        self.below.read(MARK, &mut mark).map_err(|e| io_error("read the datastore", path, &e))?;
        if mark[8..12] != crc32c(&[&mark[..8]]).to_le_bytes() {
            return Err(damaged(path, "the checksum of its front page does not match"));
        }
        Ok(mark[..8].try_into().map_or(0, u64::from_le_bytes))
    }

    /// The end of what was ever written, in bytes from the start of the file.
    pub fn reach(&self) -> u64 {
        self.reach.load(Ordering::Relaxed)
    }

    /// What lies behind `end` is known to be a hole.
    pub fn reached_at_most(&self, end: u64) {
        self.reach.fetch_min(end.max(FRONT), Ordering::Relaxed);
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.below.len()?.saturating_sub(FRONT))
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.below.read(offset + FRONT, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.reach.fetch_min(len + FRONT, Ordering::Relaxed);
        self.below.set_len(len + FRONT)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.below.sync_data().inspect_err(|_| {
            // At once: whoever reads the file next, a new process perhaps, must not believe in what the kernel has given up.
            // If even that fails there is nothing left to try, and the error of the sync says enough.
            let _ = self.medium.forget_cache(&self.path);
        })
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.reach.fetch_max(offset + FRONT + data.len() as u64, Ordering::Relaxed);
        self.below.write(offset + FRONT, data)
    }
    fn close(&self) -> io::Result<()> {
        self.below.close()
    }
    // No locks: the directory is locked, see `Home`.
}
