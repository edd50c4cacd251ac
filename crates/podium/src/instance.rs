//! One cluster instance: its data directory, the id derived from it, and where its things lie on the host.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

/// Version of the layout below the data directory.
const LAYOUT: &str = "podium data directory, layout 1\n";

/// A data directory and what follows from it. Everything made on the host carries [`Instance::id`].
#[derive(Debug, Clone)]
pub struct Instance {
    /// The data directory, absolute.
    pub dir: PathBuf,
    /// Eight hex digits, from the path of the data directory.
    pub id: String,
}

/// What a data directory belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A control plane with its node.
    Server,
    /// A node that joined a cluster elsewhere.
    Agent,
}

/// What a running server says about itself in its run directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Running {
    /// Process id of the server.
    pub pid: i32,
    /// Its start time in clock ticks since boot, against reused process ids.
    pub started_ticks: u64,
    /// Port of the API.
    pub api_port: u16,
}

impl Instance {
    /// The instance of a data directory, which need not exist.
    pub fn new(dir: &Path) -> anyhow::Result<Self> {
        let dir = std::path::absolute(dir).with_context(|| format!("the data directory {}", dir.display()))?;
        // Without a slash at the end: the id is that of the place, not of the spelling.
        let dir = fs::canonicalize(&dir).unwrap_or_else(|_| dir.components().collect());
        let id = crate::hash::sha256_hex(dir.as_os_str().as_encoded_bytes())[..8].to_owned();
        Ok(Self { dir, id })
    }

    /// Makes the data directory, or checks that an existing one is ours and of this layout. Changes nothing where it is not.
    pub fn prepare(&self) -> anyhow::Result<()> {
        let version = self.dir.join("VERSION");
        match fs::read_to_string(&version) {
            Ok(text) if text == LAYOUT => return Ok(()),
            Ok(text) => bail!(
                "{} was made by another version of podium (it says {:?}, this one writes {:?}): use that version, or another --data-dir",
                self.dir.display(),
                text.trim(),
                LAYOUT.trim()
            ),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => {
                return Err(e).with_context(|| {
                    format!(
                        "cannot read {}: the data directory must be a directory that root may write",
                        version.display()
                    )
                });
            }
        }
        let strange = fs::read_dir(&self.dir).ok().and_then(|mut d| d.next()).and_then(Result::ok);
        if let Some(entry) = strange {
            bail!(
                "{} is not empty and no data directory of podium (it holds {:?}): choose another --data-dir",
                self.dir.display(),
                entry.file_name()
            );
        }
        fs::create_dir_all(&self.dir)
            .with_context(|| format!("cannot make the data directory {}", self.dir.display()))?;
        set_mode(&self.dir, 0o711)?;
        write_private(&version, LAYOUT.as_bytes(), 0o644)
    }

    /// What the directory has been used for; `None`: for nothing yet.
    pub fn role(&self) -> Option<Role> {
        if self.agent_file().exists() {
            return Some(Role::Agent);
        }
        self.dir.join("store").exists().then_some(Role::Server)
    }

    /// Fails where the directory has been used for something else.
    pub fn must_be(&self, role: Role) -> anyhow::Result<()> {
        match (self.role(), role) {
            (Some(Role::Agent), Role::Server) => bail!(
                "{} belongs to a node that joined another cluster: use `podium agent`, or another --data-dir",
                self.dir.display()
            ),
            (Some(Role::Server), Role::Agent) => bail!(
                "{} belongs to a cluster of its own: use `podium up`, or another --data-dir for a node that joins elsewhere",
                self.dir.display()
            ),
            (Some(Role::Agent), Role::Agent) | (Some(Role::Server), Role::Server) | (None, _) => Ok(()),
        }
    }

    /// ` --data-dir …` for hints, where it is not the usual one.
    pub fn flag(&self) -> String {
        let usual = self.dir.as_os_str() == "/var/lib/podium";
        if usual { String::new() } else { format!(" --data-dir {}", self.dir.display()) }
    }

    /// What a joined node knows of its cluster.
    pub fn agent_file(&self) -> PathBuf {
        self.dir.join("agent.json")
    }

    /// Where sockets and process ids lie: short paths, gone after a reboot.
    pub fn run_dir(&self) -> PathBuf {
        PathBuf::from(format!("/run/podium-{}", self.id))
    }

    /// The control socket of the server.
    pub fn control_socket(&self) -> PathBuf {
        self.run_dir().join("control.sock")
    }

    /// Certificates and keys.
    pub fn pki(&self) -> PathBuf {
        self.dir.join("pki")
    }

    /// The administrator's kubeconfig.
    pub fn admin_kubeconfig(&self) -> PathBuf {
        self.dir.join("admin.kubeconfig")
    }

    /// The server's log when it runs detached.
    pub fn log(&self) -> PathBuf {
        self.dir.join("podium.log")
    }

    /// The running server, if it really runs.
    pub fn running(&self) -> Option<Running> {
        let text = fs::read_to_string(self.run_dir().join("server.json")).ok()?;
        let running: Running = serde_json::from_str(&text).ok()?;
        (start_ticks(running.pid) == Some(running.started_ticks)).then_some(running)
    }

    /// Waits until a server that is ending (killed, perhaps) has let go of everything: its first thread may be gone before the others.
    pub fn await_end(&self) -> anyhow::Result<()> {
        use rustix::{event, process};
        let Some(last) = std::fs::read_to_string(self.run_dir().join("server.json"))
            .ok()
            .and_then(|t| serde_json::from_str::<Running>(&t).ok())
        else {
            return Ok(());
        };
        let ours = fs::read_link(format!("/proc/{}/exe", last.pid)).is_err()
            && Path::new(&format!("/proc/{}", last.pid)).exists();
        let Some(pid) = process::Pid::from_raw(last.pid).filter(|_| ours) else { return Ok(()) };
        let Ok(process) = process::pidfd_open(pid, process::PidfdFlags::empty()) else { return Ok(()) };
        let mut wait = [event::PollFd::new(&process, event::PollFlags::IN)];
        let limit = rustix::time::Timespec { tv_sec: 10, tv_nsec: 0 };
        let ended = event::poll(&mut wait, Some(&limit)).context("waiting for the old server")?;
        anyhow::ensure!(ended > 0, "the old server (pid {}) does not end", last.pid);
        Ok(())
    }

    /// Says that this process is the server.
    pub fn announce(&self, api_port: u16) -> anyhow::Result<()> {
        let pid = i32::try_from(std::process::id())?;
        let running = Running { pid, started_ticks: start_ticks(pid).context("/proc/self/stat")?, api_port };
        self.make_run_dir()?;
        write_private(&self.run_dir().join("server.json"), &serde_json::to_vec(&running)?, 0o644)
    }

    /// Makes the run directory.
    pub fn make_run_dir(&self) -> anyhow::Result<()> {
        let dir = self.run_dir();
        fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        set_mode(&dir, 0o700)
    }

    /// Takes the announcement back.
    pub fn retract(&self) {
        let _ = fs::remove_file(self.run_dir().join("server.json"));
        let _ = fs::remove_file(self.control_socket());
    }
}

/// Start time of a process in clock ticks; `None` when it is gone or a zombie.
fn start_ticks(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    (*fields.first()? != "Z").then(|| fields.get(19)?.parse().ok())?
}

/// Sets the mode of a path.
pub fn set_mode(path: &Path, mode: u32) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .with_context(|| format!("cannot set the mode of {}", path.display()))
}

/// Writes a file with this mode, whole or not at all: beside it, synced, then renamed over it.
pub fn write_private(path: &Path, data: &[u8], mode: u32) -> anyhow::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let beside = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let _ = fs::remove_file(&beside);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        file.write_all(data)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_of_somebody_else_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("letter.txt"), "mine").unwrap();
        let error = Instance::new(dir.path()).unwrap().prepare().unwrap_err().to_string();
        assert!(error.contains("letter.txt"), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn another_layout_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let instance = Instance::new(dir.path()).unwrap();
        instance.prepare().unwrap();
        instance.prepare().unwrap();
        fs::write(dir.path().join("VERSION"), "podium data directory, layout 9\n").unwrap();
        let error = instance.prepare().unwrap_err().to_string();
        assert!(error.contains("layout 9") && error.contains("another version"), "{error}");
    }

    #[test]
    fn a_directory_has_one_role() {
        let dir = tempfile::tempdir().unwrap();
        let instance = Instance::new(dir.path()).unwrap();
        assert!(instance.must_be(Role::Server).is_ok() && instance.must_be(Role::Agent).is_ok());
        fs::create_dir(dir.path().join("store")).unwrap();
        assert!(instance.must_be(Role::Server).is_ok() && instance.must_be(Role::Agent).is_err());
        fs::remove_dir(dir.path().join("store")).unwrap();
        fs::write(instance.agent_file(), "{}").unwrap();
        assert!(instance.must_be(Role::Server).is_err() && instance.must_be(Role::Agent).is_ok());
    }

    #[test]
    fn ids_differ_by_directory() {
        let id = |p: &str| Instance::new(Path::new(p)).unwrap().id;
        assert_eq!(id("/var/lib/a"), id("/var/lib/a/"));
        assert_ne!(id("/var/lib/a"), id("/var/lib/b"));
        assert_eq!(id("/x").len(), 8);
    }

    #[test]
    fn this_process_runs() {
        assert!(start_ticks(std::process::id() as i32).is_some());
        assert!(start_ticks(-1).is_none());
    }
}
