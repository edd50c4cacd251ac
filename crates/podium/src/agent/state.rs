//! What a joined node keeps about its cluster: enough to start again, also where the server does not answer.

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::{
    instance::{Instance, write_private},
    join::ClusterFacts,
};

/// The file `agent.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Address of the server, as given.
    pub server: String,
    /// Name of this node.
    pub node: String,
    /// What all nodes know.
    pub cluster: ClusterFacts,
}

impl State {
    /// Reads it; `None` where this machine has not joined.
    pub fn read(instance: &Instance) -> anyhow::Result<Option<Self>> {
        let path = instance.agent_file();
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes).with_context(|| format!("{}", path.display()))?)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Writes it.
    pub fn write(&self, instance: &Instance) -> anyhow::Result<()> {
        write_private(&instance.agent_file(), &serde_json::to_vec_pretty(self)?, 0o644)
    }
}
