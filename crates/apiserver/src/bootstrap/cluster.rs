//! Objects that say where this server is and what it serves.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    config::Config,
    discovery::{Groups, group_priority, version_priority},
    strategies::service::{Family, Range},
};

/// All of them.
pub fn objects(config: &Config) -> Vec<Value> {
    let mut objects = api_services();
    let ranges: Vec<Range> = config.service_cidrs.iter().filter_map(|c| Range::parse(c)).collect();
    objects.extend(own_service(config, &ranges));
    objects.push(json!({"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "kubernetes"}, "spec": {"cidrs": config.service_cidrs}}));
    if !config.client_ca.is_empty() {
        let bundle: String = config.client_ca.iter().map(|der| pem(der.as_ref())).collect();
        objects.push(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"}, "data": {"client-ca-file": bundle}}));
    }
    let today = apimachinery::time::seconds(config.clock.now()).chars().take(10).collect::<String>();
    objects.push(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-apiserver-legacy-service-account-token-tracking", "namespace": "kube-system"}, "data": {"since": today}}));
    objects
}

/// Group versions of this server, as API services.
fn api_services() -> Vec<Value> {
    let groups = Groups::of(api::table().iter());
    let service = |(group, version): (&str, &str)| {
        let mut spec = json!({"version": version, "groupPriorityMinimum": group_priority(group), "versionPriority": version_priority(group, version)});
        if !group.is_empty() {
            spec["group"] = group.into();
        }
        json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": format!("{version}.{group}"), "labels": {"kube-aggregator.kubernetes.io/automanaged": "onstart"}}, "spec": spec})
    };
    groups.versions().filter(|(group, _)| *group != "apiregistration.k8s.io").map(service).collect()
}

/// The Service `kubernetes` and where it leads.
fn own_service(config: &Config, ranges: &[Range]) -> Vec<Value> {
    let Some(range) = ranges.first() else { return Vec::new() };
    let address = range.first().to_string();
    let family = if config.advertise_address.is_ipv4() { Family::V4 } else { Family::V6 };
    let port = json!({"name": "https", "protocol": "TCP", "port": config.port});
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"component": "apiserver", "provider": "kubernetes"}},
            "spec": {"type": "ClusterIP", "clusterIP": address, "clusterIPs": [address], "ipFamilies": [range.family.text()], "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None",
                "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": config.port}]}}),
        ip_address(&address, range.family),
    ];
    // Nobody in a pod reaches a loopback address of the host.
    if !matches!(config.advertise_address, IpAddr::V4(a) if a.is_loopback() || a.is_unspecified())
        && !config.advertise_address.is_loopback()
    {
        objects.push(json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
            "subsets": [{"addresses": [{"ip": config.advertise_address}], "ports": [port.clone()]}]}));
        objects.push(json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"kubernetes.io/service-name": "kubernetes"}},
            "addressType": family.text(), "endpoints": [{"addresses": [config.advertise_address], "conditions": {"ready": true}}], "ports": [port]}));
    }
    objects
}

fn ip_address(address: &str, family: Family) -> Value {
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "IPAddress", "metadata": {"name": address, "labels": {"ipaddress.kubernetes.io/ip-family": family.text(), "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"}},
        "spec": {"parentRef": {"group": "", "resource": "services", "namespace": "default", "name": "kubernetes"}}})
}

/// A certificate as text.
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|c| std::str::from_utf8(c).ok()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
