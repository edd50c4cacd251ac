//! What every controller gets: informers, clients under its own name, time and randomness, settings.

use std::{sync::Arc, time::Duration};

use client::{Client, Env, Informers, Recorder, transport::SharedTransport};

use crate::authority::Authority;

/// Settings of all controllers.
#[derive(Debug, Clone)]
pub struct Config {
    /// Names of controllers that do not run.
    pub without: Vec<&'static str>,
    /// PEM of the authority that `kube-root-ca.crt` shows to pods.
    pub root_ca: String,
    /// Signs certificates for the API's own signers; without it requests wait for somebody else.
    pub authority: Option<Arc<Authority>>,
    /// Addresses of all pods: `10.244.0.0/16`.
    pub cluster_cidr: String,
    /// Length of a node's part of it.
    pub node_mask: u8,
    /// A node without a sign of life for so long is unknown.
    pub node_grace: Duration,
    /// The same for a node that has just registered.
    pub node_startup_grace: Duration,
    /// Terminated pods above this number are removed, oldest first.
    pub terminated_pods: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            without: Vec::new(),
            root_ca: String::new(),
            authority: None,
            cluster_cidr: "10.244.0.0/16".to_owned(),
            node_mask: 24,
            node_grace: Duration::from_secs(50),
            node_startup_grace: Duration::from_secs(60),
            terminated_pods: 12_500,
        }
    }
}

/// Gives a way to the API under a user's name.
pub type Transports = Arc<dyn Fn(&str) -> SharedTransport + Send + Sync>;

/// What every controller gets.
pub struct Context {
    /// Shared by all controllers; reads under the controller manager's name.
    pub informers: Informers,
    /// Time, randomness, log.
    pub env: Env,
    /// Settings.
    pub config: Config,
    transports: Transports,
}

impl Context {
    /// A context; `informers` may be shared with other components of the process.
    #[must_use]
    pub fn new(transports: Transports, informers: Informers, env: Env, config: Config) -> Self {
        Self { informers, env, config, transports }
    }

    /// The client of a controller, under its service account's name.
    #[must_use]
    pub fn client(&self, controller: &str) -> Client {
        self.client_as(&format!("system:serviceaccount:kube-system:{controller}"))
    }

    /// A client under any user's name.
    #[must_use]
    pub fn client_as(&self, user: &str) -> Client {
        Client::new((self.transports)(user)).with_manager("kube-controller-manager")
    }

    /// The event recorder of a controller.
    #[must_use]
    pub fn recorder(&self, client: &Client, component: &'static str) -> Recorder {
        Recorder::new(client.clone(), self.env.clone(), component, "")
    }
}
