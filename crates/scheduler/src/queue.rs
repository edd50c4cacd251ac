//! Pods that wait for a node: ready to try, backing off, or put aside until something relevant changes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use client::Key;
use tokio::time::Instant;

use crate::plugins::{Cause, PLUGINS};

/// First back-off after a failed attempt; doubles up to [`LONGEST_BACKOFF`].
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);
/// A pod put aside is tried again after this time whatever happens: the same safety net that upstream has.
const LONGEST_ASIDE: Duration = Duration::from_secs(300);

/// Priority (higher first), then order of arrival.
type Rank = (std::cmp::Reverse<i32>, u64);

#[derive(Debug, Clone)]
struct Waiting {
    uid: String,
    priority: i32,
    attempts: u32,
    last_attempt: Option<Instant>,
    /// Places in [`PLUGINS`] of those that rejected it.
    rejected_by: Vec<usize>,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Active(Rank),
    /// Until then.
    BackOff(Instant),
    /// Until something helps, or then at the latest.
    Aside(Instant),
    /// Being tried now.
    InFlight,
    /// Others are being sent away for it; whether something has happened since that may help.
    Held(bool),
}

/// What to do next.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// Try this pod.
    Pod(Key),
    /// Nothing before this moment.
    Wait(Instant),
    /// Nothing until something happens.
    Idle,
}

/// The waiting pods.
#[derive(Debug, Default)]
pub struct Queue {
    pods: HashMap<Key, Waiting>,
    active: BTreeMap<Rank, Key>,
    /// When those that back off or are put aside are due.
    due: BTreeSet<(Instant, Key)>,
    aside: BTreeSet<Key>,
    arrivals: u64,
    /// Causes that came while a pod was being tried: they count as coming after its failure.
    missed: BTreeSet<Cause>,
}

impl Queue {
    /// A pod without a node is there, or changed.
    pub fn put(&mut self, key: Key, uid: &str, priority: i32, now: Instant) {
        if let Some(known) = self.pods.get(&key) {
            if known.uid == uid {
                self.wake_one(&key, Cause::PodChanged, now);
                return;
            }
            self.remove(&key);
        }
        let rank = self.rank(priority);
        let place = Place::InFlight;
        let waiting =
            Waiting { uid: uid.to_owned(), priority, attempts: 0, last_attempt: None, rejected_by: Vec::new(), place };
        self.pods.insert(key.clone(), waiting);
        self.move_to(&key, Place::Active(rank));
    }

    /// A pod needs no node any more.
    pub fn remove(&mut self, key: &Key) {
        self.take_out(key);
        self.pods.remove(key);
    }

    /// This very pod needs no node any more; another one of its name, which may have come meanwhile, still does.
    pub fn placed(&mut self, key: &Key, uid: &str) {
        if self.wants(key, uid) {
            self.remove(key);
        }
    }

    /// Takes it out of where it waits.
    fn take_out(&mut self, key: &Key) {
        match self.pods.get(key).map(|p| p.place) {
            Some(Place::Active(rank)) => {
                self.active.remove(&rank);
            }
            Some(Place::BackOff(due) | Place::Aside(due)) => {
                self.due.remove(&(due, key.clone()));
                self.aside.remove(key);
            }
            Some(Place::Held(_)) => {
                self.aside.remove(key);
            }
            Some(Place::InFlight) | None => {}
        }
    }

    fn move_to(&mut self, key: &Key, place: Place) {
        self.take_out(key);
        let Some(pod) = self.pods.get_mut(key) else { return };
        pod.place = place;
        match place {
            Place::Active(rank) => {
                self.active.insert(rank, key.clone());
            }
            Place::BackOff(due) => {
                self.due.insert((due, key.clone()));
            }
            Place::Aside(due) => {
                self.due.insert((due, key.clone()));
                self.aside.insert(key.clone());
            }
            Place::Held(_) => {
                self.aside.insert(key.clone());
            }
            Place::InFlight => {}
        }
    }

    /// The next pod to try.
    pub fn next(&mut self, now: Instant) -> Next {
        self.ripen(now);
        let Some(key) = self.active.first_key_value().map(|(_, key)| key.clone()) else {
            return self.due.first().map_or(Next::Idle, |(due, _)| Next::Wait(*due));
        };
        self.move_to(&key, Place::InFlight);
        if let Some(pod) = self.pods.get_mut(&key) {
            pod.attempts += 1;
            pod.last_attempt = Some(now);
        }
        self.missed.clear();
        Next::Pod(key)
    }

    /// No node will do; these plugins said so.
    pub fn put_aside(&mut self, key: &Key, rejected_by: Vec<usize>, now: Instant) {
        let missed = std::mem::take(&mut self.missed);
        if let Some(pod) = self.pods.get_mut(key) {
            pod.rejected_by = rejected_by;
        }
        self.move_to(key, Place::Aside(now + LONGEST_ASIDE));
        for cause in missed {
            self.wake_one(key, cause, now);
        }
    }

    /// A pod that was just put aside is not to be tried until [`Queue::release`]: others are being sent away for it.
    pub fn hold(&mut self, key: &Key) {
        self.move_to(key, Place::Held(false));
    }

    /// The others have been told to go. It is tried again when something happens that may help, or has happened since; or
    /// in any case, where they could not be told (`retry`).
    pub fn release(&mut self, key: &Key, uid: &str, retry: bool, now: Instant) {
        let Some(pod) = self.pods.get(key).filter(|p| p.uid == uid) else { return };
        let Place::Held(woken) = pod.place else { return };
        let until = pod.last_attempt.map_or(now, |at| at + backoff(pod.attempts));
        let place = if woken || retry { Place::BackOff(until) } else { Place::Aside(now + LONGEST_ASIDE) };
        self.move_to(key, place);
    }

    /// The attempt failed for a passing reason: try again after its back-off.
    pub fn retry(&mut self, key: &Key, uid: &str, now: Instant) {
        if let Some(attempts) = self.pods.get(key).filter(|p| p.uid == uid).map(|p| p.attempts) {
            self.move_to(key, Place::BackOff(now + backoff(attempts)));
        }
    }

    /// Something happened: pods that it may help are tried again, after their back-off.
    pub fn wake(&mut self, cause: Cause, now: Instant) {
        self.missed.insert(cause);
        for key in self.aside.clone() {
            self.wake_one(&key, cause, now);
        }
    }

    /// Whether this very pod still wants a node.
    #[must_use]
    pub fn wants(&self, key: &Key, uid: &str) -> bool {
        self.pods.get(key).is_some_and(|pod| pod.uid == uid)
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pods.len()
    }

    /// Nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }

    fn wake_one(&mut self, key: &Key, cause: Cause, now: Instant) {
        let Some(pod) = self.pods.get_mut(key) else { return };
        let helps = pod.rejected_by.is_empty() || pod.rejected_by.iter().any(|i| PLUGINS[*i].wakes.contains(&cause));
        if let Place::Held(woken) = &mut pod.place {
            *woken |= helps;
        }
        if !matches!(pod.place, Place::Aside(_)) || !helps {
            return;
        }
        let until = pod.last_attempt.map_or(now, |at| at + backoff(pod.attempts));
        self.move_to(key, Place::BackOff(until));
        self.ripen(now);
    }

    /// Moves what has waited long enough to the active ones.
    fn ripen(&mut self, now: Instant) {
        while let Some((due, key)) = self.due.first().cloned() {
            if due > now {
                break;
            }
            let priority = self.pods.get(&key).map_or(0, |p| p.priority);
            let rank = self.rank(priority);
            self.move_to(&key, Place::Active(rank));
        }
    }

    fn rank(&mut self, priority: i32) -> Rank {
        self.arrivals += 1;
        (std::cmp::Reverse(priority), self.arrivals)
    }
}

fn backoff(attempts: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(1 << attempts.saturating_sub(1).min(8)).min(LONGEST_BACKOFF)
}
