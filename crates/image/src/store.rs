//! The images of this node: which there are, and where their layers lie.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use cri::{
    Error, Future_, Result,
    image::{Credentials, FsUsage, Image, ImageConfig, Images, Progress},
};
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};

use crate::{Reference, Registries, archive, http::Http, pull};

/// Layers that are unpacked at the same time: two cores, and a disk that is the limit.
const UNPACKING: usize = 2;

/// What is kept across restarts.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Index {
    /// By id.
    images: BTreeMap<String, Record>,
    /// Diff id → directory below `layers`.
    layers: BTreeMap<String, Layer>,
    /// Names directories.
    next: u64,
}

/// An image.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    tags: Vec<String>,
    digests: Vec<String>,
    /// Diff ids, lowest first.
    layers: Vec<String>,
    config: ImageConfig,
}

/// An unpacked layer.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Layer {
    directory: String,
    bytes: u64,
}

type Pulled = Option<Result<Arc<Image>>>;

/// The store.
pub struct Store {
    dir: PathBuf,
    index: RwLock<Index>,
    /// Held while the index file is written.
    writing: Mutex<()>,
    pub(crate) registries: Registries,
    pub(crate) http: Http,
    pub(crate) unpacking: Semaphore,
    in_flight: Mutex<HashMap<String, watch::Receiver<Pulled>>>,
}

fn host(tried: impl Into<String>, e: impl std::fmt::Display) -> Error {
    Error::Host { tried: tried.into(), reason: e.to_string() }
}

/// An error with all that caused it: tar's own says only where.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

impl Store {
    /// Opens the store in a directory, which is made when missing. Remains of an interrupted pull are removed.
    ///
    /// # Errors
    /// Where the directory cannot be made or its index cannot be read.
    pub fn open(dir: &Path, registries: Registries) -> Result<Arc<Self>> {
        let layers = dir.join("layers");
        fs::create_dir_all(&layers).map_err(|e| host(format!("making {}", layers.display()), e))?;
        let file = dir.join("images.json");
        let index: Index = match fs::read(&file) {
            Ok(data) => serde_json::from_slice(&data).map_err(|e| host(format!("reading {}", file.display()), e))?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Index::default(),
            Err(e) => return Err(host(format!("reading {}", file.display()), e)),
        };
        let known: Vec<&str> = index.layers.values().map(|l| l.directory.as_str()).collect();
        for entry in fs::read_dir(&layers).into_iter().flatten().filter_map(std::result::Result::ok) {
            if !entry.file_name().to_str().is_some_and(|n| known.contains(&n)) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let _ = fs::remove_dir_all(dir.join("work"));
        Ok(Arc::new(Self {
            dir: dir.to_owned(),
            index: RwLock::new(index),
            writing: Mutex::new(()),
            registries,
            http: Http::new(),
            unpacking: Semaphore::new(UNPACKING),
            in_flight: Mutex::default(),
        }))
    }

    /// A fresh directory for downloads, removed with the value.
    pub(crate) fn work_dir(&self) -> Result<WorkDir> {
        let number = {
            let mut index = self.index.write();
            index.next += 1;
            index.next
        };
        let path = self.dir.join("work").join(number.to_string());
        fs::create_dir_all(&path).map_err(|e| host(format!("making {}", path.display()), e))?;
        Ok(WorkDir(path))
    }

    /// Whether a layer is unpacked.
    pub(crate) fn has_layer(&self, diff_id: &str) -> bool {
        self.index.read().layers.contains_key(diff_id)
    }

    /// Unpacks a layer's archive and checks that it is what the configuration says. Blocking.
    pub(crate) fn add_layer(&self, archive: fs::File, diff_id: &str) -> Result<()> {
        let directory = {
            let mut index = self.index.write();
            if index.layers.contains_key(diff_id) {
                return Ok(());
            }
            index.next += 1;
            format!("{:x}", index.next)
        };
        let path = self.dir.join("layers").join(&directory);
        let unpack = || -> Result<u64> {
            fs::create_dir(&path).map_err(|e| host(format!("making {}", path.display()), e))?;
            let (got, bytes) = crate::unpack::layer(archive, &path)
                .map_err(|e| host(format!("unpacking layer {diff_id}"), causes(&e)))?;
            if got != diff_id {
                return Err(host(format!("unpacking layer {diff_id}"), format!("its content is {got}")));
            }
            Ok(bytes)
        };
        match unpack() {
            Ok(bytes) => {
                let mut index = self.index.write();
                if index.layers.contains_key(diff_id) {
                    drop(index);
                    let _ = fs::remove_dir_all(&path); // somebody was faster
                } else {
                    index.layers.insert(diff_id.to_owned(), Layer { directory, bytes });
                }
                Ok(())
            }
            Err(e) => {
                let _ = fs::remove_dir_all(&path);
                Err(e)
            }
        }
    }

    /// Records an image whose layers are all there; a tag moves here from the image that had it.
    pub(crate) fn add_image(
        &self,
        id: &str,
        config: ImageConfig,
        layers: Vec<String>,
        tag: Option<String>,
        digest: Option<String>,
    ) -> Result<Arc<Image>> {
        {
            let mut index = self.index.write();
            if let Some(tag) = &tag {
                for record in index.images.values_mut() {
                    record.tags.retain(|t| t != tag);
                }
            }
            let record = index.images.entry(id.to_owned()).or_insert_with(|| Record {
                tags: Vec::new(),
                digests: Vec::new(),
                layers,
                config,
            });
            record.tags.extend(tag);
            if let Some(digest) = digest.filter(|d| !record.digests.contains(d)) {
                record.digests.push(digest);
            }
        }
        self.save()?;
        self.image(id).ok_or_else(|| Error::NotFound { what: "image", name: id.to_owned() })
    }

    /// An image by id.
    pub(crate) fn image(&self, id: &str) -> Option<Arc<Image>> {
        let index = self.index.read();
        index.images.get_key_value(id).map(|(id, record)| self.made(&index, id, record))
    }

    fn made(&self, index: &Index, id: &str, record: &Record) -> Arc<Image> {
        let layers: Vec<&Layer> = record.layers.iter().rev().filter_map(|l| index.layers.get(l)).collect();
        Arc::new(Image {
            id: id.to_owned(),
            tags: record.tags.clone(),
            digests: record.digests.clone(),
            size_bytes: layers.iter().map(|l| l.bytes).sum(),
            layers: layers.iter().map(|l| self.dir.join("layers").join(&l.directory)).collect(),
            config: record.config.clone(),
        })
    }

    /// Writes the index: beside it, then renamed over it.
    fn save(&self) -> Result<()> {
        let _one = self.writing.lock();
        let data = serde_json::to_vec(&*self.index.read()).map_err(|e| host("encoding the image index", e))?;
        let (file, beside) = (self.dir.join("images.json"), self.dir.join("images.json.new"));
        let write = || -> std::io::Result<()> {
            use std::io::Write;
            let mut f = fs::File::create(&beside)?;
            f.write_all(&data)?;
            f.sync_all()?;
            fs::rename(&beside, &file)
        };
        write().map_err(|e| host(format!("writing {}", file.display()), e))
    }

    fn find(&self, reference: &str) -> Result<Option<Arc<Image>>> {
        let index = self.index.read();
        let hex = reference.strip_prefix("sha256:").unwrap_or(reference);
        let is_id = hex.len() >= 12 && hex.chars().all(|c| c.is_ascii_hexdigit());
        let by_id = || {
            index.images.iter().find(|(id, _)| is_id && id.strip_prefix("sha256:").is_some_and(|i| i.starts_with(hex)))
        };
        let found = match Reference::parse(reference) {
            Ok(full) => index
                .images
                .iter()
                .find(|(_, r)| match &full.digest {
                    Some(digest) => r.digests.iter().any(|d| *d == format!("{}@{digest}", full.name())),
                    None => full.tagged().is_some_and(|t| r.tags.contains(&t)),
                })
                .or_else(by_id),
            Err(e) => match by_id() {
                Some(found) => Some(found),
                None => return Err(e),
            },
        };
        Ok(found.map(|(id, record)| self.made(&index, id, record)))
    }

    fn forget(&self, reference: &str) -> Result<()> {
        let Some(image) = self.find(reference)? else {
            return Err(Error::NotFound { what: "image", name: reference.to_owned() });
        };
        let tag = Reference::parse(reference).ok().and_then(|r| r.tagged()).filter(|t| image.tags.contains(t));
        let mut unused = Vec::new();
        {
            let mut index = self.index.write();
            let Some(record) = index.images.get_mut(&image.id) else { return Ok(()) };
            match tag {
                Some(tag) if record.tags.len() > 1 => record.tags.retain(|t| *t != tag),
                Some(_) | None => {
                    index.images.remove(&image.id);
                }
            }
            let used: Vec<String> = index.images.values().flat_map(|r| r.layers.clone()).collect();
            index.layers.retain(|diff_id, layer| {
                let keep = used.contains(diff_id);
                if !keep {
                    unused.push(layer.directory.clone());
                }
                keep
            });
        }
        self.save()?;
        for directory in unused {
            let path = self.dir.join("layers").join(directory);
            fs::remove_dir_all(&path).map_err(|e| host(format!("removing {}", path.display()), e))?;
        }
        Ok(())
    }

    /// Pulls, or waits for the pull of the same image that is under way.
    async fn shared_pull(
        &self,
        reference: &str,
        credentials: &[Credentials],
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Arc<Image>> {
        let full = Reference::parse(reference)?;
        let key = full.to_string();
        loop {
            let sender = {
                let mut in_flight = self.in_flight.lock();
                match in_flight.get(&key).filter(|r| r.has_changed().is_ok()) {
                    Some(receiver) => Err(receiver.clone()),
                    None => {
                        let (sender, receiver) = watch::channel(None);
                        in_flight.insert(key.clone(), receiver);
                        Ok(sender)
                    }
                }
            };
            match sender {
                Ok(sender) => {
                    let result = pull::pull(self, &full, reference, credentials, progress).await;
                    self.in_flight.lock().remove(&key);
                    let _ = sender.send(Some(result.clone()));
                    return result;
                }
                Err(mut receiver) => {
                    if let Ok(value) = receiver.wait_for(Option::is_some).await
                        && let Some(result) = value.clone()
                    {
                        return result;
                    }
                    // The one who pulled gave up: our turn.
                }
            }
        }
    }
}

/// A directory that goes with the value.
pub(crate) struct WorkDir(pub(crate) PathBuf);

impl Drop for WorkDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Images for Store {
    fn normalize(&self, reference: &str) -> Result<String> {
        Reference::parse(reference).map(|r| r.to_string())
    }

    fn get<'a>(&'a self, reference: &'a str) -> Future_<'a, Result<Option<Arc<Image>>>> {
        Box::pin(async move { self.find(reference) })
    }

    fn pull<'a>(
        &'a self,
        reference: &'a str,
        credentials: &'a [Credentials],
        progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Future_<'a, Result<Arc<Image>>> {
        Box::pin(self.shared_pull(reference, credentials, progress))
    }

    fn list(&self) -> Future_<'_, Result<Vec<Arc<Image>>>> {
        Box::pin(async move {
            let index = self.index.read();
            Ok(index.images.iter().map(|(id, r)| self.made(&index, id, r)).collect())
        })
    }

    fn remove<'a>(&'a self, reference: &'a str) -> Future_<'a, Result<()>> {
        Box::pin(async move { self.forget(reference) })
    }

    fn import<'a>(&'a self, file: &'a Path) -> Future_<'a, Result<Vec<String>>> {
        Box::pin(async move { archive::import(self, file) })
    }

    fn usage(&self) -> Future_<'_, Result<FsUsage>> {
        Box::pin(async move {
            let s =
                rustix::fs::statvfs(&self.dir).map_err(|e| host(format!("statvfs of {}", self.dir.display()), e))?;
            Ok(FsUsage {
                capacity_bytes: s.f_blocks * s.f_frsize,
                available_bytes: s.f_bavail * s.f_frsize,
                used_bytes: self.index.read().layers.values().map(|l| l.bytes).sum(),
                inodes: s.f_files,
                inodes_free: s.f_favail,
            })
        })
    }
}
