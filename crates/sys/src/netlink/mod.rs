//! Raw netlink, as much as the network room needs: links, addresses and routes (`route`), nf_tables (`nft`) and
//! connection tracking (`conntrack`). Calls block for the time of the system call: use a thread that may.

pub mod conntrack;
mod expr;
pub mod message;
pub mod nft;
pub mod route;
pub mod socket;

pub use socket::{Error, Socket};
