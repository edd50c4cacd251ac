//! The guest's disk: Debian 12 with its own kernel, and a unit that runs what is in the shared folder.

use std::{
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;

use super::sh;

/// What a small server has.
const PACKAGES: &str =
    "systemd,systemd-sysv,dbus,linux-image-amd64,udev,kmod,iproute2,nftables,procps,busybox-static,ca-certificates";

const UNIT: &str = "[Unit]
Description=What the host wants to see
After=multi-user.target
[Service]
Type=simple
ExecStart=/bin/bash /share/guest.sh
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
";

const NETWORK: &str = "[Match]\nName=en*\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n";

/// The file system's tree, made of packages once.
pub fn root(cache: &Path) -> anyhow::Result<PathBuf> {
    let (tree, made_of) = (cache.join("root"), cache.join("packages"));
    if std::fs::read_to_string(&made_of).is_ok_and(|text| text == PACKAGES) {
        return Ok(tree);
    }
    std::fs::create_dir_all(cache)?;
    let _ = std::fs::remove_dir_all(&tree);
    let mut command = Command::new("mmdebstrap");
    command.args(["--quiet", "--variant=minbase", "--mode=root", "--skip=check/qemu"]);
    sh(command.arg(format!("--include={PACKAGES}")).arg("bookworm").arg(&tree))?;
    std::fs::write(made_of, PACKAGES)?;
    Ok(tree)
}

/// A fresh disk of the tree.
pub fn image(cache: &Path, tree: &Path) -> anyhow::Result<PathBuf> {
    let system = tree.join("etc/systemd/system");
    std::fs::create_dir_all(tree.join("share"))?;
    std::fs::create_dir_all(system.join("graphical.target.wants"))?;
    std::fs::write(system.join("guest.service"), UNIT)?;
    std::fs::write(tree.join("etc/systemd/network/10-first.network"), NETWORK)?;
    std::fs::write(tree.join("etc/hostname"), "newcomer\n")?;
    std::fs::write(tree.join("etc/hosts"), "127.0.0.1 localhost\n127.0.1.1 newcomer\n")?;
    std::fs::write(tree.join("etc/resolv.conf"), "nameserver 10.0.2.3\n")?;
    std::fs::write(tree.join("etc/fstab"), "share /share 9p trans=virtio,version=9p2000.L,msize=262144 0 0\n")?;
    for (wants, unit, at) in [
        ("graphical.target.wants", "guest.service", "/etc/systemd/system"),
        ("multi-user.target.wants", "systemd-networkd.service", "/lib/systemd/system"),
    ] {
        let link = system.join(wants).join(unit);
        let _ = std::fs::remove_file(&link);
        std::fs::create_dir_all(system.join(wants))?;
        symlink(Path::new(at).join(unit), link)?;
    }
    let disk = cache.join("disk.img");
    let _ = std::fs::remove_file(&disk);
    std::fs::File::create(&disk)?.set_len(4 << 30)?;
    sh(Command::new("mkfs.ext4").args(["-q", "-F", "-d"]).arg(tree).arg(&disk))?;
    Ok(disk)
}

/// The kernel, or what it starts from.
pub fn boot_file(tree: &Path, prefix: &str) -> anyhow::Result<PathBuf> {
    let entries = std::fs::read_dir(tree.join("boot"))?.flatten();
    let found = entries
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)));
    found.with_context(|| format!("no {prefix}* in {}", tree.join("boot").display()))
}
