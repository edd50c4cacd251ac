//! An image for the guest: busybox, as `docker save` writes it.

use std::{os::unix::fs::symlink, path::Path, process::Command};

use super::{output, sh};

const NAME: &str = "local/busybox:1";

/// Writes `busybox.tar` into a directory.
pub fn busybox(share: &Path) -> anyhow::Result<()> {
    let work = share.join("image");
    let (layer, archive) = (work.join("layer"), work.join("archive"));
    for directory in ["bin", "tmp", "proc", "sys", "dev", "etc"] {
        std::fs::create_dir_all(layer.join(directory))?;
    }
    std::fs::create_dir_all(&archive)?;
    std::fs::copy("/usr/bin/busybox", layer.join("bin/busybox"))?;
    for applet in output(Command::new("/usr/bin/busybox").arg("--list"))?.lines().filter(|name| *name != "busybox") {
        symlink("busybox", layer.join("bin").join(applet))?;
    }
    sh(Command::new("tar").arg("-C").arg(&layer).arg("-cf").arg(archive.join("layer.tar")).arg("."))?;
    let sum = output(Command::new("sha256sum").arg(archive.join("layer.tar")))?;
    let digest = sum.split(' ').next().unwrap_or_default();
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux",
        "config": {"Cmd": ["sh"], "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{digest}")]},
    });
    let manifest = serde_json::json!([{"Config": "config.json", "RepoTags": [NAME], "Layers": ["layer.tar"]}]);
    std::fs::write(archive.join("config.json"), config.to_string())?;
    std::fs::write(archive.join("manifest.json"), manifest.to_string())?;
    sh(Command::new("tar").arg("-C").arg(&archive).arg("-cf").arg(share.join("busybox.tar")).arg("."))?;
    std::fs::remove_dir_all(work)?;
    Ok(())
}
