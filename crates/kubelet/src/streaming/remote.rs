//! Exec and attach: between the pipes of a process and a client, whatever protocol the client speaks.

use std::{os::fd::OwnedFd, sync::Arc, time::Duration};

use bytes::Bytes;
use cri::runtime::{Runtime, Streams};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::pipes::Pipe;

/// After the end of a process its pipes may be held open by others; silence for so long is taken as the end.
const SILENCE: Duration = Duration::from_secs(2);
const BUFFER: usize = 32 * 1024;

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// Bytes for the process.
    Stdin(Bytes),
    /// No more bytes.
    StdinEnd,
    /// Size of the client's terminal: columns and rows.
    Resize(u16, u16),
}

/// What a client gets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Output {
    /// From the process's standard output or the terminal.
    Stdout(Bytes),
    /// From its standard error.
    Stderr(Bytes),
    /// The end, as a `v1.Status`.
    End(Value),
}

/// Both ends of a client's session.
pub(crate) struct Client {
    /// Ends when the client is gone.
    pub(crate) input: mpsc::Receiver<Input>,
    pub(crate) output: mpsc::Sender<Output>,
}

/// Channels for a session: one end for the protocol, one for the process.
pub(crate) fn session() -> (Client, mpsc::Sender<Input>, mpsc::Receiver<Output>) {
    let (input, to_process) = mpsc::channel(32);
    let (output, to_client) = mpsc::channel(32);
    (Client { input: to_process, output }, input, to_client)
}

pub(crate) fn success() -> Value {
    json!({"metadata": {}, "status": "Success"})
}

pub(crate) fn internal_error(message: &str) -> Value {
    json!({
        "metadata": {}, "status": "Failure", "reason": "InternalError", "code": 500,
        "message": format!("Internal error occurred: {message}"),
        "details": {"causes": [{"message": message}]},
    })
}

fn exit_status(code: i32) -> Value {
    if code == 0 {
        return success();
    }
    json!({
        "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
        "message": format!("command terminated with non-zero exit code: exit status {code}"),
        "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
    })
}

/// Whether the end of the process tells its exit code (exec) or not (attach).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Its exit code.
    Code,
    /// Nothing but that it is over.
    Silent,
}

/// Runs a session until the process or the client is gone.
pub(crate) async fn run(runtime: Arc<dyn Runtime>, mut streams: Streams, client: Client, ending: Ending) {
    let Client { mut input, output } = client;
    let (alive, mut activity) = mpsc::channel(1);
    let stdout = streams.stdout.take().map(|fd| tokio::spawn(pump(fd, output.clone(), false, alive.clone())));
    let stderr = streams.stderr.take().map(|fd| tokio::spawn(pump(fd, output.clone(), true, alive)));
    let terminal = streams.terminal.take();
    let mut stdin = streams.stdin.take().and_then(|fd| Pipe::new(fd).ok());
    let mut exit = streams.exit;
    let result = loop {
        tokio::select! {
            result = &mut exit => break Some(result),
            message = input.recv() => match message {
                Some(Input::Stdin(data)) => if let Some(pipe) = &mut stdin {
                    // A process that does not read must not keep us from its end.
                    tokio::select! {
                        written = pipe.write_all(&data) => if written.is_err() { stdin = None; },
                        result = &mut exit => break Some(result),
                    }
                },
                Some(Input::StdinEnd) => stdin = None,
                Some(Input::Resize(columns, rows)) => if let Some(fd) = &terminal { let _ = runtime.resize(fd, columns, rows); },
                None => break None,
            },
            () = output.closed() => break None,
        }
    };
    drop(stdin);
    let Some(result) = result else {
        if let Some(kill) = streams.kill.take() {
            kill();
        }
        for task in [stdout, stderr].into_iter().flatten() {
            task.abort();
        }
        return;
    };
    drain([stdout, stderr], &mut activity).await;
    let status = match result {
        Ok(Ok(_)) if ending == Ending::Silent => success(),
        Ok(Ok(code)) => exit_status(code),
        Ok(Err(error)) => internal_error(&format!("error executing command in container: {error}")),
        Err(_) => internal_error("error executing command in container: the sandbox is gone"),
    };
    let _ = output.send(Output::End(status)).await;
}

/// Waits until everything that the process wrote was sent.
async fn drain(tasks: [Option<tokio::task::JoinHandle<()>>; 2], activity: &mut mpsc::Receiver<()>) {
    for mut task in tasks.into_iter().flatten() {
        loop {
            let silence = sleep_until(Instant::now() + SILENCE);
            tokio::select! {
                _ = &mut task => break,
                Some(()) = activity.recv() => {}
                () = silence => {
                    task.abort();
                    break;
                }
            }
        }
    }
}

async fn pump(fd: OwnedFd, output: mpsc::Sender<Output>, is_stderr: bool, alive: mpsc::Sender<()>) {
    let Ok(mut pipe) = Pipe::new(fd) else { return };
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = match pipe.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => count,
        };
        let _ = alive.try_send(());
        let data = Bytes::copy_from_slice(&buffer[..count]);
        let message = if is_stderr { Output::Stderr(data) } else { Output::Stdout(data) };
        if output.send(message).await.is_err() {
            return;
        }
        let _ = alive.try_send(());
    }
}

/// A terminal's size as clients send it: a sequence of `{"Width": 80, "Height": 24}`.
#[derive(Default)]
pub(crate) struct Sizes(Vec<u8>);

impl Sizes {
    /// Adds bytes; the sizes that are complete now.
    pub(crate) fn add(&mut self, data: &[u8]) -> Vec<(u16, u16)> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Size {
            width: u16,
            height: u16,
        }
        const MOST: usize = 4096;
        self.0.extend_from_slice(data);
        let (mut out, mut used) = (Vec::new(), 0);
        let mut stream = serde_json::Deserializer::from_slice(&self.0).into_iter::<Size>();
        while let Some(Ok(size)) = stream.next() {
            out.push((size.width, size.height));
            used = stream.byte_offset();
        }
        self.0.drain(..used);
        if self.0.len() > MOST {
            self.0.clear();
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_pieces() {
        let mut sizes = Sizes::default();
        assert!(sizes.add(b"{\"Width\":80,").is_empty());
        assert_eq!(sizes.add(b"\"Height\":24}\n{\"Width\":1,\"Height\":2}"), [(80, 24), (1, 2)]);
    }
}
