//! The agent process: a node of a cluster elsewhere. Joins if it has not yet, then runs the node until it is told to stop.

mod join_in;
mod renew;
mod state;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::Context;
use client::{Client, Env, Informers};
use tokio::sync::mpsc;

use crate::{
    commands::agent::Plan,
    control::{self, Answer, Request, StatusReport},
    join::{Server, Shown, Way},
    log::{self, Log},
    memory,
    node::{self, Access, Node},
    report::Report,
    service,
    stop::{self, Stop},
};
use join_in::Membership;

/// A node that joins must be Ready within this time.
const READY: Duration = Duration::from_secs(90);
/// One that was a member before is said to run after this time, also where its server does not answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// The parts that the control socket tells about.
struct Shared {
    server: String,
    name: String,
    way: Arc<Way>,
    node: OnceLock<Arc<Node>>,
}

/// Runs until told to stop.
pub async fn run(plan: Plan, report: &Report) -> anyhow::Result<()> {
    let log = log::stderr();
    let member = join_in::membership(&plan, report, &log).await?;
    plan.instance.announce(member.server.port)?;
    let shared = Arc::new(Shared {
        server: member.server.url(),
        name: member.name.clone(),
        way: member.way.clone(),
        node: OnceLock::new(),
    });
    let (sender, commands) = mpsc::channel(4);
    let socket = control::serve(&plan.instance, handler(&shared, &sender))?;
    let small = tokio::spawn(memory::keep_small());
    let work = work(&plan, report, &member, &shared, log.clone());
    let result = tokio::select! {
        stop = stop::asked(commands) => stop,
        failed = work => failed.map(|never| match never {}),
    };
    // An error of ours is no reason to end what runs.
    let keep = !matches!(result, Ok(Stop::WithPods));
    service::tell(service::STOPPING);
    match shared.node.get() {
        Some(node) => stop::end(node, keep, report).await?,
        // It was still waiting for its server: its pods are there all the same.
        None if keep => {}
        None => node::kill_pods(&runtime::PodiumRuntime::open(node::runtime_config(&plan.instance, log)).await?).await,
    }
    plan.instance.retract();
    socket.abort();
    small.abort();
    result.map(|_| ())
}

/// Runs the node; ends only by failing.
async fn work(
    plan: &Plan,
    report: &Report,
    member: &Membership,
    shared: &Shared,
    log: Log,
) -> anyhow::Result<std::convert::Infallible> {
    let env = Env::system(crate::control_plane::seed()).with_log(log.clone());
    let client = Client::new(member.way.clone()).with_manager("kubelet");
    let access = Access { informers: Informers::new(client.clone(), env.clone()), kubelet: client, env };
    let start = start(plan, member, &access, shared, log.clone());
    let mut start = std::pin::pin!(start);
    let node = if member.fresh {
        tokio::time::timeout(READY, start).await.with_context(|| {
            format!("node {} did not become Ready within {READY:?} (see the log of this agent)", member.name)
        })??
    } else {
        match tokio::time::timeout(PATIENCE, &mut start).await {
            Ok(node) => node?,
            Err(_) => {
                report.ready(&format!(
                    "the agent runs, but {} does not answer yet; pods that were here run on",
                    member.server.url()
                ));
                start.await?
            }
        }
    };
    let tasks = renew::start(plan, member, &access, node)?;
    report.step(&format!("node {} is Ready", member.name));
    service::tell(service::READY);
    report.ready(&format!(
        "\nThis machine is node {} of the cluster at {}.\n\n  podium status{}",
        member.name,
        member.server.url(),
        plan.data_flag()
    ));
    tasks.run().await
}

/// Starts the node, its API included; returns when it is Ready.
async fn start(
    plan: &Plan,
    member: &Membership,
    access: &Access,
    shared: &Shared,
    log: Log,
) -> anyhow::Result<Arc<Node>> {
    let node_plan = node::Plan {
        instance: plan.instance.clone(),
        name: member.name.clone(),
        address: member.address,
        kubelet_port: plan.args.kubelet_port,
        cluster: member.facts.clone(),
        registries: plan.registries.clone(),
    };
    let node = Arc::new(Node::start(&node_plan, access, log).await?);
    let _ = shared.node.set(node.clone());
    let serving = renew::serving(plan, member, access).await?;
    let identity = Shown::new(&serving.certificate, &serving.key)?;
    let _ = member.shown.set(identity.clone());
    let client_ca = crate::join::ca(&member.server.ca)?;
    node.listen(plan.args.kubelet_port, kubelet::Tls { identity, client_ca }).await?;
    // One that was a member before waits as long as it takes: its pods run meanwhile.
    while let Err(error) = node.ready().await {
        anyhow::ensure!(!member.fresh, error);
        access.env.say(&format!("{error:#}"));
    }
    Ok(node)
}

impl Server {
    /// As people write it.
    pub fn url(&self) -> String {
        if self.name.contains(':') {
            format!("https://[{}]:{}", self.name, self.port)
        } else {
            format!("https://{}:{}", self.name, self.port)
        }
    }
}

/// Answers the control socket.
fn handler(shared: &Arc<Shared>, stop: &mpsc::Sender<Stop>) -> control::Handler {
    let (shared, stop) = (shared.clone(), stop.clone());
    Arc::new(move |request, out| {
        let (shared, stop) = (shared.clone(), stop.clone());
        Box::pin(async move {
            let answer = match (request, shared.node.get()) {
                (Request::Status, node) => Answer::Status(status(&shared, node)),
                (Request::Down { keep_pods }, node) => {
                    let answer = stop::answer(node.map(|node| &**node), keep_pods);
                    let _ = stop.send(if keep_pods { Stop::KeepPods } else { Stop::WithPods }).await;
                    answer
                }
                (other, Some(node)) => node.image_request(other, &out).await,
                (_, None) => Answer::Failed("the node is starting: it waits for its server".to_owned()),
            };
            let _ = out.send(answer).await;
        })
    })
}

fn status(shared: &Shared, node: Option<&Arc<Node>>) -> StatusReport {
    let reached = shared.way.is_reached();
    let ready = node.is_some_and(|node| node.is_ready());
    let mut waiting_for = Vec::new();
    if !reached {
        waiting_for.push("server".to_owned());
    } else if !ready {
        waiting_for.push("node".to_owned());
    }
    StatusReport {
        pid: i32::try_from(std::process::id()).unwrap_or(0),
        ready: reached && ready,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        server: shared.server.clone(),
        node: shared.name.clone(),
        pods: node.map_or(0, |node| node.pods()),
        agent: true,
        datastore_bytes: 0,
        waiting_for,
    }
}
