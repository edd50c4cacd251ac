//! Images of this node: references, pulling from registries, unpacking, the local store, imports.
//!
//! [`Store`] implements [`cri::image::Images`]. Layers are unpacked once, by the digest of their content, into directories with
//! short names that overlayfs takes as `lowerdir`; one JSON file says which images there are.

mod archive;
mod auth;
mod http;
mod pull;
mod reference;
mod registries;
mod registry;
mod store;
mod unpack;

pub use reference::Reference;
pub use registries::{Registries, RegistriesError};
pub use store::Store;

use sha2::Digest;

/// SHA-256 as images write it.
pub(crate) fn digest(data: &[u8]) -> String {
    hex_digest(&sha2::Sha256::digest(data))
}

/// `sha256:` and the hash in hex.
pub(crate) fn hex_digest(hash: &[u8]) -> String {
    use std::fmt::Write;
    hash.iter().fold("sha256:".to_owned(), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}
