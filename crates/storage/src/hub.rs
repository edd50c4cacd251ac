//! Who watches what. Watchers are grouped by prefix, so a change touches only those that asked for it.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::mpsc::{self, OwnedPermit, Sender, error::TrySendError};

use crate::port::{Batch, Error, Event, Revision, Watch};

type Item = Result<Batch, Error>;

struct Watcher {
    tx: Sender<Item>,
    /// A place in the channel that stays free for the reason of the end.
    last_word: OwnedPermit<Item>,
}

/// All watchers of one engine.
#[derive(Default)]
pub(crate) struct Hub {
    groups: BTreeMap<Box<[u8]>, Vec<Watcher>>,
    /// How many groups have a prefix of this length.
    lengths: BTreeMap<usize, usize>,
    watchers: usize,
    /// Sweep out those that went away when there are this many.
    sweep_at: usize,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("watchers", &self.watchers).finish_non_exhaustive()
    }
}

/// The part of a batch that lies below `prefix`; shares the events when that is all of them.
pub(crate) fn below(batch: &Batch, prefix: &str) -> Option<Batch> {
    let hits = batch.events.iter().filter(|e| e.entry.key.starts_with(prefix)).count();
    if hits == 0 {
        return None;
    }
    if hits == batch.events.len() {
        return Some(batch.clone());
    }
    let events: Arc<[Event]> = batch.events.iter().filter(|e| e.entry.key.starts_with(prefix)).cloned().collect();
    Some(Batch { revision: batch.revision, events })
}

impl Hub {
    /// Adds a watcher whose channel already holds `replay`, and may then lag by `buffer` batches.
    pub fn add(&mut self, prefix: &str, replay: Vec<Batch>, buffer: usize) -> Watch {
        let (tx, rx) = mpsc::channel(replay.len() + buffer.max(1) + 1);
        let Ok(last_word) = tx.clone().try_reserve_owned() else { return rx };
        for batch in replay {
            // The channel was made large enough for them.
            let _ = tx.try_send(Ok(batch));
        }
        if self.watchers >= self.sweep_at {
            self.sweep();
        }
        self.watchers += 1;
        let key = prefix.as_bytes();
        if !self.groups.contains_key(key) {
            *self.lengths.entry(key.len()).or_default() += 1;
            self.groups.insert(key.into(), Vec::new());
        }
        if let Some(group) = self.groups.get_mut(key) {
            group.push(Watcher { tx, last_word });
        }
        rx
    }

    /// Hands a commit to those who asked for it. Never waits: who is too slow is told so and dropped.
    pub fn publish(&mut self, batch: &Batch, oldest: Revision) {
        if self.watchers == 0 {
            return;
        }
        let mut touched: Vec<&[u8]> = Vec::new();
        for event in batch.events.iter() {
            let key = event.entry.key.as_bytes();
            for (&length, _) in self.lengths.range(..=key.len()) {
                let prefix = &key[..length];
                if self.groups.contains_key(prefix) && !touched.contains(&prefix) {
                    touched.push(prefix);
                }
            }
        }
        let mut emptied = Vec::new();
        for prefix in touched {
            let Some(group) = self.groups.get_mut(prefix) else { continue };
            // A group's key is the prefix of a key, so it is text unless it ends inside a character: such a group cannot exist.
            let Some(part) = std::str::from_utf8(prefix).ok().and_then(|p| below(batch, p)) else { continue };
            self.watchers -= send(group, &part, oldest);
            if group.is_empty() {
                emptied.push(prefix);
            }
        }
        for prefix in emptied {
            self.groups.remove(prefix);
            forget(&mut self.lengths, prefix.len());
        }
    }

    /// Ends all watches.
    pub fn close(&mut self, reason: &Error) {
        for (_, group) in std::mem::take(&mut self.groups) {
            for watcher in group {
                watcher.last_word.send(Err(reason.clone()));
            }
        }
        self.lengths.clear();
        self.watchers = 0;
    }

    fn sweep(&mut self) {
        let (lengths, mut left) = (&mut self.lengths, 0);
        self.groups.retain(|prefix, group| {
            group.retain(|w| !w.tx.is_closed());
            left += group.len();
            if group.is_empty() {
                forget(lengths, prefix.len());
            }
            !group.is_empty()
        });
        self.watchers = left;
        self.sweep_at = (left * 2).max(64);
    }
}

/// Sends to a whole group and returns how many had to go.
fn send(group: &mut Vec<Watcher>, part: &Batch, oldest: Revision) -> usize {
    let (before, mut at) = (group.len(), 0);
    while at < group.len() {
        match group[at].tx.try_send(Ok(part.clone())) {
            Ok(()) => at += 1,
            Err(TrySendError::Closed(_)) => drop(group.swap_remove(at)),
            Err(TrySendError::Full(_)) => {
                let gone = Error::Compacted { asked: Revision(part.revision.0.saturating_sub(1)), oldest };
                group.swap_remove(at).last_word.send(Err(gone));
            }
        }
    }
    before - group.len()
}

fn forget(lengths: &mut BTreeMap<usize, usize>, length: usize) {
    if let Some(n) = lengths.get_mut(&length) {
        *n -= 1;
        if *n == 0 {
            lengths.remove(&length);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::port::Entry;

    fn batch(revision: u64, keys: &[&str]) -> Batch {
        let event = |k: &&str| {
            let entry = Entry {
                key: (*k).into(),
                value: Bytes::new(),
                modified: Revision(revision),
                created: Revision(revision),
            };
            Event { entry, previous: None, deleted: false }
        };
        Batch { revision: Revision(revision), events: keys.iter().map(event).collect() }
    }

    fn drain(watch: &mut Watch) -> Vec<String> {
        let mut seen = Vec::new();
        while let Ok(item) = watch.try_recv() {
            match item {
                Ok(b) => seen.extend(b.events.iter().map(|e| e.entry.key.to_string())),
                Err(e) => seen.push(format!("{e:?}").split(' ').next().unwrap_or_default().into()),
            }
        }
        seen
    }

    #[test]
    fn each_sees_its_prefix_only() {
        let mut hub = Hub::default();
        let mut watches: Vec<Watch> = ["", "/a/", "/a/b", "/c/", "/ä"].iter().map(|p| hub.add(p, vec![], 8)).collect();
        hub.publish(&batch(1, &["/a/b/1", "/a/c", "/c/1"]), Revision(0));
        hub.publish(&batch(2, &["/ä1", "/a"]), Revision(0));
        let seen: Vec<_> = watches.iter_mut().map(drain).collect();
        assert_eq!(seen[0], ["/a/b/1", "/a/c", "/c/1", "/ä1", "/a"]);
        assert_eq!(seen[1], ["/a/b/1", "/a/c"]);
        assert_eq!(seen[2], ["/a/b/1"]);
        assert_eq!(seen[3], ["/c/1"]);
        assert_eq!(seen[4], ["/ä1"]);
    }

    #[test]
    fn the_slow_one_goes_and_the_others_stay() {
        let mut hub = Hub::default();
        let mut slow = hub.add("/", vec![batch(1, &["/0"])], 2);
        let mut quick = hub.add("/", vec![], 2);
        for revision in 2..6 {
            hub.publish(&batch(revision, &["/k"]), Revision(0));
            assert_eq!(drain(&mut quick), ["/k"]);
        }
        assert_eq!(drain(&mut slow), ["/0", "/k", "/k", "Compacted"]);
        assert_eq!(hub.watchers, 1);
        hub.close(&Error::Closed);
        assert_eq!(drain(&mut quick), ["Closed"]);
    }

    #[test]
    fn the_departed_are_forgotten() {
        let mut hub = Hub::default();
        for i in 0..1000 {
            drop(hub.add(&format!("/{i}/"), vec![], 4));
        }
        assert!(hub.watchers <= 128, "{}", hub.watchers);
        let kept: Vec<Watch> = (0..3).map(|_| hub.add("/5/", vec![], 4)).collect();
        drop(kept);
        hub.publish(&batch(1, &["/5/x"]), Revision(0));
        assert!(!hub.groups.contains_key("/5/".as_bytes()));
    }
}
