//! Commands with a deadline, and the end of everything that a run started.

use std::{
    io::Read,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context;

/// The environment variable by which a run's processes are known again, also after the run itself was killed.
pub const MARK: &str = "PODIUM_CONFORMANCE_PLACE";

/// Runs a command to its end; an error holds the last of what it said.
pub fn finish(command: &mut Command, limit: Duration) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let (mut said, pipe) = std::io::pipe()?;
    command.stdin(Stdio::null()).stdout(pipe.try_clone()?).stderr(pipe);
    let mut child = command.spawn().with_context(|| name.clone())?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()); // closes our ends of the pipe
    let (done, words) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = said.read_to_end(&mut text);
        let _ = done.send(String::from_utf8_lossy(&text).into_owned());
    });
    let status = wait(&mut child, limit)?;
    // A daemon that the command left behind may hold the pipe: what was said until now is then lost, which is fine.
    let patience = if status.is_some_and(|s| s.success()) { Duration::ZERO } else { Duration::from_secs(1) };
    let words = words.recv_timeout(patience).unwrap_or_default();
    let status =
        status.with_context(|| format!("{name} did not end within {} s: {}", limit.as_secs(), tail(&words)))?;
    anyhow::ensure!(status.success(), "{name} ended with {status}: {}", tail(&words));
    Ok(())
}

fn tail(words: &str) -> &str {
    let from = words.len().saturating_sub(2000);
    words.get(from..).unwrap_or(words).trim()
}

/// Waits for a process; kills it at the deadline.
pub fn wait(child: &mut Child, limit: Duration) -> anyhow::Result<Option<std::process::ExitStatus>> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() > end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Kills every process that carries the mark of `place`, until there is none.
pub fn end_marked(place: &Path) -> anyhow::Result<()> {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let marked = marked(place)?;
        if marked.is_empty() {
            return Ok(());
        }
        anyhow::ensure!(Instant::now() < end, "processes {marked:?} do not end");
        let pids: Vec<String> = marked.iter().map(u32::to_string).collect();
        let _ = Command::new("kill").arg("-9").args(&pids).stderr(Stdio::null()).status();
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn marked(place: &Path) -> anyhow::Result<Vec<u32>> {
    let mut mark = format!("{MARK}=").into_bytes();
    mark.extend_from_slice(place.as_os_str().as_encoded_bytes());
    let mut pids = Vec::new();
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else { continue };
        // Gone meanwhile, or dead and not yet waited for: nothing to end.
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        if pid != std::process::id() && environment.split(|b| *b == 0).any(|v| v == mark) {
            pids.push(pid);
        }
    }
    Ok(pids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_what_is_marked_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let sleep = |mark: &Path| Command::new("sleep").arg("60").env(MARK, mark).spawn().unwrap();
        let (mut mine, mut other) = (sleep(place.path()), sleep(Path::new("/elsewhere")));
        end_marked(place.path()).unwrap();
        assert!(!mine.wait().unwrap().success());
        assert!(other.try_wait().unwrap().is_none(), "another's process was ended");
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn a_failing_command_tells_what_it_said() {
        let error =
            finish(Command::new("sh").args(["-c", "echo why >&2; exit 3"]), Duration::from_secs(10)).unwrap_err();
        assert!(error.to_string().contains("why"), "{error}");
        let error = finish(Command::new("sleep").arg("60"), Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().contains("did not end"), "{error}");
    }
}
