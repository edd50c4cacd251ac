//! Questions for others: handed to the upstream resolvers as they came.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// How long one resolver may take; clients ask again after five seconds.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often all of them are tried.
const ROUNDS: usize = 2;
const LARGEST: usize = 65_535;

/// How a question came, and so how it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Udp,
    Tcp,
}

/// Asks one resolver after the other; the last error where none answers.
pub(crate) async fn forward(upstream: &[SocketAddr], question: &[u8], way: Way) -> io::Result<Vec<u8>> {
    let mut last = io::Error::new(io::ErrorKind::NotConnected, "there is no upstream resolver");
    for _ in 0..ROUNDS {
        for server in upstream {
            let asked = async {
                match way {
                    Way::Udp => over_udp(*server, question).await,
                    Way::Tcp => over_tcp(*server, question).await,
                }
            };
            match timeout(PATIENCE, asked).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => last = error,
                Err(_) => last = io::ErrorKind::TimedOut.into(),
            }
        }
    }
    Err(last)
}

/// Each question has a socket of its own, and with it a port that nobody can guess.
async fn over_udp(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let own: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(own).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut answer = vec![0; LARGEST];
    loop {
        let length = socket.recv(&mut answer).await?;
        if belongs(&answer[..length], question) {
            answer.truncate(length);
            return Ok(answer);
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    write_framed(&mut stream, question).await?;
    let answer = read_framed(&mut stream).await?;
    if belongs(&answer, question) { Ok(answer) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// The same number, and marked as an answer.
fn belongs(answer: &[u8], question: &[u8]) -> bool {
    answer.len() >= 12 && question.len() >= 12 && answer[..2] == question[..2] && answer[2] & 0x80 != 0
}

/// Over TCP each message has its length in front.
pub(crate) async fn write_framed(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    let mut framed = Vec::with_capacity(message.len() + 2);
    framed.extend(length.to_be_bytes());
    framed.extend(message);
    stream.write_all(&framed).await
}

pub(crate) async fn read_framed(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = stream.read_u16().await?;
    let mut message = vec![0; usize::from(length)];
    stream.read_exact(&mut message).await?;
    Ok(message)
}
