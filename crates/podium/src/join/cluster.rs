//! What every node of a cluster must know, as a config map that nodes may read.

use std::{collections::BTreeMap, net::IpAddr};

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// The config map's name.
pub const MAP: &str = "podium-cluster";
/// The config map's namespace.
pub const MAP_NAMESPACE: &str = "kube-system";

/// The same on all nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterFacts {
    /// Addresses of all pods.
    pub pod_cidr: String,
    /// Addresses of Services.
    pub service_cidr: String,
    /// Address of the cluster's DNS.
    pub cluster_dns: IpAddr,
    /// DNS domain.
    pub cluster_domain: String,
    /// Number of the overlay network.
    pub overlay_id: u32,
    /// Its UDP port.
    pub overlay_port: u16,
}

impl ClusterFacts {
    /// As the data of a config map.
    pub fn data(&self) -> BTreeMap<String, String> {
        [
            ("podCIDR", self.pod_cidr.clone()),
            ("serviceCIDR", self.service_cidr.clone()),
            ("clusterDNS", self.cluster_dns.to_string()),
            ("clusterDomain", self.cluster_domain.clone()),
            ("overlayID", self.overlay_id.to_string()),
            ("overlayPort", self.overlay_port.to_string()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
    }

    /// From the data of a config map.
    pub fn from_data(data: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let text = |key: &str| {
            data.get(key).cloned().with_context(|| format!("the config map {MAP_NAMESPACE}/{MAP} has no {key}"))
        };
        Ok(Self {
            pod_cidr: text("podCIDR")?,
            service_cidr: text("serviceCIDR")?,
            cluster_dns: text("clusterDNS")?.parse().context("clusterDNS")?,
            cluster_domain: text("clusterDomain")?,
            overlay_id: text("overlayID")?.parse().context("overlayID")?,
            overlay_port: text("overlayPort")?.parse().context("overlayPort")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let facts = ClusterFacts {
            pod_cidr: "10.244.0.0/16".into(),
            service_cidr: "10.96.0.0/16".into(),
            cluster_dns: IpAddr::from([10, 96, 0, 10]),
            cluster_domain: "cluster.local".into(),
            overlay_id: 7,
            overlay_port: 8472,
        };
        assert_eq!(ClusterFacts::from_data(&facts.data()).unwrap(), facts);
        let mut data = facts.data();
        data.remove("clusterDNS");
        assert!(ClusterFacts::from_data(&data).unwrap_err().to_string().contains("has no clusterDNS"));
    }
}
