//! What the processes of a cluster cost: proportional memory and processor time, from /proc.

use std::{fs, path::Path};

use anyhow::Context;

/// Processes whose program lies below a path, also where it is seen through a mount of its own (`/run/podium-ID/pods/exe` before
/// the path, as sandboxes do).
#[derive(Debug, Clone)]
pub struct Programs(pub String);

/// Memory of all of them in MiB, each shared page counted in parts (PSS).
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// All of it.
    pub all: f64,
    /// Heaps and stacks: what no file stands behind.
    pub anonymous: f64,
}

/// Clock ticks of `/proc/PID/stat` per second: fixed in the kernel's interface.
const TICKS: f64 = 100.0;

impl Programs {
    fn pids(&self) -> anyhow::Result<Vec<u32>> {
        let entries = fs::read_dir("/proc").context("/proc")?;
        let pids = entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse::<u32>().ok());
        let ours = |pid: &u32| {
            fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.to_string_lossy().contains(&self.0))
        };
        Ok(pids.filter(ours).collect())
    }

    /// Their memory now.
    pub fn memory(&self) -> anyhow::Result<Memory> {
        let mut sum = Memory::default();
        for pid in self.pids()? {
            // One that ends meanwhile needs none.
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
            sum.all += field(&text, "Pss:") / 1024.0;
            sum.anonymous += field(&text, "Pss_Anon:") / 1024.0;
        }
        anyhow::ensure!(sum.all > 0.0, "no process of {} runs", self.0);
        Ok(sum)
    }

    /// Processor seconds that they have used.
    pub fn cpu(&self) -> anyhow::Result<f64> {
        let used = |pid: u32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let rest = stat.rsplit_once(')')?.1;
            let ticks: Vec<f64> = rest.split_whitespace().skip(11).take(2).filter_map(|t| t.parse().ok()).collect();
            Some(ticks.iter().sum::<f64>() / TICKS)
        };
        Ok(self.pids()?.into_iter().filter_map(used).sum())
    }
}

/// A field of `smaps_rollup` in kB.
fn field(text: &str, key: &str) -> f64 {
    let line = text.lines().find(|l| l.starts_with(key)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|v| v.parse().ok()).unwrap_or(0.0)
}

/// Whether a program can be found on PATH.
pub fn installed(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').any(|dir| Path::new(dir).join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_itself() {
        let exe = fs::read_link("/proc/self/exe").unwrap().to_string_lossy().into_owned();
        let own = Programs(exe);
        let memory = own.memory().unwrap();
        assert!(memory.all > memory.anonymous && memory.anonymous > 0.0, "{memory:?}");
        assert!(Programs("/nowhere/".into()).memory().is_err());
        assert!(own.cpu().unwrap() >= 0.0);
    }
}
