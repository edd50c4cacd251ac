//! What the machine is: read once at the start.

use std::{collections::BTreeMap, fs, path::Path};

/// Facts about the machine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Processors.
    pub cpu_count: u32,
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// Swap, in bytes.
    pub swap_bytes: u64,
    /// Bytes by size of page, as Kubernetes names it (`2Mi`).
    pub huge_pages: BTreeMap<String, u64>,
    /// Size of the file system that pods use, in bytes.
    pub disk_bytes: u64,
    /// `/etc/machine-id`.
    pub machine_id: String,
    /// New with each boot.
    pub boot_id: String,
    /// Of the firmware.
    pub system_uuid: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Name of the distribution.
    pub os_image: String,
    /// As Go names it: `amd64`.
    pub architecture: &'static str,
}

impl Facts {
    /// Reads them.
    pub(crate) fn read(root_dir: &Path) -> Self {
        let line = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let info = line("/proc/meminfo");
        let kib = |key: &str| meminfo(&info, key);
        let machine_id = Some(line("/etc/machine-id"))
            .filter(|id| !id.is_empty())
            .unwrap_or_else(|| line("/var/lib/dbus/machine-id"));
        let boot_id = line("/proc/sys/kernel/random/boot_id");
        Self {
            cpu_count: std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(1)),
            memory_bytes: kib("MemTotal:"),
            swap_bytes: kib("SwapTotal:"),
            huge_pages: huge_pages(Path::new("/sys/kernel/mm/hugepages")),
            disk_bytes: disk(root_dir).0,
            system_uuid: Some(line("/sys/class/dmi/id/product_uuid"))
                .filter(|id| !id.is_empty())
                .unwrap_or_else(|| machine_id.clone()),
            machine_id,
            boot_id,
            kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
            os_image: os_image(),
            architecture: match std::env::consts::ARCH {
                "x86_64" => "amd64",
                "aarch64" => "arm64",
                other => other,
            },
        }
    }
}

/// Bytes of a `/proc/meminfo` line.
pub(crate) fn meminfo(text: &str, key: &str) -> u64 {
    text.lines()
        .find_map(|line| line.strip_prefix(key)?.trim().trim_end_matches(" kB").trim().parse::<u64>().ok())
        .unwrap_or(0)
        * 1024
}

fn huge_pages(root: &Path) -> BTreeMap<String, u64> {
    let mut out = BTreeMap::new();
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(kib) = name
            .strip_prefix("hugepages-")
            .and_then(|rest| rest.strip_suffix("kB"))
            .and_then(|kib| kib.parse::<u64>().ok())
        else {
            continue;
        };
        let count = fs::read_to_string(entry.path().join("nr_hugepages"))
            .ok()
            .and_then(|text| text.trim().parse::<u64>().ok())
            .unwrap_or(0);
        let size = match kib {
            kib if kib % (1 << 20) == 0 => format!("{}Gi", kib >> 20),
            kib if kib % 1024 == 0 => format!("{}Mi", kib >> 10),
            kib => format!("{kib}Ki"),
        };
        out.insert(size, count * kib * 1024);
    }
    out
}

fn os_image() -> String {
    let text = fs::read_to_string("/etc/os-release")
        .or_else(|_| fs::read_to_string("/usr/lib/os-release"))
        .unwrap_or_default();
    let name =
        text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).map(|name| name.trim_matches('"').to_owned());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "Linux".into())
}

/// Size and free space of the file system of a path, in bytes.
pub(crate) fn disk(path: &Path) -> (u64, u64) {
    let mut path = path;
    loop {
        match rustix::fs::statvfs(path) {
            Ok(stat) => return (stat.f_blocks * stat.f_frsize, stat.f_bavail * stat.f_frsize),
            Err(_) => match path.parent() {
                Some(parent) => path = parent,
                None => return (0, 0),
            },
        }
    }
}
