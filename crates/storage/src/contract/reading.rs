use std::sync::Arc;

use super::{Bench, all, delete, put, write};
use crate::{Change, Error, Options, Revision, Store};

pub(super) async fn prefixes_and_pages(bench: &dyn Bench) {
    let store = bench.open(Options::default());
    for key in ["/a/1", "/a/2", "/a/3", "/a/4", "/a/5", "/ab", "/a", "/b/1", "/ä"] {
        write(&*store, put(key, "v")).await;
    }
    write(&*store, delete("/a/3")).await;
    assert_eq!(all(&*store, "/a/", 0).await, ["/a/1=v", "/a/2=v", "/a/4=v", "/a/5=v"]);
    assert_eq!(all(&*store, "/", 0).await.len(), 8);
    assert!(all(&*store, "/zzz", 0).await.is_empty());
    let (mut from, mut seen, mut remaining) = (String::new(), Vec::new(), Vec::new());
    loop {
        let page = store.list("/a/", &from, 1, Revision(0)).await.expect("readable");
        assert_eq!(page.entries.len(), 1);
        seen.push(page.entries[0].key.to_string());
        remaining.push(page.remaining);
        from = format!("{}\0", page.entries[0].key);
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, ["/a/1", "/a/2", "/a/4", "/a/5"]);
    assert!(remaining.iter().zip([3, 2, 1, 0]).all(|(r, want)| r.is_none_or(|r| r == want)), "{remaining:?}");
    let page = store.list("/a/", "/a/4", 10, Revision(0)).await.expect("readable");
    assert_eq!((page.entries.len(), page.more), (2, false), "`from` is inclusive");
}

pub(super) async fn pages_are_of_one_revision(bench: &dyn Bench) {
    const KEYS: usize = 5000;
    let store = bench.open(Options::default());
    for part in 0..10 {
        let changes: Vec<Change> =
            (0..KEYS / 10).map(|i| put(&format!("/k/{:05}", part * KEYS / 10 + i), "old")).collect();
        store.commit(vec![], changes).await.expect("taken");
    }
    let writer = tokio::spawn(churn(store.clone(), KEYS));
    let whole = store.list("/k/", "", 0, Revision(10)).await.expect("readable");
    assert_eq!(whole.entries.len(), KEYS);
    let (mut from, mut seen) = (String::new(), 0);
    loop {
        let page = store.list("/k/", &from, 700, Revision(10)).await.expect("readable");
        assert_eq!(page.revision, Revision(10));
        assert!(page.entries.iter().all(|e| &e.value[..] == b"old"), "the picture does not change");
        seen += page.entries.len();
        let Some(last) = page.entries.last().filter(|_| page.more) else { break };
        from = format!("{}\0", last.key);
        tokio::task::yield_now().await;
    }
    assert_eq!(seen, KEYS);
    writer.await.expect("the writer ends");
    assert_eq!(all(&*store, "/k/", 0).await.len(), KEYS / 2);
}

/// Deletes every second key and changes the others.
async fn churn(store: Arc<dyn Store>, keys: usize) {
    for part in 0..20 {
        let range = part * keys / 20..(part + 1) * keys / 20;
        let change = |i: usize| {
            if i.is_multiple_of(2) { delete(&format!("/k/{i:05}")) } else { put(&format!("/k/{i:05}"), "new") }
        };
        store.commit(vec![], range.map(change).collect()).await.expect("taken");
    }
}

pub(super) async fn old_and_future_revisions(bench: &dyn Bench) {
    let store = bench.open(Options::default());
    write(&*store, put("/k", "1")).await;
    write(&*store, put("/k", "2")).await;
    write(&*store, delete("/k")).await;
    write(&*store, put("/k", "4")).await;
    for (at, want) in [(1, vec!["/k=1"]), (2, vec!["/k=2"]), (3, vec![]), (4, vec!["/k=4"]), (0, vec!["/k=4"])] {
        assert_eq!(all(&*store, "/", at).await, want, "at {at}");
    }
    let future = store.list("/", "", 0, Revision(5)).await;
    assert!(matches!(future, Err(Error::Future { asked: Revision(5), current: Revision(4) })), "{future:?}");
    let future = store.watch("/", Revision(5)).await;
    assert!(matches!(future, Err(Error::Future { .. })), "{future:?}");
}
