//! Events about objects, written in the background.

use std::sync::Arc;

use k8s_openapi::{
    api::core::v1::{Event, EventSource, ObjectReference},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, Time},
};
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinHandle},
};

use crate::{
    client::Client,
    correlate::{Correlator, Decision},
    env::Env,
    error::Error,
    object::Object,
};

/// Events that wait to be written; more are dropped, as an event is worth less than memory.
const WAITING: usize = 1000;
/// Attempts to write an event.
const ATTEMPTS: u32 = 4;

/// Whether an event says that something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// All is as expected.
    Normal,
    /// Something is wrong.
    Warning,
}

impl Kind {
    fn text(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// An event in the form of the `events.k8s.io` API, as the scheduler writes.
#[derive(Debug, Clone)]
pub struct Note {
    /// What it is about.
    pub regarding: ObjectReference,
    /// What else it is about.
    pub related: Option<ObjectReference>,
    /// Normal or warning.
    pub kind: Kind,
    /// One word why.
    pub reason: String,
    /// One word what was done.
    pub action: String,
    /// A sentence.
    pub note: String,
}

struct Stop(AbortHandle);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Writes events of one component. A clone is cheap; the writer stops when the last one is dropped.
#[derive(Clone)]
pub struct Recorder {
    sender: mpsc::Sender<Event>,
    component: &'static str,
    host: Arc<str>,
    env: Env,
    _stop: Arc<Stop>,
}

/// The reference by which an event names an object.
#[must_use]
pub fn reference<K: Object>(object: &K) -> ObjectReference {
    ObjectReference {
        api_version: Some(K::API_VERSION.to_owned()),
        kind: Some(K::KIND.to_owned()),
        name: object.meta().name.clone(),
        namespace: object.meta().namespace.clone(),
        uid: object.meta().uid.clone(),
        resource_version: object.meta().resource_version.clone(),
        field_path: None,
    }
}

impl Recorder {
    /// A recorder of a component (`deployment-controller`), on a host (empty for the control plane).
    #[must_use]
    pub fn new(client: Client, env: Env, component: &'static str, host: &str) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let task: JoinHandle<()> = tokio::spawn(write_all(client, env.clone(), receiver));
        Self { sender, component, host: host.into(), env, _stop: Arc::new(Stop(task.abort_handle())) }
    }

    /// Says something about an object.
    pub fn event<K: Object>(&self, object: &K, kind: Kind, reason: &str, message: &str) {
        self.about(reference(object), kind, reason, message);
    }

    /// Says that something went as expected.
    pub fn normal<K: Object>(&self, object: &K, reason: &str, message: &str) {
        self.event(object, Kind::Normal, reason, message);
    }

    /// Says that something is wrong.
    pub fn warning<K: Object>(&self, object: &K, reason: &str, message: &str) {
        self.event(object, Kind::Warning, reason, message);
    }

    /// Says something about an object by reference (which may point to a part of it with `fieldPath`).
    pub fn about(&self, object: ObjectReference, kind: Kind, reason: &str, message: &str) {
        let now = self.env.now();
        let mut event = self.blank(object, now, kind, reason, message);
        event.count = Some(1);
        event.first_timestamp = Some(Time(now));
        event.last_timestamp = Some(Time(now));
        let host = (!self.host.is_empty()).then(|| self.host.to_string());
        event.source = Some(EventSource { component: Some(self.component.to_owned()), host: host.clone() });
        event.reporting_instance = Some(host.unwrap_or_default());
        self.push(event);
    }

    /// Says something in the form of the newer API.
    pub fn note(&self, note: Note) {
        let now = self.env.now();
        let mut event = self.blank(note.regarding, now, note.kind, &note.reason, &note.note);
        event.event_time = Some(MicroTime(now));
        event.action = Some(note.action);
        event.related = note.related;
        event.reporting_instance = Some(format!("{}-{}", self.component, self.host));
        self.push(event);
    }

    fn blank(&self, object: ObjectReference, now: jiff::Timestamp, kind: Kind, reason: &str, message: &str) -> Event {
        let namespace = object.namespace.clone().filter(|n| !n.is_empty()).unwrap_or_else(|| "default".to_owned());
        // Upstream's form: the object's name and the time; two at the same instant get a different last digits by the seed.
        let nanos = now.as_nanosecond() as u64 ^ (self.env.rng.next() & 0xFFFF);
        let name: String = object.name.as_deref().unwrap_or_default().chars().take(230).collect();
        Event {
            metadata: ObjectMeta {
                name: Some(format!("{name}.{nanos:x}")),
                namespace: Some(namespace),
                ..ObjectMeta::default()
            },
            involved_object: object,
            reason: Some(reason.to_owned()),
            message: Some(message.chars().take(1024).collect()),
            type_: Some(kind.text().to_owned()),
            reporting_component: Some(self.component.to_owned()),
            ..Event::default()
        }
    }

    fn push(&self, event: Event) {
        if self.sender.try_send(event).is_err() {
            self.env.say("too many events wait to be written; one is dropped");
        }
    }
}

async fn write_all(client: Client, env: Env, mut receiver: mpsc::Receiver<Event>) {
    let mut correlator = Correlator::default();
    while let Some(event) = receiver.recv().await {
        let decision = correlator.decide(event, env.now());
        for attempt in 0..ATTEMPTS {
            match write(&client, &env, &decision).await {
                Err(error) if error.is_retryable() && !error.is_conflict() => {
                    let delay = std::time::Duration::from_millis(200 << attempt);
                    tokio::time::sleep(env.rng.jitter(delay, 0.5)).await;
                }
                // A refusal will not change: the namespace is going, or the name is taken.
                Ok(()) | Err(_) => break,
            }
        }
    }
}

async fn write(client: &Client, env: &Env, decision: &Decision) -> Result<(), Error> {
    match decision {
        Decision::Drop => Ok(()),
        Decision::Create(event) => client.create::<Event>(event).await.map(drop),
        Decision::Count(event) => {
            let patch = count_patch(event, env);
            match client.merge::<Event>(event.namespace(), Object::name(&**event), &patch).await {
                Err(error) if error.is_not_found() => client.create::<Event>(event).await.map(drop),
                other => other.map(drop),
            }
        }
    }
}

fn count_patch(event: &Event, env: &Env) -> Value {
    if event.event_time.is_some() {
        return json!({ "series": { "count": event.count, "lastObservedTime": MicroTime(env.now()) } });
    }
    json!({ "count": event.count, "lastTimestamp": event.last_timestamp, "message": event.message })
}
