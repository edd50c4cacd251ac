//! Whatever happens, in whatever order: in the end the cluster is as it was asked to be, and nothing is left over.

use client::{DeleteOptions, Object, PatchKind, Rng, Store};
use k8s_openapi::api::{
    apps::v1::{Deployment, ReplicaSet},
    core::v1::Pod,
};
use serde_json::json;
use testing::Cluster;

use crate::{available, common};

/// What was asked for last.
struct Wanted {
    replicas: i32,
    image: String,
}

async fn disturb(cluster: &Cluster, rng: &Rng, wanted: &mut Wanted) {
    match rng.below(6) {
        0 => {
            wanted.replicas = i32::try_from(rng.below(6)).unwrap_or(0);
            let patch = json!({"spec": {"replicas": wanted.replicas}});
            cluster.admin.merge::<Deployment>("default", "web", &patch).await.unwrap();
        }
        1 => {
            wanted.image = format!("web:{}", rng.below(3));
            let patch =
                json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": wanted.image}]);
            cluster.admin.patch::<Deployment>("default", "web", PatchKind::Json, &patch).await.unwrap();
        }
        2 => {
            let pods = cluster.informers.get::<Pod>().store().all();
            let Some(pod) = pods.get(usize::try_from(rng.below(8)).unwrap_or(0)) else { return };
            let options = DeleteOptions::default().grace(i64::try_from(rng.below(10)).unwrap_or(0));
            match cluster.admin.delete::<Pod>("default", Object::name(&**pod), &options).await {
                Ok(()) => {}
                Err(error) => assert!(error.is_not_found(), "{error}"),
            }
        }
        3 => cluster.node.runtime.exit("main", 1),
        4 => cluster.start_kubelet().await,
        _ => {
            cluster.node.stop();
            tokio::time::sleep(std::time::Duration::from_millis(rng.below(60_000))).await;
            cluster.start_kubelet().await;
        }
    }
    // Sometimes the next one comes in the middle of the work.
    tokio::time::sleep(std::time::Duration::from_millis(rng.below(3) * rng.below(2_000))).await;
}

async fn one(seed: u64) {
    let cluster = Cluster::start(seed).await;
    let rng = Rng::new(seed);
    let mut wanted = Wanted { replicas: 3, image: "web:0".to_owned() };
    cluster.create::<Deployment>(common::deployment("web", wanted.replicas, &wanted.image)).await;
    for _ in 0..25 {
        disturb(&cluster, &rng, &mut wanted).await;
    }
    let count = usize::try_from(wanted.replicas).unwrap_or(0);
    let settled = |pods: &Store<Pod>| {
        let good = |pod: &Pod| common::running(pod) && !pod.is_deleting() && common::image(pod) == wanted.image;
        pods.len() == count && pods.all().iter().all(|pod| good(pod))
    };
    cluster.eventually::<Pod>(&format!("seed {seed}: {count} pods with {}", wanted.image), settled).await;
    let what = format!("seed {seed}: {count} replicas are available");
    cluster.eventually::<Deployment>(&what, |all| available(all, "web", wanted.replicas)).await;
    let old = |sets: &Store<ReplicaSet>| {
        let replicas = |set: &ReplicaSet| set.status.as_ref().map_or(0, |s| s.replicas);
        sets.all().iter().map(|set| replicas(set)).sum::<i32>() == wanted.replicas
    };
    cluster.eventually::<ReplicaSet>(&format!("seed {seed}: old sets are empty"), old).await;
    let addresses = async { cluster.node.runtime.wait_for(|_| cluster.node.network.in_use() == count).await };
    let freed = tokio::time::timeout(std::time::Duration::from_secs(60), addresses).await;
    assert!(freed.is_ok(), "seed {seed}: {} addresses in use by {count} pods", cluster.node.network.in_use());
    assert_eq!(cluster.node.runtime.sandboxes(), count, "seed {seed}: one living sandbox per pod");
}

#[tokio::test(start_paused = true)]
async fn disturbances_of_many_seeds_end_in_the_wanted_state() {
    for seed in 100..104 {
        one(seed).await;
    }
}
