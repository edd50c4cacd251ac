//! New certificates before the old ones end.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use client::{Client, Env};
use jiff::{SignedDuration, Timestamp};

use super::join_in::Membership;
use crate::{
    commands::agent::Plan,
    join::{self, Credentials, Kind, Server, Shown, Wanted, Way, renewal},
    node::{Access, Node},
};

/// So long a request waits for its answer before another is made.
const PATIENCE: Duration = Duration::from_secs(60);
/// After a failure, first and at most.
const RETRY: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(600));
/// The clock is looked at again after this time at the latest: machines sleep, and clocks are set.
const LOOK: Duration = Duration::from_secs(3600);

/// The kubelet's serving certificate: the one on the disk while it is good for this name and address, else a new one.
pub async fn serving(plan: &Plan, member: &Membership, access: &Access) -> anyhow::Result<Credentials> {
    let pki = plan.instance.pki();
    if let Some(known) = Credentials::read(&pki, Kind::Serving)
        && known.is_good(access.env.now())
        && known.is_for(&member.name, member.address)
    {
        return Ok(known);
    }
    let mut delay = RETRY.0;
    loop {
        match join::obtain(&access.kubelet, &wanted(member, Kind::Serving), PATIENCE).await {
            Ok(new) => {
                new.write(&pki, Kind::Serving)?;
                return Ok(new);
            }
            Err(error) => access.env.say(&format!("the kubelet's serving certificate: {error:#}")),
        }
        tokio::time::sleep(delay).await;
        delay = (delay * 2).min(RETRY.1);
    }
}

fn wanted(member: &Membership, kind: Kind) -> Wanted {
    Wanted { kind, node: member.name.clone(), addresses: vec![member.address], seconds: None }
}

/// Both certificates, for as long as the node runs.
pub struct Renewals {
    client: Client,
    env: Env,
    pki: PathBuf,
    server: Server,
    way: Arc<Way>,
    shown: Arc<Shown>,
    wanted: [Wanted; 2],
    _node: Arc<Node>,
}

/// Prepares the renewals.
pub fn start(plan: &Plan, member: &Membership, access: &Access, node: Arc<Node>) -> anyhow::Result<Renewals> {
    Ok(Renewals {
        client: access.kubelet.clone(),
        env: access.env.clone(),
        pki: plan.instance.pki(),
        server: member.server.clone(),
        way: member.way.clone(),
        shown: member.shown.get().cloned().context("the kubelet shows no certificate")?,
        wanted: [wanted(member, Kind::Client), wanted(member, Kind::Serving)],
        _node: node,
    })
}

impl Renewals {
    /// Renews until dropped.
    pub async fn run(self) -> anyhow::Result<std::convert::Infallible> {
        let [client, serving] = &self.wanted;
        let (never, _) = tokio::join!(self.keep(client), self.keep(serving));
        never
    }

    async fn keep(&self, wanted: &Wanted) -> anyhow::Result<std::convert::Infallible> {
        let chance = || self.env.rng.below(1 << 20) as f64 / f64::from(1 << 20);
        let mut delay = RETRY.0;
        let mut at = self.next(wanted.kind, chance());
        loop {
            let left = at.duration_since(self.env.now());
            if left > SignedDuration::ZERO {
                tokio::time::sleep(Duration::try_from(left).unwrap_or(LOOK).min(LOOK)).await;
                continue;
            }
            match self.renew(wanted).await {
                Ok(()) => {
                    delay = RETRY.0;
                    at = self.next(wanted.kind, chance());
                    self.env
                        .say(&format!("the {} certificate is new; the next one comes at {at:.0}", name(wanted.kind)));
                }
                Err(error) => {
                    self.env.say(&format!("cannot renew the {} certificate yet: {error:#}", name(wanted.kind)));
                    tokio::time::sleep(delay).await;
                    delay = (delay * 2).min(RETRY.1);
                }
            }
        }
    }

    /// When the certificate on the disk is renewed; now, if it cannot be read.
    fn next(&self, kind: Kind, chance: f64) -> Timestamp {
        let validity = Credentials::read(&self.pki, kind).and_then(|known| known.validity().ok());
        validity.map_or(Timestamp::UNIX_EPOCH, |(begin, end)| renewal(begin, end, chance))
    }

    async fn renew(&self, wanted: &Wanted) -> anyhow::Result<()> {
        let new = join::obtain(&self.client, wanted, PATIENCE).await?;
        // First what is in force, then the disk: what cannot be used must not be kept.
        match wanted.kind {
            Kind::Client => self.way.replace(self.server.https(new.as_client())?),
            Kind::Serving => self.shown.replace(&new.certificate, &new.key)?,
        }
        new.write(&self.pki, wanted.kind)
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Client => "node's client",
        Kind::Serving => "kubelet's serving",
    }
}
