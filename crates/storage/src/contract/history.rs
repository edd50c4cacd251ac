use std::{sync::Arc, time::Duration};

use super::{Bench, all, compacted, delete, events, put, write};
use crate::{Error, Options, Revision, Store};

pub(super) async fn watch_in_order(bench: &dyn Bench) {
    let store = bench.open(Options::default());
    let mut below = store.watch("/a/", Revision(0)).await.expect("watchable");
    let mut every = store.watch("", Revision(0)).await.expect("watchable");
    write(&*store, put("/a/1", "x")).await;
    write(&*store, put("/b/1", "x")).await;
    write(&*store, put("/a/1", "y")).await;
    write(&*store, delete("/a/1")).await;
    assert_eq!(events(&mut below, 3).await, ["1 /a/1=x", "3 /a/1=y", "4 /a/1 gone"]);
    assert_eq!(events(&mut every, 4).await, ["1 /a/1=x", "2 /b/1=x", "3 /a/1=y", "4 /a/1 gone"]);
}

pub(super) async fn watch_joins_history_and_present(bench: &dyn Bench) {
    let store = bench.open(Options::default());
    for n in 1..=3 {
        write(&*store, put("/k", &n.to_string())).await;
    }
    let mut watch = store.watch("/", Revision(1)).await.expect("watchable");
    write(&*store, put("/k", "4")).await;
    assert_eq!(events(&mut watch, 3).await, ["2 /k=2", "3 /k=3", "4 /k=4"]);
    let mut now = store.watch("/", store.revision()).await.expect("watchable");
    write(&*store, put("/k", "5")).await;
    assert_eq!(events(&mut now, 1).await, ["5 /k=5"]);
}

pub(super) async fn watch_under_concurrent_writers(bench: &dyn Bench) {
    const WRITERS: usize = 8;
    const EACH: usize = 100;
    let store = bench.open(Options::default());
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            for n in 0..EACH {
                write(&*store, put(&format!("/{}/{writer}", n % 2), &n.to_string())).await;
            }
        }));
    }
    let mut watchers = Vec::new();
    for n in 0..20 {
        // They join at different moments, each from the start.
        tokio::task::yield_now().await;
        let watch = store.watch("/1/", Revision(0)).await.expect("watchable");
        watchers.push((n, watch));
    }
    for task in tasks {
        task.await.expect("the writer ends");
    }
    let mut reference = None;
    for (n, mut watch) in watchers {
        let seen = events(&mut watch, WRITERS * EACH / 2).await;
        let revisions: Vec<u64> = seen.iter().filter_map(|s| s.split(' ').next()?.parse().ok()).collect();
        assert!(revisions.is_sorted_by(|a, b| a < b), "in order and none twice");
        assert_eq!(reference.get_or_insert_with(|| seen.clone()), &seen, "watcher {n} sees what the first saw");
        assert!(watch.try_recv().is_err(), "and nothing else");
    }
}

pub(super) async fn compaction(bench: &dyn Bench) {
    let store = bench.open(Options::default());
    for n in 1..=6 {
        write(&*store, put("/k", &n.to_string())).await;
    }
    write(&*store, put("/gone", "x")).await;
    write(&*store, delete("/gone")).await;
    store.compact(Revision(4)).await.expect("it is in the past");
    assert_eq!(compacted(store.list("/", "", 0, Revision(3)).await), Revision(4));
    assert_eq!(compacted(store.watch("/", Revision(3)).await.map(drop)), Revision(4));
    assert_eq!(all(&*store, "/", 4).await, ["/k=4"]);
    assert_eq!(all(&*store, "/", 7).await, ["/gone=x", "/k=6"]);
    let mut watch = store.watch("/", Revision(4)).await.expect("still there");
    assert_eq!(events(&mut watch, 4).await, ["5 /k=5", "6 /k=6", "7 /gone=x", "8 /gone gone"]);
    store.compact(Revision(2)).await.expect("nothing to do");
    assert!(matches!(store.compact(Revision(9)).await, Err(Error::Future { .. })));
    store.compact(Revision(8)).await.expect("now");
    assert_eq!(all(&*store, "/", 8).await, ["/k=6"]);
    assert_eq!(write(&*store, put("/k", "9")).await, Revision(9));
    assert_eq!(events(&mut watch, 1).await, ["9 /k=9"], "a watch that is up to date goes on");
}

pub(super) async fn compaction_by_age(bench: &dyn Bench) {
    let store = bench.open(Options { history: Duration::from_secs(60), ..Options::default() });
    write(&*store, put("/k", "1")).await;
    write(&*store, put("/k", "2")).await;
    bench.advance(Duration::from_secs(50));
    write(&*store, put("/k", "3")).await;
    bench.advance(Duration::from_secs(30));
    write(&*store, put("/k", "4")).await;
    wait_for_compaction(&*store, 1).await;
    assert_eq!(all(&*store, "/", 2).await, ["/k=2"]);
    assert_eq!(all(&*store, "/", 3).await, ["/k=3"]);
    let mut watch = store.watch("/", Revision(2)).await.expect("young enough");
    assert_eq!(events(&mut watch, 2).await, ["3 /k=3", "4 /k=4"]);
}

/// Nothing announces a compaction, so it is looked for after each of many turns of the executor.
async fn wait_for_compaction(store: &dyn Store, revision: u64) {
    while !matches!(store.list("/", "", 1, Revision(revision)).await, Err(Error::Compacted { .. })) {
        tokio::task::yield_now().await;
    }
}

pub(super) async fn compaction_by_size(bench: &dyn Bench) {
    for options in [
        Options { history_events: 100, ..Options::default() },
        Options { history_bytes: 100 * 1000, ..Options::default() },
    ] {
        let store = bench.open(options);
        for n in 0..300 {
            write(&*store, put("/k", &format!("{n:01000}"))).await;
        }
        wait_for_compaction(&*store, 190).await;
        assert_eq!(all(&*store, "/", 300).await.len(), 1);
        let recent = store.list("/", "", 0, Revision(260)).await.expect("the newest history stays");
        assert_eq!(recent.entries[0].modified, Revision(260));
    }
}

pub(super) async fn slow_watcher(bench: &dyn Bench) {
    let store = bench.open(Options { watch_buffer: 10, ..Options::default() });
    let mut slow = store.watch("/", Revision(0)).await.expect("watchable");
    let mut quick = store.watch("/", Revision(0)).await.expect("watchable");
    for n in 1..=30 {
        write(&*store, put("/k", "v")).await;
        assert_eq!(events(&mut quick, 1).await, [format!("{n} /k=v")], "nobody waits for the slow one");
    }
    let seen = events(&mut slow, 10).await;
    assert_eq!((&*seen[0], &*seen[9]), ("1 /k=v", "10 /k=v"), "what was buffered still comes");
    compacted(slow.recv().await.expect("a last word"));
    assert!(slow.recv().await.is_none());
}

pub(super) async fn seen_revision_is_in_the_channel(bench: &dyn Bench) {
    let store = bench.open(Options::default());
    let mut watch = store.watch("/a/", Revision(0)).await.expect("watchable");
    let writer = {
        let store: Arc<dyn Store> = store.clone();
        tokio::spawn(async move {
            for n in 0..200 {
                write(&*store, put(if n % 3 == 0 { "/a/k" } else { "/b/k" }, "v")).await;
            }
        })
    };
    let (mut last, mut finished) = (0, false);
    while !finished {
        finished = writer.is_finished();
        let revision = store.revision();
        while let Ok(item) = watch.try_recv() {
            last = item.expect("in order").revision.0;
        }
        // Every third revision is below the prefix: 1, 4, 7 …
        let expected = if revision.0 == 0 { 0 } else { (revision.0 - 1) / 3 * 3 + 1 };
        assert!(last >= expected, "at {revision:?} the watcher has only seen {last}");
        tokio::task::yield_now().await;
    }
    writer.await.expect("the writer ends");
}

pub(super) async fn snapshot_is_whole(bench: &dyn Bench) {
    let store = bench.open(Options::default());
    write(&*store, put("/k", "v")).await;
    let to = bench.directory().join("snapshot");
    let at = store.snapshot(&to, vec![]).await.expect("written");
    assert_eq!(at, Revision(1));
    assert!(std::fs::metadata(&to).is_ok_and(|m| m.len() > 0));
    assert!(store.snapshot(&to, vec![]).await.is_err(), "an existing file is not overwritten");
    std::fs::remove_file(&to).expect("removable");
}
