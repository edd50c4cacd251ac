//! Kubernetes' vocabulary without IO: names, meta, selectors, quantities, patches, Status, codecs, Table, watch events.
pub mod schema;
