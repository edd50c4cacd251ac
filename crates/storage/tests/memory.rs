//! The engine without a disk keeps the contract.
use std::{path::Path, sync::Arc, time::Duration};

use parking_lot::Mutex;
use storage::{ManualClock, Memory, Options, Store, contract};

struct Bench {
    clock: Arc<ManualClock>,
    stores: Mutex<Vec<Arc<Memory>>>,
    dir: tempfile::TempDir,
}

impl contract::Bench for Bench {
    fn open(&self, options: Options) -> Arc<dyn Store> {
        let store = Arc::new(Memory::new(options.with_clock(self.clock.clone())));
        self.stores.lock().push(store.clone());
        store
    }
    fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.stores.lock().iter().for_each(|s| {
            s.tick();
        });
    }
    fn directory(&self) -> &Path {
        self.dir.path()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contract_of_the_port() {
    let dir = tempfile::tempdir().expect("a directory");
    contract::check(&Bench { clock: Arc::new(ManualClock::at(1_000_000)), stores: Mutex::default(), dir }).await;
}

#[tokio::test(start_paused = true)]
async fn housekeeping_follows_tokios_time() {
    struct Tokio(tokio::time::Instant);
    impl storage::Clock for Tokio {
        fn now_ms(&self) -> u64 {
            u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
        }
    }
    let clock = Arc::new(Tokio(tokio::time::Instant::now()));
    let store = Arc::new(Memory::new(Options::default().with_clock(clock)));
    let keeper = tokio::spawn(store.clone().housekeeping());
    let mut watch = store.watch("/", storage::Revision(0)).await.expect("watchable");
    let change = storage::Change::Put { key: "/k".into(), value: "v".into(), ttl_seconds: Some(30) };
    store.commit(vec![], vec![change]).await.expect("taken");
    let first = watch.recv().await.expect("goes on").expect("in order");
    let second = watch.recv().await.expect("goes on").expect("in order");
    assert!(!first.events[0].deleted && second.events[0].deleted);
    store.close();
    keeper.await.expect("it ends with the store");
}
