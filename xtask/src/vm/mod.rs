//! `cargo xtask vm`: Debian 12 with its own kernel, systemd and pure cgroup v2 in QEMU, and there what a newcomer does.
//!
//! Software emulation: it takes minutes, and its timings mean nothing. What the guest does is in `xtask/vm/guest.sh`.

mod disk;
mod image;
mod tests;

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, ensure};

/// Where the packages' file system is kept between runs.
const CACHE: &str = "/var/tmp/podium-vm";
/// One boot may take so long.
const BOOT_SECONDS: u32 = 3000;
/// It is booted this often: once afresh, once by its own reboot.
const BOOTS: usize = 2;
/// Lines of the guest that are for people.
const MARK: &str = "vm: ";

/// What the command was told.
#[derive(Debug, Default, PartialEq)]
pub struct Options {
    /// The binary to try; a release build of this tree unless given.
    podium: Option<PathBuf>,
    /// Boot with version 1 of cgroups.
    legacy: bool,
    /// Leave the runtime's own tests out.
    no_tests: bool,
}

impl Options {
    /// From the command line behind `vm`.
    pub fn parse(args: &[&str]) -> anyhow::Result<Self> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match *arg {
                "--podium" => options.podium = Some(args.next().context("--podium PATH")?.into()),
                "--cgroup" => match args.next() {
                    Some(&"v1") => options.legacy = true,
                    Some(&"v2") => options.legacy = false,
                    other => anyhow::bail!("--cgroup v1 or v2, not {other:?}"),
                },
                "--no-tests" => options.no_tests = true,
                other => anyhow::bail!("vm does not know {other:?}: vm [--podium PATH] [--cgroup v1|v2] [--no-tests]"),
            }
        }
        Ok(options)
    }
}

/// Runs it all; an error where any step in the guest failed.
pub fn run(root: &Path, options: &Options) -> anyhow::Result<()> {
    let packages = ["qemu-system-x86", "seabios", "ipxe-qemu", "mmdebstrap", "busybox-static", "e2fsprogs", "iproute2"];
    sh(Command::new(root.join("scripts/packages")).args(packages))?;
    let cache = PathBuf::from(CACHE);
    let system = disk::root(&cache)?;
    let share = cache.join("share");
    let _ = std::fs::remove_dir_all(&share);
    std::fs::create_dir_all(share.join("bin"))?;
    let podium = match &options.podium {
        Some(path) => path.clone(),
        None => build(root)?,
    };
    std::fs::copy(&podium, share.join("podium")).with_context(|| format!("copying {}", podium.display()))?;
    let kubectl = output(&mut Command::new(root.join("scripts/kubectl")))?;
    std::fs::copy(kubectl.trim(), share.join("bin/kubectl")).with_context(|| format!("copying {kubectl}"))?;
    std::fs::copy(root.join("xtask/vm/guest.sh"), share.join("guest.sh"))?;
    image::busybox(&share)?;
    if !options.no_tests {
        tests::copy(root, &share)?;
    }
    let image = disk::image(&cache, &system)?;
    for _ in 0..BOOTS {
        boot(&system, &image, &share, options.legacy)?;
        let result = std::fs::read_to_string(share.join("result")).unwrap_or_default();
        if !result.ends_with("rebooting\n") {
            break;
        }
    }
    std::fs::remove_file(&image)?;
    verdict(&std::fs::read_to_string(share.join("result")).unwrap_or_default())
}

fn verdict(result: &str) -> anyhow::Result<()> {
    let failures: Vec<&str> = result.lines().filter(|line| line.starts_with("FAIL")).collect();
    ensure!(failures.is_empty(), "not as it should be:\n{}", failures.join("\n"));
    ensure!(result.ends_with("done\n"), "it did not come to its end; the console is in {CACHE}/console.log");
    Ok(())
}

fn build(root: &Path) -> anyhow::Result<PathBuf> {
    sh(Command::new("cargo").current_dir(root).args(["build", "--release", "--package", "podium"]))?;
    let target = output(&mut Command::new(root.join("scripts/target-dir")))?;
    Ok(PathBuf::from(target.trim()).join("release/podium"))
}

/// One boot, until the guest switches itself off or reboots.
fn boot(system: &Path, disk: &Path, share: &Path, legacy: bool) -> anyhow::Result<()> {
    let cgroups = if legacy {
        "systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=1"
    } else {
        "systemd.unified_cgroup_hierarchy=1"
    };
    let mut command = Command::new("timeout");
    command.args(["-k", "5", &BOOT_SECONDS.to_string(), "qemu-system-x86_64"]);
    command.args("-accel tcg,thread=multi -cpu max -m 2048 -smp 2 -nographic -no-reboot".split(' '));
    command.arg("-kernel").arg(disk::boot_file(system, "vmlinuz-")?);
    command.arg("-initrd").arg(disk::boot_file(system, "initrd.img-")?);
    command.args(["-append", &format!("root=/dev/vda rw console=ttyS0 quiet {cgroups}")]);
    command.arg("-drive").arg(format!("file={},if=virtio,format=raw", disk.display()));
    // A network card as machines have one, with nothing behind it.
    command.args(["-nic", "user,restrict=on,model=virtio-net-pci"]);
    let folder = format!("local,path={},mount_tag=share,security_model=none,id=share", share.display());
    command.args(["-virtfs", &folder]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut machine = command.spawn().context("starting qemu-system-x86_64")?;
    let console = machine.stdout.take().context("its console")?;
    let mut log = std::fs::File::options().create(true).append(true).open(share.with_file_name("console.log"))?;
    for line in BufReader::new(console).split(b'\n') {
        let line = line?;
        log.write_all(&line)?;
        log.write_all(b"\n")?;
        if let Some((_, text)) = String::from_utf8_lossy(&line).split_once(MARK) {
            writeln!(std::io::stdout().lock(), "{}", text.trim_end())?;
        }
    }
    let status = machine.wait()?;
    ensure!(status.success(), "the machine ended with {status}; its console is in {CACHE}/console.log");
    Ok(())
}

/// Runs a command to its end.
fn sh(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("running {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

/// Runs a command and returns what it prints.
fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("running {command:?}"))?;
    ensure!(output.status.success(), "{command:?} ended with {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod self_tests {
    use super::*;

    #[test]
    fn only_a_run_to_the_end_without_failures_is_good() {
        for (result, good) in [
            ("ok    a\ndone\n", true),
            ("ok    a\n", false),
            ("ok    a\nFAIL  b\n      | why\ndone\n", false),
            ("", false),
        ] {
            assert_eq!(verdict(result).is_ok(), good, "{result:?}");
        }
    }

    #[test]
    fn options() {
        let parsed = Options::parse(&["--cgroup", "v1", "--podium", "/p"]).unwrap();
        assert_eq!(parsed, Options { podium: Some("/p".into()), legacy: true, no_tests: false });
        assert!(Options::parse(&["--cgroup", "v3"]).is_err() && Options::parse(&["x"]).is_err());
    }
}
