//! Kubernetes' protobuf form, driven by the schema: gogo's proto2 as upstream's generated code writes and reads it.
//!
//! Scalars and messages that are no pointers in Go are always written, pointers only when they are set, fields in the order of their
//! numbers, maps sorted by key, numbers never packed (but read so). An object travels in an envelope, `runtime.Unknown`, behind four
//! magic bytes.

mod messages;
mod read;
mod tree;
mod wire;
mod write;

pub use messages::{Messages, Place, Special};
pub use read::{Envelope, ReadError, open};
pub use tree::Tree;
pub use write::{WriteError, frame, item, list_end, list_head, seal};

/// What every enveloped object begins with.
const MAGIC: &[u8] = b"k8s\0";
