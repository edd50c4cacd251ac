//! Bytes of the wire: tags, varints and lengths, forwards for reading and backwards for writing.

use super::read::ReadError;

/// One field of a message as it is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wire<'a> {
    Varint(u64),
    Eight([u8; 8]),
    Bytes(&'a [u8]),
    Four,
    /// Skipped as a whole.
    Group,
}

impl Wire<'_> {
    /// The number of its wire type.
    pub(super) fn number(self) -> u8 {
        match self {
            Wire::Varint(_) => 0,
            Wire::Eight(_) => 1,
            Wire::Bytes(_) => 2,
            Wire::Group => 3,
            Wire::Four => 5,
        }
    }
}

/// Groups in groups that are skipped at most.
const GROUPS: usize = 100;

/// The fields of a message.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    /// The message's name, for errors.
    name: &'a str,
}

impl<'a> Fields<'a> {
    pub(super) fn new(rest: &'a [u8], name: &'a str) -> Self {
        Fields { rest, name: name.rsplit('.').next().unwrap_or_default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn varint(&mut self) -> Result<u64, ReadError> {
        let (mut value, mut shift) = (0u64, 0);
        loop {
            if shift >= 64 {
                return Err(ReadError::Overflow);
            }
            let (byte, rest) = self.rest.split_first().ok_or(ReadError::End)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
            shift += 7;
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], ReadError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(ReadError::End)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn eight(&mut self) -> Result<[u8; 8], ReadError> {
        self.take(8)?.try_into().map_err(|_| ReadError::End)
    }

    fn bytes(&mut self) -> Result<&'a [u8], ReadError> {
        let length = self.varint()?;
        // Go has signed lengths.
        let length = i64::try_from(length).map_err(|_| ReadError::Length)?;
        self.take(usize::try_from(length).map_err(|_| ReadError::Length)?)
    }

    /// The next field and its number; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Wire<'a>)>, ReadError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let (number, kind) = ((tag >> 3) as i32, (tag & 7) as u8);
        if kind == 4 {
            return Err(ReadError::EndGroup(self.name.to_owned()));
        }
        let Some(number) = u32::try_from(number).ok().filter(|number| *number > 0) else {
            return Err(ReadError::Tag { message: self.name.to_owned(), number, wire: kind });
        };
        let wire = match kind {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Eight(self.eight()?),
            2 => Wire::Bytes(self.bytes()?),
            3 => {
                self.group()?;
                Wire::Group
            }
            5 => {
                self.take(4)?;
                Wire::Four
            }
            other => return Err(ReadError::Kind(other)),
        };
        Ok(Some((number, wire)))
    }

    /// Skips what is left of a group.
    fn group(&mut self) -> Result<(), ReadError> {
        let mut depth = 1;
        while depth > 0 {
            match (self.varint()? & 7) as u8 {
                0 => {
                    self.varint()?;
                }
                1 => {
                    self.take(8)?;
                }
                2 => {
                    self.bytes()?;
                }
                3 if depth == GROUPS => return Err(ReadError::Depth),
                3 => depth += 1,
                4 => depth -= 1,
                5 => {
                    self.take(4)?;
                }
                other => return Err(ReadError::Kind(other)),
            }
        }
        Ok(())
    }
}

/// Bytes that are written from the end to the front, so that every length is known when it is due.
pub(super) struct Back {
    bytes: Vec<u8>,
    /// The first byte that is written.
    at: usize,
}

impl Back {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Back { bytes: vec![0; capacity.max(64)], at: capacity.max(64) }
    }

    /// How many bytes are written.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn reserve(&mut self, count: usize) {
        if self.at >= count {
            return;
        }
        let (old, more) = (self.bytes.len(), self.bytes.len().max(count));
        let mut grown = vec![0; old + more];
        grown[more + self.at..].copy_from_slice(&self.bytes[self.at..]);
        self.at += more;
        self.bytes = grown;
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        let from = self.at - bytes.len();
        self.bytes[from..self.at].copy_from_slice(bytes);
        self.at = from;
    }

    pub(super) fn varint(&mut self, mut value: u64) {
        let mut out = [0u8; 10];
        let mut count = 0;
        loop {
            let more = value >= 0x80;
            out[count] = (value & 0x7f) as u8 | if more { 0x80 } else { 0 };
            count += 1;
            value >>= 7;
            if !more {
                break;
            }
        }
        self.put(&out[..count]);
    }

    fn tag(&mut self, number: u32, wire: u8) {
        self.varint(u64::from(number) << 3 | u64::from(wire));
    }

    /// A number.
    pub(super) fn number(&mut self, number: u32, value: i64) {
        self.varint(value.cast_unsigned());
        self.tag(number, 0);
    }

    /// A floating-point number.
    pub(super) fn double(&mut self, number: u32, value: f64) {
        self.put(&value.to_le_bytes());
        self.tag(number, 1);
    }

    /// Text, bytes, or a whole message.
    pub(super) fn field(&mut self, number: u32, bytes: &[u8]) {
        self.put(bytes);
        self.varint(bytes.len() as u64);
        self.tag(number, 2);
    }

    /// Closes the message whose body has been written since there were `before` bytes.
    pub(super) fn close(&mut self, number: u32, before: usize) {
        self.open(number, self.len() - before);
    }

    /// Tag and length of a message whose body of `length` bytes comes behind.
    pub(super) fn open(&mut self, number: u32, length: usize) {
        self.varint(length as u64);
        self.tag(number, 2);
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.drain(..self.at);
        self.bytes
    }
}
