//! What `up` and `agent` share: a check of the host, a runtime, a way into the background.

use std::{
    os::unix::net::UnixStream,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};

use crate::{
    backup,
    commands::say,
    host,
    instance::Instance,
    report::{self, Report},
};

/// Tasks that are still there at the end get so long.
pub const LAST_WORDS: Duration = Duration::from_secs(2);

/// Where progress goes; a process in the background leaves the terminal of the one who started it.
pub fn report(notify: bool) -> anyhow::Result<Report> {
    if !notify {
        return Ok(Report::here());
    }
    let report = Report::to_parent()?;
    let _ = rustix::process::setsid();
    Ok(report)
}

/// The runtime of a process that stays.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    // Each arena of the allocator keeps what it once had.
    sys::process::arenas(2);
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8))
        .enable_all()
        .build()?)
}

/// Checks the host, then makes the data directory; what is missing is an error, what can be done without is told.
pub fn ready_host(instance: &Instance, ports: &[(u16, &'static str)], report: &Report) -> anyhow::Result<()> {
    let warnings = check_host(instance, ports)?;
    instance.prepare()?;
    warnings.iter().for_each(|warning| report.warn(warning));
    Ok(())
}

/// Checks the host before anything is made; what is missing is an error, what can be done without is returned.
fn check_host(instance: &Instance, ports: &[(u16, &'static str)]) -> anyhow::Result<Vec<String>> {
    let uid = rustix::process::geteuid().as_raw();
    let data = rustix::fs::statvfs(nearest(&instance.dir)).map_or(u64::MAX, |s| s.f_bavail * s.f_frsize);
    let facts = host::Facts {
        uid,
        overlay: sys::mount::is_known("overlay"),
        controllers: host::cgroup_controllers(),
        nftables: host::nftables(),
        forwarding: if uid == 0 { host::enable_forwarding() } else { Ok(()) },
        taken_ports: host::taken(ports),
        may_lower_oom: host::may_lower_oom(),
        may_set_conntrack: host::may_set_conntrack(),
        free_bytes: data,
        continued: backup::in_use(instance),
        data_dir: instance.dir.display().to_string(),
    };
    let verdict = host::judge(&facts);
    if !verdict.missing.is_empty() {
        bail!("this host lacks what podium needs:\n  - {}", verdict.missing.join("\n  - "));
    }
    Ok(verdict.warnings)
}

fn nearest(path: &Path) -> &Path {
    path.ancestors().find(|p| p.exists()).unwrap_or(Path::new("/"))
}

/// Starts the same program in the background and shows its progress until it is ready.
pub fn detach(instance: &Instance, ports: &[(u16, &'static str)]) -> anyhow::Result<()> {
    anyhow::ensure!(
        rustix::process::geteuid().is_root(),
        "podium needs root: namespaces, mounts and cgroups do; run it with sudo"
    );
    // Also here, so that a refusal leaves no directory behind; the warnings are told by the other process.
    check_host(instance, ports)?;
    instance.prepare()?;
    let log = instance.log();
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    let (ours, theirs) = UnixStream::pair()?;
    let child = Command::new("/proc/self/exe")
        .args(std::env::args_os().skip(1))
        .arg("--notify")
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()
        .context("cannot start the program in the background")?;
    match report::follow(ours) {
        Ok(text) => {
            say(&text);
            say(&format!("\nIt runs in the background (pid {}); its log is {}.", child.id(), log.display()));
            Ok(())
        }
        Err(error) => Err(error.context(format!("see {}", log.display()))),
    }
}
