//! Which cgroup hierarchies a host has, and plain operations on groups as directories.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::mount::unescape;

/// A hierarchy of version 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchy {
    /// Where it is mounted.
    pub mount: PathBuf,
    /// Its controllers, `name=systemd` for a named one.
    pub controllers: Vec<String>,
}

/// What the host has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Host {
    /// Hierarchies of version 1; empty on a pure version 2 host.
    pub legacy: Vec<Hierarchy>,
    /// Version 2, wherever it is mounted.
    pub unified: Option<PathBuf>,
}

impl Host {
    /// Looks at this process' mounts.
    pub fn detect() -> io::Result<Self> {
        Ok(Self::parse(&std::fs::read_to_string("/proc/self/mountinfo")?))
    }

    /// Reads a table in the format of `/proc/self/mountinfo`.
    pub fn parse(table: &str) -> Self {
        let mut host = Self::default();
        for line in table.lines() {
            let Some((left, right)) = line.split_once(" - ") else { continue };
            let Some(mount) = left.split(' ').nth(4).map(unescape) else { continue };
            let mut right = right.split(' ');
            let (kind, _, options) = (right.next(), right.next(), right.next().unwrap_or(""));
            match kind {
                Some("cgroup2") if host.unified.is_none() => host.unified = Some(mount.into()),
                Some("cgroup") => {
                    let controllers: Vec<String> = options
                        .split(',')
                        .filter(|o| o.starts_with("name=") || CONTROLLERS.contains(o))
                        .map(str::to_owned)
                        .collect();
                    if !controllers.is_empty() && !host.legacy.iter().any(|h| h.controllers == controllers) {
                        host.legacy.push(Hierarchy { mount: mount.into(), controllers });
                    }
                }
                _ => {}
            }
        }
        host
    }

    /// Whether there is version 2 and nothing else.
    pub fn is_unified(&self) -> bool {
        self.unified.is_some() && !self.legacy.iter().any(|h| h.controllers.iter().any(|c| !c.starts_with("name=")))
    }

    /// Where a controller of version 1 is mounted.
    pub fn legacy(&self, controller: &str) -> Option<&Path> {
        self.legacy.iter().find(|h| h.controllers.iter().any(|c| c == controller)).map(|h| h.mount.as_path())
    }
}

const CONTROLLERS: [&str; 14] = [
    "cpu",
    "cpuacct",
    "cpuset",
    "memory",
    "devices",
    "freezer",
    "blkio",
    "pids",
    "hugetlb",
    "net_cls",
    "net_prio",
    "perf_event",
    "rdma",
    "misc",
];

/// Writes one value to a file of a group, in one system call as the kernel wants it.
pub fn write(group: &Path, file: &str, value: &str) -> io::Result<()> {
    std::fs::OpenOptions::new().write(true).open(group.join(file))?.write_all(value.as_bytes())
}

/// The number in a file of a group; `max` is the largest one.
pub fn read_number(group: &Path, file: &str) -> io::Result<u64> {
    let text = std::fs::read_to_string(group.join(file))?;
    match text.trim() {
        "max" => Ok(u64::MAX),
        number => number.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData)),
    }
}

/// A value of a file with one `key value` pair per line.
pub fn read_key(group: &Path, file: &str, key: &str) -> io::Result<Option<u64>> {
    let text = std::fs::read_to_string(group.join(file))?;
    Ok(key_of(&text, key))
}

/// A value of a text with one `key value` pair per line.
pub fn key_of(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.split_once(' ').filter(|(name, _)| *name == key)?.1.trim().parse().ok())
}

/// Processes directly in a group.
pub fn processes(group: &Path) -> io::Result<Vec<i32>> {
    let text = std::fs::read_to_string(group.join("cgroup.procs"))?;
    Ok(text.lines().filter_map(|line| line.parse().ok()).collect())
}

/// A group and all groups below it, the deepest first.
pub fn tree(group: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![group.to_path_buf()];
    while let Some(directory) = open.pop() {
        if let Ok(entries) = std::fs::read_dir(&directory) {
            open.extend(entries.flatten().filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).map(|e| e.path()));
        }
        if directory.is_dir() {
            found.push(directory);
        }
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let hybrid = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n\
            32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
            35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:3 - cgroup cgroup rw,memory\n\
            40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd\n\
            41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
        let host = Host::parse(hybrid);
        assert_eq!(host.unified.as_deref(), Some(Path::new("/sys/fs/cgroup/unified")));
        assert_eq!(host.legacy("cpuacct"), Some(Path::new("/sys/fs/cgroup/cpu,cpuacct")));
        assert_eq!(host.legacy.len(), 3);
        assert!(!host.is_unified());
        let unified = Host::parse("30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
        assert!(unified.is_unified());
    }

    #[test]
    fn keyed_values() {
        assert_eq!(key_of("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", "oom_kill"), Some(2));
        assert_eq!(key_of("low 0\n", "oom_kill"), None);
    }
}
