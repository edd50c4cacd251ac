//! Becoming a member: by a token the first time, by the certificate afterwards.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::{Context, bail};
use client::Client;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Node};

use super::state::State;
use crate::{
    commands::agent::Plan,
    host,
    instance::write_private,
    join::{self, ClusterFacts, Credentials, JoinToken, Kind, MAP, MAP_NAMESPACE, Server, Shown, Wanted, Way, explain},
    log::Log,
    report::Report,
};

/// So long a new node waits for its certificate.
const SIGNED: Duration = Duration::from_secs(60);
/// A server that a member asks for news at its start answers within this time, or what is known counts.
const NEWS: Duration = Duration::from_secs(5);

/// A member of a cluster.
pub struct Membership {
    /// Its server.
    pub server: Server,
    /// The node's name.
    pub name: String,
    /// The node's address.
    pub address: IpAddr,
    /// What all nodes know.
    pub facts: ClusterFacts,
    /// The way to the API, as the node.
    pub way: Arc<Way>,
    /// The certificate of the kubelet, once it is shown.
    pub shown: OnceLock<Arc<Shown>>,
    /// It has just joined.
    pub fresh: bool,
}

/// What this machine is already, or what it becomes by the token.
pub async fn membership(plan: &Plan, report: &Report, log: &Log) -> anyhow::Result<Membership> {
    let state = State::read(&plan.instance)?;
    let known = Credentials::read(&plan.instance.pki(), Kind::Client);
    if let (Some(state), Some(credentials)) = (&state, &known) {
        if credentials.is_good(Timestamp::now()) {
            return member(plan, state, credentials, report, log).await;
        }
        anyhow::ensure!(
            plan.token.is_some(),
            "the certificate of node {} has ended: it was away for too long. Give it a new token (`podium token create` on the server): podium agent --server {} --token TOKEN{}; its pods and data stay",
            state.node,
            state.server,
            plan.data_flag()
        );
    }
    let name = plan.name_of(state.as_ref().map(|s| s.node.as_str()))?;
    join_in(plan, name, state.as_ref(), report).await
}

/// Comes back.
async fn member(
    plan: &Plan,
    state: &State,
    credentials: &Credentials,
    report: &Report,
    log: &Log,
) -> anyhow::Result<Membership> {
    let name = plan.name_of(Some(&state.node))?;
    let url = plan.args.server.as_deref().unwrap_or(&state.server);
    let (host, port) = join::parts(url)?;
    let file = plan.instance.pki().join("ca.crt");
    let ca = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let server = Server { address: join::resolve(&host).await?, port, name: host, ca };
    let way = Way::new(server.https(credentials.as_client())?);
    let asked = Client::new(way.clone()).with_deadline(NEWS);
    let facts = match facts(&asked).await {
        Ok(facts) => {
            report.step(&format!("node {name} is back at {}", server.url()));
            facts
        }
        Err(error) => {
            let said = explain(&error, &server);
            log(&format!("the server does not tell what the cluster looks like; it is taken to be as before: {said}"));
            report.warn(&format!("the server at {} does not answer as it should: {said}", server.url()));
            state.cluster.clone()
        }
    };
    let next = State { server: url.to_owned(), node: name.clone(), cluster: facts.clone() };
    if next != *state {
        next.write(&plan.instance)?;
    }
    let address = address(plan, &server)?;
    Ok(Membership { server, name, address, facts, way, shown: OnceLock::new(), fresh: false })
}

/// Joins by the token.
async fn join_in(plan: &Plan, name: String, state: Option<&State>, report: &Report) -> anyhow::Result<Membership> {
    let url = plan.args.server.as_deref().or(state.map(|s| s.server.as_str()));
    let (Some(url), Some(token)) = (url, &plan.token) else {
        bail!(
            "this machine is no node yet: use `podium agent --server https://ADDRESS:6443 --token TOKEN`, as `podium token create` on the server prints it"
        );
    };
    let found = join::discover(url, token.pin, plan.ca.clone(), Timestamp::now()).await?;
    found.warnings.iter().for_each(|warning| report.warn(warning));
    let server = found.server;
    report.step(&format!("the server at {} is the right one", server.url()));
    let address = address(plan, &server)?;
    let credentials = certificate(&server, token, &name).await?;
    let pki = plan.instance.pki();
    credentials.write(&pki, Kind::Client)?;
    write_private(&pki.join("ca.crt"), server.ca.as_bytes(), 0o644)?;
    let way = Way::new(server.https(credentials.as_client())?);
    let facts = facts(&Client::new(way.clone())).await.map_err(|e| anyhow::anyhow!(explain(&e, &server)))?;
    State { server: url.to_owned(), node: name.clone(), cluster: facts.clone() }.write(&plan.instance)?;
    report.step(&format!("the cluster knows this machine as node {name}"));
    Ok(Membership { server, name, address, facts, way, shown: OnceLock::new(), fresh: true })
}

/// The address of this node: given, or the one from which the server is reached.
fn address(plan: &Plan, server: &Server) -> anyhow::Result<IpAddr> {
    let towards = || host::address_towards((server.address, server.port).into());
    plan.args
        .node_ip
        .or_else(towards)
        .context("no route leads to the server: which address has this machine? (--node-ip)")
}

/// A client certificate, by the token.
async fn certificate(server: &Server, token: &JoinToken, name: &str) -> anyhow::Result<Credentials> {
    let bearer = client::kubeconfig::Credentials::Token(token.bearer());
    let client = Client::new(Arc::new(server.https(bearer)?));
    let taken = client.find::<Node>("", name).await.map_err(|e| anyhow::anyhow!(explain(&e, server)))?;
    if taken.as_ref().is_some_and(is_ready) {
        bail!(
            "the cluster has a node {name} already, and it is Ready: give this machine another name (--node-name), or remove that node first (`kubectl delete node {name}`)"
        );
    }
    let wanted = Wanted { kind: Kind::Client, node: name.to_owned(), addresses: Vec::new(), seconds: None };
    join::obtain(&client, &wanted, SIGNED).await
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True")
}

async fn facts(client: &Client) -> Result<ClusterFacts, client::Error> {
    let map: ConfigMap = client.get(MAP_NAMESPACE, MAP).await?;
    ClusterFacts::from_data(&map.data.unwrap_or_default()).map_err(|e| client::Error::Decode {
        method: "GET",
        uri: format!("{MAP_NAMESPACE}/{MAP}"),
        reason: format!("{e:#}"),
    })
}

impl Credentials {
    /// As the transport takes them.
    pub fn as_client(&self) -> client::kubeconfig::Credentials {
        client::kubeconfig::Credentials::Certificate {
            certificate: self.certificate.clone().into_bytes(),
            key: self.key.clone().into_bytes(),
        }
    }
}
