//! Requests without end, from within the machine's network, and whether any of them failed.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use super::Machine;

/// Words of a shell that print the last line of a page, or `FAILED`. (Debian's static busybox cannot resolve names.)
fn request(address: &str) -> String {
    let (host, port) = address.split_once(':').unwrap();
    format!(
        "exec 3<>/dev/tcp/{host}/{port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && mapfile -t lines <&3 && \
         echo \"${{lines[-1]}}\" || echo FAILED; exec 3>&-"
    )
}

/// Whether a page is there.
pub fn answers(machine: &Machine, address: &str) -> bool {
    let output = machine.inside("timeout").args(["3", "bash", "-c", &request(address)]).output().unwrap();
    output.stdout == b"hello\n"
}

/// A loop of requests.
pub struct Load {
    child: Child,
    answers: Receiver<String>,
    count: usize,
    failures: Vec<String>,
}

impl Load {
    /// Asks for a page again and again, each time over a new connection.
    pub fn start(machine: &Machine, address: &str) -> Self {
        let script = format!("while true; do {}; done", request(address));
        let mut child = machine.inside("bash").args(["-c", &script]).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, answers) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, answers, count: 0, failures: Vec::new() }
    }

    fn note(&mut self, line: String) {
        self.count += 1;
        if line != "hello" {
            self.failures.push(format!("the {}th: {line}", self.count));
        }
    }

    /// Waits for this many more answers.
    pub fn more(&mut self, answers: usize) {
        // What came meanwhile does not count.
        while let Ok(line) = self.answers.try_recv() {
            self.note(line);
        }
        for _ in 0..answers {
            let line = self.answers.recv_timeout(Duration::from_secs(30)).expect("an answer");
            self.note(line);
        }
    }

    /// Ends it; not one request may have failed.
    pub fn end(mut self) -> usize {
        let _ = self.child.kill();
        let _ = self.child.wait();
        while let Ok(line) = self.answers.recv() {
            self.note(line);
        }
        let first = &self.failures[..self.failures.len().min(3)];
        assert!(self.failures.is_empty(), "{} of {} failed: {first:?}", self.failures.len(), self.count);
        self.count
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
