//! Part `node`: pods, one by one and a hundred at once, as a client sees them through a watch.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{
    figure::{Values, quantile},
    inside::{Cluster, Pods},
};

const NAMESPACE: &str = "bench-node";
const PODS: &str = "/api/v1/namespaces/bench-node/pods";

/// How long a container's program may take until it listens to signals.
const HANDLERS: Duration = Duration::from_millis(200);

fn pod(name: &str, image: &str) -> Value {
    let mut container = json!({"name": "c", "image": image, "imagePullPolicy": "IfNotPresent"});
    if image.starts_with("busybox") {
        container["command"] = json!(["sh", "-c", "trap exit TERM; sleep 3600 & wait"]);
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"bench": "node"}},
        "spec": {"containers": [container]}})
}

/// Measures on a cluster that can pull nginx:1 and busybox:1.36.
pub async fn measure(cluster: &Cluster, values: &mut Values) -> anyhow::Result<()> {
    cluster.namespace(NAMESPACE).await?;
    let pods = Pods::follow(cluster, NAMESPACE).await?;
    // The images are pulled before anything is measured.
    let warm = ["warm-nginx".to_owned(), "warm-busybox".to_owned()];
    for (name, image) in warm.iter().zip(["nginx:1", "busybox:1.36"]) {
        cluster.call("POST", PODS, &pod(name, image)).await?;
    }
    pods.all(&warm, |s| s.running).await?;
    for name in &warm {
        cluster.call("DELETE", &format!("{PODS}/{name}"), &Value::Null).await?;
    }
    pods.all(&warm, |s| s.gone).await?;
    singly(cluster, &pods, values).await?;
    together(cluster, &pods, values).await?;
    cluster.call("DELETE", &format!("/api/v1/namespaces/{NAMESPACE}"), &Value::Null).await?;
    Ok(())
}

async fn singly(cluster: &Cluster, pods: &Pods, values: &mut Values) -> anyhow::Result<()> {
    let (mut started, mut gone) = (Vec::new(), Vec::new());
    for i in 0..if cluster.side.short { 10 } else { 50 } {
        let name = [format!("one{i}")];
        let begun = Instant::now();
        cluster.call("POST", PODS, &pod(&name[0], "nginx:1")).await?;
        started.push(milliseconds(pods.all(&name, |s| s.running).await? - begun));
        // A first process that has no handler for its signal yet does not end by it, here as everywhere: half a minute of grace.
        tokio::time::sleep(HANDLERS).await;
        let begun = Instant::now();
        cluster.call("DELETE", &format!("{PODS}/{}", name[0]), &Value::Null).await?;
        gone.push(milliseconds(pods.all(&name, |s| s.gone).await? - begun));
    }
    for (what, mut times) in [("create → Running", started), ("delete → gone", gone)] {
        for (name, share) in [("median", 0.5), ("p95", 0.95)] {
            values.insert(format!("pod {what}, {name}"), quantile(&mut times, share));
        }
    }
    Ok(())
}

async fn together(cluster: &Cluster, pods: &Pods, values: &mut Values) -> anyhow::Result<()> {
    let before = cluster.programs.memory()?.all;
    let names: Vec<String> = (0..100).map(|i| format!("many{i}")).collect();
    let begun = Instant::now();
    for name in &names {
        cluster.call("POST", PODS, &pod(name, "busybox:1.36")).await?;
    }
    let running = pods.all(&names, |s| s.running).await?;
    values.insert("100 pods at once → all Running".to_owned(), (running - begun).as_secs_f64());
    // Buffers of the start are given back within a few seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
    values.insert("memory per running pod".to_owned(), (cluster.programs.memory()?.all - before) / 100.0);
    let begun = Instant::now();
    cluster.call("DELETE", &format!("{PODS}?labelSelector=bench%3Dnode"), &Value::Null).await?;
    let gone = pods.all(&names, |s| s.gone).await?;
    values.insert("100 pods deleted → gone".to_owned(), (gone - begun).as_secs_f64());
    Ok(())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
