//! How a state of a key is written down, in the log and in snapshots.

use bytes::Bytes;

use crate::{checksum::crc32c, index::RecordId};

const DELETED: u8 = 1;
const HEAD: usize = 1 + 8 + 8 + 4;
/// In the log a checksum of id and record lies in front of each record.
pub(crate) const SEAL: usize = 4;

/// A record as it lies in the file.
#[derive(Debug, PartialEq)]
pub(crate) struct Record<'a> {
    pub created: u64,
    /// Milliseconds since 1970; 0: never.
    pub expires: u64,
    pub key: &'a str,
    /// None: deleted.
    pub value: Option<&'a [u8]>,
}

impl<'a> Record<'a> {
    pub fn len(&self) -> usize {
        HEAD + self.key.len() + self.value.map_or(0, <[u8]>::len)
    }

    /// Writes it into `out`, which is [`Self::len`] long.
    pub fn encode(&self, out: &mut [u8]) {
        let key_length = u32::try_from(self.key.len()).unwrap_or(u32::MAX);
        let (head, rest) = out.split_at_mut(HEAD);
        head[0] = if self.value.is_none() { DELETED } else { 0 };
        head[1..9].copy_from_slice(&self.created.to_le_bytes());
        head[9..17].copy_from_slice(&self.expires.to_le_bytes());
        head[17..21].copy_from_slice(&key_length.to_le_bytes());
        let (key, value) = rest.split_at_mut(self.key.len());
        key.copy_from_slice(self.key.as_bytes());
        value.copy_from_slice(self.value.unwrap_or_default());
    }

    /// Reads one back, or says what is wrong with it.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let (head, rest) = bytes.split_at_checked(HEAD).ok_or("a record is too short")?;
        let number = |at: usize| head[at..at + 8].try_into().map_or(0, u64::from_le_bytes);
        let key_length = head[17..21].try_into().map_or(0, u32::from_le_bytes) as usize;
        let (key, value) = rest.split_at_checked(key_length).ok_or("a record's key is longer than the record")?;
        let key = std::str::from_utf8(key).map_err(|_| "a record's key is no text")?;
        let value = match head[0] {
            0 => Some(value),
            DELETED => None,
            _ => return Err("a record has unknown flags"),
        };
        Ok(Self { created: number(1), expires: number(9), key, value })
    }

    /// Writes it as it lies in the log into `out`, which is [`SEAL`] longer than [`Self::len`].
    pub fn seal(&self, id: RecordId, out: &mut [u8]) {
        let (seal, rest) = out.split_at_mut(SEAL);
        self.encode(rest);
        seal.copy_from_slice(&sum(id, rest).to_le_bytes());
    }

    /// Reads one from the log, or says what is wrong with it.
    pub fn unseal(id: RecordId, bytes: &'a [u8]) -> Result<Self, &'static str> {
        let (seal, rest) = bytes.split_at_checked(SEAL).ok_or("a record is too short")?;
        if seal != sum(id, rest).to_le_bytes() {
            return Err("a record's checksum does not match");
        }
        Self::decode(rest)
    }

    pub fn bytes(&self) -> Option<Bytes> {
        self.value.map(Bytes::copy_from_slice)
    }
}

fn sum((revision, place): RecordId, record: &[u8]) -> u32 {
    crc32c(&[&revision.to_le_bytes(), &place.to_le_bytes(), record])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_it_went() {
        for value in [Some(&b"value"[..]), Some(&b""[..]), None] {
            let record = Record { created: 7, expires: u64::MAX, key: "/ä/k", value };
            let mut out = vec![0; record.len()];
            record.encode(&mut out);
            assert_eq!(Record::decode(&out), Ok(record));
        }
    }

    #[test]
    fn a_seal_is_broken_by_any_bit_and_by_another_place() {
        let record = Record { created: 7, expires: 9, key: "/k", value: Some(b"value") };
        let mut good = vec![0; SEAL + record.len()];
        record.seal((3, 1), &mut good);
        assert_eq!(Record::unseal((3, 1), &good), Ok(record));
        assert!(Record::unseal((3, 2), &good).is_err() && Record::unseal((2, 1), &good).is_err());
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Record::unseal((3, 1), &bad).is_err(), "bit {bit}");
        }
        assert!(Record::unseal((3, 1), &good[..2]).is_err());
    }

    #[test]
    fn rubbish_is_named() {
        let record = Record { created: 1, expires: 0, key: "k", value: None };
        let mut good = vec![0; record.len()];
        record.encode(&mut good);
        assert!(Record::decode(&good[..10]).is_err());
        for (at, byte) in [(0, 9), (17, 200), (21, 0xff)] {
            let mut bad = good.clone();
            bad[at] = byte;
            assert!(Record::decode(&bad).is_err(), "{at}");
        }
    }
}
