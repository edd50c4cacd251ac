//! The image of the demo: this very program as a docker archive, so that no registry is needed.

use std::{fs, io::Write, path::Path};

use anyhow::Context;

use crate::hash::sha256_hex;

/// The image's name.
pub const NAME: &str = "podium.local/demo:1";

/// Writes the archive to `to`: one layer with the running program as `/podium`.
pub fn write(to: &Path) -> anyhow::Result<()> {
    let program = fs::read("/proc/self/exe").context("cannot read the running program")?;
    let mut layer = tar::Builder::new(Vec::with_capacity(program.len() + 8192));
    append(&mut layer, "podium", 0o755, &program)?;
    let layer = layer.into_inner()?;
    let config = serde_json::to_vec(&serde_json::json!({
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
        "os": "linux",
        "config": {"Entrypoint": ["/podium", "demo-server"], "User": "65534:65534", "ExposedPorts": {"8080/tcp": {}}},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", sha256_hex(&layer))]},
    }))?;
    let config_name = format!("{}.json", sha256_hex(&config));
    let manifest =
        serde_json::to_vec(&serde_json::json!([{"Config": config_name, "RepoTags": [NAME], "Layers": ["layer.tar"]}]))?;
    let file = fs::File::create(to).with_context(|| format!("cannot write {}", to.display()))?;
    let mut archive = tar::Builder::new(std::io::BufWriter::new(file));
    append(&mut archive, "layer.tar", 0o644, &layer)?;
    append(&mut archive, &config_name, 0o644, &config)?;
    append(&mut archive, "manifest.json", 0o644, &manifest)?;
    archive.into_inner()?.flush()?;
    Ok(())
}

fn append<W: Write>(to: &mut tar::Builder<W>, name: &str, mode: u32, data: &[u8]) -> std::io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(data.len() as u64);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    to.append_data(&mut header, name, data)
}
