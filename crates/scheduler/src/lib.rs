//! The scheduler: a queue of pods without a node, a picture of the nodes, a pure cycle that chooses, and the binding.
//!
//! Unschedulable pods are put aside with the plugins that rejected them and tried again when something changes that one of these
//! plugins cares about, never by polling.

pub mod cache;
pub mod cycle;
pub mod plugins;
pub mod pod;
pub mod queue;
pub mod resources;
mod run;
mod watch;
mod write;

pub use run::{NAME, start};

#[cfg(test)]
mod tests;
