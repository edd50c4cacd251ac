//! Files that every pod gets: hosts, resolver configuration, host name.

pub(crate) mod hosts;
pub(crate) mod resolv;
