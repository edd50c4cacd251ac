//! Simulated clusters from seeds: a few dozen here, thousands by `cargo xtask simulate`.

use std::sync::atomic::{AtomicU64, Ordering};

use testing::sim::{Outcome, Plan, run};

/// Runs seeds on all processors and fails with what was wrong.
fn all_is_well(seeds: std::ops::Range<u64>, plan: impl Fn(u64) -> Plan + Sync) {
    let next = AtomicU64::new(seeds.start);
    let threads = std::thread::available_parallelism().map_or(1, Into::into);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let Outcome { violations, happened, said, .. } = run(plan(seed));
                    assert!(violations.is_empty(), "seed {seed}: {violations:#?}\n{happened:#?}\nsaid: {said:#?}");
                }
            });
        }
    });
}

#[test]
fn whatever_happens_the_cluster_settles_and_rests() {
    all_is_well(1..25, Plan::short);
}

/// Seeds that once failed, each for a reason of its own; the reasons are mended.
#[test]
fn seeds_that_failed_once_are_well_now() {
    all_is_well(0..FAILED_ONCE.len() as u64, |at| {
        let (seed, hours) = FAILED_ONCE[usize::try_from(at).unwrap_or(0)];
        Plan { hours, ..Plan::short(seed) }
    });
}

const FAILED_ONCE: [(u64, f64); 1] = [(7, 0.3)];

#[test]
fn a_seed_replays_exactly() {
    let (first, again, other) = (run(Plan::short(1000)), run(Plan::short(1000)), run(Plan::short(1001)));
    assert_eq!(first.hash, again.hash, "the same seed, the same history");
    assert_eq!((first.writes, first.simulated), (again.writes, again.simulated));
    assert_ne!(first.hash, other.hash, "another seed, another history");
}
