//! Part `api`: durable writes, reads, what stored objects cost, and a restart with them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use serde_json::Value;

use super::{
    figure::Values,
    inside::{Cluster, Podium},
    load::{Aim, Make},
};

const NAMESPACE: &str = "bench-api";
const PATH: &str = "/api/v1/namespaces/bench-api";
/// Of each of the two kinds.
const OBJECTS: usize = 12_000;
/// The restart is over when the API answers; longer than this is a failure.
const SERVING: Duration = Duration::from_secs(60);

fn config_map(number: usize) -> (&'static str, String, String) {
    let body = format!(r#"{{"metadata":{{"name":"c{number}"}},"data":{{"k":"{}"}}}}"#, "v".repeat(500));
    ("POST", format!("{PATH}/configmaps"), body)
}

/// For a scheduler that does not exist: nobody touches it.
fn pod(number: usize) -> (&'static str, String, String) {
    let spec = r#""spec":{"schedulerName":"none","containers":[{"name":"c","image":"nginx"}]}"#;
    ("POST", format!("{PATH}/pods"), format!(r#"{{"metadata":{{"name":"p{number}"}},{spec}}}"#))
}

fn get(_: usize) -> (&'static str, String, String) {
    ("GET", format!("{PATH}/configmaps/c0"), String::new())
}

/// Measures; the objects stay.
pub async fn measure(cluster: &Cluster, values: &mut Values) -> anyhow::Result<()> {
    cluster.namespace(NAMESPACE).await?;
    let aim = Aim::new(&cluster.target)?;
    let before = cluster.programs.memory()?.all;
    let loads: [(&str, usize, Make); 3] = [
        ("durable ConfigMap creates", OBJECTS, Arc::new(config_map)),
        ("durable Pod creates", OBJECTS, Arc::new(pod)),
        ("GETs of one object", 4 * OBJECTS, Arc::new(get)),
    ];
    for (what, count, make) in loads {
        let used = cluster.programs.cpu()?;
        let outcome = aim.fire(count, make).await.with_context(|| what.to_owned())?;
        let used = cluster.programs.cpu()? - used;
        values.insert(format!("{what}, processor time of each"), used * 1e6 / count as f64);
        values.insert(format!("{what}, 64 connections"), outcome.per_second);
        values.insert(format!("{what}, 64 connections, p99"), outcome.p99_ms);
    }
    let begun = Instant::now();
    let list = cluster.api.raw("GET", format!("{PATH}/pods"), "", bytes::Bytes::new()).await?;
    values.insert("LIST of 12,000 pods".to_owned(), list.len() as f64 / 1e6 / begun.elapsed().as_secs_f64());
    drop(list);
    tokio::time::sleep(Duration::from_secs(if cluster.side.short { 1 } else { 5 })).await;
    let after = cluster.programs.memory()?.all;
    values.insert("memory per stored object".to_owned(), 1024.0 * (after - before) / (2 * OBJECTS) as f64);
    if let Some(podium) = &cluster.side.podium {
        let seconds = restart(cluster, podium).await?;
        values.insert("restart with 24,000 objects → serving".to_owned(), seconds);
    }
    Ok(())
}

/// Seconds from the start of the program until the last object can be read.
async fn restart(cluster: &Cluster, podium: &Podium) -> anyhow::Result<f64> {
    podium.down()?;
    let path = format!("{PATH}/pods/p{}", OBJECTS - 1);
    let begun = Instant::now();
    let mut up = podium.up().spawn()?;
    let served = loop {
        if cluster.call("GET", &path, &Value::Null).await.is_ok() {
            break begun.elapsed();
        }
        anyhow::ensure!(begun.elapsed() < SERVING, "{path} is not served after the restart");
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    let status = tokio::task::spawn_blocking(move || up.wait()).await??;
    anyhow::ensure!(status.success(), "podium up failed after the restart");
    Ok(served.as_secs_f64())
}
