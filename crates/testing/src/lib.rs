//! Development only: fakes of the node's ports, and a whole cluster in one process.
//!
//! - [`FakeRuntime`], [`FakeImages`], [`FakeNetwork`] stand in for the rooms behind `cri`; tests script what containers do.
//! - [`Cluster`] is the real API server over the memory engine, the real controllers, scheduler and kubelet, with these
//!   fakes below. On a runtime with paused time a back-off of minutes takes no time at all.
//! - [`sim`] runs such clusters of several nodes for simulated hours, with faults and random workloads from a seed, and
//!   judges them.
mod clock;
mod cluster;
mod fake_images;
mod fake_network;
mod fake_runtime;
mod fault_store;
mod faults;
mod life;
mod node;
pub mod sim;
// The shipped transport itself: a copy would test something else.
#[path = "../../podium/src/transport.rs"]
mod transport;

pub use cluster::{Cluster, object};
pub use fake_images::{FakeImages, image};
pub use fake_network::FakeNetwork;
pub use fake_runtime::{Behaviour, Call, FakeRuntime, Script, Step};
pub use node::FakeNode;
