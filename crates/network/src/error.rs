//! What can go wrong with the node's network.

use std::{io, net::Ipv4Addr};

use sys::netlink;

use crate::config::BadCidr;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel refused something.
    #[error(transparent)]
    Kernel(#[from] netlink::Error),
    /// A file.
    #[error("{tried} {path}: {source}")]
    File {
        /// What was tried.
        tried: &'static str,
        /// The file.
        path: String,
        /// The system's answer.
        source: io::Error,
    },
    /// A socket of the DNS server.
    #[error("listen on {address} for {protocol}: {source}")]
    Listen {
        /// Where.
        address: String,
        /// UDP or TCP.
        protocol: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// The node does not know yet which addresses its pods may have.
    #[error("the node has no pod range yet (spec.podCIDR); it comes with the node's registration")]
    NoRange,
    /// All addresses are taken.
    #[error("all addresses of the node's pod range {range} are in use")]
    Exhausted {
        /// The range.
        range: String,
    },
    /// No range.
    #[error(transparent)]
    Range(#[from] BadCidr),
    /// A link that was just made is not there: its process ended meanwhile.
    #[error("the interface of {ip} vanished while it was set up; the sandbox has ended")]
    Vanished {
        /// The pod's address.
        ip: Ipv4Addr,
    },
    /// A link that was just made is not there: something else removed it.
    #[error("the link {name} vanished while it was set up")]
    NoLink {
        /// The link.
        name: String,
    },
    /// The room is being shut down.
    #[error("the network is shutting down")]
    Stopped,
}

impl From<Error> for cri::Error {
    fn from(error: Error) -> Self {
        Self::Host { tried: "set up the pod's network".into(), reason: error.to_string() }
    }
}

/// Runs what blocks for a moment where that is allowed.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Stopped))
}
