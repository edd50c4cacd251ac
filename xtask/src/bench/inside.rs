//! The measuring process: it runs within the network namespace of one cluster and prints its figures as JSON.

use std::{
    collections::HashMap,
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bytes::Bytes;
use client::{
    Client,
    https::{Config, Https},
    kubeconfig::{self, Target},
    transport::EventKind,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use super::{api, basics, figure::Values, node, processes::Programs};

/// A cluster to measure.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Side {
    /// Podium itself, which is started here; `None`: the cluster runs already.
    pub podium: Option<Podium>,
    /// Its kubeconfig.
    pub kubeconfig: PathBuf,
    /// Where its programs lie.
    pub programs: String,
    /// Parts to measure.
    pub parts: Vec<String>,
    /// Fewer repetitions and shorter waits: for work on the bench, not for figures.
    pub short: bool,
}

/// How to start Podium.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Podium {
    /// The program.
    pub program: PathBuf,
    /// Its data directory.
    pub data: PathBuf,
    /// Mirrors.
    pub registries: PathBuf,
}

impl Podium {
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(name).arg("--data-dir").arg(&self.data);
        // `up` would add its context to the user's own file.
        command.env("KUBECONFIG", self.data.with_extension("kubeconfig"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// `podium up --detach`, which returns when the node is Ready.
    pub fn up(&self) -> Command {
        let mut command = self.command("up");
        command.arg("--detach").arg("--registries").arg(&self.registries);
        command
    }

    /// `podium down`.
    pub fn down(&self) -> anyhow::Result<()> {
        done(self.command("down"))
    }

    /// `podium reset`.
    pub fn reset(&self) -> anyhow::Result<()> {
        let mut command = self.command("reset");
        command.arg("--yes");
        done(command)
    }
}

/// Runs a command; what it says when it fails.
pub fn done(mut command: Command) -> anyhow::Result<()> {
    let out = command.output().with_context(|| format!("{command:?}"))?;
    anyhow::ensure!(out.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&out.stderr).trim());
    Ok(())
}

/// A running cluster.
pub struct Cluster {
    /// Its API.
    pub api: Client,
    /// The same, for the load generator.
    pub target: Target,
    /// Its processes.
    pub programs: Programs,
    /// How it was described.
    pub side: Side,
}

impl Cluster {
    fn new(side: &Side) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(&side.kubeconfig).with_context(|| side.kubeconfig.display().to_string())?;
        let target = kubeconfig::target(&text, None)?;
        let transport = Https::new(&Config {
            server: target.server.clone(),
            ca: target.ca.clone(),
            server_name: None,
            credentials: target.credentials.clone(),
            agent: "podium-bench".to_owned(),
        })?;
        let api = Client::new(Arc::new(transport));
        Ok(Self { api, target, programs: Programs(side.programs.clone()), side: side.clone() })
    }

    /// A call; `Null` stands for no body.
    pub async fn call(&self, method: &'static str, path: &str, body: &Value) -> anyhow::Result<Value> {
        let bytes = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let answer = self.api.raw(method, path.to_owned(), "application/json", bytes).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// A namespace with its service account: pods can be made in it.
    pub async fn namespace(&self, name: &str) -> anyhow::Result<()> {
        let body = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        self.call("POST", "/api/v1/namespaces", &body).await?;
        let wanted = format!(
            "/api/v1/namespaces/{name}/serviceaccounts?watch=1&sendInitialEvents=true\
            &resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=metadata.name%3Ddefault"
        );
        let mut events = self.api.raw_watch(wanted).await?;
        loop {
            let event = tokio::time::timeout(WAIT, events.recv()).await.context("no service account came")?;
            if event.context("the watch ended")?.kind == EventKind::Added {
                return Ok(());
            }
        }
    }
}

/// Longer than anything here may take.
const WAIT: Duration = Duration::from_secs(300);

/// When a pod was first seen running, and when gone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    /// Phase Running.
    pub running: Option<Instant>,
    /// DELETED.
    pub gone: Option<Instant>,
}

/// What a watch of a namespace's pods has shown.
pub struct Pods {
    seen: watch::Receiver<HashMap<String, Seen>>,
}

impl Pods {
    /// Watches from now on.
    pub async fn follow(cluster: &Cluster, namespace: &str) -> anyhow::Result<Self> {
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        let list = cluster.call("GET", &path, &Value::Null).await?;
        let version = list["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
        let mut events = cluster.api.raw_watch(format!("{path}?watch=1&resourceVersion={version}")).await?;
        let (sender, seen) = watch::channel(HashMap::<String, Seen>::new());
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                let now = Instant::now();
                let Ok(pod) = serde_json::from_slice::<Value>(&event.object) else { return };
                let name = pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                sender.send_modify(|seen| {
                    let of = seen.entry(name).or_default();
                    match event.kind {
                        EventKind::Deleted => of.gone = Some(now),
                        _ if pod["status"]["phase"] == "Running" => of.running = of.running.or(Some(now)),
                        _ => {}
                    }
                });
            }
        });
        Ok(Self { seen })
    }

    /// Waits until each of these pods has what is asked for; when the last one had it.
    pub async fn all(&self, names: &[String], of: fn(&Seen) -> Option<Instant>) -> anyhow::Result<Instant> {
        let mut seen = self.seen.clone();
        let complete = seen.wait_for(|seen| names.iter().all(|n| seen.get(n).and_then(of).is_some()));
        match tokio::time::timeout(WAIT, complete).await {
            Ok(seen) => {
                Ok(names.iter().filter_map(|n| seen.as_ref().ok()?.get(n).and_then(of)).max().context("none")?)
            }
            Err(_) => bail!("not all of {} pods came so far", names.len()),
        }
    }
}

/// Measures; the figures go to standard output.
#[expect(clippy::print_stdout, reason = "the answer to the parent process")]
pub fn run(description: &str) -> anyhow::Result<()> {
    let side: Side = serde_json::from_str(description)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(measure(&side));
    if let Some(podium) = &side.podium {
        podium.reset()?;
    }
    println!("{}", serde_json::to_string(&result?)?);
    Ok(())
}

async fn measure(side: &Side) -> anyhow::Result<Values> {
    let mut values = Values::new();
    if let Some(podium) = &side.podium {
        let start = basics::start(podium, if side.short { 1 } else { 7 })?;
        values.insert("start on empty data → node Ready".to_owned(), start);
    }
    let cluster = Cluster::new(side)?;
    for part in &side.parts {
        match part.as_str() {
            "basics" => basics::measure(&cluster, &mut values).await?,
            "node" => node::measure(&cluster, &mut values).await?,
            "api" => api::measure(&cluster, &mut values).await?,
            other => bail!("no part {other:?}"),
        }
    }
    Ok(values)
}
