//! Usage of a group.

use std::path::Path;

use cri::runtime::Stats;

use crate::cgroups::Groups;

impl Groups {
    /// What the kernel counted; zeros where a controller is missing.
    pub(crate) fn stats(&self, group: &str) -> Stats {
        if let (true, Some(directory)) = (self.host.is_unified(), self.unified(group)) {
            return unified(&directory);
        }
        let mut stats = Stats::default();
        if let Some(directory) = self.legacy("cpuacct", group) {
            stats.cpu_ns = number(&directory, "cpuacct.usage");
        }
        if let Some(directory) = self.legacy("pids", group) {
            stats.pids = number(&directory, "pids.current");
        }
        if let Some(directory) = self.legacy("memory", group) {
            stats.memory_bytes = number(&directory, "memory.usage_in_bytes");
            let text = text(&directory, "memory.stat");
            let key = |key: &str| sys::cgroup::key_of(&text, key).unwrap_or(0);
            stats.inactive_file_bytes = key("total_inactive_file");
            stats.rss_bytes = key("total_rss");
            stats.page_faults = key("total_pgfault");
            stats.major_page_faults = key("total_pgmajfault");
        }
        stats
    }
}

fn unified(directory: &Path) -> Stats {
    let memory = text(directory, "memory.stat");
    let key = |key: &str| sys::cgroup::key_of(&memory, key).unwrap_or(0);
    Stats {
        cpu_ns: sys::cgroup::key_of(&text(directory, "cpu.stat"), "usage_usec").unwrap_or(0) * 1000,
        memory_bytes: number(directory, "memory.current"),
        inactive_file_bytes: key("inactive_file"),
        rss_bytes: key("anon"),
        page_faults: key("pgfault"),
        major_page_faults: key("pgmajfault"),
        pids: number(directory, "pids.current"),
    }
}

fn number(directory: &Path, file: &str) -> u64 {
    sys::cgroup::read_number(directory, file).unwrap_or(0)
}

fn text(directory: &Path, file: &str) -> String {
    std::fs::read_to_string(directory.join(file)).unwrap_or_default()
}
