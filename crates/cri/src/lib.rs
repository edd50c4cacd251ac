//! The node's ports: container runtime, images, pod network. Plain types and traits, no IO.
//!
//! The kubelet decides what should run and speaks only to these traits; `runtime`, `image` and `network`
//! implement them, `testing` fakes them.

pub mod image;
pub mod network;
pub mod runtime;

use std::{future::Future, pin::Pin};

/// A boxed future: the ports are used as trait objects.
pub type Future_<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What went wrong behind a port: what was tried, on what, and whether trying again can help.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The thing asked for is not there (sandbox, container, image).
    #[error("{what} {name:?} not found")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// Its id or reference.
        name: String,
    },
    /// An image reference that cannot be parsed (`InvalidImageName`).
    #[error("couldn't parse image name {reference:?}: invalid reference format")]
    InvalidReference {
        /// The reference as given.
        reference: String,
    },
    /// The registry or the network refused (`ErrImagePull`): worth trying again with back-off.
    #[error("failed to pull image {reference:?}: {reason}")]
    Pull {
        /// The image.
        reference: String,
        /// Why, in the registry's or the transport's words.
        reason: String,
    },
    /// The program could not be executed (`StartError`, exit code 127 or 126).
    #[error("{message}")]
    Start {
        /// As runc words it: `exec: "x": stat x: no such file or directory`.
        message: String,
        /// 126: found but not executable; 127: not found; 128: anything else.
        exit_code: i32,
    },
    /// The host refused something.
    #[error("{tried}: {reason}")]
    Host {
        /// What was tried, and on what.
        tried: String,
        /// The system's answer and what to do about it.
        reason: String,
    },
    /// Not finished within its deadline.
    #[error("{tried}: not finished within {seconds} s")]
    Timeout {
        /// What was tried.
        tried: String,
        /// The deadline in seconds.
        seconds: u64,
    },
}

/// The result of a port's call.
pub type Result<T> = std::result::Result<T, Error>;
