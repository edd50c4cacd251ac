//! The next free part of the cluster's addresses.

use std::{collections::HashSet, net::Ipv4Addr};

/// A range of IPv4 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    base: u32,
    length: u8,
}

impl std::fmt::Display for Cidr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.base), self.length)
    }
}

fn mask(length: u8) -> u32 {
    u32::MAX.checked_shl(u32::from(32 - length.min(32))).unwrap_or(0)
}

impl Cidr {
    /// Reads `10.244.0.0/16`; host bits are dropped.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let length: u8 = length.parse().ok().filter(|l| *l <= 32)?;
        let base = u32::from(address.parse::<Ipv4Addr>().ok()?) & mask(length);
        Some(Self { base, length })
    }

    fn overlaps(self, other: Self) -> bool {
        let shorter = mask(self.length.min(other.length));
        self.base & shorter == other.base & shorter
    }
}

/// The first part of `cluster` with this length that overlaps none of `taken`.
#[must_use]
pub fn next_free(cluster: Cidr, length: u8, taken: &HashSet<Cidr>) -> Option<Cidr> {
    if length < cluster.length || length > 32 {
        return None;
    }
    let parts = 1u64 << (length - cluster.length);
    let step = 1u64 << (32 - length);
    let part = |n: u64| Cidr { base: cluster.base.wrapping_add(u32::try_from(n * step).unwrap_or_default()), length };
    (0..parts).map(part).find(|c| !taken.contains(c) && !taken.iter().any(|t| t.overlaps(*c)))
}
