//! A process beside the run that removes everything when the run ends, in whatever way it ends.

use std::{
    fs::File,
    io::Read,
    os::unix::process::CommandExt,
    process::{Child, ChildStdin, Command, Stdio},
};

use anyhow::Context;

use super::cluster::Place;

/// A run's hold of its place. The guard stands on the other end of a pipe: when that closes, it clears the place.
pub struct Session {
    lock: File,
    guard: Child,
    pipe: ChildStdin,
}

impl Session {
    /// Takes the place, clears what an earlier run may have left, and posts the guard.
    pub fn begin(place: &Place) -> anyhow::Result<Self> {
        let lock = place.lock(false)?;
        place.clear().context("remains of an earlier run")?;
        std::fs::create_dir_all(&place.dir)?;
        let mut guard = Command::new(std::env::current_exe()?)
            .args(["conformance", "guard", place.name()])
            .arg(std::process::id().to_string())
            .process_group(0) // Ctrl-C is for the run, not for who cleans up after it
            .stdin(Stdio::piped())
            .spawn()
            .context("the guard")?;
        std::fs::write(place.dir.join("owner"), std::process::id().to_string())?;
        let pipe = guard.stdin.take().context("the guard has no pipe")?;
        Ok(Self { lock, guard, pipe })
    }

    /// Gives the place back and waits until it is clear.
    pub fn end(mut self) -> anyhow::Result<()> {
        drop(self.lock);
        drop(self.pipe);
        let status = self.guard.wait()?;
        anyhow::ensure!(status.success(), "cleaning up failed");
        Ok(())
    }
}

/// The guard: waits for the end of the run `owner` and clears the place, unless another run has it by then.
pub fn stand(place: &Place, owner: u32) -> anyhow::Result<()> {
    std::io::stdin().read_to_end(&mut Vec::new())?;
    let _lock = place.lock(true)?;
    if std::fs::read_to_string(place.dir.join("owner")).is_ok_and(|o| o == owner.to_string()) {
        place.clear()
    } else {
        Ok(())
    }
}
