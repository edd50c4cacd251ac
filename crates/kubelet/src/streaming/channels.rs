//! Exec and attach over WebSocket: one byte of channel number before each message (`v4.channel.k8s.io` and relatives).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::mpsc,
    time::{Duration, timeout},
};

use super::{
    remote::{Input, Output, Sizes},
    websocket::{Kind, Message, Reader, farewell, frame, send},
};

const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const STATUS: u8 = 3;
const RESIZE: u8 = 4;
const CLOSE: u8 = 255;
const FAREWELL: Duration = Duration::from_secs(5);

/// Protocols that the server speaks, in its order of preference.
pub(crate) const PROTOCOLS: [&str; 5] =
    ["v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io"];

/// A negotiated protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Protocol {
    base64: bool,
    /// The status is a JSON object, not a text in case of failure.
    status: bool,
    half_close: bool,
}

impl Protocol {
    /// By name; the empty one is the oldest.
    pub(crate) fn named(name: &str) -> Self {
        Self { base64: name.contains("base64"), status: name.starts_with('v'), half_close: name.starts_with("v5") }
    }

    fn message(self, channel: u8, data: &[u8]) -> Bytes {
        if self.base64 {
            frame(Kind::Text, &[&[b'0' + channel], STANDARD.encode(data).as_bytes()])
        } else {
            frame(Kind::Binary, &[&[channel], data])
        }
    }

    /// Channel and content of a client's message.
    fn parse(self, data: &Bytes) -> Option<(u8, Bytes)> {
        let first = *data.first()?;
        if self.base64 {
            return Some((first.wrapping_sub(b'0'), STANDARD.decode(&data[1..]).ok()?.into()));
        }
        Some((first, data.slice(1..)))
    }
}

/// Which streams the client asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) stdin: bool,
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
    pub(crate) tty: bool,
}

/// Speaks it until the end.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Send + 'static>(
    io: S,
    protocol: Protocol,
    wanted: Wanted,
    input: mpsc::Sender<Input>,
    mut output: mpsc::Receiver<Output>,
) {
    let (read, mut write) = tokio::io::split(io);
    let (pongs, mut to_answer) = mpsc::channel(4);
    let mut reader = tokio::spawn(read_all(Reader::new(read), protocol, wanted, input, pongs));
    // An empty message tells that the connection is established.
    let first = if wanted.stdout {
        STDOUT
    } else if wanted.stderr {
        STDERR
    } else {
        STATUS
    };
    if send(&mut write, &protocol.message(first, &[])).await.is_err() {
        return reader.abort();
    }
    loop {
        let bytes = tokio::select! {
            message = output.recv() => match message {
                Some(Output::Stdout(data)) => protocol.message(STDOUT, &data),
                Some(Output::Stderr(data)) => protocol.message(STDERR, &data),
                Some(Output::End(status)) => {
                    if let Some(data) = status_text(protocol, &status) {
                        let _ = send(&mut write, &protocol.message(STATUS, &data)).await;
                    }
                    break;
                }
                None => break,
            },
            Some(data) = to_answer.recv() => frame(Kind::Pong, &[&data]),
            _ = &mut reader => return,
        };
        if send(&mut write, &bytes).await.is_err() {
            return reader.abort();
        }
    }
    let _ = send(&mut write, &farewell()).await;
    // The client closes first, so that nothing of what was sent is lost.
    let _ = timeout(FAREWELL, &mut reader).await;
    reader.abort();
    let _ = write.shutdown().await;
}

fn status_text(protocol: Protocol, status: &Value) -> Option<Vec<u8>> {
    if protocol.status {
        return serde_json::to_vec(status).ok();
    }
    let failed = status["status"] != "Success";
    failed.then(|| status["message"].as_str().unwrap_or_default().as_bytes().to_vec())
}

async fn read_all<R: AsyncRead + Unpin>(
    mut reader: Reader<R>,
    protocol: Protocol,
    wanted: Wanted,
    input: mpsc::Sender<Input>,
    pongs: mpsc::Sender<Bytes>,
) {
    let mut sizes = Sizes::default();
    while let Ok(Some(message)) = reader.next().await {
        let data = match message {
            Message::Data(data) => data,
            Message::Ping(data) => {
                let _ = pongs.try_send(data);
                continue;
            }
            Message::Close => return,
        };
        if protocol.half_close && data.first() == Some(&CLOSE) {
            if data.get(1) == Some(&0) && input.send(Input::StdinEnd).await.is_err() {
                return;
            }
            continue;
        }
        let Some((channel, data)) = protocol.parse(&data) else { continue };
        let sent = match channel {
            0 if wanted.stdin && !data.is_empty() => input.send(Input::Stdin(data)).await,
            RESIZE => {
                let mut result = Ok(());
                for (columns, rows) in sizes.add(&data) {
                    result = input.send(Input::Resize(columns, rows)).await;
                }
                result
            }
            _ => Ok(()),
        };
        if sent.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs() {
        let base64 = Protocol::named("v4.base64.channel.k8s.io");
        assert_eq!(base64.parse(&Bytes::from_static(b"0Zm9v")), Some((0, Bytes::from_static(b"foo"))));
        assert_eq!(&base64.message(1, b"hi")[2..], b"1aGk=");
        let binary = Protocol::named("v5.channel.k8s.io");
        assert!(binary.half_close && binary.status && !Protocol::named("").status);
        assert_eq!(binary.parse(&Bytes::from_static(b"\x00x")), Some((0, Bytes::from_static(b"x"))));
    }
}
