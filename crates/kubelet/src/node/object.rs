//! The Node object: labels, capacity, conditions.

use std::collections::BTreeMap;

use cri::image::Image;
use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{
        ContainerImage, DaemonEndpoint, Node, NodeAddress, NodeCondition, NodeDaemonEndpoints, NodeFeatures,
        NodeRuntimeHandler, NodeRuntimeHandlerFeatures, NodeSpec, NodeStatus, NodeSwapStatus, NodeSystemInfo,
    },
    apimachinery::pkg::{
        api::resource::Quantity,
        apis::meta::v1::{ObjectMeta, Time},
    },
};

use super::facts::Facts;
use crate::context::Config;

/// The version that this kubelet speaks.
pub(crate) const VERSION: &str = "v1.37.0";
const IMAGES: usize = 50;
const NAMES: usize = 5;

/// Whether the node can run pods.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Health {
    /// Why it is not ready; `None`: it is.
    pub(crate) not_ready: Option<String>,
    pub(crate) memory_pressure: bool,
    pub(crate) disk_pressure: bool,
    pub(crate) pid_pressure: bool,
}

/// A new Node object as it is registered.
pub(crate) fn new(config: &Config, facts: &Facts) -> Node {
    let mut labels = standard_labels(config, facts);
    labels.extend(config.labels.clone());
    Node {
        metadata: ObjectMeta {
            name: Some(config.node_name.clone()),
            labels: Some(labels),
            annotations: Some(
                [("volumes.kubernetes.io/controller-managed-attach-detach".to_owned(), "true".to_owned())].into(),
            ),
            ..ObjectMeta::default()
        },
        spec: Some(NodeSpec::default()),
        status: None,
    }
}

/// Labels that follow from the machine.
pub(crate) fn standard_labels(config: &Config, facts: &Facts) -> BTreeMap<String, String> {
    [
        ("kubernetes.io/hostname", config.node_name.as_str()),
        ("kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", facts.architecture),
        ("beta.kubernetes.io/os", "linux"),
        ("beta.kubernetes.io/arch", facts.architecture),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect()
}

fn binary(bytes: u64) -> Quantity {
    if bytes.is_multiple_of(1024) && bytes > 0 {
        Quantity(format!("{}Ki", bytes / 1024))
    } else {
        Quantity(bytes.to_string())
    }
}

fn capacity(config: &Config, facts: &Facts) -> BTreeMap<String, Quantity> {
    let mut out: BTreeMap<String, Quantity> = [
        ("cpu".to_owned(), Quantity(facts.cpu_count.to_string())),
        ("memory".to_owned(), binary(facts.memory_bytes)),
        ("pods".to_owned(), Quantity(config.max_pods.to_string())),
        ("ephemeral-storage".to_owned(), binary(facts.disk_bytes)),
    ]
    .into();
    for (size, bytes) in &facts.huge_pages {
        out.insert(format!("hugepages-{size}"), huge(*bytes));
    }
    out
}

fn huge(bytes: u64) -> Quantity {
    if bytes == 0 { Quantity("0".into()) } else { Quantity(format!("{}Mi", bytes >> 20)) }
}

fn allocatable(config: &Config, facts: &Facts) -> BTreeMap<String, Quantity> {
    let mut out = capacity(config, facts);
    let pages: u64 = facts.huge_pages.values().sum();
    // As upstream: a hundred MiB for the hard eviction limit, and a tenth of the disk.
    let memory =
        facts.memory_bytes.saturating_sub(config.reserved_memory_bytes).saturating_sub(100 << 20).saturating_sub(pages);
    out.insert("memory".into(), binary(memory));
    let milli = u64::from(facts.cpu_count) * 1000 - config.reserved_cpu_milli.min(u64::from(facts.cpu_count) * 1000);
    out.insert(
        "cpu".into(),
        if milli.is_multiple_of(1000) { Quantity((milli / 1000).to_string()) } else { Quantity(format!("{milli}m")) },
    );
    out.insert("ephemeral-storage".into(), Quantity((u128::from(facts.disk_bytes) * 9 / 10).to_string()));
    out
}

/// Resources that others have added to the capacity (extended resources, by a patch): they stay, and pods may have all
/// of them.
fn added(own: &BTreeMap<String, Quantity>, old: Option<&NodeStatus>) -> BTreeMap<String, Quantity> {
    let known = old.and_then(|old| old.capacity.as_ref()).into_iter().flatten();
    known
        .filter(|(name, _)| !own.contains_key(*name) && !name.starts_with("hugepages-"))
        .map(|(name, amount)| (name.clone(), amount.clone()))
        .collect()
}

/// Whether pods may have another amount of a resource of others than there is of it, or there is none any more.
pub(crate) fn others_differ(status: &NodeStatus) -> bool {
    let of = |list: &Option<BTreeMap<String, Quantity>>| -> BTreeMap<String, Quantity> {
        let extended = list.iter().flatten().filter(|(name, _)| name.contains('/'));
        extended.map(|(name, amount)| (name.clone(), amount.clone())).collect()
    };
    of(&status.capacity) != of(&status.allocatable)
}

/// The status; transition times come from the old one, and so do resources that others have added.
pub(crate) fn status(
    config: &Config,
    facts: &Facts,
    runtime_version: &str,
    images: &[std::sync::Arc<Image>],
    health: &Health,
    old: Option<&NodeStatus>,
    now: Timestamp,
) -> NodeStatus {
    let mut addresses: Vec<_> =
        config.node_ips.iter().map(|ip| NodeAddress { type_: "InternalIP".into(), address: ip.to_string() }).collect();
    addresses.push(NodeAddress { type_: "Hostname".into(), address: config.node_name.clone() });
    let (mut capacity, mut allocatable) = (capacity(config, facts), allocatable(config, facts));
    let added = added(&capacity, old);
    capacity.extend(added.clone());
    allocatable.extend(added);
    NodeStatus {
        addresses: Some(addresses),
        capacity: Some(capacity),
        allocatable: Some(allocatable),
        conditions: Some(conditions(health, old, now)),
        daemon_endpoints: Some(NodeDaemonEndpoints {
            kubelet_endpoint: Some(DaemonEndpoint { port: i32::from(config.port) }),
        }),
        features: Some(NodeFeatures { supplemental_groups_policy: Some(true) }),
        images: Some(image_list(images)),
        node_info: Some(system(facts, runtime_version)),
        runtime_handlers: Some(vec![NodeRuntimeHandler {
            name: Some(String::new()),
            features: Some(NodeRuntimeHandlerFeatures {
                recursive_read_only_mounts: Some(true),
                user_namespaces: Some(false),
            }),
        }]),
        ..NodeStatus::default()
    }
}

fn system(facts: &Facts, runtime_version: &str) -> NodeSystemInfo {
    NodeSystemInfo {
        architecture: facts.architecture.to_owned(),
        boot_id: facts.boot_id.clone(),
        container_runtime_version: runtime_version.to_owned(),
        kernel_version: facts.kernel.clone(),
        kube_proxy_version: String::new(),
        kubelet_version: VERSION.to_owned(),
        machine_id: facts.machine_id.clone(),
        operating_system: "linux".into(),
        os_image: facts.os_image.clone(),
        system_uuid: facts.system_uuid.clone(),
        swap: (facts.swap_bytes > 0).then(|| NodeSwapStatus { capacity: i64::try_from(facts.swap_bytes).ok() }),
        running_in_user_namespace: None,
    }
}

fn image_list(images: &[std::sync::Arc<Image>]) -> Vec<ContainerImage> {
    let mut all: Vec<_> = images.to_vec();
    all.sort_by_key(|image| std::cmp::Reverse(image.size_bytes));
    all.iter()
        .take(IMAGES)
        .map(|image| ContainerImage {
            names: Some(image.digests.iter().chain(&image.tags).take(NAMES).cloned().collect()),
            size_bytes: i64::try_from(image.size_bytes).ok(),
        })
        .collect()
}

fn conditions(health: &Health, old: Option<&NodeStatus>, now: Timestamp) -> Vec<NodeCondition> {
    let pressure = |type_: &str, is: bool, yes: (&str, &str), no: (&str, &str)| {
        let (reason, message) = if is { yes } else { no };
        (type_.to_owned(), is, reason.to_owned(), message.to_owned())
    };
    let all = [
        pressure(
            "MemoryPressure",
            health.memory_pressure,
            ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
            ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ),
        pressure(
            "DiskPressure",
            health.disk_pressure,
            ("KubeletHasDiskPressure", "kubelet has disk pressure"),
            ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ),
        pressure(
            "PIDPressure",
            health.pid_pressure,
            ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
            ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ),
        match &health.not_ready {
            None => ("Ready".to_owned(), true, "KubeletReady".to_owned(), "kubelet is posting ready status".to_owned()),
            Some(why) => ("Ready".to_owned(), false, "KubeletNotReady".to_owned(), why.clone()),
        },
    ];
    all.into_iter()
        .map(|(type_, is, reason, message)| {
            let status = if is { "True" } else { "False" };
            let known = old
                .and_then(|old| old.conditions.as_ref())
                .and_then(|list| list.iter().find(|condition| condition.type_ == type_));
            let since =
                known.filter(|known| known.status == status).and_then(|known| known.last_transition_time.clone());
            NodeCondition {
                type_,
                status: status.into(),
                reason: Some(reason),
                message: Some(message),
                last_heartbeat_time: Some(Time(now)),
                last_transition_time: Some(since.unwrap_or(Time(now))),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transitions_keep_their_time() {
        let now = Timestamp::from_second(1000).unwrap();
        let later = Timestamp::from_second(2000).unwrap();
        let (config, facts) = (
            Config::new("n", std::path::Path::new("/x")),
            Facts { cpu_count: 4, memory_bytes: 8 << 30, disk_bytes: 1 << 40, ..Facts::default() },
        );
        let first = status(&config, &facts, "podium://1", &[], &Health::default(), None, now);
        let second = status(
            &config,
            &facts,
            "podium://1",
            &[],
            &Health { disk_pressure: true, ..Health::default() },
            Some(&first),
            later,
        );
        let find = |status: &NodeStatus, type_: &str| {
            status.conditions.iter().flatten().find(|condition| condition.type_ == type_).cloned().unwrap()
        };
        assert_eq!(find(&second, "Ready").last_transition_time, Some(Time(now)));
        assert_eq!(find(&second, "Ready").last_heartbeat_time, Some(Time(later)));
        assert_eq!(find(&second, "DiskPressure").last_transition_time, Some(Time(later)));
        assert_eq!(first.capacity.as_ref().unwrap()["memory"].0, "8388608Ki");
        assert_eq!(first.allocatable.as_ref().unwrap()["memory"].0, "8286208Ki");
    }

    #[test]
    fn resources_of_others_stay_and_can_be_had() {
        let now = Timestamp::from_second(1000).unwrap();
        let facts = Facts { cpu_count: 4, memory_bytes: 8 << 30, disk_bytes: 1 << 40, ..Facts::default() };
        let config = Config::new("n", std::path::Path::new("/x"));
        let make = |old| status(&config, &facts, "podium://1", &[], &Health::default(), old, now);
        let mut old = make(None);
        assert!(!others_differ(&old));
        let capacity = old.capacity.as_mut().unwrap();
        capacity.insert("example.com/dongle".into(), Quantity("4".into()));
        capacity.insert("hugepages-9Mi".into(), Quantity("9Mi".into()));
        capacity.insert("cpu".into(), Quantity("99".into()));
        assert!(others_differ(&old), "nobody can have them yet");
        let new = make(Some(&old));
        for list in [new.capacity.as_ref().unwrap(), new.allocatable.as_ref().unwrap()] {
            assert_eq!(list.get("example.com/dongle").map(|q| q.0.as_str()), Some("4"));
            assert_eq!(list.get("hugepages-9Mi"), None, "pages are the machine's, not somebody's");
            assert_eq!(list["cpu"].0, "4", "what the machine has is not for others to say");
        }
        assert!(!others_differ(&new));
    }
}
