//! Hashes.

use sha2::Digest;

/// SHA-256 in hex.
pub fn sha256_hex(data: &[u8]) -> String {
    sha2::Sha256::digest(data).iter().fold(String::with_capacity(64), |mut s, b| {
        use std::fmt::Write;
        let _ = write!(s, "{b:02x}");
        s
    })
}
