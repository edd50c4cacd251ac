//! How a state of a key is written down, in the log and in snapshots.

use bytes::Bytes;

const DELETED: u8 = 1;
const HEAD: usize = 1 + 8 + 8 + 4;

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

    pub fn bytes(&self) -> Option<Bytes> {
        self.value.map(Bytes::copy_from_slice)
    }
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
