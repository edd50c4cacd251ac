//! Ordered keys to bytes with revisions: the port, and two engines behind it, in memory and on redb.
//!
//! Both engines share one core that does no IO (`core`, `index`, `hub`, `draft`); [`Embedded`] puts a durable log and a
//! committer thread in front of it. Reads are served from memory. Two promises beside the port's:
//! - when [`Store::revision`] answers N, the events up to N are in the channels of all watchers already;
//! - keys that expire get a revision each.

mod committer;
mod core;
mod disk;
mod draft;
mod embedded;
mod hub;
mod index;
mod log;
mod memory;
mod options;
mod queue;
mod record;
mod shared;
mod snapshot;

pub mod port;

#[cfg(any(test, feature = "contract"))]
pub mod contract;

pub use embedded::Embedded;
pub use memory::Memory;
pub use options::{Clock, ManualClock, Options, SystemClock, Wrap};
pub use port::*;
/// What a [`Wrap`] is given and gives back.
pub use redb::StorageBackend;
