//! Which events are worth writing: the same one again becomes a count, similar ones are combined, floods are dropped.

use std::collections::{BTreeSet, HashMap, VecDeque};

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{Event, ObjectReference},
    apimachinery::pkg::apis::meta::v1::Time,
};

/// Entries of each memory.
const ENTRIES: usize = 512;
/// So many messages of one reason within [`SIMILAR_SECONDS`] are combined.
const SIMILAR: usize = 10;
const SIMILAR_SECONDS: i64 = 600;
/// Events about one object at once, and seconds until one more is allowed.
const BURST: f64 = 25.0;
const REFILL_SECONDS: f64 = 300.0;

/// A map that forgets its oldest entry when it is full.
struct Bounded<V> {
    map: HashMap<String, V>,
    order: VecDeque<String>,
}

impl<V> Default for Bounded<V> {
    fn default() -> Self {
        Self { map: HashMap::new(), order: VecDeque::new() }
    }
}

impl<V> Bounded<V> {
    fn entry(&mut self, key: &str, make: impl FnOnce() -> V) -> &mut V {
        if !self.map.contains_key(key) {
            if self.order.len() >= ENTRIES
                && let Some(oldest) = self.order.pop_front()
            {
                self.map.remove(&oldest);
            }
            self.order.push_back(key.to_owned());
        }
        self.map.entry(key.to_owned()).or_insert_with(make)
    }
}

struct Bucket {
    tokens: f64,
    at: Timestamp,
}

struct Similar {
    messages: BTreeSet<String>,
    last: Timestamp,
}

#[derive(Clone)]
struct Seen {
    count: i32,
    first: Option<Time>,
    name: String,
}

/// What to do with an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Write it as a new object.
    Create(Box<Event>),
    /// It is there already: raise its count. The event is whole, to be created when the old object is gone.
    Count(Box<Event>),
    /// Too many of its kind.
    Drop,
}

/// The memory of one recorder.
#[derive(Default)]
pub struct Correlator {
    buckets: Bounded<Bucket>,
    similar: Bounded<Similar>,
    seen: Bounded<Seen>,
}

fn text(value: Option<&String>) -> &str {
    value.map_or("", String::as_str)
}

fn about(event: &Event) -> String {
    let object: &ObjectReference = &event.involved_object;
    let source = event.source.as_ref();
    [
        text(source.and_then(|s| s.component.as_ref())),
        text(source.and_then(|s| s.host.as_ref())),
        text(event.reporting_component.as_ref()),
        text(object.kind.as_ref()),
        text(object.namespace.as_ref()),
        text(object.name.as_ref()),
        text(object.uid.as_ref()),
        text(object.api_version.as_ref()),
        text(event.type_.as_ref()),
    ]
    .join("\u{1}")
}

impl Correlator {
    /// Decides about an event at a time.
    pub fn decide(&mut self, event: Event, now: Timestamp) -> Decision {
        let about = about(&event);
        let reason = format!("{about}\u{1}{}", text(event.reason.as_ref()));
        let message = text(event.message.as_ref()).to_owned();
        let field = text(event.involved_object.field_path.as_ref()).to_owned();
        let (mut event, key) = if self.is_one_of_many(&reason, &message, now) {
            (combined(event, now), reason)
        } else {
            (event, format!("{reason}\u{1}{field}\u{1}{message}"))
        };
        if self.is_flood(&about, now) {
            return Decision::Drop;
        }
        let name = event.metadata.name.clone().unwrap_or_default();
        let first = event.first_timestamp.clone();
        let seen = self.seen.entry(&key, || Seen { count: 0, first, name });
        seen.count = seen.count.saturating_add(1);
        if seen.count == 1 {
            return Decision::Create(Box::new(event));
        }
        event.metadata.name = Some(seen.name.clone());
        event.first_timestamp.clone_from(&seen.first);
        event.count = Some(seen.count);
        Decision::Count(Box::new(event))
    }

    /// Whether a reason comes with too many different messages.
    fn is_one_of_many(&mut self, reason: &str, message: &str, now: Timestamp) -> bool {
        let similar = self.similar.entry(reason, || Similar { messages: BTreeSet::new(), last: now });
        if now.duration_since(similar.last).as_secs() > SIMILAR_SECONDS {
            similar.messages.clear();
        }
        similar.last = now;
        similar.messages.insert(message.to_owned());
        if similar.messages.len() < SIMILAR {
            return false;
        }
        similar.messages.pop_first();
        true
    }

    fn is_flood(&mut self, about: &str, now: Timestamp) -> bool {
        let bucket = self.buckets.entry(about, || Bucket { tokens: BURST, at: now });
        let passed = now.duration_since(bucket.at).as_secs_f64().max(0.0);
        bucket.tokens = (bucket.tokens + passed / REFILL_SECONDS).min(BURST);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return true;
        }
        bucket.tokens -= 1.0;
        false
    }
}

fn combined(mut event: Event, now: Timestamp) -> Event {
    let message = event.message.take().unwrap_or_default();
    event.message = Some(format!("(combined from similar events): {message}"));
    event.count = event.count.map(|_| 1);
    event.first_timestamp = event.first_timestamp.map(|_| Time(now));
    event
}
