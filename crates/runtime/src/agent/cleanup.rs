//! Removing what an instance left on the host, even where its records are gone.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt, path::Path};

use cri::Result;
use rustix::process::{Pid, PidfdFlags, Signal};

use crate::{agent::host, cgroups::Groups, config::Config, sandbox::ARGUMENT};

/// Ends every process of an instance and removes its cgroups, mounts and directories. Nothing of another instance is
/// touched; where there is nothing, nothing is done. May wait, so not to be called on an asynchronous thread.
pub fn cleanup(config: &Config) -> Result<()> {
    let groups = Groups::new(&config.cgroup_root).map_err(host("looking for cgroups"))?;
    // A sandbox that is just starting is not in its group yet.
    kill_sandboxes(&config.instance);
    groups.kill("").map_err(host("ending what runs"))?;
    for directory in [&config.run, &config.root] {
        // Mount tables have true paths.
        let at = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.clone());
        for place in sys::mount::below(&at).map_err(host("reading mounts"))? {
            sys::mount::detach(&place).map_err(host(format!("unmounting {}", place.display())))?;
        }
        remove(directory)?;
    }
    groups.remove("").map_err(host("removing cgroups"))
}

fn remove(directory: &Path) -> Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(host(format!("removing {}", directory.display()))(error))
        }
        _ => Ok(()),
    }
}

/// Sandboxes say in their arguments whose they are.
fn kill_sandboxes(instance: &str) {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()) {
        let Ok(line) = std::fs::read(format!("/proc/{pid}/cmdline")) else { continue };
        let mut arguments = line.split(|byte| *byte == 0).skip(1).map(OsStr::from_bytes);
        if arguments.next() != Some(OsStr::new(ARGUMENT)) || arguments.next() != Some(OsStr::new(instance)) {
            continue;
        }
        let Some(pid) = Pid::from_raw(pid) else { continue };
        if let Ok(pidfd) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
            let _ = rustix::process::pidfd_send_signal(&pidfd, Signal::KILL);
        }
    }
}
