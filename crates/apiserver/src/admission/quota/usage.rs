//! What an object counts for in a namespace's quotas.

use std::collections::BTreeMap;

use apimachinery::{meta, quantity::Quantity};
use serde_json::Value;

use super::super::limits::{Amounts, amounts, pod_total};
use crate::strategies::json::{list, text};

fn one(usage: &mut Amounts, name: impl Into<String>, count: i64) {
    usage.insert(name.into(), Quantity::new(count));
}

/// Ended pods hold nothing any more.
fn ended(pod: &Value) -> bool {
    matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

fn pod(pod: &Value, usage: &mut Amounts) {
    if ended(pod) {
        return;
    }
    one(usage, "pods", 1);
    for (name, quantity) in pod_total(pod, "requests") {
        if matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-") {
            usage.insert(name.clone(), quantity.clone());
        }
        usage.insert(format!("requests.{name}"), quantity);
    }
    for (name, quantity) in pod_total(pod, "limits") {
        usage.insert(format!("limits.{name}"), quantity);
    }
}

fn service(service: &Value, usage: &mut Amounts) {
    one(usage, "services", 1);
    let kind = text(service, "/spec/type");
    let automatic = service.pointer("/spec/allocateLoadBalancerNodePorts") != Some(&Value::Bool(false));
    let ports = list(service, "/spec/ports");
    let on_nodes = match kind {
        "NodePort" => ports.len(),
        "LoadBalancer" if automatic => ports.len(),
        "LoadBalancer" => ports.iter().filter(|p| p["nodePort"].as_i64().is_some_and(|n| n != 0)).count(),
        _ => 0,
    };
    one(usage, "services.nodeports", i64::try_from(on_nodes).unwrap_or(i64::MAX));
    one(usage, "services.loadbalancers", i64::from(kind == "LoadBalancer"));
}

fn claim(claim: &Value, usage: &mut Amounts) {
    one(usage, "persistentvolumeclaims", 1);
    let storage = amounts(claim.pointer("/spec/resources/requests")).remove("storage");
    let class = match meta::annotation(claim, "volume.beta.kubernetes.io/storage-class") {
        Some(class) => class,
        None => text(claim, "/spec/storageClassName"),
    };
    if !class.is_empty() {
        one(usage, format!("{class}.storageclass.storage.k8s.io/persistentvolumeclaims"), 1);
    }
    if let Some(storage) = storage {
        if !class.is_empty() {
            usage.insert(format!("{class}.storageclass.storage.k8s.io/requests.storage"), storage.clone());
        }
        usage.insert("requests.storage".into(), storage);
    }
}

/// All that one object of a resource counts for.
pub fn of(group: &str, plural: &str, object: &Value) -> Amounts {
    let mut usage = Amounts::new();
    let counted = if group.is_empty() { format!("count/{plural}") } else { format!("count/{plural}.{group}") };
    match (group, plural) {
        ("", "pods") => {
            pod(object, &mut usage);
            // Ended pods still are objects.
            one(&mut usage, counted, 1);
            return usage;
        }
        ("", "services") => service(object, &mut usage),
        ("", "persistentvolumeclaims") => claim(object, &mut usage),
        ("", "configmaps" | "secrets" | "replicationcontrollers" | "resourcequotas") => one(&mut usage, plural, 1),
        _ => {}
    }
    one(&mut usage, counted, 1);
    usage
}

/// Names that objects of a resource may count for; the others of a quota are no business of theirs.
pub fn concerns(group: &str, plural: &str, name: &str) -> bool {
    let counted = if group.is_empty() { format!("count/{plural}") } else { format!("count/{plural}.{group}") };
    if name == counted {
        return true;
    }
    match (group, plural) {
        ("", "pods") => {
            let compute = name.strip_prefix("requests.").or_else(|| name.strip_prefix("limits.")).unwrap_or(name);
            name == "pods"
                || (name != "requests.storage"
                    && (matches!(compute, "cpu" | "memory" | "ephemeral-storage")
                        || compute.starts_with("hugepages-")
                        || (name.starts_with("requests.") && compute.contains('/'))))
        }
        ("", "services") => matches!(name, "services" | "services.nodeports" | "services.loadbalancers"),
        ("", "persistentvolumeclaims") => {
            matches!(name, "persistentvolumeclaims" | "requests.storage")
                || name.contains(".storageclass.storage.k8s.io/")
        }
        ("", "configmaps" | "secrets" | "replicationcontrollers" | "resourcequotas") => name == plural,
        _ => false,
    }
}

/// Containers that do not say what a quota demands of them, by the quota's name for it.
pub fn silent<'p>(pod: &'p Value, hard: &Amounts) -> BTreeMap<String, Vec<&'p str>> {
    let mut silent: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let containers = list(pod, "/spec/containers").iter().chain(list(pod, "/spec/initContainers"));
    for container in containers {
        for name in hard.keys() {
            let (key, resource) = match name.split_once('.') {
                Some((key @ ("requests" | "limits"), resource)) => (key, resource),
                _ => ("requests", name.as_str()),
            };
            if matches!(resource, "cpu" | "memory") && container["resources"][key].get(resource).is_none() {
                silent.entry(name.clone()).or_default().push(text(container, "/name"));
            }
        }
    }
    silent
}
