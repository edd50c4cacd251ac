//! The scheduler: a queue of pods without a node, a picture of the nodes, a pure cycle that chooses, and the binding.
//!
//! Unschedulable pods are put aside with the plugins that rejected them and tried again when something changes that one of these
//! plugins cares about, never by polling. Where pods of lower priority are in the way, they are sent away ([`preempt`]).

pub mod cache;
pub mod cycle;
pub mod nominated;
pub mod plugins;
pub mod pod;
pub mod preempt;
pub mod queue;
pub mod resources;
mod run;
mod watch;
mod write;

pub use run::{NAME, start};

#[cfg(test)]
mod tests;
