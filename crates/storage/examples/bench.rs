//! Durable transactions per second, and what opening costs. `bench [directory] [seconds]`
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use storage::{Change, Embedded, Guard, Options, Revision, Store};

#[allow(clippy::print_stdout, reason = "it is what a benchmark is for")]
fn say(line: &str) {
    println!("{line}");
}

async fn round(store: &Arc<Embedded>, writers: usize, time: Duration) -> (f64, Duration, Duration) {
    let end = Instant::now() + time;
    let mut tasks = Vec::new();
    for writer in 0..writers {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut waits = Vec::new();
            let value = bytes::Bytes::from(vec![b'x'; 344]);
            for n in 0u64.. {
                let begun = Instant::now();
                if begun > end {
                    break;
                }
                let key: Arc<str> = format!("/registry/pods/namespace-{writer}/pod-{writers}-{n}").into();
                let put = Change::Put { key: key.clone(), value: value.clone(), ttl_seconds: None };
                store.commit(vec![Guard::Absent(key)], vec![put]).await.expect("taken");
                waits.push(begun.elapsed());
            }
            waits
        }));
    }
    let begun = Instant::now();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.expect("ends"));
    }
    waits.sort_unstable();
    (waits.len() as f64 / begun.elapsed().as_secs_f64(), waits[waits.len() / 2], waits[waits.len() * 99 / 100])
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut args = std::env::args().skip(1);
    let dir = args.next().map_or_else(|| std::env::temp_dir().join("podium-storage-bench"), PathBuf::from);
    let time = Duration::from_secs_f64(args.next().and_then(|s| s.parse().ok()).unwrap_or(3.0));
    let store = Arc::new(Embedded::open(&dir, Options::default()).expect("opens"));
    for writers in [1, 16, 64, 256] {
        let (rate, p50, p99) = round(&store, writers, time).await;
        say(&format!("{writers:4} writers  {rate:8.0} txn/s  p50 {p50:?}  p99 {p99:?}"));
    }
    let begun = Instant::now();
    let page = store.list("/registry/pods/", "", 0, Revision(0)).await.expect("readable");
    say(&format!("list of {} in {:?}; file {} MB", page.entries.len(), begun.elapsed(), store.size_bytes() >> 20));
    drop(page);
    let begun = Instant::now();
    store.close();
    say(&format!("closed in {:?}", begun.elapsed()));
    drop(store);
    let begun = Instant::now();
    let store = Embedded::open(&dir, Options::default()).expect("opens");
    say(&format!("opened at revision {} in {:?}", store.revision().0, begun.elapsed()));
    drop(store);
    std::fs::remove_dir_all(&dir).expect("removed");
}
