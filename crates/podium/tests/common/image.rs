//! An image with busybox, as `docker save` writes it.

use std::path::Path;

use sha2::{Digest, Sha256};

/// Its name.
pub const NAME: &str = "local/busybox:1";
const BUSYBOX: &str = "/usr/bin/busybox";

fn header() -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_mode(0o777);
    header.set_size(0);
    header
}

fn entry(archive: &mut tar::Builder<Vec<u8>>, name: &str, mode: u32, bytes: &[u8]) {
    let mut header = header();
    header.set_size(bytes.len() as u64);
    header.set_mode(mode);
    archive.append_data(&mut header, name, bytes).unwrap();
}

/// Writes the archive.
pub fn busybox(at: &Path) {
    let program = std::fs::read(BUSYBOX).expect("busybox: install the Debian package busybox-static");
    let mut layer = tar::Builder::new(Vec::new());
    entry(&mut layer, "bin/busybox", 0o755, &program);
    let applets = std::process::Command::new(BUSYBOX).arg("--list").output().unwrap();
    for applet in String::from_utf8(applets.stdout).unwrap().lines().filter(|name| *name != "busybox") {
        let mut header = header();
        header.set_entry_type(tar::EntryType::Symlink);
        layer.append_link(&mut header, format!("bin/{applet}"), "busybox").unwrap();
    }
    let layer = layer.into_inner().unwrap();
    let digest: String = Sha256::digest(&layer).iter().map(|byte| format!("{byte:02x}")).collect();
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": {"Cmd": ["sh"], "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{digest}")]},
    });
    let manifest = serde_json::json!([{"Config": "config.json", "RepoTags": [NAME], "Layers": ["layer.tar"]}]);
    let mut archive = tar::Builder::new(Vec::new());
    entry(&mut archive, "layer.tar", 0o644, &layer);
    entry(&mut archive, "config.json", 0o644, config.to_string().as_bytes());
    entry(&mut archive, "manifest.json", 0o644, manifest.to_string().as_bytes());
    std::fs::write(at, archive.into_inner().unwrap()).unwrap();
}
