//! The file below redb: a page of our own in front says whose file it is and of which version, before anything touches it.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    ops::Bound,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use redb::{BackendError, StorageBackend, backends::FileBackend};

use crate::port::Error;

const MAGIC: &[u8; 8] = b"PODIUMDB";
/// The version of the file's format. Another one is never touched.
pub(crate) const VERSION: u32 = 1;
const FRONT: u64 = 4096;

pub(crate) fn io_error(tried: &'static str, path: &Path, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::StorageFull || error.kind() == io::ErrorKind::QuotaExceeded {
        return no_space(path);
    }
    Error::Io { tried, path: path.display().to_string(), reason: error.to_string() }
}

pub(crate) fn no_space(path: &Path) -> Error {
    Error::NoSpace { free_bytes: free_bytes(path).unwrap_or(0), path: path.display().to_string() }
}

pub(crate) fn damaged(path: &Path, reason: impl Into<String>) -> Error {
    Error::Damaged { path: path.display().to_string(), reason: reason.into() }
}

/// What is left on the file system, or `None` where it does not say.
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
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

/// redb's file without our page in front.
#[derive(Debug)]
pub(crate) struct Disk(FileBackend);

impl Disk {
    /// Makes a new file with our page in front.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let fail = |e: io::Error| io_error("create the datastore", path, &e);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)
            .map_err(fail)?;
        let mut front = vec![0; FRONT as usize];
        front[..8].copy_from_slice(MAGIC);
        front[8..12].copy_from_slice(&VERSION.to_le_bytes());
        file.write_all(&front).map_err(fail)?;
        Self::over(path, file)
    }

    /// Opens a file after a look at its first page.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let fail = |e: io::Error| io_error("open the datastore", path, &e);
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(fail)?;
        let mut front = [0; 12];
        match file.read_exact_at(&mut front, 0) {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(damaged(path, "it is too short to be a Podium datastore"));
            }
            other => other.map_err(fail)?,
        }
        if &front[..8] != MAGIC {
            return Err(damaged(path, "it is not a Podium datastore"));
        }
        let version = front[8..12].try_into().map_or(0, u32::from_le_bytes);
        if version != VERSION {
            return Err(damaged(path, format!("it has format version {version}; this Podium reads version {VERSION}")));
        }
        Self::over(path, file)
    }

    fn over(path: &Path, file: File) -> Result<Self, Error> {
        FileBackend::new(file).map(Self).map_err(|e| damaged(path, e.to_string()))
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len()?.saturating_sub(FRONT))
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset + FRONT, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len + FRONT)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset + FRONT, data)
    }
    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }
    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_shared_range(start, end)
    }
    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_range(start, end)
    }
    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_shared_range(start, end)
    }
    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }
    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.query_lock_range(start, end)
    }
}

/// A backend in a box, as a wrapper hands it over.
#[derive(Debug)]
pub(crate) struct Boxed(pub Box<dyn StorageBackend>);

impl StorageBackend for Boxed {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }
    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_shared_range(start, end)
    }
    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_range(start, end)
    }
    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_shared_range(start, end)
    }
    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }
    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.query_lock_range(start, end)
    }
}
