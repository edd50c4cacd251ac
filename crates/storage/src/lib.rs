//! Ordered keys to bytes with revisions: the port, and the embedded engine on redb.
pub mod port;
pub use port::*;
