//! `podium reset`: every trace of one instance goes; nothing else.

use std::io::{IsTerminal, Write};

use anyhow::Context;

use crate::{
    cli::Reset,
    commands::{down, say, service},
    instance::{Instance, Role},
    kubeconfig,
};

/// Removes everything of the instance of a data directory. Succeeds where there is nothing.
pub fn run(args: &Reset) -> anyhow::Result<()> {
    anyhow::ensure!(
        rustix::process::geteuid().is_root(),
        "podium reset needs root: mounts, cgroups and links do; run it with sudo"
    );
    let instance = Instance::new(&args.data.data_dir)?;
    if !args.yes && !confirmed(&instance)? {
        anyhow::bail!("nothing was removed (use --yes to remove without asking)");
    }
    // systemd must not bring it back meanwhile.
    service::disable(&instance)?;
    if let Some(running) = instance.running()
        // Everything goes anyway: nobody waits for the pods' own ends.
        && let Err(error) = down::stop(&instance, running.clone(), true)
    {
        // It does not listen any more: it must not go on while its things are removed.
        let pid = rustix::process::Pid::from_raw(running.pid).context("a process id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::KILL)
            .with_context(|| format!("{error:#}; cannot end process {}", running.pid))?;
    }
    let mut failures = Vec::new();
    failures.extend(service::remove(&instance).err().map(|e| format!("{e:#}")));
    failures.extend(
        runtime::cleanup(&crate::node::runtime_config(&instance, crate::log::stderr())).err().map(|e| e.to_string()),
    );
    failures.extend(network::cleanup(&instance.id).err().map(|e| e.to_string()));
    if instance.role() == Some(Role::Server)
        && let Some(file) = kubeconfig::users_file()
        && let Ok(ca) = std::fs::read_to_string(instance.pki().join("ca.crt"))
    {
        failures.extend(kubeconfig::remove_from(&file, &ca).err().map(|e| format!("{}: {e:#}", file.display())));
    }
    for dir in [instance.run_dir(), instance.dir.clone()] {
        unmount_below(&dir);
        failures.extend(remove_dir(&instance, &dir).err().map(|e| format!("{e:#}")));
    }
    anyhow::ensure!(failures.is_empty(), "not everything could be removed:\n  - {}", failures.join("\n  - "));
    say(&format!("nothing is left of {}", instance.dir.display()));
    Ok(())
}

/// Takes away what is still mounted below a directory, innermost first. What cannot be taken away shows when the directory is removed.
fn unmount_below(dir: &std::path::Path) {
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    for at in mounts_below(&table, dir) {
        let _ = rustix::mount::unmount(at, rustix::mount::UnmountFlags::DETACH);
    }
}

/// Mount points below `dir`, the latest first; octal escapes undone.
fn mounts_below(table: &str, dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let unescape = |text: &str| {
        ["\\040 ", "\\011\t", "\\012\n", "\\134\\"]
            .iter()
            .fold(text.to_owned(), |t, pair| t.replace(&pair[..4], &pair[4..]))
    };
    let points = table.lines().filter_map(|line| line.split(' ').nth(4)).map(|p| std::path::PathBuf::from(unescape(p)));
    let mut found: Vec<_> = points.filter(|p| p.starts_with(dir)).collect();
    found.reverse();
    found
}

fn remove_dir(instance: &Instance, dir: &std::path::Path) -> anyhow::Result<()> {
    if !dir.exists() {
        return Ok(());
    }
    let ours = *dir != instance.dir || dir.join("VERSION").exists() || std::fs::read_dir(dir)?.next().is_none();
    anyhow::ensure!(ours, "{} is no data directory of podium: it is left alone", dir.display());
    std::fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))
}

fn confirmed(instance: &Instance) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    let mut out = std::io::stderr().lock();
    write!(out, "Remove the cluster in {} with all its pods and data? [y/N] ", instance.dir.display())?;
    out.flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mounts_below_the_directory_and_the_innermost_first() {
        let table = "1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 / /d/a rw - tmpfs t rw\n3 2 0:3 / /d/a/b\\040c rw - tmpfs t rw\n4 1 0:4 / /dd rw - tmpfs t rw\n";
        let found = mounts_below(table, std::path::Path::new("/d"));
        assert_eq!(found, [std::path::PathBuf::from("/d/a/b c"), "/d/a".into()]);
    }
}
