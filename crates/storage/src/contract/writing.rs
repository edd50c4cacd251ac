use std::{collections::HashSet, sync::Arc, time::Duration};

use super::{Bench, all, delete, events, put, write};
use crate::{Change, Error, Guard, Options, Revision, Store};

pub(super) async fn guards(bench: &dyn Bench) {
    let store = bench.open(Options::default());
    let absent = || vec![Guard::Absent("/k".into())];
    let first = store.commit(absent(), vec![put("/k", "1")]).await.expect("it was absent");
    let Err(Error::Conflict { key, found: Some(found) }) = store.commit(absent(), vec![put("/k", "2")]).await else {
        panic!("the key is taken")
    };
    assert_eq!((&*key, found.modified, &found.value[..]), ("/k", first, &b"1"[..]));
    let unchanged = |at| vec![Guard::Unchanged("/k".into(), at)];
    let second = store.commit(unchanged(first), vec![put("/k", "2")]).await.expect("it was unchanged");
    assert!(matches!(store.commit(unchanged(first), vec![put("/k", "3")]).await, Err(Error::Conflict { .. })));
    let entry = store.get("/k").await.expect("readable").expect("there");
    assert_eq!((entry.created, entry.modified, &entry.value[..]), (first, second, &b"2"[..]));
    write(&*store, delete("/k")).await;
    assert!(matches!(store.commit(unchanged(second), vec![]).await, Err(Error::Conflict { found: None, .. })));
    let again = store.commit(absent(), vec![put("/k", "4")]).await.expect("absent again");
    let entry = store.get("/k").await.expect("readable").expect("there");
    assert_eq!((entry.created, entry.modified), (again, again), "a new life");
}

pub(super) async fn several_keys_at_once(bench: &dyn Bench) {
    let store = bench.open(Options::default());
    write(&*store, put("/a", "1")).await;
    write(&*store, put("/b", "1")).await;
    let mut watch = store.watch("/", Revision(2)).await.expect("watchable");
    let before = store.revision();
    let guards = vec![Guard::Unchanged("/a".into(), Revision(1)), Guard::Unchanged("/b".into(), Revision(1))];
    assert!(store.commit(guards, vec![put("/a", "2"), put("/c", "2")]).await.is_err(), "/b is newer");
    assert_eq!(all(&*store, "/", 0).await, ["/a=1", "/b=1"], "nothing of it happened");
    assert_eq!(store.revision(), before);
    let guards = vec![Guard::Unchanged("/a".into(), Revision(1)), Guard::Absent("/c".into())];
    let at = store.commit(guards, vec![put("/c", "3"), delete("/b"), put("/a", "3")]).await.expect("all hold");
    assert_eq!(at, Revision(3));
    assert_eq!(all(&*store, "/", 0).await, ["/a=3", "/c=3"]);
    let batch = watch.recv().await.expect("goes on").expect("in order");
    let keys: Vec<&str> = batch.events.iter().map(|e| &*e.entry.key).collect();
    assert_eq!((batch.revision, keys), (at, vec!["/c", "/b", "/a"]), "one batch, in the order of the commit");
    assert_eq!(batch.events[1].previous.as_ref().map(|p| p.modified), Some(Revision(2)));
}

pub(super) async fn revisions_grow_by_one(bench: &dyn Bench) {
    let store = bench.open(Options::default());
    assert_eq!(store.revision(), Revision(0));
    for n in 1..=5 {
        assert_eq!(write(&*store, put("/k", "v")).await, Revision(n));
        assert_eq!(store.revision(), Revision(n));
    }
    assert_eq!(write(&*store, delete("/nothing")).await, Revision(5), "a commit without effect has no revision");
    assert_eq!(write(&*store, delete("/k")).await, Revision(6));
    assert_eq!(store.list("/", "", 0, Revision(0)).await.expect("readable").revision, Revision(6));
}

pub(super) async fn racing_writers_lose_nothing(bench: &dyn Bench) {
    const WRITERS: usize = 16;
    const EACH: usize = 25;
    let store = bench.open(Options::default());
    let mut tasks = Vec::new();
    for _ in 0..WRITERS {
        tasks.push(tokio::spawn(count_up(store.clone(), EACH)));
    }
    let mut revisions = HashSet::new();
    for task in tasks {
        revisions.extend(task.await.expect("the writer ends"));
    }
    let entry = store.get("/counter").await.expect("readable").expect("there");
    assert_eq!(String::from_utf8_lossy(&entry.value), (WRITERS * EACH).to_string(), "every step counts once");
    assert_eq!(revisions.len(), WRITERS * EACH, "no revision is given twice");
    assert_eq!(store.revision(), Revision((WRITERS * EACH) as u64));
}

async fn count_up(store: Arc<dyn Store>, times: usize) -> Vec<Revision> {
    let mut done = Vec::new();
    while done.len() < times {
        let (guard, value) = match store.get("/counter").await.expect("readable") {
            None => (Guard::Absent("/counter".into()), 0),
            Some(e) => (
                Guard::Unchanged("/counter".into(), e.modified),
                String::from_utf8_lossy(&e.value).parse().unwrap_or(0),
            ),
        };
        match store.commit(vec![guard], vec![put("/counter", &(value + 1).to_string())]).await {
            Ok(revision) => done.push(revision),
            Err(Error::Conflict { .. }) => tokio::task::yield_now().await,
            Err(e) => panic!("{e}"),
        }
    }
    done
}

pub(super) async fn deadlines(bench: &dyn Bench) {
    let store = bench.open(Options::default());
    let short = |key: &str, ttl| Change::Put { key: key.into(), value: "x".into(), ttl_seconds: Some(ttl) };
    store
        .commit(vec![], vec![short("/a", 10), short("/b", 10), short("/c", 10), short("/long", 1000)])
        .await
        .expect("taken");
    write(&*store, put("/c", "kept")).await;
    write(&*store, short("/b", 100)).await;
    let mut watch = store.watch("/", store.revision()).await.expect("watchable");
    bench.advance(Duration::from_secs(9));
    write(&*store, put("/mark", "1")).await;
    bench.advance(Duration::from_secs(3));
    assert_eq!(events(&mut watch, 2).await, ["4 /mark=1", "5 /a gone"]);
    assert_eq!(all(&*store, "/", 0).await, ["/b=x", "/c=kept", "/long=x", "/mark=1"]);
    bench.advance(Duration::from_secs(2000));
    let mut gone = events(&mut watch, 2).await;
    gone.sort();
    assert_eq!(gone, ["6 /b gone", "7 /long gone"]);
    assert_eq!(all(&*store, "/", 0).await, ["/c=kept", "/mark=1"]);
}
