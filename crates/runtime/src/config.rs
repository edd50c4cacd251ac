//! What the runtime is told by its host program, and where it keeps things.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Where remarks go that are worth a line but no error.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// Everything that the runtime must be told.
#[derive(Clone)]
pub struct Config {
    /// Id of the instance; part of what is made on the host.
    pub instance: String,
    /// State on disk: records, writable layers. Survives a reboot.
    pub root: PathBuf,
    /// Sockets and mount points; may be on a tmpfs.
    pub run: PathBuf,
    /// Name of the instance's cgroup in every hierarchy, for example `podium-<id>`.
    pub cgroup_root: String,
    /// The program to start for a sandbox with `sandbox` as its first argument: the caller's own binary.
    pub program: PathBuf,
    /// Version of the runtime for the node's status.
    pub version: String,
    /// Remarks.
    pub log: Log,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("instance", &self.instance).field("root", &self.root).finish_non_exhaustive()
    }
}

impl Config {
    pub(crate) fn sandboxes(&self) -> PathBuf {
        self.root.join("sandboxes")
    }

    pub(crate) fn trash(&self) -> PathBuf {
        self.root.join("trash")
    }

    pub(crate) fn sandbox(&self, id: &str) -> SandboxPaths {
        // Socket paths are limited to 108 bytes, so the run directory has short names.
        let short = id.get(..24).unwrap_or(id);
        SandboxPaths { state: self.sandboxes().join(id), run: self.run.join(short) }
    }

    /// An empty directory on which containers mount their root, each in a mount namespace of its own.
    pub(crate) fn mount_point(&self) -> PathBuf {
        self.run.join("root")
    }

    pub(crate) fn program_mount(&self) -> PathBuf {
        self.run.join("exe").join(self.program.strip_prefix("/").unwrap_or(&self.program))
    }
}

/// The places of one sandbox.
#[derive(Debug, Clone)]
pub(crate) struct SandboxPaths {
    /// On disk.
    pub state: PathBuf,
    /// Socket and shared memory.
    pub run: PathBuf,
}

impl SandboxPaths {
    pub(crate) fn record(&self) -> PathBuf {
        self.state.join("sandbox.json")
    }

    pub(crate) fn messages(&self) -> PathBuf {
        self.state.join("messages")
    }

    pub(crate) fn containers(&self) -> PathBuf {
        self.state.join("containers")
    }

    pub(crate) fn container(&self, id: &str) -> ContainerPaths {
        ContainerPaths(self.containers().join(id))
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.run.join("sock")
    }

    pub(crate) fn shm(&self) -> PathBuf {
        self.run.join("shm")
    }
}

/// The places of one container.
#[derive(Debug, Clone)]
pub(crate) struct ContainerPaths(pub PathBuf);

impl ContainerPaths {
    pub(crate) fn spec(&self) -> PathBuf {
        self.0.join("container.json")
    }

    pub(crate) fn running(&self) -> PathBuf {
        self.0.join("running.json")
    }

    pub(crate) fn exit(&self) -> PathBuf {
        self.0.join("exit.json")
    }
}

/// Writes a small file so that it is whole or not there.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let new = path.with_extension("new");
    std::fs::write(&new, bytes)?;
    std::fs::rename(&new, path)
}

/// Reads a JSON file; `None` when it is not there or not whole.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}
