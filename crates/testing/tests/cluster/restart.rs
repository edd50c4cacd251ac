//! What a new kubelet remembers of the one before it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use client::{
    Store,
    transport::{Call, Request, Response, SharedTransport, Transport, TransportError, WatchStream},
};
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;
use testing::{Behaviour, Cluster};

use crate::common::{condition, pod, pod_is, running, status};

fn looping(pods: &Store<Pod>, restarts: i32) -> bool {
    let waits = |pod: &Pod| {
        status(pod).is_some_and(|c| {
            let waiting = c.state.as_ref().and_then(|s| s.waiting.as_ref());
            c.restart_count == restarts && waiting.and_then(|w| w.reason.as_deref()) == Some("CrashLoopBackOff")
        })
    };
    pod_is(pods, "crash", waits)
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_goes_on_where_it_was() {
    let cluster = Cluster::start(40).await;
    cluster.node.runtime.behave("bad:1", [Behaviour::Exit(1)]);
    cluster.create::<Pod>(pod("crash", "bad:1")).await;
    cluster.eventually::<Pod>("three restarts, and it waits", |pods| looping(pods, 3)).await;
    let (before, began) = (cluster.node.runtime.starts("main"), cluster.env.now());
    cluster.start_kubelet().await;
    cluster.eventually::<Pod>("the fourth", |pods| looping(pods, 4)).await;
    let took = cluster.env.now().duration_since(began).as_secs();
    assert!((35..=45).contains(&took), "forty seconds after the third, and not at once: {took}");
    assert_eq!(cluster.node.runtime.starts("main"), before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_ready_pod_stays_ready_until_its_probe_fails_often_enough() {
    let cluster = Cluster::start(41).await;
    cluster.node.runtime.exec_answers("healthy", 0);
    let mut wanted = pod("web", "web:1");
    wanted["spec"]["containers"][0]["readinessProbe"] =
        json!({"exec": {"command": ["healthy"]}, "periodSeconds": 10, "successThreshold": 2, "failureThreshold": 3});
    cluster.create::<Pod>(wanted).await;
    let is = |value: &'static str| {
        move |pods: &Store<Pod>| pod_is(pods, "web", |pod| condition(pod, "Ready").is_some_and(|c| c.status == value))
    };
    cluster.eventually::<Pod>("it is ready", is("True")).await;
    let since = || {
        let pod = cluster.informers.get::<Pod>().store().get("default", "web").unwrap();
        condition(&pod, "Ready").unwrap().last_transition_time.clone()
    };
    let before = since();
    cluster.start_kubelet().await;
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    assert_eq!(since(), before, "six probes later");
    cluster.start_kubelet().await;
    cluster.node.runtime.exec_answers("healthy", 1);
    let began = cluster.env.now();
    cluster.eventually::<Pod>("its failures count", is("False")).await;
    let took = cluster.env.now().duration_since(began).as_secs();
    assert!((15..=30).contains(&took), "the third failure decides: {took}");
}

/// The list of the node's pods takes its time; the order of what was answered is kept.
struct SlowPods {
    below: SharedTransport,
    answered: Arc<Mutex<Vec<&'static str>>>,
}

impl Transport for SlowPods {
    fn send(&self, request: Request) -> Call<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let what = match (request.method, request.uri.split('?').next().unwrap_or_default()) {
                ("GET", "/api/v1/pods") => Some("pods"),
                ("PATCH" | "POST", path) if path.starts_with("/api/v1/nodes") => Some("node"),
                _ => None,
            };
            if what == Some("pods") {
                tokio::time::sleep(Duration::from_secs(8)).await;
            }
            let answer = self.below.send(request).await;
            self.answered.lock().unwrap().extend(what);
            answer
        })
    }

    fn watch(&self, uri: String) -> Call<'_, Result<Result<WatchStream, Response>, TransportError>> {
        self.below.watch(uri)
    }
}

#[tokio::test(start_paused = true)]
async fn a_kubelet_that_says_ready_knows_its_pods() {
    let cluster = Cluster::start(42).await;
    cluster.create::<Pod>(pod("web", "web:1")).await;
    cluster.eventually::<Pod>("it runs", |pods| pod_is(pods, "web", running)).await;
    cluster.node.stop();
    let answered = Arc::new(Mutex::new(Vec::new()));
    let kept = answered.clone();
    cluster.start_kubelet_over(|below| Arc::new(SlowPods { below, answered: kept })).await;
    assert_eq!(answered.lock().unwrap()[..2], ["pods", "node"], "first its pods, then the word that it is Ready");
}
