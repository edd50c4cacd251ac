//! The mounts that a container's configuration asks for.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use cri::runtime::{Mount, Propagation};
use rustix::fs::FileType;
use sys::mount::{self, Attributes, Spread};

use crate::child::{Outcome, Tried};

/// Copies of the sources, in order.
pub(crate) fn open(mounts: &[Mount]) -> Outcome<Vec<OwnedFd>> {
    mounts
        .iter()
        .map(|volume| {
            let what = || format!("failed to open mount source {:?}", volume.source);
            match mount::copy(&volume.source, true) {
                // A host path without a type is made as a directory when it is missing.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    std::fs::create_dir_all(&volume.source).tried(what())?;
                    mount::copy(&volume.source, true).tried(what())
                }
                result => result.tried(what()),
            }
        })
        .collect()
}

/// Attaches what [`open`] gave, in order.
pub(crate) fn attach(root: BorrowedFd<'_>, trees: Vec<OwnedFd>, mounts: &[Mount]) -> Outcome<()> {
    for (tree, volume) in trees.iter().zip(mounts) {
        let what =
            || format!("error mounting {:?} to rootfs at {:?}", volume.source.display(), volume.destination.display());
        let stat = rustix::fs::fstat(tree).tried(what())?;
        let directory = FileType::from_raw_mode(stat.st_mode).is_dir();
        let spread = match volume.propagation {
            Propagation::Private => Spread::Private,
            Propagation::HostToContainer => Spread::Receive,
            Propagation::Bidirectional => Spread::Shared,
        };
        mount::change(tree.as_fd(), Attributes::default(), Some(spread), true).tried(what())?;
        if volume.read_only || volume.recursive_read_only {
            let read_only = Attributes::default().read_only(true);
            mount::change(tree.as_fd(), read_only, None, volume.recursive_read_only).tried(what())?;
        }
        let target = mount::make_target_in(root, &volume.destination, directory).tried(what())?;
        mount::attach(tree.as_fd(), target.as_fd()).tried(what())?;
    }
    Ok(())
}
