//! Simulated clusters from seeds: a few dozen here, thousands by `cargo xtask simulate`.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use client::{DeleteOptions, ListOptions};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Node, Pod},
};
use serde_json::json;
use testing::{
    object,
    sim::{Outcome, Plan, World, run, settles},
};
use tokio::time::sleep;

const MINUTE: Duration = Duration::from_secs(60);

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

#[test]
fn a_seed_replays_exactly() {
    let (first, again, other) = (run(Plan::short(1000)), run(Plan::short(1000)), run(Plan::short(1001)));
    assert_eq!(first.hash, again.hash, "the same seed, the same history");
    assert_eq!((first.writes, first.simulated), (again.writes, again.simulated));
    assert_ne!(first.hash, other.hash, "another seed, another history");
}

/// Three nodes without whims, and six pods on them.
async fn world() -> World {
    let world = World::start(1, false).await;
    world.heal().await;
    let labels = json!({"app": "web"});
    let template =
        json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "web:1"}]}});
    let spec = json!({"replicas": 6, "selector": {"matchLabels": labels}, "template": template});
    let wanted = json!({"metadata": {"name": "web", "namespace": "default"}, "spec": spec});
    assert_eq!(settles(&world, MINUTE).await, Vec::<String>::new());
    world.admin.create(&object::<Deployment>(wanted)).await.expect("a deployment");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(settles(&world, 5 * MINUTE).await, Vec::<String>::new());
    world
}

async fn not_ready(world: &World) -> usize {
    let pods = world.admin.list::<Pod>("default", &ListOptions::default()).await.expect("pods");
    let is_not = |pod: &Pod| {
        let mut all = pod.status.as_ref().and_then(|status| status.conditions.as_ref()).into_iter().flatten();
        all.any(|condition| condition.type_ == "Ready" && condition.status == "False")
    };
    pods.iter().filter(|pod| is_not(pod)).count()
}

#[tokio::test(start_paused = true)]
async fn pods_of_a_node_that_was_thought_dead_are_ready_again_when_it_is_back() {
    let world = world().await;
    world.nodes[1].cut.set(true);
    sleep(2 * MINUTE).await;
    assert!(not_ready(&world).await > 0, "nobody hears of the node: its pods count as not ready");
    world.nodes[1].cut.set(false);
    assert_eq!(settles(&world, 2 * MINUTE).await, Vec::<String>::new());
    assert_eq!((not_ready(&world).await, world.judge.violations()), (0, Vec::new()));
    world.stop();
}

#[tokio::test(start_paused = true)]
async fn pods_that_were_failed_with_their_node_do_not_run_again() {
    let world = world().await;
    world.admin.delete::<Node>("", "node-2", &DeleteOptions::default()).await.expect("a deletion");
    sleep(MINUTE).await;
    assert_eq!(settles(&world, 10 * MINUTE).await, Vec::<String>::new(), "the node registers again");
    assert_eq!(world.judge.violations(), Vec::<String>::new());
    world.stop();
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_clock_is_set_back_lives() {
    let world = world().await;
    world.nodes[0].clock.jump_to(600_000);
    sleep(15 * MINUTE).await;
    world.judge.rest(true);
    world.nodes[0].clock.jump_to(0);
    sleep(20 * MINUTE).await;
    assert_eq!(world.judge.violations(), Vec::<String>::new(), "only heartbeats were written");
    world.stop();
}
