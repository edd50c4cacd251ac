//! A terminal of the container's own devpts, whose master end leaves the container.

use std::{
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use rustix::{
    fs::{Mode, OFlags},
    pty::OpenptFlags,
};

use crate::child::{Outcome, Tried, failure};

/// Opens a pair in a devpts mount, sends the master over `socket` and returns the other end.
pub(crate) fn open<F: AsFd>(devpts: F, socket: &OwnedFd) -> Outcome<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let master = rustix::fs::openat(devpts, "ptmx", flags, Mode::empty()).tried("opening a terminal")?;
    // The container decides what lies at this path when it is asked later: make sure that it is the real thing.
    let stat = rustix::fs::fstat(&master).tried("opening a terminal")?;
    let number = (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev));
    let magic = rustix::fs::fstatfs(&master).tried("opening a terminal")?.f_type;
    if number != (5, 2) || magic != 0x1cd1 {
        return Err(failure("opening a terminal", "/dev/pts/ptmx is no terminal multiplexer"));
    }
    rustix::pty::unlockpt(&master).tried("unlocking a terminal")?;
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let slave = rustix::pty::ioctl_tiocgptpeer(&master, flags).tried("opening a terminal")?;
    sys::fdpass::send(socket, b"t", &[master.as_fd()]).tried("passing the terminal on")?;
    Ok(slave)
}

/// Makes the terminal appear as `/dev/console` too. The process is in the container's root.
pub(crate) fn console(slave: &OwnedFd) -> Outcome<()> {
    let stat = rustix::fs::fstat(slave).tried("preparing /dev/console")?;
    let name = format!("/dev/pts/{}", rustix::fs::minor(stat.st_rdev));
    let root = rustix::fs::open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).tried("opening the root")?;
    let target =
        sys::mount::make_target_in(root.as_fd(), Path::new("/dev/console"), false).tried("making /dev/console")?;
    let node = sys::mount::copy(Path::new(&name), false).tried("copying the terminal's node")?;
    sys::mount::attach(node.as_fd(), target.as_fd()).tried("mounting /dev/console")
}
