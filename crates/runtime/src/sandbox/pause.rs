//! The first process of a process namespace that the whole pod shares: it does nothing but collect orphans.

use std::os::fd::{AsFd, OwnedFd};

use sys::{
    mount::{self, Attributes},
    process::{Fork, Namespaces},
};

use crate::sandbox::{Error, Tried};

/// Starts it; the namespace lives as long as it does, which is as long as this process.
pub(crate) fn start() -> Result<OwnedFd, Error> {
    let own = Namespaces { pid: true, mount: true, ..Namespaces::default() };
    match sys::process::fork(own, None).tried("starting the pod's first process")? {
        Fork::Parent { pidfd, .. } => Ok(pidfd),
        Fork::Child => pause(),
    }
}

fn pause() -> ! {
    use rustix::process::Signal;
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    let _ = rustix::thread::set_name(c"pause");
    let _ = sys::process::close_all_but(&[]);
    // The containers see this process: it shall have no root worth a look.
    let bare = || -> std::io::Result<()> {
        mount::spread_everything(mount::Spread::Private)?;
        let root = mount::create("tmpfs", &[("source", "pause"), ("mode", "0555")], Attributes::INERT.read_only(true))?;
        let target = std::fs::File::open("/mnt").or_else(|_| std::fs::File::open("/tmp"))?;
        mount::attach(root.as_fd(), target.as_fd())?;
        mount::pivot(root.as_fd())
    };
    if bare().is_err() {
        sys::process::leave(1);
    }
    let children = Signal::CHILD.as_raw();
    loop {
        while let Ok(Some(_)) = sys::process::reap() {}
        sys::signal::wait(&[children]);
    }
}
