//! What the store's file lies on: this machine, or a fake that fails in every way that a disk can.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
};

use redb::StorageBackend;
use rustix::{
    fs::{Advice, FallocateFlags},
    io::Errno,
};

/// A file system with its disk. The methods as they stand are the machine's own.
pub trait Medium: Send + Sync + 'static {
    /// Puts a layer between the store and its file.
    fn wrap(&self, below: Box<dyn StorageBackend>) -> Box<dyn StorageBackend> {
        below
    }

    /// Bytes that are left for us, or `None` where the file system does not say.
    fn free_bytes(&self, dir: &Path) -> Option<u64> {
        free_bytes(dir)
    }

    /// Takes room for the first `bytes` of the file without making it longer, so that nobody else can. False: this file system cannot.
    ///
    /// # Errors
    /// There is no room.
    fn allocate(&self, file: &Path, bytes: u64) -> io::Result<bool> {
        let file = OpenOptions::new().write(true).open(file)?;
        match rustix::fs::fallocate(&file, FallocateFlags::KEEP_SIZE, 0, bytes) {
            Ok(()) => Ok(true),
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// Bytes that the file takes on the disk.
    ///
    /// # Errors
    /// The file cannot be looked at.
    fn allocated(&self, file: &Path) -> io::Result<u64> {
        Ok(std::fs::metadata(file)?.blocks().saturating_mul(512))
    }

    /// Makes the next reader see what is on the disk. After a failed sync the kernel's cache shows data that it has given up writing.
    ///
    /// # Errors
    /// The file cannot be opened.
    fn forget_cache(&self, file: &Path) -> io::Result<()> {
        let file = File::open(file)?;
        // What can still be written must be: only clean pages are dropped. If that fails, the pages count as clean.
        let _ = file.sync_data();
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).map_err(Into::into)
    }
}

/// This machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine;

impl Medium for Machine {}

/// What is left on the file system, or `None` where it does not say.
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_without_making_the_file_longer() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "x").unwrap();
        if Machine.allocate(&file, 1 << 20).unwrap() {
            assert_eq!(std::fs::metadata(&file).unwrap().len(), 1);
            assert!(Machine.allocated(&file).unwrap() >= 1 << 20);
        }
        Machine.forget_cache(&file).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"x");
    }
}
