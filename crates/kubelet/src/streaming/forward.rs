//! Port-forward: connections of a client to ports of a pod.

use std::{collections::HashMap, io, sync::Arc, time::Duration};

use bytes::Bytes;
use cri::runtime::{Runtime, SandboxId};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, tcp::OwnedWriteHalf},
    sync::mpsc,
};

use super::{
    spdy::{Connection, Output, Stream},
    websocket::{Kind, Message, Reader, frame, send},
};

const BUFFER: usize = 32 * 1024;
const CONNECT: Duration = Duration::from_secs(30);

/// The protocol of the streams inside SPDY.
pub(crate) const PROTOCOL: &str = "portforward.k8s.io";

/// Where connections go.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) sandbox: SandboxId,
    pub(crate) pod: String,
    pub(crate) uid: String,
}

impl Target {
    async fn connect(&self, port: u16) -> Result<TcpStream, String> {
        let answer = tokio::time::timeout(CONNECT, self.runtime.connect(&self.sandbox, port)).await;
        let stream = match answer {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(self.failed(port, &error.to_string())),
            Err(_) => return Err(self.failed(port, "i/o timeout")),
        };
        let convert = || -> io::Result<TcpStream> {
            stream.set_nonblocking(true)?;
            let _ = stream.set_nodelay(true);
            TcpStream::from_std(stream)
        };
        convert().map_err(|error| self.failed(port, &error.to_string()))
    }

    fn failed(&self, port: u16, reason: &str) -> String {
        format!("error forwarding port {port} to pod {}, uid {}: {reason}", self.pod, self.uid)
    }
}

/// Streams come in pairs by request id: one for data, one for errors.
pub(crate) async fn serve_spdy(mut connection: Connection, target: Target) {
    let mut halves: HashMap<String, Stream> = HashMap::new();
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        let stream = tokio::select! {
            stream = connection.streams.recv() => stream,
            Some(_) = tasks.join_next() => continue,
        };
        let Some(stream) = stream else { break };
        let kind = stream.header("streamtype").to_owned();
        if !matches!(kind.as_str(), "data" | "error") || stream.header("port").parse::<u16>().is_err() {
            let _ = stream.output.reset().await;
            continue;
        }
        let id = request_id(&stream, &kind);
        match halves.remove(&id) {
            Some(other) if other.header("streamtype") != kind => {
                let (data, error) = if kind == "data" { (stream, other) } else { (other, stream) };
                tasks.spawn(pair(data, error, target.clone()));
            }
            Some(_) => {
                let _ = stream.output.reset().await;
            }
            None => {
                halves.insert(id, stream);
            }
        }
    }
    tasks.abort_all();
    connection.close().await;
}

/// Old clients give no id; their streams have neighbouring numbers.
fn request_id(stream: &Stream, kind: &str) -> String {
    match stream.header("requestid") {
        "" if kind == "data" => stream.id.saturating_sub(2).to_string(),
        "" => stream.id.to_string(),
        id => id.to_owned(),
    }
}

async fn pair(mut data: Stream, error: Stream, target: Target) {
    let port = data.header("port").parse::<u16>().unwrap_or(0);
    match target.connect(port).await {
        Ok(stream) => {
            let (mut read, write) = stream.into_split();
            let output = data.output.clone();
            let to_pod = into_pod(&mut data.input, write);
            let to_client = async {
                let result = from_pod(&mut read, &output).await;
                let _ = output.finish().await;
                result
            };
            // The pod's end of the connection is the end; a client that has said all may still listen.
            tokio::pin!(to_pod, to_client);
            tokio::select! {
                _ = &mut to_client => {}
                () = &mut to_pod => { let _ = to_client.await; }
            }
        }
        Err(message) => {
            let _ = error.output.write(message.into()).await;
            let _ = error.output.finish().await;
            let _ = data.output.reset().await;
            return;
        }
    }
    let _ = error.output.finish().await;
}

async fn into_pod(input: &mut mpsc::Receiver<Bytes>, mut write: OwnedWriteHalf) {
    while let Some(data) = input.recv().await {
        if write.write_all(&data).await.is_err() {
            return;
        }
    }
    let _ = write.shutdown().await;
}

async fn from_pod<R: AsyncRead + Unpin>(read: &mut R, output: &Output) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match read.read(&mut buffer).await? {
            0 => return Ok(()),
            count => output.write(Bytes::copy_from_slice(&buffer[..count])).await?,
        }
    }
}

/// The older form over WebSocket: two channels per port (data, error), each begins with the port's number.
pub(crate) async fn serve_websocket<S: AsyncRead + AsyncWrite + Send + 'static>(
    io: S,
    ports: Vec<u16>,
    target: Target,
) {
    let (read, mut write) = tokio::io::split(io);
    let (frames, mut to_write) = mpsc::channel::<Bytes>(32);
    let mut inputs = HashMap::new();
    let mut tasks = tokio::task::JoinSet::new();
    for (index, port) in ports.into_iter().enumerate() {
        let channel = u8::try_from(index * 2).unwrap_or(254);
        for number in [channel, channel + 1] {
            if send(&mut write, &frame(Kind::Binary, &[&[number], &port.to_le_bytes()])).await.is_err() {
                return;
            }
        }
        let (sender, input) = mpsc::channel(32);
        inputs.insert(channel, sender);
        tasks.spawn(one_channel(channel, port, input, frames.clone(), target.clone()));
    }
    drop(frames);
    let reader = tokio::spawn(async move {
        let mut reader = Reader::new(read);
        while let Ok(Some(Message::Data(data))) = reader.next().await {
            let Some(sender) = data.first().and_then(|channel| inputs.get(channel)) else { continue };
            if data.len() > 1 && sender.send(data.slice(1..)).await.is_err() {
                return;
            }
        }
    });
    while let Some(bytes) = to_write.recv().await {
        if send(&mut write, &bytes).await.is_err() {
            break;
        }
    }
    reader.abort();
    let _ = write.shutdown().await;
}

async fn one_channel(
    channel: u8,
    port: u16,
    mut input: mpsc::Receiver<Bytes>,
    frames: mpsc::Sender<Bytes>,
    target: Target,
) {
    let stream = match target.connect(port).await {
        Ok(stream) => stream,
        Err(message) => {
            let _ = frames.send(frame(Kind::Binary, &[&[channel + 1], message.as_bytes()])).await;
            return;
        }
    };
    let (mut read, write) = stream.into_split();
    let to_client = async {
        let mut buffer = vec![0; BUFFER];
        while let Ok(count) = read.read(&mut buffer).await {
            if count == 0 || frames.send(frame(Kind::Binary, &[&[channel], &buffer[..count]])).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = to_client => {}
        () = into_pod(&mut input, write) => {}
    }
}
