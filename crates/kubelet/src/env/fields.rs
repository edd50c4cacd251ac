//! `fieldRef` and `resourceFieldRef`: what a pod may ask about itself.

use std::{collections::BTreeMap, net::IpAddr};

use k8s_openapi::api::core::v1::{Container, Pod, ResourceFieldSelector};

use crate::{
    container::resources::{self, parse},
    pods::spec,
};

/// What is known only at run time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) pod_ips: Vec<IpAddr>,
    pub(crate) host_ips: Vec<IpAddr>,
    /// Allocatable of the node: what a container without a limit may use.
    pub(crate) cpu_milli: i128,
    pub(crate) memory_bytes: i128,
    pub(crate) ephemeral_bytes: i128,
}

/// Value of a field of the pod, or why there is none.
pub(crate) fn field(pod: &Pod, path: &str, facts: &Facts) -> Result<String, String> {
    let first = |ips: &[IpAddr]| ips.first().map(ToString::to_string).unwrap_or_default();
    let all = |ips: &[IpAddr]| ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    if let Some((map, key)) = subscript(path) {
        let from = match map {
            "metadata.labels" => pod.metadata.labels.as_ref(),
            "metadata.annotations" => pod.metadata.annotations.as_ref(),
            _ => return Err(format!("fieldPath {path:?} does not support subscript")),
        };
        return Ok(from.and_then(|map| map.get(key)).cloned().unwrap_or_default());
    }
    Ok(match path {
        "metadata.name" => spec::name(pod).to_owned(),
        "metadata.namespace" => spec::namespace(pod).to_owned(),
        "metadata.uid" => spec::uid(pod).to_owned(),
        "metadata.labels" => format_map(pod.metadata.labels.as_ref()),
        "metadata.annotations" => format_map(pod.metadata.annotations.as_ref()),
        "spec.nodeName" => spec::spec(pod).node_name.clone().unwrap_or_default(),
        "spec.serviceAccountName" => spec::spec(pod).service_account_name.clone().unwrap_or_default(),
        "status.hostIP" => first(&facts.host_ips),
        "status.hostIPs" => all(&facts.host_ips),
        "status.podIP" => first(&facts.pod_ips),
        "status.podIPs" => all(&facts.pod_ips),
        _ => return Err(format!("unsupported fieldPath: {path}")),
    })
}

fn subscript(path: &str) -> Option<(&str, &str)> {
    let (map, rest) = path.split_once("['")?;
    Some((map, rest.strip_suffix("']")?))
}

/// `key="value"` lines, as the downward API writes maps.
pub(crate) fn format_map(map: Option<&BTreeMap<String, String>>) -> String {
    map.into_iter().flatten().map(|(key, value)| format!("{key}={}", quoted(value))).collect::<Vec<_>>().join("\n")
}

/// A string as Go's `%q` prints it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => out.push_str(&format!("\\x{:02x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Value of a resource of a container, rounded up to the divisor.
pub(crate) fn resource(
    pod: &Pod,
    own: &Container,
    selector: &ResourceFieldSelector,
    facts: &Facts,
) -> Result<String, String> {
    let name = selector.container_name.as_deref().filter(|name| !name.is_empty());
    let other = match name {
        None => None,
        Some(name) => Some(spec::find(pod, name).ok_or_else(|| format!("container {name} not found"))?.1),
    };
    let container = other.as_deref().unwrap_or(own);
    let (kind, what) = selector
        .resource
        .split_once('.')
        .ok_or_else(|| format!("unsupported container resource : {}", selector.resource))?;
    let list = match kind {
        "limits" => resources::limits(container),
        "requests" => resources::requests(container),
        _ => return Err(format!("unsupported container resource : {}", selector.resource)),
    };
    let known = match what {
        "cpu" | "memory" | "ephemeral-storage" => true,
        other => other.starts_with("hugepages-"),
    };
    if !known {
        return Err(format!("unsupported container resource : {}", selector.resource));
    }
    let quantity = list.and_then(|list| list.get(what)).and_then(parse);
    let milli = match (quantity, kind, what) {
        (Some(quantity), _, _) => quantity.milli_value(),
        (None, "limits", "cpu") => facts.cpu_milli,
        (None, "limits", "memory") => facts.memory_bytes * 1000,
        (None, "limits", "ephemeral-storage") => facts.ephemeral_bytes * 1000,
        (None, _, _) => 0,
    };
    let divisor =
        selector.divisor.as_ref().and_then(parse).map(|q| q.milli_value()).filter(|milli| *milli > 0).unwrap_or(1000);
    Ok(((milli + divisor - 1) / divisor).to_string())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::{api::core::v1::ResourceRequirements, apimachinery::pkg::api::resource::Quantity};

    use super::*;

    #[test]
    fn fields_and_resources() {
        let mut pod = Pod::default();
        pod.metadata.name = Some("p".into());
        pod.metadata.labels = Some([("app".to_owned(), "a \"b\"".to_owned())].into());
        let facts = Facts {
            pod_ips: vec!["10.0.0.1".parse().unwrap()],
            cpu_milli: 2000,
            memory_bytes: 1 << 30,
            ..Facts::default()
        };
        for (path, expected) in [
            ("metadata.name", Ok("p")),
            ("metadata.labels['app']", Ok("a \"b\"")),
            ("metadata.labels", Ok("app=\"a \\\"b\\\"\"")),
            ("status.podIP", Ok("10.0.0.1")),
            ("spec.x", Err("unsupported fieldPath: spec.x")),
        ] {
            assert_eq!(field(&pod, path, &facts).as_deref().map_err(String::as_str), expected);
        }
        let limits = [("cpu".to_owned(), Quantity("250m".into()))].into();
        let container = Container {
            resources: Some(ResourceRequirements { limits: Some(limits), ..ResourceRequirements::default() }),
            ..Container::default()
        };
        for (name, divisor, expected) in [
            ("limits.cpu", Some("1m"), "250"),
            ("limits.cpu", None, "1"),
            ("requests.memory", None, "0"),
            ("limits.memory", Some("1Mi"), "1024"),
        ] {
            let selector = ResourceFieldSelector {
                resource: name.into(),
                divisor: divisor.map(|d| Quantity(d.into())),
                container_name: None,
            };
            assert_eq!(resource(&pod, &container, &selector, &facts).unwrap(), expected, "{name}");
        }
    }
}
