//! Volumes of a pod: made before its containers, kept current while they run, taken away afterwards.

pub(crate) mod atomic;
pub(crate) mod host_path;
pub(crate) mod image;
pub(crate) mod ownership;
pub(crate) mod payload;
mod projected;
mod references;
pub(crate) mod setup;
pub(crate) mod sub_path;
pub(crate) mod token;
mod trust;

use std::{collections::BTreeMap, path::PathBuf};

pub(crate) use references::references;

/// A volume that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mounted {
    /// On the host.
    pub(crate) path: PathBuf,
    /// Containers may only read it.
    pub(crate) read_only: bool,
}

/// Volumes by name.
pub(crate) type Map = BTreeMap<String, Mounted>;

/// A volume that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("MountVolume.SetUp failed for volume {volume:?} : {reason}")]
pub(crate) struct Failure {
    pub(crate) volume: String,
    pub(crate) reason: String,
}
