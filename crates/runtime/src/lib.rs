//! The container runtime: sandboxes, containers, cgroups, logs, exec. Implements [`cri::runtime::Runtime`].
//!
//! The agent side ([`PodiumRuntime`]) lives in the node's process; each pod has a sandbox process ([`sandbox_main`]), the
//! same program again, which outlives the agent. See ARCHITECTURE.md.

mod agent;
mod cgroups;
mod child;
mod config;
mod proto;
mod sandbox;
mod seccomp;
mod spec;

pub use agent::{PodiumRuntime, cleanup};
pub use config::{Config, Log};
pub use proto::Version;
pub use sandbox::{ARGUMENT, sandbox_main, sandbox_of_version};
