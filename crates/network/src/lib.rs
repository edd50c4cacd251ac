//! The node's network: interfaces of pods, service rules, cluster DNS. Everything that it makes on the host carries the
//! instance's id, and [`cleanup`] finds it by that.
//!
//! Start order: [`Rules::open`], then [`Pods::open`] (the node's port), [`Proxy::new`] and [`Rules::guard`], [`Dns::bind`],
//! [`Peers::new`].

mod config;
pub mod dns;
mod error;
mod peers;
mod pods;
mod proxy;

#[cfg(test)]
mod fake_api;
#[cfg(test)]
mod host_tests;
#[cfg(test)]
mod test_space;

pub use config::{BadCidr, Cidr, Config, Log, Names, Overlay, resolvers};
pub use dns::Dns;
pub use error::Error;
pub use peers::Peers;
pub use pods::Pods;
pub use proxy::{Owner, Proxy, Rules, Wish};

/// Takes away what an instance has made on this host: links with their routes and addresses, and its nft table.
/// Succeeds where there is nothing. Blocks for the time of the system calls.
pub fn cleanup(instance: &str) -> Result<(), Error> {
    let names = Names::of(instance);
    let rules = || -> Result<(), Error> {
        let socket = sys::netlink::nft::open()?;
        if sys::netlink::nft::tables(&socket)?.contains(&names.table) {
            let mut change = sys::netlink::nft::Transaction::new(&names.table);
            change.delete_table();
            change.commit(&socket)?;
        }
        Ok(())
    };
    // One failure must not keep the rest.
    let all =
        [pods::links::sweep(&names.pod_prefix, &[]), pods::links::detach(&names.link), peers::cleanup(&names), rules()];
    all.into_iter().collect()
}
