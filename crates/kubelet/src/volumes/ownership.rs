//! `fsGroup`: the group owns the files of a volume, and what is made in it later.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt, lchown},
    path::Path,
};

const FILE: u32 = 0o660;
const DIRECTORY: u32 = 0o2110;
const READ_ONLY: u32 = 0o440;

/// Gives a tree to a group.
pub(crate) fn apply(root: &Path, gid: u32, read_only: bool) -> io::Result<()> {
    let mut open = vec![root.to_owned()];
    while let Some(path) = open.pop() {
        let meta = fs::symlink_metadata(&path)?;
        lchown(&path, None, Some(gid))?;
        if meta.is_symlink() {
            continue;
        }
        let mut mode = (meta.mode() & 0o7777) | if read_only { READ_ONLY } else { FILE };
        if meta.is_dir() {
            mode |= DIRECTORY;
            for entry in fs::read_dir(&path)? {
                open.push(entry?.path());
            }
        }
        fs::set_permissions(&path, Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// Whether the root already looks as [`apply`] leaves it (`fsGroupChangePolicy: OnRootMismatch`).
pub(crate) fn matches(root: &Path, gid: u32, read_only: bool) -> bool {
    let wanted = if read_only { READ_ONLY } else { FILE } | DIRECTORY;
    fs::metadata(root).is_ok_and(|meta| meta.gid() == gid && meta.mode() & wanted == wanted)
}
