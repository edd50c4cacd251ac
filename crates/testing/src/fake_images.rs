//! Images that exist in memory only.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use cri::{
    Error, Future_, Result,
    image::{Credentials, FsUsage, Image, ImageConfig, Images, Progress},
};
use parking_lot::Mutex;

/// Images by full name: every well-formed reference can be pulled, except those said to be missing. A clone is the same
/// store.
#[derive(Clone, Default)]
pub struct FakeImages {
    present: Arc<Mutex<BTreeMap<String, Arc<Image>>>>,
    missing: Arc<Mutex<BTreeSet<String>>>,
}

/// An image that runs `/program`.
#[must_use]
pub fn image(name: &str) -> Arc<Image> {
    Arc::new(Image {
        id: format!("sha256:{name}"),
        tags: vec![name.to_owned()],
        digests: Vec::new(),
        size_bytes: 1000,
        layers: Vec::new(),
        config: ImageConfig { entrypoint: vec!["/program".into()], ..ImageConfig::default() },
    })
}

fn full(reference: &str) -> String {
    let name = if reference.contains('/') { reference.to_owned() } else { format!("docker.io/library/{reference}") };
    let tagged = name.rsplit('/').next().is_some_and(|last| last.contains(':') || last.contains('@'));
    if tagged { name } else { format!("{name}:latest") }
}

impl FakeImages {
    /// The image is on the node.
    pub fn add(&self, reference: &str) {
        let name = full(reference);
        self.present.lock().insert(name.clone(), image(&name));
    }

    /// The image cannot be pulled.
    pub fn missing(&self, reference: &str) {
        self.missing.lock().insert(full(reference));
    }

    /// The image can be pulled again.
    pub fn publish(&self, reference: &str) {
        self.missing.lock().remove(&full(reference));
    }
}

impl Images for FakeImages {
    fn normalize(&self, reference: &str) -> Result<String> {
        if reference.is_empty() || reference.chars().any(|c| c.is_whitespace() || c.is_uppercase()) {
            return Err(Error::InvalidReference { reference: reference.to_owned() });
        }
        Ok(full(reference))
    }

    fn get<'a>(&'a self, reference: &'a str) -> Future_<'a, Result<Option<Arc<Image>>>> {
        let present = self.present.lock();
        let found = present.get(&full(reference)).or_else(|| present.values().find(|image| image.id == reference));
        Box::pin(std::future::ready(Ok(found.cloned())))
    }

    fn pull<'a>(
        &'a self,
        reference: &'a str,
        _: &'a [Credentials],
        _: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Future_<'a, Result<Arc<Image>>> {
        let name = full(reference);
        let result = if self.missing.lock().contains(&name) {
            Err(Error::Pull { reference: reference.to_owned(), reason: "not found".into() })
        } else {
            Ok(self.present.lock().entry(name.clone()).or_insert_with(|| image(&name)).clone())
        };
        Box::pin(std::future::ready(result))
    }

    fn list(&self) -> Future_<'_, Result<Vec<Arc<Image>>>> {
        let list = self.present.lock().values().cloned().collect();
        Box::pin(std::future::ready(Ok(list)))
    }

    fn remove<'a>(&'a self, reference: &'a str) -> Future_<'a, Result<()>> {
        self.present.lock().remove(&full(reference));
        Box::pin(std::future::ready(Ok(())))
    }

    fn import<'a>(&'a self, _: &'a Path) -> Future_<'a, Result<Vec<String>>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn usage(&self) -> Future_<'_, Result<FsUsage>> {
        Box::pin(std::future::ready(Ok(FsUsage::default())))
    }
}
