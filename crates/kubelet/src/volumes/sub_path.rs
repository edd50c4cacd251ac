//! `subPath`: a part of a volume, resolved so that no link inside the volume leads out of it.
//!
//! What was found is pinned by a bind mount in the pod's own directory: a later swap of a directory for a link by
//! another container of the pod changes nothing.

use std::{
    fs::{self, File},
    io,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};

fn resolve(root: &OwnedFd, path: &str) -> rustix::io::Result<OwnedFd> {
    openat2(
        root.as_fd(),
        path,
        OFlags::PATH | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS,
    )
}

fn open_root(volume: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(volume, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

/// Makes missing directories, with the volume's own mode, owner and group.
fn make(root: &OwnedFd, volume: &Path, path: &str) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let meta = fs::metadata(volume)?;
    let mut current =
        rustix::fs::openat(root.as_fd(), ".", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let mut walked = String::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match rustix::fs::mkdirat(current.as_fd(), part, Mode::from_raw_mode(0o755)) {
            Ok(()) => {
                let made = format!("/proc/self/fd/{}/{part}", current.as_raw_fd());
                std::os::unix::fs::lchown(&made, Some(meta.uid()), Some(meta.gid()))?;
                fs::set_permissions(&made, meta.permissions())?;
            }
            Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        walked = if walked.is_empty() { part.to_owned() } else { format!("{walked}/{part}") };
        current = resolve(root, &walked)?;
    }
    Ok(())
}

/// The host path to mount for a part of a volume; `pins` is the pod's directory for pinned parts.
pub(crate) fn prepare(
    volume: &Path,
    sub_path: &str,
    pins: &Path,
    container: &str,
    index: usize,
) -> io::Result<PathBuf> {
    let root = open_root(volume)?;
    let found = match resolve(&root, sub_path) {
        Err(rustix::io::Errno::NOENT) => {
            make(&root, volume, sub_path)?;
            resolve(&root, sub_path)?
        }
        other => other?,
    };
    let source = PathBuf::from(format!("/proc/self/fd/{}", found.as_raw_fd()));
    let is_dir = fs::metadata(&source)?.is_dir();
    let name = volume.file_name().unwrap_or_default();
    let target = pins.join(name).join(container).join(index.to_string());
    let _ = rustix::mount::unmount(&target, rustix::mount::UnmountFlags::DETACH);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    if is_dir {
        fs::create_dir_all(&target)?;
    } else {
        File::create(&target)?;
    }
    rustix::mount::mount_bind(&source, &target)?;
    Ok(target)
}

/// Takes every pin of a pod away.
pub(crate) fn release(pins: &Path) -> io::Result<()> {
    let list = |dir: &Path| -> Vec<PathBuf> {
        fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    for volume in list(pins) {
        for container in list(&volume) {
            for pin in list(&container) {
                match rustix::mount::unmount(&pin, rustix::mount::UnmountFlags::DETACH) {
                    Ok(()) | Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOENT) => {}
                    Err(error) => return Err(error.into()),
                }
                if pin.is_dir() { fs::remove_dir(&pin)? } else { fs::remove_file(&pin)? }
            }
            fs::remove_dir(&container)?;
        }
        fs::remove_dir(&volume)?;
    }
    Ok(())
}

/// Refuses what leads out by its spelling, as upstream words it.
pub(crate) fn check(sub_path: &str) -> Result<(), String> {
    if sub_path.starts_with('/') {
        return Err(format!("error SubPath `{sub_path}` must not be an absolute path"));
    }
    if sub_path.split('/').any(|part| part == "..") {
        return Err(format!("unable to provision SubPath `{sub_path}`: must not contain '..'"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_do_not_lead_out() {
        let dir = tempfile::tempdir().unwrap();
        let volume = dir.path().join("v");
        fs::create_dir_all(volume.join("in")).unwrap();
        std::os::unix::fs::symlink("/etc", volume.join("out")).unwrap();
        std::os::unix::fs::symlink("in", volume.join("alias")).unwrap();
        let root = open_root(&volume).unwrap();
        assert!(resolve(&root, "in").is_ok() && resolve(&root, "alias").is_ok());
        assert!(resolve(&root, "out/passwd").is_err() && resolve(&root, "../v").is_err());
        make(&root, &volume, "a/b").unwrap();
        assert!(volume.join("a/b").is_dir());
        assert!(check("/x").is_err() && check("a/../b").is_err() && check("a..b").is_ok());
    }
}
