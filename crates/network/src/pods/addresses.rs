//! Which pod has which address, kept in a file.

use std::{
    collections::BTreeMap,
    fs, io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use cri::network::HostPort;
use serde::{Deserialize, Serialize};

use crate::{
    config::Cidr,
    error::Error,
    proxy::{Wish, host_ports},
};

/// What a sandbox has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lease {
    pub ip: Ipv4Addr,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_ports: Vec<HostPort>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Table {
    /// The node's range as last told.
    #[serde(default)]
    range: String,
    /// Where the search for a free address goes on: an address rests as long as possible before it is used again.
    #[serde(default)]
    next: u32,
    leases: BTreeMap<String, Lease>,
}

/// The table with its file.
#[derive(Debug)]
pub(crate) struct Addresses {
    path: PathBuf,
    range: Option<Cidr>,
    table: Table,
}

impl Addresses {
    /// Reads the table of `dir`, an empty one where there is none or it cannot be read: pods are made anew then.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let path = dir.join("addresses.json");
        fs::create_dir_all(dir).map_err(|e| file("make directory", dir, e))?;
        let table: Table = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Table::default(),
            Err(e) => return Err(file("read", &path, e)),
        };
        let range = table.range.parse().ok();
        Ok(Self { path, range, table })
    }

    fn save(&self) -> Result<(), Error> {
        let partial = self.path.with_extension("new");
        let bytes = serde_json::to_vec(&self.table).map_err(|e| file("write", &self.path, e.into()))?;
        fs::write(&partial, bytes).map_err(|e| file("write", &partial, e))?;
        fs::rename(&partial, &self.path).map_err(|e| file("write", &self.path, e))
    }

    pub fn set_range(&mut self, range: Cidr) -> Result<(), Error> {
        if self.range != Some(range) {
            self.range = Some(range);
            self.table.range = range.to_string();
            self.table.next = 0;
            self.save()?;
        }
        Ok(())
    }

    pub fn get(&self, sandbox: &str) -> Option<&Lease> {
        self.table.leases.get(sandbox)
    }

    pub fn all(&self) -> impl Iterator<Item = (&String, &Lease)> {
        self.table.leases.iter()
    }

    /// The entries of all ports of the host that lead to pods.
    pub fn host_ports(&self) -> Vec<Wish> {
        let with_ports = self.all().filter(|(_, lease)| !lease.host_ports.is_empty());
        with_ports.map(|(sandbox, lease)| host_ports(sandbox, lease.ip, &lease.host_ports)).collect()
    }

    /// The address of a sandbox, a new one if it has none.
    pub fn take(&mut self, sandbox: &str, host_ports: &[HostPort]) -> Result<Ipv4Addr, Error> {
        if let Some(lease) = self.table.leases.get_mut(sandbox) {
            if lease.host_ports != host_ports {
                host_ports.clone_into(&mut lease.host_ports);
                let ip = lease.ip;
                self.save()?;
                return Ok(ip);
            }
            return Ok(lease.ip);
        }
        let range = self.range.ok_or(Error::NoRange)?;
        let ip = self.free(range).ok_or_else(|| Error::Exhausted { range: range.to_string() })?;
        self.table.next = range.offset(ip) + 1;
        self.table.leases.insert(sandbox.to_owned(), Lease { ip, host_ports: host_ports.to_vec() });
        self.save()?;
        Ok(ip)
    }

    /// The first, second and last address stay free: network, gateway and broadcast in the eyes of other tools.
    fn free(&self, range: Cidr) -> Option<Ipv4Addr> {
        let size = u32::try_from(range.size()).unwrap_or(u32::MAX);
        let used: std::collections::BTreeSet<Ipv4Addr> = self.table.leases.values().map(|l| l.ip).collect();
        let usable = 2..size.saturating_sub(1);
        let from = self.table.next.clamp(usable.start, usable.end.max(usable.start));
        (from..usable.end).chain(usable.start..from).filter_map(|n| range.at(n)).find(|ip| !used.contains(ip))
    }

    /// Gives an address back.
    pub fn release(&mut self, sandbox: &str) -> Result<(), Error> {
        if self.table.leases.remove(sandbox).is_some() {
            self.save()?;
        }
        Ok(())
    }
}

fn file(tried: &'static str, path: &Path, source: io::Error) -> Error {
    Error::File { tried, path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_and_keeps_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut table = Addresses::open(dir.path()).unwrap();
        assert!(matches!(table.take("a", &[]), Err(Error::NoRange)));
        table.set_range("10.1.2.0/29".parse().unwrap()).unwrap();
        let take = |t: &mut Addresses, s: &str| t.take(s, &[]).map(|ip| ip.octets()[3]);
        assert_eq!(["a", "b", "c", "a"].map(|s| take(&mut table, s).unwrap()), [2, 3, 4, 2]);
        table.release("b").unwrap();
        assert_eq!(take(&mut table, "d").unwrap(), 5, "an address rests before it is used again");
        let mut table = Addresses::open(dir.path()).unwrap();
        assert_eq!(table.get("c").map(|l| l.ip.octets()[3]), Some(4), "it survives");
        assert_eq!(["e", "f"].map(|s| take(&mut table, s).unwrap()), [6, 3]);
        assert!(matches!(table.take("g", &[]), Err(Error::Exhausted { .. })));
        table.set_range("10.1.3.0/24".parse().unwrap()).unwrap();
        assert_eq!(table.take("g", &[]).unwrap(), Ipv4Addr::new(10, 1, 3, 2));
        assert_eq!(table.take("a", &[]).unwrap(), Ipv4Addr::new(10, 1, 2, 2));
    }
}
