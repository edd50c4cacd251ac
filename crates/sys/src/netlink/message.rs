//! Building and reading netlink messages: headers, attributes, nesting.

use std::net::Ipv4Addr;

/// `NLM_F_REQUEST`.
const REQUEST: u16 = 1;
/// Asks for an answer also where all went well.
pub const ACK: u16 = 4;
/// Asks for all there is.
pub const DUMP: u16 = 0x300;
/// Replaces what is there.
pub const REPLACE: u16 = 0x100;
/// Fails where there is one.
pub const EXCLUSIVE: u16 = 0x200;
/// Makes what is not there.
pub const CREATE: u16 = 0x400;
/// Behind what is there.
pub const APPEND: u16 = 0x800;

const NESTED: u16 = 0x8000;

/// One or more messages being built.
#[derive(Debug, Default, Clone)]
pub struct Buffer {
    bytes: Vec<u8>,
    sequence: u32,
}

impl Buffer {
    /// Adds a message: its kind, flags, fixed part and attributes. Returns its sequence number.
    pub fn message(&mut self, kind: u16, flags: u16, head: &[u8], body: impl FnOnce(&mut Self)) -> u32 {
        let start = self.bytes.len();
        self.sequence += 1;
        self.bytes.extend([0; 4]);
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend((flags | REQUEST).to_ne_bytes());
        self.bytes.extend(self.sequence.to_ne_bytes());
        self.bytes.extend([0; 4]);
        self.bytes.extend(head);
        self.pad();
        body(self);
        let length = u32::try_from(self.bytes.len() - start).unwrap_or(u32::MAX);
        self.bytes[start..start + 4].copy_from_slice(&length.to_ne_bytes());
        self.sequence
    }

    /// Sets further flags on the message that begins at `start`.
    pub(crate) fn add_flags(&mut self, start: usize, flags: u16) {
        let at = start + 6;
        let now = u16::from_ne_bytes([self.bytes[at], self.bytes[at + 1]]);
        self.bytes[at..at + 2].copy_from_slice(&(now | flags).to_ne_bytes());
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// A plain attribute.
    pub fn attr(&mut self, kind: u16, value: &[u8]) {
        let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        self.bytes.extend(length.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend(value);
        self.pad();
    }

    /// A text with its end.
    pub fn text(&mut self, kind: u16, value: &str) {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.attr(kind, &bytes);
    }

    /// A number as the machine writes it.
    pub fn u32(&mut self, kind: u16, value: u32) {
        self.attr(kind, &value.to_ne_bytes());
    }

    /// A number in network order.
    pub fn be32(&mut self, kind: u16, value: u32) {
        self.attr(kind, &value.to_be_bytes());
    }

    /// A number in network order.
    pub fn be64(&mut self, kind: u16, value: u64) {
        self.attr(kind, &value.to_be_bytes());
    }

    /// An address.
    pub fn ipv4(&mut self, kind: u16, value: Ipv4Addr) {
        self.attr(kind, &value.octets());
    }

    /// An attribute made of others.
    pub fn nest(&mut self, kind: u16, inner: impl FnOnce(&mut Self)) {
        self.nest_with(kind, &[], inner);
    }

    /// The same with a fixed part in front.
    pub fn nest_with(&mut self, kind: u16, head: &[u8], inner: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.bytes.extend([0; 2]);
        self.bytes.extend((kind | NESTED).to_ne_bytes());
        self.bytes.extend(head);
        self.pad();
        inner(self);
        let length = self.bytes.len() - start;
        debug_assert!(length <= usize::from(u16::MAX), "a nested attribute is at most 64 KiB long");
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        self.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
    }

    /// What was built.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The number of the last message.
    #[must_use]
    pub fn last(&self) -> u32 {
        self.sequence
    }
}

/// A message as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: u16,
    /// `NLM_F_*`.
    pub flags: u16,
    /// Of the request that it answers.
    pub sequence: u32,
    /// Of the socket that it answers or that caused it.
    pub port: u32,
    /// Fixed part and attributes.
    pub payload: Vec<u8>,
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

/// Splits what was received into messages; what is cut short is left out.
pub fn messages(mut bytes: &[u8]) -> Vec<Message> {
    let mut all = Vec::new();
    while let Some(length) = number(bytes, 0).map(|l| u32::from_ne_bytes(l) as usize) {
        let (Some(whole), true) = (bytes.get(..length), length >= 16) else { break };
        all.push(Message {
            kind: number(whole, 4).map_or(0, u16::from_ne_bytes),
            flags: number(whole, 6).map_or(0, u16::from_ne_bytes),
            sequence: number(whole, 8).map_or(0, u32::from_ne_bytes),
            port: number(whole, 12).map_or(0, u32::from_ne_bytes),
            payload: whole[16..].to_vec(),
        });
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    all
}

/// Goes through attributes: kind without flags, value.
pub fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(number(bytes, 0)?));
        let kind = u16::from_ne_bytes(number(bytes, 2)?) & 0x3fff;
        let value = bytes.get(4..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// The value of one attribute.
pub fn attribute(bytes: &[u8], kind: u16) -> Option<&[u8]> {
    attributes(bytes).find(|(k, _)| *k == kind).map(|(_, v)| v)
}

/// A text attribute without its end.
pub fn as_text(value: &[u8]) -> String {
    let end = value.iter().position(|b| *b == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

/// A number as the machine writes it.
pub fn as_u32(value: &[u8]) -> Option<u32> {
    number(value, 0).map(u32::from_ne_bytes)
}

/// A number in network order.
pub fn as_be32(value: &[u8]) -> Option<u32> {
    number(value, 0).map(u32::from_be_bytes)
}

/// A number in network order.
pub fn as_be16(value: &[u8]) -> Option<u16> {
    number(value, 0).map(u16::from_be_bytes)
}

/// An address.
pub fn as_ipv4(value: &[u8]) -> Option<Ipv4Addr> {
    number::<4>(value, 0).map(Ipv4Addr::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_can_be_read() {
        let mut buffer = Buffer::default();
        for round in 0..2u8 {
            buffer.message(7, ACK, &[round, 0, 0], |b| {
                b.text(1, "abc");
                b.nest(2, |b| {
                    b.be32(3, 0x0102_0304);
                    b.attr(4, &[9]);
                });
                b.ipv4(5, Ipv4Addr::new(10, 0, 0, 1));
            });
        }
        let all = messages(buffer.bytes());
        assert_eq!(all.len(), 2);
        assert_eq!((all[1].kind, all[1].sequence, all[1].payload[0]), (7, 2, 1));
        let body = &all[1].payload[4..];
        assert_eq!(attribute(body, 1).map(as_text).as_deref(), Some("abc"));
        let nested = attribute(body, 2).unwrap();
        assert_eq!(attribute(nested, 3).and_then(as_be32), Some(0x0102_0304));
        assert_eq!(attribute(nested, 4), Some(&[9][..]));
        assert_eq!(attribute(body, 5).and_then(as_ipv4), Some(Ipv4Addr::new(10, 0, 0, 1)));
        assert_eq!(messages(&buffer.bytes()[..20]), vec![]);
        assert_eq!(attributes(&[9, 0, 1, 0, 1]).count(), 0);
    }
}
