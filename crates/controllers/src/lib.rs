//! The control loops of Kubernetes: each watches, compares what is with what should be, and writes the difference.
//!
//! A controller is a folder: `mod.rs` (what it watches, how changes map to keys, gather, plan, apply), `plan.rs` (pure,
//! time is an argument), `tests.rs`. [`start`] runs them all as tasks; each uses an identity of its own.
pub mod authority;
pub mod certificate;
pub mod claim;
pub mod context;
pub mod flight;
pub mod history;
pub mod loops;
pub mod nodes;
pub mod podcontrol;
pub mod pods;
pub mod resources;
pub mod scaled;
pub mod services;
pub mod template;

pub mod bootstrapsigner;
pub mod clusterroles;
pub mod cronjob;
pub mod csrapproving;
pub mod csrcleaner;
pub mod csrsigning;
pub mod daemonset;
pub mod deployment;
pub mod disruption;
pub mod endpoints;
pub mod endpointslice;
pub mod garbagecollector;
pub mod job;
pub mod mirroring;
pub mod namespace;
pub mod nodeipam;
pub mod nodelifecycle;
pub mod pcrcleaner;
pub mod persistentvolume;
pub mod podgc;
pub mod replicaset;
pub mod resourcequota;
pub mod rootca;
pub mod serviceaccount;
pub mod statefulset;
pub mod tainteviction;
pub mod tokencleaner;
pub mod tokens;
pub mod ttl;

use std::{future::Future, pin::Pin, sync::Arc};

use tokio::task::JoinSet;

pub use context::{Config, Context};

/// A running controller.
pub type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A controller: its name as in upstream's `--controllers`, and how it starts.
pub struct Component {
    /// `deployment-controller`, for example.
    pub name: &'static str,
    /// Runs it until the future is dropped.
    pub start: fn(Arc<Context>) -> Running,
}

/// All controllers.
#[must_use]
pub fn components() -> &'static [Component] {
    &COMPONENTS
}

static COMPONENTS: [Component; 30] = [
    Component { name: "bootstrap-signer-controller", start: |c| Box::pin(bootstrapsigner::run(c)) },
    Component { name: "token-cleaner-controller", start: |c| Box::pin(tokencleaner::run(c)) },
    Component { name: "certificatesigningrequest-approving-controller", start: |c| Box::pin(csrapproving::run(c)) },
    Component { name: "certificatesigningrequest-signing-controller", start: |c| Box::pin(csrsigning::run(c)) },
    Component { name: "certificatesigningrequest-cleaner-controller", start: |c| Box::pin(csrcleaner::run(c)) },
    Component { name: "podcertificaterequest-cleaner-controller", start: |c| Box::pin(pcrcleaner::run(c)) },
    Component { name: "clusterrole-aggregation-controller", start: |c| Box::pin(clusterroles::run(c)) },
    Component { name: "node-ipam-controller", start: |c| Box::pin(nodeipam::run(c)) },
    Component { name: "node-lifecycle-controller", start: |c| Box::pin(nodelifecycle::run(c)) },
    Component { name: "pod-garbage-collector-controller", start: |c| Box::pin(podgc::run(c)) },
    Component { name: "taint-eviction-controller", start: |c| Box::pin(tainteviction::run(c)) },
    Component { name: "daemonset-controller", start: |c| Box::pin(daemonset::run(c)) },
    Component { name: "statefulset-controller", start: |c| Box::pin(statefulset::run(c)) },
    Component { name: "cronjob-controller", start: |c| Box::pin(cronjob::run(c)) },
    Component { name: "job-controller", start: |c| Box::pin(job::run(c)) },
    Component { name: "ttl-after-finished-controller", start: |c| Box::pin(ttl::run(c)) },
    Component { name: "disruption-controller", start: |c| Box::pin(disruption::run(c)) },
    Component { name: "resourcequota-controller", start: |c| Box::pin(resourcequota::run(c)) },
    Component { name: "persistentvolume-binder-controller", start: |c| Box::pin(persistentvolume::run(c)) },
    Component { name: "endpointslice-mirroring-controller", start: |c| Box::pin(mirroring::run(c)) },
    Component { name: "serviceaccount-token-controller", start: |c| Box::pin(tokens::run(c)) },
    Component { name: "deployment-controller", start: |c| Box::pin(deployment::run(c)) },
    Component { name: "endpoint-controller", start: |c| Box::pin(endpoints::run(c)) },
    Component { name: "endpointslice-controller", start: |c| Box::pin(endpointslice::run(c)) },
    Component { name: "garbage-collector-controller", start: |c| Box::pin(garbagecollector::run(c)) },
    Component { name: "namespace-controller", start: |c| Box::pin(namespace::run(c)) },
    Component { name: "root-ca-certificate-publisher-controller", start: |c| Box::pin(rootca::run(c)) },
    Component { name: "serviceaccount-controller", start: |c| Box::pin(serviceaccount::run(c)) },
    Component { name: "replicaset-controller", start: |c| Box::pin(replicaset::run_replica_sets(c)) },
    Component { name: "replication-controller", start: |c| Box::pin(replicaset::run_replication_controllers(c)) },
];

/// Running controllers; they stop when this is dropped.
#[derive(Debug)]
pub struct Handle {
    tasks: JoinSet<()>,
}

impl Handle {
    /// Stops all controllers and waits until their tasks are gone.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Starts all controllers that the configuration does not leave out, as tasks of the current tokio runtime.
#[must_use]
pub fn start(context: Context) -> Handle {
    let context = Arc::new(context);
    let mut tasks = JoinSet::new();
    for component in components() {
        if !context.config.without.contains(&component.name) {
            tasks.spawn((component.start)(context.clone()));
        }
    }
    Handle { tasks }
}

#[cfg(test)]
mod testkit;
