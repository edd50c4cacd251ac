//! Paths that a container must not see or change, as every container runtime has them.

use std::{
    os::fd::{AsFd, BorrowedFd},
    path::Path,
};

use sys::mount::{self, Attributes};

use crate::child::{Outcome, Tried};

const MASKED: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
];

const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// Applies both lists below `root`.
pub(crate) fn protect(root: BorrowedFd<'_>) -> Outcome<()> {
    for path in READ_ONLY {
        let Ok(place) = mount::open_in(root, Path::new(path)) else { continue };
        let tree = mount::copy_of(place.as_fd()).tried(format_args!("copying {path}"))?;
        mount::change(tree.as_fd(), Attributes::default().read_only(true), None, true)
            .and_then(|()| mount::attach(tree.as_fd(), place.as_fd()))
            .tried(format_args!("making {path} read-only"))?;
    }
    let null = mount::open_in(root, Path::new("/dev/null")).tried("opening /dev/null")?;
    for path in MASKED {
        let Ok(place) = mount::open_in(root, Path::new(path)) else { continue };
        let directory =
            rustix::fs::fstat(&place).is_ok_and(|s| rustix::fs::FileType::from_raw_mode(s.st_mode).is_dir());
        let cover = if directory {
            mount::create("tmpfs", &[("source", "tmpfs"), ("mode", "0755")], Attributes::INERT.read_only(true))
        } else {
            mount::copy_of(null.as_fd())
        };
        cover.and_then(|cover| mount::attach(cover.as_fd(), place.as_fd())).tried(format_args!("masking {path}"))?;
    }
    Ok(())
}
