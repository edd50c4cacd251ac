//! `/dev` of a container.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use cri::runtime::ContainerConfig;
use rustix::fs::{FileType, Mode, makedev};
use sys::mount::{self, Attributes};

use crate::child::{Outcome, Tried, failure, rootfs::fresh};

const NODES: [(&str, u32, u32); 6] =
    [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

const LINKS: [(&str, &str); 6] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("core", "/proc/kcore"),
    ("ptmx", "pts/ptmx"),
];

/// Mounts and fills it; returns the devpts mount.
pub(crate) fn build(root: BorrowedFd<'_>, config: &ContainerConfig, shm: OwnedFd) -> Outcome<OwnedFd> {
    let no_suid = Attributes { no_suid: true, ..Attributes::default() };
    let no_programs = Attributes { no_exec: true, ..no_suid };
    let dev = fresh(root, "/dev", "tmpfs", &[("source", "tmpfs"), ("mode", "0755"), ("size", "65536k")], no_suid)?;
    let options = [("source", "devpts"), ("newinstance", ""), ("ptmxmode", "0666"), ("mode", "0620"), ("gid", "5")];
    let terminals = fresh(root, "/dev/pts", "devpts", &options, no_programs)?;
    // A kernel without POSIX message queues is no reason to fail.
    let _ = fresh(root, "/dev/mqueue", "mqueue", &[], Attributes::INERT);
    let target = mount::make_directory_in(root, Path::new("/dev/shm"), 0o755).tried("making /dev/shm")?;
    mount::change(shm.as_fd(), Attributes::INERT, None, false).tried("changing /dev/shm")?;
    mount::attach(shm.as_fd(), target.as_fd()).tried("mounting /dev/shm")?;
    for (name, major, minor) in NODES {
        node(dev.as_fd(), Path::new(name), FileType::CharacterDevice, 0o666, makedev(major, minor))?;
    }
    for (name, target) in LINKS {
        rustix::fs::symlinkat(target, &dev, name).tried(format_args!("linking /dev/{name}"))?;
    }
    for device in &config.devices {
        copy(root, &device.host_path, &device.container_path)?;
    }
    if config.privileged {
        for path in host_devices(Path::new("/dev")) {
            copy(root, &path, &path)?;
        }
    }
    Ok(terminals)
}

/// Every device node of the host outside of what each container has for itself.
pub(crate) fn host_devices(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(directory) else { return found };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        let name = entry.file_name();
        if kind.is_dir() {
            let own = ["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"];
            if !own.iter().any(|own| name == *own) {
                found.extend(host_devices(&entry.path()));
            }
        } else if name != "console" && name != "ptmx" && !kind.is_file() && !kind.is_symlink() {
            found.push(entry.path());
        }
    }
    found
}

fn copy(root: BorrowedFd<'_>, from: &Path, to: &Path) -> Outcome<()> {
    let stat = rustix::fs::stat(from)
        .map_err(|error| failure(format_args!("error gathering device information for {}", from.display()), error))?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    if !kind.is_char_device() && !kind.is_block_device() {
        return Ok(());
    }
    let parent = mount::make_directory_in(root, to.parent().unwrap_or(Path::new("/dev")), 0o755)
        .tried(format_args!("making {}", to.display()))?;
    let name = to.file_name().ok_or_else(|| failure("making a device", format!("{} is no file name", to.display())))?;
    node(parent.as_fd(), Path::new(name), kind, stat.st_mode & 0o777, stat.st_rdev)?;
    let (uid, gid) = (rustix::fs::Uid::from_raw(stat.st_uid), rustix::fs::Gid::from_raw(stat.st_gid));
    let _ = rustix::fs::chownat(&parent, name, Some(uid), Some(gid), rustix::fs::AtFlags::SYMLINK_NOFOLLOW);
    Ok(())
}

fn node(directory: BorrowedFd<'_>, name: &Path, kind: FileType, mode: u32, number: u64) -> Outcome<()> {
    match rustix::fs::mknodat(directory, name, kind, Mode::from_raw_mode(mode), number) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
        Err(error) => Err(error).tried(format_args!("making the device {}", name.display())),
    }
}
