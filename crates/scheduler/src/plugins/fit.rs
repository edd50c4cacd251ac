//! Resources: does it fit, how full would the node be, how evenly.

use std::borrow::Cow;

use super::Rejection;
use crate::{cache::NodeInfo, cycle::State, pod::PodInfo};

/// What is too little, in upstream's words.
pub fn filter(_: &State, pod: &PodInfo, node: &NodeInfo) -> Option<Rejection> {
    let (wanted, has, used) = (&pod.requests, &node.allocatable, &node.requested);
    let mut reasons: Vec<Cow<'static, str>> = Vec::new();
    let mut resolvable = true;
    let mut check = |wanted: i64, has: i64, used: i64, reason: Cow<'static, str>| {
        if wanted > 0 && wanted > has - used {
            resolvable &= wanted <= has;
            reasons.push(reason);
        }
    };
    check(1, has.pods, i64::try_from(node.pods.len()).unwrap_or(i64::MAX), "Too many pods".into());
    check(wanted.milli_cpu, has.milli_cpu, used.milli_cpu, "Insufficient cpu".into());
    check(wanted.memory, has.memory, used.memory, "Insufficient memory".into());
    check(wanted.ephemeral, has.ephemeral, used.ephemeral, "Insufficient ephemeral-storage".into());
    for (name, amount) in &wanted.others {
        check(*amount, has.other(name), used.other(name), format!("Insufficient {name}").into());
    }
    (!reasons.is_empty()).then_some(Rejection { reasons, resolvable })
}

/// Free CPU and memory after placing the pod, 0 to 100.
pub fn least_allocated(_: &State, pod: &PodInfo, node: &NodeInfo) -> i64 {
    let free = |has: i64, used: i64| if has == 0 || used > has { 0 } else { (has - used).saturating_mul(100) / has };
    let cpu = free(node.allocatable.milli_cpu, node.assumed.milli_cpu + pod.assumed.milli_cpu);
    let memory = free(node.allocatable.memory, node.assumed.memory + pod.assumed.memory);
    (cpu + memory) / 2
}

/// How close the used shares of CPU and memory are to each other: better when placing the pod evens them out.
pub fn balanced(_: &State, pod: &PodInfo, node: &NodeInfo) -> i64 {
    if pod.requests.milli_cpu == 0 && pod.requests.memory == 0 {
        return 0;
    }
    let share = |has: i64, used: i64| if has == 0 { 1.0 } else { (used as f64 / has as f64).min(1.0) };
    let spread = |cpu: i64, memory: i64| {
        (share(node.allocatable.milli_cpu, node.requested.milli_cpu + cpu)
            - share(node.allocatable.memory, node.requested.memory + memory))
        .abs()
            / 2.0
    };
    let (after, before) = (1.0 - spread(pod.requests.milli_cpu, pod.requests.memory), 1.0 - spread(0, 0));
    (50.0 + (after - before) / 2.0 * 100.0) as i64
}
