//! Kubernetes' vocabulary without IO: names, meta, selectors, quantities, patches, Status, codecs, Table, watch events.
pub mod duration;
pub mod field;
#[cfg(test)]
mod fixture;
pub mod gvk;
pub mod list;
pub mod managed;
pub mod meta;
pub mod names;
pub mod patch;
#[cfg(test)]
mod properties;
pub mod protobuf;
pub mod prune;
pub mod quantity;
#[cfg(test)]
mod random;
pub mod schema;
pub mod selector;
pub mod status;
pub mod strict;
pub mod table;
pub mod text;
pub mod time;
pub mod tls;
pub mod watch;
