//! What runs in the short-lived copy of the sandbox process that becomes a container's program.
//!
//! [`container`] and [`exec`] are the seam for another low-level runtime: one that writes a bundle and executes `runc` would
//! take their place, with the same inputs, the same report pipe and the same parent.

mod capabilities;
mod cgroupfs;
mod container;
mod dev;
mod exec;
mod paths;
mod process;
mod program;
mod rootfs;
mod terminal;
mod user;
mod volumes;

use std::os::fd::OwnedFd;

pub(crate) use container::{Container, run as container};
pub(crate) use exec::{Exec, run as exec};

use crate::proto::Failure;

/// Why this process cannot become what it should.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Any other reason than the program itself.
pub(crate) fn failure(what: impl std::fmt::Display, error: impl std::fmt::Display) -> Failure {
    Failure { message: format!("{what}: {error}"), code: 128 }
}

/// Words of the system for an error, without the number that the standard library adds.
pub(crate) fn words(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// Adds what was tried to an error of the system.
pub(crate) trait Tried<T> {
    /// `what` as in "mount /proc".
    fn tried(self, what: impl std::fmt::Display) -> Outcome<T>;
}

impl<T> Tried<T> for std::io::Result<T> {
    fn tried(self, what: impl std::fmt::Display) -> Outcome<T> {
        self.map_err(|error| failure(what, words(&error)))
    }
}

impl<T> Tried<T> for rustix::io::Result<T> {
    fn tried(self, what: impl std::fmt::Display) -> Outcome<T> {
        self.map_err(|error| failure(what, words(&error.into())))
    }
}

/// The standard descriptors of a process to be.
#[derive(Debug)]
pub(crate) enum Stdio {
    /// Pipes, or `/dev/null` where there is none.
    Pipes([Option<OwnedFd>; 3]),
    /// A terminal of the container's, whose master goes over this socket.
    Terminal(OwnedFd),
}
