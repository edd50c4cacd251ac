//! Ordered keys to bytes with revisions: the port, and two engines behind it, in memory and on redb.
//!
//! Both engines share one core that does no IO (`core`, `index`, `hub`, `draft`); [`Embedded`] puts a durable log and a
//! committer thread in front of it. Reads are served from memory. Two promises beside the port's:
//! - when [`Store::revision`] answers N, the events up to N are in the channels of all watchers already;
//! - keys that expire get a revision each.

mod checksum;
mod committer;
mod core;
mod disk;
mod draft;
mod embedded;
mod first_format;
mod guard;
mod hub;
mod index;
mod log;
mod medium;
mod memory;
mod options;
mod queue;
mod record;
mod room;
mod shared;
mod snapshot;

pub mod port;

#[cfg(any(test, feature = "contract"))]
pub mod contract;

pub use embedded::Embedded;
pub use guard::panic_is_answer;
pub use medium::{Machine, Medium};
pub use memory::Memory;
pub use options::{Clock, ManualClock, Options, SystemClock};
pub use port::*;
/// What a [`Medium`] is given and gives back.
pub use redb::StorageBackend;
pub use snapshot::Snapshot;
