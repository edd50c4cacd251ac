//! A pod of higher priority takes the room of one of lower priority.

use std::sync::{Arc, Mutex};

use client::{Object, PatchKind};
use k8s_openapi::api::{
    core::v1::{Event, Node, Pod},
    scheduling::v1::PriorityClass,
};
use serde_json::{Value, json};
use testing::Cluster;

use crate::common::{condition, pod, pod_is, running};

const RESOURCE: &str = "example.com/dongle";

fn wants(name: &str, class: &str, amount: &str) -> Value {
    let mut pod = pod(name, "web:1");
    pod["spec"]["priorityClassName"] = json!(class);
    pod["spec"]["containers"][0]["resources"] = json!({"requests": {RESOURCE: amount}, "limits": {RESOURCE: amount}});
    pod
}

#[tokio::test(start_paused = true)]
async fn the_weaker_pod_goes_and_its_room_is_kept_for_the_stronger() {
    let cluster = Cluster::start(50).await;
    for (name, value) in [("low", 1), ("medium", 100), ("high", 1000)] {
        cluster.create::<PriorityClass>(json!({"metadata": {"name": name}, "value": value})).await;
    }
    let node = cluster.node.name.clone();
    let patch = json!({"status": {"capacity": {RESOURCE: "5"}}});
    cluster.admin.patch_status::<Node>("", &node, PatchKind::Strategic, &patch).await.unwrap();
    for (name, class) in [("weak", "low"), ("bystander", "medium")] {
        cluster.create::<Pod>(wants(name, class, "2")).await;
        cluster.eventually::<Pod>("it runs", |pods| pod_is(pods, name, running)).await;
    }
    let seen: Arc<Mutex<(Vec<String>, Vec<String>)>> = Arc::default();
    let sink = seen.clone();
    cluster.informers.get::<Pod>().on(move |change| {
        let Some(pod) = change.object() else { return };
        let (promises, farewells) = &mut *sink.lock().unwrap();
        promises.extend(pod.status.as_ref().and_then(|s| s.nominated_node_name.clone()));
        if let Some(why) = condition(pod, "DisruptionTarget") {
            let text = |field: &Option<String>| field.clone().unwrap_or_default();
            farewells.push(format!("{} {} {}: {}", pod.name(), why.status, text(&why.reason), text(&why.message)));
        }
    });
    // The third wants what the first will take: of equal rank as the victim, and first in the queue when it goes.
    cluster.create::<Pod>(wants("late", "low", "2")).await;
    let high: Pod = cluster.create(wants("strong", "high", "2")).await;
    cluster.eventually::<Pod>("the strong one runs", |pods| pod_is(pods, "strong", running)).await;

    cluster.eventually::<Pod>("the weak one is gone", |pods| pods.get("default", "weak").is_none()).await;
    let pods = cluster.informers.get::<Pod>();
    assert!(pod_is(pods.store(), "bystander", |p| running(p) && !p.is_deleting()), "nobody else was");
    assert!(pod_is(pods.store(), "late", |p| p.spec.as_ref().unwrap().node_name.is_none()), "no room for this one");
    let strong = pods.store().get("default", "strong").unwrap();
    assert_eq!(strong.status.as_ref().unwrap().nominated_node_name, None, "the promise is kept, and no longer one");
    let (mut promises, mut farewells) = seen.lock().unwrap().clone();
    promises.dedup();
    farewells.dedup();
    assert_eq!(promises, [node.as_str()]);
    assert_eq!(
        farewells,
        ["weak True PreemptionByScheduler: default-scheduler: preempting to accommodate a higher priority pod"]
    );
    let told = format!("Preempted by pod {} on node {node}", high.uid());
    cluster
        .eventually::<Event>("an event tells it", |events| {
            let of = events.filter(|e| e.reason.as_deref() == Some("Preempted"));
            of.iter().any(|e| {
                e.message.as_deref() == Some(&told)
                    && e.involved_object.name.as_deref() == Some("weak")
                    && e.related.as_ref().and_then(|r| r.name.as_deref()) == Some("strong")
            })
        })
        .await;
}
