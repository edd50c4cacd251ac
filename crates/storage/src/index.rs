//! The ordered index: every key with its live value and, until they are compacted, the values before.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use bytes::Bytes;

use crate::port::{Entry, Revision};

/// Where a record lies in the durable log: revision, and place within the commit.
pub(crate) type RecordId = (u64, u32);

/// One state of a key. No value: it was deleted.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub modified: u64,
    pub created: u64,
    pub value: Option<Bytes>,
    /// Milliseconds since 1970; 0: never.
    pub expires: u64,
    pub index: u32,
}

impl Version {
    fn entry(&self, key: &Arc<str>) -> Option<Entry> {
        let value = self.value.clone()?;
        Some(Entry { key: key.clone(), value, modified: Revision(self.modified), created: Revision(self.created) })
    }
}

#[derive(Debug)]
struct Chain {
    head: Version,
    /// Ascending by revision.
    older: Vec<Version>,
}

impl Chain {
    fn at(&self, revision: u64) -> Option<&Version> {
        if self.head.modified <= revision {
            return Some(&self.head);
        }
        self.older.iter().rev().find(|v| v.modified <= revision)
    }
}

/// The index. Knows nothing of disks, watchers or time.
#[derive(Debug, Default)]
pub(crate) struct Index {
    keys: BTreeMap<Arc<str>, Chain>,
    live: usize,
    live_bytes: u64,
}

/// A part of a walk: at most so many keys were looked at, `next` is where to go on.
pub(crate) struct Slice {
    pub entries: Vec<Entry>,
    pub next: Option<Arc<str>>,
}

impl Index {
    pub fn live(&self, key: &str) -> Option<Entry> {
        let (key, chain) = self.keys.get_key_value(key)?;
        chain.head.entry(key)
    }

    /// The deadline of a live key.
    pub fn expires(&self, key: &str) -> u64 {
        self.keys.get(key).filter(|c| c.head.value.is_some()).map_or(0, |c| c.head.expires)
    }

    pub fn live_bytes(&self) -> u64 {
        self.live_bytes
    }

    /// Puts a new state on top. Revisions only grow.
    pub fn push(&mut self, key: &Arc<str>, version: Version) {
        let size = |v: &Version| v.value.as_ref().map_or(0, |b| (key.len() + b.len()) as u64);
        self.live_bytes += size(&version);
        self.live += usize::from(version.value.is_some());
        match self.keys.get_mut(key) {
            Some(chain) => {
                debug_assert!(chain.head.modified < version.modified, "one state per revision");
                self.live_bytes -= size(&chain.head);
                self.live -= usize::from(chain.head.value.is_some());
                let before = std::mem::replace(&mut chain.head, version);
                chain.older.push(before);
            }
            None => {
                self.keys.insert(key.clone(), Chain { head: version, older: Vec::new() });
            }
        }
    }

    /// Forgets what nobody can read any more at `oldest` or later, and says which records that were.
    pub fn trim(&mut self, key: &str, oldest: u64, garbage: &mut Vec<RecordId>) {
        let Some(chain) = self.keys.get_mut(key) else { return };
        if chain.head.modified <= oldest {
            garbage.extend(chain.older.drain(..).map(|v| (v.modified, v.index)));
            if chain.head.value.is_none() {
                garbage.push((chain.head.modified, chain.head.index));
                self.keys.remove(key);
            } else {
                chain.older = Vec::new();
            }
            return;
        }
        // The newest state that is still visible at `oldest` stays, unless it says "not there".
        let Some(visible) = chain.older.iter().rposition(|v| v.modified <= oldest) else { return };
        let cut = visible + usize::from(chain.older[visible].value.is_none());
        garbage.extend(chain.older.drain(..cut).map(|v| (v.modified, v.index)));
        chain.older.shrink_to(chain.older.len() * 2);
    }

    /// Looks at up to `steps` keys below `prefix` from `from` on, and collects at most `limit` of those that were there at `revision`.
    pub fn slice(&self, prefix: &str, from: &str, revision: u64, limit: usize, steps: usize) -> Slice {
        let mut entries = Vec::new();
        let start = if from > prefix { from } else { prefix };
        let mut walk = self.keys.range::<str, _>((Bound::Included(start), Bound::Unbounded));
        for _ in 0..steps {
            let Some((key, chain)) = walk.next() else { return Slice { entries, next: None } };
            if !key.starts_with(prefix) {
                return Slice { entries, next: None };
            }
            if let Some(entry) = chain.at(revision).and_then(|v| v.entry(key)) {
                if entries.len() == limit {
                    return Slice { entries, next: Some(key.clone()) };
                }
                entries.push(entry);
            }
        }
        let next = walk.next().map(|(k, _)| k).filter(|k| k.starts_with(prefix)).cloned();
        Slice { entries, next }
    }

    /// Counts like [`Self::slice`] without collecting.
    pub fn count(&self, prefix: &str, from: &str, revision: u64, steps: usize) -> (u64, Option<Arc<str>>) {
        let mut count = 0;
        let mut walk = self.keys.range::<str, _>((Bound::Included(from), Bound::Unbounded));
        for _ in 0..steps {
            let Some((_, chain)) = walk.next().filter(|(k, _)| k.starts_with(prefix)) else { return (count, None) };
            count += u64::from(chain.at(revision).is_some_and(|v| v.value.is_some()));
        }
        (count, walk.next().map(|(k, _)| k).filter(|k| k.starts_with(prefix)).cloned())
    }

    /// The deadline that a key had at `revision`, for snapshots.
    pub fn expires_at(&self, key: &str, revision: u64) -> u64 {
        self.keys.get(key).and_then(|c| c.at(revision)).map_or(0, |v| v.expires)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(modified: u64, value: Option<&'static str>) -> Version {
        Version { modified, created: 1, value: value.map(Bytes::from), expires: 0, index: 0 }
    }

    fn index() -> Index {
        let mut index = Index::default();
        index.push(&"/a/x".into(), version(1, Some("1")));
        index.push(&"/a/y".into(), version(2, Some("2")));
        index.push(&"/a/x".into(), version(3, Some("3")));
        index.push(&"/a/y".into(), version(4, None));
        index.push(&"/b".into(), version(5, Some("5")));
        index
    }

    fn keys(index: &Index, prefix: &str, at: u64) -> Vec<String> {
        let entries = index.slice(prefix, "", at, usize::MAX, 100).entries;
        entries.iter().map(|e| format!("{}={}", e.key, std::str::from_utf8(&e.value).unwrap())).collect()
    }

    #[test]
    fn each_revision_has_its_picture() {
        let index = index();
        let cases = [
            (0, vec![]),
            (1, vec!["/a/x=1"]),
            (2, vec!["/a/x=1", "/a/y=2"]),
            (3, vec!["/a/x=3", "/a/y=2"]),
            (4, vec!["/a/x=3"]),
        ];
        for (at, want) in cases {
            assert_eq!(keys(&index, "/a/", at), want, "at {at}");
        }
        assert_eq!(keys(&index, "", 5), ["/a/x=3", "/b=5"]);
        assert_eq!((index.live, index.live_bytes), (2, 5 + 3));
    }

    #[test]
    fn trimming_leaves_what_can_still_be_read() {
        let (mut index, mut garbage) = (index(), Vec::new());
        index.trim("/a/x", 2, &mut garbage);
        index.trim("/a/y", 2, &mut garbage);
        assert_eq!(garbage, []);
        assert_eq!(keys(&index, "/a/", 2), ["/a/x=1", "/a/y=2"]);
        index.trim("/a/x", 4, &mut garbage);
        index.trim("/a/y", 4, &mut garbage);
        assert_eq!(garbage, [(1, 0), (2, 0), (4, 0)]);
        assert_eq!(keys(&index, "/a/", 4), ["/a/x=3"]);
        assert_eq!(index.keys.len(), 2);
    }

    #[test]
    fn slices_join_up() {
        let mut index = Index::default();
        for i in 0..10u64 {
            index.push(&format!("/k/{i}").into(), version(i + 1, (i % 3 != 0).then_some("v")));
        }
        for steps in 1..12 {
            let (mut from, mut seen) = (Arc::<str>::from(""), Vec::new());
            loop {
                let part = index.slice("/k/", &from, 99, usize::MAX, steps);
                seen.extend(part.entries.into_iter().map(|e| e.key));
                let Some(next) = part.next else { break };
                from = next;
            }
            assert_eq!(seen.len(), 6, "with {steps} steps");
        }
    }
}
