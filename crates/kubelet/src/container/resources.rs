//! Requests, limits, quality of service, and the cgroup parameters that follow from them.

use std::collections::BTreeMap;

use apimachinery::quantity::Quantity;
use cri::runtime::Resources;
use k8s_openapi::{
    api::core::v1::{Container, Pod, ResourceRequirements},
    apimachinery::pkg::api::resource::Quantity as ApiQuantity,
};

use crate::pods::spec;

/// A list of resources as the API has it.
pub(crate) type List = BTreeMap<String, ApiQuantity>;

const PERIOD_US: u64 = 100_000;
const MIN_SHARES: u64 = 2;
const MAX_SHARES: u64 = 262_144;

/// Quality of service class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Qos {
    /// Every container has limits equal to its requests.
    Guaranteed,
    /// Something is requested or limited.
    Burstable,
    /// Nothing is.
    BestEffort,
}

impl Qos {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Guaranteed => "Guaranteed",
            Self::Burstable => "Burstable",
            Self::BestEffort => "BestEffort",
        }
    }
}

pub(crate) fn parse(quantity: &ApiQuantity) -> Option<Quantity> {
    Quantity::parse(&quantity.0).ok()
}

fn get(list: Option<&List>, name: &str) -> Option<Quantity> {
    list.and_then(|list| list.get(name)).and_then(parse)
}

fn non_zero(list: Option<&List>, name: &str) -> bool {
    get(list, name).is_some_and(|quantity| quantity.milli_value() > 0)
}

pub(crate) fn limits(container: &Container) -> Option<&List> {
    container.resources.as_ref().and_then(|resources| resources.limits.as_ref())
}

pub(crate) fn requests(container: &Container) -> Option<&List> {
    container.resources.as_ref().and_then(|resources| resources.requests.as_ref())
}

/// The class of a pod.
pub(crate) fn qos(pod: &Pod) -> Qos {
    if let Some(own) = spec::spec(pod).resources.as_ref() {
        return class_of(std::iter::once((own.requests.as_ref(), own.limits.as_ref())));
    }
    let all = spec::spec(pod).containers.iter().chain(spec::init_containers(pod));
    class_of(all.map(|container| (requests(container), limits(container))))
}

fn class_of<'a>(all: impl Iterator<Item = (Option<&'a List>, Option<&'a List>)>) -> Qos {
    let (mut any, mut guaranteed) = (false, true);
    for (requests, limits) in all {
        for name in ["cpu", "memory"] {
            any |= non_zero(requests, name) || non_zero(limits, name);
            let limit = get(limits, name);
            let request = get(requests, name).or_else(|| limit.clone());
            guaranteed &= non_zero(limits, name) && request == limit;
        }
    }
    match (any, guaranteed) {
        (false, _) => Qos::BestEffort,
        (true, true) => Qos::Guaranteed,
        (true, false) => Qos::Burstable,
    }
}

fn add(total: &mut BTreeMap<String, Quantity>, list: Option<&List>) {
    for (name, quantity) in list.into_iter().flatten() {
        let Some(more) = parse(quantity) else { continue };
        let sum = match total.remove(name) {
            Some(known) => known + more,
            None => more,
        };
        total.insert(name.clone(), sum);
    }
}

fn raise(total: &mut BTreeMap<String, Quantity>, other: BTreeMap<String, Quantity>) {
    for (name, quantity) in other {
        match total.get(&name) {
            Some(known) if *known >= quantity => {}
            _ => {
                total.insert(name, quantity);
            }
        }
    }
}

/// The sum that a pod needs: its main containers and sidecars together, or more if an init container needs more.
fn aggregate(pod: &Pod, of: fn(&Container) -> Option<&List>, own: Option<&List>) -> BTreeMap<String, Quantity> {
    let mut total = BTreeMap::new();
    for container in &spec::spec(pod).containers {
        add(&mut total, of(container));
    }
    let (mut sidecars, mut peak) = (BTreeMap::new(), BTreeMap::new());
    for container in spec::init_containers(pod) {
        let mut needed = sidecars.clone();
        add(&mut needed, of(container));
        if spec::is_sidecar(container) {
            add(&mut total, of(container));
            sidecars = needed.clone();
        }
        raise(&mut peak, needed);
    }
    raise(&mut total, peak);
    for (name, quantity) in own.into_iter().flatten() {
        if let Some(quantity) = parse(quantity) {
            total.insert(name.clone(), quantity);
        }
    }
    total
}

fn printed(map: BTreeMap<String, Quantity>) -> List {
    map.into_iter().map(|(name, quantity)| (name, ApiQuantity(quantity.to_string()))).collect()
}

fn requests_of(pod: &Pod) -> BTreeMap<String, Quantity> {
    let own = spec::spec(pod).resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let mut total = aggregate(pod, requests, own);
    add(&mut total, spec::spec(pod).overhead.as_ref());
    total
}

fn limits_of(pod: &Pod) -> BTreeMap<String, Quantity> {
    aggregate(pod, limits, spec::spec(pod).resources.as_ref().and_then(|resources| resources.limits.as_ref()))
}

/// Sum of the requests of a pod.
pub(crate) fn pod_requests(pod: &Pod) -> List {
    printed(requests_of(pod))
}

/// Requests and limits of the pod as a whole, for its status.
pub(crate) fn pod_resources(pod: &Pod) -> ResourceRequirements {
    let filled = |map: List| (!map.is_empty()).then_some(map);
    ResourceRequirements {
        requests: filled(printed(requests_of(pod))),
        limits: filled(printed(limits_of(pod))),
        ..ResourceRequirements::default()
    }
}

/// CPU shares for a request in thousandths of a CPU.
pub(crate) fn shares(milli_cpu: i128) -> u64 {
    u64::try_from(milli_cpu * 1024 / 1000).unwrap_or(MAX_SHARES).clamp(MIN_SHARES, MAX_SHARES)
}

/// Quota in microseconds per 100 ms for a limit in thousandths of a CPU.
pub(crate) fn quota(milli_cpu: i128) -> i64 {
    i64::try_from(milli_cpu * i128::from(PERIOD_US) / 1000).unwrap_or(i64::MAX).max(1000)
}

fn huge_pages<'a>(list: impl Iterator<Item = (&'a String, Quantity)>) -> BTreeMap<String, u64> {
    list.filter_map(|(name, quantity)| {
        let size = name.strip_prefix("hugepages-")?;
        Some((format!("{}B", size.trim_end_matches('i')), u64::try_from(quantity.value()).ok()?))
    })
    .collect()
}

/// Parameters of the pod's own cgroup.
pub(crate) fn pod_cgroup(pod: &Pod, pids_limit: Option<i64>) -> Resources {
    let (requests, limits) = (requests_of(pod), limits_of(pod));
    let milli = |map: &BTreeMap<String, Quantity>, name: &str| map.get(name).map_or(0, Quantity::milli_value);
    let own = spec::spec(pod).resources.as_ref().and_then(|resources| resources.limits.as_ref());
    let declared = |name: &str| {
        non_zero(own, name)
            || spec::spec(pod)
                .containers
                .iter()
                .chain(spec::init_containers(pod))
                .all(|container| non_zero(self::limits(container), name))
    };
    let mut out = Resources {
        pids_limit,
        hugepages_bytes: huge_pages(limits.iter().map(|(name, q)| (name, q.clone()))),
        ..Resources::default()
    };
    match qos(pod) {
        Qos::BestEffort => out.cpu_shares = Some(MIN_SHARES),
        Qos::Guaranteed | Qos::Burstable => {
            out.cpu_shares = Some(shares(milli(&requests, "cpu")));
            if declared("cpu") && milli(&limits, "cpu") > 0 {
                out.cpu_quota_us = Some(quota(milli(&limits, "cpu")));
                out.cpu_period_us = Some(PERIOD_US);
            }
            if declared("memory") {
                out.memory_limit_bytes = limits.get("memory").and_then(|q| i64::try_from(q.value()).ok());
            }
        }
    }
    out
}

/// The pod's cgroup below the instance's root.
pub(crate) fn cgroup_path(pod: &Pod) -> String {
    let uid = spec::uid(pod);
    match qos(pod) {
        Qos::Guaranteed => format!("kubepods/pod{uid}"),
        Qos::Burstable => format!("kubepods/burstable/pod{uid}"),
        Qos::BestEffort => format!("kubepods/besteffort/pod{uid}"),
    }
}

/// Parameters of a container's cgroup.
pub(crate) fn container_cgroup(pod: &Pod, container: &Container, memory_capacity: i64) -> Resources {
    let milli = |list: Option<&List>, name: &str| get(list, name).map(|q| q.milli_value());
    let cpu_limit = milli(limits(container), "cpu").filter(|milli| *milli > 0);
    let cpu_request = milli(requests(container), "cpu").or(cpu_limit).unwrap_or(0);
    let own = spec::spec(pod).resources.as_ref().and_then(|resources| resources.limits.as_ref());
    let memory =
        get(limits(container), "memory").or_else(|| get(own, "memory")).map(|q| q.value()).filter(|bytes| *bytes > 0);
    let pages = limits(container).into_iter().flatten().filter_map(|(name, quantity)| Some((name, parse(quantity)?)));
    Resources {
        cpu_shares: Some(shares(cpu_request)),
        cpu_quota_us: cpu_limit.map(quota),
        cpu_period_us: cpu_limit.map(|_| PERIOD_US),
        memory_limit_bytes: memory.and_then(|bytes| i64::try_from(bytes).ok()),
        pids_limit: None,
        hugepages_bytes: huge_pages(pages),
        oom_score_adj: Some(oom_score(pod, container, memory_capacity)),
    }
}

/// The more a container asked for, the later it is killed when the machine runs out of memory.
pub(crate) fn oom_score(pod: &Pod, container: &Container, memory_capacity: i64) -> i32 {
    if spec::spec(pod).priority.is_some_and(|priority| priority >= 2_000_001_000) {
        return -997;
    }
    match qos(pod) {
        Qos::Guaranteed => return -997,
        Qos::BestEffort => return 1000,
        Qos::Burstable => {}
    }
    let requested = |container: &Container| get(requests(container), "memory").map_or(0, |q| q.value());
    let capacity = i128::from(memory_capacity.max(1));
    let mut score = 1000 - 1000 * requested(container) / capacity;
    if spec::init_containers(pod).iter().any(|init| init.name == container.name && spec::is_sidecar(init)) {
        let least = spec::spec(pod).containers.iter().map(requested).min().unwrap_or(0);
        score = score.min(1000 - 1000 * least / capacity);
    }
    i32::try_from(score).unwrap_or(3).clamp(3, 999)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::PodSpec;

    use super::*;

    fn container(requests: &[(&str, &str)], limits: &[(&str, &str)]) -> Container {
        let list = |pairs: &[(&str, &str)]| {
            (!pairs.is_empty())
                .then(|| pairs.iter().map(|(k, v)| ((*k).to_owned(), ApiQuantity((*v).to_owned()))).collect())
        };
        Container {
            resources: Some(ResourceRequirements {
                requests: list(requests),
                limits: list(limits),
                ..ResourceRequirements::default()
            }),
            ..Container::default()
        }
    }

    fn pod(containers: Vec<Container>, init: Vec<Container>) -> Pod {
        Pod { spec: Some(PodSpec { containers, init_containers: Some(init), ..PodSpec::default() }), ..Pod::default() }
    }

    #[test]
    fn classes_and_scores() {
        let full = container(&[("cpu", "1"), ("memory", "1Gi")], &[("cpu", "1"), ("memory", "1Gi")]);
        for (containers, class, score) in [
            (vec![container(&[], &[])], Qos::BestEffort, 1000),
            (vec![full.clone()], Qos::Guaranteed, -997),
            (vec![container(&[("memory", "1Gi")], &[])], Qos::Burstable, 900),
            (vec![container(&[("cpu", "1")], &[])], Qos::Burstable, 999),
        ] {
            let pod = pod(containers, vec![]);
            assert_eq!(qos(&pod), class);
            assert_eq!(oom_score(&pod, &spec::spec(&pod).containers[0], 10 << 30), score);
        }
    }

    #[test]
    fn cgroups() {
        let pod = pod(
            vec![container(&[("cpu", "250m")], &[("cpu", "500m"), ("memory", "32Mi")])],
            vec![container(&[("cpu", "2")], &[])],
        );
        let own = container_cgroup(&pod, &spec::spec(&pod).containers[0], 10 << 30);
        assert_eq!(
            (own.cpu_shares, own.cpu_quota_us, own.memory_limit_bytes),
            (Some(256), Some(50_000), Some(32 << 20))
        );
        let whole = pod_cgroup(&pod, None);
        assert_eq!(
            (whole.cpu_shares, whole.cpu_quota_us),
            (Some(2048), None),
            "an init container without limit lifts the pod's"
        );
        assert_eq!(pod_requests(&pod)["cpu"].0, "2");
    }
}
