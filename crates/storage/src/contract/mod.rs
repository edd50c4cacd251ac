//! What every engine must do, as tests: an engine brings a [`Bench`] and calls [`check`].
//!
//! Panics name what was not kept. Waiting is always for a condition and has a deadline.

mod history;
mod reading;
mod stepped;
mod writing;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;

pub use stepped::Stepped;

use crate::{Change, Error, Options, Revision, Store, Watch};

/// No step of a test takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// An engine on the bench: where the tests get their stores and their time from.
pub trait Bench: Send + Sync {
    /// An empty store. Its clock only moves by [`Self::advance`].
    fn open(&self, options: Options) -> Arc<dyn Store>;
    /// Moves the clock of all stores opened so far, and makes them notice.
    fn advance(&self, by: Duration);
    /// A directory for files of the test.
    fn directory(&self) -> &std::path::Path;
}

type Case = for<'a> fn(&'a dyn Bench) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

macro_rules! cases {
    ($($module:ident::$name:ident),* $(,)?) => {
        &[$((stringify!($name), |bench| Box::pin($module::$name(bench)))),*]
    };
}

const CASES: &[(&str, Case)] = cases![
    writing::guards,
    writing::several_keys_at_once,
    writing::revisions_grow_by_one,
    writing::racing_writers_lose_nothing,
    writing::deadlines,
    reading::prefixes_and_pages,
    reading::pages_are_of_one_revision,
    reading::old_and_future_revisions,
    history::watch_in_order,
    history::watch_joins_history_and_present,
    history::watch_under_concurrent_writers,
    history::compaction,
    history::compaction_by_age,
    history::compaction_by_size,
    history::slow_watcher,
    history::seen_revision_is_in_the_channel,
    history::snapshot_is_whole,
];

/// Runs all cases, each on a store of its own.
pub async fn check(bench: &dyn Bench) {
    for (name, case) in CASES {
        let done = tokio::time::timeout(PATIENCE, case(bench)).await;
        assert!(done.is_ok(), "{name} took longer than {PATIENCE:?}");
    }
}

fn put(key: &str, value: &str) -> Change {
    Change::Put { key: key.into(), value: Bytes::copy_from_slice(value.as_bytes()), ttl_seconds: None }
}

fn delete(key: &str) -> Change {
    Change::Delete { key: key.into() }
}

async fn write(store: &dyn Store, change: Change) -> Revision {
    store.commit(vec![], vec![change]).await.expect("the write is taken")
}

/// `key=value` in order.
async fn all(store: &dyn Store, prefix: &str, at: u64) -> Vec<String> {
    let page = store.list(prefix, "", 0, Revision(at)).await.expect("the list is readable");
    page.entries.iter().map(|e| format!("{}={}", e.key, String::from_utf8_lossy(&e.value))).collect()
}

/// `revision key=value` or `revision key gone`, until `count` have come.
async fn events(watch: &mut Watch, count: usize) -> Vec<String> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let batch = watch.recv().await.expect("the watch goes on").expect("the watch is in order");
        for event in batch.events.iter() {
            assert_eq!(event.entry.modified, batch.revision, "an event has the revision of its batch");
            let value = String::from_utf8_lossy(&event.entry.value);
            let what = if event.deleted { " gone".into() } else { format!("={value}") };
            seen.push(format!("{} {}{what}", batch.revision.0, event.entry.key));
        }
    }
    seen
}

fn compacted<T: std::fmt::Debug>(answer: Result<T, Error>) -> Revision {
    match answer {
        Err(Error::Compacted { oldest, .. }) => oldest,
        other => panic!("expected Compacted, got {other:?}"),
    }
}
