//! The server's side of WebSocket (RFC 6455): handshake, frames, pings, close.

use std::io;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const MOST_MESSAGE: usize = 32 << 20;

/// The answer to a client's key.
pub(crate) fn accept_key(key: &str) -> String {
    let mut text = key.trim().as_bytes().to_vec();
    text.extend_from_slice(GUID);
    STANDARD.encode(ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &text))
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    /// Text or binary.
    Data(Bytes),
    /// To be answered.
    Ping(Bytes),
    /// It leaves.
    Close,
}

/// Reads messages.
pub(crate) struct Reader<R> {
    read: R,
    buffer: BytesMut,
    message: BytesMut,
}

struct Header {
    fin: bool,
    opcode: u8,
    mask: [u8; 4],
    offset: usize,
    length: usize,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(crate) fn new(read: R) -> Self {
        Self { read, buffer: BytesMut::with_capacity(32 * 1024), message: BytesMut::new() }
    }

    /// The next message; `None` when the connection ended.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Message>> {
        loop {
            while let Some(header) = header(&self.buffer)? {
                if self.message.len() + header.length > MOST_MESSAGE {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "a message is too long"));
                }
                if self.buffer.len() < header.offset + header.length {
                    break;
                }
                self.buffer.advance(header.offset);
                let mut payload = self.buffer.split_to(header.length);
                for (index, byte) in payload.iter_mut().enumerate() {
                    *byte ^= header.mask[index % 4];
                }
                match header.opcode {
                    0..=2 => {
                        self.message.extend_from_slice(&payload);
                        if header.fin {
                            return Ok(Some(Message::Data(self.message.split().freeze())));
                        }
                    }
                    8 => return Ok(Some(Message::Close)),
                    9 => return Ok(Some(Message::Ping(payload.freeze()))),
                    _ => {}
                }
            }
            if self.read.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// The header of the frame at the front, if it is complete.
fn header(buffer: &[u8]) -> io::Result<Option<Header>> {
    let [first, second, rest @ ..] = buffer else { return Ok(None) };
    let (extra, length) = match second & 0x7f {
        126 if rest.len() >= 2 => (2, (&rest[..2]).get_u16() as u64),
        127 if rest.len() >= 8 => (8, (&rest[..8]).get_u64()),
        126 | 127 => return Ok(None),
        short => (0, u64::from(short)),
    };
    if second & 0x80 == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a client's frame is not masked"));
    }
    let Some(mask) = rest.get(extra..extra + 4) else { return Ok(None) };
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length <= MOST_MESSAGE)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"))?;
    Ok(Some(Header {
        fin: first & 0x80 != 0,
        opcode: first & 0x0f,
        mask: [mask[0], mask[1], mask[2], mask[3]],
        offset: 2 + extra + 4,
        length,
    }))
}

/// Kind of a frame to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text.
    Text = 1,
    /// Binary.
    Binary = 2,
    /// Farewell.
    Close = 8,
    /// Answer to a ping.
    Pong = 10,
}

/// A frame as bytes; a server's frames are not masked.
pub(crate) fn frame(kind: Kind, parts: &[&[u8]]) -> Bytes {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = BytesMut::with_capacity(length + 10);
    out.put_u8(0x80 | kind as u8);
    match length {
        0..=125 => out.put_u8(length as u8),
        126..=0xffff => {
            out.put_u8(126);
            out.put_u16(length as u16);
        }
        _ => {
            out.put_u8(127);
            out.put_u64(length as u64);
        }
    }
    for part in parts {
        out.put_slice(part);
    }
    out.freeze()
}

/// A normal farewell.
pub(crate) fn farewell() -> Bytes {
    frame(Kind::Close, &[&1000_u16.to_be_bytes()])
}

/// Writes a frame at once.
pub(crate) async fn send<W: AsyncWrite + Unpin>(write: &mut W, frame: &[u8]) -> io::Result<()> {
    write.write_all(frame).await?;
    write.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(opcode: u8, fin: bool, data: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let mut out = vec![if fin { 0x80 } else { 0 } | opcode];
        if data.len() < 126 {
            out.push(0x80 | data.len() as u8);
        } else {
            out.push(0x80 | 126);
            out.extend_from_slice(&(data.len() as u16).to_be_bytes());
        }
        out.extend_from_slice(&mask);
        out.extend(data.iter().enumerate().map(|(index, byte)| byte ^ mask[index % 4]));
        out
    }

    #[tokio::test]
    async fn messages() {
        assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let long = vec![7; 300];
        let wire = [
            masked(2, false, b"ab"),
            masked(9, true, b"p"),
            masked(0, true, b"cd"),
            masked(2, true, &long),
            masked(8, true, b""),
        ]
        .concat();
        let mut reader = Reader::new(&wire[..]);
        let mut all = Vec::new();
        while let Some(message) = reader.next().await.unwrap() {
            all.push(message);
        }
        assert_eq!(
            all,
            [
                Message::Ping(Bytes::from_static(b"p")),
                Message::Data(Bytes::from_static(b"abcd")),
                Message::Data(long.into()),
                Message::Close
            ]
        );
        assert!(Reader::new(&[0x82, 1, 0][..]).next().await.is_err(), "unmasked");
        assert_eq!(&frame(Kind::Binary, &[&[1], b"hi"])[..], [0x82, 3, 1, b'h', b'i']);
    }
}
