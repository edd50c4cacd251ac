//! What of a namespace counts for a quota.

use std::collections::BTreeMap;

use apimachinery::quantity::Quantity;
use k8s_openapi::{
    api::core::v1::{
        Container, PersistentVolumeClaim, Pod, PodSpec, ResourceQuota, ScopedResourceSelectorRequirement, Service,
    },
    apimachinery::pkg::api::resource::Quantity as Text,
};

use crate::pods;

type Amounts = BTreeMap<String, Quantity>;
type Texts = BTreeMap<String, Text>;

/// What is in a namespace.
pub struct Content<'a> {
    /// Its pods.
    pub pods: &'a [std::sync::Arc<Pod>],
    /// Its services.
    pub services: &'a [std::sync::Arc<Service>],
    /// Its claims.
    pub claims: &'a [std::sync::Arc<PersistentVolumeClaim>],
    /// How many objects there are of a kind, by `plural` or `plural.group`.
    pub count: &'a dyn Fn(&str) -> Option<usize>,
}

fn add(amounts: &mut Amounts, key: &str, amount: &Quantity) {
    *amounts.entry(key.to_owned()).or_default() += amount;
}

fn parsed(texts: Option<&Texts>) -> Amounts {
    texts.into_iter().flatten().filter_map(|(k, v)| Some((k.clone(), Quantity::parse(&v.0).ok()?))).collect()
}

fn sum(into: &mut Amounts, more: &Amounts) {
    more.iter().for_each(|(key, amount)| add(into, key, amount));
}

fn largest(into: &mut Amounts, more: &Amounts) {
    for (key, amount) in more {
        let entry = into.entry(key.clone()).or_default();
        if *amount > *entry {
            *entry = amount.clone();
        }
    }
}

/// What the containers of a pod ask for together; init containers run one after the other, sidecars stay.
fn of_pod(spec: &PodSpec, pick: &dyn Fn(&Container) -> Amounts) -> Amounts {
    let mut total = Amounts::new();
    spec.containers.iter().for_each(|c| sum(&mut total, &pick(c)));
    let (mut stay, mut peak) = (Amounts::new(), Amounts::new());
    for container in spec.init_containers.iter().flatten() {
        let mut now = stay.clone();
        sum(&mut now, &pick(container));
        largest(&mut peak, &now);
        if container.restart_policy.as_deref() == Some("Always") {
            sum(&mut stay, &pick(container));
        }
    }
    sum(&mut total, &stay);
    largest(&mut total, &peak);
    sum(&mut total, &parsed(spec.overhead.as_ref()));
    total
}

/// What a pod uses of a quota.
#[must_use]
pub fn pod_usage(pod: &Pod) -> Amounts {
    let mut used = Amounts::new();
    add(&mut used, "count/pods", &Quantity::new(1));
    if pods::is_terminal(pod) {
        return used;
    }
    add(&mut used, "pods", &Quantity::new(1));
    let Some(spec) = &pod.spec else {
        return used;
    };
    let requests = of_pod(spec, &|c| parsed(c.resources.as_ref().and_then(|r| r.requests.as_ref())));
    let limits = of_pod(spec, &|c| parsed(c.resources.as_ref().and_then(|r| r.limits.as_ref())));
    for (key, amount) in &requests {
        if matches!(key.as_str(), "cpu" | "memory" | "ephemeral-storage") {
            add(&mut used, key, amount);
        }
        add(&mut used, &format!("requests.{key}"), amount);
    }
    limits.iter().for_each(|(key, amount)| add(&mut used, &format!("limits.{key}"), amount));
    used
}

fn is_best_effort(pod: &Pod) -> bool {
    let spec = pod.spec.as_ref();
    let all = spec.into_iter().flat_map(|s| s.containers.iter().chain(s.init_containers.iter().flatten()));
    let mut resources = all.filter_map(|c| c.resources.as_ref());
    let empty = |m: Option<&Texts>| m.is_none_or(BTreeMap::is_empty);
    resources.all(|r| empty(r.requests.as_ref()) && empty(r.limits.as_ref()))
}

fn in_scope(pod: &Pod, scope: &ScopedResourceSelectorRequirement) -> bool {
    let spec = pod.spec.as_ref();
    let terminating = spec.and_then(|s| s.active_deadline_seconds).is_some_and(|s| s >= 0);
    match scope.scope_name.as_str() {
        "Terminating" => terminating,
        "NotTerminating" => !terminating,
        "BestEffort" => is_best_effort(pod),
        "NotBestEffort" => !is_best_effort(pod),
        "PriorityClass" => {
            let class = spec.and_then(|s| s.priority_class_name.as_deref()).filter(|c| !c.is_empty());
            let listed = class.is_some_and(|c| scope.values.iter().flatten().any(|v| v == c));
            match scope.operator.as_str() {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => class.is_some(),
                _ => class.is_none(),
            }
        }
        "CrossNamespacePodAffinity" => {
            let affinity = spec.and_then(|s| s.affinity.as_ref());
            affinity.is_some_and(|a| a.pod_affinity.is_some() || a.pod_anti_affinity.is_some())
        }
        _ => false,
    }
}

fn scopes(quota: &ResourceQuota) -> Vec<ScopedResourceSelectorRequirement> {
    let spec = quota.spec.clone().unwrap_or_default();
    let mut all = spec.scope_selector.and_then(|s| s.match_expressions).unwrap_or_default();
    all.extend(spec.scopes.into_iter().flatten().map(|name| ScopedResourceSelectorRequirement {
        scope_name: name,
        operator: "Exists".to_owned(),
        values: None,
    }));
    all
}

fn service_usage(service: &Service, used: &mut Amounts) {
    let one = Quantity::new(1);
    let spec = service.spec.as_ref();
    let ports = i64::try_from(spec.and_then(|s| s.ports.as_ref()).map_or(0, Vec::len)).unwrap_or_default();
    add(used, "services", &one);
    add(used, "count/services", &one);
    match spec.and_then(|s| s.type_.as_deref()) {
        Some("NodePort") => add(used, "services.nodeports", &Quantity::new(ports)),
        Some("LoadBalancer") => {
            add(used, "services.loadbalancers", &one);
            if spec.and_then(|s| s.allocate_load_balancer_node_ports) != Some(false) {
                add(used, "services.nodeports", &Quantity::new(ports));
            }
        }
        Some(_) | None => {}
    }
}

fn claim_usage(claim: &PersistentVolumeClaim, used: &mut Amounts) {
    let one = Quantity::new(1);
    let spec = claim.spec.as_ref();
    let requests = parsed(spec.and_then(|s| s.resources.as_ref()).and_then(|r| r.requests.as_ref()));
    let class = spec.and_then(|s| s.storage_class_name.as_deref()).unwrap_or_default();
    add(used, "persistentvolumeclaims", &one);
    add(used, "count/persistentvolumeclaims", &one);
    let prefix = format!("{class}.storageclass.storage.k8s.io");
    add(used, &format!("{prefix}/persistentvolumeclaims"), &one);
    if let Some(storage) = requests.get("storage") {
        add(used, "requests.storage", storage);
        add(used, &format!("{prefix}/requests.storage"), storage);
    }
}

/// What is used of each resource that the quota limits.
#[must_use]
pub fn used(quota: &ResourceQuota, content: &Content<'_>) -> Texts {
    let scopes = scopes(quota);
    let mut used = Amounts::new();
    for pod in content.pods {
        if scopes.iter().all(|s| in_scope(pod, s)) {
            sum(&mut used, &pod_usage(pod));
        }
    }
    if scopes.is_empty() {
        content.services.iter().for_each(|s| service_usage(s, &mut used));
        content.claims.iter().for_each(|c| claim_usage(c, &mut used));
    }
    let hard = quota.spec.as_ref().and_then(|s| s.hard.as_ref());
    let counted = |key: &str| {
        let kind = key.strip_prefix("count/").unwrap_or(key);
        let count = (content.count)(kind).filter(|_| scopes.is_empty())?;
        Some(Quantity::new(i64::try_from(count).unwrap_or(i64::MAX)))
    };
    let amount = |key: &str| used.get(key).cloned().or_else(|| counted(key)).unwrap_or_default();
    hard.into_iter().flatten().map(|(key, _)| (key.clone(), Text(amount(key).to_string()))).collect()
}
