//! The server's side of a SPDY/3.1 connection: streams that clients open, read and written independently.

use std::{collections::HashMap, io, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::mpsc,
    time::timeout,
};

use super::spdy_frame::{Decoder, Encoder, Frame, Headers};

/// Frames that wait in one stream before the connection waits for it.
const WAITING: usize = 128;
/// Frames that wait to be written.
const TO_WRITE: usize = 64;
/// Streams of one connection.
const MOST_STREAMS: usize = 2_000;
/// Bytes of one data frame.
const MOST_DATA: usize = 16 * 1024;
/// After the farewell the client has this long to read and close.
const FAREWELL: Duration = Duration::from_secs(10);

/// A stream that the client opened.
pub(crate) struct Stream {
    pub(crate) id: u32,
    headers: Headers,
    /// Bytes from the client; ends with its half-close.
    pub(crate) input: mpsc::Receiver<Bytes>,
    pub(crate) output: Output,
}

impl Stream {
    /// A header by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// The way to the client in a stream.
#[derive(Clone)]
pub(crate) struct Output {
    id: u32,
    frames: mpsc::Sender<Frame>,
}

impl Output {
    /// Sends bytes; an error when the client is gone.
    pub(crate) async fn write(&self, mut data: Bytes) -> io::Result<()> {
        while !data.is_empty() {
            let part = data.split_to(data.len().min(MOST_DATA));
            self.send(Frame::Data { stream: self.id, fin: false, data: part }).await?;
        }
        Ok(())
    }

    /// Nothing more will come.
    pub(crate) async fn finish(&self) -> io::Result<()> {
        self.send(Frame::Data { stream: self.id, fin: true, data: Bytes::new() }).await
    }

    /// The stream failed.
    pub(crate) async fn reset(&self) -> io::Result<()> {
        const CANCEL: u32 = 5;
        self.send(Frame::Reset { stream: self.id, status: CANCEL }).await
    }

    async fn send(&self, frame: Frame) -> io::Result<()> {
        self.frames.send(frame).await.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// A connection: new streams come out of it.
pub(crate) struct Connection {
    pub(crate) streams: mpsc::Receiver<Stream>,
    frames: mpsc::Sender<Frame>,
    reader: tokio::task::JoinHandle<()>,
    writer: tokio::task::JoinHandle<()>,
    last: Arc<Mutex<u32>>,
}

impl Connection {
    /// Takes a connection over.
    pub(crate) fn new<S: AsyncRead + AsyncWrite + Send + 'static>(io: S) -> io::Result<Self> {
        let (read, write) = tokio::io::split(io);
        let (frames, to_write) = mpsc::channel(TO_WRITE);
        let (opened, streams) = mpsc::channel(16);
        let last = Arc::new(Mutex::new(0));
        let writer = tokio::spawn(write_all(write, to_write, Encoder::new()?));
        let reader = tokio::spawn(read_all(read, frames.clone(), opened, last.clone()));
        Ok(Self { streams, frames, reader, writer, last })
    }

    /// Says goodbye, and waits a while until the client has closed.
    pub(crate) async fn close(self) {
        let last = *self.last.lock();
        let _ = self.frames.send(Frame::GoAway { last }).await;
        drop((self.frames, self.streams));
        let _ = timeout(FAREWELL, self.reader).await;
        self.writer.abort();
    }
}

async fn write_all<W: AsyncWrite + Unpin>(mut write: W, mut frames: mpsc::Receiver<Frame>, mut encoder: Encoder) {
    while let Some(frame) = frames.recv().await {
        let Ok(bytes) = encoder.encode(&frame) else { return };
        if write.write_all(&bytes).await.is_err() || (frames.is_empty() && write.flush().await.is_err()) {
            return;
        }
    }
    let _ = write.shutdown().await;
}

type Open = HashMap<u32, mpsc::Sender<Bytes>>;

async fn read_all<R: AsyncRead + Unpin>(
    mut read: R,
    frames: mpsc::Sender<Frame>,
    opened: mpsc::Sender<Stream>,
    last: Arc<Mutex<u32>>,
) {
    let (mut decoder, mut buffer, mut open) = (Decoder::new(), BytesMut::with_capacity(64 * 1024), Open::new());
    loop {
        loop {
            match decoder.next(&mut buffer) {
                Ok(Some(frame)) => {
                    if !accept(frame, &frames, &opened, &mut open, &last).await {
                        return;
                    }
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
        match read.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// Deals with a frame; `false` ends the connection.
async fn accept(
    frame: Frame,
    frames: &mpsc::Sender<Frame>,
    opened: &mpsc::Sender<Stream>,
    open: &mut Open,
    last: &Mutex<u32>,
) -> bool {
    match frame {
        Frame::SynStream { stream, fin, headers } => {
            if open.len() >= MOST_STREAMS || stream == 0 || open.contains_key(&stream) {
                const REFUSED: u32 = 3;
                return frames.send(Frame::Reset { stream, status: REFUSED }).await.is_ok();
            }
            let (sender, input) = mpsc::channel(WAITING);
            if !fin {
                open.insert(stream, sender);
            }
            *last.lock() = stream;
            if frames.send(Frame::SynReply { stream }).await.is_err() {
                return false;
            }
            // Streams that nobody waits for any more are ignored, not an error.
            let _ = opened
                .send(Stream { id: stream, headers, input, output: Output { id: stream, frames: frames.clone() } })
                .await;
        }
        Frame::Data { stream, fin, data } => {
            if let Some(sender) = open.get(&stream)
                && !data.is_empty()
                && sender.send(data).await.is_err()
            {
                open.remove(&stream);
            }
            if fin {
                open.remove(&stream);
            }
        }
        Frame::Reset { stream, .. } => {
            open.remove(&stream);
        }
        Frame::Ping { id } => return id % 2 == 0 || frames.send(Frame::Ping { id }).await.is_ok(),
        Frame::GoAway { .. } | Frame::SynReply { .. } | Frame::Other => {}
    }
    true
}
