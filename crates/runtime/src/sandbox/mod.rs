//! The sandbox process: one per pod, one thread, no asynchronous runtime. It holds the pod's namespaces, starts
//! processes by copying itself, collects their exits, writes their logs, and outlives the agent.

mod clients;
mod containers;
mod execs;
mod launch;
mod log;
mod pause;
mod pump;
mod server;
mod setup;
mod streams;

use std::{ffi::OsString, io::Write, path::PathBuf};

use crate::proto::{VERSION, Version};

/// First argument by which a program becomes a sandbox.
pub const ARGUMENT: &str = "sandbox";

/// Runs a sandbox; to be called at the very top of `main`, before there are threads, when the first argument is
/// [`ARGUMENT`]. `arguments` are those behind it. Standard input is the agent's socket.
pub fn sandbox_main(arguments: impl IntoIterator<Item = OsString>) -> ! {
    sandbox_of_version(arguments, VERSION)
}

/// The same, as a sandbox of another version of the protocol behaves: what an upgraded agent finds.
pub fn sandbox_of_version(arguments: impl IntoIterator<Item = OsString>, speaks: Version) -> ! {
    sys::process::small_heap(32 * 1024);
    let mut arguments = arguments.into_iter();
    let _instance = arguments.next();
    let Some(directory) = arguments.next().map(PathBuf::from) else { sys::process::leave(2) };
    let code = match setup::prepare(&directory, speaks).and_then(|server| server.serve()) {
        Ok(()) => 0,
        Err(error) => {
            // Standard error is the file `messages` of the sandbox.
            let _ = writeln!(std::io::stderr(), "sandbox: {error}");
            1
        }
    };
    sys::process::leave(code)
}

/// Nanoseconds since the epoch.
pub(crate) fn now_ns() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// Why a sandbox ends before its time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The system refused.
    #[error("{tried}: {source}")]
    System {
        /// What was tried.
        tried: &'static str,
        /// Its answer.
        source: std::io::Error,
    },
    /// The record is not there or not readable.
    #[error("no readable record in {0}")]
    Record(PathBuf),
}

pub(crate) trait Tried<T> {
    fn tried(self, tried: &'static str) -> Result<T, Error>;
}

impl<T, E: Into<std::io::Error>> Tried<T> for Result<T, E> {
    fn tried(self, tried: &'static str) -> Result<T, Error> {
        self.map_err(|source| Error::System { tried, source: source.into() })
    }
}
