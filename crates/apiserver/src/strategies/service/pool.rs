//! Addresses and ports of Services: what is taken.

use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use crate::config::Random;

/// Address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `IPv4`.
    V4,
    /// `IPv6`.
    V6,
}

impl Family {
    /// As objects say it.
    pub fn text(self) -> &'static str {
        match self {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        }
    }

    /// From an object's word.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "IPv4" => Some(Family::V4),
            "IPv6" => Some(Family::V6),
            _ => None,
        }
    }

    /// Of an address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Family::V4 } else { Family::V6 }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Family::V4 => Family::V6,
            Family::V6 => Family::V4,
        }
    }
}

/// Numbers from `first`, `size` of them; the lower part is given out last, so that there is room for those who ask for a certain one.
#[derive(Debug, Clone)]
pub struct Numbers {
    first: u128,
    size: u128,
    reserved: u128,
    taken: HashSet<u128>,
}

impl Numbers {
    fn new(first: u128, size: u128, reserved: u128) -> Self {
        Self { first, size, reserved: reserved.min(size), taken: HashSet::new() }
    }

    fn contains(&self, number: u128) -> bool {
        number >= self.first && number - self.first < self.size
    }

    /// Takes a free one: a random start in the upper part, then the lower part.
    fn next(&mut self, random: &Random) -> Option<u128> {
        let mut seed = [0u8; 8];
        random(&mut seed);
        let seed = u128::from(u64::from_le_bytes(seed));
        let parts = [(self.reserved, self.size - self.reserved), (0, self.reserved)];
        for (offset, size) in parts {
            if size == 0 {
                continue;
            }
            // As many steps as there are taken numbers, and one more, find a free one if there is one.
            let steps = size.min(self.taken.len() as u128 + 1);
            for step in 0..steps {
                let number = self.first + offset + (seed + step) % size;
                if self.taken.insert(number) {
                    return Some(number);
                }
            }
        }
        None
    }
}

/// Why a number is not to be had.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refused {
    /// Taken.
    #[error("provided port is already allocated")]
    Port,
    /// Outside.
    #[error("provided port is not in the valid range. The range of valid ports is {0}-{1}")]
    PortRange(u16, u16),
    /// Taken.
    #[error("provided IP is already allocated")]
    Address,
    /// Network or broadcast address.
    #[error("the provided IP ({0}) is not in the valid range. The range of valid IPs is {1}")]
    AddressRange(IpAddr, String),
    /// Outside.
    #[error("the provided network does not match the current range")]
    Network,
    /// Nothing is free.
    #[error("range is full")]
    Full,
}

/// A range of addresses.
#[derive(Debug, Clone)]
pub struct Range {
    /// Its family.
    pub family: Family,
    /// As configured.
    pub cidr: String,
    network: u128,
    mask_bits: u32,
    numbers: Numbers,
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(a) => u128::from(u32::from(a)),
        IpAddr::V6(a) => u128::from(a),
    }
}

impl Range {
    /// Parses `10.96.0.0/16`.
    pub fn parse(cidr: &str) -> Option<Self> {
        let (address, bits) = cidr.split_once('/')?;
        let (address, bits): (IpAddr, u32) = (address.parse().ok()?, bits.parse().ok()?);
        let family = Family::of(address);
        let width = if family == Family::V4 { 32 } else { 128 };
        let host = width - bits.min(width);
        // Larger ranges than this are never filled.
        let all = 1u128 << host.min(64);
        let network = number(address) >> host.min(127) << host.min(127);
        // Network address, and broadcast for version 4.
        let size = match family {
            Family::V4 => all.saturating_sub(2),
            Family::V6 => all.saturating_sub(1),
        };
        let reserved = (all / 16).clamp(16, 256);
        let reserved = if size <= reserved * 2 { 0 } else { reserved };
        Some(Self {
            family,
            cidr: cidr.to_owned(),
            network,
            mask_bits: host,
            numbers: Numbers::new(network + 1, size, reserved),
        })
    }

    /// The first usable address.
    pub fn first(&self) -> IpAddr {
        self.address(self.network + 1)
    }

    fn address(&self, number: u128) -> IpAddr {
        match self.family {
            Family::V4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).unwrap_or_default())),
            Family::V6 => IpAddr::V6(Ipv6Addr::from(number)),
        }
    }

    fn inside(&self, number: u128) -> bool {
        number >> self.mask_bits.min(127) == self.network >> self.mask_bits.min(127)
    }
}

/// All that Services hold.
#[derive(Debug, Clone)]
pub struct Pool {
    /// The first family is the default one.
    pub ranges: Vec<Range>,
    ports: Numbers,
    port_range: (u16, u16),
}

impl Pool {
    /// Empty pools.
    pub fn new(cidrs: &[String], ports: (u16, u16)) -> Self {
        let size = u128::from(ports.1 - ports.0) + 1;
        let reserved = (size / 32).clamp(16, 128);
        let reserved = if size <= reserved { 0 } else { reserved };
        Self {
            ranges: cidrs.iter().filter_map(|c| Range::parse(c)).collect(),
            ports: Numbers::new(u128::from(ports.0), size, reserved),
            port_range: ports,
        }
    }

    /// This family is configured.
    pub fn has(&self, family: Family) -> bool {
        self.ranges.iter().any(|r| r.family == family)
    }

    /// Takes a certain address.
    pub fn take_address(&mut self, address: IpAddr) -> Result<(), Refused> {
        let n = number(address);
        let range =
            self.ranges.iter_mut().find(|r| r.family == Family::of(address) && r.inside(n)).ok_or(Refused::Network)?;
        if !range.numbers.contains(n) {
            return Err(Refused::AddressRange(address, range.cidr.clone()));
        }
        if range.numbers.taken.insert(n) { Ok(()) } else { Err(Refused::Address) }
    }

    /// Takes any address of a family.
    pub fn any_address(&mut self, family: Family, random: &Random) -> Result<IpAddr, Refused> {
        for range in self.ranges.iter_mut().filter(|r| r.family == family) {
            if let Some(n) = range.numbers.next(random) {
                return Ok(range.address(n));
            }
        }
        Err(Refused::Full)
    }

    /// Gives an address back.
    pub fn free_address(&mut self, address: IpAddr) {
        let n = number(address);
        for range in self.ranges.iter_mut().filter(|r| r.family == Family::of(address)) {
            range.numbers.taken.remove(&n);
        }
    }

    /// Takes a certain port.
    pub fn take_port(&mut self, port: u16) -> Result<(), Refused> {
        if !self.ports.contains(u128::from(port)) {
            return Err(Refused::PortRange(self.port_range.0, self.port_range.1));
        }
        if self.ports.taken.insert(u128::from(port)) { Ok(()) } else { Err(Refused::Port) }
    }

    /// Takes any port.
    pub fn any_port(&mut self, random: &Random) -> Result<u16, Refused> {
        self.ports.next(random).and_then(|n| u16::try_from(n).ok()).ok_or(Refused::Full)
    }

    /// Gives a port back.
    pub fn free_port(&mut self, port: u16) {
        self.ports.taken.remove(&u128::from(port));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn zero() -> Random {
        Arc::new(|b: &mut [u8]| b.fill(0))
    }

    #[test]
    fn addresses() {
        let mut pool = Pool::new(&["10.96.0.0/16".into()], (30000, 32767));
        assert_eq!(pool.ranges[0].first(), "10.96.0.1".parse::<IpAddr>().expect("an address"));
        let take = |pool: &mut Pool, a: &str| pool.take_address(a.parse().expect("an address"));
        assert_eq!(take(&mut pool, "10.96.0.10"), Ok(()));
        assert_eq!(take(&mut pool, "10.96.0.10"), Err(Refused::Address));
        assert_eq!(take(&mut pool, "10.97.0.1"), Err(Refused::Network));
        assert!(matches!(take(&mut pool, "10.96.0.0"), Err(Refused::AddressRange(..))));
        assert_eq!(
            pool.any_address(Family::V4, &zero()),
            Ok("10.96.1.1".parse().expect("an address")),
            "the lower part is left to those who ask"
        );
        assert_eq!(pool.any_address(Family::V6, &zero()), Err(Refused::Full));
    }

    #[test]
    fn small_ranges_are_used_up_and_given_back() {
        let mut pool = Pool::new(&["10.0.0.0/29".into()], (30000, 30003));
        let mut all: Vec<IpAddr> = (0..6).map(|_| pool.any_address(Family::V4, &zero()).expect("free")).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 6);
        assert_eq!(pool.any_address(Family::V4, &zero()), Err(Refused::Full));
        pool.free_address(all[3]);
        assert_eq!(pool.any_address(Family::V4, &zero()), Ok(all[3]));
        assert_eq!(pool.take_port(29999), Err(Refused::PortRange(30000, 30003)));
        for _ in 0..4 {
            pool.any_port(&zero()).expect("free");
        }
        assert_eq!(pool.any_port(&zero()), Err(Refused::Full));
        assert_eq!(pool.take_port(30001), Err(Refused::Port));
    }
}
