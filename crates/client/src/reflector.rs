//! The task that feeds an informer: list, watch, and start again when the server says so.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    client::{Client, ListOptions, PAGE, parameter},
    env::Env,
    error::Error,
    informer::Informer,
    object::Stored,
    transport::{EventKind, RawEvent},
};

const FIRST_DELAY: Duration = Duration::from_millis(20);
const LONGEST_DELAY: Duration = Duration::from_secs(10);
/// A watch that was open for so long was a good one.
const LASTING: Duration = Duration::from_secs(5);
/// A watch is renewed after this, plus up to as much again, so that watches do not end together.
const WATCH_SECONDS: u64 = 300;

/// Where an informer gets its objects from.
pub(crate) struct Source {
    pub client: Client,
    pub path: String,
    pub labels: String,
    pub fields: String,
    pub env: Env,
}

#[derive(Deserialize)]
struct RawPage<'a> {
    #[serde(default)]
    metadata: RawMeta,
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawMeta {
    resource_version: String,
    #[serde(rename = "continue")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Versioned {
    #[serde(default)]
    metadata: RawMeta,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ErrorStatus {
    code: u16,
    reason: String,
    message: String,
}

/// Why a watch ended.
enum End {
    /// The server closed it, or it went quiet: go on from the last version.
    Closed,
    /// The version is too old: list again.
    Expired,
    /// Something else.
    Failed(String),
}

/// Feeds `informer` until the task is dropped.
pub(crate) async fn run<K: Stored>(source: Source, informer: Arc<Informer<K>>) {
    let mut failures = 0u32;
    let mut version = String::new();
    loop {
        if version.is_empty() {
            match source.list(&informer).await {
                Ok(listed) => version = listed,
                Err(error) => {
                    source.pause(&mut failures, &error.to_string()).await;
                    continue;
                }
            }
        }
        let (before, opened) = (version.clone(), tokio::time::Instant::now());
        match source.watch(&informer, &mut version).await {
            // One that brought something, or simply came to its end, was no failure.
            End::Closed if version != before || opened.elapsed() >= LASTING => failures = 0,
            End::Closed => source.pause(&mut failures, "").await,
            End::Expired => {
                version.clear();
                source.pause(&mut failures, "").await;
            }
            End::Failed(reason) => source.pause(&mut failures, &reason).await,
        }
    }
}

impl Source {
    /// Waits a little longer each time; speaks up when it goes on failing.
    async fn pause(&self, failures: &mut u32, reason: &str) {
        *failures = failures.saturating_add(1);
        if *failures > 3 && !reason.is_empty() {
            self.env.say(&format!("informer {}: {reason}", self.path));
        }
        let delay = FIRST_DELAY.saturating_mul(1 << (*failures - 1).min(10)).min(LONGEST_DELAY);
        self.client.pause(self.env.rng.jitter(delay, 0.5)).await;
    }

    async fn list<K: Stored>(&self, informer: &Informer<K>) -> Result<String, Error> {
        let mut options = ListOptions {
            labels: self.labels.clone(),
            fields: self.fields.clone(),
            limit: PAGE,
            ..ListOptions::default()
        };
        let mut objects = Vec::new();
        loop {
            let mut uri = self.path.clone();
            options.query(&mut uri);
            let body = self.client.raw("GET", uri.clone(), "", bytes::Bytes::new()).await?;
            let page: RawPage<'_> = serde_json::from_slice(&body).map_err(|e| Error::Decode {
                method: "GET",
                uri,
                reason: e.to_string(),
            })?;
            for raw in page.items.unwrap_or_default() {
                if let Some(mut object) = self.decode::<K>(raw.get().as_bytes()) {
                    // Trimmed page by page, so that a long list never holds what nobody will read.
                    informer.trim(&mut object);
                    objects.push(object);
                }
            }
            match page.metadata.next {
                Some(next) if !next.is_empty() => options.next = next,
                Some(_) | None => {
                    informer.replace(objects);
                    informer.saw(&page.metadata.resource_version);
                    return Ok(page.metadata.resource_version);
                }
            }
        }
    }

    /// An object that cannot be read is left out, loudly: it must not stop all others of its kind.
    fn decode<K: Stored>(&self, json: &[u8]) -> Option<K> {
        match K::decode(json) {
            Ok(object) => Some(object),
            Err(error) => {
                self.env.say(&format!("informer {}: cannot decode an object: {error}", self.path));
                None
            }
        }
    }

    async fn watch<K: Stored>(&self, informer: &Informer<K>, version: &mut String) -> End {
        let seconds = WATCH_SECONDS + self.env.rng.below(WATCH_SECONDS);
        let mut uri = self.path.clone();
        parameter(&mut uri, "watch", "1");
        parameter(&mut uri, "allowWatchBookmarks", "true");
        parameter(&mut uri, "timeoutSeconds", &seconds.to_string());
        let options = ListOptions {
            labels: self.labels.clone(),
            fields: self.fields.clone(),
            version: version.clone(),
            ..ListOptions::default()
        };
        options.query(&mut uri);
        let mut stream = match self.client.raw_watch(uri).await {
            Ok(stream) => stream,
            Err(error) if error.is_expired() => return End::Expired,
            Err(error) => return End::Failed(error.to_string()),
        };
        let limit = tokio::time::Instant::now() + Duration::from_secs(seconds + 30);
        loop {
            match tokio::time::timeout_at(limit, stream.recv()).await {
                Ok(Some(event)) => {
                    if let Some(end) = self.take(informer, version, event) {
                        return end;
                    }
                    informer.saw(version);
                }
                Ok(None) | Err(_) => return End::Closed,
            }
        }
    }

    fn take<K: Stored>(&self, informer: &Informer<K>, version: &mut String, event: RawEvent) -> Option<End> {
        match event.kind {
            EventKind::Added | EventKind::Modified => match self.decode::<K>(&event.object) {
                Some(object) => {
                    object.stored_version().clone_into(version);
                    informer.apply(object);
                }
                None => self.advance(version, &event.object),
            },
            EventKind::Deleted => match self.decode::<K>(&event.object) {
                Some(object) => {
                    object.stored_version().clone_into(version);
                    let (namespace, name) = (object.stored_namespace().to_owned(), object.stored_name().to_owned());
                    informer.forget(&namespace, &name, Some(object));
                }
                None => self.advance(version, &event.object),
            },
            EventKind::Bookmark => self.advance(version, &event.object),
            EventKind::Error => {
                let status: ErrorStatus = serde_json::from_slice(&event.object).unwrap_or_default();
                return Some(if status.code == 410 || matches!(status.reason.as_str(), "Expired" | "Gone") {
                    End::Expired
                } else {
                    End::Failed(status.message)
                });
            }
        }
        None
    }

    fn advance(&self, version: &mut String, json: &[u8]) {
        if let Ok(object) = serde_json::from_slice::<Versioned>(json)
            && !object.metadata.resource_version.is_empty()
        {
            *version = object.metadata.resource_version;
        }
    }
}
