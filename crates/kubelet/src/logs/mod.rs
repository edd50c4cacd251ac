//! Container logs: files in CRI format, read with options, followed, rotated.

pub(crate) mod follow;
pub(crate) mod line;
pub(crate) mod read;
pub(crate) mod rotate;

/// What a client wants to see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) follow: bool,
    pub(crate) previous: bool,
    pub(crate) timestamps: bool,
    pub(crate) tail: Option<u64>,
    /// Nothing that was written before.
    pub(crate) since: Option<jiff::Timestamp>,
    pub(crate) limit_bytes: Option<u64>,
    /// `stdout` or `stderr` alone.
    pub(crate) stream: Option<Stream>,
}

/// Which stream of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}
