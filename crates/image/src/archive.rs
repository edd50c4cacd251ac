//! `podium image import`: OCI layouts and docker archives, as tar files, compressed or not.

use std::{
    fs::{self, File},
    io::Read,
    path::{Component, Path, PathBuf},
};

use cri::{Error, Result};
use serde::Deserialize;

use crate::{Reference, Store, pull::document, registry::Manifest, unpack::decompress};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

#[derive(Deserialize)]
struct OciIndex {
    manifests: Vec<OciEntry>,
}

#[derive(Deserialize)]
struct OciEntry {
    digest: String,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
}

fn failed(file: &Path, reason: impl std::fmt::Display) -> Error {
    Error::Host { tried: format!("importing {}", file.display()), reason: reason.to_string() }
}

/// Reads an archive; returns the names of the images in it.
pub fn import(store: &Store, file: &Path) -> Result<Vec<String>> {
    let work = store.work_dir()?;
    extract(file, &work.0).map_err(|e| failed(file, e))?;
    let names = if work.0.join("manifest.json").exists() {
        docker(store, file, &work.0)?
    } else if work.0.join("index.json").exists() {
        oci(store, file, &work.0)?
    } else {
        return Err(failed(file, "it is neither a docker archive (manifest.json) nor an OCI layout (index.json)"));
    };
    if names.is_empty() {
        return Err(failed(file, "no image in it has a name"));
    }
    Ok(names)
}

/// Only plain files, with their folders; an archive of an image has nothing else that matters (docker links equal layers).
fn extract(file: &Path, to: &Path) -> std::io::Result<()> {
    let mut archive = tar::Archive::new(decompress(File::open(file)?)?);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path: PathBuf = entry.path()?.components().filter(|c| matches!(c, Component::Normal(_))).collect();
        let target = to.join(&path);
        match entry.header().entry_type() {
            tar::EntryType::Regular | tar::EntryType::Continuous => {
                fs::create_dir_all(target.parent().unwrap_or(to))?;
                std::io::copy(&mut entry, &mut File::create(&target)?)?;
            }
            tar::EntryType::Symlink | tar::EntryType::Link => {
                // `../<layer>/layer.tar`: resolved here, within the archive.
                let Some(link) = entry.link_name()? else { continue };
                let name: PathBuf = link.components().filter(|c| matches!(c, Component::Normal(_))).collect();
                fs::create_dir_all(target.parent().unwrap_or(to))?;
                let source = to.join(name);
                if source.is_file() {
                    fs::hard_link(source, &target)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn read(dir: &Path, name: &str, file: &Path) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    open(dir, name, file)?.read_to_end(&mut data).map_err(|e| failed(file, format!("{name}: {e}")))?;
    Ok(data)
}

/// A file of the archive, by a name that stays within it.
fn open(dir: &Path, name: &str, file: &Path) -> Result<File> {
    let inside = Path::new(name).components().all(|c| matches!(c, Component::Normal(_)));
    if !inside {
        return Err(failed(file, format!("{name:?} points outside of the archive")));
    }
    File::open(dir.join(name)).map_err(|e| failed(file, format!("{name}: {e}")))
}

fn docker(store: &Store, file: &Path, dir: &Path) -> Result<Vec<String>> {
    let images: Vec<DockerImage> = serde_json::from_slice(&read(dir, "manifest.json", file)?)
        .map_err(|e| failed(file, format!("manifest.json: {e}")))?;
    let mut names = Vec::new();
    for image in images {
        let config = read(dir, &image.config, file)?;
        add(store, file, dir, &config, &image.layers, image.repo_tags.unwrap_or_default(), None, &mut names)?;
    }
    Ok(names)
}

fn oci(store: &Store, file: &Path, dir: &Path) -> Result<Vec<String>> {
    let index: OciIndex = serde_json::from_slice(&read(dir, "index.json", file)?)
        .map_err(|e| failed(file, format!("index.json: {e}")))?;
    let blob = |digest: &str| format!("blobs/{}", digest.replacen(':', "/", 1));
    let manifest = |digest: &str| -> Result<Manifest> {
        let data = read(dir, &blob(digest), file)?;
        if crate::digest(&data) != digest {
            return Err(failed(file, format!("{digest} is damaged")));
        }
        serde_json::from_slice(&data).map_err(|e| failed(file, format!("{digest}: {e}")))
    };
    let mut names = Vec::new();
    for entry in index.manifests {
        let mut found = manifest(&entry.digest)?;
        if !found.manifests.is_empty() {
            let ours = found
                .for_this_machine()
                .ok_or_else(|| failed(file, "no image in it is for this machine"))?
                .digest
                .clone();
            found = manifest(&ours)?;
        }
        let Some(config) = &found.config else { continue };
        let config = read(dir, &blob(&config.digest), file)?;
        let layers: Vec<String> = found.layers.iter().map(|l| blob(&l.digest)).collect();
        let name = ["io.containerd.image.name", "org.opencontainers.image.ref.name"]
            .iter()
            .find_map(|k| entry.annotations.get(*k));
        add(store, file, dir, &config, &layers, name.cloned().into_iter().collect(), Some(&entry.digest), &mut names)?;
    }
    Ok(names)
}

#[expect(clippy::too_many_arguments, reason = "one call each from two readers; a struct would only rename them")]
fn add(
    store: &Store,
    file: &Path,
    dir: &Path,
    config: &[u8],
    layers: &[String],
    tags: Vec<String>,
    manifest: Option<&str>,
    names: &mut Vec<String>,
) -> Result<()> {
    let id = crate::digest(config);
    let (settings, diff_ids) = document(config).map_err(|e| failed(file, format!("configuration {id}: {e}")))?;
    if diff_ids.len() != layers.len() {
        return Err(failed(file, format!("{} layers and {} diff ids", layers.len(), diff_ids.len())));
    }
    for (layer, diff_id) in layers.iter().zip(&diff_ids) {
        if !store.has_layer(diff_id) {
            tokio::task::block_in_place(|| store.add_layer(open(dir, layer, file)?, diff_id))?;
        }
    }
    for tag in tags {
        let reference = Reference::parse(&tag)?;
        let digest = manifest.map(|m| format!("{}@{m}", reference.name()));
        store.add_image(&id, settings.clone(), diff_ids.clone(), reference.tagged(), digest)?;
        names.push(reference.to_string());
    }
    Ok(())
}
