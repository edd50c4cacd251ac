//! The administrator's kubeconfig, and the context in the user's own.

use std::path::{Path, PathBuf};

use anyhow::Context;
use client::kubeconfig::{Credentials, Entry, merge, remove};

use crate::{certs::Pki, instance::write_private};

/// Name of cluster, user and context.
const NAME: &str = "podium";

fn entry(pki: &Pki, port: u16) -> Entry {
    Entry {
        name: NAME.to_owned(),
        server: format!("https://127.0.0.1:{port}"),
        ca: pki.ca.cert.clone().into_bytes(),
        credentials: Credentials::Certificate {
            certificate: pki.admin.cert.clone().into_bytes(),
            key: pki.admin.key.clone().into_bytes(),
        },
    }
}

/// Writes `admin.kubeconfig`.
pub fn write_admin(path: &Path, pki: &Pki, port: u16) -> anyhow::Result<()> {
    let text = merge("", &entry(pki, port))?;
    // A full disk is no reason not to start.
    if std::fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    write_private(path, text.as_bytes(), 0o600)
}

/// The user's kubeconfig: the first file of `$KUBECONFIG`, or `~/.kube/config`.
pub fn users_file() -> Option<PathBuf> {
    if let Some(list) = std::env::var_os("KUBECONFIG").filter(|v| !v.is_empty()) {
        return std::env::split_paths(&list).find(|p| !p.as_os_str().is_empty());
    }
    std::env::home_dir().map(|home| home.join(".kube/config"))
}

/// Merges the context `podium` into a kubeconfig; everything else stays.
pub fn merge_into(path: &Path, pki: &Pki, port: u16) -> anyhow::Result<()> {
    merge_entry(path, &entry(pki, port))
}

/// The same from an administrator's kubeconfig that was written before.
pub fn merge_admin(path: &Path, admin: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(admin).with_context(|| format!("cannot read {}", admin.display()))?;
    let known = client::kubeconfig::target(&text, Some(NAME))?;
    merge_entry(
        path,
        &Entry { name: NAME.to_owned(), server: known.server, ca: known.ca, credentials: known.credentials },
    )
}

fn merge_entry(path: &Path, entry: &Entry) -> anyhow::Result<()> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.display())),
    };
    let merged = merge(&text, entry).with_context(|| format!("{} is left as it is", path.display()))?;
    if merged == text {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    write_private(&target, merged.as_bytes(), 0o600)
}

/// Takes the context out again, if it leads to the cluster with this authority.
pub fn remove_from(path: &Path, ca: &str) -> anyhow::Result<bool> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(false) };
    let Ok(target) = client::kubeconfig::target(&text, Some(NAME)) else { return Ok(false) };
    if target.ca != ca.as_bytes() {
        return Ok(false);
    }
    let Some(rest) = remove(&text, NAME)? else { return Ok(false) };
    write_private(path, rest.as_bytes(), 0o600)?;
    Ok(true)
}
