//! Pulling: endpoint by endpoint, credentials by credentials, layers side by side.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cri::{
    Error, Result,
    image::{Credentials, Image, ImageConfig, Progress},
};
use futures_util::{StreamExt, TryStreamExt};
use serde::Deserialize;

use crate::{
    Reference, Store,
    registry::{Descriptor, Manifest, RegistryError, Repository},
};

/// Layers that are fetched at the same time.
const FETCHING: usize = 3;

/// An image's configuration document, as far as it matters.
#[derive(Debug, Default, Deserialize)]
struct Document {
    #[serde(default)]
    config: Option<Settings>,
    #[serde(default)]
    rootfs: RootFs,
}

#[derive(Debug, Default, Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Settings {
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    env: Option<Vec<String>>,
    user: String,
    working_dir: String,
    stop_signal: String,
    volumes: Option<serde_json::Map<String, serde_json::Value>>,
    exposed_ports: Option<serde_json::Map<String, serde_json::Value>>,
}

/// Reads a configuration document: what it says about running, and the diff ids of the layers.
pub(crate) fn document(data: &[u8]) -> std::result::Result<(ImageConfig, Vec<String>), serde_json::Error> {
    let document: Document = serde_json::from_slice(data)?;
    let settings = document.config.unwrap_or_default();
    let keys =
        |m: Option<serde_json::Map<String, serde_json::Value>>| m.into_iter().flatten().map(|(k, _)| k).collect();
    let config = ImageConfig {
        entrypoint: settings.entrypoint.unwrap_or_default(),
        cmd: settings.cmd.unwrap_or_default(),
        env: settings.env.unwrap_or_default(),
        user: settings.user,
        working_dir: settings.working_dir,
        stop_signal: settings.stop_signal,
        volumes: keys(settings.volumes),
        exposed_ports: keys(settings.exposed_ports),
    };
    Ok((config, document.rootfs.diff_ids))
}

/// What was found at an endpoint.
struct Found {
    repository: Repository,
    manifest: Manifest,
    config: Descriptor,
    digest: String,
}

/// Pulls an image into the store. `as_given` is the reference as the pod has it, for messages.
pub(crate) async fn pull(
    store: &Store,
    reference: &Reference,
    as_given: &str,
    credentials: &[Credentials],
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Arc<Image>> {
    let found = find(store, reference, credentials).await.map_err(|e| failed(reference, as_given, &e))?;
    fetch(store, reference, &found, progress).await.map_err(|e| match e {
        Fetch::Registry(e) => failed(reference, as_given, &e),
        Fetch::Store(e) => Error::Pull { reference: as_given.to_owned(), reason: e.to_string() },
    })
}

fn failed(reference: &Reference, as_given: &str, e: &RegistryError) -> Error {
    Error::Pull {
        reference: as_given.to_owned(),
        reason: format!("failed to pull and unpack image {:?}: {e}", reference.to_string()),
    }
}

async fn find(
    store: &Store,
    reference: &Reference,
    credentials: &[Credentials],
) -> std::result::Result<Found, RegistryError> {
    let mut last = None;
    let given: Vec<Option<&Credentials>> =
        if credentials.is_empty() { vec![None] } else { credentials.iter().map(Some).collect() };
    for endpoint in store.registries.endpoints(reference) {
        for credentials in &given {
            // Credentials of the pod are for the registry, not for its mirrors.
            let own = if endpoint.mirror_of.is_some() { None } else { *credentials };
            let repository = Repository::new(&store.http, &store.registries, endpoint.clone(), own);
            match manifest(repository, reference).await {
                Ok(found) => return Ok(found),
                // The registry itself has the last word; a mirror that does not know the image is no reason to doubt it is there,
                // but "not found" says more than "not reached".
                Err(e) => {
                    if !matches!((&last, &e), (Some(RegistryError::NotFound { .. }), RegistryError::Http(_))) {
                        last = Some(e);
                    }
                }
            }
        }
    }
    Err(last.unwrap_or_else(|| RegistryError::NotFound { reference: reference.to_string() }))
}

async fn manifest(repository: Repository, reference: &Reference) -> std::result::Result<Found, RegistryError> {
    let name = reference.to_string();
    let (digest, mut manifest) = repository.manifest(reference.manifest(), &name).await?;
    if !manifest.manifests.is_empty() {
        let Some(ours) = manifest.for_this_machine() else {
            return Err(RegistryError::Document { what: name, reason: "no match for platform in manifest".to_owned() });
        };
        manifest = repository.manifest(&ours.digest.clone(), &name).await?.1;
    }
    let Some(config) = manifest.config.clone() else {
        return Err(RegistryError::Document {
            what: format!("manifest of {name}"),
            reason: "it names no configuration".to_owned(),
        });
    };
    Ok(Found { repository, manifest, config, digest })
}

enum Fetch {
    Registry(RegistryError),
    Store(Error),
}

impl From<RegistryError> for Fetch {
    fn from(e: RegistryError) -> Self {
        Self::Registry(e)
    }
}

impl From<Error> for Fetch {
    fn from(e: Error) -> Self {
        Self::Store(e)
    }
}

async fn fetch(
    store: &Store,
    reference: &Reference,
    found: &Found,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> std::result::Result<Arc<Image>, Fetch> {
    let name = reference.to_string();
    let id = &found.config.digest;
    let digest = Some(format!("{}@{}", reference.name(), found.digest));
    let known = store.image(id).map(|i| i.config.clone());
    let data = found.repository.small_blob(id, &name).await?;
    let unreadable = |reason: String| RegistryError::Document { what: format!("configuration of {name}"), reason };
    let (config, diff_ids) = document(&data).map_err(|e| unreadable(e.to_string()))?;
    if diff_ids.len() != found.manifest.layers.len() {
        return Err(
            unreadable(format!("{} layers and {} diff ids", found.manifest.layers.len(), diff_ids.len())).into()
        );
    }
    let total_bytes = found.manifest.layers.iter().map(|l| l.size).sum();
    let done = AtomicU64::new(0);
    let tell =
        |more: u64| progress(Progress { done_bytes: done.fetch_add(more, Ordering::Relaxed) + more, total_bytes });
    if known.is_none() {
        let work = store.work_dir()?;
        let mut jobs = Vec::with_capacity(diff_ids.len());
        for (layer, diff_id) in found.manifest.layers.iter().zip(&diff_ids) {
            jobs.push(one_layer(store, found, layer, diff_id, &work.0, &name, &tell));
        }
        futures_util::stream::iter(jobs).buffer_unordered(FETCHING).try_collect::<Vec<()>>().await?;
    }
    Ok(store.add_image(id, config, diff_ids, reference.tagged(), digest)?)
}

async fn one_layer(
    store: &Store,
    found: &Found,
    layer: &Descriptor,
    diff_id: &str,
    work: &std::path::Path,
    name: &str,
    tell: &(dyn Fn(u64) + Send + Sync),
) -> std::result::Result<(), Fetch> {
    if store.has_layer(diff_id) {
        tell(layer.size);
        return Ok(());
    }
    let file = work.join(layer.digest.replace(':', "-"));
    found.repository.blob(&layer.digest, name, &file, tell).await?;
    let _turn = store.unpacking.acquire().await;
    let open = fs::File::open(&file)
        .map_err(|e| RegistryError::Disk { path: file.display().to_string(), reason: e.to_string() })?;
    // Unpacking is long and blocking; the runtime's other tasks go on meanwhile.
    tokio::task::block_in_place(|| store.add_layer(open, diff_id))?;
    let _ = fs::remove_file(&file);
    Ok(())
}
