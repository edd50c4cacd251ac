//! Where kinds differ from the generic way.

mod admission;
mod certificates;
mod cluster;
pub mod definitions;
pub mod json;
pub mod pod;
pub mod service;
mod workloads;

use std::{collections::HashMap, sync::Arc};

use crate::{
    config::Config,
    contract::{Reader, Strategy},
};

/// The strategy of all custom resources.
pub static CUSTOM: definitions::Custom = definitions::Custom;

/// Strategies by group and resource, for the kinds that have one.
#[must_use]
pub fn table(
    config: &Arc<Config>,
    reader: Arc<dyn Reader>,
) -> HashMap<(&'static str, &'static str), Arc<dyn Strategy>> {
    let rows: Vec<(&'static str, &'static str, Arc<dyn Strategy>)> = vec![
        ("", "services", Arc::new(service::Services::new(config.clone(), reader))),
        ("", "pods", Arc::new(pod::Pods)),
        ("", "namespaces", Arc::new(cluster::Namespaces)),
        ("", "nodes", Arc::new(cluster::Nodes)),
        ("", "persistentvolumes", Arc::new(cluster::Volumes)),
        ("", "persistentvolumeclaims", Arc::new(cluster::Claims)),
        ("", "secrets", Arc::new(workloads::Secrets)),
        ("", "events", Arc::new(workloads::Events)),
        ("events.k8s.io", "events", Arc::new(workloads::Events)),
        ("batch", "jobs", Arc::new(workloads::Jobs)),
        ("apps", "daemonsets", Arc::new(workloads::DaemonSets)),
        ("certificates.k8s.io", "certificatesigningrequests", Arc::new(certificates::CertificateRequests)),
        ("apiregistration.k8s.io", "apiservices", Arc::new(cluster::ApiServices)),
        ("apiextensions.k8s.io", "customresourcedefinitions", Arc::new(definitions::Definitions)),
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations", Arc::new(admission::WebhookConfigurations)),
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations", Arc::new(admission::WebhookConfigurations)),
    ];
    rows.into_iter().map(|(group, resource, strategy)| ((group, resource), strategy)).collect()
}
