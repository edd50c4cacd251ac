//! `/stats/summary`: usage of the node and its pods.

use serde_json::{Value, json};

use super::Server;
use crate::{
    node::facts::{disk, meminfo},
    pods::{
        manager::Entry,
        spec,
        view::{Instance, time_of},
    },
};

/// A container's or pod's usage, measured now.
pub(crate) struct Sample {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    /// Empty for the pod as a whole.
    pub(crate) container: String,
    pub(crate) stats: cri::runtime::Stats,
    pub(crate) started_at_ns: i64,
}

/// Everything that runs.
pub(crate) async fn samples(server: &Server) -> Vec<(Entry, Vec<Sample>)> {
    let all = server.directory.all().into_iter().map(|entry| async move {
        let samples = of_pod(server, &entry).await;
        (entry, samples)
    });
    futures_util::future::join_all(all).await
}

async fn of_pod(server: &Server, entry: &Entry) -> Vec<Sample> {
    let mut out = Vec::new();
    let Some(sandbox) = entry.view.active() else { return out };
    let sample = |container: &str, stats, started_at_ns| Sample {
        namespace: spec::namespace(&entry.pod).to_owned(),
        pod: spec::name(&entry.pod).to_owned(),
        container: container.to_owned(),
        stats,
        started_at_ns,
    };
    if let Ok(stats) = server.context.runtime.sandbox_stats(&sandbox.id).await {
        out.push(sample("", stats, sandbox.created_at_ns));
    }
    for instance in entry.view.running() {
        let started = match instance.state.phase {
            cri::runtime::ContainerPhase::Running { started_at_ns, .. } => started_at_ns,
            _ => 0,
        };
        if let Ok(stats) = server.context.runtime.container_stats(&instance.state.sandbox, Instance::id(instance)).await
        {
            out.push(sample(&instance.state.name, stats, started));
        }
    }
    out
}

fn cpu(sample: &Sample, now: &str) -> Value {
    json!({"time": now, "usageCoreNanoSeconds": sample.stats.cpu_ns})
}

fn memory(sample: &Sample, now: &str) -> Value {
    let stats = &sample.stats;
    json!({
        "time": now, "usageBytes": stats.memory_bytes, "workingSetBytes": stats.memory_bytes.saturating_sub(stats.inactive_file_bytes),
        "rssBytes": stats.rss_bytes, "pageFaults": stats.page_faults, "majorPageFaults": stats.major_page_faults,
    })
}

/// The whole summary.
pub(crate) async fn summary(server: &Server) -> Value {
    let now = server.context.env.now().to_string();
    let mut pods = Vec::new();
    for (entry, samples) in samples(server).await {
        let start = |sample: &Sample| time_of(sample.started_at_ns).to_string();
        let containers: Vec<Value> = samples
            .iter()
            .filter(|sample| !sample.container.is_empty())
            .map(|sample| json!({"name": sample.container, "startTime": start(sample), "cpu": cpu(sample, &now), "memory": memory(sample, &now)}))
            .collect();
        let mut pod = json!({
            "podRef": {"name": spec::name(&entry.pod), "namespace": spec::namespace(&entry.pod), "uid": spec::uid(&entry.pod)},
            "startTime": entry.pod.status.as_ref().and_then(|status| status.start_time.clone()), "containers": containers,
        });
        if let Some(whole) = samples.iter().find(|sample| sample.container.is_empty()) {
            pod["cpu"] = cpu(whole, &now);
            pod["memory"] = memory(whole, &now);
            pod["process_stats"] = json!({"process_count": whole.stats.pids});
        }
        pods.push(pod);
    }
    json!({"node": node(server, &now), "pods": pods})
}

/// Nanoseconds of CPU and bytes of memory that the machine uses.
pub(crate) fn machine() -> (u64, u64, u64) {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks: u64 = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .enumerate()
        .filter(|(index, _)| !matches!(index, 3 | 4 | 8 | 9))
        .filter_map(|(_, number)| number.parse::<u64>().ok())
        .sum();
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let (total, available) = (meminfo(&info, "MemTotal:"), meminfo(&info, "MemAvailable:"));
    // The kernel counts in hundredths of a second for user space.
    (ticks * 10_000_000, total.saturating_sub(available), available)
}

fn node(server: &Server, now: &str) -> Value {
    let (cpu_ns, used, available) = machine();
    let (size, free) = disk(&server.context.config.root_dir);
    json!({
        "nodeName": server.context.config.node_name, "startTime": server.context.start.to_string(),
        "cpu": {"time": now, "usageCoreNanoSeconds": cpu_ns},
        "memory": {"time": now, "availableBytes": available, "usageBytes": used, "workingSetBytes": used},
        "fs": {"time": now, "availableBytes": free, "capacityBytes": size, "usedBytes": size.saturating_sub(free)},
    })
}
