//! Errors of the file system below redb: refused writes, served reads, and recovery in the same process.
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use storage::{Change, Embedded, Error, Medium, Options, Revision, StorageBackend, Store};

const FINE: u8 = 0;
const WRITES_FAIL: u8 = 1;
const SYNC_FAILS: u8 = 2;
const FULL: u8 = 3;

#[derive(Debug)]
struct Faulty {
    below: Box<dyn StorageBackend>,
    mode: Arc<AtomicU8>,
}

impl Faulty {
    fn fault(&self, modes: &[u8]) -> io::Result<()> {
        let mode = self.mode.load(Ordering::SeqCst);
        match mode {
            FULL if modes.contains(&FULL) => Err(io::Error::from(io::ErrorKind::StorageFull)),
            m if modes.contains(&m) => Err(io::Error::other("injected")),
            _ => Ok(()),
        }
    }
}

impl StorageBackend for Faulty {
    fn len(&self) -> io::Result<u64> {
        self.below.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.below.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.fault(&[WRITES_FAIL, FULL])?;
        self.below.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.below.sync_data()?;
        self.fault(&[SYNC_FAILS])
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.fault(&[WRITES_FAIL, FULL])?;
        self.below.write(offset, data)
    }
    fn close(&self) -> io::Result<()> {
        self.below.close()
    }
}

struct FaultyMedium(Arc<AtomicU8>);

impl Medium for FaultyMedium {
    fn wrap(&self, below: Box<dyn StorageBackend>) -> Box<dyn StorageBackend> {
        Box::new(Faulty { below, mode: self.0.clone() })
    }
}

fn put(key: &str, value: &str) -> Vec<Change> {
    vec![Change::Put { key: key.into(), value: value.as_bytes().to_vec().into(), ttl_seconds: None }]
}

#[tokio::test]
async fn recovers_in_the_same_process() {
    let dir = tempfile::tempdir().expect("a directory");
    let mode = Arc::new(AtomicU8::new(FINE));
    let options = || Options::default().with_medium(Arc::new(FaultyMedium(mode.clone())));
    let store = Embedded::open(dir.path(), options()).expect("opens");
    let mut watch = store.watch("/", Revision(0)).await.expect("watchable");
    let mut sure = Vec::new();
    for (round, fault) in [WRITES_FAIL, SYNC_FAILS, FULL, SYNC_FAILS].into_iter().enumerate() {
        let key = format!("/good/{round}");
        store.commit(vec![], put(&key, "v")).await.expect("all is well");
        sure.push(key);
        mode.store(fault, Ordering::SeqCst);
        for n in 0..3 {
            let answer = store.commit(vec![], put(&format!("/doubtful/{round}/{n}"), "v")).await;
            let expected = matches!(
                (&answer, fault),
                (Err(Error::NoSpace { .. }), FULL)
                    | (Err(Error::Io { .. } | Error::Damaged { .. }), WRITES_FAIL | SYNC_FAILS)
            );
            assert!(expected, "round {round}, {n}: {answer:?}");
        }
        for key in &sure {
            assert!(store.get(key).await.expect("reads go on").is_some(), "{key}");
        }
        mode.store(FINE, Ordering::SeqCst);
        let key = format!("/after/{round}");
        store.commit(vec![], put(&key, "v")).await.expect("it is well again");
        sure.push(key);
    }
    let revision = store.revision();
    let before = store.list("", "", 0, Revision(0)).await.expect("readable").entries;
    let mut seen = Vec::new();
    while let Ok(item) = watch.try_recv() {
        let batch = item.expect("in order");
        assert!(seen.last().is_none_or(|l| *l < batch.revision), "in order and none twice");
        seen.push(batch.revision);
    }
    assert_eq!(seen.len() as u64, revision.0, "no gap");
    drop(store);
    let store = Embedded::open(dir.path(), Options::default()).expect("opens");
    assert_eq!(store.revision(), revision, "memory and file agree");
    assert_eq!(store.list("", "", 0, Revision(0)).await.expect("readable").entries, before);
    for key in sure {
        assert!(store.get(&key).await.expect("readable").is_some(), "{key} was acknowledged");
    }
}
