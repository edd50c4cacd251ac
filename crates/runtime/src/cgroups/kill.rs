//! Ending and removing groups with everything in them.

use std::{
    io,
    os::fd::OwnedFd,
    path::Path,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec},
    process::{Pid, PidfdFlags, Signal},
};

use crate::cgroups::{Error, Groups, failed};

/// How long killed processes may take to go. Some wait for a disk; a machine in that state needs more than we can do.
const DEADLINE: Duration = Duration::from_secs(20);

impl Groups {
    /// Kills every process of a group and of those below it, and waits until they are gone.
    pub(crate) fn kill(&self, group: &str) -> Result<(), Error> {
        let until = Instant::now() + DEADLINE;
        for directory in self.directories(group).iter().rev().filter(|directory| directory.is_dir()) {
            kill_all(directory, until).map_err(failed("killing the processes of", directory))?;
        }
        Ok(())
    }

    /// Kills without waiting, where the kernel can do it at once.
    pub(crate) fn kill_at_once(&self, group: &str) -> bool {
        self.unified(group).is_some_and(|directory| sys::cgroup::write(&directory, "cgroup.kill", "1").is_ok())
    }

    /// Removes a group and those below it; they must be empty or are emptied.
    pub(crate) fn remove(&self, group: &str) -> Result<(), Error> {
        for directory in self.directories(group) {
            for below in sys::cgroup::tree(&directory) {
                remove(&below).map_err(failed("removing the cgroup", &below))?;
            }
        }
        Ok(())
    }
}

fn remove(directory: &Path) -> io::Result<()> {
    for _ in 0..8 {
        match std::fs::remove_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                kill_all(directory, Instant::now() + DEADLINE)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            result => return result,
        }
    }
    std::fs::remove_dir(directory)
}

/// New processes may appear while others are killed, so until none is found.
fn kill_all(directory: &Path, until: Instant) -> io::Result<()> {
    loop {
        let found: Vec<Pid> = sys::cgroup::tree(directory)
            .iter()
            .flat_map(|group| sys::cgroup::processes(group).unwrap_or_default())
            .filter_map(Pid::from_raw)
            .collect();
        if found.is_empty() {
            return Ok(());
        }
        let at_once = sys::cgroup::write(directory, "cgroup.kill", "1").is_ok();
        let mut open: Vec<OwnedFd> = Vec::new();
        for pid in found {
            let Ok(pidfd) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) else { continue };
            if !at_once {
                let _ = rustix::process::pidfd_send_signal(&pidfd, Signal::KILL);
            }
            open.push(pidfd);
        }
        for pidfd in open {
            let left = until.saturating_duration_since(Instant::now());
            let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
            let mut wanted = [PollFd::new(&pidfd, PollFlags::IN)];
            if rustix::event::poll(&mut wanted, Some(&timeout))? == 0 {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }
}
