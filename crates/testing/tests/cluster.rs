//! What a user expects of a cluster, on paused time: the real control plane and kubelet above fakes.

#[path = "cluster/chaos.rs"]
mod chaos;
mod common;
#[path = "cluster/preempt.rs"]
mod preempt;
#[path = "cluster/restart.rs"]
mod restart;
#[path = "cluster/volumes.rs"]
mod volumes;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use client::{DeleteOptions, ListOptions, Object, Store};
use common::{condition, deployment, pod, pod_is, ready_pods, running, status};
use k8s_openapi::api::{
    apps::v1::{Deployment, ReplicaSet},
    core::v1::{ConfigMap, Event, Namespace, Node, Pod, Service},
    discovery::v1::EndpointSlice,
};
use serde_json::json;
use testing::{Behaviour, Call, Cluster};

fn available(deployments: &Store<Deployment>, name: &str, count: i32) -> bool {
    let Some(deployment) = deployments.get("default", name) else { return false };
    let Some(status) = &deployment.status else { return false };
    let replicas = [status.replicas, status.updated_replicas, status.available_replicas];
    status.observed_generation == deployment.metadata.generation
        && replicas.iter().all(|found| found.unwrap_or(0) == count)
}

#[tokio::test(start_paused = true)]
async fn a_deployment_becomes_available_and_scales_to_nothing() {
    let cluster = Cluster::start(1).await;
    cluster.create::<Deployment>(deployment("web", 3, "web:1")).await;
    cluster.eventually::<Deployment>("three replicas", |all| available(all, "web", 3)).await;
    assert_eq!(cluster.node.network.in_use(), 3, "every pod has an address");
    let patch = json!({"spec": {"replicas": 0}});
    cluster.admin.merge::<Deployment>("default", "web", &patch).await.unwrap();
    cluster.eventually::<Pod>("no pods", Store::is_empty).await;
    cluster.eventually::<Deployment>("no replicas", |all| available(all, "web", 0)).await;
    cluster.node.runtime.wait_for(|_| cluster.node.network.in_use() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_rolling_update_keeps_enough_pods_and_replaces_all() {
    let cluster = Cluster::start(2).await;
    let mut wanted = deployment("web", 4, "web:1");
    wanted["spec"]["strategy"] = json!({"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1}});
    cluster.create::<Deployment>(wanted).await;
    cluster.eventually::<Deployment>("four replicas", |all| available(all, "web", 4)).await;
    let pods = cluster.informers.get::<Pod>();
    let (least, most) = (Arc::new(AtomicUsize::new(usize::MAX)), Arc::new(AtomicUsize::new(0)));
    let (low, high, seen) = (least.clone(), most.clone(), Arc::downgrade(&pods));
    pods.on(move |_| {
        let Some(pods) = seen.upgrade() else { return };
        low.fetch_min(ready_pods(pods.store(), "web"), Ordering::Relaxed);
        high.fetch_max(pods.store().filter(|p| !p.is_deleting()).len(), Ordering::Relaxed);
    });
    let patch = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "web:2"}]);
    cluster.admin.patch::<Deployment>("default", "web", client::PatchKind::Json, &patch).await.unwrap();
    cluster.eventually::<Deployment>("four new replicas", |all| available(all, "web", 4)).await;
    let new = |pods: &Store<Pod>| pods.len() == 4 && pods.all().iter().all(|pod| common::image(pod) == "web:2");
    cluster.eventually::<Pod>("only new pods", new).await;
    assert!(least.load(Ordering::Relaxed) >= 3, "at least 4 - maxUnavailable were ready, found {least:?}");
    assert!(most.load(Ordering::Relaxed) <= 5, "at most 4 + maxSurge lived, found {most:?}");
    let sets = cluster.informers.get::<ReplicaSet>().store().all();
    assert_eq!(sets.len(), 2, "the old replica set stays for a rollback");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_gets_another_image_is_never_called_unready() {
    let cluster = Cluster::start(13).await;
    cluster.create::<Pod>(pod("web", "web:1")).await;
    let is_ready = |pod: &Pod| condition(pod, "Ready").is_some_and(|c| c.status == "True");
    cluster.eventually::<Pod>("it is ready", |pods| pod_is(pods, "web", is_ready)).await;
    let pods = cluster.informers.get::<Pod>();
    let unready = Arc::new(AtomicUsize::new(0));
    let (count, seen) = (unready.clone(), Arc::downgrade(&pods));
    pods.on(move |_| {
        let ready = seen.upgrade().is_some_and(|pods| pod_is(pods.store(), "web", is_ready));
        count.fetch_add(usize::from(!ready), Ordering::Relaxed);
    });
    let patch = json!([{"op": "replace", "path": "/spec/containers/0/image", "value": "web:2"}]);
    cluster.admin.patch::<Pod>("default", "web", client::PatchKind::Json, &patch).await.unwrap();
    let restarted = |pod: &Pod| status(pod).is_some_and(|c| c.restart_count == 1 && c.image.ends_with("web:2"));
    cluster.eventually::<Pod>("the new image runs", |pods| pod_is(pods, "web", restarted)).await;
    assert_eq!(unready.load(Ordering::Relaxed), 0, "its endpoint was taken away in between");
}

#[tokio::test(start_paused = true)]
async fn a_failing_container_restarts_with_growing_delays() {
    let cluster = Cluster::start(3).await;
    cluster.node.runtime.behave("bad:1", [Behaviour::Exit(1)]);
    let began = cluster.env.now();
    cluster.create::<Pod>(pod("crash", "bad:1")).await;
    let waits = |pods: &Store<Pod>| {
        pod_is(pods, "crash", |pod| {
            status(pod).is_some_and(|c| {
                let waiting = c.state.as_ref().and_then(|s| s.waiting.as_ref());
                let last = c.last_state.as_ref().and_then(|s| s.terminated.as_ref());
                c.restart_count == 4
                    && waiting.and_then(|w| w.reason.as_deref()) == Some("CrashLoopBackOff")
                    && last.map(|t| t.exit_code) == Some(1)
            })
        })
    };
    cluster.eventually::<Pod>("CrashLoopBackOff after four restarts", waits).await;
    let took = cluster.env.now().duration_since(began).as_secs();
    assert!((70..100).contains(&took), "10 + 20 + 40 seconds between the starts, took {took}");
    cluster
        .eventually::<Event>("an event tells it", |events| {
            !events.filter(|e| e.reason.as_deref() == Some("BackOff")).is_empty()
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_runs_to_completion_succeeds() {
    let cluster = Cluster::start(4).await;
    cluster.node.runtime.behave("once:1", [Behaviour::ExitAfter(Duration::from_secs(30), 0)]);
    let mut once = pod("once", "once:1");
    once["spec"]["restartPolicy"] = json!("Never");
    cluster.create::<Pod>(once).await;
    cluster.eventually::<Pod>("running first", |pods| pod_is(pods, "once", running)).await;
    cluster.eventually::<Pod>("Succeeded", |pods| pod_is(pods, "once", |p| common::phase(p) == "Succeeded")).await;
    assert_eq!(cluster.node.runtime.starts("main"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_missing_image_and_a_failing_start_are_told_and_recovered_from() {
    let cluster = Cluster::start(5).await;
    cluster.node.images.missing("absent:1");
    cluster.node.runtime.behave("late:1", [Behaviour::FailToStart("no such program".into(), 127), Behaviour::Run]);
    cluster.create::<Pod>(pod("absent", "absent:1")).await;
    cluster.create::<Pod>(pod("late", "late:1")).await;
    let waiting = |pod: &Pod| {
        let state = status(pod).and_then(|c| c.state.as_ref()).and_then(|s| s.waiting.as_ref());
        state.and_then(|w| w.reason.as_deref()) == Some("ImagePullBackOff")
    };
    cluster.eventually::<Pod>("ImagePullBackOff", |pods| pod_is(pods, "absent", waiting)).await;
    cluster.node.images.publish("absent:1");
    cluster.eventually::<Pod>("the image came", |pods| pod_is(pods, "absent", running)).await;
    cluster.eventually::<Pod>("the second start works", |pods| pod_is(pods, "late", running)).await;
}

#[tokio::test(start_paused = true)]
async fn an_unschedulable_pod_waits_for_a_fitting_node() {
    let cluster = Cluster::start(6).await;
    let mut picky = pod("picky", "web:1");
    picky["spec"]["nodeSelector"] = json!({"disk": "ssd"});
    cluster.create::<Pod>(picky).await;
    let rejected = |pod: &Pod| {
        common::condition(pod, "PodScheduled")
            .is_some_and(|c| c.status == "False" && c.reason.as_deref() == Some("Unschedulable"))
    };
    cluster.eventually::<Pod>("Unschedulable", |pods| pod_is(pods, "picky", rejected)).await;
    let told = |events: &Store<Event>| !events.filter(|e| e.reason.as_deref() == Some("FailedScheduling")).is_empty();
    cluster.eventually::<Event>("an event tells it", told).await;
    let patch = json!({"metadata": {"labels": {"disk": "ssd"}}});
    cluster.admin.merge::<Node>("", &cluster.node.name, &patch).await.unwrap();
    cluster.eventually::<Pod>("it runs", |pods| pod_is(pods, "picky", running)).await;
}

#[tokio::test(start_paused = true)]
async fn deleting_a_namespace_removes_everything_in_it() {
    let cluster = Cluster::start(7).await;
    cluster.create::<Namespace>(json!({"metadata": {"name": "team"}})).await;
    let mut web = deployment("web", 2, "web:1");
    web["metadata"]["namespace"] = json!("team");
    let settings = json!({"metadata": {"name": "settings", "namespace": "team"}, "data": {"a": "b"}});
    // The pods need the namespace's service account, which a controller makes: the replica set tries again until then.
    cluster.create::<Deployment>(web).await;
    cluster.create::<ConfigMap>(settings).await;
    cluster.eventually::<Pod>("two pods run", |pods| pods.filter(running).len() == 2).await;
    cluster.admin.delete::<Namespace>("", "team", &DeleteOptions::default()).await.unwrap();
    cluster.eventually::<Namespace>("it is gone", |all| all.get("", "team").is_none()).await;
    let everything = ListOptions::default();
    assert_eq!(cluster.admin.list::<Pod>("team", &everything).await.unwrap(), []);
    assert_eq!(cluster.admin.list::<Deployment>("team", &everything).await.unwrap(), []);
    assert_eq!(cluster.admin.list::<ReplicaSet>("team", &everything).await.unwrap(), []);
    assert_eq!(cluster.admin.list::<ConfigMap>("team", &everything).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn deleting_an_owner_collects_what_it_owns() {
    let cluster = Cluster::start(8).await;
    cluster.create::<Deployment>(deployment("web", 2, "web:1")).await;
    cluster.eventually::<Deployment>("two replicas", |all| available(all, "web", 2)).await;
    let owner: ConfigMap = cluster.create(json!({"metadata": {"name": "owner", "namespace": "default"}})).await;
    let reference = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.uid()}]);
    let child = json!({"metadata": {"name": "child", "namespace": "default", "ownerReferences": reference}});
    cluster.create::<ConfigMap>(child).await;
    cluster.admin.delete::<ConfigMap>("default", "owner", &DeleteOptions::default()).await.unwrap();
    let foreground = DeleteOptions::default().propagation("Foreground");
    cluster.admin.delete::<Deployment>("default", "web", &foreground).await.unwrap();
    cluster.eventually::<ConfigMap>("no child", |all| all.get("default", "child").is_none()).await;
    cluster.eventually::<Deployment>("no deployment", Store::is_empty).await;
    let everything = ListOptions::default();
    assert_eq!(cluster.admin.list::<ReplicaSet>("default", &everything).await.unwrap(), []);
    assert_eq!(cluster.admin.list::<Pod>("default", &everything).await.unwrap(), []);
}

/// Names of the pods that a service's slices call ready.
fn ready_targets(slices: &Store<EndpointSlice>) -> Vec<String> {
    let ours = slices.filter(|s| s.label("kubernetes.io/service-name") == Some("web"));
    let endpoints = ours.iter().flat_map(|slice| slice.endpoints.iter().flatten());
    let ready = endpoints.filter(|e| e.conditions.as_ref().is_some_and(|c| c.ready == Some(true)));
    let mut names: Vec<String> = ready.filter_map(|e| e.target_ref.as_ref()?.name.clone()).collect();
    names.sort();
    names
}

#[tokio::test(start_paused = true)]
async fn a_service_leads_to_ready_pods_only() {
    let cluster = Cluster::start(9).await;
    cluster.node.runtime.exec_answers("probe", 1);
    let spec = json!({"selector": {"app": "web"}, "ports": [{"port": 80}]});
    cluster.create::<Service>(json!({"metadata": {"name": "web", "namespace": "default"}, "spec": spec})).await;
    let mut slow = pod("slow", "web:1");
    slow["metadata"]["labels"] = json!({"app": "web"});
    slow["spec"]["containers"][0]["readinessProbe"] = json!({"exec": {"command": ["probe"]}, "periodSeconds": 5});
    let mut quick = pod("quick", "web:1");
    quick["metadata"]["labels"] = json!({"app": "web"});
    cluster.create::<Pod>(slow).await;
    cluster.create::<Pod>(quick).await;
    cluster.eventually::<Pod>("both run", |pods| pods.filter(running).len() == 2).await;
    cluster.eventually::<EndpointSlice>("one is ready", |all| ready_targets(all) == ["quick"]).await;
    cluster.node.runtime.wait_for(|calls| calls.iter().filter(|c| matches!(c, Call::Exec(..))).count() > 5).await;
    let slices = cluster.informers.get::<EndpointSlice>();
    assert_eq!(ready_targets(slices.store()), ["quick"], "the probe still fails");
    cluster.node.runtime.exec_answers("probe", 0);
    cluster.eventually::<EndpointSlice>("both are ready", |all| ready_targets(all) == ["quick", "slow"]).await;
    cluster.admin.delete::<Pod>("default", "quick", &DeleteOptions::default().grace(0)).await.unwrap();
    cluster.eventually::<EndpointSlice>("one is left", |all| ready_targets(all) == ["slow"]).await;
}

#[tokio::test(start_paused = true)]
async fn concurrent_updates_of_one_object_lose_nothing() {
    const WRITERS: usize = 8;
    const EACH: usize = 20;
    let cluster = Cluster::start(10).await;
    cluster.create::<ConfigMap>(json!({"metadata": {"name": "sum", "namespace": "default"}, "data": {"n": "0"}})).await;
    let conflicts = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (client, conflicts) = (cluster.client("admin", &["system:masters"]), conflicts.clone());
            tokio::spawn(async move {
                let mut done = 0;
                while done < EACH {
                    let mut map: ConfigMap = client.get("default", "sum").await.unwrap();
                    // Everybody reads before anybody writes.
                    tokio::task::yield_now().await;
                    let data = map.data.get_or_insert_default();
                    let next = data["n"].parse::<usize>().unwrap() + 1;
                    data.insert("n".into(), next.to_string());
                    match client.update(&map).await {
                        Ok(_) => done += 1,
                        Err(error) if error.is_conflict() => drop(conflicts.fetch_add(1, Ordering::Relaxed)),
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let sum: ConfigMap = cluster.admin.get("default", "sum").await.unwrap();
    assert_eq!(sum.data.unwrap()["n"], (WRITERS * EACH).to_string());
    assert!(conflicts.load(Ordering::Relaxed) > 0, "without conflicts this shows nothing");
}

#[tokio::test(start_paused = true)]
async fn a_restarted_kubelet_leaves_containers_alone_and_notices_what_ended() {
    let cluster = Cluster::start(11).await;
    cluster.create::<Deployment>(deployment("web", 2, "web:1")).await;
    let mut named = pod("ends", "ends:1");
    named["spec"]["containers"][0]["name"] = json!("ends");
    cluster.create::<Pod>(named).await;
    cluster.eventually::<Pod>("three pods run", |pods| pods.filter(running).len() == 3).await;
    cluster.node.stop();
    cluster.node.runtime.exit("ends", 3);
    cluster.start_kubelet().await;
    let again = |pod: &Pod| running(pod) && status(pod).is_some_and(|c| c.restart_count == 1);
    cluster.eventually::<Pod>("what ended runs again", |pods| pod_is(pods, "ends", again)).await;
    cluster.create::<Pod>(pod("new", "new:1")).await;
    cluster.eventually::<Pod>("new pods run too", |pods| pod_is(pods, "new", running)).await;
    let web = cluster.informers.get::<Pod>().store().filter(|p| p.label("app") == Some("web"));
    assert!(web.iter().all(|pod| running(pod) && status(pod).is_some_and(|c| c.restart_count == 0)), "{web:?}");
    let calls = cluster.node.runtime.calls();
    let sandboxes = calls.iter().filter(|call| matches!(call, Call::RunSandbox(_))).count();
    assert_eq!((cluster.node.runtime.starts("main"), cluster.node.runtime.starts("ends"), sandboxes), (3, 2, 4));
}
