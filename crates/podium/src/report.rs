//! What `podium up` shows while it works: lines for people, and for a waiting parent process (`--detach`).

use std::{
    io::{BufRead, BufReader, IsTerminal, Write},
    os::fd::AsFd,
    os::unix::net::UnixStream,
    time::Instant,
};

use parking_lot::Mutex;

/// Marks of the lines that go to a waiting parent.
const STEP: char = '>';
const READY: char = '=';
const FAILED: char = '!';

/// Where progress goes.
pub struct Report {
    begun: Instant,
    parent: Mutex<Option<UnixStream>>,
}

impl Report {
    /// Prints to standard error.
    pub fn here() -> Self {
        Self { begun: Instant::now(), parent: Mutex::new(None) }
    }

    /// Tells the parent at the other end of standard input's socket.
    pub fn to_parent() -> anyhow::Result<Self> {
        let socket = std::io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self { begun: Instant::now(), parent: Mutex::new(Some(socket.into())) })
    }

    /// A step was taken.
    pub fn step(&self, what: &str) {
        let line = format!("{:>7.3} s  {what}", self.begun.elapsed().as_secs_f64());
        self.send(STEP, &line);
    }

    /// Something is not as it should be, but can be done without.
    pub fn warn(&self, what: &str) {
        self.send(STEP, &format!("  warning  {what}"));
    }

    /// It is up; the parent goes away with this text.
    pub fn ready(&self, text: &str) {
        self.send(READY, text);
        *self.parent.lock() = None;
    }

    /// It will not come up. The parent prints it; without one the caller does.
    pub fn failed(&self, error: &anyhow::Error) {
        if let Some(parent) = self.parent.lock().take() {
            let _ = write_line(&parent, FAILED, &format!("{error:#}"));
        }
    }

    fn send(&self, mark: char, text: &str) {
        let parent = self.parent.lock();
        match &*parent {
            Some(socket) => {
                let _ = write_line(socket, mark, text);
            }
            None => show(text),
        }
    }
}

fn write_line(mut socket: &UnixStream, mark: char, text: &str) -> std::io::Result<()> {
    socket.write_all(format!("{mark}{}\n", text.replace('\n', "\u{1}")).as_bytes())
}

/// Shows a line of progress to a person.
pub fn show(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = if err.is_terminal() && text.starts_with("  warning") {
        writeln!(err, "\u{1b}[33m{text}\u{1b}[0m")
    } else {
        writeln!(err, "{text}")
    };
}

/// The parent's side: shows progress until the child is ready or failed; `Err` tells why.
pub fn follow(socket: UnixStream) -> anyhow::Result<String> {
    for line in BufReader::new(socket).lines() {
        let line = line?.replace('\u{1}', "\n");
        let mut chars = line.chars();
        match (chars.next(), chars.as_str()) {
            (Some(STEP), text) => show(text),
            (Some(READY), text) => return Ok(text.to_owned()),
            (Some(FAILED), text) => anyhow::bail!("{text}"),
            _ => {}
        }
    }
    anyhow::bail!("the server ended before it was ready")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_hears_of_readiness_and_of_failure() {
        for (last, want) in [
            ("=up\u{1}and running\n", Ok("up\nand running")),
            ("!port 6443: taken\n", Err("port 6443: taken")),
            ("", Err("the server ended before it was ready")),
        ] {
            let (mut child, parent) = UnixStream::pair().unwrap();
            child.write_all(format!(">   0.001 s  a step\n{last}").as_bytes()).unwrap();
            drop(child);
            let got = follow(parent).map_err(|e| e.to_string());
            assert_eq!(got.as_deref().map_err(String::as_str), want);
        }
    }
}
