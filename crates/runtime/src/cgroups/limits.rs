//! From Kubernetes' limits to files of the kernel.

use std::{io, path::Path};

use cri::runtime::Resources;

/// Files and values of version 1: controller, file, value. Memory and huge pages are apart.
pub(super) fn legacy(resources: &Resources) -> Vec<(&'static str, String, String)> {
    let mut all = Vec::new();
    let mut push = |controller, file: &str, value: Option<String>| {
        if let Some(value) = value {
            all.push((controller, file.to_owned(), value));
        }
    };
    push("cpu", "cpu.shares", resources.cpu_shares.map(|shares| shares.clamp(2, 262_144).to_string()));
    push(
        "cpu",
        "cpu.cfs_period_us",
        resources.cpu_period_us.filter(|period| *period > 0).map(|period| period.to_string()),
    );
    let quota = resources.cpu_quota_us.map(|quota| if quota > 0 { quota } else { -1 });
    push("cpu", "cpu.cfs_quota_us", quota.map(|quota| quota.to_string()));
    push("pids", "pids.max", resources.pids_limit.map(unlimited_word));
    all
}

/// Files and values of version 2.
pub(super) fn unified(resources: &Resources) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut push = |file: &str, value: String| all.push((file.to_owned(), value));
    if let Some(shares) = resources.cpu_shares {
        push("cpu.weight", weight(shares).to_string());
    }
    if let Some(quota) = resources.cpu_quota_us {
        let period = resources.cpu_period_us.filter(|period| *period > 0).unwrap_or(100_000);
        push("cpu.max", if quota > 0 { format!("{quota} {period}") } else { format!("max {period}") });
    }
    if let Some(bytes) = resources.memory_limit_bytes {
        push("memory.max", unlimited_word(bytes));
        push("memory.swap.max", if bytes > 0 { "0".into() } else { "max".into() });
    }
    if let Some(limit) = resources.pids_limit {
        push("pids.max", unlimited_word(limit));
    }
    all.extend(hugepages(resources, false));
    all
}

/// Limits of huge pages.
pub(super) fn hugepages(resources: &Resources, legacy: bool) -> Vec<(String, String)> {
    let name = if legacy { "limit_in_bytes" } else { "max" };
    resources
        .hugepages_bytes
        .iter()
        .map(|(size, bytes)| (format!("hugetlb.{size}.{name}"), bytes.to_string()))
        .collect()
}

fn unlimited_word(value: i64) -> String {
    if value > 0 { value.to_string() } else { "max".into() }
}

/// Version 1 limits memory alone and memory with swap, and the second may never be below the first: so the order depends
/// on the direction.
pub(super) fn memory(directory: &Path, bytes: i64) -> io::Result<()> {
    let value = if bytes > 0 { bytes.to_string() } else { "-1".into() };
    let plain = || sys::cgroup::write(directory, "memory.limit_in_bytes", &value);
    let with_swap = || match sys::cgroup::write(directory, "memory.memsw.limit_in_bytes", &value) {
        // A kernel that does not count swap.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    };
    match plain() {
        Ok(()) => with_swap(),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => with_swap().and_then(|()| plain()),
        Err(error) => Err(error),
    }
}

/// Version 1 shares as a version 2 weight, on the curve that meets (2, 1), (1024, 100) and (262144, 10000).
fn weight(shares: u64) -> u64 {
    if shares == 0 {
        return 100;
    }
    if shares <= 2 {
        return 1;
    }
    if shares >= 262_144 {
        return 10_000;
    }
    let log = (shares as f64).log2();
    let exponent = (log * log + 125.0 * log) / 612.0 - 7.0 / 34.0;
    10f64.powf(exponent).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights() {
        for (shares, expected) in [(2, 1), (1024, 100), (262_144, 10_000), (0, 100), (1, 1)] {
            assert_eq!(weight(shares), expected, "{shares}");
        }
        assert!(weight(512) < weight(1024) && weight(1024) < weight(2048));
    }

    #[test]
    fn both_versions() {
        let resources = Resources {
            cpu_shares: Some(1024),
            cpu_quota_us: Some(50_000),
            cpu_period_us: Some(100_000),
            memory_limit_bytes: Some(1 << 20),
            pids_limit: Some(-1),
            hugepages_bytes: [("2MB".to_owned(), 4096)].into(),
            ..Resources::default()
        };
        let pairs =
            |list: &[(&str, &str)]| list.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
        assert_eq!(
            unified(&resources),
            pairs(&[
                ("cpu.weight", "100"),
                ("cpu.max", "50000 100000"),
                ("memory.max", "1048576"),
                ("memory.swap.max", "0"),
                ("pids.max", "max"),
                ("hugetlb.2MB.max", "4096"),
            ])
        );
        let legacy: Vec<String> =
            legacy(&resources).into_iter().map(|(_, file, value)| format!("{file}={value}")).collect();
        assert_eq!(legacy, ["cpu.shares=1024", "cpu.cfs_period_us=100000", "cpu.cfs_quota_us=50000", "pids.max=max"]);
        assert!(super::legacy(&Resources::default()).is_empty() && unified(&Resources::default()).is_empty());
    }
}
