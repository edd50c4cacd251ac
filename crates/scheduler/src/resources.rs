//! Amounts of resources: what a pod asks for, what a node has.

use std::collections::BTreeMap;

use apimachinery::quantity::Quantity;
use k8s_openapi::api::core::v1::{Container, PodSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;

/// Amounts by resource.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Amounts {
    /// CPU in thousandths of a core.
    pub milli_cpu: i64,
    /// Memory in bytes.
    pub memory: i64,
    /// Ephemeral storage in bytes.
    pub ephemeral: i64,
    /// Number of pods.
    pub pods: i64,
    /// Everything else (huge pages in bytes, extended resources in pieces), in order of name.
    pub others: Vec<(String, i64)>,
}

/// A container without requests still counts with these when nodes are compared: thousandths of a core.
pub const ASSUMED_MILLI_CPU: i64 = 100;
/// The same for memory: 200 MiB.
pub const ASSUMED_MEMORY: i64 = 200 << 20;

type List = BTreeMap<String, Text>;

impl Amounts {
    /// From a resource list; what cannot be parsed counts as nothing (the API server does not let it in).
    #[must_use]
    pub fn of(list: Option<&List>) -> Self {
        let mut amounts = Self::default();
        for (name, text) in list.into_iter().flatten() {
            let Ok(quantity) = Quantity::parse(&text.0) else { continue };
            let value = i64::try_from(quantity.value()).unwrap_or(i64::MAX);
            match name.as_str() {
                "cpu" => amounts.milli_cpu = i64::try_from(quantity.milli_value()).unwrap_or(i64::MAX),
                "memory" => amounts.memory = value,
                "ephemeral-storage" => amounts.ephemeral = value,
                "pods" => amounts.pods = value,
                _ => amounts.others.push((name.clone(), value)),
            }
        }
        amounts
    }

    /// An amount among the others.
    #[must_use]
    pub fn other(&self, name: &str) -> i64 {
        self.others.iter().find(|(n, _)| n == name).map_or(0, |(_, v)| *v)
    }

    /// Adds `factor` times `more`.
    pub fn add(&mut self, more: &Self, factor: i64) {
        self.combine(more, |a, b| a.saturating_add(b.saturating_mul(factor)));
    }

    /// The larger of each.
    pub fn raise(&mut self, to: &Self) {
        self.combine(to, std::cmp::Ord::max);
    }

    fn combine(&mut self, with: &Self, f: impl Fn(i64, i64) -> i64) {
        self.milli_cpu = f(self.milli_cpu, with.milli_cpu);
        self.memory = f(self.memory, with.memory);
        self.ephemeral = f(self.ephemeral, with.ephemeral);
        self.pods = f(self.pods, with.pods);
        for (name, value) in &with.others {
            match self.others.iter_mut().find(|(n, _)| n == name) {
                Some((_, mine)) => *mine = f(*mine, *value),
                None => self.others.push((name.clone(), f(0, *value))),
            }
        }
    }
}

/// What a pod takes on a node: the sum of its containers, or the peak of its init containers where that is more;
/// restartable init containers (sidecars) count for all that start after them.
#[must_use]
pub fn pod_requests(spec: &PodSpec) -> Amounts {
    sum(spec, requests_of)
}

/// The same with [`ASSUMED_MILLI_CPU`] and [`ASSUMED_MEMORY`] for containers that ask for nothing.
#[must_use]
pub fn assumed_requests(spec: &PodSpec) -> Amounts {
    sum(spec, |container| {
        let mut amounts = requests_of(container);
        if amounts.milli_cpu == 0 {
            amounts.milli_cpu = ASSUMED_MILLI_CPU;
        }
        if amounts.memory == 0 {
            amounts.memory = ASSUMED_MEMORY;
        }
        amounts
    })
}

fn requests_of(container: &Container) -> Amounts {
    Amounts::of(container.resources.as_ref().and_then(|r| r.requests.as_ref()))
}

fn sum(spec: &PodSpec, of: impl Fn(&Container) -> Amounts) -> Amounts {
    let mut running = Amounts::default();
    for container in &spec.containers {
        running.add(&of(container), 1);
    }
    let (mut sidecars, mut peak) = (Amounts::default(), Amounts::default());
    for container in spec.init_containers.iter().flatten() {
        let mut now = of(container);
        if container.restart_policy.as_deref() == Some("Always") {
            sidecars.add(&now, 1);
            running.add(&now, 1);
            now = sidecars.clone();
        } else {
            now.add(&sidecars, 1);
        }
        peak.raise(&now);
    }
    running.raise(&peak);
    if let Some(pod) = &spec.resources {
        let whole = Amounts::of(pod.requests.as_ref());
        if whole.milli_cpu > 0 {
            running.milli_cpu = whole.milli_cpu;
        }
        if whole.memory > 0 {
            running.memory = whole.memory;
        }
    }
    running.add(&Amounts::of(spec.overhead.as_ref()), 1);
    running
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(value: serde_json::Value) -> PodSpec {
        serde_json::from_value(value).unwrap()
    }

    fn container(name: &str, cpu: &str, memory: &str, always: bool) -> serde_json::Value {
        let mut c = json!({"name": name, "resources": {"requests": {"cpu": cpu, "memory": memory}}});
        if always {
            c["restartPolicy"] = json!("Always");
        }
        c
    }

    #[test]
    fn sums_peaks_and_sidecars() {
        for (what, pod, cpu, memory) in [
            (
                "sum",
                json!({"containers": [container("a", "100m", "1Mi", false), container("b", "1", "1Ki", false)]}),
                1100,
                (1 << 20) + 1024,
            ),
            (
                "an init container's peak",
                json!({"initContainers": [container("i", "2", "1Mi", false)], "containers": [container("a", "1", "2Mi", false)]}),
                2000,
                2 << 20,
            ),
            (
                "a sidecar counts with both",
                json!({"initContainers": [container("s", "1", "1Mi", true), container("i", "2", "1Mi", false)], "containers": [container("a", "1", "1Mi", false)]}),
                3000,
                2 << 20,
            ),
            (
                "overhead",
                json!({"overhead": {"cpu": "50m"}, "containers": [container("a", "1", "1Mi", false)]}),
                1050,
                1 << 20,
            ),
        ] {
            let got = pod_requests(&spec(pod));
            assert_eq!((got.milli_cpu, got.memory), (cpu, memory), "{what}");
        }
    }

    #[test]
    fn nothing_asked_counts_as_something_when_nodes_are_compared() {
        let pod = spec(json!({"containers": [{"name": "a"}, {"name": "b"}]}));
        assert_eq!(pod_requests(&pod), Amounts::default());
        assert_eq!(assumed_requests(&pod).milli_cpu, 200);
    }
}
