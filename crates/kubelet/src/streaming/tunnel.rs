//! A byte stream inside WebSocket messages: `SPDY/3.1+portforward.k8s.io`.

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex},
    sync::mpsc,
};

use super::websocket::{Kind, Message, Reader, farewell, frame, send};

const BUFFER: usize = 64 * 1024;

/// The protocol's name.
pub(crate) const PROTOCOL: &str = "SPDY/3.1+portforward.k8s.io";

/// The stream inside; it ends with the WebSocket.
pub(crate) fn open<S: AsyncRead + AsyncWrite + Send + 'static>(io: S) -> DuplexStream {
    let (inner, outer) = duplex(BUFFER);
    tokio::spawn(carry(io, outer));
    inner
}

async fn carry<S: AsyncRead + AsyncWrite + Send + 'static>(io: S, outer: DuplexStream) {
    let (read, mut write) = tokio::io::split(io);
    let (mut from_inner, mut to_inner) = tokio::io::split(outer);
    let (pongs, mut to_answer) = mpsc::channel::<Bytes>(4);
    let mut incoming = tokio::spawn(async move {
        let mut reader = Reader::new(read);
        while let Ok(Some(message)) = reader.next().await {
            match message {
                Message::Data(data) => {
                    if to_inner.write_all(&data).await.is_err() {
                        return;
                    }
                }
                Message::Ping(data) => {
                    let _ = pongs.try_send(data);
                }
                Message::Close => break,
            }
        }
        let _ = to_inner.shutdown().await;
    });
    let mut buffer = vec![0; BUFFER / 2];
    loop {
        tokio::select! {
            count = from_inner.read(&mut buffer) => match count {
                Ok(0) | Err(_) => break,
                Ok(count) => if send(&mut write, &frame(Kind::Binary, &[&buffer[..count]])).await.is_err() { break },
            },
            Some(data) = to_answer.recv() => if send(&mut write, &frame(Kind::Pong, &[&data])).await.is_err() { break },
            _ = &mut incoming => break,
        }
    }
    let _ = send(&mut write, &farewell()).await;
    let _ = write.shutdown().await;
    incoming.abort();
}
