//! The way to other nodes' pods: a route to each node on the same link, and an overlay (VXLAN) to the others.
//!
//! Routes carry the instance's own metric, and the overlay's link its name: so they are found again, and taken away.

#[cfg(test)]
mod host_tests;
mod plan;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, net::Ipv4Addr, sync::Arc, time::Duration};

use client::{Informer, Informers};
use k8s_openapi::api::core::v1::Node;
use sys::netlink::{
    Socket,
    route::{self, Changes, Reach, Route, Router, Vxlan},
};
use tokio::{
    io::{Interest, unix::AsyncFd},
    sync::Notify,
};

use crate::{
    config::{Config, Names},
    error::{Error, blocking},
    pods::links,
};
use plan::{Here, Peer, Ways};

/// After a change the next one may follow at once: links come up in several steps.
const SETTLE: Duration = Duration::from_millis(50);
/// What failed is tried again after this time, first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// What a packet gains on its way through the overlay, in bytes: outer headers of Ethernet, IPv4, UDP and VXLAN.
const OVERHEAD: u32 = 50;

/// Keeps the ways to other nodes.
pub struct Peers {
    config: Config,
    nodes: Arc<Informer<Node>>,
    changed: Arc<Notify>,
}

impl Peers {
    /// For the nodes that the informers show.
    #[must_use]
    pub fn new(config: Config, informers: &Informers) -> Self {
        let (nodes, changed) = (informers.get::<Node>(), Arc::new(Notify::new()));
        let wake = changed.clone();
        nodes.on(move |change| {
            let facts = |node: Option<&Arc<Node>>| node.and_then(|node| plan::peer(node));
            if facts(change.old) != facts(change.new) {
                wake.notify_one();
            }
        });
        Self { config, nodes, changed }
    }

    /// Works until dropped.
    pub async fn run(self) {
        self.nodes.has_synced().await;
        let mut delay = RETRY.0;
        let (mut news, names) = (None, self.config.names());
        loop {
            let done = match Self::listening(&mut news) {
                Ok(()) => self.apply().await,
                Err(error) => Err(error),
            };
            match done {
                Ok(()) => delay = RETRY.0,
                Err(error) => {
                    self.config.say(&format!("ways to other nodes: {error}"));
                    tokio::time::sleep(delay).await;
                    delay = (delay * 2).min(RETRY.1);
                    continue;
                }
            }
            tokio::select! {
                () = self.changed.notified() => {}
                () = touched(&mut news, &names) => {}
            }
            tokio::time::sleep(SETTLE).await;
        }
    }

    fn listening(news: &mut Option<AsyncFd<Socket>>) -> Result<(), Error> {
        if news.is_none() {
            let failed = |source| sys::netlink::Error::Socket { tried: "wait for news of routes", source };
            #[allow(deprecated, reason = "the new constructor is unsafe; a Socket owns its descriptor as that demands")]
            let socket = AsyncFd::with_interest(route::listen()?, Interest::READABLE).map_err(failed)?;
            *news = Some(socket);
        }
        Ok(())
    }

    async fn apply(&self) -> Result<(), Error> {
        let all = self.nodes.store().all();
        let is_own = |node: &Node| node.metadata.name.as_deref() == Some(&*self.config.node_name);
        let own = all.iter().find(|n| is_own(n)).and_then(|n| plan::peer(n));
        let mut peers: Vec<(&str, Peer)> = all
            .iter()
            .filter(|n| !is_own(n))
            .filter_map(|n| Some((n.metadata.name.as_deref().unwrap_or_default(), plan::peer(n)?)))
            .collect();
        peers.sort_by_key(|(name, _)| *name);
        let peers: Vec<Peer> = peers.into_iter().map(|(_, peer)| peer).collect();
        let config = self.config.clone();
        blocking(move || put(&config, own.map(|own| own.range), &peers)).await
    }
}

/// Waits until the host's links, addresses or our routes change. Without ears it waits for ever: the next change of a node helps.
async fn touched(news: &mut Option<AsyncFd<Socket>>, names: &Names) {
    let Some(socket) = news else { return std::future::pending().await };
    loop {
        let Ok(mut ready) = socket.readable().await else { break };
        match ready.get_inner().receive_now() {
            Ok(messages) if messages.is_empty() => ready.clear_ready(),
            Ok(messages) => {
                let matters = messages.iter().map(route::news).any(|news| match news {
                    // Links of pods come and go all the time.
                    route::News::Link(name) => !name.starts_with(&names.pod_prefix),
                    route::News::Address => true,
                    route::News::Route(metric) => metric == names.metric,
                    route::News::Other => false,
                });
                if matters {
                    return;
                }
            }
            // Some news was lost.
            Err(_) => return,
        }
    }
    *news = None;
}

/// Makes the ways as they should be. Changes only what differs.
fn put(config: &Config, range: Option<crate::Cidr>, peers: &[Peer]) -> Result<(), Error> {
    let names = config.names();
    let here = Router::open()?;
    let all = here.links()?;
    let ours: BTreeSet<u32> = all
        .iter()
        .filter(|l| l.name == names.link || l.name == names.overlay || l.name.starts_with(&names.pod_prefix))
        .map(|l| l.index)
        .collect();
    let addresses = here.addresses()?.into_iter().filter(|a| !ours.contains(&a.link)).collect();
    let facts = Here { ip: config.node_ip, range, addresses, metric: names.metric };
    let mut ways = plan::ways(&facts, peers);
    if let (false, Some(range)) = (ways.through.is_empty(), range) {
        let link = overlay(config, &here, range.base())?;
        tunnels(&here, link, &ways)?;
        ways.through.iter_mut().for_each(|route| route.link = link);
    } else {
        ways.through.clear();
        // Peers that see us elsewhere than we see them send through it.
        if let (false, Some(range)) = (peers.is_empty(), range) {
            let _ = overlay(config, &here, range.base());
        }
    }
    routes(&here, &ways, names.metric)
}

fn routes(here: &Router, ways: &Ways, metric: u32) -> Result<(), Error> {
    let wanted: Vec<&Route> = ways.direct.iter().chain(&ways.through).collect();
    let present: Vec<Route> = here.routes()?.into_iter().filter(|r| r.metric == metric).collect();
    let mut first = Ok(());
    for stale in present.iter().filter(|r| !wanted.iter().any(|w| w.to == r.to)) {
        let mut changes = Changes::default();
        changes.delete_route(stale);
        first = first.and(gone(here.apply(&changes, || format!("forget the way to {}", stale.to.0))));
    }
    let same = |a: &Route, b: &Route| {
        (a.to, a.via, a.link) == (b.to, b.via, b.link) && (b.source.is_none() || a.source == b.source)
    };
    for route in wanted.iter().filter(|w| !present.iter().any(|p| same(p, w))) {
        let mut changes = Changes::default();
        changes.route(route);
        first = first.and(here.apply(&changes, || format!("way to {}", route.to.0)).map_err(Error::from));
    }
    first
}

/// The link of the overlay, made where it is missing or belongs to another address of this node.
fn overlay(config: &Config, here: &Router, own: Ipv4Addr) -> Result<u32, Error> {
    let names = config.names();
    let mac = plan::overlay_mac(config.node_ip);
    let mtu = links::mtu_of(config.node_ip)?.saturating_sub(OVERHEAD).max(576);
    let link = Vxlan {
        name: &names.overlay,
        mac,
        id: config.overlay.id,
        port: config.overlay.port,
        local: config.node_ip,
        mtu,
    };
    let find = || here.link(&names.overlay);
    let held =
        |link: u32| -> Result<bool, Error> { Ok(here.addresses()?.iter().any(|a| a.link == link && a.ip == own)) };
    if let Some(known) = find()? {
        if known.up && known.mtu == mtu && held(known.index)? {
            return Ok(known.index);
        }
        links::detach(&names.overlay)?;
    }
    let mut changes = Changes::default();
    changes.vxlan(&link);
    here.apply(&changes, || format!("make link {} (VXLAN)", names.overlay))?;
    let made = find()?.ok_or(Error::Vanished { ip: own })?;
    let mut changes = Changes::default();
    changes.address(made.index, own, 32, Reach::Universe);
    here.apply(&changes, || format!("give {own} to link {}", names.overlay))?;
    Ok(made.index)
}

fn tunnels(here: &Router, link: u32, ways: &Ways) -> Result<(), Error> {
    let (known, next_hops) = (here.tunnels(link)?, here.neighbours(link)?);
    let mut changes = Changes::default();
    for tunnel in known.iter().filter(|t| !ways.tunnels.contains(t)) {
        changes.delete_tunnel(link, *tunnel);
    }
    for next_hop in next_hops.iter().filter(|n| !ways.neighbours.contains_key(n)) {
        changes.delete_neighbour(link, *next_hop);
    }
    gone(here.apply(&changes, || "forget ends of the overlay".to_owned()))?;
    let mut changes = Changes::default();
    for tunnel in ways.tunnels.iter().filter(|t| !known.contains(t)) {
        changes.tunnel(link, *tunnel);
    }
    for (ip, mac) in &ways.neighbours {
        changes.neighbour(link, *ip, *mac);
    }
    Ok(here.apply(&changes, || "tell the overlay its ends".to_owned())?)
}

/// Something that is not there need not be removed.
fn gone(answer: Result<(), sys::netlink::Error>) -> Result<(), Error> {
    match answer {
        Err(error) if !error.is_missing() => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Takes all ways of an instance away.
pub(crate) fn cleanup(names: &Names) -> Result<(), Error> {
    let here = Router::open()?;
    routes(&here, &Ways::default(), names.metric).and(links::detach(&names.overlay))
}
