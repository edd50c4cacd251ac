//! A container's view of its own cgroups below `/sys/fs/cgroup`.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use sys::mount::{self, Attributes, Spread};

use crate::{
    child::{Outcome, Tried, rootfs::fresh},
    spec::CgroupView,
};

const PLACE: &str = "/sys/fs/cgroup";

/// The groups' directories as mounts, in the order of the view.
pub(crate) fn open(view: &CgroupView, writable: bool) -> Outcome<Vec<OwnedFd>> {
    let attributes = Attributes::INERT.read_only(!writable);
    view.unified
        .iter()
        .chain(view.hierarchies.iter().map(|(_, group)| group))
        .map(|group| {
            let tree = mount::copy(group, false).tried(format_args!("opening the cgroup {}", group.display()))?;
            mount::change(tree.as_fd(), attributes, Some(Spread::Private), false).tried("changing the cgroup mount")?;
            Ok(tree)
        })
        .collect()
}

/// Attaches what [`open`] gave.
pub(crate) fn attach(root: BorrowedFd<'_>, groups: Vec<OwnedFd>, view: &CgroupView, writable: bool) -> Outcome<()> {
    if view.unified.is_some() {
        let target = mount::open_in(root, Path::new(PLACE)).tried(format_args!("opening {PLACE}"))?;
        return groups
            .iter()
            .try_for_each(|group| mount::attach(group.as_fd(), target.as_fd()).tried("mounting the cgroup"));
    }
    if groups.is_empty() {
        return Ok(());
    }
    let parent = fresh(root, PLACE, "tmpfs", &[("source", "cgroup"), ("mode", "0755")], Attributes::INERT)?;
    for (group, (name, _)) in groups.iter().zip(&view.hierarchies) {
        let target = mount::make_directory_in(parent.as_fd(), Path::new(name), 0o755)
            .tried(format_args!("making {PLACE}/{name}"))?;
        mount::attach(group.as_fd(), target.as_fd()).tried(format_args!("mounting {PLACE}/{name}"))?;
    }
    for (name, target) in &view.links {
        rustix::fs::symlinkat(target, &parent, name).tried(format_args!("linking {PLACE}/{name}"))?;
    }
    let attributes = Attributes::INERT.read_only(!writable);
    mount::change(parent.as_fd(), attributes, None, false).tried(format_args!("protecting {PLACE}"))
}
