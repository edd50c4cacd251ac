//! The root file system of a container, built in a mount namespace of its own: nothing of it appears on the host, and
//! the kernel takes it down with the last process.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags};
use sys::mount::{self, Attributes, Spread};

use crate::{
    child::{Outcome, Tried, cgroupfs, dev, failure, paths, volumes},
    spec::ContainerSpec,
};

/// What of the root the rest needs.
pub(crate) struct Root {
    /// Its directory.
    pub directory: OwnedFd,
    /// The mounted devpts.
    pub terminals: OwnedFd,
}

/// Mounts everything. The working directory is the container's state directory.
pub(crate) fn build(spec: &ContainerSpec) -> Outcome<Root> {
    let config = &spec.config;
    // Copied before this namespace is cut off from the host's: only so can mounts spread back (Bidirectional).
    let volumes = volumes::open(&config.mounts)?;
    let shm = mount::copy(&spec.shm, false).tried("opening the pod's /dev/shm")?;
    let groups = cgroupfs::open(&spec.cgroups, config.privileged)?;
    mount::spread_everything(Spread::Receive).tried("cutting off the host's mounts")?;
    layers(&config.layers, &spec.mount_point)?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::open(&spec.mount_point, flags, Mode::empty()).tried("opening the root")?;
    let root = directory.as_fd();
    fresh(root, "/proc", "proc", &[], Attributes::INERT)?;
    fresh(root, "/sys", "sysfs", &[], Attributes::INERT.read_only(!config.privileged))?;
    cgroupfs::attach(root, groups, &spec.cgroups, config.privileged)?;
    let terminals = dev::build(root, config, shm)?;
    volumes::attach(root, volumes, &config.mounts)?;
    if !config.privileged && !config.unmasked_proc {
        paths::protect(root)?;
    }
    // An error shows when the process changes to it.
    let _ = mount::make_directory_in(root, Path::new(&config.cwd), 0o755);
    if config.read_only_rootfs {
        let read_only = Attributes::default().read_only(true);
        mount::change(root, read_only, None, false).tried("making the root read-only")?;
    }
    Ok(Root { directory, terminals })
}

fn layers(layers: &[PathBuf], mount_point: &Path) -> Outcome<()> {
    if layers.is_empty() {
        return Err(failure("mounting the root", "the image has no layers"));
    }
    mount::overlay(layers, Path::new("upper"), Path::new("work"), mount_point).tried("mounting the image's layers")
}

/// Mounts a new file system at a path below the root, which is made when missing.
pub(crate) fn fresh(
    root: BorrowedFd<'_>,
    path: &str,
    kind: &str,
    options: &[(&str, &str)],
    attributes: Attributes,
) -> Outcome<OwnedFd> {
    let what = || format!("error mounting {kind:?} to rootfs at {path:?}");
    let target = mount::make_directory_in(root, Path::new(path), 0o755).tried(what())?;
    let mount = mount::create(kind, options, attributes).tried(what())?;
    mount::attach(mount.as_fd(), target.as_fd()).tried(what())?;
    Ok(mount)
}
