//! Metrics in Prometheus' text format.

use std::fmt::Write as _;

use super::{
    Server,
    stats::{Sample, machine, samples},
};
use crate::pods::view::{Instance, time_of};

/// Media type of the text format.
pub(crate) const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// The kubelet's own.
pub(crate) fn own(server: &Server) -> String {
    let mut out = String::new();
    let all = server.directory.all();
    let running: usize = all.iter().map(|entry| entry.view.running().count()).sum();
    let ended: usize = all
        .iter()
        .map(|entry| entry.view.containers.iter().filter(|instance| Instance::exit(instance).is_some()).count())
        .sum();
    head(&mut out, "kubelet_running_pods", "gauge", "Number of pods that have a running pod sandbox");
    let _ = writeln!(out, "kubelet_running_pods {}", all.iter().filter(|entry| entry.view.active().is_some()).count());
    head(&mut out, "kubelet_running_containers", "gauge", "Number of containers currently running");
    let _ = writeln!(
        out,
        "kubelet_running_containers{{container_state=\"running\"}} {running}\nkubelet_running_containers{{container_state=\"exited\"}} {ended}"
    );
    head(&mut out, "kubelet_node_name", "gauge", "The node's name. The count is always 1.");
    let _ = writeln!(out, "kubelet_node_name{{node=\"{}\"}} 1", server.context.config.node_name);
    out
}

fn labels(sample: &Sample) -> String {
    if sample.container.is_empty() {
        format!("namespace=\"{}\",pod=\"{}\"", sample.namespace, sample.pod)
    } else {
        format!("container=\"{}\",namespace=\"{}\",pod=\"{}\"", sample.container, sample.namespace, sample.pod)
    }
}

fn working_set(sample: &Sample) -> u64 {
    sample.stats.memory_bytes.saturating_sub(sample.stats.inactive_file_bytes)
}

/// `/metrics/resource`: what a metrics server reads.
pub(crate) async fn resource(server: &Server) -> String {
    let now = server.context.env.now().as_millisecond();
    let all: Vec<Sample> = samples(server).await.into_iter().flat_map(|(_, samples)| samples).collect();
    let (cpu_ns, used, _) = machine();
    let mut out = String::new();
    for (is_pod, prefix) in [(false, "container"), (true, "pod")] {
        let chosen = || all.iter().filter(move |sample| sample.container.is_empty() == is_pod);
        head(
            &mut out,
            &format!("{prefix}_cpu_usage_seconds_total"),
            "counter",
            &format!("[STABLE] Cumulative cpu time consumed by the {prefix} in core-seconds"),
        );
        for sample in chosen() {
            let _ = writeln!(
                out,
                "{prefix}_cpu_usage_seconds_total{{{}}} {} {now}",
                labels(sample),
                seconds(sample.stats.cpu_ns)
            );
        }
        head(
            &mut out,
            &format!("{prefix}_memory_working_set_bytes"),
            "gauge",
            &format!("[STABLE] Current working set of the {prefix} in bytes"),
        );
        for sample in chosen() {
            let _ =
                writeln!(out, "{prefix}_memory_working_set_bytes{{{}}} {} {now}", labels(sample), working_set(sample));
        }
    }
    head(
        &mut out,
        "container_start_time_seconds",
        "gauge",
        "[STABLE] Start time of the container since unix epoch in seconds",
    );
    for sample in all.iter().filter(|sample| !sample.container.is_empty()) {
        let _ = writeln!(
            out,
            "container_start_time_seconds{{{}}} {}",
            labels(sample),
            time_of(sample.started_at_ns).as_millisecond() as f64 / 1e3
        );
    }
    head(
        &mut out,
        "node_cpu_usage_seconds_total",
        "counter",
        "[STABLE] Cumulative cpu time consumed by the node in core-seconds",
    );
    let _ = writeln!(out, "node_cpu_usage_seconds_total {} {now}", seconds(cpu_ns));
    head(&mut out, "node_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the node in bytes");
    let _ = writeln!(out, "node_memory_working_set_bytes {used} {now}");
    head(
        &mut out,
        "resource_scrape_error",
        "gauge",
        "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise",
    );
    out.push_str("resource_scrape_error 0\n");
    out
}

/// `/metrics/cadvisor`: the few that dashboards cannot do without.
pub(crate) async fn cadvisor(server: &Server) -> String {
    let now = server.context.env.now().as_millisecond();
    let all: Vec<Sample> = samples(server).await.into_iter().flat_map(|(_, samples)| samples).collect();
    let mut out = String::new();
    let mut table = |name: &str, kind: &str, help: &str, value: &dyn Fn(&Sample) -> String| {
        head(&mut out, name, kind, help);
        for sample in &all {
            let _ = writeln!(out, "{name}{{{}}} {} {now}", labels(sample), value(sample));
        }
    };
    table("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed in seconds.", &|sample| {
        seconds(sample.stats.cpu_ns).to_string()
    });
    table(
        "container_memory_usage_bytes",
        "gauge",
        "Current memory usage in bytes, including all memory regardless of when it was accessed",
        &|sample| sample.stats.memory_bytes.to_string(),
    );
    table("container_memory_working_set_bytes", "gauge", "Current working set in bytes.", &|sample| {
        working_set(sample).to_string()
    });
    table("container_memory_rss", "gauge", "Size of RSS in bytes.", &|sample| sample.stats.rss_bytes.to_string());
    table("container_processes", "gauge", "Number of processes running inside the container.", &|sample| {
        sample.stats.pids.to_string()
    });
    out
}
