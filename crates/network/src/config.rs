//! What the room is told: addresses, names, ranges. Everything on the host is named after the instance.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    sync::Arc,
};

/// Where the room says what an operator should know.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// A range of IPv4 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    base: u32,
    prefix: u8,
}

/// Text that is no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an IPv4 range such as 10.244.0.0/24")]
pub struct BadCidr(pub String);

impl FromStr for Cidr {
    type Err = BadCidr;
    fn from_str(text: &str) -> Result<Self, BadCidr> {
        let bad = || BadCidr(text.to_owned());
        let (ip, prefix) = text.split_once('/').ok_or_else(bad)?;
        let ip: Ipv4Addr = ip.parse().map_err(|_| bad())?;
        let prefix: u8 = prefix.parse().map_err(|_| bad())?;
        if prefix > 32 {
            return Err(bad());
        }
        let mut range = Self { base: 0, prefix };
        range.base = u32::from(ip) & range.mask();
        Ok(range)
    }
}

impl std::fmt::Display for Cidr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.base), self.prefix)
    }
}

impl Cidr {
    /// Its mask as a number.
    #[must_use]
    pub fn mask(self) -> u32 {
        u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0)
    }
    /// Length of its prefix.
    #[must_use]
    pub fn prefix(self) -> u8 {
        self.prefix
    }
    /// The first address.
    #[must_use]
    pub fn base(self) -> Ipv4Addr {
        Ipv4Addr::from(self.base)
    }
    /// The address at `offset`, if it is inside.
    #[must_use]
    pub fn at(self, offset: u32) -> Option<Ipv4Addr> {
        (u64::from(offset) < self.size()).then(|| Ipv4Addr::from(self.base.wrapping_add(offset)))
    }
    /// How many addresses it has.
    #[must_use]
    pub fn size(self) -> u64 {
        1 << (32 - self.prefix)
    }
    /// Whether an address is inside.
    #[must_use]
    pub fn contains(self, ip: Ipv4Addr) -> bool {
        u32::from(ip) & self.mask() == self.base
    }
    /// The place of an address from the first on.
    #[must_use]
    pub fn offset(self, ip: Ipv4Addr) -> u32 {
        u32::from(ip).wrapping_sub(self.base)
    }
}

/// The network in UDP (VXLAN) between nodes that share no link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlay {
    /// Its number, 24 bits.
    pub id: u32,
    /// The UDP port.
    pub port: u16,
}

/// The facts of this node and cluster.
#[derive(Clone)]
pub struct Config {
    /// Short hexadecimal text that tells this instance from others on the host; eight characters are used.
    pub instance: String,
    /// The node's name.
    pub node_name: String,
    /// The node's first address: node ports answer here, and traffic from outside to pods comes from here.
    pub node_ip: Ipv4Addr,
    /// Further addresses at which node ports answer.
    pub node_port_ips: Vec<Ipv4Addr>,
    /// A directory for what must survive a restart.
    pub data_dir: PathBuf,
    /// The range of all pods.
    pub cluster_cidr: Cidr,
    /// The range of all Services.
    pub service_cidr: Cidr,
    /// The address of the cluster's DNS.
    pub dns_ip: Ipv4Addr,
    /// `cluster.local`.
    pub cluster_domain: String,
    /// Number of the cluster's overlay network (24 bits) and its UDP port: the same on all nodes.
    pub overlay: Overlay,
    /// Who answers names from outside the cluster.
    pub upstream: Vec<SocketAddr>,
    /// Messages for the operator.
    pub log: Log,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("instance", &self.instance)
            .field("node_ip", &self.node_ip)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// The names of this instance's things.
    #[must_use]
    pub fn names(&self) -> Names {
        Names::of(&self.instance)
    }

    /// Says something to the operator.
    pub(crate) fn say(&self, message: &str) {
        (self.log)(message);
    }
}

/// Upstream resolvers of a `resolv.conf`; `own` is left out, it would ask itself.
#[must_use]
pub fn resolvers(resolv_conf: &str, own: Ipv4Addr) -> Vec<SocketAddr> {
    let servers = resolv_conf.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next()).flatten()?.parse::<IpAddr>().ok()
    });
    servers.filter(|ip| *ip != IpAddr::V4(own)).map(|ip| SocketAddr::new(ip, 53)).collect()
}

/// How the things of an instance are called on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The nft table.
    pub table: String,
    /// The link that holds the cluster's own addresses.
    pub link: String,
    /// How the host's ends of pod interfaces begin.
    pub pod_prefix: String,
    /// The link that carries packets to nodes on other networks.
    pub overlay: String,
    /// The metric of routes to other nodes' pods: they are known by it.
    pub metric: u32,
}

impl Names {
    /// From an instance's id. A link's name has room for 15 characters.
    #[must_use]
    pub fn of(instance: &str) -> Self {
        let id: String = instance.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        // Whatever the id is made of; 0 would be no metric.
        let metric = u32::from_str_radix(&id, 16).ok().filter(|n| *n > 0);
        Self {
            table: format!("podium-{id}"),
            link: format!("podium{id}"),
            pod_prefix: format!("pd{id}"),
            overlay: format!("pv{id}"),
            metric: metric
                .unwrap_or_else(|| id.bytes().fold(7, |hash, byte| hash * 31 % 0xffff_fff1 + u32::from(byte))),
        }
    }

    /// The host's end of the interface of the pod at this place of the range.
    #[must_use]
    pub fn pod_link(&self, offset: u32) -> String {
        format!("{}{:05x}", self.pod_prefix, offset & 0xf_ffff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let range: Cidr = "10.244.3.7/24".parse().unwrap();
        assert_eq!(range.to_string(), "10.244.3.0/24");
        assert_eq!((range.size(), range.at(255), range.at(256)), (256, Some(Ipv4Addr::new(10, 244, 3, 255)), None));
        assert!(range.contains(Ipv4Addr::new(10, 244, 3, 9)) && !range.contains(Ipv4Addr::new(10, 244, 4, 9)));
        assert_eq!(range.offset(Ipv4Addr::new(10, 244, 3, 9)), 9);
        let everything: Cidr = "1.2.3.4/0".parse().unwrap();
        assert!(everything.contains(Ipv4Addr::new(9, 9, 9, 9)));
        for bad in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "x/8", "10.0.0.0/-1"] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
    }

    #[test]
    fn names_fit() {
        let names = Names::of("0123456789abcdef");
        assert_eq!((&*names.table, &*names.link), ("podium-01234567", "podium01234567"));
        assert!(names.link.len() <= 15);
        assert_eq!((names.metric, &*names.overlay), (0x0123_4567, "pv01234567"));
        assert!(Names::of("none").metric > 0);
        assert_eq!(names.pod_link(0x1_0002), "pd0123456710002");
        assert_eq!(names.pod_link(u32::MAX).len(), 15);
    }

    #[test]
    fn resolvers_of_a_file() {
        let text = "# x\nnameserver 10.0.0.2\nsearch a\nnameserver  fe80::1\nnameserver 10.96.0.10\nnameserver x\n";
        let all = resolvers(text, Ipv4Addr::new(10, 96, 0, 10));
        assert_eq!(all.iter().map(ToString::to_string).collect::<Vec<_>>(), ["10.0.0.2:53", "[fe80::1]:53"]);
    }
}
