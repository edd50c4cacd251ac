//! SPDY/3.1 frames and their compressed header blocks.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// The dictionary of the specification (section 2.6.10.1).
static DICTIONARY: &[u8] = include_bytes!("spdy_dictionary.bin");

const VERSION: u16 = 0x8003;
const HEADER: usize = 8;
const MOST_PAYLOAD: usize = 1 << 20;
const MOST_HEADERS: usize = 64 * 1024;

/// Last frame of its direction.
pub(crate) const FIN: u8 = 1;

/// Header names and values.
pub(crate) type Headers = Vec<(String, String)>;

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Bytes of a stream.
    Data { stream: u32, fin: bool, data: Bytes },
    /// The client opens a stream.
    SynStream { stream: u32, fin: bool, headers: Headers },
    /// The answer to it.
    SynReply { stream: u32 },
    /// A stream is over at once.
    Reset { stream: u32, status: u32 },
    /// To be sent back.
    Ping { id: u32 },
    /// No new streams.
    GoAway { last: u32 },
    /// Anything that needs no answer: settings, window updates, headers.
    Other,
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text.to_owned())
}

/// Reads frames; header blocks of a connection share one compression context.
pub(crate) struct Decoder {
    inflate: Decompress,
}

impl Decoder {
    pub(crate) fn new() -> Self {
        Self { inflate: Decompress::new(true) }
    }

    /// The next frame, if it is complete; it is taken from the buffer.
    pub(crate) fn next(&mut self, buffer: &mut BytesMut) -> io::Result<Option<Frame>> {
        if buffer.len() < HEADER {
            return Ok(None);
        }
        let length = usize::from(buffer[5]) << 16 | usize::from(buffer[6]) << 8 | usize::from(buffer[7]);
        if length > MOST_PAYLOAD && buffer[0] & 0x80 != 0 {
            return Err(invalid("a control frame is too long"));
        }
        if buffer.len() < HEADER + length {
            buffer.reserve(HEADER + length - buffer.len());
            return Ok(None);
        }
        let head = buffer.split_to(HEADER);
        let payload = buffer.split_to(length).freeze();
        let (first, flags) = ((&head[0..4]).get_u32(), head[4]);
        if first & 0x8000_0000 == 0 {
            return Ok(Some(Frame::Data { stream: first, fin: flags & FIN != 0, data: payload }));
        }
        if (first >> 16) as u16 != VERSION {
            return Err(invalid("not SPDY version 3"));
        }
        self.control((first & 0xffff) as u16, flags, payload).map(Some)
    }

    fn control(&mut self, type_: u16, flags: u8, mut payload: Bytes) -> io::Result<Frame> {
        let need = |payload: &Bytes, bytes: usize| {
            if payload.len() < bytes { Err(invalid("a control frame is too short")) } else { Ok(()) }
        };
        Ok(match type_ {
            1 => {
                need(&payload, 10)?;
                let stream = payload.get_u32() & 0x7fff_ffff;
                payload.advance(6);
                Frame::SynStream { stream, fin: flags & FIN != 0, headers: self.headers(&payload)? }
            }
            2 | 8 => {
                // Decompressed all the same: the context must not lose its place.
                need(&payload, 4)?;
                payload.advance(4);
                self.headers(&payload)?;
                Frame::Other
            }
            3 => {
                need(&payload, 8)?;
                Frame::Reset { stream: payload.get_u32() & 0x7fff_ffff, status: payload.get_u32() }
            }
            6 => {
                need(&payload, 4)?;
                Frame::Ping { id: payload.get_u32() }
            }
            7 => {
                need(&payload, 4)?;
                Frame::GoAway { last: payload.get_u32() & 0x7fff_ffff }
            }
            _ => Frame::Other,
        })
    }

    fn headers(&mut self, block: &[u8]) -> io::Result<Headers> {
        let mut plain = BytesMut::from(self.inflated(block)?.as_slice());
        let mut take = |bytes: usize| {
            if plain.len() < bytes { Err(invalid("a header block is too short")) } else { Ok(plain.split_to(bytes)) }
        };
        let count = take(4)?.get_u32();
        if count > 1000 {
            return Err(invalid("too many headers"));
        }
        let mut out = Headers::new();
        for _ in 0..count {
            let mut text = || -> io::Result<String> {
                let length = take(4)?.get_u32() as usize;
                Ok(String::from_utf8_lossy(&take(length)?).into_owned())
            };
            out.push((text()?.to_ascii_lowercase(), text()?));
        }
        Ok(out)
    }

    fn inflated(&mut self, block: &[u8]) -> io::Result<Vec<u8>> {
        let (mut out, mut at) = (Vec::with_capacity(1024), 0);
        loop {
            if out.len() > MOST_HEADERS {
                return Err(invalid("a header block is too long"));
            }
            if out.len() == out.capacity() {
                out.reserve(1024);
            }
            let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
            let result = self.inflate.decompress_vec(&block[at..], &mut out, FlushDecompress::Sync);
            at += usize::try_from(self.inflate.total_in() - before_in).unwrap_or(0);
            match result {
                Ok(Status::Ok | Status::BufError | Status::StreamEnd) => {
                    let stuck = self.inflate.total_out() == before_out && self.inflate.total_in() == before_in;
                    if at >= block.len() && (out.len() < out.capacity() || stuck) {
                        return Ok(out);
                    }
                    if stuck {
                        return Err(invalid("a header block cannot be decompressed"));
                    }
                }
                Err(error) if error.needs_dictionary().is_some() => {
                    self.inflate
                        .set_dictionary(DICTIONARY)
                        .map_err(|_| invalid("the header dictionary was refused"))?;
                }
                Err(_) => return Err(invalid("a header block cannot be decompressed")),
            }
        }
    }
}

/// Writes frames.
pub(crate) struct Encoder {
    deflate: Compress,
}

impl Encoder {
    pub(crate) fn new() -> io::Result<Self> {
        let mut deflate = Compress::new(Compression::best(), true);
        deflate.set_dictionary(DICTIONARY).map_err(|_| invalid("the header dictionary was refused"))?;
        Ok(Self { deflate })
    }

    /// A frame as bytes.
    pub(crate) fn encode(&mut self, frame: &Frame) -> io::Result<Bytes> {
        let mut out = BytesMut::new();
        match frame {
            Frame::Data { stream, fin, data } => {
                out.reserve(HEADER + data.len());
                out.put_u32(*stream);
                out.put_u32(u32::from(u8::from(*fin)) << 24 | u32::try_from(data.len()).unwrap_or(0));
                out.put_slice(data);
            }
            Frame::SynStream { stream, fin, headers } => {
                let block = self.block(headers)?;
                control(&mut out, 1, u8::from(*fin), 10 + block.len());
                out.put_u32(*stream);
                out.put_u32(0);
                out.put_u16(0);
                out.put_slice(&block);
            }
            Frame::SynReply { stream } => {
                let block = self.block(&Headers::new())?;
                control(&mut out, 2, 0, 4 + block.len());
                out.put_u32(*stream);
                out.put_slice(&block);
            }
            Frame::Reset { stream, status } => {
                control(&mut out, 3, 0, 8);
                out.put_u32(*stream);
                out.put_u32(*status);
            }
            Frame::Ping { id } => {
                control(&mut out, 6, 0, 4);
                out.put_u32(*id);
            }
            Frame::GoAway { last } => {
                control(&mut out, 7, 0, 8);
                out.put_u32(*last);
                out.put_u32(0);
            }
            Frame::Other => {}
        }
        Ok(out.freeze())
    }

    fn block(&mut self, headers: &Headers) -> io::Result<Vec<u8>> {
        let mut plain = BytesMut::new();
        plain.put_u32(u32::try_from(headers.len()).unwrap_or(0));
        for (name, value) in headers {
            for text in [name, value] {
                plain.put_u32(u32::try_from(text.len()).unwrap_or(0));
                plain.put_slice(text.as_bytes());
            }
        }
        let mut out = Vec::with_capacity(plain.len() + 256);
        let mut at = 0;
        loop {
            let before = self.deflate.total_in();
            self.deflate
                .compress_vec(&plain[at..], &mut out, FlushCompress::Sync)
                .map_err(|_| invalid("headers cannot be compressed"))?;
            at += usize::try_from(self.deflate.total_in() - before).unwrap_or(0);
            if at >= plain.len() && out.len() < out.capacity() {
                return Ok(out);
            }
            out.reserve(256);
        }
    }
}

fn control(out: &mut BytesMut, type_: u16, flags: u8, length: usize) {
    out.put_u16(VERSION);
    out.put_u16(type_);
    out.put_u32(u32::from(flags) << 24 | u32::try_from(length).unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let (mut encoder, mut decoder) = (Encoder::new().unwrap(), Decoder::new());
        let headers =
            |kind: &str| vec![("streamtype".to_owned(), kind.to_owned()), ("port".to_owned(), "80".to_owned())];
        let frames = [
            Frame::SynStream { stream: 1, fin: false, headers: headers("error") },
            Frame::SynStream { stream: 3, fin: true, headers: headers("data") },
            Frame::Data { stream: 3, fin: false, data: Bytes::from_static(b"hello") },
            Frame::Data { stream: 3, fin: true, data: Bytes::new() },
            Frame::Ping { id: 7 },
            Frame::Reset { stream: 3, status: 5 },
            Frame::GoAway { last: 3 },
        ];
        let mut wire = BytesMut::new();
        for frame in &frames {
            wire.extend_from_slice(&encoder.encode(frame).unwrap());
        }
        let whole = wire.clone();
        let mut read = Vec::new();
        let mut buffer = BytesMut::new();
        for byte in whole {
            buffer.put_u8(byte);
            while let Some(frame) = decoder.next(&mut buffer).unwrap() {
                read.push(frame);
            }
        }
        assert_eq!(read, frames);
    }
}
