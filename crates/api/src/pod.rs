//! Pure questions about pods that are plain values.

use crate::access::{condition_is_true, entries, items, text};
use apimachinery::quantity::Quantity;
use serde_json::Value;
use std::collections::BTreeMap;

/// Amounts by resource name.
pub type Amounts = BTreeMap<String, Quantity>;

/// Has the condition `Ready`.
#[must_use]
pub fn is_ready(pod: &Value) -> bool {
    condition_is_true(pod, "Ready")
}

/// `Succeeded` or `Failed`: it will not run again.
#[must_use]
pub fn is_terminal(pod: &Value) -> bool {
    matches!(text(&pod["status"]["phase"]), "Succeeded" | "Failed")
}

/// An init container that stays beside the others.
#[must_use]
pub fn is_sidecar(container: &Value) -> bool {
    container["restartPolicy"] == "Always"
}

/// The class in the status, or the one that its resources give.
#[must_use]
pub fn qos_class(pod: &Value) -> &str {
    match text(&pod["status"]["qosClass"]) {
        "" => computed_qos_class(pod),
        class => class,
    }
}

/// `Guaranteed`, `Burstable` or `BestEffort`, from requests and limits of CPU and memory.
#[must_use]
pub fn computed_qos_class(pod: &Value) -> &'static str {
    let spec = &pod["spec"];
    if has_own_resources(spec) {
        return class_of(&spec["resources"]);
    }
    let mut class = None;
    for container in items(&spec["initContainers"]).iter().chain(items(&spec["containers"])) {
        let one = class_of(&container["resources"]);
        if one == "Burstable" || class.is_some_and(|c| c != one) {
            return "Burstable";
        }
        class = Some(one);
    }
    class.unwrap_or("BestEffort")
}

fn class_of(resources: &Value) -> &'static str {
    let mut class = None;
    if crate::access::count(&resources["requests"]) + crate::access::count(&resources["limits"]) == 0 {
        return "BestEffort";
    }
    for name in ["cpu", "memory"] {
        let amount = |list: &str| amount(&resources[list][name]).unwrap_or_default();
        let (request, limit) = (amount("requests"), amount("limits"));
        let one = if request != limit {
            return "Burstable";
        } else if request.is_zero() {
            "BestEffort"
        } else {
            "Guaranteed"
        };
        if class.is_some_and(|c| c != one) {
            return "Burstable";
        }
        class = Some(one);
    }
    class.unwrap_or("BestEffort")
}

fn amount(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(s) => Quantity::parse(s).ok(),
        Value::Number(n) => Quantity::parse(&n.to_string()).ok(),
        _ => None,
    }
}

/// `spec.resources` says something about CPU, memory or huge pages.
fn has_own_resources(spec: &Value) -> bool {
    ["requests", "limits"].iter().any(|list| entries(&spec["resources"][list]).any(|(name, _)| of_pod_level(name)))
}

fn of_pod_level(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("hugepages-")
}

fn amounts(list: &Value) -> Amounts {
    entries(list).filter_map(|(name, value)| Some((name.clone(), amount(value)?))).collect()
}

fn add(sum: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        *sum.entry(name.clone()).or_default() += amount;
    }
}

fn raise(sum: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        let known = sum.entry(name.clone()).or_insert_with(|| amount.clone());
        if *known < *amount {
            known.clone_from(amount);
        }
    }
}

/// The sum over containers: init containers run one after the other, beside the sidecars that started before them.
fn over_containers(spec: &Value, list: &str) -> Amounts {
    let mut total = Amounts::new();
    for container in items(&spec["containers"]) {
        add(&mut total, &amounts(&container["resources"][list]));
    }
    let (mut sidecars, mut most) = (Amounts::new(), Amounts::new());
    for container in items(&spec["initContainers"]) {
        let mut own = amounts(&container["resources"][list]);
        if is_sidecar(container) {
            add(&mut total, &own);
            add(&mut sidecars, &own);
            own.clone_from(&sidecars);
        } else {
            add(&mut own, &sidecars);
        }
        raise(&mut most, &own);
    }
    raise(&mut total, &most);
    total
}

/// What the containers request together, from a pod's spec.
#[must_use]
pub fn container_requests(spec: &Value) -> Amounts {
    over_containers(spec, "requests")
}

/// What a pod requests: containers, or what it says for itself, and the overhead.
#[must_use]
pub fn requests(pod: &Value) -> Amounts {
    let spec = &pod["spec"];
    let mut total = container_requests(spec);
    total.extend(amounts(&spec["resources"]["requests"]).into_iter().filter(|(name, _)| of_pod_level(name)));
    add(&mut total, &amounts(&spec["overhead"]));
    total
}

/// What a pod is limited to. The overhead counts only where there is a limit.
#[must_use]
pub fn limits(pod: &Value) -> Amounts {
    let spec = &pod["spec"];
    let mut total = over_containers(spec, "limits");
    total.extend(amounts(&spec["resources"]["limits"]).into_iter().filter(|(name, _)| of_pod_level(name)));
    for (name, more) in amounts(&spec["overhead"]) {
        if let Some(limit) = total.get_mut(&name).filter(|l| !l.is_zero()) {
            *limit += &more;
        }
    }
    total
}

/// Completes what a pod asks for itself (`spec.resources`), where it asks for anything: limits on huge pages and requests
/// come from its containers, requests also from its limits, and limits where every container has one.
pub fn default_own_resources(spec: &mut Value) {
    let (mut own_requests, mut own_limits) =
        (amounts(&spec["resources"]["requests"]), amounts(&spec["resources"]["limits"]));
    if own_requests.is_empty() && own_limits.is_empty() {
        return;
    }
    let mut added = Vec::new();
    let limits = over_containers(spec, "limits");
    let mut complete = |known: &mut Amounts, list: &'static str, name: &String, amount: &Quantity| {
        if of_pod_level(name) && !known.contains_key(name) {
            known.insert(name.clone(), amount.clone());
            added.push((list, name.clone(), amount.to_string()));
        }
    };
    let huge = |name: &str| name.starts_with("hugepages-");
    for (name, amount) in limits.iter().filter(|(name, _)| huge(name) && !own_requests.contains_key(*name)) {
        complete(&mut own_limits, "limits", name, amount);
    }
    for (name, amount) in container_requests(spec).iter().filter(|(name, _)| !huge(name)) {
        complete(&mut own_requests, "requests", name, amount);
    }
    for (name, amount) in &own_limits {
        complete(&mut own_requests, "requests", name, amount);
    }
    let everywhere = |name: &str| {
        let lists = ["containers", "initContainers", "ephemeralContainers"];
        let mut all = lists.iter().flat_map(|list| items(&spec[list]));
        all.all(|container| !container["resources"]["limits"][name].is_null())
    };
    for (name, request) in own_requests.iter().filter(|(name, _)| everywhere(name)) {
        let limit = limits.get(name).filter(|limit| *limit > request).unwrap_or(request);
        complete(&mut own_limits, "limits", name, limit);
    }
    for (list, name, amount) in added {
        spec["resources"][list][name] = amount.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn classes() {
        let pod = |resources: Value| json!({"spec": {"containers": [{"resources": resources}]}});
        for (resources, class) in [
            (json!({}), "BestEffort"),
            (json!({"requests": {"cpu": "1"}}), "Burstable"),
            (
                json!({"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1000m", "memory": "1Gi"}}),
                "Guaranteed",
            ),
            (json!({"requests": {"cpu": "1"}, "limits": {"cpu": "1"}}), "Burstable"),
            (json!({"requests": {"example.com/x": "1"}, "limits": {"example.com/x": "1"}}), "BestEffort"),
        ] {
            assert_eq!(computed_qos_class(&pod(resources.clone())), class, "{resources}");
        }
        assert_eq!(
            computed_qos_class(&json!({"spec": {"resources": {"limits": {"cpu": "1"}}, "containers": [{}]}})),
            "Burstable"
        );
    }

    #[test]
    fn what_a_pod_asks_for_itself_is_completed() {
        let spec = |own: Value, containers: Value| json!({"resources": own, "containers": containers});
        let half = json!([{"resources": {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"memory": "1Gi", "hugepages-2Mi": "4Mi"}}},
            {"resources": {"requests": {"cpu": "50m", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}}]);
        for (own, expected) in [
            (json!({}), json!({})),
            (
                json!({"requests": {"cpu": "1"}}),
                json!({"requests": {"cpu": "1", "memory": "2Gi", "hugepages-2Mi": "4Mi"}, "limits": {"memory": "3Gi", "hugepages-2Mi": "4Mi"}}),
            ),
            (
                json!({"requests": {"memory": "4Gi", "hugepages-2Mi": "8Mi"}, "limits": {"cpu": "1"}}),
                json!({"requests": {"cpu": "150m", "memory": "4Gi", "hugepages-2Mi": "8Mi"}, "limits": {"cpu": "1", "memory": "4Gi"}}),
            ),
        ] {
            let mut found = spec(own.clone(), half.clone());
            default_own_resources(&mut found);
            assert_eq!(found, spec(expected, half.clone()), "{own}");
        }
    }

    #[test]
    fn init_containers_and_sidecars() {
        let pod = json!({"spec": {"overhead": {"cpu": "10m"}, "containers": [{"resources": {"requests": {"cpu": "100m"}}}], "initContainers": [
            {"resources": {"requests": {"cpu": "200m"}}},
            {"restartPolicy": "Always", "resources": {"requests": {"cpu": "50m"}}},
            {"resources": {"requests": {"cpu": "300m", "memory": "1Gi"}}}]}});
        let sum = requests(&pod);
        assert_eq!(sum["cpu"].to_string(), "360m");
        assert_eq!(sum["memory"].to_string(), "1Gi");
    }
}
