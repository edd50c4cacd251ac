//! What 24,000 objects cost: memory of the store alone, and opening it after an end in order and after a kill. `load [directory]`
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Instant,
};

use storage::{Change, Embedded, Options, Store};

/// Half ConfigMaps with 500 bytes of data, half small Pods, as the API server writes them (with managedFields).
const OBJECTS: usize = 24_000;
const CONFIG_MAP_BYTES: usize = 930;
const POD_BYTES: usize = 3_100;

#[allow(clippy::print_stdout, reason = "it is what a benchmark is for")]
fn say(line: &str) {
    println!("{line}");
}

/// Private memory of this process in KiB.
fn memory_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").expect("a kernel that tells");
    let line = text.lines().find(|l| l.starts_with("Pss:")).expect("Pss");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number")
}

async fn fill(dir: &Path) {
    let store = Arc::new(Embedded::open(dir, Options::default()).expect("opens"));
    let writers = (0..64).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in (writer..OBJECTS).step_by(64) {
                let (kind, bytes) = if n % 2 == 0 { ("configmaps", CONFIG_MAP_BYTES) } else { ("pods", POD_BYTES) };
                let key: Arc<str> = format!("/registry/core/{kind}/load/object-{n}").into();
                let value = vec![b'x'; bytes].into();
                store.commit(vec![], vec![Change::Put { key, value, ttl_seconds: None }]).await.expect("taken");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("ends");
    }
    // Ended as by a kill, unless the caller asked for more.
    if std::env::args().nth(2).as_deref() == Some("close") {
        store.close();
    }
    std::process::abort();
}

fn measure(dir: &Path) {
    let before = memory_kib();
    let begun = Instant::now();
    let store = Embedded::open(dir, Options::default()).expect("opens");
    let time = begun.elapsed();
    let memory = memory_kib() - before;
    let each = memory as f64 / OBJECTS as f64;
    say(&format!(
        "  opened at revision {} in {time:?}; {memory} KiB, {each:.2} KiB per object; file {} MiB",
        store.revision().0,
        store.size_bytes() >> 20
    ));
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let dir = args.get(1).map_or_else(|| std::env::temp_dir().join("podium-storage-load"), PathBuf::from);
    match args.get(2).map(String::as_str) {
        Some("open") => measure(&dir),
        Some(_) => tokio::runtime::Builder::new_multi_thread().build().expect("a runtime").block_on(fill(&dir)),
        None => {
            for how in ["close", "kill"] {
                say(&format!("{OBJECTS} objects, ended by {how}:"));
                for step in [how, "open", "open"] {
                    let program = std::env::current_exe().expect("own path");
                    let _ = Command::new(program).arg(&dir).arg(step).status().expect("starts");
                }
                std::fs::remove_dir_all(&dir).expect("removed");
            }
        }
    }
}
