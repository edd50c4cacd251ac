//! The engine with a file keeps the contract, and what it said is there after it ended in any way.
use std::{
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use storage::{Attachment, Change, Embedded, Error, Guard, ManualClock, Options, Revision, Snapshot, Store, contract};

struct Bench {
    clock: Arc<ManualClock>,
    stores: Mutex<Vec<Arc<Embedded>>>,
    dir: tempfile::TempDir,
}

impl contract::Bench for Bench {
    fn open(&self, options: Options) -> Arc<dyn Store> {
        let dir = self.dir.path().join(self.stores.lock().len().to_string());
        let store = Arc::new(Embedded::open(dir, options.with_clock(self.clock.clone())).expect("opens"));
        self.stores.lock().push(store.clone());
        store
    }
    fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.stores.lock().iter().for_each(|s| s.wake());
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

fn put(key: &str, value: &str) -> Change {
    Change::Put { key: key.into(), value: value.as_bytes().to_vec().into(), ttl_seconds: None }
}

async fn write(store: &Embedded, change: Change) -> Revision {
    store.commit(vec![], vec![change]).await.expect("taken")
}

async fn keys(store: &Embedded) -> Vec<String> {
    let page = store.list("", "", 0, Revision(0)).await.expect("readable");
    page.entries.iter().map(|e| format!("{}={}@{}", e.key, String::from_utf8_lossy(&e.value), e.modified.0)).collect()
}

#[tokio::test]
async fn everything_is_there_after_opening_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let open = || Embedded::open(dir.path(), Options::default()).expect("opens");
    let store = open();
    write(&store, put("/a", "1")).await;
    store.commit(vec![], vec![put("/b", "2"), put("/c", "2")]).await.expect("taken");
    write(&store, put("/a", "3")).await;
    write(&store, Change::Delete { key: "/c".into() }).await;
    drop(store);
    let store = open();
    assert_eq!(store.revision(), Revision(4));
    assert_eq!(keys(&store).await, ["/a=3@3", "/b=2@2"]);
    let entry = store.get("/a").await.expect("readable").expect("there");
    assert_eq!(entry.created, Revision(1));
    let mut watch = store.watch("/c", Revision(1)).await.expect("history survives");
    let first = watch.recv().await.expect("goes on").expect("in order");
    let second = watch.recv().await.expect("goes on").expect("in order");
    assert_eq!((first.revision, second.revision, second.events[0].deleted), (Revision(2), Revision(4), true));
    assert_eq!(second.events[0].previous.as_ref().map(|p| &p.value[..]), Some(&b"2"[..]));
    // Compacted up to a deletion that is the newest commit: the revision must not fall back.
    store.compact(Revision(4)).await.expect("now");
    store.close();
    assert!(matches!(store.get("/a").await, Err(Error::Closed)));
    assert!(matches!(store.commit(vec![], vec![put("/x", "")]).await, Err(Error::Closed)));
    assert!(matches!(watch.recv().await, Some(Err(Error::Closed))));
    let store = open();
    assert_eq!(store.revision(), Revision(4));
    assert!(matches!(store.watch("/", Revision(3)).await, Err(Error::Compacted { oldest: Revision(4), .. })));
    assert_eq!(write(&store, put("/d", "5")).await, Revision(5));
    assert_eq!(keys(&store).await, ["/a=3@3", "/b=2@2", "/d=5@5"]);
}

#[tokio::test]
async fn deadlines_survive() {
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(ManualClock::at(5_000_000));
    let open = || Embedded::open(dir.path(), Options::default().with_clock(clock.clone())).expect("opens");
    let store = open();
    let ttl = |key: &str, seconds| Change::Put { key: key.into(), value: "v".into(), ttl_seconds: Some(seconds) };
    store.commit(vec![], vec![ttl("/short", 10), ttl("/long", 1000), put("/kept", "v")]).await.expect("taken");
    drop(store);
    clock.advance(Duration::from_secs(60));
    let store = open();
    let mut watch = store.watch("/", Revision(1)).await.expect("watchable");
    let gone = watch.recv().await.expect("goes on").expect("in order");
    assert_eq!((&*gone.events[0].entry.key, gone.events[0].deleted), ("/short", true));
    drop(store);
    clock.advance(Duration::from_secs(2000));
    let store = open();
    let mut watch = store.watch("/", Revision(2)).await.expect("watchable");
    assert_eq!(&*watch.recv().await.expect("goes on").expect("in order").events[0].entry.key, "/long");
    assert_eq!(keys(&store).await, ["/kept=v@1"]);
}

#[allow(clippy::print_stdout, reason = "the parent reads it")]
fn tell(writer: u64, n: u64, revision: Revision) {
    println!("ack {writer} {n} {}", revision.0);
}

/// Not a test by itself: the child that [`killed_in_the_middle`] kills.
#[tokio::test]
async fn child_that_writes_until_killed() {
    let Ok(dir) = std::env::var("STORAGE_TEST_DIR") else { return };
    let store = Arc::new(Embedded::open(dir, Options::default()).expect("opens"));
    let mut tasks = Vec::new();
    for writer in 0..8u64 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            for n in 0u64.. {
                let revision = write(&store, put(&format!("/{writer}/{}", n % 10), &n.to_string())).await;
                // Only what was acknowledged is told.
                tell(writer, n, revision);
            }
        }));
    }
    for task in tasks {
        task.await.expect("runs until killed");
    }
}

#[tokio::test]
async fn killed_in_the_middle() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut last_revision = 0;
    for round in 0..3 {
        let mut child = Command::new(std::env::current_exe().expect("own path"))
            .args(["--exact", "child_that_writes_until_killed", "--nocapture"])
            .env("STORAGE_TEST_DIR", dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut acknowledged = Vec::new();
        for line in BufReader::new(child.stdout.take().expect("piped")).lines() {
            let line = line.expect("text");
            // The harness may put its own words in front of the first.
            if let Some((_, numbers)) = line.split_once("ack ") {
                let numbers: Vec<u64> = numbers.split(' ').filter_map(|n| n.parse().ok()).collect();
                if let [writer, n, revision] = numbers[..] {
                    acknowledged.push((writer, n, revision));
                }
            }
            if acknowledged.len() == 300 + round * 100 {
                child.kill().expect("killed");
            }
        }
        child.wait().expect("ended");
        let store = Embedded::open(dir.path(), Options::default()).expect("opens");
        assert!(acknowledged.len() >= 300, "{}", acknowledged.len());
        for (writer, n, revision) in acknowledged {
            assert!(revision > last_revision || round == 0, "revisions go on");
            let entry = store.get(&format!("/{writer}/{}", n % 10)).await.expect("readable").expect("there");
            assert!(entry.modified.0 >= revision, "/{writer}/{} {revision} was acknowledged", n % 10);
        }
        last_revision = store.revision().0;
        // Killed without close: drop of the store itself is another way to end.
    }
}

#[tokio::test]
async fn snapshot_and_restore() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Arc::new(Embedded::open(dir.path().join("a"), Options::default()).expect("opens"));
    let many: Vec<Change> = (0..3000).map(|n| put(&format!("/k/{n:04}"), &n.to_string())).collect();
    store.commit(vec![], many).await.expect("taken");
    write(&store, Change::Delete { key: "/k/0007".into() }).await;
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..200 {
                write(&store, put(&format!("/k/{n:04}"), "changed meanwhile")).await;
            }
        })
    };
    let file = dir.path().join("snapshot");
    let key = Attachment { name: "pki/ca.key".into(), bytes: b"secret".to_vec() };
    let at = store.snapshot(&file, vec![key.clone()]).await.expect("written");
    writer.await.expect("ends");
    let picture = store.list("", "", 0, at).await.expect("readable");
    let snapshot = Snapshot::open(&file).expect("whole");
    assert_eq!((snapshot.revision, snapshot.keys), (at, picture.entries.len() as u64));
    assert_eq!(snapshot.attachments, [key]);
    assert!(!format!("{snapshot:?}").contains("115"), "what is attached is not printed");
    let restored = snapshot.restore(&dir.path().join("b")).expect("restores");
    assert!(restored > store.revision());
    let copy = Embedded::open(dir.path().join("b"), Options::default()).expect("opens");
    assert_eq!(copy.list("", "", 0, Revision(0)).await.expect("readable").entries, picture.entries);
    assert_eq!(copy.revision(), restored);
    assert!(write(&copy, put("/new", "")).await > restored);
    assert!(matches!(copy.watch("/", at).await, Err(Error::Compacted { .. })), "who saw the old one lists again");
    drop(copy);
    assert!(snapshot.restore(&dir.path().join("b")).is_err(), "never over an existing one");
    let bytes = std::fs::read(&file).expect("readable");
    let whole = bytes.len();
    let mut bad = vec![bytes[..whole - 1].to_vec(), [&bytes[..], b"x"].concat(), Vec::new()];
    for at in (0..whole).step_by(977).chain(0..100) {
        bad.push(bytes[..at].to_vec());
        bad.push([&bytes[..at], &[bytes[at] ^ 1], &bytes[at + 1..]].concat());
    }
    for (n, bad) in bad.into_iter().enumerate() {
        let path = dir.path().join("bad");
        std::fs::write(&path, bad).expect("written");
        let answer = Snapshot::open(&path);
        assert!(matches!(answer, Err(Error::Damaged { .. } | Error::OtherVersion { .. })), "{n}: {answer:?}");
    }
}

fn refusal(path: &Path) -> String {
    Embedded::open(path, Options::default()).map(drop).expect_err("refused").to_string()
}

#[test]
fn what_cannot_be_opened_is_said() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("file");
    std::fs::write(&file, "x").expect("written");
    assert!(refusal(&file).contains("not a directory"), "{}", refusal(&file));
    assert!(refusal(&file.join("below")).contains("ot a directory"), "{}", refusal(&file.join("below")));

    let store = Embedded::open(dir.path().join("a"), Options::default()).expect("opens");
    let text = refusal(&dir.path().join("a"));
    assert!(text.contains("another process is using this datastore"), "{text}");
    drop(store);

    let path = dir.path().join("a/store");
    let good = std::fs::read(&path).expect("readable");
    for (at, bytes, words) in [
        (8, &[7u8][..], "format version 7"),
        (0, &b"SQLite"[..], "not a Podium datastore"),
        (4096, &[0; 64][..], "store"),
    ] {
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        std::fs::write(&path, &bad).expect("written");
        let text = refusal(&dir.path().join("a"));
        assert!(text.contains(words) && text.contains("a/store"), "{text}");
        assert_eq!(std::fs::read(&path).expect("readable"), bad, "the file was not changed");
    }
    std::fs::write(&path, b"PODIUM").expect("written");
    assert!(refusal(&dir.path().join("a")).contains("too short"));
}

#[test]
fn a_directory_without_rights_is_said() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = dir.path().join("a");
    std::fs::create_dir(&store).expect("made");
    std::fs::set_permissions(&store, std::fs::Permissions::from_mode(0o000)).expect("set");
    // Root may do everything; then there is nothing to see here.
    match Embedded::open(&store, Options::default()) {
        Ok(_) => {}
        Err(Error::Io { reason, .. }) => assert!(reason.contains("ermission denied"), "{reason}"),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_serves_reads() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path(), Options::default()).expect("opens");
    write(&store, put("/k", "v")).await;
    drop(store);
    let store =
        Embedded::open(dir.path(), Options { reserve_bytes: u64::MAX / 2, ..Options::default() }).expect("opens");
    let answer = store.commit(vec![Guard::Absent("/x".into())], vec![put("/x", "")]).await;
    assert!(matches!(answer, Err(Error::NoSpace { free_bytes, .. }) if free_bytes > 0), "{answer:?}");
    assert_eq!(keys(&store).await, ["/k=v@1"]);
}
