//! Leases: the sign of life of a node, or the right to lead.

use std::time::Duration;

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, OwnerReference},
};

use crate::{client::Client, env::Env, error::Error, object::Object};

/// A lease that this process keeps.
pub struct Holder {
    client: Client,
    env: Env,
    namespace: String,
    name: String,
    identity: String,
    seconds: i32,
    owner: Option<OwnerReference>,
    last: Option<Lease>,
}

impl Holder {
    /// A lease of `seconds`, held by `identity`.
    #[must_use]
    pub fn new(client: Client, env: Env, namespace: &str, name: &str, identity: &str, seconds: i32) -> Self {
        Self {
            client,
            env,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            identity: identity.to_owned(),
            seconds,
            owner: None,
            last: None,
        }
    }

    /// With an owner, so that the lease goes when the owner goes.
    #[must_use]
    pub fn owned_by(mut self, owner: OwnerReference) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Says once that the holder is alive. Reads the lease only after a failure or on the first call.
    pub async fn renew(&mut self) -> Result<(), Error> {
        let now = MicroTime(self.env.now());
        let known = match self.last.take() {
            Some(lease) => Some(lease),
            None => self.client.find::<Lease>(&self.namespace, &self.name).await?,
        };
        let renewed = match known {
            Some(mut lease) => {
                let spec = lease.spec.get_or_insert_default();
                if spec.holder_identity.as_deref() != Some(&self.identity) {
                    spec.acquire_time = Some(now.clone());
                    spec.holder_identity = Some(self.identity.clone());
                }
                spec.lease_duration_seconds = Some(self.seconds);
                spec.renew_time = Some(now);
                if let Some(owner) = &self.owner
                    && !lease.owners().iter().any(|o| o.uid == owner.uid)
                {
                    lease.metadata.owner_references = Some(vec![owner.clone()]);
                }
                self.client.update(&lease).await?
            }
            None => self.client.create(&self.fresh(now)).await?,
        };
        self.last = Some(renewed);
        Ok(())
    }

    fn fresh(&self, now: MicroTime) -> Lease {
        Lease {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                namespace: Some(self.namespace.clone()),
                owner_references: self.owner.clone().map(|o| vec![o]),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.identity.clone()),
                lease_duration_seconds: Some(self.seconds),
                renew_time: Some(now),
                ..LeaseSpec::default()
            }),
        }
    }

    /// Renews every `interval` until dropped; after a failure sooner, with back-off up to `interval`.
    pub async fn keep(mut self, interval: Duration) {
        let mut failures = 0u32;
        loop {
            let wait = match self.renew().await {
                Ok(()) => {
                    failures = 0;
                    interval
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    if failures > 3 {
                        self.env.say(&format!("lease {}: {error}", self.name));
                    }
                    Duration::from_millis(100).saturating_mul(1 << failures.min(8)).min(interval)
                }
            };
            tokio::time::sleep(self.env.rng.jitter(wait, 0.04)).await;
        }
    }
}

/// Whether a lease is over at a time.
#[must_use]
pub fn is_over(lease: &Lease, now: jiff::Timestamp) -> bool {
    let Some(spec) = &lease.spec else {
        return true;
    };
    let (Some(renewed), Some(seconds)) = (&spec.renew_time, spec.lease_duration_seconds) else {
        return true;
    };
    now.duration_since(renewed.0).as_secs() >= i64::from(seconds)
}
