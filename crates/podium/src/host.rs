//! What the host must offer, checked before anything is made: gather facts, then judge them (pure).

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::Path,
};

/// What was found.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Effective user id.
    pub uid: u32,
    /// The kernel has overlayfs, or can load it.
    pub overlay: bool,
    /// Cgroup controllers that are mounted or delegated (v1 hierarchies and v2's `cgroup.controllers`).
    pub controllers: Vec<String>,
    /// The kernel answers nf_tables requests; else its error.
    pub nftables: Result<(), String>,
    /// IPv4 forwarding is on or can be switched on; else the error.
    pub forwarding: Result<(), String>,
    /// Ports that are wanted and taken, with their flag.
    pub taken_ports: Vec<(u16, &'static str)>,
    /// `oom_score_adj` can go below its present value.
    pub may_lower_oom: bool,
    /// Size of the connection tracking table can be set.
    pub may_set_conntrack: bool,
    /// Free bytes on the data directory's file system.
    pub free_bytes: u64,
    /// There is a cluster in the data directory: it can be had back on a full disk, a new one cannot be made.
    pub continued: bool,
    /// The data directory.
    pub data_dir: String,
}

/// The judgement.
#[derive(Debug, Default, PartialEq)]
pub struct Verdict {
    /// Without these it cannot work.
    pub missing: Vec<String>,
    /// Done without.
    pub warnings: Vec<String>,
}

/// Says in plain words what is missing and how to get it.
pub fn judge(facts: &Facts) -> Verdict {
    let mut v = Verdict::default();
    if facts.uid != 0 {
        v.missing.push("root: namespaces, mounts and cgroups need it; run it with sudo".to_owned());
        return v;
    }
    if !facts.overlay {
        v.missing.push("overlayfs in the kernel, for container file systems: try `modprobe overlay`".to_owned());
    }
    for (name, purpose) in [("memory", "memory limits"), ("cpu", "CPU shares"), ("pids", "process limits")] {
        if !facts.controllers.iter().any(|c| c == name) {
            v.missing.push(format!(
                "the cgroup controller {name}, for {purpose}: boot without `cgroup_disable={name}`, and mount /sys/fs/cgroup"
            ));
        }
    }
    if let Err(e) = &facts.nftables {
        v.missing.push(format!("nftables in the kernel, for Services ({e}): try `modprobe nf_tables nft_chain_nat`"));
    }
    if let Err(e) = &facts.forwarding {
        v.missing.push(format!("IP forwarding, for pods ({e}): `sysctl -w net.ipv4.ip_forward=1`"));
    }
    for (port, flag) in &facts.taken_ports {
        v.missing.push(format!("port {port}: it is already in use; stop what listens there (`ss -lntp 'sport = :{port}'`), or choose another with {flag}"));
    }
    if facts.free_bytes < 256 << 20 {
        let found = format!("disk space: {} has {} MiB free", facts.data_dir, facts.free_bytes >> 20);
        if facts.continued {
            v.warnings.push(format!("{found}; below 64 new objects are refused"));
        } else {
            v.missing.push(format!("{found}, 256 are the least"));
        }
    }
    if !facts.may_lower_oom {
        v.warnings.push("the host does not let us lower oom_score_adj: under memory pressure the kernel may choose the server or an important pod".to_owned());
    }
    if !facts.may_set_conntrack {
        v.warnings.push(
            "the size of the connection tracking table is fixed by the host: very many connections may be dropped"
                .to_owned(),
        );
    }
    v
}

/// Controllers of v1 hierarchies (`/proc/self/mountinfo`) and of v2.
pub fn controllers(mountinfo: &str, v2_controllers: &str) -> Vec<String> {
    let mut found: Vec<String> = v2_controllers.split_whitespace().map(str::to_owned).collect();
    for line in mountinfo.lines() {
        let Some((_, tail)) = line.split_once(" - cgroup ") else { continue };
        if let Some(options) = tail.split(' ').nth(1) {
            found.extend(options.split(',').map(str::to_owned));
        }
    }
    found
}

/// The cgroup facts of this host.
pub fn cgroup_controllers() -> Vec<String> {
    let mountinfo = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let v2 = mountinfo
        .lines()
        .filter(|l| l.contains(" - cgroup2 "))
        .filter_map(|l| l.split(' ').nth(4))
        .map(|at| fs::read_to_string(Path::new(at).join("cgroup.controllers")).unwrap_or_default())
        .collect::<Vec<_>>()
        .join(" ");
    controllers(&mountinfo, &v2)
}

/// Switches IPv4 forwarding on where it is off.
pub fn enable_forwarding() -> Result<(), String> {
    let path = "/proc/sys/net/ipv4/ip_forward";
    match fs::read_to_string(path) {
        Ok(text) if text.trim() == "1" => Ok(()),
        _ => fs::write(path, "1").map_err(|e| e.to_string()),
    }
}

/// Asks the kernel for its nf_tables tables.
pub fn nftables() -> Result<(), String> {
    let socket = sys::netlink::nft::open().map_err(|e| e.to_string())?;
    sys::netlink::nft::tables(&socket).map(|_| ()).map_err(|e| e.to_string())
}

/// Ports of this list that somebody holds.
pub fn taken(ports: &[(u16, &'static str)]) -> Vec<(u16, &'static str)> {
    ports
        .iter()
        .filter(|(port, _)| {
            let busy = |a: std::net::Ipv4Addr| {
                std::net::TcpListener::bind((a, *port)).is_err_and(|e| e.kind() == std::io::ErrorKind::AddrInUse)
            };
            busy(std::net::Ipv4Addr::UNSPECIFIED)
        })
        .copied()
        .collect()
}

/// Whether `oom_score_adj` may go below its value; tries it and takes it back.
pub fn may_lower_oom() -> bool {
    let path = "/proc/self/oom_score_adj";
    let Some(now) = fs::read_to_string(path).ok().and_then(|t| t.trim().parse::<i32>().ok()) else { return false };
    let lower = (now - 1).max(-1000);
    let may = fs::write(path, lower.to_string()).is_ok();
    let _ = fs::write(path, now.to_string());
    may
}

/// Whether the size of the connection tracking table may be set. It is not there before the first rule that needs it.
pub fn may_set_conntrack() -> bool {
    let may = rustix::fs::access("/proc/sys/net/netfilter/nf_conntrack_max", rustix::fs::Access::WRITE_OK);
    matches!(may, Ok(()) | Err(rustix::io::Errno::NOENT))
}

/// The address from which packets to another would go: nothing is sent.
pub fn address_towards(other: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = if other.is_ipv4() { ([0; 4], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = std::net::UdpSocket::bind(any).ok()?;
    socket.connect(other).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified()).then_some(ip)
}

/// The address that the default route would use; without such a route the first that is of more than this host.
fn primary_address() -> Option<IpAddr> {
    // TEST-NET-1: only the routing table is asked.
    address_towards(([192, 0, 2, 1], 9).into()).or_else(|| {
        let all = sys::netlink::route::Router::open().and_then(|router| router.addresses()).ok()?;
        // What podium itself makes has whole addresses only.
        all.iter().find(|a| a.global && a.prefix < 32 && !a.ip.is_loopback()).map(|a| a.ip.into())
    })
}

/// The node's address where none was given: [`primary_address`]; on a host without a network the first address of the
/// pods' range, which no pod ever gets.
pub fn node_address(pod_cidr: &str) -> Option<IpAddr> {
    primary_address().or_else(|| pod_cidr.parse::<network::Cidr>().ok()?.at(1).map(IpAddr::V4))
}

/// The host's name as a node name.
pub fn node_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name
        .trim()
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c } else { '-' })
        .collect();
    let name = name.trim_matches(['-', '.']).to_owned();
    if name.is_empty() { "podium".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Facts {
        Facts {
            uid: 0,
            overlay: true,
            controllers: vec!["memory".into(), "cpu".into(), "pids".into()],
            nftables: Ok(()),
            forwarding: Ok(()),
            may_lower_oom: true,
            may_set_conntrack: true,
            free_bytes: 1 << 40,
            continued: false,
            taken_ports: Vec::new(),
            data_dir: "/d".into(),
        }
    }

    #[test]
    fn a_good_host_has_nothing_to_say() {
        assert_eq!(judge(&good()), Verdict::default());
    }

    #[test]
    fn what_is_missing_is_named_with_its_remedy() {
        for (facts, words) in [
            (Facts { uid: 1000, ..good() }, "root"),
            (Facts { overlay: false, ..good() }, "modprobe overlay"),
            (Facts { controllers: vec!["cpu".into(), "pids".into()], ..good() }, "controller memory"),
            (Facts { nftables: Err("EPROTONOSUPPORT".into()), ..good() }, "modprobe nf_tables"),
            (Facts { forwarding: Err("read-only".into()), ..good() }, "ip_forward=1"),
            (Facts { taken_ports: vec![(6443, "--api-port")], ..good() }, "port 6443: it is already in use"),
            (Facts { free_bytes: 1 << 20, ..good() }, "1 MiB free"),
        ] {
            let v = judge(&facts);
            assert!(v.missing.len() == 1 && v.missing[0].contains(words), "{words}: {v:?}");
        }
    }

    #[test]
    fn what_can_be_done_without_is_a_warning() {
        let v =
            judge(&Facts { may_lower_oom: false, may_set_conntrack: false, free_bytes: 0, continued: true, ..good() });
        assert_eq!((v.missing.len(), v.warnings.len()), (0, 3));
    }

    #[test]
    fn controllers_of_both_versions() {
        let info = "30 24 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n31 24 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        assert_eq!(controllers(info, "hugetlb pids"), ["hugetlb", "pids", "rw", "memory"]);
    }

    #[test]
    fn a_taken_port_is_seen() {
        let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = held.local_addr().unwrap().port();
        assert_eq!(taken(&[(port, "--x")]), [(port, "--x")]);
    }
}
