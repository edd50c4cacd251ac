//! The image port: references, pull, local store.

use std::{path::PathBuf, sync::Arc};

use crate::{Future_, Result};

/// An image in the local store.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Image {
    /// `sha256:…` of its configuration.
    pub id: String,
    /// Full names with tags: `docker.io/library/nginx:1`.
    pub tags: Vec<String>,
    /// Full names with digests: `docker.io/library/nginx@sha256:…`.
    pub digests: Vec<String>,
    /// Size of its layers unpacked, in bytes.
    pub size_bytes: u64,
    /// Unpacked layers, highest first: as overlayfs `lowerdir` wants them.
    pub layers: Vec<PathBuf>,
    /// What it says about running it.
    pub config: ImageConfig,
}

/// The part of an image's configuration that matters for running it.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ImageConfig {
    /// `ENTRYPOINT`.
    pub entrypoint: Vec<String>,
    /// `CMD`.
    pub cmd: Vec<String>,
    /// `ENV`, `NAME=value`.
    pub env: Vec<String>,
    /// `USER`.
    pub user: String,
    /// `WORKDIR`.
    pub working_dir: String,
    /// `STOPSIGNAL`.
    pub stop_signal: String,
    /// `VOLUME`.
    pub volumes: Vec<String>,
    /// `EXPOSE`.
    pub exposed_ports: Vec<String>,
}

/// Credentials for one registry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
    /// Identity token for the token endpoint, instead of a password.
    pub identity_token: String,
    /// Bearer token as it stands.
    pub registry_token: String,
}

/// How far a pull is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Progress {
    /// Bytes fetched.
    pub done_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
}

/// The image store and puller.
pub trait Images: Send + Sync + 'static {
    /// The full form of a reference (`nginx` → `docker.io/library/nginx:latest`) or [`crate::Error::InvalidReference`].
    fn normalize(&self, reference: &str) -> Result<String>;
    /// Looks an image up by reference or id, without the network.
    fn get<'a>(&'a self, reference: &'a str) -> Future_<'a, Result<Option<Arc<Image>>>>;
    /// Fetches an image, trying each set of credentials in turn (none at all first when there are none); pulls of the same
    /// image are shared.
    fn pull<'a>(
        &'a self,
        reference: &'a str,
        credentials: &'a [Credentials],
        progress: &'a (dyn Fn(Progress) + Send + Sync),
    ) -> Future_<'a, Result<Arc<Image>>>;
    /// All images.
    fn list(&self) -> Future_<'_, Result<Vec<Arc<Image>>>>;
    /// Removes a tag, and the image with its last tag.
    fn remove<'a>(&'a self, reference: &'a str) -> Future_<'a, Result<()>>;
    /// Reads an OCI layout or docker archive (tar, also compressed); returns the names that it brought.
    fn import<'a>(&'a self, file: &'a std::path::Path) -> Future_<'a, Result<Vec<String>>>;
    /// Capacity and use of the file system that holds the images, in bytes.
    fn usage(&self) -> Future_<'_, Result<FsUsage>>;
}

/// A file system's size and use in bytes and inodes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FsUsage {
    /// Size.
    pub capacity_bytes: u64,
    /// Free for us.
    pub available_bytes: u64,
    /// Used by images.
    pub used_bytes: u64,
    /// Inodes in all.
    pub inodes: u64,
    /// Inodes free.
    pub inodes_free: u64,
}
