//! How long the steps of a write take for a pod of about 6 KB. Run by hand: `cargo run --release -p apimachinery --example speed`.
#![allow(clippy::print_stdout)]

use std::{hint::black_box, time::Instant};

use apimachinery::{managed, patch, prune, strict};
use serde_json::{Value, json};

mod schema {
    pub use apimachinery::schema::*;
}
#[expect(dead_code, reason = "made for the unit tests; not all of it matters here")]
#[path = "../src/fixture.rs"]
mod fixture;

fn pod() -> Value {
    let env = |i: usize| json!({"name": format!("VARIABLE_{i}"), "value": format!("some value of medium length {i}")});
    let container = |i: usize| {
        json!({"name": format!("container-{i}"), "image": "registry.example.com/team/application:v1.2.3", "args": ["--flag", "--other=value"],
            "env": (0..12).map(env).collect::<Vec<_>>(), "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
            "resources": {"limits": {"cpu": "500m", "memory": "128Mi"}, "requests": {"cpu": "250m", "memory": "64Mi"}}})
    };
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web-7d4b9c", "namespace": "default", "uid": "3c8a1a86-6f9a-4a0e-a3a7-53c4ed5f1b2c", "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"app": "web", "pod-template-hash": "7d4b9c", "tier": "front"}, "annotations": {"example.com/a": "b".repeat(200)},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "u", "controller": true}]},
        "spec": {"containers": (0..4).map(container).collect::<Vec<_>>(), "nodeName": "node-1", "volumes": [{"name": "v", "emptyDir": {}}],
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists"}]},
        "status": {"phase": "Pending", "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}})
}

fn time(name: &str, bytes: usize, mut work: impl FnMut()) {
    let mut best = f64::MAX;
    for _ in 0..500 {
        let start = Instant::now();
        for _ in 0..10 {
            work();
        }
        best = best.min(start.elapsed().as_secs_f64() / 10.0);
    }
    println!("{name:<34} {:>8.1} us   {:>6.0} MB/s", best * 1e6, bytes as f64 / best / 1e6);
}

fn main() {
    let (set, at) = fixture::pod();
    let schema = apimachinery::schema::Schema { set: &set, at };
    let now = jiff::Timestamp::UNIX_EPOCH;
    let change = |subresource| managed::Change { manager: "kubelet", api_version: "v1", subresource, now, reset: &[] };
    let mut live = pod();
    managed::update(None, &mut live, schema, &change(""));
    let text = live.to_string();
    let size = text.len();
    println!("pod: {size} bytes, of which managed fields {}", live["metadata"]["managedFields"].to_string().len());
    let mut next = live.clone();
    next["status"]["phase"] = "Running".into();
    next["status"]["conditions"][0]["status"] = "True".into();
    let bare = pod();
    time("clone (for comparison)", size, || drop(black_box(live.clone())));
    time("parse", size, || drop(black_box(strict::json(text.as_bytes()))));
    time("parse, duplicates named", size, || drop(black_box(strict::json_strict(text.as_bytes()))));
    time("prune::decode (with clone)", size, || {
        let mut object = live.clone();
        let _ = black_box(prune::decode(&mut object, schema));
    });
    time("managed::update create (with clone)", size, || {
        let mut object = bare.clone();
        managed::update(None, &mut object, schema, &change(""));
        black_box(object);
    });
    time("managed::update status (with clone)", size, || {
        let mut object = next.clone();
        managed::update(Some(&live), &mut object, schema, &change("status"));
        black_box(object);
    });
    time("managed::update same (with clone)", size, || {
        let mut object = live.clone();
        managed::update(Some(&live), &mut object, schema, &change(""));
        black_box(object);
    });
    let small = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}], "$setElementOrder/conditions": [{"type": "Ready"}]}});
    time("strategic patch, status", size, || drop(black_box(patch::strategic::apply(&live, &small, schema))));
    let merge = json!({"metadata": {"labels": {"a": "b"}}});
    time("merge patch (with clone)", size, || {
        let mut object = live.clone();
        patch::merge::apply(&mut object, &merge);
        black_box(object);
    });
}
