//! `podium up --demo`: an application of three replicas behind a Service, and its answers.

use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Service};
use serde_json::json;

use crate::{control_plane::ControlPlane, demo_image, node::Node, report::Report};

const NAMESPACE: &str = "default";
const NAME: &str = "demo";
/// The application must answer within this time.
const DEADLINE: Duration = Duration::from_secs(60);
/// Requests that are shown.
const REQUESTS: usize = 6;

/// Deploys it, waits until it answers through the Service, and shows the answers.
pub async fn run(control: &ControlPlane, node: &Node, report: &Report) -> anyhow::Result<()> {
    node.import_demo_image().await?;
    report.step(&format!("the demo's image {} is loaded", demo_image::NAME));
    let client = control.client("kubernetes-admin", &["system:masters"]).with_manager("podium-demo");
    let deployment: Deployment = serde_json::from_value(json!({
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": NAME}},
            "template": {
                "metadata": {"labels": {"app": NAME}},
                "spec": {"containers": [{
                    "name": NAME, "image": demo_image::NAME, "imagePullPolicy": "IfNotPresent",
                    "ports": [{"containerPort": 8080}],
                    "readinessProbe": {"httpGet": {"port": 8080}, "periodSeconds": 1},
                    "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
                    "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}},
                }]},
            },
        },
    }))?;
    let service: Service = serde_json::from_value(json!({
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {"selector": {"app": NAME}, "ports": [{"port": 80, "targetPort": 8080}]},
    }))?;
    for result in [client.create(&deployment).await.map(|_| ()), client.create(&service).await.map(|_| ())] {
        match result {
            Err(error) if !error.is_already_exists() => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
    }
    report.step("deployment.apps/demo and service/demo are created");
    let deployments = control.informers.get::<Deployment>();
    let changes = deployments.subscribe();
    let available = async {
        loop {
            let known = deployments.store().get(NAMESPACE, NAME);
            if known.and_then(|d| d.status.as_ref()?.available_replicas).is_some_and(|n| n >= 3) {
                return;
            }
            changes.changed().await;
        }
    };
    tokio::time::timeout(DEADLINE, available)
        .await
        .context("the demo's pods did not become available; see `kubectl describe pods -l app=demo`")?;
    report.step("3 of 3 replicas are available");
    let address = client
        .get::<Service>(NAMESPACE, NAME)
        .await?
        .spec
        .and_then(|s| s.cluster_ip)
        .context("the Service has no address")?;
    for _ in 0..REQUESTS {
        let answer =
            tokio::time::timeout(DEADLINE, patient_get(&address)).await.context("the Service does not answer")?;
        report.step(&format!("GET http://{address}/  →  {}", answer.trim()));
    }
    Ok(())
}

/// Asks until there is an answer: the Service's rules may be a moment behind the pods.
async fn patient_get(address: &str) -> String {
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    loop {
        pause.tick().await;
        if let Ok(answer) = get(address).await {
            return answer;
        }
    }
}

async fn get(address: &str) -> anyhow::Result<String> {
    let stream = tokio::net::TcpStream::connect((address, 80)).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = hyper::Request::get("/").header("host", address).body(Empty::<Bytes>::new())?;
    let body = sender.send_request(request).await?.into_body().collect().await?;
    Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
}
