//! A damaged file is recognised, named, and never served from: whatever is flipped, blanked, copied over or cut off, the store either
//! says so or holds exactly what it held.
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use storage::{Change, Embedded, Entry, Error, ManualClock, Options, Revision, Store};

/// Damages tried on each file.
const TRIALS: u64 = 220;

struct Rng(u64);

impl Rng {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn options() -> Options {
    Options::default().with_clock(Arc::new(ManualClock::at(1_000_000)))
}

fn put(key: String, length: u64) -> Change {
    Change::Put { key: key.into(), value: vec![b'v'; length as usize].into(), ttl_seconds: None }
}

async fn picture(store: &Embedded) -> (Revision, Vec<Entry>) {
    (store.revision(), store.list("", "", 0, Revision(0)).await.expect("readable").entries)
}

/// A store with a past, and its file as it is when it was closed or while it is open.
async fn file(dir: &Path, closed: bool) -> (Vec<u8>, (Revision, Vec<Entry>)) {
    let store = Embedded::open(dir, options()).expect("opens");
    let mut rng = Rng(5);
    for n in 0..160 {
        let changes =
            vec![put(format!("/k/{}", rng.below(60)), rng.below(900)), put(format!("/n/{n}"), rng.below(3000))];
        store.commit(vec![], changes).await.expect("taken");
        if n == 80 {
            store.compact(Revision(60)).await.expect("taken");
        }
    }
    let held = picture(&store).await;
    if closed {
        store.close();
    }
    (std::fs::read(dir.join("store")).expect("readable"), held)
}

/// One damage, and what it was.
fn damage(bytes: &mut Vec<u8>, rng: &mut Rng) -> String {
    let length = bytes.len() as u64;
    let page = (rng.below(length / 4096) * 4096) as usize;
    match rng.below(6) {
        0 => {
            bytes.truncate(rng.below(length) as usize);
            format!("cut to {}", bytes.len())
        }
        1 => {
            bytes[page..page + 4096].fill(0);
            format!("blanked {page}")
        }
        2 => {
            let from = (rng.below(length / 4096) * 4096) as usize;
            bytes.copy_within(from..from + 4096, page);
            format!("copied {from} to {page}")
        }
        3 => {
            let from = page + (rng.below(8) * 512) as usize;
            bytes[from..from + 512].fill(0xff);
            format!("overwrote a sector at {from}")
        }
        _ => {
            let at = rng.below(length) as usize;
            let bit = rng.below(8);
            bytes[at] ^= 1 << bit;
            format!("flipped bit {bit} at {at}")
        }
    }
}

async fn served(dir: &Path) -> Result<(Revision, Vec<Entry>), Error> {
    let store = Embedded::open(dir, options())?;
    let found = picture(&store).await;
    // It must also be fit for more.
    match store.commit(vec![], vec![put("/after".into(), 9)]).await {
        Ok(_) => store.commit(vec![], vec![Change::Delete { key: "/after".into() }]).await.map(drop)?,
        Err(e @ (Error::Damaged { .. } | Error::Io { .. })) => return Err(e),
        Err(e) => panic!("{e}"),
    }
    Ok(found)
}

async fn trials(closed: bool) {
    let dir = tempfile::tempdir().expect("a directory");
    let (good, held) = file(&dir.path().join("good"), closed).await;
    let bad: PathBuf = dir.path().join("bad");
    let mut rng = Rng(if closed { 1 } else { 2 });
    let mut recognised = 0;
    for trial in 0..TRIALS {
        std::fs::create_dir_all(&bad).expect("made");
        let mut bytes = good.clone();
        let what = damage(&mut bytes, &mut rng);
        std::fs::write(bad.join("store"), &bytes).expect("written");
        match served(&bad).await {
            Ok(found) => assert!(found == held, "trial {trial}: {what}: something else is served"),
            Err(error @ (Error::Damaged { .. } | Error::OtherVersion { .. } | Error::Io { .. })) => {
                assert!(error.to_string().contains("bad/store"), "{what}: {error}");
                recognised += 1;
            }
            Err(error) => panic!("{what}: {error}"),
        }
        std::fs::remove_dir_all(&bad).expect("removed");
    }
    // Much of a file is free.
    assert!(recognised > TRIALS / 20, "{recognised} of {TRIALS}");
}

#[tokio::test]
async fn of_a_file_that_was_closed() {
    trials(true).await;
}

#[tokio::test]
async fn of_a_file_whose_process_was_killed() {
    trials(false).await;
}
